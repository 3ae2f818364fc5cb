package cluster

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// goldenKey is the key of the golden files.
var goldenKey = bytes.Repeat([]byte("auscult golden.."), 2)

func keyer(t testing.TB) *pseudonym.Keyer {
	t.Helper()
	k, err := pseudonym.FromKey(goldenKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// topic is a partition of the topic in memory, and the spool of its sensors.
type topic struct{ messages [][]byte }

func (l *topic) Append(batch []outbox.Record) error {
	for _, r := range batch {
		l.messages = append(l.messages, bytes.Clone(r.Body))
	}
	return nil
}

func (l *topic) Close() error { return nil }

// testBench judges as the golden files were made, and keeps what is said, once each.
type testBench struct {
	t    testing.TB
	said map[string]bool
	out  bytes.Buffer
}

func (b *testBench) Keys(site string) (*pseudonym.Keyer, error) {
	if site == "unknown" {
		return nil, fmt.Errorf("no key")
	}
	return keyer(b.t), nil
}

func (b *testBench) Open(site string, keys *pseudonym.Keyer) (func() *pipeline.Site, func([]alert.Alert) error) {
	cfg := pipeline.Defaults()
	cfg.Alert.Keys = keys
	names := &pseudonym.Names{Keys: keys.Clone()}
	return func() *pipeline.Site { return pipeline.NewSite(cfg) }, func(batch []alert.Alert) error {
		for i := range batch {
			a := &batch[i]
			id := fmt.Sprint(site, a.UID, a.Sequence)
			if !b.said[id] {
				b.said[id] = true
				b.out.Write(ocsf.Append(nil, a, names, ocsf.Meta{Version: "golden", Tenant: "default", Sensor: "test"}))
			}
		}
		return nil
	}
}

func (b *testBench) Place() (next, passed uint64) { return 0, 0 }

func newBench(t testing.TB) *testBench { return &testBench{t: t, said: map[string]bool{}} }

func newTestPartition(t testing.TB, cfg *Config, b Bench) *partition {
	t.Helper()
	return newPartition(cfg, b, func(line string) { t.Log(line) })
}

func newTestOpener(t testing.TB, b Bench) *opener {
	t.Helper()
	o, err := newOpener(b.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// published is what is asked of a Publisher.
type published struct {
	calls []call.Call
	mark  clock.Time
}

// script keeps what a run publishes.
type script struct {
	t     testing.TB
	steps []published
}

func (s *script) Publish(calls []call.Call) error {
	var r record
	var b []byte
	for i := range calls {
		b = r.encode(b, &calls[i])
	}
	out := make([]call.Call, len(calls))
	rest := string(b)
	var err error
	for i := range out {
		if rest, err = r.decode(&out[i], rest); err != nil {
			s.t.Fatal(err)
		}
	}
	s.steps = append(s.steps, published{calls: out})
	return nil
}

func (s *script) Mark(t clock.Time) error {
	s.steps = append(s.steps, published{mark: t})
	return nil
}

func (s *script) Close() error { return nil }

// scripted is what a replay of the case publishes.
func scripted(t testing.TB, name string) []published {
	t.Helper()
	s := &script{t: t}
	cfg := pipeline.Defaults()
	cfg.Workers = 2
	src := replay.New(replay.Defaults(), filepath.Join("..", "..", "pcaps", name, "traffic.pcap"))
	if _, err := pipeline.Run(context.Background(), cfg, src, pipeline.Output{Publish: s}, nil); err != nil {
		t.Fatal(err)
	}
	return s.steps
}

// deal publishes the steps by several sensors, each the connections that are its own, and puts their batches into one
// partition as the network may: in the order of each sensor, but some far behind others, and some twice.
func deal(t testing.TB, cfg Config, steps []published, sensors int, live bool, r *rand.Rand) [][]byte {
	t.Helper()
	cfg.Sensors = sensors
	logs := make([]topic, sensors)
	for n := range logs {
		p, err := NewPublisher(cfg, Origin{Site: "default", Sensor: fmt.Sprint("sensor-", n), Run: 1, Replay: !live}, keyer(t), &logs[n])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			mine := slices.DeleteFunc(slices.Clone(s.calls), func(c call.Call) bool { return c.Flow%uint64(sensors) != uint64(n) })
			if err := p.Publish(mine); err != nil {
				t.Fatal(err)
			}
			if s.calls == nil {
				p.Mark(s.mark)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var out [][]byte
	for left := sensors; left > 0; {
		l := &logs[r.IntN(sensors)]
		for range 1 + r.IntN(20) {
			if len(l.messages) == 0 {
				break
			}
			out = append(out, l.messages[0])
			if r.IntN(8) == 0 {
				out = append(out, l.messages[0])
			}
			if l.messages = l.messages[1:]; len(l.messages) == 0 {
				left--
			}
		}
	}
	return out
}

// caseNames are the folders of pcaps, every third in short mode.
func caseNames(t testing.TB) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("../../pcaps/*/traffic.pcap")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for i, p := range paths {
		if i%3 == 0 || !testing.Short() {
			names = append(names, filepath.Base(filepath.Dir(p)))
		}
	}
	return names
}

func golden(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "pcaps", name, "alerts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSensorsTogether: the calls of every case, seen by one sensor or by three, arriving anyhow, give the alerts of the one
// process that saw all of them, in the same order; so they do when the reader dies at any place and another goes on.
func TestSensorsTogether(t *testing.T) {
	for _, name := range caseNames(t) {
		steps, want := scripted(t, name), golden(t, name)
		for _, sensors := range []int{1, 3} {
			r := rand.New(rand.NewPCG(uint64(len(steps)), uint64(sensors)))
			cfg := Defaults()
			cfg.BatchBytes, cfg.Lag = 16<<10, 4*60*60*1e9
			messages := deal(t, cfg, steps, sensors, false, r)
			for _, deaths := range []int{0, 5} {
				b := newBench(t)
				p, o := newTestPartition(t, &cfg, b), newTestOpener(t, b)
				var kept []byte
				for offset := 0; offset < len(messages); {
					m := o.open(int64(offset), messages[offset])
					if err := p.take(&m); err != nil {
						t.Fatal(err)
					}
					offset++
					if deaths > 0 && r.IntN(1+len(messages)/12) == 0 {
						cp := p.snapshot()
						var err error
						if kept, err = cp.encode(cfg.MaxState); err != nil {
							t.Fatal(err)
						}
					}
					if deaths > 0 && r.IntN(1+len(messages)/5) == 0 {
						deaths--
						p = newTestPartition(t, &cfg, b)
						if kept != nil {
							cp, err := o.heads.checkpoint(kept)
							if err == nil {
								err = p.restore(&cp)
							}
							if err != nil {
								t.Fatal(err)
							}
						}
						offset = int(p.next)
					}
				}
				if got := b.out.String(); got != want {
					t.Errorf("%s, %d sensors, %d deaths left: the alerts differ%s", name, sensors, deaths, firstDifference(got, want))
				}
				if any, all := p.over(); !any || !all {
					t.Errorf("%s: the site is not over", name)
				}
				if c := p.total(); c.Late+c.Missed+c.Broken+c.Refused > 0 {
					t.Errorf("%s: %+v", name, c)
				}
			}
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf(" in line %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf(": %d lines, want %d", len(g)-1, len(w)-1)
}
