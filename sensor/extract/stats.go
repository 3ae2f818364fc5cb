package extract

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// Stats counts what an Extractor met. Every packet is counted by one worker: the owner of its partition, or the
// first worker for what has none.
type Stats struct {
	Packets     uint64
	Bytes       uint64 // captured bytes of the packets
	Reasons     [packet.NumReasons]uint64
	CutBytes    uint64 // of segments, taken by the snap length
	Streams     uint64 // connections that carried data
	NotHTTP     uint64 // of them, that were not HTTP
	HTTP2       uint64 // of them, that opened with the preface of HTTP/2
	Upgraded    uint64 // of them, that were handed to another protocol
	OpaqueBytes uint64 // of those three kinds
	Orphans     uint64 // responses without their request
	Unscanned   uint64 // bodies not scanned because all scanners were taken
	EpochCalls  uint64 // calls dropped because their partition had too many in one grid step

	First, Last clock.Time

	TCP  tcp.Stats
	HTTP http.Stats
	Call call.Stats
}

func (s *Stats) packet(r *packet.Raw) {
	if s.Packets == 0 {
		s.First = r.Time
	}
	s.Last = r.Time
	s.Packets++
	s.Bytes += uint64(len(r.Frame))
}

// Stats is what was counted so far, with the counters of the stages and partitions added up.
func (e *Extractor) Stats() Stats {
	s := e.stats
	for _, part := range e.parts {
		if part != nil {
			s.TCP.Add(&part.table.Stats)
			s.HTTP.Add(&part.pool.Stats)
		}
	}
	s.Call = e.builder.Stats
	return s
}

// Add adds the counters of another worker.
func (s *Stats) Add(o *Stats) {
	if o.Packets > 0 {
		if s.Packets == 0 || o.First < s.First {
			s.First = o.First
		}
		s.Last = max(s.Last, o.Last)
	}
	s.Packets += o.Packets
	s.Bytes += o.Bytes
	for i, n := range o.Reasons {
		s.Reasons[i] += n
	}
	s.CutBytes += o.CutBytes
	s.Streams += o.Streams
	s.NotHTTP += o.NotHTTP
	s.HTTP2 += o.HTTP2
	s.Upgraded += o.Upgraded
	s.OpaqueBytes += o.OpaqueBytes
	s.Orphans += o.Orphans
	s.Unscanned += o.Unscanned
	s.EpochCalls += o.EpochCalls
	s.TCP.Add(&o.TCP)
	s.HTTP.Add(&o.HTTP)
	s.Call.Add(&o.Call)
}
