package tcp

import "auscult/sensor/packet"

// handshake takes in a SYN or SYN-ACK; false means the connection's state does not allow it. A SYN with a new
// initial number on a live connection is only noted (claim): its receiver would challenge it (RFC 5961 section
// 4), so a sensor that believed it could be blinded by one packet.
func (c *Conn) handshake(s *packet.Segment) bool {
	d := s.Dir
	h, o := &c.half[d], &c.half[d.Other()]
	ack := s.Flags&packet.ACK != 0
	if ack && o.syn && (!after(s.Ack, o.isn) || after(s.Ack, o.sent)) {
		return c.stake(s) // acknowledges a SYN that was not sent
	}
	if h.synced && c.Seen[d] && s.Seq != h.isn && !c.rewind(s) {
		return c.stake(s)
	}
	if !c.Seen[d] && (!h.synced || s.Seq != h.isn) {
		h.sync(s.Seq + 1)
	}
	if !h.syn {
		h.syn, h.scale = true, s.Scale
	}
	if !c.ClientKnown {
		c.ClientKnown, c.Client = true, d
		if ack {
			c.Client = d.Other()
		}
	}
	return true
}

// rewind fits a connection that seemed joined midway to its own SYN, captured late: one that begins not far
// before bytes of which none was passed on yet.
func (c *Conn) rewind(s *packet.Segment) bool {
	h := &c.half[s.Dir]
	if n := int32(h.isn - s.Seq); !c.Midstream || h.syn || h.ended || h.next != h.isn+1 || n < 0 || n > 1<<20 {
		return false
	}
	h.next, h.isn = s.Seq+1, s.Seq
	if !c.Seen[s.Dir.Other()] {
		h.acked = h.next
	}
	c.Midstream = false
	return true
}

// stake notes a claim to the endpoints.
func (c *Conn) stake(s *packet.Segment) bool {
	c.claimed, c.claim, c.claimDir = true, s.Seq, s.Dir
	return false
}

// superseded is whether s shows that a new connection took over the endpoints of c: a SYN on a closed or
// half-open one, or the confirmation of a claim by the other side.
func (c *Conn) superseded(s *packet.Segment) bool {
	syn, ack := s.Flags&packet.SYN != 0, s.Flags&packet.ACK != 0
	h := &c.half[s.Dir]
	if s.Flags&packet.RST != 0 {
		return false
	}
	switch {
	case c.state == closed:
		return syn && (!ack || s.Seq != h.isn)
	case c.state == halfOpen && syn && !ack:
		return h.syn && s.Seq != h.isn
	case !c.claimed:
		return false
	case s.Dir == c.claimDir:
		// In a one-sided capture nobody can confirm but the claimant.
		return !syn && !c.Seen[s.Dir.Other()] && s.Seq == c.claim+1
	}
	if !ack || s.Ack != c.claim+1 {
		return false
	}
	// An acknowledgement alone must not be one that the old connection could bring: one far away, or beyond its FIN.
	old := &c.half[c.claimDir]
	n := int32(s.Ack - old.next)
	return syn || n > 1<<24 || n < -1<<24 || n > 0 && old.ended
}
