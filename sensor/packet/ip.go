package packet

import "encoding/binary"

// IP protocol numbers and IPv6 next headers.
const (
	protoHopByHop = 0
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoDestOpts = 60
)

// ip decodes a packet that says itself which version it is. missing is how many bytes the snap length took
// from its end; depth how many IP headers were before it.
func (d *Decoder) ip(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) == 0 {
		return Truncated
	}
	switch b[0] >> 4 {
	case 4:
		return d.ipv4(s, b, missing, depth)
	case 6:
		return d.ipv6(s, b, missing, depth)
	}
	return NotIP
}

// ipv4 decodes an IPv4 header (RFC 791).
func (d *Decoder) ipv4(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) < 20 {
		return Truncated
	}
	header := int(b[0]&15) * 4
	if b[0]>>4 != 4 || header < 20 {
		return Malformed
	}
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // segmentation offload: the card fills it in after the capture saw the packet
		total = len(b) + missing
	}
	if total < header || total > len(b)+missing {
		return Malformed
	}
	if header > len(b) {
		return Truncated
	}
	if total <= len(b) {
		b, missing = b[:total], 0 // the rest pads the frame
	} else {
		missing = total - len(b)
	}
	if d.cfg.Checksums && fold(sum(0, b[:header])) != 0xffff {
		return BadChecksum
	}
	s.IPID = binary.BigEndian.Uint16(b[4:])
	proto, rest := b[9], b[header:]
	if at := binary.BigEndian.Uint16(b[6:]); at&0x3fff != 0 { // more fragments, or an offset
		return d.fragment4(s, b, at, rest, missing, depth)
	}
	if proto != protoTCP {
		return d.upper(s, b, proto, rest, missing, depth)
	}
	src, dst := binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint32(b[16:])
	return d.tcp(s, rest, missing, key{lo: mapped | uint64(src)}, key{lo: mapped | uint64(dst)}, false)
}

// ipv6 decodes an IPv6 header (RFC 8200).
func (d *Decoder) ipv6(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) < 40 {
		return Truncated
	}
	if b[0]>>4 != 6 {
		return Malformed
	}
	total := 40 + int(binary.BigEndian.Uint16(b[4:]))
	if total == 40 { // a jumbogram (RFC 2675) or segmentation offload
		total = len(b) + missing
	}
	if total > len(b)+missing {
		return Malformed
	}
	if total <= len(b) {
		b, missing = b[:total], 0
	} else {
		missing = total - len(b)
	}
	s.IPID = 0
	if b[6] == protoTCP {
		src, dst := addresses(b)
		return d.tcp(s, b[40:], missing, src, dst, false)
	}
	return d.upper(s, b, b[6], b[40:], missing, depth)
}

// upper decodes what an IP header ip leads to: extension headers, TCP, or another IP packet.
func (d *Decoder) upper(s *Segment, ip []byte, proto byte, b []byte, missing, depth int) Reason {
	rerouted := false
	for range d.cfg.MaxExtensions + 1 {
		size := 0
		switch proto {
		case protoTCP:
			src, dst := addresses(ip)
			return d.tcp(s, b, missing, src, dst, rerouted)
		case protoIPv4, protoIPv6:
			if !d.enter(ip, IPinIP, 0, depth) {
				return TooDeep
			}
			if proto == protoIPv4 {
				return d.ipv4(s, b, missing, depth+1)
			}
			return d.ipv6(s, b, missing, depth+1)
		case protoGRE:
			return d.gre(s, ip, b, missing, depth)
		case protoUDP:
			return d.udp(s, ip, b, missing, depth)
		case protoHopByHop, protoRouting, protoDestOpts, protoAH, protoFragment:
			if len(b) < 8 {
				return short(len(b)+missing, 8)
			}
			size = (int(b[1]) + 1) * 8
		default:
			return NotTCP
		}
		switch proto {
		case protoAH:
			size = (int(b[1]) + 2) * 4
		case protoFragment:
			if binary.BigEndian.Uint16(b[2:])&0xfff9 != 0 {
				if b, missing, proto = d.fragment6(ip, b, missing); b == nil {
					return Fragment
				}
				ip = d.header[:]
				continue
			}
			size = 8 // an atomic fragment is a whole packet (RFC 6946)
		case protoRouting:
			rerouted = rerouted || b[3] != 0
		}
		if size > len(b) {
			return short(len(b)+missing, size)
		}
		proto, b = b[0], b[size:]
	}
	return TooDeep
}

// short is why a header of want bytes does not fit in the bytes at hand: the packet on the wire had wire bytes.
func short(wire, want int) Reason {
	if wire >= want {
		return Truncated
	}
	return Malformed
}

// mapped is the prefix ::ffff:0:0/96 in the low word.
const mapped = 0xffff << 32

// key is an address as two integers, which compare and copy faster than bytes.
type key struct{ hi, lo uint64 }

func addresses(ip []byte) (src, dst key) {
	if ip[0]>>4 == 4 {
		return key{lo: mapped | uint64(binary.BigEndian.Uint32(ip[12:]))}, key{lo: mapped | uint64(binary.BigEndian.Uint32(ip[16:]))}
	}
	return key{binary.BigEndian.Uint64(ip[8:]), binary.BigEndian.Uint64(ip[16:])},
		key{binary.BigEndian.Uint64(ip[24:]), binary.BigEndian.Uint64(ip[32:])}
}

func (k key) put(a *Addr) {
	binary.BigEndian.PutUint64(a[:8], k.hi)
	binary.BigEndian.PutUint64(a[8:], k.lo)
}
