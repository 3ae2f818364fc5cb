package inflate

import "encoding/binary"

// header is the beginning of a block with codes of its own (section 3.2.7), as far as it was read.
type header struct {
	lits, total int // how many lengths of codes there are: of literals and lengths, and with those of distances
	widths      int // how many lengths of codes of lengths
	n           int // how many of what is being read were read
	used        int // of symbols
	last        symbol
	code        code
	width       [19]uint8
	count       [maxWidth + 1]uint16
	symbols     [maxLit + maxDist]symbol
	table       [1 << headWidth]entry
}

const (
	maxLit  = 286
	maxDist = 30
)

// order is the one in which the lengths of codes of lengths come.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTableHead reads HLIT, HDIST and HCLEN.
func (d *Decoder) readTableHead(in []byte, i int) (int, Status) {
	i, ok := d.fill(in, i, 14)
	if !ok {
		return i, wait
	}
	h := &d.head
	h.lits = int(d.take(5)) + 257
	dists := int(d.take(5)) + 1
	h.widths = int(d.take(4)) + 4
	if h.lits > maxLit || dists > maxDist {
		return i, Corrupt
	}
	h.total = h.lits + dists
	h.width, h.n = [19]uint8{}, 0
	d.step = tableWidths
	return i, More
}

// readWidths reads the code of the lengths of codes.
func (d *Decoder) readWidths(in []byte, i int) (int, Status) {
	h := &d.head
	for h.n < h.widths {
		var ok bool
		if i, ok = d.fill(in, i, 3); !ok {
			return i, wait
		}
		h.width[order[h.n]] = uint8(d.take(3))
		h.n++
	}
	h.count, h.used = [maxWidth + 1]uint16{}, 0
	for s, l := range h.width {
		if l != 0 {
			h.symbols[h.used] = symbol(s)<<4 | symbol(l)
			h.used++
			h.count[l]++
		}
	}
	if !h.code.build(h.table[:], headMeans[:], headWidth, h.symbols[:h.used], &h.count) {
		return i, Corrupt
	}
	h.count, h.used, h.n, h.last = [maxWidth + 1]uint16{}, 0, 0, 0
	d.step = tableLengths
	return i, More
}

// readLengths reads the lengths of codes, and makes the tables from them.
func (d *Decoder) readLengths(in []byte, i int) (int, Status) {
	h := &d.head
	bits, count, n, used, last := d.bits, d.count, h.n, h.used, h.last
	s := More
	for n < h.total {
		if count < 14 {
			if len(in)-i >= 8 {
				bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
				i += int(63-count) >> 3
				count |= 56
			} else {
				for ; i < len(in) && count < 56; i++ {
					bits |= uint64(in[i]) << (count & 63)
					count += 8
				}
			}
		}
		e := h.table[bits&(1<<headWidth-1)]
		l := symbol(e.base())
		if count < 14 && (count < h.code.least || count < e.width()) {
			s = wait
			break
		}
		if e&exception != 0 || l == 16 && n == 0 {
			s = Corrupt
			break
		}
		if l < 16 {
			bits >>= e & 63
			count -= uint(e & 63)
			h.symbols[used] = symbol(n)<<4 | l
			if l != 0 {
				used++
			}
			h.count[l&maxWidth]++
			last = l
			n++
			continue
		}
		if count < e.uses() {
			s = wait
			break
		}
		again := 3 + e.value(bits) - int(l)
		switch l {
		case 16:
			l = last
		case 18:
			again += 8
			fallthrough
		default:
			l = 0
		}
		bits >>= e & 63
		count -= uint(e & 63)
		if n+again > h.total {
			s = Corrupt
			break
		}
		last = l
		h.count[l&maxWidth] += uint16(again)
		if l == 0 {
			n += again
			continue
		}
		for range again {
			h.symbols[used] = symbol(n)<<4 | l
			used++
			n++
		}
	}
	d.count = count
	d.bits = bits & (1<<(count&63) - 1)
	h.n, h.used, h.last = n, used, last
	if s != More {
		return i, s
	}
	if !d.buildTables() {
		return i, Corrupt
	}
	d.step = symbols
	return i, More
}

// buildTables makes the tables of a block from the lengths of its codes.
func (d *Decoder) buildTables() bool {
	h := &d.head
	lits := h.used
	var count [maxWidth + 1]uint16 // of distances, which are few: it is cheaper to tell them apart now
	for ; lits > 0 && int(h.symbols[lits-1]>>4) >= h.lits; lits-- {
		s := &h.symbols[lits-1]
		count[*s&maxWidth]++
		h.count[*s&maxWidth]--
		*s -= symbol(h.lits) << 4
	}
	d.fixed = false
	if !d.lit.build(d.litTable[:], litMeans[:], litWidth, h.symbols[:lits], &h.count) ||
		!d.dist.build(d.distTable[:], distMeans[:], distWidth, h.symbols[lits:h.used], &count) {
		return false
	}
	for k := lits - 1; k >= 0 && h.symbols[k]>>4 >= 256; k-- {
		if h.symbols[k]>>4 == 256 {
			d.lit.least = max(d.lit.least, uint(h.symbols[k]&maxWidth)) // the block has to end yet
		}
	}
	return true
}

// fixTables makes the tables of section 3.2.6.
func (d *Decoder) fixTables() {
	var used [288]symbol
	for s := range used {
		l := symbol(8)
		switch {
		case s >= 280:
		case s >= 256:
			l = 7
		case s >= 144:
			l = 9
		}
		used[s] = symbol(s)<<4 | l
	}
	d.lit.build(d.litTable[:], litMeans[:], litWidth, used[:], &[maxWidth + 1]uint16{7: 24, 8: 152, 9: 112})
	for s := range 32 {
		used[s] = symbol(s)<<4 | 5
	}
	d.dist.build(d.distTable[:], distMeans[:], distWidth, used[:32], &[maxWidth + 1]uint16{5: 32})
	d.fixed = true
}
