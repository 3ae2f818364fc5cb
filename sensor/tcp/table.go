// Package tcp turns segments into ordered bytes, gaps and ends, for each direction of each connection, by the
// rules of RFC 9293 as a bystander can apply them. Bytes that arrive in order are passed on where they lie;
// early ones are copied into pages bounded per connection and per Table. What its receiver should refuse is doubted:
// it counts only if acknowledged, when no sound copy came. What silence decides carries its own
// deadline in packet time, so the events do not depend on when Expire is called.
package tcp

import (
	"hash/maphash"
	"slices"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Table holds the connections of one flow partition. One goroutine owns it. Times given to it never go back.
type Table struct {
	Stats Stats
	Input uint8 // the interface or file that the segment at hand came by, below MaxInputs; set by the owner

	cfg     Config
	k0, k1  uint64 // key of the index; it decides where a connection lies, never what becomes of it
	index   index
	lists   [numStates]list
	timeout [numStates]clock.Time
	heap    []*pending
	pages   pages
	recall  recall
	soon    clock.Time // no list is due before it; see Due
	soonest clock.Time // the shortest timeout of a list whose end is told
	latest  *Conn      // whose segment was taken in last: the next one is often its own again; nil when it is gone
	present *Conn      // whose segment is being taken in
	limbo   []*Conn    // events of this call still point to them
	idle    []*pending
}

// New is an empty Table with cfg, which must be valid.
func New(cfg Config) *Table {
	seed := maphash.MakeSeed()
	t := &Table{cfg: cfg, k0: maphash.String(seed, "0"), k1: maphash.String(seed, "1")}
	t.index.slots = make([]slot, 64)
	t.recall.n = uint32(cfg.Recent / block)
	t.timeout = [numStates]clock.Time{
		halfOpen:   clock.Time(cfg.HalfOpen),
		live:       clock.Time(cfg.Idle),
		halfClosed: clock.Time(cfg.HalfClosed),
		dying:      clock.Time(cfg.HoleTimeout),
		closed:     clock.Time(cfg.Linger),
	}
	t.soonest = slices.Min(t.timeout[:closed])
	return t
}

// Len is how many connections the Table holds, closed ones that linger among them.
func (t *Table) Len() int { return t.index.count }

// Due is a time before which silence makes nothing known, given that now is the time of the latest packet: every
// Event that is still to come without another packet has it or a later one. Connections that are closed end without
// a word.
func (t *Table) Due(now clock.Time) clock.Time {
	if t.soon <= now { // what is listed from now on has its timeout before it
		t.soon = now + t.soonest
		for i := range t.lists[:closed] {
			if c := t.lists[i].head; c != nil {
				t.soon = min(t.soon, c.last+t.timeout[i])
			}
		}
	}
	if len(t.heap) > 0 {
		return min(t.soon, t.heap[0].due)
	}
	return t.soon
}

// Expire appends to dst what silence has decided by mark, in the order of its deadlines, and frees what is
// over. Each Event carries its own deadline.
func (t *Table) Expire(dst []Event, mark clock.Time) []Event {
	t.recycle()
	return t.expire(dst, mark)
}

func (t *Table) expire(dst []Event, mark clock.Time) []Event {
	for {
		var first *Conn
		at := mark + 1
		for i := range t.lists {
			if c := t.lists[i].head; c != nil && c.last+t.timeout[i] < at {
				first, at = c, c.last+t.timeout[i]
			}
		}
		if len(t.heap) > 0 && t.heap[0].due <= min(at, mark) {
			dst = t.fire(dst, t.heap[0].conn)
			continue
		}
		if first == nil {
			return dst
		}
		dst = t.fade(dst, first, at)
	}
}

// settle applies to c alone what silence had decided by now. It reports whether c is gone.
func (t *Table) settle(dst []Event, c *Conn, now clock.Time) ([]Event, bool) {
	for c.pend != nil && c.pend.due <= min(now, c.last+t.timeout[c.state]) {
		var gone bool
		if dst, gone = t.fireOne(dst, c); gone {
			return dst, true
		}
	}
	if at := c.last + t.timeout[c.state]; at <= now {
		return t.fade(dst, c, at), true
	}
	return dst, false
}

// fade ends a connection that was silent until at.
func (t *Table) fade(dst []Event, c *Conn, at clock.Time) []Event {
	why := ByIdle
	switch c.state {
	case halfOpen:
		t.Stats.HalfOpen++
	case dying:
		why = ByRST
	case live, halfClosed:
		t.Stats.Idle++
	}
	dst = t.finish(dst, c, why, at)
	t.remove(c)
	return dst
}

// Close ends every connection because the capture has ended: what is buffered comes out, holes become Gaps.
func (t *Table) Close(dst []Event, now clock.Time) []Event {
	t.recycle()
	dst = t.expire(dst, now)
	for i := range t.lists {
		for t.lists[i].head != nil {
			c := t.lists[i].head
			dst = t.finish(dst, c, ByCapture, now)
			t.remove(c)
		}
	}
	return dst
}

// open begins a connection with s, or nil if s cannot begin one: scans, stray acknowledgements and keep-alives
// leave nothing behind.
func (t *Table) open(dst []Event, now clock.Time, s *packet.Segment) ([]Event, *Conn) {
	syn := s.Flags&packet.SYN != 0
	if s.Flags&packet.RST != 0 || !syn && (len(s.Payload)+s.Cut == 0 || s.Flags&packet.ACK == 0 || probe(s)) {
		t.Stats.Strays++
		return dst, nil
	}
	if t.index.count >= t.cfg.MaxConns {
		dst = t.expire(dst, now)
		for t.index.count >= t.cfg.MaxConns {
			dst = t.evict(dst, now)
		}
	}
	c := t.index.alloc()
	c.ID = connID(s, now)
	c.Flow, c.Start, c.last = s.Flow, now, now
	if !syn {
		c.Midstream = true
		c.half[s.Dir].sync(s.Seq)
		t.Stats.Midstream++
	}
	t.Stats.Opened++
	t.Stats.Inputs[t.Input].Opened++
	t.lists[halfOpen].push(c)
	t.index.insert(c.Flow.KeyedHash(t.k0, t.k1), c)
	t.latest = c
	return dst, c
}

// probe is whether s looks like a keep-alive with a garbage byte (RFC 9293 section 3.8.4): some systems send
// one, and a stream joined midway must not begin with it.
func probe(s *packet.Segment) bool {
	return len(s.Payload)+s.Cut == 1 && s.Flags&(packet.PSH|packet.FIN|packet.SYN) == 0
}

// connID names the connection that s begins. The sequence number tells apart two at one instant.
func connID(s *packet.Segment, start clock.Time) ID {
	return ID(s.Flow.KeyedHash(uint64(start), 0x8ebc6af09c88c6e3^uint64(s.Seq)))
}

// evict forgets the connection that is worth least.
func (t *Table) evict(dst []Event, now clock.Time) []Event {
	c := t.lists[closed].head
	if c == nil {
		c = t.lists[halfOpen].head
	}
	if c != nil {
		t.Stats.Shed++
		t.remove(c)
		return dst
	}
	if c = t.lists[dying].head; c != nil {
		t.Stats.Shed++
		dst = t.finish(dst, c, ByRST, now)
		t.remove(c)
		return dst
	}
	c = t.lists[live].head
	if h := t.lists[halfClosed].head; c == nil || h != nil && h.last < c.last {
		c = h
	}
	t.Stats.Evicted++
	dst = t.finish(dst, c, ByEvict, now)
	t.remove(c)
	return dst
}

// finish gives out what is buffered and ends the directions that have not ended. A connection that never got
// past half a handshake ends without a word.
func (t *Table) finish(dst []Event, c *Conn, why Why, at clock.Time) []Event {
	dst = t.flush(dst, c, at)
	for d := range packet.Dir(2) {
		if h := &c.half[d]; c.Seen[d] && h.synced && !h.ended && !h.absent {
			dst = t.gap(dst, c, d, at, h.acked) // now that no more can come, one word is enough
		}
	}
	first := packet.AtoB
	if c.ClientKnown {
		first = c.Client
	}
	for _, d := range [2]packet.Dir{first, first.Other()} {
		if !c.half[d].ended && c.established {
			dst = append(dst, Event{Conn: c, Dir: d, Kind: End, Why: why, Time: at, Seen: at})
		}
		c.half[d].ended = true
	}
	t.release(c)
	return dst
}

// touch notes that a packet of c was seen.
func (t *Table) touch(c *Conn, now clock.Time) {
	c.last = now
	if l := &t.lists[c.state]; l.tail != c {
		l.remove(c)
		l.push(c)
	}
}

// move puts c, which a packet has just touched, into another list.
func (t *Table) move(c *Conn, to state) {
	t.lists[c.state].remove(c)
	c.state = to
	t.lists[to].push(c)
}

func (t *Table) remove(c *Conn) {
	t.release(c)
	t.lists[c.state].remove(c)
	t.index.remove(c.Flow.KeyedHash(t.k0, t.k1), c)
	t.limbo = append(t.limbo, c)
	if t.latest == c {
		t.latest = nil
	}
}

// recycle makes reusable what the events of the last call pointed to.
func (t *Table) recycle() {
	if len(t.limbo) > 0 {
		for _, c := range t.limbo {
			c.App = nil
		}
		t.index.free = append(t.index.free, t.limbo...)
		t.limbo = t.limbo[:0]
	}
	if len(t.pages.limbo) > 0 {
		t.pages.recycle()
	}
}
