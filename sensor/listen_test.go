package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

// counts is a source that has only counters.
type counts struct{ of capture.Stats }

func (c *counts) Stats() capture.Stats { return c.of }

// broken is a sink that fails, or not.
type broken struct{ err error }

func (b *broken) Write(context.Context, []alert.Alert) error { return b.err }
func (b *broken) Close() error                               { return nil }

// stills is a source of lanes that give the same packets.
type stills []packet.Raw

func (s stills) Open(_ context.Context, workers int) ([]pipeline.Lane, error) {
	lanes := make([]pipeline.Lane, workers)
	for i := range lanes {
		lanes[i] = &still{s}
	}
	return lanes, nil
}

type still struct{ left stills }

func (s *still) Next() (packet.Raw, error) {
	if len(s.left) == 0 {
		return packet.Raw{}, io.EOF
	}
	r := s.left[0]
	s.left = s.left[1:]
	return r, nil
}

// watching is a watch over a source of one interface with two workers, and its server.
func watching(t *testing.T, packets ...packet.Raw) (*watch, *counts, []pipeline.Lane, *httptest.Server) {
	t.Helper()
	src := &counts{capture.Stats{Interfaces: []capture.InterfaceStats{{Name: "eth2", Up: true, Received: 9, Dropped: 2, Freezes: 1, Packets: 7, Bytes: 700, Giant: 3, Blocks: 64, Waiting: 16}}, Held: 4}}
	cfg := pipeline.Defaults()
	w := &watch{src: src, lanes: &metered{Source: stills(packets)}, cfg: &cfg}
	lanes, err := w.lanes.Open(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(listening{Requests: 2}, w))
	t.Cleanup(server.Close)
	return w, src, lanes, server
}

