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
	c := t.latest
	if c == nil || c.Flow != s.Flow {
		c = t.index.find(s.Flow.KeyedHash(t.k0, t.k1), &s.Flow)
		t.latest = c
	}
	if c != nil {
		var gone bool
		if dst, gone = t.settle(dst, c, now); gone {
			c = nil
		}
	}
	var old *Conn
	if c != nil && c.revived(s) {
		t.Stats.Revived++
		dst = t.finish(dst, c, ByReuse, now)
		t.remove(c)
		c, old = nil, c
	} else if c != nil && c.superseded(s) {
		if c.state != closed {
			t.Stats.Reused++
		}
		dst = t.finish(dst, c, ByReuse, now)
		t.remove(c)
		c = nil
	}
	if c == nil {
		if dst, c = t.open(dst, now, s); c == nil {
			return dst
		}
		if old != nil {
			c.Client, c.ClientKnown = old.Client, old.ClientKnown
		}
	}
	if c.state == closed {
		t.Stats.LateStrays++
		return dst
	}
	t.present = c
	dst = t.segment(dst, c, now, s)
	t.present = nil
	return dst
}

// segment takes in s, which belongs to c.
func (t *Table) segment(dst []Event, c *Conn, now clock.Time, s *packet.Segment) []Event {
	idle := now.Sub(c.last)
	t.touch(c, now)
	if s.Flags&packet.RST != 0 {
		return t.reset(dst, c, now, s)
	}
	if c.state == dying {
		t.move(c, live)
	}
	d := s.Dir
	h, o := &c.half[d], &c.half[d.Other()]
	switch {
	case s.Flags&packet.SYN != 0:
		midway := c.Midstream
		if !c.handshake(s) {
			t.Stats.BadSYN++
			return dst
		}
		if midway && !c.Midstream {
			t.Stats.Midstream--
		}
	case s.Flags&packet.ACK == 0 && !c.Seen[d]:
		t.Stats.NoAck++
		return dst
	case !c.Seen[d] && !c.established && o.syn && len(s.Payload)+s.Cut == 0 && s.Flags&packet.FIN == 0:
		t.Stats.Strays++ // who has sent a SYN and got none takes no lone ACK (split handshakes begin with one)
		return dst
	case !c.Seen[d]:
		c.meet(s)
	}
	c.Seen[d], c.input[d] = true, t.Input
	h.show(s)
	refused := t.refused(c, s, idle)
	if s.Flags&packet.ACK != 0 && (!refused || s.Flags&packet.SYN != 0) {
		t.acknowledge(c, s)
	}
	if !refused {
		h.stamped(s)
	}
	if !c.established && (len(s.Payload)+s.Cut > 0 && !refused || c.Seen[d.Other()]) {
		c.established = true
		t.Stats.Established++
		t.move(c, live)
	}
	if c.pend != nil {
		c.heed(s)
		dst = t.promote(dst, c, d.Other(), now)
		dst = t.drain(dst, c, now) // seeing this direction may have freed what was held for it
	}
	switch {
	case refused:
		dst = t.doubt(dst, c, now, s)
	// A FIN with neither data nor a peer is a scan's.
	case c.established && (len(s.Payload) > 0 || s.Cut > 0 || s.Flags&packet.FIN != 0):
		if s.Flags&packet.URG != 0 {
			t.urge(h, s)
		}
		dst = t.payload(dst, c, now, s)
	case c.established && s.Flags&packet.URG != 0:
		t.urge(h, s)
	}
	switch {
	case h.ended && o.ended:
		t.release(c)
		t.move(c, closed)
		return dst
	case (h.ended || o.ended) && c.state == live:
		t.move(c, halfClosed)
	}
	if c.pend != nil || c.hole(d.Other()) || c.hole(d) {
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
	p := piece{seq: s.Seq, ack: s.Ack, hasAck: s.Flags&packet.ACK != 0, data: s.Payload, cut: uint32(s.Cut), tag: tag(s), seen: now}
	if s.Flags&packet.SYN != 0 {
		p.seq++
	}
	end := p.seq + uint32(len(p.data)) + p.cut
	fin := s.Flags&packet.FIN != 0
	if old := int32(h.next - p.seq); old > 0 {
		whole := !after(end, h.next) && !(fin && end == h.next)
		if whole && len(s.Payload) <= 1 && old == 1 && !fin {
			t.Stats.KeepAlives++ // its byte may be anything (RFC 9293 section 3.8.4)
			return dst
		}
		n := min(int(old), len(p.data))
		again := t.again(c, d, p.seq, p.data[:n], p.tag)
		if whole {
			if again {
				t.Stats.Duplicates++
				t.Stats.Inputs[t.Input].Duplicates++
			} else {
				t.Stats.Retransmits++
				c.Retransmits[d]++
			}
			return dst
		}
		p.data = p.data[n:]
		p.cut -= min(uint32(old)-uint32(n), p.cut)
		p.seq = h.next
	}
	if c.pend != nil && p.seq == h.next && !c.held(d, &p) {
		t.denyHead(c, d)
	}
	if p.seq == h.next && !c.held(d, &p) && c.clear(d, p.seq, end) {
		if len(p.data) > 0 {
			dst = t.emit(dst, c, d, now, &p, p.data)
		}
		if p.cut > 0 {
			dst = t.skip(dst, c, d, now, end)
		}
		if fin {
			dst = t.finished(dst, c, d, now, now)
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

// again compares b, which came again at seq, with what was passed on, and says whether it is the same packet
// captured twice.
func (t *Table) again(c *Conn, d packet.Dir, seq uint32, b []byte, tag uint16) bool {
	h := &c.half[d]
	differ, unknown, same := t.recall.compare(stream(c, d), seq, b, tag)
	if lo, hi := int32(h.gap-h.lost-seq), int32(h.gap-seq); h.lost > 0 {
		if late := min(hi, int32(len(b))) - max(lo, 0); late > 0 {
			t.Stats.LateBytes += uint64(late)
			unknown -= min(unknown, int(late))
		}
	}
	t.Stats.Unchecked += uint64(unknown)
	t.differ(c, d, differ)
	return same && differ == 0
}

// emit passes on b, the next bytes of direction d, which are of p. What silence sets free is not remembered: what is must not
// depend on when Expire is called.
func (t *Table) emit(dst []Event, c *Conn, d packet.Dir, now clock.Time, p *piece, b []byte) []Event {
	h := &c.half[d]
	seq := h.next
	h.next += uint32(len(b))
	if t.present == c {
		keep := b
		if c.ClientKnown && d != c.Client {
			keep = b[:min(len(b), t.cfg.RecentAnswer)]
		}
		t.recall.put(stream(c, d), seq, keep, p.tag)
	}
	if h.urgent {
		n := int32(h.mark - seq)
		h.urgent = n >= int32(len(b))
		if n >= 0 && !h.urgent {
			t.Stats.Urgent++
			if n > 0 {
				dst = append(dst, Event{Conn: c, Dir: d, Kind: Data, Time: now, Seen: p.seen, Bytes: b[:n]})
			}
			if b = b[n+1:]; len(b) == 0 {
				return dst
			}
		}
	}
	// Written where it stays: a copy would wait for all stores before it, those of recall among them.
	dst = append(dst, Event{})
	ev := &dst[len(dst)-1]
	ev.Conn, ev.Dir, ev.Time, ev.Seen, ev.Bytes = c, d, now, p.seen, b
	return dst
}

// urge notes the urgent pointer of s: it points behind the urgent byte (RFC 793; RFC 6093 section 2.2), or, as
// Linux has it, at it when it is 0. A later pointer replaces one that was not reached; bytes passed on stay.
func (t *Table) urge(h *half, s *packet.Segment) {
	if t.cfg.Urgent != OutOfBand {
		return
	}
	mark := s.Seq
	if s.Urgent > 0 {
		mark += uint32(s.Urgent) - 1
	}
	if n := int32(mark - h.next); n >= 0 && n < 1<<17 && (!h.urgent || after(mark, h.mark)) {
		h.mark, h.urgent = mark, true
	}
}

// finished ends direction d with the FIN at its next sequence number. What is buffered behind it can never be
// data.
func (t *Table) finished(dst []Event, c *Conn, d packet.Dir, now, seen clock.Time) []Event {
	h := &c.half[d]
	h.next++
	h.ended = true
	if c.pend != nil {
		c.pend.queue[d].drop(t, c)
	}
	return append(dst, Event{Conn: c, Dir: d, Kind: End, Why: ByFIN, Time: now, Seen: seen})
}

// gap declares the bytes of direction d before to lost, but for doubtful ones that the receiver took.
func (t *Table) gap(dst []Event, c *Conn, d packet.Dir, now clock.Time, to uint32) []Event {
	h := &c.half[d]
	for after(to, h.next) {
		stop := to
		if p := t.doubted(c, d, to); p != nil {
			if !after(p.seq, h.next) {
				dst = t.accept(dst, c, d, now, to)
				continue
			}
			stop = p.seq
		}
		t.Stats.LostPackets += (uint64(stop-h.next) + fullFrame - 1) / fullFrame
		dst = t.skip(dst, c, d, now, stop)
	}
	return dst
}

// fullFrame is the payload of a full Ethernet frame.
const fullFrame = 1460

// skip goes on at to in direction d.
func (t *Table) skip(dst []Event, c *Conn, d packet.Dir, now clock.Time, to uint32) []Event {
	h := &c.half[d]
	lost := to - h.next
	h.next, h.gap, h.lost = to, to, lost
	t.Stats.Gaps++
	t.Stats.LostBytes += uint64(lost)
	in := &t.Stats.Inputs[c.input[d]]
	in.Gaps++
	in.LostBytes += uint64(lost)
	switch {
	case !c.ClientKnown:
	case c.Client == d:
		t.Stats.LostClient += uint64(lost)
	default:
		t.Stats.LostServer += uint64(lost)
	}
	return append(dst, Event{Conn: c, Dir: d, Kind: Gap, Time: now, Seen: now, Lost: int(lost)})
}
