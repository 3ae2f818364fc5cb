package tcp

import (
	"sort"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// pending is what a connection needs only while something is buffered or known to be missing.
type pending struct {
	conn  *Conn
	queue [2]queue
	doubt [2]queue // what the receiver should refuse, until it acknowledges it or not
	acked [2]timer // a hole that the receiver has acknowledged
	hole  [2]timer // anything buffered
	stale [2]timer // anything doubtful
	waits [2]point // the receiver was heard to wait for this byte
	deny  [2]point // the other side was heard not to have sent up to this acknowledgement
	due   clock.Time
	at    int // place in the heap, -1 when not in it
	bytes int // in pages
}

// point is a sequence number, or none.
type point struct {
	seq uint32
	on  bool
}

// piece is buffered data, or a FIN.
type piece struct {
	data   []byte
	seq    uint32
	ack    uint32
	cut    uint32     // bytes lost to the snap length behind data
	begin  uint32     // overlap by Linux: where the segment began that this is of, or was joined to
	seen   clock.Time // when its packet was
	tag    uint16
	hasAck bool
	fin    bool
	quick  bool // doubtful: its acknowledgement alone settles it
}

func (p *piece) end() uint32 {
	n := p.seq + uint32(len(p.data))
	if p.fin {
		n++
	}
	return n
}

// queue holds the pieces of a direction in order of sequence. Only overlap by Linux lets data overlap: of two
// pieces the earlier is then passed on whole.
type queue struct {
	items []piece
	off   int
	ready point // up to here all is there from the next byte on and waits for the other direction
}

func (q *queue) head() *piece {
	if q.off == len(q.items) {
		return nil
	}
	return &q.items[q.off]
}

func (q *queue) pop() piece {
	p := q.items[q.off]
	q.items[q.off] = piece{}
	if q.off++; q.off == len(q.items) {
		q.items, q.off = q.items[:0], 0
	}
	return p
}

// insert puts p at place i, counted from off.
func (q *queue) insert(i int, p piece) {
	if len(q.items) == cap(q.items) && q.off > 0 {
		n := copy(q.items, q.items[q.off:])
		clear(q.items[n:])
		q.items, q.off = q.items[:n], 0
	}
	i += q.off
	q.items = append(q.items, piece{})
	copy(q.items[i+1:], q.items[i:])
	q.items[i] = p
}

// cutOut removes the pieces from place i to j, counted from off.
func (q *queue) cutOut(i, j int) {
	n := q.off + i + copy(q.items[q.off+i:], q.items[q.off+j:])
	clear(q.items[n:])
	if q.items = q.items[:n]; q.off == n {
		q.items, q.off = q.items[:0], 0
	}
}

// past is the place of the first piece that ends after seq.
func (q *queue) past(seq uint32) int {
	return sort.Search(len(q.items)-q.off, func(i int) bool { return after(q.items[q.off+i].end(), seq) })
}

func (q *queue) drop(t *Table, c *Conn) {
	for q.head() != nil {
		p := q.pop()
		t.give(c, p.data)
	}
}

// give returns the page of a piece.
func (t *Table) give(c *Conn, b []byte) {
	if cap(b) > 0 {
		c.pend.bytes -= cap(b)
		t.pages.put(b)
	}
}

// clear is whether nothing is buffered in direction d from seq to end.
func (c *Conn) clear(d packet.Dir, seq, end uint32) bool {
	if c.pend == nil {
		return true
	}
	head := c.pend.queue[d].head()
	return head == nil || after(head.seq, seq) && !after(end, head.seq)
}

// makeRoom keeps the bounds: a connection at its own gives up its buffer; a full Table takes the buffer that
// would have been given up first.
func (t *Table) makeRoom(dst []Event, c *Conn, now clock.Time, p *piece) []Event {
	need := cost(len(p.data)) + largePage // cut up by what is there already, it may take a page more
	if c.pend != nil && c.pend.bytes+need > t.cfg.MaxFlowBuffer {
		t.Stats.FlowFull++
		for d := range c.pend.doubt {
			c.pend.doubt[d].drop(t, c)
		}
		dst = t.flush(dst, c, now)
	}
	if t.pages.used+need > t.cfg.MaxBuffer {
		dst = t.expire(dst, now)
		for t.pages.used+need > t.cfg.MaxBuffer {
			t.Stats.TableFull++
			full := c
			if len(t.heap) > 0 {
				full = t.heap[0].conn
			}
			for d := range full.pend.doubt {
				full.pend.doubt[d].drop(t, full)
			}
			dst = t.flush(dst, full, now)
			t.arm(full, now)
		}
	}
	return dst
}
