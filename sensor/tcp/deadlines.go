package tcp

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// timer waits until at for the bytes of a direction before mark. It is not set back while they trickle in.
type timer struct {
	at   clock.Time
	mark uint32
	on   bool
}

// want makes sure that c has a pending.
func (t *Table) want(c *Conn) {
	if c.pend != nil {
		return
	}
	if n := len(t.idle); n > 0 {
		c.pend = t.idle[n-1]
		t.idle = t.idle[:n-1]
	} else {
		c.pend = &pending{at: -1}
	}
	c.pend.conn = c
}

// release frees the pending of c and all that it buffers.
func (t *Table) release(c *Conn) {
	p := c.pend
	if p == nil {
		return
	}
	for d := range p.queue {
		p.queue[d].drop(t, c)
		p.doubt[d].drop(t, c)
		p.acked[d], p.hole[d], p.stale[d] = timer{}, timer{}, timer{}
		p.waits[d], p.deny[d] = point{}, point{}
		p.queue[d].ready = point{}
	}
	t.schedule(p, clock.Never)
	p.conn, c.pend = nil, nil
	if cap(p.queue[0].items)+cap(p.queue[1].items)+cap(p.doubt[0].items)+cap(p.doubt[1].items) > 256 {
		p.queue, p.doubt = [2]queue{}, [2]queue{} // one bad flow must not make every later one big
	}
	t.idle = append(t.idle, p)
}

// arm sets the timers of c after what happened at now.
func (t *Table) arm(c *Conn, now clock.Time) {
	t.want(c)
	p := c.pend
	due := clock.Never
	for d := range packet.Dir(2) {
		h, q := &c.half[d], &p.queue[d]
		head := q.head()
		// Bytes at hand that only wait for the other direction are not missing.
		missing := c.hole(d) && !(head != nil && !after(head.seq, h.next))
		if !p.acked[d].on || !missing || c.Seen[d] { // the grace of an unseen direction runs once
			p.acked[d].set(missing, now+clock.Time(t.cfg.AckedGap), h.next, c.holeEnd(d))
		}
		last := h.next
		if head != nil {
			last = q.items[len(q.items)-1].end()
		}
		p.hole[d].set(head != nil, now+clock.Time(t.cfg.HoleTimeout), h.next, last)
		p.stale[d].on = p.doubt[d].head() != nil
		for _, tm := range [3]*timer{&p.acked[d], &p.hole[d], &p.stale[d]} {
			if tm.on {
				due = min(due, tm.at)
			}
		}
	}
	if due == clock.Never {
		t.release(c)
		return
	}
	t.schedule(p, due)
}

// set starts the timer if it is wanted and not running yet for bytes that are still to come.
func (tm *timer) set(wanted bool, at clock.Time, next, mark uint32) {
	switch {
	case !wanted:
		tm.on = false
	case !tm.on || !after(tm.mark, next):
		*tm = timer{at, mark, true}
	}
}

// fire runs what is due first of c, and forgets c if that closed it.
func (t *Table) fire(dst []Event, c *Conn) []Event {
	dst, _ = t.fireOne(dst, c)
	return dst
}

// fireOne runs the timer of c that is due first, at its own time. It reports whether that closed c.
func (t *Table) fireOne(dst []Event, c *Conn) ([]Event, bool) {
	p := c.pend
	at := p.due
	for d := range packet.Dir(2) {
		if tm := &p.acked[d]; tm.on && tm.at == at {
			tm.on = false
			dst = t.giveUp(dst, c, d, at, tm.mark)
		}
	}
	for d := range packet.Dir(2) {
		if tm := &p.hole[d]; tm.on && tm.at == at {
			tm.on = false
			for p.queue[d].head() != nil && after(tm.mark, c.half[d].next) {
				if head := p.queue[d].head(); c.waited(d) && after(head.seq, c.half[d].next) && !c.beyond(d, head) {
					break
				}
				dst = t.force(dst, c, d, at)
			}
		}
		if tm := &p.stale[d]; tm.on && tm.at == at {
			p.doubt[d].drop(t, c)
		}
	}
	if c.half[0].ended && c.half[1].ended {
		t.remove(c)
		return dst, true
	}
	t.arm(c, at)
	return dst, false
}

