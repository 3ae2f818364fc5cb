package detectors

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// opaque is an identifier without order.
func opaque(w *smallWorld) string { return fmt.Sprintf("u-%016x", w.rng.Uint64()) }

// TestFanout_Benign plays honest work that no list explains, or too much of it, in captures seen cold.
func TestFanout_Benign(t *testing.T) {
	nurse := call.Principal{Key: 21, Kind: call.JWT, ID: "nurse"}
	walks := false
	f := func(name string, change func(w *smallWorld) []*call.Call) {
		t.Helper()
		for seed := int64(1); seed <= 8; seed++ {
			w := newSmallWorld(seed, 15)
			extra := change(w)
			sigs, _ := run(append(w.benign(5), extra...))
			for _, s := range sigs {
				if s.Detector == "sequential_enumeration" && walks {
					continue // the numbers of a queue are a walk; whether an honest one is not asked here
				}
				show(t, []Signal{s})
				t.Errorf("%s, seed %d: accused %s", name, seed, s.Principal.ID)
			}
		}
	}
	start := epoch + hour/2
	for _, gap := range []time.Duration{3 * time.Millisecond, 40 * time.Millisecond, 220 * time.Millisecond} {
		f(fmt.Sprintf("an application that fetches 20 charts ahead %v apart, of a list that nobody saw", gap), func(w *smallWorld) (out []*call.Call) {
			for page := range 3 {
				for i := range 20 {
					at := start + clock.Time(page)*17*minute + clock.Time(i)*clock.Time(gap)
					out = append(out, w.open(at, nurse, opaque(w), 200))
				}
			}
			return out
		})
	}
	f("the same by number", func(w *smallWorld) (out []*call.Call) {
		for i, n := range w.rng.Perm(400)[:20] {
			out = append(out, w.open(start+clock.Time(i)*60*minute/60000, nurse, plainID(1220+n), 200))
		}
		return out
	})
	walks = true
	f("a day of vaccination by a new nurse, its registrations unseen", func(w *smallWorld) (out []*call.Call) {
		at, n := start, 1700
		for range 200 {
			at += clock.Time(45+w.rng.Intn(55)) * second
			n += 1 + w.rng.Intn(3)
			out = append(out, w.open(at, nurse, plainID(n), 200))
		}
		return out
	})
	walks = false
	f("a clerk who pages through a thousand patients, fifty a page", func(w *smallWorld) (out []*call.Call) {
		for page := range 20 {
			var ids []string
			for range 50 {
				ids = append(ids, opaque(w))
			}
			c := w.list(start+clock.Time(page)*8*second, nurse, ids, false)
			c.Asked, c.Flags = 50, c.Flags|call.PageStep
			out = append(out, c)
		}
		return out
	})
	f("pages whose charts the application fetches ahead", func(w *smallWorld) (out []*call.Call) {
		for page := range 13 {
			at := start + clock.Time(page)*9*second
			var ids []string
			for range 10 {
				ids = append(ids, opaque(w))
			}
			c := w.list(at, nurse, ids, false)
			c.Flags |= call.PageStep
			out = append(out, c)
			for i, id := range ids {
				out = append(out, w.open(at+second/5+clock.Time(i)*second/50, nurse, id, 200))
			}
		}
		return out
	})
	f("six pages, and what they gave read at leisure", func(w *smallWorld) (out []*call.Call) {
		var ids []string
		at := start
		for range 6 {
			at += 7 * second
			page := ids[len(ids):]
			for range 10 {
				page = append(page, opaque(w))
			}
			ids = append(ids, page...)
			c := w.list(at, nurse, page, false)
			c.Flags |= call.PageStep
			out = append(out, c)
		}
		for _, id := range ids {
			at += clock.Time(15+w.rng.Intn(200)) * second
			out = append(out, w.open(at, nurse, id, 200))
		}
		return out
	})
	f("a clerk who mistypes one number in eight", func(w *smallWorld) (out []*call.Call) {
		at := start
		for range 60 {
			at += clock.Time(100+w.rng.Intn(120)) * second
			id := plainID(1220 + w.rng.Intn(400))
			if w.rng.Intn(8) == 0 {
				wrong := []byte(id)
				wrong[w.rng.Intn(4)] = byte('0' + w.rng.Intn(10))
				status := 404
				if w.rng.Intn(3) == 0 {
					status = 200
				}
				out = append(out, w.open(at, nurse, string(wrong), status))
				at += 9 * second
			}
			out = append(out, w.list(at, nurse, []string{id}, false), w.open(at+4*second, nurse, id, 200))
		}
		return out
	})
	f("two hundred vaccinated by numbers from a list on paper, each written down", func(w *smallWorld) (out []*call.Call) {
		at := start
		for range 200 {
			at += clock.Time(50+w.rng.Intn(50)) * second
			chart := opaque(w)
			found := w.list(at-10*second, nurse, []string{chart}, false)
			number := opaque(w)
			found.Objects = append([]call.Object{{Type: "mrn", ID: number, Key: patientKey(number), Param: 0x3e7, Patient: true, Where: call.InQuery}}, found.Objects...)
			shot := w.open(at+40*second, nurse, chart, 201)
			shot.Method, shot.Flags = "POST", call.Create
			shot.Objects[0].Where = call.InBody
			out = append(out, found, w.open(at, nurse, chart, 200), shot)
		}
		return out
	})
	f("a list on paper for a shift", func(w *smallWorld) (out []*call.Call) {
		at := start
		for range 22 {
			at += clock.Time(4+w.rng.Intn(16)) * minute
			out = append(out, w.open(at, nurse, opaque(w), 200))
		}
		return out
	})
	f("a robot that writes for one patient after another and gets receipts", func(w *smallWorld) (out []*call.Call) {
		for i := range 150 {
			c := w.open(start+clock.Time(i)*30*second, nurse, opaque(w), 201)
			c.Method, c.PHI.People, c.PHI.Classes, c.Delivered, c.RespDec = "POST", 0, 0, nil, 40
			out = append(out, c)
		}
		return out
	})
	f("a cohort pulled chart by chart", func(w *smallWorld) (out []*call.Call) {
		at := start
		var ids []string
		for range 60 {
			ids = append(ids, opaque(w))
		}
		out = append(out, w.list(at, nurse, ids, false))
		for _, id := range ids {
			at += clock.Time(50+w.rng.Intn(90)) * second
			out = append(out, w.open(at, nurse, id, 200))
		}
		return out
	})
}

