package main

import (
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How long and how fast TestSoak is: go test ./sensor -run TestSoak -soak 30m -soak-rate 50000 -timeout 40m
var (
	soakTime = flag.Duration("soak", 4*time.Second, "how long TestSoak runs")
	soakRate = flag.Float64("soak-rate", 5000, "packets a second that TestSoak sends; none of them may be lost")
)

// Memory, and the machine's own speed, are judged in a run of that length or more: by then the tables are full, which
// are small here.
const soakJudged = time.Minute

// Of what the last quarter of the run may take more than the third: pauses of the collector, not a leak.
const (
	soakShare = 0.10
	soakSlack = 8 << 20
)

// soaked is what the program tells of itself at one moment.
type soaked map[string]float64

// soakedNow reads all of /metrics.
func soakedNow(t *testing.T) soaked {
	t.Helper()
	s := soaked{}
	for line := range strings.Lines(metricsPage(t)) {
		i := strings.LastIndexByte(line, ' ')
		if x, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64); err == nil && line[0] != '#' {
			s[line[:i]] = x
		}
	}
	return s
}

// most and least are the extremes of a value in a stretch of the run.
func most(name string, run []soaked) (x float64) {
	for _, s := range run {
		x = max(x, s[name])
	}
	return x
}

func least(name string, run []soaked) float64 {
	x := run[0][name]
	for _, s := range run {
		x = min(x, s[name])
	}
	return x
}

// TestSoak runs the program on a line of its own, on which new users read other patients over new connections all the
// time: nothing may be lost, and nothing may grow.
func TestSoak(t *testing.T) {
	if at, ok := t.Deadline(); ok && time.Until(at) < *soakTime+time.Minute {
		t.Fatalf("a run of %v needs -timeout %v", *soakTime, *soakTime+10*time.Minute)
	}
	last, rate := *soakTime, *soakRate
	if os.Getenv(inNetwork) != "" { // the run in a network of its own is told so
		last, _ = time.ParseDuration(os.Getenv("TEST_SOAK"))
		rate, _ = strconv.ParseFloat(os.Getenv("TEST_SOAK_RATE"), 64)
	}
	t.Setenv("TEST_SOAK", last.String())
	t.Setenv("TEST_SOAK_RATE", strconv.FormatFloat(rate, 'f', -1, 64))
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	live := exec.Command(at("auscult"), "live", "-i", "rx0", "--key", at("key"), "--listen", served, "--user", "")
	live.Env = append(os.Environ(), "AUSCULT_EXTRACT_TCP_LINGER=1s", "AUSCULT_DETECTORS_PRINCIPALS=1000", "AUSCULT_DETECTORS_OBJECTS=10000",
		"AUSCULT_DETECTORS_TOKENS=4096", "AUSCULT_ALERT_MAX_OPEN=100", "AUSCULT_MEMORY_GC_PERCENT=50")
	if last < soakJudged {
		// The test of a machine that has no time: blocks for many seconds in which it reads nothing.
		live.Env = append(live.Env, "AUSCULT_CAPTURE_SNAP_LENGTH=65536", "AUSCULT_CAPTURE_BLOCK_BYTES=131072", "AUSCULT_CAPTURE_RING_BYTES=134217728")
	}
	var stdout, stderr said
	live.Stdout, live.Stderr = &stdout, &stderr
	start(t, live, &stderr)
	until(t, "it listens", func() bool {
		answer, err := http.Get("http://" + served + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})

	traffic, err := newSoakTraffic("tx0")
	if err != nil {
		t.Fatal(err)
	}
	var run []soaked
	sent := make(chan error, 1)
	begun := time.Now()
	var took time.Duration
	go func() {
		err := traffic.run(rate, last)
		took = time.Since(begun)
		sent <- err
	}()
	for look := time.NewTicker(max(time.Second/2, last/500)); len(run) < 8 || len(sent) == 0; <-look.C {
		run = append(run, soakedNow(t))
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= int(traffic.packets) })
	until(t, "all calls are told", func() bool { return scraped(t, "auscult_calls_total") >= int(traffic.calls) })
	end := soakedNow(t)

	if got := float64(traffic.packets) / took.Seconds(); last >= soakJudged && got < 0.8*rate {
		t.Errorf("sent %.0f packets a second of %.0f: this machine makes no more", got, rate)
	}
	for name, want := range map[string]uint64{
		`auscult_capture_packets_total{interface="rx0"}`: traffic.packets, "auscult_calls_total": traffic.calls,
		`auscult_capture_dropped_packets_total{interface="rx0"}`: 0, "auscult_tcp_missing_bytes_total": 0,
		`auscult_lost_total{cause="http: without a response",interface="",unit="requests"}`: 0,
	} {
		if got, ok := end[name]; !ok || got != float64(want) {
			t.Errorf("%s is %v, want %d", name, got, want)
		}
	}
	third, fourth := run[len(run)/2:len(run)*3/4], run[len(run)*3/4:]
	if len(third) == 0 {
		t.Fatalf("looked at %d times", len(run))
	}
	for name, slack := range map[string]float64{"go_goroutines": 4, "process_open_fds": 4} {
		if a, b := most(name, third), most(name, fourth); b > a+slack || a == 0 {
			t.Errorf("%s grew from %v to %v", name, a, b)
		}
	}
	// What the heap takes falls at each collection: its least is what is in use.
	for name, of := range map[string]func(string, []soaked) float64{"go_memstats_heap_alloc_bytes": least, "process_resident_memory_bytes": most} {
		a, b := of(name, third), of(name, fourth)
		t.Logf("%s: %.1f MB, then %.1f MB", name, a/1e6, b/1e6)
		if last >= soakJudged && b > a*(1+soakShare)+soakSlack {
			t.Errorf("%s grew from %.0f to %.0f", name, a, b)
		}
	}
	live.Process.Signal(os.Interrupt)
	live.Wait()
	if got := live.ProcessState.ExitCode(); got != 130 {
		t.Errorf("ended with status %d", got)
	}
	t.Logf("%d packets, %d calls in %v; %d looks", traffic.packets, traffic.calls, last, len(run))
}
