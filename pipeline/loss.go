package pipeline

import "auscult/sensor/extract"

// Loss is what a run estimates it did not see of what passed the tap. Packets that are gone leave no trace of their
// own; what is left of their connections shows them.
type Loss struct {
	Calls   uint64  // that were made and are not reported
	Seen    float64 // share of all calls that are reported, 0 to 1
	Packets float64 // share of the packets with data that the capture lacks, 0 to 1: measured in bytes
	Opaque  float64 // share of the bytes of TCP connections that could not be read, 0 to 1: TLS without keys, other protocols
}

// estimate is the Loss behind the counters s of a run that reported calls calls. A response that nobody asked for is
// a request that was lost. Where the response was lost too, the client's sequence numbers have a gap between two
// requests: the bytes that no such response accounts for are as many requests as fit in them. What cannot be told
// are connections of which nothing was seen. A TLS connection whose handshake was lost cannot be read at all.
func estimate(s *extract.Stats, calls uint64) Loss {
	l := Loss{Calls: s.HTTP.LostRequests + s.EpochCalls, Seen: 1}
	if s.HTTP.RequestBytes > 0 && s.HTTP.LostRequestBytes > 0 {
		mean := max(1, s.HTTP.RequestBytes/max(1, s.HTTP.Requests))
		l.Calls += (s.HTTP.LostRequestBytes + mean/2) / mean
	}
	if t := &s.TLS; t.ReadClientBytes > 0 { // what a client sent without being read is as many calls as in what was
		l.Calls += uint64(float64(t.DamagedClientBytes)/float64(t.ReadClientBytes)*float64(s.TLSCalls) + 0.5)
	}
	if l.Calls > 0 {
		l.Seen = float64(calls) / float64(calls+l.Calls)
	}
	missing := s.TCP.LostBytes - min(s.TCP.LostBytes, s.CutBytes)
	if missing > 0 {
		l.Packets = float64(missing) / float64(missing+s.StreamBytes)
	}
	if opaque := min(s.TLS.OpaqueBytes+s.OpaqueBytes, s.StreamBytes); opaque > 0 {
		l.Opaque = float64(opaque) / float64(s.StreamBytes)
	}
	return l
}