// TestFanout_Fast is a script that is faster than any page: what was held back as a page counts once it is longer.
func TestFanout_Fast(t *testing.T) {
	for _, gap := range []time.Duration{time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond} {
		for seed := int64(1); seed <= 6; seed++ {
			w := newSmallWorld(seed, 15)
			calls := w.benign(2)
			for i := range 80 {
				calls = append(calls, w.open(epoch+hour+clock.Time(i)*clock.Time(gap), evil, opaque(w), 200))
			}
			sigs, after := run(calls, evil.Key)
			if len(sigs) == 0 || after > burstPage+8 || sigs[0].Detector != "bola_fanout" {
				t.Errorf("%v, seed %d: caught after %d calls", gap, seed, after)
			}
		}
	}
}

// TestFanout_Harvest pages through the list of patients and opens every chart it gave.
func TestFanout_Harvest(t *testing.T) {
	for seed := int64(1); seed <= 10; seed++ {
		w := newSmallWorld(seed, 15)
		calls := w.benign(3)
		at := epoch + hour
		var ids []string
		for range 13 {
			at += 5 * second
			from := len(ids)
			for range 10 {
				ids = append(ids, opaque(w))
			}
			c := w.list(at, evil, ids[from:], false)
			c.Flags |= call.PageStep
			calls = append(calls, c)
		}
		for _, id := range ids {
			at += clock.Time(5+w.rng.Intn(15)) * second
			calls = append(calls, w.open(at, evil, id, 200))
		}
		sigs, after := run(calls, evil.Key)
		if len(sigs) == 0 || after > 13+20 || sigs[0].Principal.Key != evil.Key || sigs[0].Detector != "bola_fanout" {
			t.Errorf("seed %d: caught after %d calls", seed, after)
		}
	}
}
