package evidence

import (
	"sync/atomic"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// A ring forgets in so many pieces. In each there is room for a packet's description for so many bytes.
const (
	ringChunks = 32
	describes  = 256
	described  = 88 // bytes of a packet.Raw
)

// ring holds the packets that came last, as many as fit into its bytes. One goroutine; what snapshot gives is read by
// another.
type ring struct {
	chunk  int // bytes of one, the descriptions included
	chunks []*chunk
	cur    *chunk     // the last of chunks, which is still filled; nil: none
	gone   clock.Time // of the last packet that was forgotten; 0: all are there
}

// chunk is a run of packets. Who reads it is counted: it is filled anew only when nobody does.
type chunk struct {
	packets []packet.Raw // their frames lie in bytes
	bytes   []byte
	readers atomic.Int32
}

func newRing(bytes int64) *ring { return &ring{chunk: int(bytes / ringChunks)} }

// put copies a packet. One that is larger than a chunk has a chunk of its own.
func (r *ring) put(raw *packet.Raw) {
	if r.cur == nil || len(r.cur.bytes)+len(raw.Frame) > cap(r.cur.bytes) || len(r.cur.packets) == cap(r.cur.packets) {
		r.turn(len(raw.Frame))
	}
	c := r.cur
	at := len(c.bytes)
	c.bytes = append(c.bytes, raw.Frame...)
	own := *raw
	own.Secrets, own.Frame = nil, c.bytes[at:len(c.bytes):len(c.bytes)]
	c.packets = append(c.packets, own)
}

// turn begins a chunk that holds n bytes or more, in the place of the oldest when there are enough.
func (r *ring) turn(n int) {
	var next *chunk
	if len(r.chunks) == ringChunks {
		old := r.chunks[0]
		copy(r.chunks, r.chunks[1:])
		r.chunks = r.chunks[:ringChunks-1]
		r.gone = max(r.gone, old.packets[len(old.packets)-1].Time)
		if old.readers.Load() == 0 {
			next = old
		}
	}
	if next == nil || cap(next.bytes) < n {
		most := r.chunk/describes + 1
		next = &chunk{bytes: make([]byte, 0, max(n, r.chunk-most*described)), packets: make([]packet.Raw, 0, most)}
	}
	next.bytes, next.packets = next.bytes[:0], next.packets[:0]
	r.chunks, r.cur = append(r.chunks, next), next
}

// snapshot is what the ring holds, oldest first, for another goroutine until it calls release. The ring goes on
// meanwhile: what is put is put behind it.
func (r *ring) snapshot() snapshot {
	s := snapshot{chunks: append([]*chunk(nil), r.chunks...), gone: r.gone}
	for _, c := range s.chunks {
		c.readers.Add(1)
		s.runs = append(s.runs, c.packets)
	}
	return s
}

// snapshot is a ring at one moment.
type snapshot struct {
	chunks []*chunk
	runs   [][]packet.Raw
	gone   clock.Time
}

// each shows every packet.
func (s *snapshot) each(f func(*packet.Raw)) {
	for _, run := range s.runs {
		for i := range run {
			f(&run[i])
		}
	}
}

func (s *snapshot) release() {
	for _, c := range s.chunks {
		c.readers.Add(-1)
	}
}
