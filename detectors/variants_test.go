package detectors

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestSearchSweep draws the patient list out of a search field, a letter at a time; people who look somebody up,
// type on or watch boards of wards do not.
func TestSearchSweep(t *testing.T) {
	search := func(w *smallWorld, at clock.Time, key, term string, n int) *call.Call {
		var ids []string
		for range n {
			ids = append(ids, fmt.Sprintf("u-%x", w.rng.Int63()))
		}
		c := w.list(at, evil, ids, false)
		c.Query = key + "=" + term
		return c
	}
	f := func(name string, want bool, make func(w *smallWorld, i int, at clock.Time) []*call.Call) {
		t.Helper()
		w := newSmallWorld(5, 15)
		calls := w.benign(3)
		for i := range 24 {
			calls = append(calls, make(w, i, epoch+hour/2+clock.Time(i)*15*second)...)
		}
		sigs, after := run(calls, evil.Key)
		if got := len(sigs) > 0; got != want || want && after > 12 {
			show(t, sigs)
			t.Errorf("%s: alerted %v, after %d searches", name, got, after)
		}
	}
	letter := func(i int) string { return string(rune('a' + i)) }
	f("a letter at a time", true, func(w *smallWorld, i int, at clock.Time) []*call.Call {
		return []*call.Call{search(w, at, "name", letter(i), 18)}
	})
	f("looked up and opened", false, func(w *smallWorld, i int, at clock.Time) []*call.Call {
		c := search(w, at, "name", letter(i)+"mith", 18)
		return []*call.Call{c, w.open(at+5*second, evil, c.Objects[0].ID, 200)}
	})
	f("typed on", false, func(w *smallWorld, i int, at clock.Time) []*call.Call {
		return []*call.Call{search(w, at, "q", "abcdefghijklmnopqrstuvwxyz"[:i+1], 12)}
	})
	f("boards of wards", false, func(w *smallWorld, i int, at clock.Time) []*call.Call {
		return []*call.Call{search(w, at, "ward", letter(i), 18)}
	})
	f("found at once", false, func(w *smallWorld, i int, at clock.Time) []*call.Call {
		return []*call.Call{search(w, at, "phone", fmt.Sprint(5550000+i), 1)}
	})
}

// TestRuns is one walk by five accounts, ten identifiers by each in turn: the first may be told alone, then the walk
// is one finding that names them all.
func TestRuns(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		w := newSmallWorld(seed, 15)
		calls := w.benign(2)
		for i := range 80 {
			k := i / 10 % 5
			who := call.Principal{Key: uint64(11 + k), Kind: call.Session, ID: fmt.Sprintf("s%d", k)}
			calls = append(calls, w.open(epoch+hour+clock.Time(i)*7*second, who, plainID(1300+i), 200))
		}
		sigs, after := run(calls, 11, 12, 13, 14, 15)
		if len(sigs) == 0 || after > 25 {
			t.Errorf("seed %d: caught after %d calls", seed, after)
		}
		named := 0
		for _, s := range sigs {
			switch {
			case s.Detector == "distributed_enumeration":
				named = len(s.Members) + 1
			case s.Principal.Key != 11:
				show(t, []Signal{s})
				t.Errorf("seed %d: %s told apart from the walk", seed, s.Principal.ID)
			}
		}
		if named != 5 {
			t.Errorf("seed %d: %d accounts named", seed, named)
		}
	}
}

// TestHaste is random charts at three seconds each.
func TestHaste(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		w := newSmallWorld(seed, 15)
		calls := w.benign(2)
		at := epoch + hour
		for range 60 {
			at += clock.Time((1.5 + 3*w.rng.Float64()) * float64(second))
			calls = append(calls, w.open(at, evil, fmt.Sprintf("u-%x", w.rng.Int63()), 200))
		}
		if sigs, after := run(calls, evil.Key); len(sigs) == 0 || after > 16 {
			t.Errorf("seed %d: caught after %d calls", seed, after)
		}
	}
}

