package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// TestHealth counts 1,000 packets a second on two interfaces, of which one drops now and then.
func TestHealth(t *testing.T) {
	h := health{cfg: defaults().Health}
	stats := capture.Stats{Interfaces: []capture.InterfaceStats{{Name: "eth2"}, {Name: "eth3"}}}
	start := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	var seconds []int
	for second := range 2 * 3600 {
		for n := range stats.Interfaces {
			stats.Interfaces[n].Received += 1000
		}
		lossy := &stats.Interfaces[1]
		switch {
		case second < 600 && second%60 == 59:
			lossy.Dropped += 60 // 0.1 % of every minute: not above it
		case second == 700:
			lossy.Dropped, lossy.Freezes = lossy.Dropped+200, lossy.Freezes+3
		case second > 1000 && second < 1100:
			lossy.Dropped += 500 // within the hour: said already
		case second == 6000:
			lossy.Dropped += 61
		}
		now := start.Add(time.Duration(second) * time.Second)
		for _, a := range h.look(&stats, clock.Time(now.UnixNano()), now) {
			seconds = append(seconds, second)
			if second != 700 {
				continue
			}
			if s := a.Signal; s.Title != "The sensor lost 0.33 % of the packets of eth3 within a minute" ||
				!strings.HasPrefix(s.Observed, "200 of 60,000 packets dropped, the ring full 3 times; do not rely on ") {
				t.Errorf("%q, %q", s.Title, s.Observed)
			}
		}
	}
	if len(seconds) != 2 || seconds[0] != 700 || seconds[1] != 6000 {
		t.Errorf("told at the seconds %v, want 700 and 6000", seconds)
	}
	var r report
	h.amend(&r)
	if r.Alerts != 2 || r.incidents() != 2 {
		t.Errorf("the report: %+v", r)
	}
}

// TestHealthIsWritten sends a finding aside through sinks that the pipeline has, and not after it closed them.
func TestHealthIsWritten(t *testing.T) {
	keys, err := pseudonym.FromKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	out := pipeline.Output{Alerts: []pipeline.Sink{sink.NewLines(&file, "alerts", &pseudonym.Names{Keys: keys}, ocsf.Meta{})}}
	src := &counts{capture.Stats{Interfaces: []capture.InterfaceStats{{Name: "eth2", Up: true, Received: 1000, Dropped: 2}}}}
	w := &watch{src: src, lanes: &metered{}, sinks: tallied(&out)}
	h := health{cfg: defaults().Health}
	over, end := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { w.watchHealth(over, &h); close(ended) }()
	for limit := time.Now().Add(20 * time.Second); w.sinks.alerts(2) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("nothing was said")
		}
	}
	end()
	<-ended
	out.Alerts[0].Close()
	w.sinks.aside(t.Context(), h.look(&src.of, 0, time.Now().Add(2*time.Hour)))
	var finding struct {
		Severity int `json:"severity_id"`
		Info     struct {
			Title    string
			Analytic struct{ UID string }
		} `json:"finding_info"`
	}
	if err := json.Unmarshal(file.Bytes(), &finding); err != nil { // two lines would be an error
		t.Fatalf("%v in %s", err, file.String())
	}
	if finding.Severity != 2 || finding.Info.Analytic.UID != "sensor_health" || !strings.Contains(finding.Info.Title, "0.2 % of the packets of eth2") {
		t.Errorf("found %+v", finding)
	}
}
