package packet

import "encoding/binary"

// tcp decodes a TCP header (RFC 9293 section 3.1) and puts the segment in its flow. rerouted is whether a
// routing header still has stops, so that dst is not the address the checksum was made with.
func (d *Decoder) tcp(s *Segment, b []byte, missing int, src, dst key, rerouted bool) Reason {
	if len(b) < 20 {
		return short(len(b)+missing, 20)
	}
	header := int(b[12]>>4) * 4
	if header < 20 {
		return Malformed
	}
	if header > len(b) {
		return short(len(b)+missing, header)
	}
	if d.cfg.Checksums && missing == 0 && !rerouted && !checksumOK(b, src, dst) {
		return BadChecksum
	}
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	s.Dir = AtoB
	if after(src, dst, sport, dport) {
		s.Dir = BtoA
		src, dst, sport, dport = dst, src, dport, sport
	}
	f := &s.Flow
	binary.BigEndian.PutUint64(f.A.Addr[:8], src.hi)
	binary.BigEndian.PutUint64(f.A.Addr[8:], src.lo)
	binary.BigEndian.PutUint64(f.B.Addr[:8], dst.hi)
	binary.BigEndian.PutUint64(f.B.Addr[8:], dst.lo)
	f.A.Port, f.B.Port = sport, dport
	s.Seq = binary.BigEndian.Uint32(b[4:])
	s.Ack = binary.BigEndian.Uint32(b[8:])
	s.Flags = Flags(b[13] & 0x3f)
	s.Window = binary.BigEndian.Uint16(b[14:])
	s.Urgent = binary.BigEndian.Uint16(b[18:])
	s.Payload = b[header:]
	s.Cut = missing
	s.Scale = 0
	if s.Flags&SYN != 0 {
		s.Scale = windowScale(b[20:header])
	}
	if missing != 0 {
		d.Stats.Cut++
		d.Stats.CutBytes += uint64(missing)
	}
	return OK
}

// windowScale finds the window scale option, plus one; shifts over 14 mean 14 (RFC 7323 section 2.3).
func windowScale(options []byte) uint8 {
	for len(options) >= 2 {
		switch kind, n := options[0], int(options[1]); {
		case kind == 0:
			return 0
		case kind == 1:
			options = options[1:]
		case kind == 3 && n == 3 && len(options) >= 3:
			return min(options[2], 14) + 1
		case n < 2 || n > len(options):
			return 0
		default:
			options = options[n:]
		}
	}
	return 0
}

// after is whether the first endpoint comes second in canonical order.
func after(a, b key, aport, bport uint16) bool {
	if a.hi != b.hi {
		return a.hi > b.hi
	}
	if a.lo != b.lo {
		return a.lo > b.lo
	}
	return aport > bport
}

// checksumOK verifies the checksum of a whole segment with its pseudo-header.
func checksumOK(b []byte, src, dst key) bool {
	n := words(src) + words(dst) + protoTCP + uint64(len(b))
	return fold(sum(n, b)) == 0xffff
}

// words is the sum of the 16-bit words of an address; IPv4 counts only its own 32 bits.
func words(k key) uint64 {
	if k.hi == 0 && k.lo>>32 == 0xffff {
		k.lo &= 0xffffffff
	}
	return k.hi>>48 + k.hi>>32&0xffff + k.hi>>16&0xffff + k.hi&0xffff +
		k.lo>>48 + k.lo>>32&0xffff + k.lo>>16&0xffff + k.lo&0xffff
}

// sum adds the big-endian 16-bit words of b, an odd last byte padded with zero (RFC 1071), 32 bits at a time:
// a packet is too short for the 64-bit sum to overflow.
func sum(n uint64, b []byte) uint64 {
	for ; len(b) >= 4; b = b[4:] {
		n += uint64(binary.BigEndian.Uint32(b))
	}
	if len(b) >= 2 {
		n += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		n += uint64(b[0]) << 8
	}
	return n
}

func fold(n uint64) uint64 {
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return n
}
