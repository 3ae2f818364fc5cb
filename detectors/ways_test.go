package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestFanout_Haste opens charts that no list gave, each within 45 seconds of the one before. Fifteen may be a round
// with a list on paper.
func TestFanout_Haste(t *testing.T) {
	for seed := int64(1); seed <= 8; seed++ {
		for _, n := range []int{15, 60} {
			w := newSmallWorld(seed, 15)
			calls := w.benign(3)
			at := epoch + hour/2
			for range n {
				at += clock.Time(15+w.rng.Intn(30)) * second
				calls = append(calls, w.open(at, evil, opaque(w), 200))
			}
			sigs, after := run(calls, evil.Key)
			switch {
			case n == 15 && len(sigs) > 0:
				show(t, sigs)
				t.Errorf("seed %d: a round of %d was accused", seed, n)
			case n > 15 && (len(sigs) == 0 || after > 26 || sigs[0].Principal.Key != evil.Key):
				t.Errorf("seed %d: caught after %d calls", seed, after)
			}
		}
	}
}

// TestFanout_Sought lets a nurse whose days are known look for one patient after another, open what was found, and
// more: the last day is what is asked about.
func TestFanout_Sought(t *testing.T) {
	const days, many = 14, 110
	type visit func(w *smallWorld, at clock.Time, i int) []*call.Call
	search := func(w *smallWorld, at clock.Time, id string) *call.Call {
		c := w.list(at-3*second, evil, []string{id}, false)
		c.PHI.People = 1
		return c
	}
	var list []string
	for _, a := range []struct {
		name string
		want bool
		last visit
	}{
		{"one a minute", true, func(w *smallWorld, at clock.Time, _ int) []*call.Call {
			id := opaque(w)
			return []*call.Call{search(w, at, id), w.open(at, evil, id, 200)}
		}},
		{"and writes about each", false, func(w *smallWorld, at clock.Time, _ int) []*call.Call {
			id := opaque(w)
			given := w.open(at+40*second, evil, id, 201)
			given.Method = "POST"
			return []*call.Call{search(w, at, id), w.open(at, evil, id, 200), given}
		}},
		{"a list of them all", false, func(w *smallWorld, at clock.Time, i int) []*call.Call {
			if i > 0 {
				return []*call.Call{w.open(at, evil, list[i], 200)}
			}
			list = nil
			for range many {
				list = append(list, opaque(w))
			}
			c := w.list(at-3*second, evil, list, false)
			c.PHI.People = many
			return []*call.Call{c, w.open(at, evil, list[0], 200)}
		}},
	} {
		w := newSmallWorld(3, 15)
		var calls []*call.Call
		for d := range days {
			for i := range 8 {
				at, id := epoch+clock.Time(d)*day+8*hour+clock.Time(i)*50*minute, opaque(w)
				calls = append(calls, search(w, at, id), w.open(at, evil, id, 200))
			}
		}
		before := len(calls)
		for i := range many {
			calls = append(calls, a.last(w, epoch+days*day+9*hour+clock.Time(i)*minute, i)...)
		}
		sigs, after := run(calls, evil.Key)
		if got := len(sigs) > 0; got != a.want || a.want && after > before+2*75 {
			show(t, sigs)
			t.Errorf("%s: accused %v, after %d calls of that day", a.name, got, after-before)
		}
	}
}

// TestFanout_LookedUp looks numbers up that stand in a spreadsheet, and opens what is found: each is one patient.
func TestFanout_LookedUp(t *testing.T) {
	w := newSmallWorld(5, 15)
	calls := w.benign(6)
	for i := range 60 {
		at, id, number := epoch+hour/2+clock.Time(i)*100*second, opaque(w), fmt.Sprintf("n-%x", w.rng.Int63())
		look := w.list(at-4*second, evil, []string{id}, false)
		look.Objects = append(look.Objects, call.Object{Type: "mrn", ID: number, Key: patientKey(number), Param: patientParam + 1, Where: call.InQuery, Patient: true})
		look.PHI.People = 1
		calls = append(calls, look, w.open(at, evil, id, 200))
	}
	if sigs, after := run(calls, evil.Key); len(sigs) > 0 {
		show(t, sigs)
		t.Errorf("accused after %d calls", after)
	}
}
