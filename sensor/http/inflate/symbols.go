package inflate

import "encoding/binary"

const (
	// ahead is how much input a turn of the fast loop may read: two words, of which the second begins 7 bytes on.
	ahead = 16
	// reach is how much output a turn may write: two literals, and a match of 258 in steps of 32.
	reach = 2 + 256 + 32
)

// readSymbols reads a block up to its end, or as far as there are input and room.
func (d *Decoder) readSymbols(in []byte, i int) (int, Status) {
	if len(in)-i >= ahead && d.w <= room-reach {
		var s Status
		if i, s = d.readFast(in, i); s != More || d.step != symbols {
			return i, s
		}
	}
	for {
		if len(in)-i >= 8 {
			d.bits |= binary.LittleEndian.Uint64(in[i:]) << (d.count & 63)
			i += int(63-d.count) >> 3
			d.count |= 56
		} else {
			i, _ = d.fill(in, i, 56)
		}
		s := d.readSymbol()
		if s != More || d.step != symbols {
			d.bits &= 1<<(d.count&63) - 1
			return i, s
		}
	}
}

// readSymbol reads one symbol with all that belongs to it, or nothing.
func (d *Decoder) readSymbol() Status {
	if d.w == room {
		return Full
	}
	if d.count < d.lit.least {
		return wait
	}
	e, at := lookUp(d.litTable[:], litMask, d.bits)
	switch {
	case d.count < at+e.width():
		return wait
	case e&literal != 0:
		d.out[d.w] = byte(e >> 16)
		d.w++
		d.take(at + e.uses())
		return More
	case e&endOfBlock != 0:
		d.take(at + e.uses())
		d.step = blockHead
		return More
	case e&exception != 0:
		return Corrupt
	case d.count < at+e.uses():
		return wait
	}
	length := e.value(d.bits >> at)
	used := at + e.uses()
	if d.count < used+d.dist.least {
		return wait
	}
	e, at = lookUp(d.distTable[:], distMask, d.bits>>used)
	at += used
	switch {
	case d.count < at+e.width():
		return wait
	case e&exception != 0:
		return Corrupt
	case d.count < at+e.uses():
		return wait
	}
	distance := e.value(d.bits >> at)
	if distance > d.w {
		return Corrupt
	}
	d.take(at + e.uses())
	d.left, d.distance, d.step = length, distance, match
	return More
}

// lookUp finds the entry of the code that b begins with, which begins at bits further on if that is a long one.
func lookUp(table []entry, mask, b uint64) (e entry, at uint) {
	if e = table[b&mask]; e&link == 0 {
		return e, 0
	}
	at = e.uses()
	return table[e.base()+uint(b>>at&(1<<e.width()-1))], at
}

// readFast is readSymbols without a look at the ends of input and room, for as long as they are far.
func (d *Decoder) readFast(in []byte, i int) (int, Status) {
	bits, count, w, s := d.bits, d.count, d.w, More
	last := len(in) - ahead
	bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
	e := d.litTable[bits&litMask]
turns:
	for i <= last && w <= room-reach {
		bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
		i += int(63-count) >> 3
		count |= 56
		if e&literal != 0 {
			bits >>= e & 63
			count -= uint(e & 63)
			d.out[w] = byte(e >> 16)
			w++
			if e = d.litTable[bits&litMask]; e&literal != 0 {
				bits >>= e & 63
				count -= uint(e & 63)
				d.out[w] = byte(e >> 16)
				w++
				if e = d.litTable[bits&litMask]; e&literal != 0 {
					bits >>= e & 63
					count -= uint(e & 63)
					d.out[w] = byte(e >> 16)
					w++
					e = d.litTable[bits&litMask]
					continue
				}
			}
		}
		if e&exception != 0 {
			if e&link != 0 {
				bits >>= e & 63
				count -= uint(e & 63)
				e = d.litTable[e.base()+uint(bits&(1<<e.width()-1))]
				if e&literal != 0 {
					bits >>= e & 63
					count -= uint(e & 63)
					d.out[w] = byte(e >> 16)
					w++
					e = d.litTable[bits&litMask]
					continue
				}
			}
			if e&exception != 0 {
				if e&endOfBlock != 0 {
					bits >>= e & 63
					count -= uint(e & 63)
					d.step = blockHead
				} else {
					s = Corrupt
				}
				break turns
			}
		}
		length := e.value(bits)
		bits >>= e & 63
		count -= uint(e & 63)
		// A length took 42 bits at most with two literals before it, and a distance takes 28.
		bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
		i += int(63-count) >> 3
		count |= 56
		e = d.distTable[bits&distMask]
		if e&exception != 0 {
			if e&link != 0 {
				bits >>= e & 63
				count -= uint(e & 63)
				e = d.distTable[e.base()+uint(bits&(1<<e.width()-1))]
			}
			if e&exception != 0 {
				s = Corrupt
				break turns
			}
		}
		distance := e.value(bits)
		bits >>= e & 63
		count -= uint(e & 63)
		if distance > w {
			s = Corrupt
			break turns
		}
		e = d.litTable[bits&litMask]
		if distance >= 8 && length <= 32 {
			to, of := d.out[w:w+32], d.out[w-distance:w-distance+32]
			binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(of))
			binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(of[8:]))
			if length > 16 {
				binary.LittleEndian.PutUint64(to[16:], binary.LittleEndian.Uint64(of[16:]))
				binary.LittleEndian.PutUint64(to[24:], binary.LittleEndian.Uint64(of[24:]))
			}
		} else {
			copyAhead(&d.out, w, distance, length)
		}
		w += length
	}
	d.bits, d.count, d.w = bits&(1<<(count&63)-1), count, w
	return i, s
}

// copyAhead copies a match to w. It may write up to 32 bytes more, which are written again or never read.
func copyAhead(out *[room]byte, w, distance, length int) {
	from := w - distance
	switch {
	case distance >= 8:
		for {
			to, of := out[w:w+32], out[from:from+32]
			binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(of))
			binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(of[8:]))
			if length > 16 {
				binary.LittleEndian.PutUint64(to[16:], binary.LittleEndian.Uint64(of[16:]))
				binary.LittleEndian.PutUint64(to[24:], binary.LittleEndian.Uint64(of[24:]))
			}
			if length -= 32; length <= 0 {
				return
			}
			w += 32
			from += 32
		}
	case distance == 1:
		v := uint64(out[from]) * 0x0101010101010101
		for ; length > 0; length -= 8 {
			binary.LittleEndian.PutUint64(out[w:], v)
			w += 8
		}
	default:
		o := out[from : w+length]
		for k := distance; k < len(o); k++ {
			o[k] = o[k-distance]
		}
	}
}
