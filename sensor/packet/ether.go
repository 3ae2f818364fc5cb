package packet

import "encoding/binary"

// EtherTypes that are stepped over, decoded or named.
const (
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherTEB    = 0x6558 // transparent Ethernet bridging, in GRE and GENEVE
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
	etherMPLS   = 0x8847
	etherMPLSm  = 0x8848 // upstream-assigned label
	etherPPPoE  = 0x8864 // session stage
	etherQinQ   = 0x88a8
	etherMACsec = 0x88e5
	etherPBB    = 0x88e7 // 802.1ah: the customer's frame behind a service tag
	etherPath   = 0x8903 // Cisco FabricPath: a frame behind a forwarding tag
	etherCMD    = 0x8909 // Cisco MetaData: the security group tag of TrustSec
	etherVNTag  = 0x8926 // 802.1BR, as Cisco writes it
	etherETag   = 0x893f // 802.1BR, as it was standardised
	etherNSH    = 0x894f
	etherQinQ1  = 0x9100 // QinQ before it was standardised
	etherQinQ2  = 0x9200
	etherMin    = 0x0600 // below it, the field is an 802.3 length
)

// ether decodes what follows an EtherType: tags are stepped over, and an 802.3 length leads to LLC.
func (d *Decoder) ether(s *Segment, typ uint16, b []byte, missing, depth int) Reason {
	for range d.cfg.MaxTags + 1 {
		if typ == etherVLAN && len(b) >= 4 { // apart from the others: the switch costs the usual frame 5 %
			typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
			continue
		}
		if typ == etherIPv4 {
			return d.ipv4(s, b, missing, depth)
		}
		var tag int // its size, with the next EtherType at its end
		switch typ {
		case etherIPv6:
			return d.ipv6(s, b, missing, depth)
		case etherVLAN, etherQinQ, etherQinQ1, etherQinQ2:
			tag = 4
		case etherVNTag:
			tag = 6
		case etherETag, etherCMD:
			tag = 8
		case etherMACsec:
			if len(b) < 1 {
				return Truncated
			}
			if b[0]&0x0c != 0 { // encrypted, or changed
				return Tunnel
			}
			tag = 8
			if b[0]&0x20 != 0 { // names its channel
				tag = 16
			}
		case etherMPLS, etherMPLSm:
			return d.mpls(s, b, missing, depth)
		case etherPPPoE:
			return d.pppoe(s, b, missing, depth)
		case etherPBB:
			return d.framed(s, b, 4, missing, depth)
		case etherPath:
			return d.framed(s, b, 2, missing, depth)
		case etherNSH:
			return d.nsh(s, b, missing, depth)
		default:
			if typ >= etherMin {
				return NotIP
			}
			// LLC: only SNAP with an EtherType can carry IP here (RFC 1042; 0000f8 is its bridge-tunnel twin).
			if len(b) < 8 {
				return NotIP
			}
			oui := uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5])
			if b[0] != 0xaa || b[1] != 0xaa || b[2] != 3 || oui != 0 && oui != 0xf8 ||
				binary.BigEndian.Uint16(b[6:]) < etherMin {
				return NotIP
			}
			tag = 8
		}
		if len(b) < tag {
			return Truncated
		}
		typ, b = binary.BigEndian.Uint16(b[tag-2:]), b[tag:]
	}
	return TooDeep
}

// known is whether an EtherType is one that hosts send: what tells a frame from other bytes.
func known(typ uint16) bool {
	switch typ {
	case etherIPv4, etherIPv6, etherARP, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2, etherVNTag, etherETag,
		etherCMD, etherMACsec, etherMPLS, etherMPLSm, etherPPPoE, etherPBB, etherPath, etherNSH:
		return true
	}
	return false
}

// framed decodes a whole Ethernet frame behind a header of size bytes.
func (d *Decoder) framed(s *Segment, b []byte, size, missing, depth int) Reason {
	if len(b) < size {
		return Truncated
	}
	if !d.deeper(depth) {
		return TooDeep
	}
	return d.ethernet(s, b[size:], missing, depth+1)
}

// mpls steps over a label stack (RFC 3032). Nothing says what is behind it: an IP version does, or it is a
// pseudowire (RFC 4448), with or without a control word (RFC 4385).
func (d *Decoder) mpls(s *Segment, b []byte, missing, depth int) Reason {
	for range d.cfg.MaxTags + 1 {
		if len(b) < 4 {
			return short(len(b)+missing, 4)
		}
		bottom := b[2]&1 != 0
		b = b[4:]
		if !bottom {
			continue
		}
		if len(b) == 0 {
			return short(missing, 1)
		}
		switch b[0] >> 4 {
		case 4:
			return d.ipv4(s, b, missing, depth)
		case 6:
			return d.ipv6(s, b, missing, depth)
		case 0:
			if len(b) >= 18 && known(binary.BigEndian.Uint16(b[16:])) {
				return d.framed(s, b, 4, missing, depth)
			}
		}
		if len(b) >= 14 && known(binary.BigEndian.Uint16(b[12:])) {
			return d.framed(s, b, 0, missing, depth)
		}
		return Tunnel
	}
	return TooDeep
}

// nsh decodes a network service header (RFC 8300).
func (d *Decoder) nsh(s *Segment, b []byte, missing, depth int) Reason {
	if len(b) < 8 {
		return short(len(b)+missing, 8)
	}
	size := int(b[1]&0x3f) * 4
	if b[0]>>6 != 0 || size < 8 {
		return Malformed
	}
	if size > len(b) {
		return short(len(b)+missing, size)
	}
	return d.next(s, b[3], b[size:], missing, depth)
}

// next decodes a payload named by the protocol numbers that NSH and VXLAN-GPE share.
func (d *Decoder) next(s *Segment, proto byte, b []byte, missing, depth int) Reason {
	if !d.deeper(depth) {
		return TooDeep
	}
	switch proto {
	case 1:
		return d.ipv4(s, b, missing, depth+1)
	case 2:
		return d.ipv6(s, b, missing, depth+1)
	case 3:
		return d.ethernet(s, b, missing, depth+1)
	case 4:
		return d.nsh(s, b, missing, depth+1)
	case 5:
		return d.mpls(s, b, missing, depth+1)
	}
	return Tunnel
}
