package pcaps

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pcaps/rewrap"
	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/packet"
)

// made is what tells one call of a capture from another: repeats count.
type made struct {
	client         packet.Endpoint
	method, target string
}

// tally is a CallSink that counts calls.
type tally map[made]int

func (c tally) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if b := &batch[i]; b.Kind == call.HTTP && !b.Running {
			c[made{b.Client, strings.Clone(b.Method), strings.Clone(b.Target)}]++
		}
	}
	return nil
}

func (c tally) Close() error { return nil }

func tallied(t *testing.T, path string) (tally, pipeline.Stats) {
	t.Helper()
	c := tally{}
	stats, err := pipeline.Run(context.Background(), pipeline.Defaults(), replay.New(replay.Defaults(), path), pipeline.Output{Calls: c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, stats
}

// TestLossIsEstimated removes packets at random, so that the truth is known, and holds the sensor's own estimate of
// the calls that it missed to within a point of it; that of the packets, which it can only tell by their bytes, to
// within two. With -v it prints the table of the README.
func TestLossIsEstimated(t *testing.T) {
	names := cases(t)
	if testing.Short() {
		names = []string{"sequential-walk", "nightly-etl"}
	}
	for _, share := range []float64{0.01, 0.05} {
		for _, name := range names {
			t.Run(fmt.Sprintf("%s/%g", name, share), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(name, "traffic.pcap")
				whole, _ := tallied(t, path)
				plain, err := rewrap.Read(path)
				if err != nil {
					t.Fatal(err)
				}
				for seed := range uint64(3) {
					left := rewrap.Drop(plain, share, seed)
					file := filepath.Join(t.TempDir(), "traffic.pcap")
					if err := left.Write(file); err != nil {
						t.Fatal(err)
					}
					got, stats := tallied(t, file)
					all, kept := 0, 0
					for k, n := range whole {
						all += n
						kept += min(n, got[k])
					}
					seen, gone := float64(kept)/float64(all), 1-float64(len(left))/float64(len(plain))
					t.Logf("| %s | %d | %.1f %% | %.2f %% | %.2f %% | %.2f %% |", name, all, 100*gone, 100*stats.Loss.Packets, 100*seen, 100*stats.Loss.Seen)
					if math.Abs(seen-stats.Loss.Seen) > 0.01 {
						t.Errorf("seed %d: %.2f %% of the calls are reported, and the ledger says %.2f %%", seed, 100*seen, 100*stats.Loss.Seen)
					}
					if math.Abs(gone-stats.Loss.Packets) > 0.02 {
						t.Errorf("seed %d: %.2f %% of the packets are gone, and the ledger says %.2f %%", seed, 100*gone, 100*stats.Loss.Packets)
					}
				}
			})
		}
	}
}

// TestNothingIsLost: what is whole is not called otherwise.
func TestNothingIsLost(t *testing.T) {
	for _, name := range cases(t) {
		if _, stats := tallied(t, filepath.Join(name, "traffic.pcap")); stats.Loss != (pipeline.Loss{Seen: 1}) {
			t.Errorf("%s: %+v", name, stats.Loss)
		}
	}
}
