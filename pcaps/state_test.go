package pcaps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"auscult/detectors/eval/world"
	"auscult/detectors/rules"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/pseudonym"
)

// eachCall shows f the calls of a capture in the total order, as so many workers read them.
func eachCall(t *testing.T, cfg pipeline.Config, path string, f func(c *call.Call)) {
	t.Helper()
	lanes, err := replay.New(replay.Defaults(), path).Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	memo, err := extract.NewMemo(cfg.Extract.MemoBytes)
	if err != nil {
		t.Fatal(err)
	}
	defer memo.Close()
	workers := make([]*extract.Extractor, cfg.Workers)
	for i := range workers {
		workers[i] = extract.New(cfg.Extract, cfg.Call, memo, i, len(workers), cfg.EpochCalls)
	}
	hand := func() {
		var calls []call.Call
		for _, w := range workers {
			calls = append(calls, w.Take(nil)...)
		}
		slices.SortStableFunc(calls, func(a, b call.Call) int { return a.Order.Compare(b.Order) })
		for i := range calls {
			f(&calls[i])
		}
	}
	var now, next clock.Time
	for {
		raw, err := lanes[0].Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, w := range workers {
			if raw.Secrets != nil {
				w.Secrets(raw.Secrets)
			}
			if raw.Time >= next && raw.Time > 0 {
				w.Expire(raw.Time.Floor() - 1)
			}
		}
		if raw.Frame == nil {
			continue
		}
		if raw.Time >= next {
			hand()
			next = raw.Time.Floor() + clock.Grid
		}
		now = raw.Time
		for _, w := range workers {
			w.Packet(&raw)
		}
	}
	for _, w := range workers {
		w.Close(now)
	}
	hand()
}

// detect is the alerts on a capture. Behind each call for which cut says so, the state is saved and detection goes on
// in another Site.
func detect(t *testing.T, cfg pipeline.Config, path string, cut func(n int) bool) (alerts []byte, cuts int) {
	t.Helper()
	keyer, err := pseudonym.FromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Alert.Keys = keyer
	names := &pseudonym.Names{Keys: keyer}
	file := filepath.Join(t.TempDir(), "alerts.jsonl")
	out, err := sink.OpenFile(file, names, ocsf.Meta{Version: "golden", Tenant: "default", Sensor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *pipeline.Site {
		s := pipeline.NewSite(cfg)
		if err := s.Remember(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	site := fresh()
	var said []alert.Alert
	n := 0
	eachCall(t, cfg, path, func(c *call.Call) {
		if said = site.Observe(said[:0], c); len(said) > 0 {
			if err := out.Write(context.Background(), said); err != nil {
				t.Fatal(err)
			}
		}
		if n++; !cut(n) {
			return
		}
		cuts++
		saved, err := site.Save()
		if err != nil {
			t.Fatal(err)
		}
		site = fresh()
		if err := site.Restore(saved); err != nil {
			t.Fatal(err)
		}
		if cuts%8 == 1 {
			again, err := site.Save()
			if err != nil || !bytes.Equal(again, saved) {
				t.Fatalf("call %d: what was restored is saved as %d bytes, not as the same %d (%v)", n, len(again), len(saved), err)
			}
		}
	})
	if err := out.Write(context.Background(), site.Close(nil)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return read(t, file), cuts
}

// A run that is cut, saved, restored and continued says what an uncut one does, byte for byte: behind every call of a
// short capture, and behind some of a long one.
func TestState(t *testing.T) {
	for i, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(name, "traffic.pcap")
			calls := bytes.Count(read(t, filepath.Join(name, "calls.jsonl")), []byte("\n"))
			cfg := pipeline.Defaults()
			cfg.Workers = [...]int{1, 8}[i%2]
			every := calls/12 + 1
			got, cuts := detect(t, cfg, path, func(n int) bool { return n%every == i%every })
			if cuts == 0 {
				t.Fatal("never cut")
			}
			same(t, fmt.Sprintf("alerts, cut %d times, %d workers", cuts, cfg.Workers), got, read(t, filepath.Join(name, "alerts.jsonl")))
		})
	}
}

// What is kept by the operator's own rules, and what is forgotten where little may be remembered, is as in an uncut run.
func TestState_Bounds(t *testing.T) {
	small := pipeline.Defaults()
	small.Workers = 1
	d := &small.Detectors
	for _, n := range []*int{&d.Principals, &d.Spaces, &d.Forms, &d.Blocks, &d.Endpoints, &d.Ongoing,
		&d.Profiles, &d.Postures, &d.Doors, &d.Logins, &d.Tokens, &d.Suspects, &d.Services, &d.Consents, &d.Assigned, &d.Runs} {
		*n = 3
	}
	d.Contacts, d.Delivered, d.Objects = 16, 16, 16
	small.Alert.MaxOpen, small.Alert.MaxMembers = 2, 2
	small.Call.Sessions, small.Call.Addresses = 2, 2
	ruled := pipeline.Defaults()
	ruled.Workers = 1
	pers := [...]string{"principal", "client", "endpoint"}
	for i, count := range []string{"calls", "patients", "objects", "people", "bytes"} {
		ruled.Detectors.Rules = append(ruled.Detectors.Rules, rules.Rule{Name: count, When: "call.status < 500", Per: pers[i%len(pers)],
			Count: count, AtLeast: 5 + i, Window: 10 * time.Minute})
	}
	names := []string{"sequential-walk", "password-spray", "shared-walk", "mass-assignment"}
	if testing.Short() {
		names = names[:2]
	}
	for _, name := range names {
		for i, cfg := range []pipeline.Config{small, ruled} {
			if err := cfg.Validate(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(name, "traffic.pcap")
			want, _ := detect(t, cfg, path, func(int) bool { return false })
			every := bytes.Count(read(t, filepath.Join(name, "calls.jsonl")), []byte("\n"))/6 + 1
			got, cuts := detect(t, cfg, path, func(n int) bool { return n%every == 5 })
			same(t, fmt.Sprintf("%s, settings %d, cut %d times", name, i, cuts), got, want)
		}
	}
}

// Days of a hospital, with the nights in which models are learned, are the same in one run and in several.
func TestState_Days(t *testing.T) {
	keyer, err := pseudonym.FromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	hospital := world.Default(7)
	hospital.People, hospital.Patients, hospital.Loss, hospital.Hard = 20, 2000, 0.05, 8
	days := 4
	if testing.Short() {
		days = 2
	}
	play := func(every int) []string {
		cfg := pipeline.Defaults()
		cfg.Alert.Keys = keyer
		fresh := func() *pipeline.Site {
			s := pipeline.NewSite(cfg)
			if err := s.Remember(); err != nil {
				t.Fatal(err)
			}
			return s
		}
		site := fresh()
		var said []alert.Alert
		n := 0
		w := world.New(hospital)
		for range days {
			w.Day(func(c *call.Call, _ world.Mark) {
				said = site.Observe(said, c)
				if n++; every == 0 || n%every != 0 {
					return
				}
				saved, err := site.Save()
				if err != nil {
					t.Fatal(err)
				}
				site = fresh()
				if err := site.Restore(saved); err != nil {
					t.Fatal(err)
				}
			})
		}
		out := make([]string, 0, len(said))
		for _, a := range site.Close(said) {
			out = append(out, fmt.Sprintf("%+v", a))
		}
		t.Logf("%d calls, %d alerts", n, len(out))
		return out
	}
	want := play(0)
	if got := play(1777); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%d alerts of the run that was cut, %d of the one that was not, or others", len(got), len(want))
	}
}
