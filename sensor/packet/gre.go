package packet

import "encoding/binary"

// Protocols of GRE that are no EtherTypes of frames.
const (
	greWCCP    = 0x883e // Cisco's web cache redirection
	grePPP     = 0x880b // PPTP (RFC 2637)
	greERSPAN  = 0x88be // types I and II
	greERSPAN3 = 0x22eb
)

// GRE flags (RFC 1701, 2784, 2890; RFC 2637 for the acknowledgment of version 1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080
)

// gre decodes a GRE header and what it carries.
func (d *Decoder) gre(s *Segment, ip, b []byte, missing, depth int) Reason {
	if len(b) < 4 {
		return short(len(b)+missing, 4)
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	size, key := 4, 0
	if flags&(greChecksum|greRouting) != 0 {
		size += 4
	}
	if flags&greKey != 0 {
		key = size
		size += 4
	}
	if flags&greSequence != 0 {
		size += 4
	}
	switch flags & 7 {
	case 0:
	case 1:
		if flags&greAck != 0 {
			size += 4
		}
	default:
		return Tunnel
	}
	if size > len(b) {
		return short(len(b)+missing, size)
	}
	var id uint32
	if key != 0 {
		id = binary.BigEndian.Uint32(b[key:])
	}
	b = b[size:]
	if flags&greRouting != 0 {
		for end := false; !end; { // source route entries: a family, an offset and a length that may be zero
			if len(b) < 4 {
				return short(len(b)+missing, 4)
			}
			n := 4 + int(b[3])
			end = n == 4
			if n > len(b) {
				return short(len(b)+missing, n)
			}
			b = b[n:]
		}
	}
	switch typ {
	case greERSPAN:
		if flags&greSequence == 0 {
			if !d.enter(ip, ERSPAN1, 0, depth) {
				return TooDeep
			}
			return d.ethernet(s, b, missing, depth+1)
		}
		return d.erspan(s, ip, b, missing, depth)
	case greERSPAN3:
		return d.erspan(s, ip, b, missing, depth)
	}
	if !d.enter(ip, GRE, id, depth) {
		return TooDeep
	}
	switch typ {
	case etherTEB:
		return d.ethernet(s, b, missing, depth+1)
	case grePPP:
		if len(b)+missing == 0 { // an acknowledgment alone
			return NotIP
		}
		return d.ppp(s, b, missing, depth+1)
	case greWCCP:
		if len(b) >= 4 && b[0]>>4 != 4 { // version 2 puts a redirect header before the packet
			b = b[4:]
		}
		return d.ip(s, b, missing, depth+1)
	case 0: // a keepalive
		return NotIP
	}
	if !known(typ) {
		return Tunnel
	}
	return d.ether(s, typ, b, missing, depth+1)
}

// erspan decodes the headers of ERSPAN types II and III (draft-foschiano-erspan-03), told apart by the version.
func (d *Decoder) erspan(s *Segment, ip, b []byte, missing, depth int) Reason {
	if len(b) < 8 {
		return short(len(b)+missing, 8)
	}
	session := uint32(binary.BigEndian.Uint16(b[2:]) & 0x3ff)
	encap, size, isIP := ERSPAN2, 8, false
	switch b[0] >> 4 {
	case 1:
	case 2:
		encap, size = ERSPAN3, 12
		if len(b) < size {
			return short(len(b)+missing, size)
		}
		switch b[10] >> 2 & 0x1f { // frame type
		case 0:
		case 2:
			isIP = true
		default:
			return Tunnel
		}
		if b[11]&1 != 0 { // with a platform-specific subheader
			size += 8
			if len(b) < size {
				return short(len(b)+missing, size)
			}
		}
	default:
		return Tunnel
	}
	if !d.enter(ip, encap, session, depth) {
		return TooDeep
	}
	if isIP {
		return d.ip(s, b[size:], missing, depth+1)
	}
	return d.ethernet(s, b[size:], missing, depth+1)
}
