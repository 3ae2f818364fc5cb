package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/packet"
)

// held is a source of packets that are in memory: what a run costs without disk and file formats.
type held struct {
	packets []packet.Raw
	bytes   int64
}

// hold reads a capture into memory.
func hold(t testing.TB, path string) *held {
	t.Helper()
	lanes, err := replay.New(replay.Defaults(), path).Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	h := &held{}
	for {
		raw, err := lanes[0].Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		raw.Frame = bytes.Clone(raw.Frame)
		h.packets = append(h.packets, raw)
		h.bytes += int64(len(raw.Frame))
	}
	if len(h.packets) == 0 {
		t.Fatalf("no packets in %s", path)
	}
	return h
}

func (h *held) Open(_ context.Context, workers int) ([]pipeline.Lane, error) {
	lanes := make([]pipeline.Lane, workers)
	for i := range lanes {
		lanes[i] = &heldLane{h.packets}
	}
	return lanes, nil
}

type heldLane struct{ rest []packet.Raw }

func (l *heldLane) Next() (packet.Raw, error) {
	if len(l.rest) == 0 {
		return packet.Raw{}, io.EOF
	}
	raw := l.rest[0]
	l.rest = l.rest[1:]
	return raw, nil
}

// BenchmarkRun takes a ward's day from packets to alerts. Setting up and taking down are in it, a fixed cost of
// each run.
func BenchmarkRun(b *testing.B) {
	h := hold(b, "../pcaps/ward-day/traffic.pcap")
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			cfg := pipeline.Defaults()
			cfg.Workers = workers
			var calls uint64
			b.SetBytes(h.bytes)
			b.ReportAllocs()
			for b.Loop() {
				stats, err := pipeline.Run(context.Background(), cfg, h, pipeline.Output{}, nil)
				if err != nil {
					b.Fatal(err)
				}
				calls += stats.Calls
			}
			s := b.Elapsed().Seconds()
			b.ReportMetric(float64(h.bytes)*8*float64(b.N)/1e6/s, "Mbit/s")
			b.ReportMetric(float64(calls)/s, "calls/s")
		})
	}
}
