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
//
// What the blocks hold stands apart from their bytes: it is read for every block, and small enough to be in the cache.
// The bytes are only written, as a rule, which nothing waits for.
type recall struct {
	blocks []remembered // allocated when the first byte comes
	bytes  [][block]byte
	n      uint32
}

// remembered says what a block holds: bytes lo to hi of block number no of a stream.
type remembered struct {
	stream      uint64
	no          uint32
	lo, hi      uint16
	first, last uint16 // tags of the packets that brought the first and the last of it
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

// place is where the blocks of a stream begin, modulo n.
func place(stream uint64) uint32 { return uint32(stream>>32)*0x9e3779b1 + uint32(stream)*0x85ebca6b }

// put remembers that b was passed on at seq.
func (r *recall) put(stream uint64, seq uint32, b []byte, tag uint16) {
	if r.n == 0 || len(b) == 0 {
		return
	}
	if r.blocks == nil {
		r.blocks, r.bytes = make([]remembered, r.n), make([][block]byte, r.n)
	}
	no, from := seq/block, seq%block
	begin := place(stream)
	for at := (begin + no) % r.n; ; {
		m, to := &r.blocks[at], &r.bytes[at]
		if from == 0 || m.stream != stream || m.no != no || uint32(m.hi) != from { // most blocks are not even looked at
			m.stream, m.no, m.lo, m.first = stream, no, uint16(from), tag
		}
		n := copy(to[from:], b)
		m.hi, m.last = uint16(from)+uint16(n), tag
		if n == len(b) {
			return
		}
		b = b[n:]
		no, from = (no+1)%(1<<32/block), 0
		if at++; at == r.n || no == 0 || begin+no == 0 { // a division for each block would cost as much as its copy
			at = (begin + no) % r.n
		}
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
		at := (place(stream) + no) % r.n
		m := &r.blocks[at]
		lo, hi := max(from, uint32(m.lo)), min(from+n, uint32(m.hi))
		if m.stream != stream || m.no != no || lo >= hi {
			unknown += int(n)
		} else {
			unknown += int(n - (hi - lo))
			differ += difference(r.bytes[at][lo:hi], b[lo-from:hi-from])
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
