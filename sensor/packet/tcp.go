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
	var outer *Outer
	if d.outer.Encap != NoEncap {
		outer = &d.outer
	}
	s.Payload, s.Outer = b[header:], outer
	s.Cut = missing
	s.Scale, s.HasTime, s.TSVal = 0, false, 0
	if header > 20 {
		s.options(b[20:header])
	}
	if missing != 0 {
		d.Stats.Cut++
		d.Stats.CutBytes += uint64(missing)
	}
	return OK
}

// options reads the timestamp, and of a SYN the window scale: shifts over 14 mean 14 (RFC 7323 sections 2.3, 3).
func (s *Segment) options(b []byte) {
	const usual = 0x0101080a // two of no operation, then a timestamp: how all but the SYN have it
	if len(b) == 12 && binary.BigEndian.Uint32(b) == usual && s.Flags&SYN == 0 {
		s.HasTime, s.TSVal = true, binary.BigEndian.Uint32(b[4:])
		return
	}
	for len(b) >= 2 {
		kind, n := b[0], int(b[1])
		if kind == 1 {
			b = b[1:]
			continue
		}
		if kind == 0 || n < 2 || n > len(b) {
			return
		}
		switch {
		case kind == 3 && n == 3 && s.Flags&SYN != 0 && s.Scale == 0:
			s.Scale = min(b[2], 14) + 1
		case kind == 8 && n == 10 && !s.HasTime:
			s.HasTime, s.TSVal = true, binary.BigEndian.Uint32(b[2:])
		}
		b = b[n:]
	}
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
