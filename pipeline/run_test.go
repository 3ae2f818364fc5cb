package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/replay"
	"auscult/sensor/call"
)

const capture = "../pcaps/sequential-walk/traffic.pcap"

// memory is a sink that keeps what it gets, and fails from the n-th batch on when n > 0.
type memory struct {
	n, batches int
	uids       []string
	closed     int
}

var errFull = errors.New("disk full")

func (m *memory) Write(_ context.Context, batch []alert.Alert) error {
	if m.batches++; m.n > 0 && m.batches >= m.n {
		return errFull
	}
	for i := range batch {
		m.uids = append(m.uids, batch[i].UID)
	}
	return nil
}

func (m *memory) Close() error { m.closed++; return nil }

func TestFailingSinkIsLeftOut(t *testing.T) {
	good, bad := &memory{}, &memory{n: 1}
	stats, err := pipeline.Run(context.Background(), pipeline.Defaults(), replay.New(replay.Defaults(), capture),
		pipeline.Output{Alerts: []pipeline.Sink{bad, good}}, nil)
	if !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
	if len(good.uids) == 0 || uint64(len(good.uids)) != stats.Alerts {
		t.Errorf("the other sink got %d of %d alerts", len(good.uids), stats.Alerts)
	}
	if bad.closed != 1 || good.closed != 1 {
		t.Errorf("closed %d and %d times, want once each", bad.closed, good.closed)
	}
}

func TestNoSinkLeftEndsTheRun(t *testing.T) {
	bad := &memory{n: 1}
	_, err := pipeline.Run(context.Background(), pipeline.Defaults(), replay.New(replay.Defaults(), capture),
		pipeline.Output{Alerts: []pipeline.Sink{bad}}, nil)
	if !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
}

// failingCalls is a call log that fails.
type failingCalls struct{ closed int }

func (f *failingCalls) WriteCalls([]call.Call) error { return errFull }
func (f *failingCalls) Close() error                 { f.closed++; return nil }

func TestFailingCallLogKeepsAlerts(t *testing.T) {
	good, calls := &memory{}, &failingCalls{}
	stats, err := pipeline.Run(context.Background(), pipeline.Defaults(), replay.New(replay.Defaults(), capture),
		pipeline.Output{Alerts: []pipeline.Sink{good}, Calls: calls}, nil)
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "call log") {
		t.Errorf("error %v, want one that names the call log", err)
	}
	if uint64(len(good.uids)) != stats.Alerts || calls.closed != 1 {
		t.Errorf("%d of %d alerts, call log closed %d times", len(good.uids), stats.Alerts, calls.closed)
	}
}

// TestCancelDrains cancels a run before and in the middle: it ends, and leaves no goroutine behind.
func TestCancelDrains(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, delay := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(delay, cancel)
		sink := &memory{}
		stats, err := pipeline.Run(ctx, pipeline.Defaults(), replay.New(replay.Defaults(), capture),
			pipeline.Output{Alerts: []pipeline.Sink{sink}}, nil)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v", delay, err)
		}
		if uint64(len(sink.uids)) != stats.Alerts || sink.closed != 1 {
			t.Errorf("after %v: %d of %d alerts written, closed %d times", delay, len(sink.uids), stats.Alerts, sink.closed)
		}
		cancel()
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestProgressCountsAll(t *testing.T) {
	for _, workers := range []int{1, 3} {
		var prog pipeline.Progress
		cfg := pipeline.Defaults()
		cfg.Workers = workers
		stats, err := pipeline.Run(context.Background(), cfg, replay.New(replay.Defaults(), capture), pipeline.Output{}, &prog)
		if err != nil {
			t.Fatal(err)
		}
		if prog.Packets.Load() != stats.Packets || prog.Bytes.Load() != stats.Bytes || prog.Calls.Load() != stats.Calls {
			t.Errorf("%d workers: progress says %d packets, %d bytes, %d calls; the end %d, %d, %d", workers,
				prog.Packets.Load(), prog.Bytes.Load(), prog.Calls.Load(), stats.Packets, stats.Bytes, stats.Calls)
		}
	}
}

func TestConfigNamesTheField(t *testing.T) {
	cfg := pipeline.Defaults()
	cfg.Workers = 65
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "workers: 65") {
		t.Errorf("workers 65: %v", err)
	}
	cfg = pipeline.Defaults()
	cfg.Extract.Scanners = 0
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "extract.scanners: 0") {
		t.Errorf("scanners 0: %v", err)
	}
	cfg = pipeline.Defaults()
	cfg.Extract.TCP.MaxConns = 0
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "max_conns") {
		t.Errorf("max_conns 0: %v", err)
	}
	cfg = pipeline.Defaults()
	cfg.Sample = 150 * time.Millisecond
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "sample: 150ms") {
		t.Errorf("sample 150ms: %v", err)
	}
	if err := pipeline.Defaults().Validate(); err != nil {
		t.Error(err)
	}
}
