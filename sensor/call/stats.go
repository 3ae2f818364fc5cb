package call

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Params += o.Params
	s.Objects += o.Objects
	s.Delivered += o.Delivered
	s.LongIDs += o.LongIDs
	s.Args += o.Args
	s.LongPaths += o.LongPaths
	s.Envelopes += o.Envelopes
	s.EnvelopeIDs += o.EnvelopeIDs
	s.BadTokens += o.BadTokens
	s.Sessions += o.Sessions
	s.Addresses += o.Addresses
	s.Hosts += o.Hosts
	s.Nodes += o.Nodes
	s.Merged += o.Merged
	s.Resolved += o.Resolved
	s.SharedAddrs += o.SharedAddrs
}