// giveUp declares acknowledged bytes of direction d before mark lost, and passes on what they held up.
func (t *Table) giveUp(dst []Event, c *Conn, d packet.Dir, at clock.Time, mark uint32) []Event {
	h := &c.half[d]
	if !c.Seen[d] {
		t.miss(c, d)
		return t.drain(dst, c, at)
	}
	for !h.ended && after(mark, h.next) {
		to := mark
		if head := c.pend.queue[d].head(); head != nil {
			if !after(head.seq, h.next) { // held
				break
			}
			if after(to, head.seq) {
				to = head.seq
			}
		}
		dst = t.gap(dst, c, d, at, to)
		dst = t.drain(dst, c, at)
	}
	return dst
}

// miss marks direction d as one that is not captured; what it sent is not lost, it was never on the tap.
func (t *Table) miss(c *Conn, d packet.Dir) {
	h := &c.half[d]
	h.absent, h.next = true, h.acked
	t.Stats.OneSided++
	t.Stats.Inputs[c.input[d.Other()]].OneSided++
}

// drain passes on, in both directions, what has become next.
func (t *Table) drain(dst []Event, c *Conn, now clock.Time) []Event {
	for again := true; again; {
		again = false
		for d := range packet.Dir(2) {
			for {
				head := c.pend.queue[d].head()
				if head == nil || after(head.seq, c.half[d].next) || c.held(d, head) {
					break
				}
				dst = t.take(dst, c, d, now)
				again = true
			}
		}
	}
	return dst
}

// take passes on the first piece of direction d, which is at or before the next byte.
func (t *Table) take(dst []Event, c *Conn, d packet.Dir, now clock.Time) []Event {
	h, q := &c.half[d], &c.pend.queue[d]
	p := q.pop()
	t.give(c, p.data)
	switch old := h.next - p.seq; {
	case p.fin && old == 0:
		return t.finished(dst, c, d, now, p.seen)
	case !p.fin && old < uint32(len(p.data)):
		dst = t.emit(dst, c, d, now, &p, p.data[old:])
	}
	if to := p.end() + p.cut; p.cut > 0 && after(to, h.next) {
		if head := q.head(); head != nil && after(to, head.seq) {
			to = head.seq
		}
		if after(to, h.next) {
			dst = t.skip(dst, c, d, now, to)
		}
	}
	return dst
}

// beyond is whether p begins past every window that the receiver of direction d has opened.
func (c *Conn) beyond(d packet.Dir, p *piece) bool {
	h := &c.half[d]
	return h.bound && c.Seen[d.Other()] && after(p.seq, h.edge)
}

// force makes one step towards an empty queue of direction d, whatever is missing.
func (t *Table) force(dst []Event, c *Conn, d packet.Dir, now clock.Time) []Event {
	h, o, q := &c.half[d], &c.half[d.Other()], &c.pend.queue[d]
	if t.denyHead(c, d); q.head() == nil {
		return dst
	}
	head := q.head()
	if !c.held(d, head) {
		if after(head.seq, h.next) {
			// What lies beyond the window was refused if nothing acknowledged it in all this time (RFC 9293
			// section 3.10.7.4); believing it would let a forged segment push the stream aside.
			if c.beyond(d, head) {
				p := q.pop()
				t.give(c, p.data)
				t.Stats.OutOfWindow++
				return dst
			}
			dst = t.gap(dst, c, d, now, head.seq)
		}
		return t.drain(dst, c, now)
	}
	if !c.Seen[d.Other()] {
		t.miss(c, d.Other())
		return t.drain(dst, c, now)
	}
	to := head.ack
	if first := c.pend.queue[d.Other()].head(); first != nil {
		if !after(first.seq, o.next) { // each waits for the other
			if after(head.seq, h.next) { // first may wait for what is lost, and not for head
				return t.drain(t.gap(dst, c, d, now, head.seq), c, now)
			}
			return t.drain(t.take(dst, c, d, now), c, now)
		}
		if after(to, first.seq) {
			to = first.seq
		}
	}
	return t.drain(t.gap(dst, c, d.Other(), now, to), c, now)
}

// flush passes on everything that c buffers and declares every hole, requests before the answers to them.
func (t *Table) flush(dst []Event, c *Conn, now clock.Time) []Event {
	if c.pend == nil {
		return dst
	}
	dst = t.drain(dst, c, now)
	for {
		a, b := c.pend.queue[0].head(), c.pend.queue[1].head()
		if a == nil && b == nil {
			break
		}
		d := packet.AtoB
		if a == nil || b != nil && c.held(packet.AtoB, a) {
			d = packet.BtoA
		}
		dst = t.force(dst, c, d, now)
	}
	for d := range packet.Dir(2) {
		switch {
		case !c.hole(d):
		case c.Seen[d]:
			dst = t.gap(dst, c, d, now, c.holeEnd(d))
		default:
			t.miss(c, d)
		}
	}
	return dst
}
