package tcp

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Segment appends to dst what s, captured at now, makes known, after what silence had decided before. The
// payload of s is borrowed by the events.
func (t *Table) Segment(dst []Event, now clock.Time, s *packet.Segment) []Event {
	t.recycle()
	t.Stats.Segments++
	hash := s.Flow.KeyedHash(t.k0, t.k1)
	c := t.index.find(hash, &s.Flow)
	if c != nil {
		var gone bool
		if dst, gone = t.settle(dst, c, now); gone {
			c = nil
		}
	}
	if c != nil && c.superseded(s) {
		if c.state != closed {
			t.Stats.Reused++
		}
		dst = t.finish(dst, c, ByReuse, now)
		t.remove(c)
		c = nil
	}
	if c == nil {
		if dst, c = t.open(dst, now, s, hash); c == nil {
			return dst
		}
	}
	if c.state == closed {
		t.Stats.LateStrays++
		return dst
	}
	t.touch(c, now)
	if s.Flags&packet.RST != 0 {
		return t.reset(dst, c, now, s)
	}
	d := s.Dir
	h, o := &c.half[d], &c.half[d.Other()]
	if s.Flags&packet.SYN != 0 {
		if !c.handshake(s) {
			t.Stats.BadSYN++
			return dst
		}
	} else if !c.Seen[d] {
		c.meet(s)
	}
	c.Seen[d] = true
	if s.Flags&packet.ACK != 0 {
		c.acknowledge(s)
	}
	if !c.established && (len(s.Payload) > 0 || s.Cut > 0 || c.Seen[d.Other()]) {
		c.established = true
		t.Stats.Established++
		t.move(c, live)
	}
	if c.pend != nil {
		dst = t.drain(dst, c, now) // seeing this direction may have freed what was held for it
	}
	// A FIN with neither data nor a peer is a scan's.
	if c.established && (len(s.Payload) > 0 || s.Cut > 0 || s.Flags&packet.FIN != 0) {
		dst = t.payload(dst, c, now, s)
	}
	switch {
	case h.ended && o.ended:
		t.release(c)
		t.move(c, closed)
		return dst
	case (h.ended || o.ended) && c.state == live:
		t.move(c, halfClosed)
	}
	if c.pend != nil || c.hole(d.Other()) {
		t.arm(c, now)
	}
	return dst
}

// payload takes in the bytes and the FIN of s.
func (t *Table) payload(dst []Event, c *Conn, now clock.Time, s *packet.Segment) []Event {
	d := s.Dir
	h := &c.half[d]
	if h.ended {
		t.Stats.LateStrays++
		return dst
	}
	p := piece{seq: s.Seq, ack: s.Ack, hasAck: s.Flags&packet.ACK != 0, data: s.Payload, cut: uint32(s.Cut)}
	if s.Flags&packet.SYN != 0 {
		p.seq++
	}
	end := p.seq + uint32(len(p.data)) + p.cut
	fin := s.Flags&packet.FIN != 0
	if old := int32(h.next - p.seq); old > 0 {
		if !after(end, h.next) && !(fin && end == h.next) {
			if len(s.Payload) <= 1 && old == 1 && !fin {
				t.Stats.KeepAlives++
			} else {
				t.Stats.Retransmits++
				c.Retransmits[d]++
			}
			return dst
		}
		n := min(int(old), len(p.data))
		p.data = p.data[n:]
		p.cut -= min(uint32(old)-uint32(n), p.cut)
		p.seq = h.next
	}
	if p.seq == h.next && !c.held(d, &p) && c.clear(d, p.seq, end) {
		if len(p.data) > 0 {
			h.next += uint32(len(p.data))
			dst = append(dst, Event{Conn: c, Dir: d, Kind: Data, Time: now, Bytes: p.data})
		}
		if p.cut > 0 {
			dst = t.gap(dst, c, d, now, end)
		}
		if fin {
			dst = t.finished(dst, c, d, now)
		}
	} else {
		if len(p.data) > 0 {
			dst = t.store(dst, c, d, now, p)
		}
		if fin && !h.ended {
			p.seq, p.data, p.cut, p.fin = end, nil, 0, true
			dst = t.store(dst, c, d, now, p)
		}
	}
	if c.pend != nil {
		dst = t.drain(dst, c, now)
	}
	return dst
}

