package tcp

import (
	"sort"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// pawsIdle is how long a timestamp stays comparable (RFC 7323 section 5.5).
const pawsIdle = 24 * 24 * time.Hour

// refused is whether the receiver of s would drop what is new in it, after the connection was silent for idle.
// Such a segment is how a sensor is fed bytes that the target never reads. Yet the sensor may be wrong, so the
// bytes are doubted, not dropped: they count when the receiver acknowledges them and no sound copy came.
func (t *Table) refused(c *Conn, s *packet.Segment, idle time.Duration) bool {
	h, o := &c.half[s.Dir], &c.half[s.Dir.Other()]
	n := uint32(len(s.Payload) + s.Cut)
	if s.Flags&packet.FIN != 0 {
		n++
	}
	if s.Flags&packet.SYN != 0 {
		// Only a server that knows the client takes data with the SYN (RFC 7413); its SYN-ACK says so.
		if n == 0 || after(h.next, s.Seq+1) {
			return false
		}
		t.Stats.EarlyData++
		return true
	}
	if n == 0 || !after(s.Seq+n, h.next) {
		return false
	}
	peer := c.Seen[s.Dir.Other()]
	switch {
	case s.Flags&packet.ACK == 0:
		t.Stats.NoAck++
	case o.syn && !after(s.Ack, o.isn): // before the first byte there ever was
		t.Stats.BadAcks++
	case peer && s.HasTime && h.timed && o.timed && int32(h.stamp-s.TSVal) > 1 && idle < pawsIdle && after(s.Seq+n, h.acked):
		// One tick is forgiven, as by Linux. What was acknowledged already is only late in the capture: its
		// receiver took some copy, and this is the first.
		t.Stats.OldTime++
	case peer && h.bound && h.edge == h.next && h.acked == h.next && s.Seq == h.next:
		t.Stats.NoWindow++
	default:
		return false
	}
	return true
}

// stamped keeps TS.Recent: a timestamp counts only of a segment that begins no later than the last
// acknowledgement sent (RFC 7323 section 4.3), so that segments captured out of order do not age each other.
func (h *half) stamped(s *packet.Segment) {
	if s.HasTime && !after(s.Seq, h.acked) && (!h.timed || int32(s.TSVal-h.stamp) >= 0) {
		h.stamp, h.timed = s.TSVal, true
	}
}

// doubt keeps the bytes of s aside, if there is room for them.
func (t *Table) doubt(dst []Event, c *Conn, now clock.Time, s *packet.Segment) []Event {
	h := &c.half[s.Dir]
	seq, data := s.Seq, s.Payload
	if s.Flags&packet.SYN != 0 {
		seq++
	}
	if n := int32(h.next - seq); n > 0 {
		n = min(n, int32(len(data)))
		data, seq = data[n:], seq+uint32(n)
	}
	need := cost(len(data))
	if len(data) == 0 || h.ended || c.pend != nil && c.pend.bytes+need > t.cfg.MaxFlowBuffer {
		return dst
	}
	if t.pages.used+need > t.cfg.MaxBuffer {
		if dst = t.expire(dst, now); t.pages.used+need > t.cfg.MaxBuffer {
			return dst
		}
	}
	t.want(c)
	q := &c.pend.doubt[s.Dir]
	i := sort.Search(len(q.items)-q.off, func(i int) bool { return after(q.items[q.off+i].seq, seq) })
	quick := s.Flags&packet.ACK != 0 && h.edge == h.next || s.Flags&packet.SYN != 0
	for len(data) > 0 {
		n := min(len(data), largePage)
		b := t.pages.get(n)
		c.pend.bytes += cap(b)
		q.insert(i, piece{data: append(b, data[:n]...), seq: seq, tag: tag(s), quick: quick, seen: now})
		data, seq = data[n:], seq+uint32(n)
		i++
	}
	c.pend.stale[s.Dir] = timer{at: now + clock.Time(t.cfg.HoleTimeout), on: true}
	return dst
}

// doubted is the first doubtful piece of direction d that has bytes before to and that the receiver acknowledged
// so far, or nil. Where the receiver is not seen, it gets the benefit: losing a call is worse than an odd one.
func (t *Table) doubted(c *Conn, d packet.Dir, to uint32) *piece {
	if c.pend == nil {
		return nil
	}
	h, q := &c.half[d], &c.pend.doubt[d]
	for {
		p := q.head()
		switch {
		case p == nil || !after(to, p.seq):
			return nil
		case !after(p.end(), h.next):
			old := q.pop()
			t.give(c, old.data)
			continue
		}
		end := p.end()
		if after(end, to) {
			end = to
		}
		if c.Seen[d.Other()] && after(end, h.acked) {
			return nil
		}
		return p
	}
}

// accept passes on the doubtful piece of direction d that doubted gave, up to to.
func (t *Table) accept(dst []Event, c *Conn, d packet.Dir, now clock.Time, to uint32) []Event {
	p := c.pend.doubt[d].pop()
	b := p.data[c.half[d].next-p.seq:]
	b = b[:min(uint32(len(b)), to-c.half[d].next)]
	t.give(c, p.data)
	t.Stats.Accepted++
	return t.emit(dst, c, d, now, &p, b)
}

// promote passes on what was doubtful only for want of the acknowledgement that has come: data on a SYN, data
// sent into a window that opened.
func (t *Table) promote(dst []Event, c *Conn, d packet.Dir, now clock.Time) []Event {
	h := &c.half[d]
	for after(h.acked, h.next) && !h.ended {
		p := t.doubted(c, d, h.acked)
		if p == nil || !p.quick || after(p.seq, h.next) || !c.Seen[d.Other()] {
			return dst
		}
		to := h.acked
		if head := c.pend.queue[d].head(); head != nil && after(to, head.seq) {
			to = head.seq
		}
		if !after(to, h.next) {
			return dst
		}
		dst = t.accept(dst, c, d, now, to)
	}
	return dst
}
