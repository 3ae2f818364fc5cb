package tcp

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// reset ends both directions if the RST is one that its receiver believes at once: at the next byte it waits
// for, or at the end of what it holds beyond a hole, or acknowledging a lone SYN (RFC 5961 section 3.2, and
// tcp_validate_incoming of Linux). Elsewhere in the window the receiver only asks back, so the connection goes
// on if anything follows, and ends after HoleTimeout of silence.
func (t *Table) reset(dst []Event, c *Conn, now clock.Time, s *packet.Segment) []Event {
	h, o := &c.half[s.Dir], &c.half[s.Dir.Other()]
	var exact, near bool
	switch {
	case !c.Seen[s.Dir] && s.Flags&packet.ACK != 0:
		n := int32(s.Ack - o.next)
		exact = after(s.Ack, o.isn) && n <= 1<<16
	case !h.synced:
		exact = true
	default:
		n, window := int32(s.Seq-h.next), int32(1<<16)
		if h.bound {
			window = max(window, int32(h.edge-h.next))
		}
		near = n > 0 && n <= window
		exact = n == 0 || n == -1 && h.ended || near && (s.Seq == h.acked || c.pend != nil && c.pend.queue[s.Dir].ends(s.Seq))
	}
	if !exact {
		t.Stats.BadReset++
		if near {
			t.Stats.Challenged++
			if c.state == live || c.state == halfClosed {
				t.move(c, dying)
			}
		}
		return dst
	}
	c.Seen[s.Dir], c.input[s.Dir] = true, t.Input
	if c.state == halfOpen {
		t.Stats.HalfOpen++
		t.remove(c)
		return dst
	}
	dst = t.finish(dst, c, ByRST, now)
	t.move(c, closed)
	c.reset = resetByA + resetBy(s.Dir)
	return dst
}

// ends is whether seq is the end of all that is buffered.
func (q *queue) ends(seq uint32) bool {
	return q.head() != nil && q.items[len(q.items)-1].end() == seq
}

// revived is whether s shows that the RST or FIN which ended its direction was forged: its sender goes on with
// data from the byte at which it had ended, which no host does that sent the RST or FIN itself. A FIN that was
// acknowledged was a real one.
func (c *Conn) revived(s *packet.Segment) bool {
	h := &c.half[s.Dir]
	if !h.ended || len(s.Payload) < 2 || s.Flags&(packet.SYN|packet.RST|packet.ACK) != packet.ACK {
		return false
	}
	if c.reset != notReset {
		n := int32(s.Seq - h.next)
		return c.reset == resetByA+resetBy(s.Dir) && n >= 0 && n <= 1<<16
	}
	fin := h.next - 1
	return !after(h.acked, fin) && !after(s.Seq, fin) && after(s.Seq+uint32(len(s.Payload)), fin)
}
