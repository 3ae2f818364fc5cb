package pipeline

import (
	"maps"
	"math"
	"slices"

	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// Stats is what a run has seen, said and lost. It has no wall-clock figure: the same capture gives the same.
type Stats struct {
	Packets, Bytes uint64 // frames of the source and their captured bytes
	Flows          uint64 // TCP connections
	Calls          uint64
	Messages       uint64     // HL7 v2 messages over MLLP
	Alerts         uint64     // messages, of any activity
	Incidents      []Count    // opened, by detector
	Grave          uint64     // of them, those of severity Medium or more in the end
	Silenced       []Count    // signals, by the reason of the rule of the allow-list that silenced them
	First, Last    clock.Time // of the packets
	Loss           Loss       // of packets that the capture lacks, estimated
	Ledger         []Lost
	TCP            tcp.Stats // of all connections
}

// Count is a named number.
type Count struct {
	Name  string
	Count uint64
}

// Lost is one line of the ledger: how much of what was not seen, or not understood, and why.
type Lost struct {
	Cause string
	Unit  string // packets, bytes, flows, calls, …
	Count uint64
}

// stats gathers the counters of all partitions.
func (o *owner) stats(workers []*worker) Stats {
	var sum extract.Stats
	for _, w := range workers {
		s := w.ex.Stats()
		sum.Add(&s)
	}
	st := Stats{
		Packets: sum.Packets, Bytes: sum.Bytes, Flows: sum.TCP.Opened,
		Calls: o.calls, Messages: sum.HL7.Messages, Alerts: o.alerts, Grave: o.grave,
		First: sum.First, Last: sum.Last, TCP: sum.TCP,
	}
	for _, kind := range slices.Sorted(maps.Keys(o.byKind)) {
		st.Incidents = append(st.Incidents, Count{kind, o.byKind[kind]})
	}
	for i, n := range o.folder.Silenced() {
		if n > 0 {
			st.Silenced = append(st.Silenced, Count{o.folder.Allowed()[i].Reason, n})
		}
	}
	st.Loss = estimate(&sum, o.calls)
	st.Ledger = slices.DeleteFunc(o.sample(&sum).Ledger(), func(l Lost) bool { return l.Count == 0 })
	return st
}

// Ledger lists every cause, in the order of the data's way, those that did not occur too.
func (sample *Sample) Ledger() []Lost {
	var list []Lost
	add := func(n uint64, unit, cause string) { list = append(list, Lost{cause, unit, n}) }
	s := &sample.Extract
	for r := packet.OK + 1; r < packet.NumReasons; r++ {
		if r != packet.Fragment { // those are put together
			add(s.Reasons[r], "packets", "packet: "+r.String())
		}
	}
	add(s.CutBytes, "bytes", "packet: cut by the snap length")
	p := &s.Packet
	add(p.Spoiled, "datagrams", "packet: fragments that overlap (RFC 5722), dropped as their target drops them")
	add(p.TooMany, "datagrams", "packet: in too many fragments")
	add(p.TimedOut+p.Waiting, "datagrams", "packet: fragments missing")
	add(p.Evicted, "datagrams", "packet: fragments forgotten, their memory was full")

	t := &s.TCP
	add(t.LostBytes, "bytes", "tcp: missing from the capture")
	add(t.LateBytes, "bytes", "tcp: of these, seen after they were given up")
	add(t.OneSided, "flows", "tcp: only one direction captured")
	add(t.Midstream, "flows", "tcp: joined after their start")
	add(t.HalfOpen, "flows", "tcp: never more than half open")
	add(t.Evicted, "flows", "tcp: evicted, the table was full")
	add(t.Shed, "flows", "tcp: closed or half open, forgotten early as the table was full")
	add(t.FlowFull, "times", "tcp: a connection's buffer was full")
	add(t.TableFull, "times", "tcp: the partition's buffers were full")
	add(t.Conflicts, "bytes", "tcp: sent twice with different values")
	add(t.BadAcks, "segments", "tcp: acknowledge what cannot have been sent")
	add(t.OldTime+t.NoAck+t.NoWindow, "segments", "tcp: set aside, as their target would refuse them")
	add(t.Challenged, "resets", "tcp: inexact, as forged ones are; their target challenges them")
	add(t.Revived, "flows", "tcp: went on after a reset or end that was forged")
	add(t.Urgent, "bytes", "tcp: urgent, not part of the stream")
	add(t.OutOfWindow, "segments", "tcp: outside the window")

	x := &s.TLS
	add(x.NoKeys, "flows", "tls: not decrypted, no secrets")
	add(x.WrongKeys, "flows", "tls: not decrypted, the secrets are of another connection")
	add(x.Unsupported, "flows", "tls: not decrypted, version or suite")
	add(x.Midway, "flows", "tls: not decrypted, joined after their handshake")
	add(x.Damaged, "flows", "tls: given up after a loss")
	add(x.OverBuffer+x.OverHandshakes, "flows", "tls: given up at a bound")
	add(x.OpaqueBytes, "bytes", "tls: in those flows")
	add(x.OverWaitTime+x.OverWaitBytes+x.OverWaitTotal, "flows", "tls: waited in vain for secrets")
	add(x.LostRecords, "records", "tls: lost")
	add(x.BadRecords, "records", "tls: not authentic")

	add(s.NotHTTP, "flows", "http: another protocol")
	add(s.OpaqueBytes, "bytes", "http: of another protocol")
	h := &s.HTTP
	add(s.Orphans, "responses", "http: without their request")
	add(h.Unanswered, "requests", "http: without a response")
	add(h.Skipped, "bytes", "http: skipped while out of step")
	add(h.GivenUp, "flows", "http: given up, no message found")
	add(h.OverHead+h.OverHeaders, "messages", "http: head over its limit")
	add(h.OverPending, "requests", "http: given up, too many waited for a response")
	add(h.OverHeld, "flows", "http: too much was sent before a switch of protocols was answered")
	add(h.OverStreams, "streams", "http2: given up, too many were open")
	add(h.HeaderStates, "header sections", "http2: rest on a table that was not seen whole")
	add(h.LostTables+h.OverTables, "times", "http2: header tables lost or cut")
	add(h.Floods, "header sections", "http2: past their bound")
	add(h.BadChunks, "messages", "http: bad chunk size")
	add(h.BadCodings, "bodies", "http: did not decode as its Content-Encoding says")
	add(h.OverCodings, "bodies", "http: too many content codings")
	add(h.OverDecoded+h.OverRatio, "bodies", "http: decoded past the limit, counted only")
	add(h.OverDecoders, "bodies", "http: not decoded, all decoders were taken")
	add(h.DecoderFault, "bodies", "http: decoder failed")
	w := &s.Sockets
	add(w.LostStep, "directions", "websocket: lost step")
	add(w.Unread+w.BadDeflate+w.OverDecoded+w.OverRatio+w.OverDecoders, "messages", "websocket: counted, not read")
	l7 := &s.HL7
	add(l7.Orphans, "messages", "mllp: acknowledgements of what was not seen")
	add(l7.Unanswered, "messages", "mllp: without an acknowledgement")
	add(l7.Resyncs+l7.OverHead+l7.OverPend+l7.GivenUp, "messages", "mllp: given up")
	add(s.Unscanned, "bodies", "phi: not scanned, all scanners were taken")
	scan := &s.PHI
	add(scan.Unscanned, "bytes", "phi: past the scan limit")
	add(scan.Long, "values", "phi: too long to read")
	add(scan.Deep, "containers", "phi: too deep to read")
	add(scan.MoreIDs, "identifiers", "phi: of a body past the bound")
	add(scan.MoreProps, "bodies", "phi: with more names of properties than are kept")
	add(scan.Full, "people and identifiers", "phi: of a body, not told apart past the bound")
	add(s.ShortTexts, "bodies", "call: too little kept of them to read all values, others took the room")

	c := &sample.Call
	add(c.Params, "parameters", "call: query parameters past the bound")
	add(c.Args, "values", "call: values of requests past the bound")
	add(c.Objects, "objects", "call: objects of requests past the bound")
	add(c.Delivered, "objects", "call: objects of responses past the bound")
	add(c.LongPaths, "paths", "call: path past the bound")
	add(c.Sessions, "sessions", "call: forgotten, the table was full")
	add(c.Addresses, "addresses", "call: forgotten, the table was full")
	add(c.Hosts, "calls", "call: templates not learned, too many hosts")
	add(c.Nodes, "segments", "call: templates not learned, too many words")
	add(s.EpochCalls, "calls", "pipeline: dropped, too many in one grid step")

	d := &sample.Detect
	add(d.EvictedPrincipals, "principals", "detect: forgotten, the table was full")
	add(d.EvictedEndpoints, "endpoints", "detect: forgotten, the table was full")
	add(d.EvictedSpaces, "id spaces", "detect: forgotten, the table was full")
	add(d.EvictedLattices, "walks", "detect: forgotten, the table was full")
	add(d.EarlyForgotten, "times", "detect: contacts or deliveries forgotten early")
	add(d.EarlyObjects, "times", "detect: visits of patients forgotten early")
	add(d.EvictedForms, "forms", "detect: ways of writing identifiers forgotten, the table was full")
	add(d.EvictedBlocks, "ranges", "detect: ranges of numbers forgotten, the table was full")
	add(d.EvictedProfiles, "endpoints", "detect: what is usual there forgotten, the table was full")
	add(d.EvictedServices, "service accounts", "detect: forgotten, the table was full")
	add(d.EvictedSuspects, "cases", "detect: forgotten, the table was full")
	add(d.EvictedOngoing, "exchanges", "detect: that run on, forgotten, the table was full")
	add(d.LostParts, "parts", "detect: of exchanges whose beginning was forgotten")
	add(d.LoginsShed, "sources, users and passwords", "detect: of failed logins, forgotten, the table was full")
	add(d.TokensShed, "credentials", "detect: forgotten, the table was full")
	add(d.PosturesUntold, "findings", "detect: on endpoints, not told, past the bound")
	add(d.RulesStopped, "times", "detect: an operator's rule went past its cost")
	add(d.RulesFailed, "times", "detect: an operator's rule could not be worked out")
	add(d.RunsRefused, "runs", "detect: without kept evidence, too many at once")
	add(uint64(math.Round(100*d.ThresholdRaise)), "hundredths of a nat", "detect: by which all thresholds stand higher, as alarms were more than the budget")
	a := &sample.Alert
	add(a.Silenced, "signals", "alert: on the allow-list")
	add(a.Evicted, "incidents", "alert: closed early, too many open")
	add(a.Members, "principals", "alert: past the bound of one incident")
	return list
}
