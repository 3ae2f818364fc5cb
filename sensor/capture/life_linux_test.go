package capture_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auscult/sensor/capture"
)

// said is what a log was told.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) has(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.b.String(), what)
}

func TestDownAndUp(t *testing.T) {
	veth(t, "rx0", "tx0")
	src := listen(t, small(), "rx0")
	var log said
	src.Log = zerolog.New(&log)
	p := start(t, src, 2)
	out, want := open(t, "tx0"), traffic(t)[:20]
	for _, f := range want[:10] {
		out.send(t, f)
	}
	run(t, "link", "set", "rx0", "down")
	until(t, "it is said to be down", func() bool { return log.has("the interface is down") && !src.Stats().Interfaces[0].Up })
	up(t, "rx0", "tx0")
	until(t, "it is said to be up", func() bool { return log.has("the interface is up") && src.Stats().Interfaces[0].Up })
	for _, f := range want[10:] {
		out.send(t, f)
	}
	for _, lane := range p.end() {
		same(t, lane, want)
	}
	if st := src.Stats().Interfaces[0]; st.Downs == 0 || st.Received != 20 || st.Dropped != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestRemovedAndThereAgain(t *testing.T) {
	veth(t, "rx0", "tx0")
	src := listen(t, small(), "rx0")
	var log said
	src.Log = zerolog.New(&log)
	p := start(t, src, 1)
	want := traffic(t)[:20]
	out := open(t, "tx0")
	for _, f := range want[:10] {
		out.send(t, f)
	}
	until(t, "they are counted", func() bool { return src.Stats().Interfaces[0].Packets == 10 })
	run(t, "link", "del", "rx0")
	until(t, "it is said to be gone", func() bool { return log.has("the interface was removed") })
	cable(t, "rx0", "tx0")
	until(t, "it is said to be back", func() bool { return log.has("the interface is up") })
	out = open(t, "tx0")
	for _, f := range want[10:] {
		out.send(t, f)
	}
	same(t, p.end()[0], want)
	if st := src.Stats().Interfaces[0]; st.Downs != 1 || !st.Up {
		t.Errorf("counted %+v", st)
	}
}

func TestRemovedEnds(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.Vanished = capture.End
	src := listen(t, cfg, "rx0")
	p := start(t, src, 1)
	run(t, "link", "del", "rx0")
	select {
	case err := <-p.ended:
		if err == io.EOF || err.Error() != "capture: interface rx0 was removed" {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("goes on without its interface")
	}
	p.stop()
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

// TestEndedAtOnce stops a source whose lanes nobody has read.
func TestEndedAtOnce(t *testing.T) {
	veth(t, "rx0", "tx0")
	src := listen(t, small(), "rx0")
	p := start(t, src, 3)
	p.end()
	if _, err := src.Open(t.Context(), 1); err == nil {
		t.Error("a line is read twice")
	}
}

// TestSlowLanes: lanes that take longer after the end than one waits for lanes nobody reads are given all the same.
func TestSlowLanes(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.InFlight, cfg.BatchPackets = 2, 32
	src := listen(t, cfg, "rx0")
	src.Abandon(time.Second)
	ctx, stop := context.WithCancel(t.Context())
	lanes, err := src.Open(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, want := open(t, "tx0"), traffic(t)
	for _, f := range want {
		out.send(t, f)
	}
	stop()
	n := 0
	for {
		raw, err := lanes[0].Next()
		if err != nil {
			break
		}
		if raw.Frame == nil {
			continue
		}
		if n++; n%cfg.BatchPackets == 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	if st := src.Stats().Interfaces[0]; n != len(want) || st.Unread != 0 || st.Packets != uint64(len(want)) {
		t.Errorf("%d packets of %d, counted %+v", n, len(want), st)
	}
}

// TestLanesNobodyReads ends all the same, and says what was left.
func TestLanesNobodyReads(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.InFlight, cfg.BatchPackets = 2, 16
	src := listen(t, cfg, "rx0")
	ctx, stop := context.WithCancel(t.Context())
	if _, err := src.Open(ctx, 2); err != nil {
		t.Fatal(err)
	}
	out := open(t, "tx0")
	want := traffic(t)
	for _, f := range want {
		out.send(t, f)
	}
	stop()
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	st := src.Stats().Interfaces[0]
	if st.Received != uint64(len(want)) || st.Unread == 0 || st.Packets+st.Unread != st.Received {
		t.Errorf("counted %+v", st)
	}
}
