package packet

import (
	"encoding/binary"

	"auscult/sensor/clock"
)

// Decoder turns frames into segments. The zero value decodes with Defaults. It keeps nothing of a frame but the
// fragments in it, which it copies; one goroutine owns it. What it makes of a frame depends on the frames before
// it only by those fragments.
type Decoder struct {
	Stats Stats

	cfg       Config
	ready     bool
	now       clock.Time // of the frame being decoded
	outer     Outer      // the innermost encapsulation so far, when it has an Encap
	header    [40]byte   // the IP header of the fragment that completed a datagram
	fragments fragments
}

// Stats counts what a Decoder met besides the Reasons, which its caller counts.
type Stats struct {
	Nested   uint64 // packets found inside others: tunnels, overlays, pseudowires
	Cut      uint64 // segments shortened by the snap length
	CutBytes uint64 // payload bytes lost that way

	// Every datagram in fragments is one of Reassembled, Spoiled, TooMany, TimedOut, Evicted and Waiting.
	Fragments    uint64 // IP fragments, at every level of nesting
	Reassembled  uint64 // datagrams completed from them
	Duplicates   uint64 // fragments that were there already, byte for byte
	Broken       uint64 // IPv6 fragments that hosts refuse: of an odd length, or beyond the longest packet
	Overlapping  uint64 // fragments that overlap others, or contradict their datagram's end
	Spoiled      uint64 // datagrams given up for that
	TooMany      uint64 // datagrams given up for having more fragments than the bound
	TimedOut     uint64 // datagrams given up for want of fragments
	Evicted      uint64 // datagrams given up because the memory for fragments was full
	Waiting      uint64 // datagrams under way now
	CutDatagrams uint64 // of those reassembled, the ones that end where the snap length had shortened a fragment
}

// New is a Decoder with cfg, which must be valid.
func New(cfg Config) *Decoder { return &Decoder{cfg: cfg, ready: true} }

// Decode fills s from r when the outcome is OK; otherwise s is undefined. s.Payload points into r.Frame or, like
// s.Outer, into d until the next Decode. A segment that came in fragments is the outcome of the last to arrive.
func (d *Decoder) Decode(s *Segment, r *Raw) Reason {
	if !d.ready {
		d.cfg, d.ready = Defaults(), true
	}
	d.now, d.outer.Encap = r.Time, NoEncap
	b := r.Frame
	missing := max(r.WireLen-len(b), 0)
	if r.Link == LinkEthernet {
		return d.ethernet(s, b, missing, 0)
	}
	switch r.Link {
	case LinkRaw, LinkRaw12, LinkRaw14, LinkIPv4, LinkIPv6:
		return d.ip(s, b, missing, 0)
	case LinkSLL:
		return d.shim(s, b, 16, missing)
	case LinkSLL2:
		if len(b) < 20 {
			return Truncated
		}
		return d.ether(s, binary.BigEndian.Uint16(b), b[20:], missing, 0)
	case LinkNull, LinkLoop:
		return d.loopback(s, b, missing)
	case LinkPPP:
		return d.ppp(s, b, missing, 0)
	case LinkPPPSerial:
		return d.serial(s, b, missing)
	case LinkPPPoE:
		return d.pppoe(s, b, missing, 0)
	case LinkCiscoHDLC:
		return d.shim(s, b, 4, missing)
	case LinkEnc:
		return d.enc(s, b, missing)
	case LinkMPLS:
		return d.mpls(s, b, missing, 0)
	case LinkNFLOG:
		return d.nflog(s, b, missing)
	}
	return UnknownLink
}

func (d *Decoder) ethernet(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) < 14 {
		return Truncated
	}
	return d.ether(s, binary.BigEndian.Uint16(b[12:]), b[14:], missing, depth)
}

// enter steps into a packet carried by the IP packet ip; false means that this is one too many.
func (d *Decoder) enter(ip []byte, e Encap, id uint32, depth int) bool {
	if !d.deeper(depth) {
		return false
	}
	src, dst := addresses(ip)
	o := &d.outer
	src.put(&o.Src)
	dst.put(&o.Dst)
	o.ID, o.Encap = id, e
	return true
}

// deeper is enter for a packet in another that is no IP packet.
func (d *Decoder) deeper(depth int) bool {
	if depth+1 >= d.cfg.MaxNesting {
		return false
	}
	d.Stats.Nested++
	return true
}
