package packet

import "encoding/binary"

// UDP ports of overlays.
const (
	portGTPU   = 2152
	portTeredo = 3544
	portVXLAN  = 4789
	portGPE    = 4790 // VXLAN with a next protocol
	portGENEVE = 6081
	portVXLAN0 = 8472 // VXLAN as Linux had it before the registration
)

// udp decodes the encapsulations over UDP, found by their registered ports. A datagram there that has not their
// shape is plain UDP, since clients may use those ports too.
func (d *Decoder) udp(s *Segment, ip, b []byte, missing, depth int) Reason {
	if len(b) < 8 {
		return NotTCP
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n < len(b)+missing { // what is behind is no part of it
		b, missing = b[:min(n, len(b))], max(0, n-len(b))
	}
	switch dst {
	case portVXLAN, portVXLAN0, portGPE, portGENEVE, portGTPU:
	case portTeredo:
		return d.teredo(s, ip, b[8:], missing, depth)
	default:
		if src == portTeredo {
			return d.teredo(s, ip, b[8:], missing, depth)
		}
		return NotTCP
	}
	b = b[8:]
	if len(b) < 8 {
		if missing > 0 {
			return Truncated
		}
		return NotTCP
	}
	switch dst {
	case portGENEVE:
		return d.geneve(s, ip, b, missing, depth)
	case portGTPU:
		return d.gtpu(s, ip, b, missing, depth)
	}
	return d.vxlan(s, ip, b, dst == portGPE, missing, depth)
}

// vxlan decodes VXLAN (RFC 7348), also with a group policy, and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe). Reserved
// fields ought to be ignored; where they are not zero, only what is found inside proves that it is VXLAN.
func (d *Decoder) vxlan(s *Segment, ip, b []byte, gpe bool, missing, depth int) Reason {
	flags, proto := b[0], byte(3)
	if flags&8 == 0 || gpe && flags&0x30 != 0 {
		return NotTCP
	}
	sure := flags&0x77 == 0 && b[7] == 0
	if gpe {
		sure = b[1] == 0 && b[2] == 0 && b[7] == 0
		if flags&4 != 0 {
			proto = b[3]
		}
	} else {
		sure = sure && (flags&0x80 != 0 || b[1] == 0 && b[2] == 0 && b[3] == 0)
	}
	if !d.enter(ip, VXLAN, binary.BigEndian.Uint32(b[4:])>>8, depth) {
		return TooDeep
	}
	if proto == 3 {
		return plain(d.ethernet(s, b[8:], missing, depth+1), sure)
	}
	return plain(d.next(s, proto, b[8:], missing, depth), sure)
}

// plain is r, or NotTCP where only a find would have proved that this was an encapsulation.
func plain(r Reason, sure bool) Reason {
	if sure || r == OK || r == Fragment || r == BadChecksum {
		return r
	}
	return NotTCP
}

// geneve decodes GENEVE (RFC 8926).
func (d *Decoder) geneve(s *Segment, ip, b []byte, missing, depth int) Reason {
	size, typ := 8+int(b[0]&0x3f)*4, binary.BigEndian.Uint16(b[2:])
	if b[0]>>6 != 0 || size > len(b)+missing || typ != etherTEB && !known(typ) {
		return NotTCP
	}
	if size > len(b) {
		return Truncated
	}
	sure := b[1]&0x3f == 0 && b[7] == 0
	if !d.enter(ip, GENEVE, binary.BigEndian.Uint32(b[4:])>>8, depth) {
		return TooDeep
	}
	if typ == etherTEB {
		return plain(d.ethernet(s, b[size:], missing, depth+1), sure)
	}
	return plain(d.ether(s, typ, b[size:], missing, depth+1), sure)
}

// gtpu decodes a G-PDU of GTP-U version 1 (3GPP TS 29.281 section 5). Other messages signal, and are plain UDP.
func (d *Decoder) gtpu(s *Segment, ip, b []byte, missing, depth int) Reason {
	flags, size := b[0], 8
	n := 8 + int(binary.BigEndian.Uint16(b[2:]))
	if flags>>4 != 3 || b[1] != 255 || n > len(b)+missing { // version 1, not GTP'
		return NotTCP
	}
	if n <= len(b) {
		missing = 0
		b = b[:n]
	} else {
		missing = n - len(b)
	}
	id := binary.BigEndian.Uint32(b[4:])
	if flags&7 != 0 { // extension, sequence, N-PDU: if one is there, all three fields are
		size = 12
		if size > len(b) {
			return short(len(b)+missing, size)
		}
		for next := b[11]; flags&4 != 0 && next != 0; {
			if size >= len(b) {
				return short(len(b)+missing, size+1)
			}
			m := int(b[size]) * 4
			if m == 0 {
				return Malformed
			}
			size += m
			if size > len(b) {
				return short(len(b)+missing, size)
			}
			next = b[size-1]
		}
	}
	if size == len(b) {
		return short(len(b)+missing, size+1)
	}
	if !d.enter(ip, GTPU, id, depth) {
		return TooDeep
	}
	if v := b[size] >> 4; v != 4 && v != 6 {
		if size+14 <= len(b) && known(binary.BigEndian.Uint16(b[size+12:])) { // an Ethernet session of 5G
			return d.ethernet(s, b[size:], missing, depth+1)
		}
		return Tunnel
	}
	return d.ip(s, b[size:], missing, depth+1)
}

// teredo decodes IPv6 in UDP, behind an authentication and an origin indication if they are there (RFC 4380
// section 5.1.1). The packet must fill the datagram: the port alone proves little.
func (d *Decoder) teredo(s *Segment, ip, b []byte, missing, depth int) Reason {
	if len(b) >= 4 && b[0] == 0 && b[1] == 1 {
		b = b[min(4+int(b[2])+int(b[3])+9, len(b)):]
	}
	if len(b) >= 8 && b[0] == 0 && b[1] == 0 {
		b = b[8:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || 40+int(binary.BigEndian.Uint16(b[4:])) != len(b)+missing {
		return NotTCP
	}
	if !d.enter(ip, Teredo, 0, depth) {
		return TooDeep
	}
	return d.ipv6(s, b, missing, depth+1)
}
