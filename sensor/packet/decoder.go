package packet

import "encoding/binary"

// Decoder turns frames into segments. The zero value decodes with Defaults. It keeps no frame; one goroutine
// owns it.
type Decoder struct {
	Stats Stats

	cfg    Config
	ready  bool
	finder finder
}

// Stats counts what a Decoder met besides the Reasons, which its caller counts.
type Stats struct {
	Rare     uint64 // frames that went through the slow path (MPLS, PPPoE, PPP, GRE)
	Nested   uint64 // IP packets found inside IP packets
	Guarded  uint64 // frames on which the slow path's library panicked; they are Malformed
	Cut      uint64 // segments shortened by the snap length
	CutBytes uint64 // payload bytes lost that way
}

// New is a Decoder with cfg, which must be valid.
func New(cfg Config) *Decoder { return &Decoder{cfg: cfg, ready: true} }

// EtherTypes that are stepped over, decoded or named.
const (
	etherIPv4  = 0x0800
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherQinQ1 = 0x9100 // QinQ before it was standardised
	etherMPLS  = 0x8847
	etherMPLSm = 0x8848 // upstream-assigned label
	etherPPPoE = 0x8864 // session stage
	etherVNTag = 0x8926 // 802.1BR, as Cisco writes it
	etherMin   = 0x0600 // below it, the field is an 802.3 length
	sllLLC     = 0x0004 // 802.2 LLC in a Linux cooked header
)

// Decode fills s from r when the outcome is OK; otherwise s is undefined. s.Payload points into r.Frame.
func (d *Decoder) Decode(s *Segment, r *Raw) Reason {
	if !d.ready {
		d.cfg, d.ready = Defaults(), true
	}
	b := r.Frame
	missing := max(r.WireLen-len(b), 0)
	switch r.Link {
	case LinkEthernet:
		return d.ethernet(s, b, missing)
	case LinkRaw, LinkRaw12, LinkRaw14, LinkIPv4, LinkIPv6:
		return d.ip(s, b, missing, 0)
	case LinkSLL:
		if len(b) < 16 {
			return Truncated
		}
		return d.ether(s, binary.BigEndian.Uint16(b[14:]), b[16:], missing)
	case LinkSLL2:
		if len(b) < 20 {
			return Truncated
		}
		return d.ether(s, binary.BigEndian.Uint16(b), b[20:], missing)
	case LinkNull, LinkLoop:
		return d.loopback(s, b, missing)
	case LinkPPP:
		return d.rare(s, rarePPP, b, missing, 0)
	}
	return UnknownLink
}

func (d *Decoder) ethernet(s *Segment, b []byte, missing int) Reason {
	if len(b) < 14 {
		return Truncated
	}
	return d.ether(s, binary.BigEndian.Uint16(b[12:]), b[14:], missing)
}

// loopback decodes BSD null and loop frames: an address family in the byte order of the machine that captured
// (null) or of the network (loop), and a different AF_INET6 on every system.
func (d *Decoder) loopback(s *Segment, b []byte, missing int) Reason {
	if len(b) < 4 {
		return Truncated
	}
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(b)
	}
	switch family {
	case 2, 10, 23, 24, 28, 30: // AF_INET; AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin
		return d.ip(s, b[4:], missing, 0)
	}
	return NotIP
}

// ether decodes what follows an EtherType: tags are stepped over, and an 802.3 length leads to LLC.
func (d *Decoder) ether(s *Segment, typ uint16, b []byte, missing int) Reason {
	for range d.cfg.MaxTags + 1 {
		switch typ {
		case etherIPv4:
			return d.ipv4(s, b, missing, 0)
		case etherIPv6:
			return d.ipv6(s, b, missing, 0)
		case etherVLAN, etherQinQ, etherQinQ1:
			if len(b) < 4 {
				return Truncated
			}
			typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
			continue
		case etherMPLS, etherMPLSm:
			return d.rare(s, rareMPLS, b, missing, 0)
		case etherPPPoE:
			return d.pppoe(s, b, missing)
		case etherVNTag:
			return Tunnel
		}
		if typ >= etherMin {
			return NotIP
		}
		// LLC: only SNAP with an EtherType can carry IP here (RFC 1042; 0000f8 is its bridge-tunnel twin).
		if len(b) < 8 {
			return NotIP
		}
		oui := uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5])
		if b[0] != 0xaa || b[1] != 0xaa || b[2] != 3 || oui != 0 && oui != 0xf8 {
			return NotIP
		}
		typ, b = binary.BigEndian.Uint16(b[6:]), b[8:]
		if typ < etherMin {
			return NotIP
		}
	}
	return TooDeep
}

// pppoe steps over a PPPoE session header (RFC 2516) and cuts what pads the frame behind its length.
func (d *Decoder) pppoe(s *Segment, b []byte, missing int) Reason {
	if len(b) < 6 {
		return Truncated
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	b = b[6:]
	if n > len(b)+missing {
		return Malformed
	}
	if n <= len(b) {
		b, missing = b[:n], 0
	}
	return d.rare(s, rarePPP, b, missing, 0)
}
