package tcp

import (
	"bytes"

	"auscult/sensor/packet"
)

// block is how many bytes of a stream are remembered together, aligned to their sequence numbers: few, so that the
// starts of answers fill what is kept for them. Memory that is not written is memory that stays in the cache.
const block = 128

// recall remembers the bytes that were passed on last, so that what is sent again can be compared with them: a
// copy with other bytes is how a sensor is shown another text than the target reads (Ptacek and Newsham, 1998).
// It is a cache of blocks, direct-mapped, with consecutive blocks of a stream in consecutive places: it takes
// no memory of the connection, and what it forgets is only ever what is oldest or collides. Bytes, not hashes:
// copying a frame costs less than hashing it, and any part of it can be compared.
type recall struct {
	blocks []remembered // allocated when the first byte comes
	n      uint32
}

// remembered says what a block holds: bytes lo to hi of block number no of a stream.
type remembered struct {
	stream      uint64
	no          uint32
	lo, hi      uint16
	first, last uint16 // tags of the packets that brought the first and the last of it
	bytes       [block]byte
}

// stream names a direction of a connection.
func stream(c *Conn, d packet.Dir) uint64 { return uint64(c.ID)<<1 | uint64(d) }

// tag is what all captured copies of one packet have in common, and retransmissions as a rule do not: the IPv4
// identification, or else the timestamp. 0 is none.
func tag(s *packet.Segment) uint16 {
	if s.IPID != 0 || !s.HasTime {
		return s.IPID
	}
	return uint16(s.TSVal) | 1
}

func (r *recall) slot(stream uint64, no uint32) uint32 {
	return (uint32(stream>>32)*0x9e3779b1 + uint32(stream)*0x85ebca6b + no) % r.n
}

// put remembers that b was passed on at seq.
func (r *recall) put(stream uint64, seq uint32, b []byte, tag uint16) {
	if r.n == 0 {
		return
	}
	if r.blocks == nil {
		r.blocks = make([]remembered, r.n)
	}
	for len(b) > 0 {
		no, from := seq/block, seq%block
		m := &r.blocks[r.slot(stream, no)]
		if m.stream != stream || m.no != no || uint32(m.hi) != from {
			m.stream, m.no, m.lo, m.first = stream, no, uint16(from), tag
		}
		n := copy(m.bytes[from:], b)
		m.hi, m.last = uint16(from)+uint16(n), tag
		b, seq = b[n:], seq+uint32(n)
	}
}

// compare counts the bytes of b, which came again at seq, that differ from what was passed on, and those that
// are not remembered. same is whether the tag is that of the packet that brought them.
func (r *recall) compare(stream uint64, seq uint32, b []byte, tag uint16) (differ, unknown int, same bool) {
	if r.blocks == nil {
		return 0, len(b), false
	}
	for len(b) > 0 {
		no, from := seq/block, seq%block
		n := min(block-from, uint32(len(b)))
		m := &r.blocks[r.slot(stream, no)]
		lo, hi := max(from, uint32(m.lo)), min(from+n, uint32(m.hi))
		if m.stream != stream || m.no != no || lo >= hi {
			unknown += int(n)
		} else {
			unknown += int(n - (hi - lo))
			differ += difference(m.bytes[lo:hi], b[lo-from:hi-from])
			same = same || tag != 0 && (tag == m.first || tag == m.last)
		}
		b, seq = b[n:], seq+n
	}
	return differ, unknown, same
}

// difference is in how many places a and b, of one length, differ.
func difference(a, b []byte) (n int) {
	if bytes.Equal(a, b) {
		return 0
	}
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
