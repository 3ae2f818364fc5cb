package pipeline_test

import (
	"reflect"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/replay"
	"auscult/sensor/clock"
)

// watcher keeps the samples and says one thing of each.
type watcher struct {
	samples []pipeline.Sample
	ended   clock.Time
}

func (w *watcher) Watch(dst []alert.Alert, s *pipeline.Sample) []alert.Alert {
	w.samples = append(w.samples, *s)
	a := alert.Alert{UID: "sample", Activity: alert.Create, Time: s.Time, Signal: detectors.Signal{Detector: "sampled", Severity: detectors.Low}}
	return append(dst, a)
}

func (w *watcher) Close(dst []alert.Alert, at clock.Time) []alert.Alert {
	w.ended = at
	return append(dst, alert.Alert{UID: "sample", Activity: alert.Close, Time: at, Signal: detectors.Signal{Detector: "sampled"}})
}

// TestSamples: what is counted by a step of packet time does not depend on the number of workers.
func TestSamples(t *testing.T) {
	var first []pipeline.Sample
	for _, workers := range []int{1, 2, 3, 8} {
		var w watcher
		var sink memory
		var prog pipeline.Progress
		cfg := pipeline.Defaults()
		cfg.Workers, cfg.Sample, cfg.Watcher = workers, time.Second, &w
		stats, err := pipeline.Run(t.Context(), cfg, replay.New(replay.Defaults(), capture), pipeline.Output{Alerts: []pipeline.Sink{&sink}}, &prog)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.samples) < 3 {
			t.Fatalf("%d samples", len(w.samples))
		}
		last := &w.samples[len(w.samples)-1]
		if got := prog.Sample(); !reflect.DeepEqual(got, last) {
			t.Errorf("%d workers: the newest sample is %+v, the watcher's %+v", workers, got, last)
		}
		var packets, conns uint64
		for i := range w.samples {
			s := &w.samples[i]
			if s.Time%clock.Time(time.Second) != 0 || i > 0 && s.Time <= w.samples[i-1].Time || s.Extract.Packets < packets {
				t.Errorf("sample %d: at %v, %d packets", i, s.Time, s.Extract.Packets)
			}
			packets, conns = s.Extract.Packets, max(conns, s.Extract.Conns)
		}
		if packets == 0 || packets > stats.Packets || last.Calls == 0 || conns == 0 || w.ended < last.Time {
			t.Errorf("counted %d packets of %d, %d calls, %d connections; ended at %v", packets, stats.Packets, last.Calls, conns, w.ended)
		}
		said := 0
		for _, uid := range sink.uids {
			if uid == "sample" {
				said++
			}
		}
		if said != len(w.samples)+1 {
			t.Errorf("%d of %d messages about the run", said, len(w.samples)+1)
		}
		if first == nil {
			first = w.samples
		} else if !reflect.DeepEqual(first, w.samples) {
			t.Errorf("%d workers: the samples differ", workers)
		}
	}
	want := []string{"sampled"}
	for _, f := range first[len(first)-1].Findings {
		if len(want) > 0 && f.Detector == want[0] && f.Count == uint64(len(first)-1) {
			want = want[1:]
		}
	}
	if len(want) > 0 {
		t.Errorf("found %+v", first[len(first)-1].Findings)
	}
}

// TestLedgerIsWhole: a cause that has not occurred is in a sample's ledger, and not in that of the end.
func TestLedgerIsWhole(t *testing.T) {
	var s pipeline.Sample
	if n := len(s.Ledger()); n < 80 {
		t.Errorf("%d causes", n)
	}
	seen := map[string]bool{}
	for _, l := range s.Ledger() {
		if seen[l.Unit+l.Cause] {
			t.Errorf("%s %q is there twice", l.Unit, l.Cause)
		}
		seen[l.Unit+l.Cause] = true
	}
}

// ruling gives a rule at the first sample.
type ruling struct {
	rule  alert.Rule
	given bool
}

func (r *ruling) Take(at clock.Time) []alert.Rule {
	if r.given || at.UTC().After(r.rule.From) {
		return nil
	}
	r.given = true
	return []alert.Rule{r.rule}
}

// TestRules: a rule that comes while the run goes on does what it does when it is there from the start, with any number of
// workers.
func TestRules(t *testing.T) {
	run := func(workers int, from time.Time, early bool) ([]string, pipeline.Stats) {
		rule := alert.Rule{Endpoint: "GET *", Reason: "known", From: from, Until: from.AddDate(1, 0, 0)}
		var sink memory
		cfg := pipeline.Defaults()
		cfg.Workers, cfg.Sample = workers, time.Second
		r := &ruling{rule: rule}
		if early {
			cfg.Alert.Allow = []alert.Rule{rule}
		} else {
			cfg.Rules = r
		}
		stats, err := pipeline.Run(t.Context(), cfg, replay.New(replay.Defaults(), capture), pipeline.Output{Alerts: []pipeline.Sink{&sink}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !early && !r.given {
			t.Fatal("no sample was early enough")
		}
		return sink.uids, stats
	}
	_, whole := run(1, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), true)
	from := time.Unix(1795679500, 0).UTC() // the walk is under way
	want, stats := run(1, from, true)
	if len(stats.Silenced) != 1 || stats.Silenced[0].Name != "known" || len(want) == 0 || stats.Alerts >= whole.Alerts {
		t.Fatalf("the rule does nothing, or all: %+v, %d alerts of %d", stats.Silenced, stats.Alerts, whole.Alerts)
	}
	for _, workers := range []int{1, 2, 3, 8} {
		if got, s := run(workers, from, false); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(s.Silenced, stats.Silenced) {
			t.Errorf("%d workers: %d alerts, %+v; want %d, %+v", workers, len(got), s.Silenced, len(want), stats.Silenced)
		}
	}
}
