package main

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"auscult/pipeline"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// stageMetrics is what the stages of the pipeline count, in the order of the data's way.
var stageMetrics = [...]metric[pipeline.Sample]{
	gauge("sample_timestamp_seconds", "Packet time as of which the counters of the stages are told.",
		func(s *pipeline.Sample) float64 { return float64(s.Time) / 1e9 }),
	total("tcp_segments_total", "TCP segments.", func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Segments }),
	total("tcp_retransmitted_segments_total", "Segments with nothing new.",
		func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Retransmits }),
	total("tcp_duplicate_segments_total", "Segments with nothing new that are one packet captured again.",
		func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Duplicates }),
	total("tcp_early_segments_total", "Segments that came before what precedes them.",
		func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Buffered }),
	total("tcp_connections_total", "Connections that began.", func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Opened }),
	total("tcp_one_sided_connections_total", "Connections of which one direction is not captured.",
		func(s *pipeline.Sample) uint64 { return s.Extract.TCP.OneSided }),
	total("tcp_bytes_total", "Bytes of the streams, in order.", func(s *pipeline.Sample) uint64 { return s.Extract.StreamBytes }),
	total("tcp_gaps_total", "Holes in the streams.", func(s *pipeline.Sample) uint64 { return s.Extract.TCP.Gaps }),
	total("tcp_missing_bytes_total", "Bytes in them: acknowledged, or sent past, and never seen.",
		func(s *pipeline.Sample) uint64 { return s.Extract.TCP.LostBytes }),
	total("tls_calls_total", "Calls in TLS that was decrypted.", func(s *pipeline.Sample) uint64 { return s.Extract.TLSCalls }),
	total("opaque_bytes_total", "Bytes of streams that could not be read: TLS without keys, other protocols.",
		func(s *pipeline.Sample) uint64 {
			return s.Extract.OpaqueBytes + s.Extract.TLS.OpaqueBytes
		}),
	total("http_requests_total", "Requests, by their heads.", func(s *pipeline.Sample) uint64 { return s.Extract.HTTP.Requests }),
	total("http_responses_total", "Final responses, by their heads.", func(s *pipeline.Sample) uint64 { return s.Extract.HTTP.Responses }),
	total("http_exchanges_total", "Exchanges that are over, those without a request or a response too.",
		func(s *pipeline.Sample) uint64 { return s.Extract.HTTP.Exchanges }),
	total("http2_connections_total", "Connections in HTTP/2.", func(s *pipeline.Sample) uint64 { return s.Extract.HTTP2 }),
	total("mllp_messages_total", "HL7 v2 messages over MLLP.", func(s *pipeline.Sample) uint64 { return s.Extract.HL7.Messages }),
	total("judged_calls_total", "Calls that the detectors have judged.", func(s *pipeline.Sample) uint64 { return s.Detect.Calls }),
	total("signals_total", "What detectors have said, before it is made incidents.",
		func(s *pipeline.Sample) uint64 { return s.Alert.Signals }),
	total("silenced_signals_total", "Of them, those on the allow-list.", func(s *pipeline.Sample) uint64 { return s.Alert.Silenced }),
}

// inputMetrics is what connections count by the interface that their packets came by.
var inputMetrics = [...]metric[tcp.InputStats]{
	total("interface_connections_total", "Connections that began, by the interface of their first packet.",
		func(i *tcp.InputStats) uint64 { return i.Opened }, "interface"),
	total("interface_one_sided_connections_total", "Connections of which only the direction that came by this interface is captured.",
		func(i *tcp.InputStats) uint64 { return i.OneSided }, "interface"),
	total("interface_duplicate_segments_total", "Segments that are one packet captured again, by the later copy.",
		func(i *tcp.InputStats) uint64 { return i.Duplicates }, "interface"),
	total("interface_gaps_total", "Holes in the streams that came by this interface.",
		func(i *tcp.InputStats) uint64 { return i.Gaps }, "interface"),
	total("interface_missing_bytes_total", "Bytes in them: acknowledged, or sent past, and never seen.",
		func(i *tcp.InputStats) uint64 { return i.LostBytes }, "interface"),
}

