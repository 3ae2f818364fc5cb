package packet

import "encoding/binary"

// piece is a fragment as it came.
type piece struct {
	off, wire int    // its place in the datagram, and its length on the wire
	data      []byte // of that, what was captured
	more      bool
	proto     byte // what the datagram begins with, if this is its beginning
}

// fragment4 takes an IPv4 fragment (RFC 791 section 3.2), whose flags and offset are at and whose payload is b,
// and goes on with the datagram if that is now complete.
func (d *Decoder) fragment4(s *Segment, ip []byte, at uint16, b []byte, missing, depth int) Reason {
	g := piece{off: int(at&0x1fff) * 8, wire: len(b) + missing, data: b, more: at&0x2000 != 0, proto: ip[9]}
	if g.more { // hosts cut off what is over a multiple of eight
		g.wire &^= 7
		g.data = b[:min(len(b), g.wire)]
	}
	src, dst := addresses(ip)
	k := fragmentKey{src: src, dst: dst, id: uint32(binary.BigEndian.Uint16(ip[4:])), proto: ip[9], version: 4}
	copy(d.header[:], ip) // it may lie where the datagram will be put together
	b, missing, proto := d.fragments.add(d, k, &g)
	if b == nil {
		return Fragment
	}
	return d.upper(s, d.header[:], proto, b, missing, depth)
}

// fragment6 takes an IPv6 fragment (RFC 8200 section 4.5), whose fragment header begins b, and gives the datagram
// if that is now complete: its payload, what is missing from the end, and what it begins with. d.header is then
// its header.
func (d *Decoder) fragment6(ip, b []byte, missing int) ([]byte, int, byte) {
	at := binary.BigEndian.Uint16(b[2:])
	g := piece{off: int(at &^ 7), wire: len(b) - 8 + missing, data: b[8:], more: at&1 != 0, proto: b[0]}
	src, dst := addresses(ip)
	k := fragmentKey{src: src, dst: dst, id: binary.BigEndian.Uint32(b[4:]), version: 6}
	copy(d.header[:], ip)
	return d.fragments.add(d, k, &g)
}

// span is a fragment kept: off and n are its place on the wire; of that, has bytes are in the datagram's data at at.
type span struct{ off, n, at, has uint16 }

func (p span) end() int { return int(p.off) + int(p.n) }

// same is whether g is p again.
func (e *datagram) same(p span, g *piece) bool {
	if int(p.off) != g.off || int(p.n) != g.wire || g.more == (p.end() == e.end) {
		return false
	}
	n := min(int(p.has), len(g.data))
	return string(e.data[int(p.at):int(p.at)+n]) == string(g.data[:n])
}

// find is the first span that begins at off or later.
func (e *datagram) find(off int) int {
	lo, hi := 0, len(e.spans)
	if hi > 0 && int(e.spans[hi-1].off) < off {
		return hi // in order, as most come
	}
	for lo < hi {
		mid := (lo + hi) / 2
		if int(e.spans[mid].off) < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// repeats is whether g is a fragment of e that is there already.
func (e *datagram) repeats(g *piece) bool {
	i := e.find(g.off)
	return i < len(e.spans) && e.same(e.spans[i], g)
}

// contradicts is whether g cannot belong to a datagram with the fragments of e: it overlaps one, has no bytes,
// goes beyond the longest datagram, or their ends differ.
func (e *datagram) contradicts(g *piece, i int) bool {
	end := g.off + g.wire
	switch {
	case g.wire == 0, end > 65535, e.end >= 0 && end > e.end, !g.more && e.end >= 0 && end != e.end:
		return true
	case i > 0 && e.spans[i-1].end() > g.off, i < len(e.spans) && int(e.spans[i].off) < end:
		return true
	}
	last := len(e.spans) - 1
	return !g.more && last >= 0 && e.spans[last].end() > end
}

// covers is whether all of g is within bytes that are there without a hole.
func (e *datagram) covers(g *piece, i int) bool {
	if i == len(e.spans) || int(e.spans[i].off) > g.off {
		i--
	}
	if i < 0 || g.wire == 0 {
		return false
	}
	end := e.spans[i].end()
	for i++; end < g.off+g.wire && i < len(e.spans) && int(e.spans[i].off) == end; i++ {
		end = e.spans[i].end()
	}
	return end >= g.off+g.wire && (g.more || e.end == g.off+g.wire)
}

// assemble appends the datagram to dst, up to the first byte that the snap length took.
func (e *datagram) assemble(dst []byte) []byte {
	for _, p := range e.spans {
		dst = append(dst, e.data[int(p.at):int(p.at)+int(p.has)]...)
		if p.has < p.n {
			break
		}
	}
	return dst
}