func get(t *testing.T, server *httptest.Server, page string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(server.URL + page)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestMetrics(t *testing.T) {
	w, _, _, server := watching(t)
	w.begin()
	out := pipeline.Output{Alerts: []pipeline.Sink{&broken{}, &broken{errors.New("full")}}}
	w.sinks = tallied(&out)
	two := []alert.Alert{{Signal: detectors.Signal{Severity: detectors.High}}, {Signal: detectors.Signal{Severity: detectors.Low}}}
	out.Alerts[0].Write(t.Context(), two)
	out.Alerts[1].Write(t.Context(), two)
	out.Alerts[0].Write(t.Context(), two[:1])
	w.prog.Packets.Store(7)
	w.prog.Calls.Store(5)
	status, body := get(t, server, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, want := range []string{
		`auscult_capture_received_packets_total{interface="eth2"} 9`,
		`auscult_capture_packets_total{interface="eth2"} 7`,
		`auscult_capture_bytes_total{interface="eth2"} 700`,
		`auscult_capture_dropped_packets_total{interface="eth2"} 2`,
		`auscult_capture_freezes_total{interface="eth2"} 1`,
		`auscult_capture_up{interface="eth2"} 1`,
		`auscult_lost_total{cause="giant",interface="eth2",unit="packets"} 3`,
		`auscult_lost_total{cause="time_held",interface="",unit="packets"} 4`,
		"auscult_packets_total 7", "auscult_calls_total 5",
		`auscult_alerts_total{severity="high"} 2`, `auscult_alerts_total{severity="low"} 1`, `auscult_alerts_total{severity="critical"} 0`,
		"auscult_lag_seconds 0", "auscult_ready 0", "go_memstats_heap_alloc_bytes ",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

// taker is an outbox with one target, a file.
func taker(t *testing.T) *sink.Outbox {
	t.Helper()
	dir := t.TempDir()
	key, err := pseudonym.LoadOrCreate(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := outbox.Defaults()
	cfg.Dir = filepath.Join(dir, "outbox")
	o, err := sink.OpenOutbox(cfg, &pseudonym.Names{Keys: key}, ocsf.Meta{Sensor: "s"}, false, func(string) {}, sink.NewFollow(sink.FollowConfig{Path: filepath.Join(dir, "alerts")}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// TestStageMetrics reads the counters of a whole run.
func TestStageMetrics(t *testing.T) {
	w, _, _, server := watching(t)
	_, before := get(t, server, "/metrics")
	w.cfg.Sample = time.Second
	w.outbox = taker(t)
	out := pipeline.Output{Alerts: []pipeline.Sink{w.outbox}}
	stats, err := pipeline.Run(t.Context(), *w.cfg, replay.New(replay.Defaults(), walk), out, &w.prog)
	if err != nil {
		t.Fatal(err)
	}
	_, body := get(t, server, "/metrics")
	for _, want := range []string{
		fmt.Sprint("auscult_packets_total ", stats.Packets), fmt.Sprint("auscult_calls_total ", stats.Calls),
		`auscult_capture_ring_blocks{interface="eth2"} 64`, `auscult_capture_ring_blocks_waiting{interface="eth2"} 16`,
		`auscult_lost_total{cause="tcp: missing from the capture",interface="",unit="bytes"} 0`,
		`auscult_decoded_packets_total{reason="ok"} `, `auscult_decoded_packets_total{reason="not_tcp"} `,
		`auscult_incidents_total{detector="sequential_enumeration",severity="`, "auscult_tcp_segments_total ", "auscult_http_exchanges_total ",
		`auscult_table_entries{table="principals"} `, `auscult_table_limit{table="connections"} 1.048576e+06`,
		fmt.Sprint("auscult_outbox_appended_alerts_total ", stats.Alerts), `auscult_outbox_shed_alerts_total{kind="opening",reason="age"} 0`,
		`auscult_delivery_errors_total{cause="other",sink="file"} 0`, `auscult_delivery_failing{sink="file"} 0`,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	series := func(text string) (n int) {
		help := map[string]bool{}
		for line := range strings.Lines(text) {
			if name, ok := strings.CutPrefix(line, "# HELP auscult_"); ok {
				name, text, _ := strings.Cut(name, " ")
				help[name] = strings.TrimSpace(text) != ""
			} else if name, ok := strings.CutPrefix(line, "auscult_"); ok {
				if n++; !help[name[:strings.IndexAny(name, "{ ")]] {
					t.Errorf("no help for %s", line)
				}
			}
		}
		return n
	}
	if a, b := series(before), series(body); a < 150 || b < a || b > 250 {
		t.Errorf("%d series, %d before the first sample", b, a)
	}
	text, err := w.text()
	if err != nil || !strings.Contains(string(text), fmt.Sprint("\nauscult_packets_total ", stats.Packets, "\n")) || strings.Contains(string(text), " 0\n") ||
		!strings.Contains(string(text), "auscult_lost_total{cause=\"time_held\",unit=\"packets\"} 4\n") {
		t.Errorf("%v, in text:\n%s", err, text)
	}
	p := w.point()
	if line := p.live.line(p); !strings.Contains(line, "  ring 25 %  heap ") || !strings.Contains(line, " principals  missing 0 %") {
		t.Errorf("in a line: %s", line)
	}
}

func TestReady(t *testing.T) {
	w, src, _, server := watching(t)
	sink := &broken{}
	out := pipeline.Output{Alerts: []pipeline.Sink{sink}}
	w.sinks = tallied(&out)
	is := func(status int, body string) {
		t.Helper()
		if s, b := get(t, server, "/readyz"); s != status || b != body+"\n" {
			t.Errorf("status %d, %q; want %d, %q", s, b, status, body)
		}
	}
	is(503, "starting")
	w.begin()
	is(200, "ready")
	src.of.Interfaces[0].Up = false
	is(503, "interface eth2 is down")
	src.of.Interfaces[0].Up = true
	sink.err = errors.New("no space left")
	out.Alerts[0].Write(t.Context(), nil)
	is(503, "an output has failed")
	w.end()
	is(503, "ending")
}

func TestAlive(t *testing.T) {
	start := clock.Time(time.Now().Add(-time.Minute).UnixNano()).Floor()
	w, _, lanes, server := watching(t, packet.Raw{Time: start}, packet.Raw{Time: start + clock.Grid/2}, packet.Raw{Time: start + clock.Grid})
	is := func(status int) {
		t.Helper()
		if s, b := get(t, server, "/healthz"); s != status {
			t.Errorf("status %d, want %d: %s", s, status, b)
		}
	}
	old := func() { // as if the last move were long ago
		w.mu.Lock()
		w.moved = time.Now().Add(-2 * stalled)
		w.mu.Unlock()
	}
	is(200) // while it starts, nothing need move
	w.begin()
	is(200)
	old()
	is(503)
	lanes[0].Next()
	is(503) // one lane is not the pipeline
	lanes[1].Next()
	is(200)
	if lag := w.lag(); lag < time.Minute-time.Second || lag > 2*time.Minute {
		t.Errorf("lag %v of packets a minute old", lag)
	}
	old()
	lanes[0].Next()
	lanes[1].Next()
	is(503) // within a step of the grid nothing is told
	lanes[0].Next()
	lanes[1].Next()
	is(200)
	old()
	w.prog.Packets.Add(1)
	is(200)
}

// TestMeteredLaneAllocs: it stands in every packet's way.
func TestMeteredLaneAllocs(t *testing.T) {
	var packets stills
	for i := range 2001 {
		packets = append(packets, packet.Raw{Time: clock.Time(i) * clock.Grid / 3})
	}
	m := &metered{Source: packets}
	lanes, err := m.Open(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { lanes[0].Next() }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if m.at() == 0 {
		t.Error("no time was told")
	}
}
