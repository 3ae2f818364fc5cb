package replay

import (
	"encoding/binary"
	"io"
	"math/bits"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Block types of the pcapng format (draft-ietf-opsawg-pcapng section 11.1) that are read; all others are
// skipped by their length.
const (
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
	blockSecrets   = 10         // Decryption Secrets Block (section 4.7)
	blockSection   = 0x0a0d0d0a // the same in both byte orders
)

// secretsTLS is the type of secrets that are TLS key log lines, "TLSK".
const secretsTLS = 0x544c534b

const byteOrderMagic = 0x1a2b3c4d

// pcapng reads the packets of a pcapng file, section after section, each in its own byte order.
type pcapng struct {
	big        bool
	maxFrame   int
	maxBlock   int
	maxIfaces  int
	maxSecrets int
	interfaces []iface // of the current section
	of         uint32  // the interface of the packet read last
	last       clock.Time
	secrets    []byte // of blocks since the last packet: they go with the next; with the first one, empty or not
}

// newPcapng tells by the first 12 bytes of a stream whether it is a pcapng.
func newPcapng(head []byte, cfg Config) (*pcapng, bool) {
	p := &pcapng{secrets: []byte{}, maxFrame: cfg.MaxFrame, maxBlock: cfg.MaxFrame + blockSlack, maxIfaces: cfg.MaxInterfaces, maxSecrets: cfg.MaxSecrets}
	return p, binary.LittleEndian.Uint32(head) == blockSection && p.order(head[8:])
}

// order takes the byte order from a section header's magic.
func (p *pcapng) order(b []byte) bool {
	switch binary.LittleEndian.Uint32(b) {
	case byteOrderMagic:
		p.big = false
	case bits.ReverseBytes32(byteOrderMagic):
		p.big = true
	default:
		return false
	}
	return true
}

func (p *pcapng) u16(b []byte) uint16 {
	if p.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (p *pcapng) u32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// stamp reads a time, which is its upper half first in both byte orders.
func (p *pcapng) stamp(b []byte) uint64 { return uint64(p.u32(b))<<32 | uint64(p.u32(b[4:])) }

func (p *pcapng) next(w *window, raw *packet.Raw) error {
	for {
		b, err := w.need(12)
		if err != nil {
			return p.atEnd(raw, err)
		}
		kind := p.u32(b)
		if kind == blockSection && !p.order(b[8:]) {
			return badly("a section header has no byte order magic")
		}
		total := p.u32(b[4:])
		if total < 12 || total%4 != 0 {
			return badly("a block claims %d bytes", total)
		}
		if kind == blockSecrets {
			if err := p.take(w, total); err != nil {
				return err
			}
			continue
		}
		if uint64(total) > uint64(p.maxBlock) {
			switch kind {
			case blockSection, blockInterface, blockPacket, blockSimple, blockEnhanced:
				return badly("a block claims %d bytes, more than a frame of max_frame (%d) and its options take", total, p.maxFrame)
			}
			if err := w.skip(int64(total)); err != nil {
				return err
			}
			continue
		}
		if b, err = w.need(int(total)); err != nil {
			return err
		}
		if p.u32(b[total-4:]) != total {
			return badly("a block's two lengths differ")
		}
		got, err := p.block(kind, b[8:total-4], raw)
		if err != nil {
			return err
		}
		raw.Where.Offset = w.offset()
		w.r += int(total)
		if got {
			raw.Secrets, p.secrets = p.secrets, nil
			return nil
		}
	}
}

// atEnd gives the secrets that no packet follows a record of their own.
func (p *pcapng) atEnd(raw *packet.Raw, err error) error {
	if len(p.secrets) == 0 || err != io.EOF {
		return err
	}
	raw.Time, raw.Frame, raw.WireLen = p.last, nil, 0
	raw.Secrets, p.secrets = p.secrets, nil
	return nil
}

// take reads a Decryption Secrets Block of total bytes. It is copied, as it goes on with a packet that may lie in
// another read buffer.
func (p *pcapng) take(w *window, total uint32) error {
	const header, trailer = 16, 4
	if total < header+trailer {
		return badly("a secrets block of %d bytes", total)
	}
	b, err := w.need(header)
	if err != nil {
		return err
	}
	kind, size := p.u32(b[8:]), p.u32(b[12:])
	w.r += header
	rest := int64(total - header)
	if kind == secretsTLS {
		if uint64(size) > uint64(total-header-trailer) {
			return badly("a block of %d bytes claims %d bytes of secrets", total, size)
		}
		if uint64(size)+uint64(len(p.secrets)) > uint64(p.maxSecrets) {
			return badly("%d bytes of secrets, more than max_secrets (%d)", size, p.maxSecrets)
		}
		rest -= int64(size)
		for size > 0 {
			n := min(size, firstRead)
			if b, err = w.need(int(n)); err != nil {
				return err
			}
			p.secrets = append(p.secrets, b...)
			w.r += int(n)
			size -= n
		}
		p.secrets = append(p.secrets, '\n')
	}
	return w.skip(rest)
}

// block takes in one whole block and reports whether it holds a packet.
func (p *pcapng) block(kind uint32, body []byte, raw *packet.Raw) (bool, error) {
	switch kind {
	case blockEnhanced:
		if len(body) < 20 {
			return false, badly("a packet block of %d bytes", len(body))
		}
		return true, p.packet(raw, p.u32(body), p.stamp(body[4:]), p.u32(body[12:]), p.u32(body[16:]), body[20:])
	case blockPacket:
		if len(body) < 20 {
			return false, badly("a packet block of %d bytes", len(body))
		}
		return true, p.packet(raw, uint32(p.u16(body)), p.stamp(body[4:]), p.u32(body[12:]), p.u32(body[16:]), body[20:])
	case blockSimple:
		return true, p.simple(raw, body)
	case blockInterface:
		return false, p.declare(body)
	case blockSection:
		p.interfaces = p.interfaces[:0]
	}
	return false, nil
}

func (p *pcapng) packet(raw *packet.Raw, id uint32, stamp uint64, caplen, wire uint32, data []byte) error {
	if uint64(id) >= uint64(len(p.interfaces)) {
		return badly("a packet names interface %d of %d", id, len(p.interfaces))
	}
	if uint64(caplen) > uint64(min(len(data), p.maxFrame)) {
		return badly("a packet claims %d bytes in a block that holds %d, with max_frame %d", caplen, len(data), p.maxFrame)
	}
	p.of = id
	in := &p.interfaces[id]
	p.last = in.time(stamp)
	raw.Time = p.last
	raw.Frame = data[:caplen:caplen]
	raw.WireLen = int(max(caplen, wire))
	raw.Link = in.link
	return nil
}

// simple takes a packet without a stamp: it happened when the one before it in the file did. It belongs to the
// first interface, whose snap length says how much of it was kept.
func (p *pcapng) simple(raw *packet.Raw, body []byte) error {
	if len(body) < 4 {
		return badly("a simple packet block of %d bytes", len(body))
	}
	if len(p.interfaces) == 0 {
		return badly("a packet names interface 0 of 0")
	}
	wire, data := p.u32(body), body[4:]
	caplen := wire
	if snap := p.interfaces[0].snap; snap > 0 {
		caplen = min(caplen, snap)
	}
	caplen = min(caplen, uint32(len(data)))
	if int(caplen) > p.maxFrame {
		return badly("a packet of %d bytes, more than max_frame (%d)", caplen, p.maxFrame)
	}
	p.of = 0
	raw.Time = p.last
	raw.Frame = data[:caplen:caplen]
	raw.WireLen = int(wire)
	raw.Link = p.interfaces[0].link
	return nil
}