// inputs are the names of the interfaces, in the order in which connections count by them; the last is of all beyond.
func (w *watch) inputs() (names []string) {
	for n, i := range w.src.Stats().Interfaces {
		if n == tcp.MaxInputs {
			names[n-1] = "other"
			break
		}
		names = append(names, i.Name)
	}
	return names
}

// table is one of the tables that the configuration bounds.
type table struct {
	name  string
	fill  func(*pipeline.Sample) uint64
	limit func(*pipeline.Config) int
}

var tables = [...]table{
	{"connections",
		func(s *pipeline.Sample) uint64 { return s.Extract.Conns }, func(c *pipeline.Config) int { return c.Extract.TCP.MaxConns * pipeline.Partitions }},
	{"principals",
		func(s *pipeline.Sample) uint64 { return s.Detect.Principals }, func(c *pipeline.Config) int { return c.Detectors.Principals }},
	{"endpoints",
		func(s *pipeline.Sample) uint64 { return s.Detect.Endpoints }, func(c *pipeline.Config) int { return c.Detectors.Endpoints }},
	{"id_spaces", func(s *pipeline.Sample) uint64 { return s.Detect.Spaces }, func(c *pipeline.Config) int { return c.Detectors.Spaces }},
	{"id_forms", func(s *pipeline.Sample) uint64 { return s.Detect.Forms }, func(c *pipeline.Config) int { return c.Detectors.Forms }},
	{"number_ranges",
		func(s *pipeline.Sample) uint64 { return s.Detect.Blocks }, func(c *pipeline.Config) int { return c.Detectors.Blocks }},
	{"visited_patients",
		func(s *pipeline.Sample) uint64 { return s.Detect.RememberedVisits }, func(c *pipeline.Config) int { return c.Detectors.Objects }},
	{"ongoing_exchanges",
		func(s *pipeline.Sample) uint64 { return s.Detect.Ongoing }, func(c *pipeline.Config) int { return c.Detectors.Ongoing }},
	{"suspected_runs",
		func(s *pipeline.Sample) uint64 { return s.Detect.OpenRuns }, func(c *pipeline.Config) int { return c.Detectors.Runs }},
	{"incidents", func(s *pipeline.Sample) uint64 { return s.Open }, func(c *pipeline.Config) int { return c.Alert.MaxOpen }},
}

var (
	reasonDesc   = describe("decoded_packets_total", "Packets, by what they were decoded to.", "reason")
	incidentDesc = describe("incidents_total", "Incidents opened, by detector and severity.", "detector", "severity")
	fillDesc     = describe("table_entries", "What a table holds.", "table")
	limitDesc    = describe("table_limit", "What a table may hold.", "table")
)

// sampled gives the counters of the newest sample; zeros before there is one, so that every counter is there from the
// start.
func (w *watch) sampled(out chan<- prometheus.Metric, count func(*prometheus.Desc, uint64, ...string)) {
	s := w.sample()
	for i := range stageMetrics {
		stageMetrics[i].send(out, s)
	}
	for r := range packet.NumReasons {
		n := s.Extract.Reasons[r]
		if r == packet.OK {
			n = s.Extract.TCP.Segments
		}
		count(reasonDesc, n, r.String())
	}
	for n, name := range w.inputs() {
		for i := range inputMetrics {
			inputMetrics[i].send(out, &s.Extract.TCP.Inputs[n], name)
		}
	}
	for _, l := range s.Ledger() {
		count(lostDesc, l.Count, "", l.Cause, l.Unit)
	}
	for _, f := range s.Findings {
		count(incidentDesc, f.Count, f.Detector, strings.ToLower(f.Severity.String()))
	}
	for i := range tables {
		t := &tables[i]
		out <- prometheus.MustNewConstMetric(fillDesc, prometheus.GaugeValue, float64(t.fill(s)), t.name)
		out <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, float64(t.limit(w.cfg)), t.name)
	}
}

// sample is the newest sample of the pipeline.
func (w *watch) sample() *pipeline.Sample {
	if s := w.prog.Sample(); s != nil {
		return s
	}
	return &pipeline.Sample{}
}
