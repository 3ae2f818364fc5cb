package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	proto "github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
)

var healthStart = clock.Time(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).UnixNano())

// course runs h over seconds of packet time, of which each passes as much and what second does to it beside, and returns
// what was said, by the second.
func course(h *health, seconds int, second func(n int, s *pipeline.Sample)) map[int]string {
	said := map[int]string{}
	var s pipeline.Sample
	for n := range seconds {
		s.Time = healthStart.Add(time.Duration(n) * time.Second)
		s.Extract.Packets += 1000
		s.Extract.StreamBytes += 100_000
		s.Extract.TCP.Opened += 10
		second(n, &s)
		for _, a := range h.Watch(nil, &s) {
			said[n] += activity(a)
		}
	}
	for _, a := range h.Close(nil, s.Time) {
		said[seconds] += activity(a)
	}
	return said
}

func activity(a alert.Alert) string {
	return fmt.Sprintf("%s%d %s; ", [...]string{"", "create", "update", "close"}[a.Activity], a.Sequence, a.Signal.Title)
}

func (h *health) expect(t *testing.T, seconds int, second func(n int, s *pipeline.Sample), want map[int]string) {
	t.Helper()
	got := course(h, seconds, second)
	for n, text := range want {
		if !strings.HasPrefix(got[n], text) {
			t.Errorf("second %d: said %q, want %q", n, got[n], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("said %v, want %v", got, want)
	}
}

func TestHealthOfConnections(t *testing.T) {
	h := &health{cfg: healthDefaults()}
	h.expect(t, 3600, func(n int, s *pipeline.Sample) {
		lost := &s.Extract.TCP.LostBytes
		switch {
		case n < 600:
			*lost += 1000 // just under 1 %
		case n == 630:
			*lost += 300_000
		case n == 700:
			s.Extract.CutBytes += 400_000 // by the snap length: known, and no fault of the mirror
			*lost += 400_000
		case n >= 900 && n < 1000: // worse, while it is open
			*lost += 100_000
		case n >= 2000 && n < 2060:
			s.Extract.TCP.OneSided += 5
		}
	}, map[int]string{
		630:  "create1 5.2 % of the bytes that passed within 1 min were not seen",
		920:  "update2 ",
		1650: "close3 50 % of the bytes that passed within 1 min were not seen", // amiss until 1050
		2030: "create1 Only one direction was seen of 26 % of the connections that began within 1 min",
		2690: "close2 Only one direction was seen of 49 % of the connections",
	})

	h = &health{cfg: healthDefaults()}
	h.expect(t, 600, func(n int, s *pipeline.Sample) { // too little to tell
		s.Extract.StreamBytes -= 99_000
		s.Extract.TCP.LostBytes += 1000
		s.Extract.TCP.Opened -= 10
		s.Extract.TCP.OneSided += uint64(n) % 2
	}, map[int]string{})

	h = &health{cfg: healthDefaults()}
	h.expect(t, 600, func(n int, s *pipeline.Sample) {
		if s.Extract.TCP.LostBytes += 50_000; n >= 100 { // nobody talks any more: nothing is told that a recording does not show
			s.Extract.Packets, s.Extract.StreamBytes, s.Extract.TCP.LostBytes, s.Extract.TCP.Opened = 100_000, 10_000_000, 5_000_000, 1000
		}
	}, map[int]string{10: "create1 33 % of the bytes", 50: "update2 ", 600: "close3 "})
}

func TestHealthOfInterfaces(t *testing.T) {
	links := []capture.InterfaceStats{{Name: "eth2", Up: true}, {Name: "eth3", Up: true}}
	h := &health{cfg: healthDefaults(), links: func() []capture.InterfaceStats { return links }}
	h.expect(t, 7200, func(n int, _ *pipeline.Sample) {
		lossy := &links[1]
		links[0].Received += 1000
		lossy.Received += 1000
		switch {
		case n < 600 && n%60 == 59:
			lossy.Dropped += 60 // 0.1 % of every minute: not above it
		case n == 700:
			lossy.Dropped, lossy.Freezes = lossy.Dropped+200, lossy.Freezes+3
		case n > 1000 && n < 1100:
			lossy.Dropped += 5
		case n > 4000 && n < 5000:
			links[0].Received -= 1000
			links[0].Up = n < 4800
		case n == 5000:
			links[0].Up = true
		}
	}, map[int]string{
		700:  "create1 The sensor lost 0.33 % of the packets of eth3 within 1 min",
		1740: "close2 ", // amiss until 1140
		4600: "create1 Nothing has come from eth2 for 10 min",
		5590: "close2 Nothing has come from eth2 for 16 min 30 s",
	})
	again := &health{cfg: h.cfg, links: func() []capture.InterfaceStats {
		return []capture.InterfaceStats{{Name: "eth2", Received: 60_000, Dropped: 200, Freezes: 3}}
	}}
	a := again.Watch(nil, &pipeline.Sample{Time: healthStart})
	if len(a) != 1 || !strings.HasPrefix(a[0].Signal.Observed, "200 of 60,000 packets dropped, the ring full 3 times; do not rely on ") {
		t.Errorf("said %+v", a)
	}
}

func TestHealthConfig(t *testing.T) {
	if err := healthDefaults().Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*healthConfig){
		"dropped: 0 ":      func(c *healthConfig) { c.Dropped = 0 },
		"missing: 1.5 ":    func(c *healthConfig) { c.Missing = 1.5 },
		"one_sided: -1 ":   func(c *healthConfig) { c.OneSided = -1 },
		"window: 1s ":      func(c *healthConfig) { c.Window = time.Second },
		"least_bytes: 0 ":  func(c *healthConfig) { c.LeastBytes = 0 },
		"least_flows: 0 ":  func(c *healthConfig) { c.LeastFlows = 0 },
		"silent: 1s ":      func(c *healthConfig) { c.Silent = time.Second },
		"healthy: 10s is ": func(c *healthConfig) { c.Healthy = 10 * time.Second },
	} {
		c := healthDefaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// lossy writes a capture without each n-th packet that carries data, and returns its name.
func lossy(t *testing.T, path string, n int) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := pcapgo.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "lossy.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := pcapgo.NewWriterNanos(out)
	if err := w.WriteFileHeader(1<<18, r.LinkType()); err != nil {
		t.Fatal(err)
	}
	for with := 0; ; {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return out.Name()
		}
		if err != nil {
			t.Fatal(err)
		}
		tcp, ok := gopacket.NewPacket(data, r.LinkType(), gopacket.NoCopy).TransportLayer().(*proto.TCP)
		if ok && len(tcp.Payload) > 0 {
			if with++; with%n == 0 {
				continue
			}
		}
		if err := w.WritePacket(info, data); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHealthOfCapture: a replay of a capture with holes says so, once, and the same with any number of workers.
func TestHealthOfCapture(t *testing.T) {
	holes := lossy(t, walk, 5)
	key := filepath.Join(t.TempDir(), "key")
	tell := func(path, workers string) (lines []string) {
		t.Helper()
		status, out, stderr := auscultWith(t, t.Context(), []string{"AUSCULT_HEALTH_LEAST_BYTES=1000"}, "", "replay", "--key", key, "--workers", workers, path)
		if status != statusDone {
			t.Fatalf("status %d: %s", status, stderr)
		}
		if said := strings.Contains(stderr, "1 sensor_health"); said != (path == holes) {
			t.Errorf("the summary of %s says\n%s", path, stderr)
		}
		for line := range strings.Lines(out) {
			var a struct {
				Activity int `json:"activity_id"`
				Severity int `json:"severity_id"`
				Info     struct {
					Title    string
					Analytic struct{ UID string }
				} `json:"finding_info"`
			}
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatal(err)
			}
			if a.Info.Analytic.UID == sensorHealth {
				lines = append(lines, fmt.Sprintf("%d %d %s", a.Activity, a.Severity, a.Info.Title))
			}
		}
		return lines
	}
	if whole := tell(walk, "2"); len(whole) > 0 {
		t.Errorf("of a whole capture: %q", whole)
	}
	one := tell(holes, "1")
	if len(one) < 2 || !strings.HasPrefix(one[0], "1 2 ") || !strings.HasSuffix(one[0], "were not seen") || !strings.HasPrefix(one[len(one)-1], "3 2 ") {
		t.Errorf("said %q", one)
	}
	for _, workers := range []string{"2", "3", "8"} {
		if got := tell(holes, workers); !slices.Equal(got, one) {
			t.Errorf("%s workers: %q, one: %q", workers, got, one)
		}
	}
}
