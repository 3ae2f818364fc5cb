package extract

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/tcp"
	"auscult/sensor/tls"
)

// Stats counts what an Extractor met. Every packet is counted by one worker: the owner of its partition, or the
// first worker for what has none.
type Stats struct {
	Packets     uint64
	Bytes       uint64 // captured bytes of the packets
	Reasons     [packet.NumReasons]uint64
	CutBytes    uint64 // of segments, taken by the snap length
	Conns       uint64 // held now, closed ones that linger among them
	Streams     uint64 // connections that carried data
	NotHTTP     uint64 // of them, that were not HTTP
	HTTP2       uint64 // of them, or inside them, in HTTP/2
	Upgraded    uint64 // of them, that went on in another protocol
	MLLP        uint64 // of them, that were HL7 v2 over MLLP
	TLSCalls    uint64 // calls in TLS that was decrypted
	StreamBytes uint64 // of all connections
	OpaqueBytes uint64 // of them, of no protocol that is read
	Parts       uint64 // calls told while they ran
	Orphans     uint64 // responses without their request
	Unscanned   uint64 // bodies not scanned because all scanners were taken
	ShortTexts  uint64 // bodies of which too little was kept because others took the room
	EpochCalls  uint64 // calls dropped because their partition had too many in one grid step

	First, Last clock.Time

	Packet packet.Stats // of the decoder: every worker's does the same
	TCP    tcp.Stats
	HTTP   http.Stats
	Call   call.Stats

	Sockets websocket.Stats
	HL7     hl7.Stats
	TLS     tls.Stats
	PHI     phi.Stats
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
			s.Conns += uint64(part.table.Len())
			s.TCP.Add(&part.table.Stats)
			s.HTTP.Add(&part.shared.Stats)
			s.Sockets.Add(&part.sockets.Stats)
			s.HL7.Add(&part.hl7.Stats)
			s.TLS.Add(&part.tls.Stats)
			s.ShortTexts += part.purse.Short
		}
	}
	for _, scanner := range e.scanners {
		s.PHI.Add(scanner.Stats())
	}
	s.Call = e.builder.Stats
	if e.index == 0 {
		s.Packet = e.decoder.Stats
	}
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
	s.Conns += o.Conns
	s.Streams += o.Streams
	s.NotHTTP += o.NotHTTP
	s.HTTP2 += o.HTTP2
	s.Upgraded += o.Upgraded
	s.MLLP += o.MLLP
	s.TLSCalls += o.TLSCalls
	s.StreamBytes += o.StreamBytes
	s.OpaqueBytes += o.OpaqueBytes
	s.Parts += o.Parts
	s.Orphans += o.Orphans
	s.Unscanned += o.Unscanned
	s.ShortTexts += o.ShortTexts
	s.EpochCalls += o.EpochCalls
	if o.Packet != (packet.Stats{}) {
		s.Packet = o.Packet
	}
	s.TCP.Add(&o.TCP)
	s.HTTP.Add(&o.HTTP)
	s.Call.Add(&o.Call)
	s.Sockets.Add(&o.Sockets)
	s.HL7.Add(&o.HL7)
	s.TLS.Add(&o.TLS)
	s.PHI.Add(o.PHI)
}
