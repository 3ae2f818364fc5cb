package packet

import "encoding/binary"

// shim decodes a link header of size bytes whose last two are an EtherType.
func (d *Decoder) shim(s *Segment, b []byte, size, missing int) Reason {
	if len(b) < size {
		return Truncated
	}
	return d.ether(s, binary.BigEndian.Uint16(b[size-2:]), b[size:], missing, 0)
}

// loopback decodes BSD null and loop frames: an address family in the byte order of the machine that captured
// (null) or of the network (loop).
func (d *Decoder) loopback(s *Segment, b []byte, missing int) Reason {
	if len(b) < 4 {
		return Truncated
	}
	if !isIP(family(b)) {
		return NotIP
	}
	return d.ip(s, b[4:], missing, 0)
}

// enc decodes a frame of a BSD enc interface: an address family, the SPI and flags, 4 bytes each.
func (d *Decoder) enc(s *Segment, b []byte, missing int) Reason {
	if len(b) < 12 {
		return Truncated
	}
	if !isIP(family(b)) {
		return NotIP
	}
	return d.ip(s, b[12:], missing, 0)
}

// family is an address family in either byte order.
func family(b []byte) uint32 {
	n := binary.LittleEndian.Uint32(b)
	if n > 0xffff {
		n = binary.BigEndian.Uint32(b)
	}
	return n
}

// isIP knows AF_INET, and AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
func isIP(family uint32) bool {
	switch family {
	case 2, 10, 23, 24, 28, 30:
		return true
	}
	return false
}

// serial decodes PPP in HDLC-like framing (RFC 1662), which begins with ff03, or Cisco HDLC.
func (d *Decoder) serial(s *Segment, b []byte, missing int) Reason {
	if len(b) > 0 && (b[0] == 0x0f || b[0] == 0x8f) {
		return d.shim(s, b, 4, missing)
	}
	return d.ppp(s, b, missing, 0)
}

// ppp decodes a PPP frame (RFC 1661 section 2), its address and protocol fields compressed or not.
func (d *Decoder) ppp(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return Truncated
	}
	proto, size := binary.BigEndian.Uint16(b), 2
	if b[0]&1 != 0 {
		proto, size = uint16(b[0]), 1
	}
	b = b[size:]
	switch proto {
	case 0x0021:
		return d.ipv4(s, b, missing, depth)
	case 0x0057:
		return d.ipv6(s, b, missing, depth)
	case 0x0281, 0x0283:
		return d.mpls(s, b, missing, depth)
	case 0x002d, 0x002f, 0x003d, 0x0053, 0x00fd: // compressed headers, multilink, encryption, compression
		return Tunnel
	}
	return NotIP
}

// pppoe steps over a PPPoE session header (RFC 2516) and cuts what pads the frame behind its length.
func (d *Decoder) pppoe(s *Segment, b []byte, missing, depth int) Reason {
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
	return d.ppp(s, b, missing, depth)
}

// nflog decodes what the Linux netfilter log gives: a family, and attributes of which one is the packet. Their
// lengths are in the byte order of the machine that captured.
func (d *Decoder) nflog(s *Segment, b []byte, missing int) Reason {
	if len(b) < 4 {
		return Truncated
	}
	if !isIP(uint32(b[0])) {
		return NotIP
	}
	for b = b[4:]; len(b) >= 4; {
		n, typ := int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
		if typ > 0xff { // of 20 types, so the other byte order
			n, typ = int(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint16(b[2:])
		}
		if n < 4 || n > len(b)+missing {
			return Malformed
		}
		if typ == 9 {
			if n <= len(b) {
				b, missing = b[:n], 0
			}
			return d.ip(s, b[4:], missing, 0)
		}
		n = (n + 3) &^ 3
		if n > len(b) {
			return Truncated
		}
		b = b[n:]
	}
	return NotIP
}