// TestHardBenign_Work plays work that goes by the numbers, or that fails.
func TestHardBenign_Work(t *testing.T) {
	f := func(name string, change func(w *smallWorld) []*call.Call) {
		t.Helper()
		for seed := int64(1); seed <= 4; seed++ {
			w := newSmallWorld(seed, 15)
			extra := change(w)
			sigs, _ := run(append(w.benign(3), extra...))
			for _, s := range sigs {
				show(t, []Signal{s})
				t.Errorf("%s, seed %d: accused %s", name, seed, s.Principal.ID)
			}
		}
	}
	at := func(i int, gap time.Duration) clock.Time { return epoch + hour/2 + clock.Time(i)*clock.Time(gap) }
	nurse := call.Principal{Key: 21, Kind: call.JWT, ID: "nurse"}
	clerk := call.Principal{Key: 22, Kind: call.JWT, ID: "clerk"}
	f("a day of vaccination: registered by one, opened by another", func(w *smallWorld) (out []*call.Call) {
		for i := range 60 {
			c := w.open(at(i, 80*time.Second), clerk, plainID(1700+i), 201)
			c.Method, c.Flags, c.Objects = "POST", call.Create, c.Objects[1:]
			out = append(out, c, w.open(at(i, 80*time.Second)+3*minute, nurse, plainID(1700+i), 200))
		}
		return out
	})
	f("a day of vaccination: registered out of sight", func(w *smallWorld) (out []*call.Call) {
		for i := range 60 {
			out = append(out, w.open(at(i, 85*time.Second), nurse, plainID(4700+i), 200))
		}
		return out
	})
	job := call.Principal{Key: 23, Kind: call.JWT, ID: "svc-load", Service: true}
	f("a job that reads its twenty patients once a fortnight", func(w *smallWorld) (out []*call.Call) {
		for i := range 40 {
			out = append(out, w.open(at(i, time.Second)+clock.Time(i/20)*15*day, job, plainID(1300+i%20), 200))
		}
		return out
	})
	f("specimens in the order of their numbers", func(w *smallWorld) (out []*call.Call) {
		for i := range 60 {
			c := w.open(at(i, 45*time.Second), nurse, plainID(880000+i), 200)
			c.Objects = []call.Object{{Type: "specimens", ID: plainID(880000 + i), Key: patientKey("s" + plainID(i)), Param: 0x5ec}}
			c.Delivered, c.PHI.People = nil, 0
			out = append(out, c)
		}
		return out
	})
	f("a server that fails, and a client that goes on", func(w *smallWorld) (out []*call.Call) {
		for i, n := range w.rng.Perm(24) {
			out = append(out, w.open(at(i, time.Second), nurse, plainID(1220+17*n), 503))
		}
		return out
	})
}

// TestWalk_WordList tries words and numbers as paths that never answered: probing, and no walk.
func TestWalk_WordList(t *testing.T) {
	w := newSmallWorld(5, 15)
	calls := w.benign(2)
	for i := range 60 {
		c := w.open(epoch+hour+clock.Time(i)*second, evil, plainID(i), 404)
		c.Objects = []call.Object{{ID: plainID(i), Key: patientKey("/" + plainID(i)), Param: 0xba5e}}
		calls = append(calls, c)
	}
	sigs, _ := run(calls, evil.Key)
	for _, s := range sigs {
		if s.Detector == "sequential_enumeration" {
			t.Errorf("a list of words is a walk: %s", s.Title)
		}
	}
	if len(sigs) == 0 {
		t.Error("and nobody tells it")
	}
}

// TestOneSubject holds an answer about one patient to one patient, whatever form its list has.
func TestOneSubject(t *testing.T) {
	f := func(want bool, where call.Where, change func(c *call.Call)) {
		t.Helper()
		w := newSmallWorld(5, 15)
		var ids []string
		for i := range 40 {
			ids = append(ids, plainID(1000+i))
		}
		c := w.list(epoch+3*hour, evil, ids, false)
		c.Objects = append([]call.Object{{Type: "Patient", ID: "999", Key: patientKey("999"), Param: patientParam, Patient: true, Where: where}}, c.Objects...)
		change(c)
		if sigs, _ := run(append(w.benign(2), c), evil.Key); len(sigs) > 0 != want {
			show(t, sigs)
			t.Errorf("where %v: alerted %v", where, !want)
		}
	}
	f(true, call.InPath, func(*call.Call) {})
	f(true, call.InPath, func(c *call.Call) { c.Asked = 100 })
	f(true, call.InQuery, func(*call.Call) {})
	f(false, call.InQuery, func(c *call.Call) { c.Asked = 100 }) // a list that goes on after a patient
}
