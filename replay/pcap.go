package replay

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Magic numbers of the pcap format, as the writer's byte order reads them
// (draft-ietf-opsawg-pcap section 4; the third is Kuznetzov's, with 8 more bytes in each record's header).
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34
)

const pcapHeader = 24

// malformed is a record that contradicts itself: nothing behind it can be trusted.
type malformed struct{ what string }

func (m *malformed) Error() string { return m.what }

func badly(format string, args ...any) error { return &malformed{fmt.Sprintf(format, args...)} }

// latest bounds every stamp (the year 2116), so that adding a timeout to one cannot overflow. A pcap cannot
// say more than 2106; a pcapng may say anything.
const latest = clock.Time(1<<62 - 1)

// pcap reads the records of a pcap file.
type pcap struct {
	big     bool
	swapped bool // caplen and len change places (before version 2.3, and DG/UX)
	mixed   bool // version 2.3 has them either way
	begun   bool
	header  int    // bytes of a record's header
	frac    uint32 // nanoseconds of one unit of a stamp's second half
	max     uint32
	link    packet.LinkType
	snap    uint32
}

// newPcap tells by the first 4 bytes of a stream whether it is a pcap.
func newPcap(head []byte, cfg Config) (*pcap, bool) {
	p := &pcap{header: 16, frac: 1000, max: uint32(cfg.MaxFrame)}
	magic := binary.LittleEndian.Uint32(head)
	if magic&0xff == 0xa1 {
		p.big, magic = true, bits.ReverseBytes32(magic)
	}
	switch magic {
	case magicMicro:
	case magicNano:
		p.frac = 1
	case magicModified:
		p.header = 24
	default:
		return nil, false
	}
	return p, true
}

func (p *pcap) u32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// begin reads the file header. Any version is taken: the record layout never changed but for the two lengths.
func (p *pcap) begin(w *window) error {
	b, err := w.need(pcapHeader)
	if err != nil {
		return err
	}
	version := p.u32(b[4:])
	major, minor := version&0xffff, version>>16
	if p.big {
		major, minor = minor, major
	}
	p.swapped = major == 2 && minor < 3 || major == 543
	p.mixed = major == 2 && minor == 3
	// The upper half holds the frame check sequence's length, not the type.
	p.link = packet.LinkType(p.u32(b[20:]))
	p.snap = p.u32(b[16:])
	w.r += pcapHeader
	p.begun = true
	return nil
}

func (p *pcap) next(w *window, raw *packet.Raw) error {
	if !p.begun {
		if err := p.begin(w); err != nil {
			return err
		}
	}
	b, err := w.need(p.header)
	if err != nil {
		return err
	}
	sec, frac, caplen, wire := p.u32(b), p.u32(b[4:]), p.u32(b[8:]), p.u32(b[12:])
	if p.swapped || p.mixed && caplen > wire {
		caplen, wire = wire, caplen
	}
	if caplen > p.max {
		return badly("a record claims %d bytes, more than max_frame (%d)", caplen, p.max)
	}
	b, err = w.need(p.header + int(caplen))
	if err != nil {
		return err
	}
	raw.Time = clock.Time(sec)*1e9 + clock.Time(frac)*clock.Time(p.frac)
	raw.Frame = b[p.header:]
	raw.WireLen = int(max(caplen, wire))
	raw.Link = p.link
	raw.Where.Offset = w.offset()
	w.r += len(b)
	return nil
}
