package inflate

import "math/bits"

// entry is what a table says of the bits that look it up:
//
//	bits 0-5    how many bits to use up, those of the code and the extra ones behind it
//	bits 8-11   of them, those of the code; of a link, how many bits look up the table behind it
//	bit 13      end of block
//	bit 14      link: a table of longer codes begins where bits 16-30 say
//	bit 15      exception: one of the two above, or no code at all
//	bits 16-30  a literal, the least length, or the least distance
//	bit 31      literal
type entry uint32

const (
	endOfBlock entry = 1 << 13
	link       entry = 1 << 14
	exception  entry = 1 << 15
	literal    entry = 1 << 31
	oneBit     entry = 0x101 // of code
)

func (e entry) uses() uint  { return uint(e & 63) }
func (e entry) width() uint { return uint(e >> 8 & 15) }
func (e entry) base() uint  { return uint(e >> 16 & 0x7fff) }

// value is the least value and the extra bits, of which those of the code come first in b.
func (e entry) value(b uint64) int {
	return int(e.base() + uint(b&(1<<e.uses()-1)>>e.width()))
}

// A table is looked up by so many bits, and links to tables of the codes that are longer. Its size is the most
// entries that a complete code comes to, as the program enough of zlib counts them: "enough 288 11 15" and "enough
// 32 8 15". Fewer bits for short blocks gained nothing.
const (
	litWidth    = 11
	litMask     = 1<<litWidth - 1
	litEntries  = 2342
	distWidth   = 8
	distMask    = 1<<distWidth - 1
	distEntries = 402
	headWidth   = 7
	maxWidth    = 15
)

// code is how a table is looked up.
type code struct {
	least  uint // fewest bits that have to be there: no shorter rest of a stream is whole
	sorted [288]entry
}

// symbol is a symbol of a code, shifted by 4, and the length of its code in bits, which is not 0.
type symbol uint16

// build fills table, which is looked up by width bits, with the canonical code (section 3.2.2) of the symbols in use,
// which rise, and of which count has how many codes are of each length. means has an entry for each symbol, but for
// the bits of the code. It is false for a code that is over-subscribed or incomplete; one code of one bit is allowed,
// and so is none.
func (c *code) build(table, means []entry, width uint, used []symbol, count *[maxWidth + 1]uint16) bool {
	var place [maxWidth + 1]uint16 // in sorted, of the next code of each length
	c.least = 1
	n, sum, longest := uint16(0), uint(0), uint(0)
	for l := uint(1); l <= maxWidth; l++ {
		place[l] = n
		n += count[l]
		sum = 2*sum + uint(count[l])
		if count[l] != 0 {
			longest = l
		}
		if n == 0 {
			c.least = l + 1
		}
	}
	switch {
	case len(used) == 0:
		c.least = 0
		for i := range table[:1<<width] {
			table[i] = exception
		}
		return true
	case len(used) == 1 && longest == 1:
		for i := 0; i < 1<<width; i += 2 {
			table[i], table[i+1] = means[used[0]>>4]+oneBit, exception+oneBit
		}
		return true
	case sum != 1<<maxWidth:
		return false
	}
	sorted := c.sorted[:len(used)]
	for _, s := range used {
		l := s & maxWidth
		sorted[place[l]] = means[s>>4] + entry(l)*oneBit
		place[l]++
	}
	fill(table, sorted, c.least, width, count)
	return true
}

// fill fills a table that is looked up by width bits from the entries of a complete code, by rising length of
// code, of which the first has l bits. Codes come with their first bit lowest.
func fill(table, sorted []entry, l, width uint, count *[maxWidth + 1]uint16) {
	next := uint16(0)
	for ; l <= width; l++ {
		size := uint(1) << l
		now := sorted[:count[l]]
		sorted = sorted[len(now):]
		for _, e := range now {
			table[bits.Reverse16(next)>>(16-l)] = e
			next++
		}
		if l < width {
			copy(table[size:2*size], table[:size]) // what is looked up by one bit more goes on as it began
		}
		next <<= 1
	}
	end, first, begin := uint(1)<<width, uint(1)<<width, uint(0) // first of no table yet
	for ; len(sorted) > 0; l++ {
		for left := count[l]; left > 0; left-- {
			word := uint(bits.Reverse16(next) >> (16 - l))
			next++
			if word&(1<<width-1) != first {
				first, begin = word&(1<<width-1), end
				w := l - width
				for n, l := uint(left), l; n < 1<<w; w++ {
					l++
					n = 2*n + uint(count[l])
				}
				end = begin + 1<<w
				table[first] = entry(begin)<<16 | exception | link | entry(w)<<8 | entry(width)
			}
			e := sorted[0] - entry(width)*oneBit
			sorted = sorted[1:]
			for i := begin + word>>width; i < end; i += 1 << (l - width) {
				table[i] = e
			}
		}
		next <<= 1
	}
}

// litMeans, distMeans and headMeans are the symbols of section 3.2.5 and 3.2.7, without their codes. The last two
// of the first and second stand in the fixed codes only, and mean nothing.
var (
	litMeans  = literalsAndLengths()
	distMeans = distances()
	headMeans = codeLengths()
)

func literalsAndLengths() (means [288]entry) {
	for i := range means {
		switch n := entry(i) - 257; {
		case i < 256:
			means[i] = literal | entry(i)<<16
		case i == 256:
			means[i] = exception | endOfBlock
		case i < 265:
			means[i] = (n + 3) << 16
		case i < 285:
			extra := n/4 - 1
			means[i] = (3+(4+n%4)<<extra)<<16 | extra
		case i == 285:
			means[i] = 258 << 16
		default:
			means[i] = exception
		}
	}
	return means
}

func distances() (means [32]entry) {
	for i := range means {
		switch n := entry(i); {
		case i < 4:
			means[i] = (n + 1) << 16
		case i < 30:
			extra := n/2 - 1
			means[i] = (1+(2+n%2)<<extra)<<16 | extra
		default:
			means[i] = exception
		}
	}
	return means
}

func codeLengths() (means [19]entry) {
	for i := range means {
		means[i] = entry(i) << 16
	}
	means[16] += 2
	means[17] += 3
	means[18] += 7
	return means
}
