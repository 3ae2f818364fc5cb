package capture

// Stats is what a Source has taken in so far, and what not.
type Stats struct {
	Interfaces []InterfaceStats // in the order of their names at Open
	Held       uint64           // packets stamped earlier than what went before; they were given that one's time
	Ahead      uint64           // packets stamped further than clock_step in the future; given the time they were read
	Steps      uint64           // times the machine's clock was set back by clock_step or more: packet time goes on without it
}

// InterfaceStats is one interface's share. When the run has ended, Received is Packets + Dropped + Outgoing +
// Malformed + Unread.
type InterfaceStats struct {
	Name string
	Up   bool

	Received uint64 // packets that passed the filter, by the kernel's count; those it dropped too
	Dropped  uint64 // of them, dropped by the kernel: the ring was full
	Freezes  uint64 // times the ring was full
	Blocks   uint64 // of the rings
	Waiting  uint64 // of them, not the kernel's at the last look: to be read, or held by who reads
	Missed   uint64 // lost on the way to the ring, by the interface's count: rx_missed_errors, rx_fifo_errors, rx_dropped

	Packets   uint64 // handed to the lanes
	Bytes     uint64 // of them, as captured
	Tagged    uint64 // of them, whose VLAN tag was put back
	Cut       uint64 // of them, shortened by the snap length
	CutBytes  uint64 // what that took
	Giant     uint64 // of them, longer than the interface's MTU allows: made of several by offloading
	Hardware  uint64 // of them, stamped by the card
	Outgoing  uint64 // not handed over: sent by this machine
	Malformed uint64 // not handed over: their place in the ring makes no sense
	Unread    uint64 // not handed over: in the rings when the lanes were not read for too long after the end
	Downs     uint64 // times the interface went down or away
}

// unread books what was never handed over, at the end.
func (s *InterfaceStats) unread() {
	s.Unread = s.Received - min(s.Received, s.Packets+s.Dropped+s.Outgoing+s.Malformed)
}

// Dropped is what the kernel dropped on all interfaces.
func (s *Stats) Dropped() uint64 {
	var n uint64
	for i := range s.Interfaces {
		n += s.Interfaces[i].Dropped
	}
	return n
}

// Packets is what was handed to the lanes from all interfaces.
func (s *Stats) Packets() uint64 {
	var n uint64
	for i := range s.Interfaces {
		n += s.Interfaces[i].Packets
	}
	return n
}
