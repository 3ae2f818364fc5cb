package tcp

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Conn is one connection. It belongs to its Table; what it exports may be read, and App written, by the
// goroutine that owns the Table, until the second End of the connection was handled.
type Conn struct {
	ID          ID
	Flow        packet.Flow
	ref         uint32     // place in the Table's slabs, plus one
	Start       clock.Time // of its first packet
	App         any        // the caller's own state, nil at first
	Client      packet.Dir // who opened it, if ClientKnown
	ClientKnown bool       // a SYN or SYN-ACK was seen
	Midstream   bool       // it was under way when the capture saw it first
	Seen        [2]bool    // a packet went this way
	reset       resetBy    // how the closed connection was ended, if by RST
	input       [2]uint8   // by which the latest segment of each direction came
	Conflicts   [2]uint32  // bytes that came again and differ from the copy that is kept or was passed on, each time
	Retransmits [2]uint32  // segments with nothing new, sent again

	half        [2]half
	state       state
	established bool
	claimed     bool // a SYN with another initial number, from claimDir, waits to be confirmed
	claimDir    packet.Dir
	claim       uint32
	last        clock.Time // of its latest packet
	prev, next  *Conn      // in the list of its state
	pend        *pending   // nil when nothing is buffered and no hole is known
}

// OneSided is whether packets of only one direction have been seen.
func (c *Conn) OneSided() bool { return !c.Seen[0] || !c.Seen[1] }

// half is one direction of a connection. Sequence numbers are valid once synced.
type half struct {
	next   uint32 // the next byte to pass on
	isn    uint32 // the byte before the first
	sent   uint32 // the highest end that the sender has shown
	acked  uint32 // the highest acknowledgement of this direction
	edge   uint32 // the highest end of the receiver's window, valid if bound
	stamp  uint32 // TS.Recent of RFC 7323, valid if timed
	mark   uint32 // the urgent byte, valid if urgent
	gap    uint32 // end of the latest Gap
	lost   uint32 // and its length
	synced bool
	ended  bool
	absent bool // nothing came this way although it was acknowledged: one-sided capture
	syn    bool // the SYN was seen
	bound  bool
	timed  bool
	urgent bool
	scale  uint8
}

func (h *half) sync(next uint32) {
	h.next, h.isn, h.acked, h.sent, h.synced = next, next-1, next, next, true
}

// resetBy is who closed a connection by RST.
type resetBy uint8

const (
	notReset resetBy = iota
	resetByA
	resetByB
)

// maxAhead is the largest window there can be (RFC 7323 section 2.3): an acknowledgement further ahead is forged.
const maxAhead = 1 << 30

// after is whether sequence number a comes after b (RFC 9293 section 3.4).
func after(a, b uint32) bool { return int32(a-b) > 0 }

// state is the list a connection is in; each has its timeout.
type state uint8

const (
	halfOpen state = iota
	live
	halfClosed
	dying // a RST was seen that its receiver would challenge
	closed
	numStates
)

// list is a queue of connections in the order of their latest packets.
type list struct{ head, tail *Conn }

func (l *list) push(c *Conn) {
	c.prev, c.next = l.tail, nil
	if l.tail == nil {
		l.head = c
	} else {
		l.tail.next = c
	}
	l.tail = c
}

func (l *list) remove(c *Conn) {
	if c.prev == nil {
		l.head = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		l.tail = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}
