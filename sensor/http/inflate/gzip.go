package inflate

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Gzip decodes gzip (RFC 1952): one member after another for as long as there are any, so it comes to no End. It
// keeps nothing of a header but its checksum. Raw may be used by itself between Resets. The zero value is ready.
// One goroutine owns it.
type Gzip struct {
	Raw   Decoder
	part  part
	why   Status // of refused
	flags byte
	n     int    // bytes of the part that were read
	left  int    // bytes of the extra field that are still to come
	sum   uint32 // of the header, then of what was decoded
	size  uint32 // of what was decoded
	buf   [10]byte
}

// part is what of a member comes next, in the order of RFC 1952 section 2.3.
type part uint8

const (
	fixedHead part = iota
	extraSize
	extra
	name
	comment
	headSum
	body
	sums
	refused
)

const (
	hasHeadSum = 1 << 1
	hasExtra   = 1 << 2
	hasName    = 1 << 3
	hasComment = 1 << 4
	reserved   = 7 << 5

	// textMost is the longest name or comment with the zero behind it: RFC 1952 sets no bound, compress/gzip this.
	textMost = 512
)

// Reset makes g ready for another stream.
func (g *Gzip) Reset() { g.part, g.n = fixedHead, 0 }

// Whole is whether the stream may end here: the last member that began has ended.
func (g *Gzip) Whole() bool { return g.part == fixedHead && g.n == 0 }

// Decode reads from in. It returns the bytes that were decoded, which are valid until the next call, and how many
// bytes of in were read: all of them when it wants More.
func (g *Gzip) Decode(in []byte) (out []byte, n int, s Status) {
	for {
		switch g.part {
		case body:
			if len(out) > 0 {
				return out, n, Full // of the member before
			}
			var k int
			out, k, s = g.Raw.Decode(in[n:])
			n += k
			g.sum = crc32.Update(g.sum, crc32.IEEETable, out)
			g.size += uint32(len(out))
			if s != End {
				return out, n, s
			}
			g.part, g.n = sums, 0
		case sums:
			if !g.collect(in, &n, 8) {
				return out, n, More
			}
			g.part, g.n = fixedHead, 0
			if binary.LittleEndian.Uint32(g.buf[:]) != g.sum || binary.LittleEndian.Uint32(g.buf[4:]) != g.size {
				g.part, g.why = refused, Mismatch
			}
		case refused:
			return out, n, g.why
		default:
			if !g.readHead(in, &n) {
				return out, n, More
			}
		}
	}
}

// readHead reads a part of a header, if there is all of it.
func (g *Gzip) readHead(in []byte, n *int) bool {
	switch g.part {
	case fixedHead:
		if !g.collect(in, n, 10) {
			return false
		}
		if g.buf[0] != 0x1f || g.buf[1] != 0x8b || g.buf[2] != 8 {
			g.part, g.why = refused, NotGzip
			return true
		}
		g.flags, g.sum = g.buf[3], 0
		g.add(g.buf[:10])
	case extraSize:
		if !g.collect(in, n, 2) {
			return false
		}
		g.add(g.buf[:2])
		g.left, g.part = int(binary.LittleEndian.Uint16(g.buf[:])), extra
		return true
	case extra:
		k := min(g.left, len(in)-*n)
		g.add(in[*n : *n+k])
		*n += k
		if g.left -= k; g.left > 0 {
			return false
		}
	case name, comment:
		text := in[*n:min(len(in), *n+textMost-g.n)]
		end := bytes.IndexByte(text, 0)
		if end >= 0 {
			text = text[:end+1]
		}
		g.add(text)
		*n += len(text)
		g.n += len(text)
		switch {
		case end < 0 && g.n < textMost:
			return false
		case end < 0:
			g.part, g.why = refused, NotGzip
			return true
		}
	case headSum:
		if !g.collect(in, n, 2) {
			return false
		}
		if binary.LittleEndian.Uint16(g.buf[:]) != uint16(g.sum) {
			g.part, g.why = refused, NotGzip
			return true
		}
	}
	g.next()
	return true
}

// next goes on to the next part of a header that its flags name, or to what it is the header of.
func (g *Gzip) next() {
	was := g.part
	g.n = 0
	switch {
	case was < extraSize && g.flags&hasExtra != 0:
		g.part = extraSize
	case was < name && g.flags&hasName != 0:
		g.part = name
	case was < comment && g.flags&hasComment != 0:
		g.part = comment
	case was < headSum && g.flags&hasHeadSum != 0:
		g.part = headSum
	case g.flags&reserved != 0: // they must be zero, as more parts may follow
		g.part, g.why = refused, NotGzip
	default:
		g.part, g.sum, g.size = body, 0, 0
		g.Raw.Reset()
	}
}

// collect has the n bytes of the part in buf, or all that there are: then it is false.
func (g *Gzip) collect(in []byte, at *int, n int) bool {
	k := copy(g.buf[g.n:n], in[*at:])
	*at += k
	g.n += k
	return g.n == n
}

// add adds bytes of a header to its checksum, if it has one.
func (g *Gzip) add(b []byte) {
	if g.flags&hasHeadSum != 0 {
		g.sum = crc32.Update(g.sum, crc32.IEEETable, b)
	}
}
