package tcp

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
	s.BadSYN += o.BadSYN
	s.Retransmits += o.Retransmits
	s.KeepAlives += o.KeepAlives
	s.Buffered += o.Buffered
	s.Held += o.Held
	s.Conflicts += o.Conflicts
	s.OutOfWindow += o.OutOfWindow
	s.FlowFull += o.FlowFull
	s.TableFull += o.TableFull
	s.Gaps += o.Gaps
	s.LostBytes += o.LostBytes
}
