package tcp

// Stats counts what a Table met.
type Stats struct {
	Segments    uint64 // given to Segment
	Opened      uint64 // connections that began
	Midstream   uint64 // of them, without a handshake
	Established uint64 // of them, that came past a lone half of a handshake
	Strays      uint64 // segments that neither belong to a connection nor begin one
	LateStrays  uint64 // segments after the end of their connection or direction
	HalfOpen    uint64 // connections forgotten half-open: scans
	Idle        uint64 // connections ended by silence
	Evicted     uint64 // connections ended because the table was full
	Shed        uint64 // closed and half-open ones forgotten because the table was full
	Reused      uint64 // connections ended by a new handshake on the same endpoints
	OneSided    uint64 // connections found to be captured in one direction only
	BadReset    uint64 // RSTs that do not end their connection: outside the window, or only challenged
	Challenged  uint64 // of them, in the window but not at the next byte (RFC 5961 section 3)
	Revived     uint64 // connections that went on where a RST or FIN had said they end: it was forged
	BadAcks     uint64 // acknowledgements beyond anything sent or allowed, and data refused for one
	NoAck       uint64 // segments without an ACK, which every receiver drops (RFC 9293 section 3.10.7.4)
	OldTime     uint64 // segments with a timestamp that PAWS refuses (RFC 7323 section 5)
	NoWindow    uint64 // segments sent into a zero window
	EarlyData   uint64 // segments with data on a SYN, which wait for their acknowledgement
	Accepted    uint64 // of NoAck, OldTime, NoWindow and EarlyData, those that the receiver took nevertheless
	BadSYN      uint64 // SYNs that the connection's state does not allow
	Retransmits uint64 // segments with nothing new
	Duplicates  uint64 // segments with nothing new that are one packet captured again, not sent again
	KeepAlives  uint64
	Buffered    uint64 // segments copied because they came early
	Held        uint64 // of them, because they answer bytes that were not seen yet
	Conflicts   uint64 // bytes that arrived again with another value than the copy that is kept or was passed on
	Unchecked   uint64 // bytes that arrived again when the earlier copy was no longer remembered
	LateBytes   uint64 // bytes that arrived after they had been given up in a Gap
	Urgent      uint64 // urgent bytes taken out of the stream
	OutOfWindow uint64 // buffered segments dropped because the receiver cannot have taken them
	FlowFull    uint64 // times MaxFlowBuffer was reached
	TableFull   uint64 // times MaxBuffer was reached
	Gaps        uint64
	LostBytes   uint64 // in Gaps, what a snap length cut off included
	LostClient  uint64 // of them, sent by the client; where it is not known who that is, neither counts
	LostServer  uint64 // of them, sent by the server
	LostPackets uint64 // full frames that the lost bytes were at least, without what a snap length cut off

	Inputs [MaxInputs]InputStats // by Table.Input
}

// MaxInputs is how many interfaces or files are told apart; the last place is for all that come after.
const MaxInputs = 16

// InputStats is the share of one interface or file: of a direction of a connection, the one its latest segment came by.
type InputStats struct {
	Opened     uint64 // connections that began
	OneSided   uint64 // connections found to be captured in one direction only, by that direction
	Duplicates uint64 // segments that are one packet captured again, by the later copy
	Gaps       uint64
	LostBytes  uint64 // in Gaps
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Segments += o.Segments
	s.Opened += o.Opened
	s.Midstream += o.Midstream
	s.Established += o.Established
	s.Strays += o.Strays
	s.LateStrays += o.LateStrays
	s.HalfOpen += o.HalfOpen
	s.Idle += o.Idle
	s.Evicted += o.Evicted
	s.Shed += o.Shed
	s.Reused += o.Reused
	s.OneSided += o.OneSided
	s.BadReset += o.BadReset
	s.Challenged += o.Challenged
	s.Revived += o.Revived
	s.BadAcks += o.BadAcks
	s.NoAck += o.NoAck
	s.OldTime += o.OldTime
	s.NoWindow += o.NoWindow
	s.EarlyData += o.EarlyData
	s.Accepted += o.Accepted
	s.BadSYN += o.BadSYN
	s.Retransmits += o.Retransmits
	s.Duplicates += o.Duplicates
	s.KeepAlives += o.KeepAlives
	s.Buffered += o.Buffered
	s.Held += o.Held
	s.Conflicts += o.Conflicts
	s.Unchecked += o.Unchecked
	s.LateBytes += o.LateBytes
	s.Urgent += o.Urgent
	s.OutOfWindow += o.OutOfWindow
	s.FlowFull += o.FlowFull
	s.TableFull += o.TableFull
	s.Gaps += o.Gaps
	s.LostBytes += o.LostBytes
	s.LostClient += o.LostClient
	s.LostServer += o.LostServer
	s.LostPackets += o.LostPackets
	for n := range o.Inputs {
		i, p := &s.Inputs[n], &o.Inputs[n]
		i.Opened += p.Opened
		i.OneSided += p.OneSided
		i.Duplicates += p.Duplicates
		i.Gaps += p.Gaps
		i.LostBytes += p.LostBytes
	}
}
