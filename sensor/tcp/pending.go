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
	acked [2]timer // a hole that the receiver has acknowledged
	hole  [2]timer // anything buffered
	due   clock.Time
	at    int // place in the heap, -1 when not in it
	bytes int // in pages
}

// piece is buffered data, or a FIN.
type piece struct {
	data   []byte
	seq    uint32
	ack    uint32
	cut    uint32 // bytes lost to the snap length behind data
	hasAck bool
	fin    bool
}

func (p *piece) end() uint32 {
	n := p.seq + uint32(len(p.data))
	if p.fin {
		n++
	}
	return n
}

// queue holds the pieces of a direction in order of sequence; data never overlap.
type queue struct {
	items []piece
	off   int
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

// held is whether p, the next of direction d, answers bytes of the other direction that were not passed on yet
// but may still turn up.
func (c *Conn) held(d packet.Dir, p *piece) bool {
	o := &c.half[d.Other()]
	if !p.hasAck || !o.synced || o.ended || o.absent {
		return false
	}
	n := int32(p.ack - o.next) // what is too far ahead acknowledges nothing that was sent
	return n > 0 && n < maxAhead || c.Midstream && !c.Seen[d.Other()]
}

// clear is whether nothing is buffered in direction d from seq to end.
func (c *Conn) clear(d packet.Dir, seq, end uint32) bool {
	if c.pend == nil {
		return true
	}
	head := c.pend.queue[d].head()
	return head == nil || after(head.seq, seq) && !after(end, head.seq)
}

// hole is whether bytes of direction d are acknowledged but missing, or the whole direction is.
func (c *Conn) hole(d packet.Dir) bool {
	h := &c.half[d]
	if !h.synced || h.ended || h.absent {
		return false
	}
	return after(h.acked, h.next) || c.Midstream && !c.Seen[d]
}

// store copies what is new in p into the queue of direction d.
func (t *Table) store(dst []Event, c *Conn, d packet.Dir, now clock.Time, p piece) []Event {
	h := &c.half[d]
	if dst = t.makeRoom(dst, c, d, now, &p); h.ended {
		return dst
	}
	if n := h.next - p.seq; int32(n) > 0 { // making room passed on what came before
		if int(n) >= len(p.data) && !p.fin {
			return dst
		}
		n = min(n, uint32(len(p.data)))
		p.data, p.seq = p.data[n:], p.seq+n
	}
	t.want(c)
	q := &c.pend.queue[d]
	i := sort.Search(len(q.items)-q.off, func(i int) bool {
		it := &q.items[q.off+i]
		if p.fin || it.fin {
			return after(it.seq, p.seq)
		}
		return after(it.end(), p.seq)
	})
	if p.fin {
		p.data = t.pages.get(0) // so that FINs are bounded as bytes are
		c.pend.bytes += cap(p.data)
		q.insert(i, p)
		return dst
	}
	t.Stats.Buffered++
	if p.seq == h.next {
		t.Stats.Held++
	}
	seq, end, data := p.seq, p.end(), p.data
	for len(data) > 0 {
		n := uint32(len(data))
		if q.off+i < len(q.items) {
			it := &q.items[q.off+i]
			if !after(it.seq, seq) && !it.fin {
				k := min(n, it.end()-seq)
				t.overlap(c, d, it, data[:k], seq, p.seq, end)
				data, seq = data[k:], seq+k
				i++
				continue
			}
			if it.fin && it.seq == seq { // first come: the stream ends here
				break
			}
			n = min(n, it.seq-seq)
		}
		if c.pend.bytes >= t.cfg.MaxFlowBuffer || t.pages.used >= t.cfg.MaxBuffer {
			t.Stats.FlowFull++ // cut up by much that is there already: the rest becomes a hole
			return dst
		}
		i = t.copyIn(c, q, i, p, seq, data[:n])
		data, seq = data[n:], seq+n
	}
	if p.cut > 0 && len(p.data) > 0 && i > 0 {
		if it := &q.items[q.off+i-1]; it.end() == end {
			it.cut = p.cut
		}
	}
	return dst
}

// copyIn puts data at seq into pages before place i, and gives the place behind them.
func (t *Table) copyIn(c *Conn, q *queue, i int, p piece, seq uint32, data []byte) int {
	if i > 0 {
		it := &q.items[q.off+i-1]
		if room := cap(it.data) - len(it.data); room > 0 && it.end() == seq && it.cut == 0 && it.ack == p.ack && it.hasAck == p.hasAck {
			n := min(room, len(data))
			it.data = append(it.data, data[:n]...)
			data, seq = data[n:], seq+uint32(n)
		}
	}
	for len(data) > 0 {
		n := min(len(data), largePage)
		b := t.pages.get(n)
		c.pend.bytes += cap(b)
		q.insert(i, piece{data: append(b, data[:n]...), seq: seq, ack: p.ack, hasAck: p.hasAck})
		data, seq = data[n:], seq+uint32(n)
		i++
	}
	return i
}

// overlap settles bytes at seq that it holds already; start and end bound the newer segment.
func (t *Table) overlap(c *Conn, d packet.Dir, it *piece, data []byte, seq, start, end uint32) {
	old := it.data[seq-it.seq:][:len(data)]
	differ := 0
	for i := range data {
		if data[i] != old[i] {
			differ++
		}
	}
	if differ == 0 {
		return
	}
	t.Stats.Conflicts += uint64(differ)
	c.Conflicts[d] += uint32(differ)
	switch t.cfg.Overlap {
	case Last:
		copy(old, data)
	case Linux:
		if after(it.seq, start) || it.seq == start && after(end, it.end()) {
			copy(old, data)
		}
	}
}

// makeRoom keeps the bounds: a connection at its own gives up its buffer; a full Table takes the buffer that
// would have been given up first.
func (t *Table) makeRoom(dst []Event, c *Conn, d packet.Dir, now clock.Time, p *piece) []Event {
	need := cost(len(p.data)) + largePage // cut up by what is there already, it may take a page more
	if c.pend != nil && c.pend.bytes+need > t.cfg.MaxFlowBuffer {
		t.Stats.FlowFull++
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
			dst = t.flush(dst, full, now)
			t.arm(full, now)
		}
	}
	return dst
}
