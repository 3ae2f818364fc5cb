package pcaps

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auscult/pcaps/rewrap"
	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
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

// countable is the least number of calls in a case of whose loss a share is asked to the point: one call is less than
// half of that.
const countable = 240

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
				all := 0
				for _, n := range whole {
					all += n
				}
				if all < countable {
					return
				}
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
					kept := 0
					for k, n := range whole {
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

// TestLossIsEstimatedInside is TestLossIsEstimated for what travels in HTTP/2 and in TLS, where a packet that is
// gone takes more with it than its own bytes.
func TestLossIsEstimatedInside(t *testing.T) {
	names := []string{"sequential-walk", "nightly-etl", "ward-day"}
	if testing.Short() {
		names = names[:1]
	}
	for _, way := range []string{"h2c", "tls13"} {
		for _, share := range []float64{0.01, 0.05} {
			for _, name := range names {
				t.Run(fmt.Sprintf("%s/%s/%g", way, name, share), func(t *testing.T) {
					t.Parallel()
					plain, err := rewrap.Read(filepath.Join(name, "traffic.pcap"))
					if err != nil {
						t.Fatal(err)
					}
					secrets := tls.NewTable(1<<16, nil)
					if way == "h2c" {
						plain, err = rewrap.H2C(plain)
					} else {
						var keylog []byte
						plain, keylog, err = rewrap.TLS(plain, 0x0304)
						secrets.Add(keylog)
					}
					if err != nil {
						t.Fatal(err)
					}
					run := func(c rewrap.Capture) (tally, pipeline.Stats) {
						file := filepath.Join(t.TempDir(), "traffic.pcap")
						if err := c.Write(file); err != nil {
							t.Fatal(err)
						}
						calls, cfg := tally{}, pipeline.Defaults()
						cfg.Workers, cfg.Extract.Secrets, cfg.Extract.TCP.Idle = 1, secrets, 24*time.Hour
						stats, err := pipeline.Run(t.Context(), cfg, replay.New(replay.Defaults(), file), pipeline.Output{Calls: calls}, nil)
						if err != nil {
							t.Fatal(err)
						}
						return calls, stats
					}
					whole, _ := run(plain)
					for seed := range uint64(3) {
						got, stats := run(rewrap.Drop(plain, share, seed))
						all, kept := 0, 0
						for k, n := range whole {
							all += n
							kept += min(n, got[k])
						}
						seen := float64(kept) / float64(all)
						t.Logf("| %s | %s | %.2f %% | %.2f %% | %+v", name, way, 100*seen, 100*stats.Loss.Seen, stats.Loss)
						if math.Abs(seen-stats.Loss.Seen) > 0.01 {
							t.Errorf("seed %d: %.2f %% of the calls are reported, and the ledger says %.2f %%", seed, 100*seen, 100*stats.Loss.Seen)
						}
					}
				})
			}
		}
	}
}
