package pipeline_test

import (
	"context"
	"slices"
	"testing"

	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// rushed is a source whose time runs a hundred thousand times slower: many calls come in each step of the grid.
type rushed struct{ pipeline.Source }

type rushedLane struct {
	pipeline.Lane
	first clock.Time
}

func (s rushed) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	lanes, err := s.Source.Open(ctx, workers)
	for i := range lanes {
		lanes[i] = &rushedLane{Lane: lanes[i]}
	}
	return lanes, err
}

func (l *rushedLane) Next() (packet.Raw, error) {
	raw, err := l.Lane.Next()
	if l.first == 0 {
		l.first = raw.Time
	}
	raw.Time = l.first + (raw.Time-l.first)/100_000
	return raw, err
}

// orders keeps the order of the calls, and in how many batches they came.
type orders struct {
	list    []call.Order
	batches int
}

func (o *orders) WriteCalls(batch []call.Call) error {
	o.batches++
	for i := range batch {
		o.list = append(o.list, batch[i].Order)
	}
	return nil
}

func (o *orders) Close() error { return nil }

// TestHandfuls: calls that are handed over within a step of the grid keep the one order, with any number of workers.
func TestHandfuls(t *testing.T) {
	var want []call.Order
	for _, workers := range []int{1, 2, 3, 8} {
		cfg := pipeline.Defaults()
		cfg.Workers = workers
		src := rushed{replay.New(replay.Defaults(), "../pcaps/ward-day/traffic.pcap")}
		o := &orders{}
		stats, err := pipeline.Run(context.Background(), cfg, src, pipeline.Output{Calls: o}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			want = o.list
			if steps := int((stats.Last-stats.First)/clock.Grid) + 2; o.batches < 2*steps || len(want) < 1000 {
				t.Errorf("%d calls in %d batches over %d steps of the grid", len(want), o.batches, steps)
			}
			if !slices.IsSortedFunc(want, call.Order.Compare) {
				t.Error("not in order")
			}
		}
		if !slices.Equal(o.list, want) {
			t.Errorf("%d workers: another order", workers)
		}
	}
}