// finished ends direction d with the FIN at its next sequence number. What is buffered behind it can never be
// data.
func (t *Table) finished(dst []Event, c *Conn, d packet.Dir, now clock.Time) []Event {
	h := &c.half[d]
	h.next++
	h.ended = true
	if c.pend != nil {
		c.pend.queue[d].drop(t, c)
	}
	return append(dst, Event{Conn: c, Dir: d, Kind: End, Why: ByFIN, Time: now})
}

func (t *Table) gap(dst []Event, c *Conn, d packet.Dir, now clock.Time, to uint32) []Event {
	h := &c.half[d]
	lost := to - h.next
	h.next = to
	t.Stats.Gaps++
	t.Stats.LostBytes += uint64(lost)
	return append(dst, Event{Conn: c, Dir: d, Kind: Gap, Time: now, Lost: int(lost)})
}

// acknowledge notes what s says about the other direction. Each side shifts its window by its own option, and
// only if both sent one (RFC 7323 section 2.2); not knowing, the widest is assumed.
func (c *Conn) acknowledge(s *packet.Segment) {
	h, o := &c.half[s.Dir], &c.half[s.Dir.Other()]
	if !o.synced {
		o.sync(s.Ack)
	} else if n := int32(s.Ack - o.acked); n > 0 && n < maxAhead {
		o.acked = s.Ack
		if o.absent {
			o.next = s.Ack
		}
	}
	shift := uint8(14)
	switch {
	case s.Flags&packet.SYN != 0:
		shift = 0
	case h.syn && o.syn && h.scale > 0 && o.scale > 0:
		shift = h.scale - 1
	case h.syn && o.syn:
		shift = 0
	}
	if edge := s.Ack + uint32(s.Window)<<shift; !o.bound || after(edge, o.edge) {
		o.edge, o.bound = edge, true
	}
}

// meet fits the first packet of a direction to what its acknowledgements had told: in a connection joined
// midway it may be older, and after a silence that made the direction count as absent, anything.
func (c *Conn) meet(s *packet.Segment) {
	h := &c.half[s.Dir]
	seq := s.Seq
	if probe(s) {
		seq++
	}
	switch {
	case !h.synced:
		h.sync(seq)
	case h.absent:
		h.absent = false
		h.next, h.isn = seq, seq-1
	case c.Midstream && after(h.next, seq):
		h.next, h.isn = seq, seq-1
	}
}

// reset ends both directions if the RST is one that its receiver would believe: in the window (RFC 9293
// section 3.10.7), or acknowledging a lone SYN.
func (t *Table) reset(dst []Event, c *Conn, now clock.Time, s *packet.Segment) []Event {
	h, o := &c.half[s.Dir], &c.half[s.Dir.Other()]
	var ok bool
	switch {
	case !c.Seen[s.Dir] && s.Flags&packet.ACK != 0:
		n := int32(s.Ack - o.next)
		ok = after(s.Ack, o.isn) && n <= 1<<16
	case !h.synced:
		ok = true
	default:
		n, window := int32(s.Seq-h.next), int32(1<<16)
		if h.bound {
			window = max(window, int32(h.edge-h.next))
		}
		ok = n >= -1 && n <= window
	}
	if !ok {
		t.Stats.BadReset++
		return dst
	}
	c.Seen[s.Dir] = true
	if c.state == halfOpen {
		t.Stats.HalfOpen++
		t.remove(c)
		return dst
	}
	dst = t.finish(dst, c, ByRST, now)
	t.move(c, closed)
	return dst
}
