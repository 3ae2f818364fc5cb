package tcp

import "auscult/sensor/packet"

// show notes how far the sender of s has come: the end of its bytes, or where it would go on.
func (h *half) show(s *packet.Segment) {
	end := s.Seq + uint32(len(s.Payload)+s.Cut)
	if s.Flags&packet.FIN != 0 {
		end++
	}
	if s.Flags&packet.SYN != 0 {
		end++
	}
	if after(end, h.sent) && int32(end-h.next) < maxAhead {
		h.sent = end
	}
}

// acknowledge notes what s says about the other direction. An acknowledgement is believed if its own sender
// allowed as much or the other has shown as much, so a lost stretch of both directions heals when both go on;
// a forged one far ahead does not. Each side shifts its window by its own option, and only if both sent one
// (RFC 7323 section 2.2); not knowing, the widest is assumed.
func (t *Table) acknowledge(c *Conn, s *packet.Segment) {
	h, o := &c.half[s.Dir], &c.half[s.Dir.Other()]
	shown := true
	if !o.synced {
		o.sync(s.Ack)
	} else if n := int32(s.Ack - o.acked); n > 0 && n < maxAhead {
		shown = !c.Seen[s.Dir.Other()] || !after(s.Ack, o.sent)
		if !shown && o.bound && after(s.Ack, o.edge) {
			t.Stats.BadAcks++
			return
		}
		o.acked = s.Ack
		if o.absent {
			o.next = s.Ack
		}
	}
	if !shown {
		return // its window would let the next forgery reach further
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

// heed notes what s tells about what is buffered: that its sender still waits for the bytes before it, or that
// it has not sent what a buffered segment acknowledges (the answer to such a one is a lone acknowledgement with
// the sender's own next number, RFC 9293 section 3.10.7.4).
func (c *Conn) heed(s *packet.Segment) {
	d := s.Dir.Other()
	h, o := &c.half[d], &c.half[s.Dir]
	head := c.pend.queue[d].head()
	if head == nil || s.Flags&packet.ACK == 0 {
		return
	}
	if after(head.seq, h.next) && !after(s.Ack, h.next) {
		c.pend.waits[d] = point{h.next, true}
	}
	if c.held(d, head) && after(head.ack, o.sent) && len(s.Payload)+s.Cut == 0 && s.Flags&(packet.SYN|packet.FIN) == 0 {
		c.pend.deny[d] = point{head.ack, true}
	}
}

// waited is whether the receiver was heard to wait for the next byte of direction d and not to have got it
// since: then it is not lost, however long it takes. A sender that pauses inside a request must not be able to
// make the sensor give up what the server still waits for.
func (c *Conn) waited(d packet.Dir) bool {
	h, w := &c.half[d], c.pend.waits[d]
	return w.on && w.seq == h.next && !after(h.acked, h.next)
}

// denied is whether p waits for bytes of the other direction that its sender was heard not to have sent.
func (c *Conn) denied(d packet.Dir, p *piece) bool {
	n := c.pend.deny[d]
	return n.on && p.hasAck && p.ack == n.seq && after(p.ack, c.half[d.Other()].sent)
}

// denyHead drops what heads the queue of direction d and is denied: its receiver refused it.
func (t *Table) denyHead(c *Conn, d packet.Dir) {
	q := &c.pend.queue[d]
	for head := q.head(); head != nil && c.denied(d, head); head = q.head() {
		p := q.pop()
		t.give(c, p.data)
		t.Stats.BadAcks++
		q.ready = point{}
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

// hole is whether bytes of direction d are missing, by the word of both sides: acknowledged, and gone past by
// their sender. An acknowledgement alone may be forged. A direction that is not seen at all needs one word.
func (c *Conn) hole(d packet.Dir) bool {
	h := &c.half[d]
	if !h.synced || h.ended || h.absent {
		return false
	}
	if !c.Seen[d] {
		return after(h.acked, h.next) || c.Midstream
	}
	return after(h.acked, h.next) && after(h.sent, h.next)
}

// holeEnd is where the hole of direction d ends, if both sides are believed.
func (c *Conn) holeEnd(d packet.Dir) uint32 {
	h := &c.half[d]
	if c.Seen[d] && after(h.acked, h.sent) {
		return h.sent
	}
	return h.acked
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
		h.next, h.isn, h.sent = seq, seq-1, seq
	case c.Midstream && after(h.next, seq):
		h.next, h.isn, h.sent = seq, seq-1, seq
	}
}
