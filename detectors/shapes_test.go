package detectors

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

const second = clock.Time(time.Second)

var evil = call.Principal{Key: 7, Kind: call.JWT, ID: "evil", Token: 70}

// run plays calls and returns the accusations, and after how many calls of the principals in of the first came.
func run(calls []*call.Call, of ...uint64) (sigs []Signal, after int) {
	e := New(Defaults())
	n := 0
	for _, c := range inOrder(calls) {
		if slices.Contains(of, c.Principal.Key) {
			n++
		}
		got := accusations(e.Observe(nil, c))
		if len(got) > 0 && after == 0 {
			after = n
		}
		sigs = append(sigs, got...)
	}
	return sigs, after
}

// TestSweep is an insider who pages through the patient list, then opens every chart that it delivered: nothing is
// unexplained, only the number of patients tells.
func TestSweep(t *testing.T) {
	for seed := int64(1); seed <= 10; seed++ {
		w := newSmallWorld(seed, 15)
		calls := w.benign(3)
		at := epoch + hour
		for page := range 13 {
			var ids []string
			for i := range 10 {
				ids = append(ids, fmt.Sprintf("u-%c%d", 'a'+page, i*7919))
			}
			c := w.list(at+clock.Time(page)*6*second, evil, ids, false)
			c.Flags |= call.PageStep
			calls = append(calls, c)
		}
		at += 80 * second
		for i := range 120 {
			id := fmt.Sprintf("u-%c%d", 'a'+i/10, (i%10)*7919)
			at += clock.Time(8+w.rng.Intn(9)) * second
			calls = append(calls, w.open(at, evil, id, 200))
			if i%2 == 0 {
				calls = append(calls, w.open(at+second/2, evil, id, 200))
			}
		}
		sigs, after := run(calls, evil.Key)
		if len(sigs) == 0 || after > 80 {
			t.Errorf("seed %d: caught after %d calls", seed, after)
		}
		for _, s := range sigs {
			if s.Principal.Key != evil.Key || s.Detector != "bola_fanout" {
				t.Errorf("seed %d: %s accused %s", seed, s.Detector, s.Principal.ID)
			}
		}
	}
}

// TestDistributed is one walk by five tokens in turn, from one address and from five: one finding that names them
// all, and nobody else.
func TestDistributed(t *testing.T) {
	var found []int
	for seed := int64(1); seed <= 12; seed++ {
		for _, order := range []string{"turns", "random"} {
			w := newSmallWorld(seed, 15)
			calls := w.benign(2)
			for i := range 80 {
				k := i % 5
				if order == "random" {
					k = w.rng.Intn(5)
				}
				who := call.Principal{Key: uint64(11 + k), Kind: call.Session, ID: fmt.Sprintf("s%d", k)}
				calls = append(calls, w.open(epoch+hour+clock.Time(i)*7*second, who, plainID(1300+i), 200))
			}
			sigs, after := run(calls, 11, 12, 13, 14, 15)
			found = append(found, after)
			if len(sigs) == 0 {
				t.Errorf("seed %d, %s: not caught", seed, order)
				continue
			}
			if sigs[0].Detector != "distributed_enumeration" {
				show(t, sigs[:1])
				t.Errorf("seed %d, %s: told first as %s", seed, order, sigs[0].Detector)
			}
			last := sigs[len(sigs)-1]
			named := []uint64{last.Principal.Key}
			for _, m := range last.Members {
				named = append(named, m.Key)
			}
			for k := uint64(11); k <= 15; k++ {
				if !slices.Contains(named, k) {
					t.Errorf("seed %d, %s: s%d is not named", seed, order, k-11)
				}
			}
			for _, s := range sigs {
				if s.Detector != "distributed_enumeration" || s.Principal.Key < 11 || s.Principal.Key > 15 {
					show(t, []Signal{s})
					t.Errorf("seed %d, %s: also %s on %s", seed, order, s.Detector, s.Principal.ID)
				}
				for _, m := range s.Members {
					if m.Key < 11 || m.Key > 15 {
						t.Errorf("seed %d, %s: names %s", seed, order, m.ID)
					}
				}
			}
		}
	}
	slices.Sort(found)
	t.Logf("caught after %v", found)
	if found[len(found)/2] > 16 {
		t.Errorf("median %d calls", found[len(found)/2])
	}
}

// TestWalkByLists names ten identifiers in a row in each search.
func TestWalkByLists(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		w := newSmallWorld(seed, 15)
		calls := w.benign(2)
		for i := range 12 {
			var ids []string
			for j := range 10 {
				ids = append(ids, plainID(1230+10*i+j))
			}
			calls = append(calls, w.list(epoch+hour+clock.Time(i)*20*second, evil, ids, true))
		}
		sigs, after := run(calls, evil.Key)
		if len(sigs) == 0 || after > 3 || sigs[0].Principal.Key != evil.Key {
			t.Errorf("seed %d: caught after %d searches", seed, after)
		}
	}
}

// TestGrowth is one long walk: told once, then again only as it doubles.
func TestGrowth(t *testing.T) {
	w := newSmallWorld(3, 15)
	calls := w.benign(2)
	for i := range 300 {
		calls = append(calls, w.open(epoch+hour+clock.Time(i)*12*second, evil, plainID(1230+i), 200))
	}
	sigs, _ := run(calls, evil.Key)
	var said []int
	for _, s := range sigs {
		if s.Detector == "sequential_enumeration" {
			said = append(said, s.Objects)
			if s.Since != epoch+hour && s.Since > epoch+hour+30*second {
				t.Errorf("since %v", s.Since.UTC())
			}
		}
	}
	t.Logf("told at %v objects", said)
	if len(said) < 4 || len(said) > 7 {
		t.Errorf("told %d times: %v", len(said), said)
	}
	for i := 1; i < len(said); i++ {
		if said[i] < 2*said[i-1] {
			t.Errorf("told at %d after %d", said[i], said[i-1])
		}
	}
}

// TestEvidence checks what a finding carries, and that it holds nothing of the batch.
func TestEvidence(t *testing.T) {
	w := newSmallWorld(3, 15)
	e := New(Defaults())
	var sig *Signal
	for i := 0; i < 40 && sig == nil; i++ {
		id := []byte(plainID(1230 + i))
		c := w.open(epoch+clock.Time(i)*second, evil, string(id), 200)
		path := []byte(c.Path)
		c.Path = string(path)
		for _, s := range e.Observe(nil, c) {
			if s.Detector == "sequential_enumeration" {
				sig = &s
			}
		}
	}
	if sig == nil {
		t.Fatal("not caught")
	}
	if len(sig.Evidence) != maxEvidence || sig.Evidence[0].Call.Path != "/fhir/Patient/1230" && sig.Evidence[0].Call.Path != "/fhir/Patient/1231" && sig.Evidence[0].Call.Path != "/fhir/Patient/1232" {
		t.Errorf("%d calls of evidence, first %q", len(sig.Evidence), sig.Evidence[0].Call.Path)
	}
	if sig.Evidence[0].Call.Delivered != nil || len(sig.Evidence[0].Call.Objects) != 1 {
		t.Error("evidence keeps the response")
	}
	if sig.Calls < 10 || sig.Objects != sig.Calls || sig.People != sig.Calls || len(sig.Patients) != sig.Objects {
		t.Errorf("calls %d objects %d people %d patients %v", sig.Calls, sig.Objects, sig.People, sig.Patients)
	}
	if sig.Title == "" || sig.Expected == "" || sig.Observed == "" || len(sig.Facts) < 4 {
		t.Errorf("%+v", sig)
	}
	show(t, []Signal{*sig})
}

// TestOversized holds the structural limits, and what must pass under them.
func TestOversized(t *testing.T) {
	people := func(n int) []string {
		var ids []string
		for i := range n {
			ids = append(ids, plainID(1000+i))
		}
		return ids
	}
	f := func(name string, want bool, change func(w *smallWorld, c *call.Call), n int) {
		t.Helper()
		w := newSmallWorld(5, 15)
		c := w.list(epoch+3*hour, evil, people(n), false)
		change(w, c)
		sigs, _ := run(append(w.benign(2), c), evil.Key)
		if got := len(sigs) > 0; got != want {
			show(t, sigs)
			t.Errorf("%s: alerted %v", name, got)
		}
		for _, s := range sigs {
			if s.Detector != "oversized_phi" && s.Detector != "bulk_export" || s.People < n {
				t.Errorf("%s: %s with %d people", name, s.Detector, s.People)
			}
		}
	}
	f("a ward board of 40", false, func(*smallWorld, *call.Call) {}, 40)
	f("a page of 100", false, func(_ *smallWorld, c *call.Call) { c.Asked = 100 }, 100)
	f("_count=5000 that gave 190", true, func(_ *smallWorld, c *call.Call) { c.Asked = 5000 }, 190)
	f("_count=5000 that gave 10", false, func(_ *smallWorld, c *call.Call) { c.Asked = 5000 }, 10)
	f("300 at once", true, func(*smallWorld, *call.Call) {}, 300)
	f("an export by a person", true, func(_ *smallWorld, c *call.Call) { c.Flags = call.Bulk; c.FHIR.Operation = "$export" }, 30)
	f("a report in a file", true, func(_ *smallWorld, c *call.Call) { c.ContentType = "text/csv; charset=utf-8" }, 120)
	f("a short table", false, func(_ *smallWorld, c *call.Call) { c.ContentType = "text/csv" }, 30)
	f("everything on one patient", false, func(_ *smallWorld, c *call.Call) { c.Flags = call.Bulk; c.FHIR.Operation = "$everything" }, 1)
	f("an export by a machine", false, func(_ *smallWorld, c *call.Call) { c.Flags = call.Bulk; c.Principal.Service = true }, 3000)
	f("20 patients in one read", true, func(w *smallWorld, c *call.Call) {
		*c = *w.open(epoch+3*hour, evil, "1300", 200)
		c.PHI.People = 25
	}, 1)
	f("a family in one read", false, func(w *smallWorld, c *call.Call) {
		*c = *w.open(epoch+3*hour, evil, "1300", 200)
		c.PHI.People = 5
	}, 1)
}

// TestHardBenign plays honest work that looks like an attack to a simple rule.
func TestHardBenign(t *testing.T) {
	nurse := call.Principal{Key: 21, Kind: call.JWT, ID: "honest"}
	f := func(name string, change func(w *smallWorld) []*call.Call) {
		t.Helper()
		for seed := int64(1); seed <= 8; seed++ {
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
	f("a nightly job that walks every patient", func(w *smallWorld) (out []*call.Call) {
		job := call.Principal{Key: 22, Kind: call.JWT, ID: "etl", Service: true}
		for i := range 400 {
			out = append(out, w.open(at(i, time.Second), job, plainID(1220+i), 200))
		}
		return out
	})
	f("an analyst who pages through everything", func(w *smallWorld) (out []*call.Call) {
		for page := range 40 {
			var ids []string
			for i := range 10 {
				ids = append(ids, plainID(1220+10*page+i))
			}
			c := w.list(at(page, 11*time.Second), nurse, ids, false)
			c.Asked, c.Flags = 10, c.Flags|call.PageStep
			out = append(out, c)
		}
		return out
	})
	f("a registrar who creates and reads", func(w *smallWorld) (out []*call.Call) {
		for i := range 40 {
			c := w.open(at(i, 4*time.Minute), nurse, plainID(1700+i), 201)
			c.Method, c.Flags = "POST", call.Create
			out = append(out, c, w.open(at(i, 4*time.Minute)+3*second, nurse, plainID(1700+i), 200))
		}
		return out
	})
	f("a ward round by bed over fourteen neighbours in number", func(w *smallWorld) (out []*call.Call) {
		n := 1300
		for i := range 14 {
			n += 1 + w.rng.Intn(4)
			out = append(out, w.open(at(i, 4*time.Minute), nurse, plainID(n), 200))
		}
		return out
	})
	f("a ward round in no order", func(w *smallWorld) (out []*call.Call) {
		for i, n := range w.rng.Perm(15) {
			out = append(out, w.open(at(i, 5*time.Minute), nurse, plainID(1300+n), 200))
		}
		return out
	})
	f("an application that fetches the ward list ahead", func(w *smallWorld) (out []*call.Call) {
		var ids []string
		for i := range 28 {
			ids = append(ids, plainID(1400+3*i))
		}
		out = append(out, w.list(at(0, 0), nurse, ids, false))
		for i, id := range ids {
			out = append(out, w.open(at(i, 80*time.Millisecond)+second, nurse, id, 200))
		}
		return out
	})
	f("a board of neighbours in number, polled, its answers unseen", func(w *smallWorld) (out []*call.Call) {
		var ids []string
		for i := range 10 {
			ids = append(ids, plainID(1400+i))
		}
		for i := range 60 {
			c := w.list(at(i, 30*time.Second), nurse, ids, true)
			c.Status, c.Delivered, c.Objects, c.PHI.People = 0, nil, c.Objects[:10], 0
			out = append(out, c)
		}
		return out
	})
	f("a screen that polls one patient", func(w *smallWorld) (out []*call.Call) {
		for i := range 600 {
			out = append(out, w.open(at(i, 5*time.Second), nurse, "1333", 200))
		}
		return out
	})
	f("a client that retries", func(w *smallWorld) (out []*call.Call) {
		for i := range 60 {
			out = append(out, w.open(at(i, 200*time.Millisecond), nurse, "1333", 503))
		}
		return out
	})
	f("a session that ended", func(w *smallWorld) (out []*call.Call) {
		for i := range 12 {
			out = append(out, w.open(at(i, 40*time.Second), nurse, plainID(1220+w.rng.Intn(400)), 401))
		}
		return out
	})
	f("frames of an image", func(w *smallWorld) (out []*call.Call) {
		for i := range 200 {
			c := w.open(at(i, 300*time.Millisecond), nurse, "1333", 200)
			c.Objects = append(c.Objects, call.Object{Type: "frame", ID: plainID(i + 1), Key: patientKey(plainID(i)), Param: 5, Sub: true})
			out = append(out, c)
		}
		return out
	})
	f("arrivals met in order of registration", func(w *smallWorld) (out []*call.Call) {
		for i := range 30 {
			who := w.people[w.rng.Intn(4)].who
			out = append(out, w.open(at(i, 5*time.Minute), who, plainID(1640+i), 200))
		}
		return out
	})
	f("many people behind one address", func(w *smallWorld) (out []*call.Call) {
		nat := call.Principal{Key: 23, Kind: call.Address, ID: "10.0.0.1", Shared: true}
		for i := range 200 {
			out = append(out, w.open(at(i, 20*time.Second), nat, plainID(1220+w.rng.Intn(400)), 200))
		}
		return out
	})
	f("barcodes of a tray of tubes", func(w *smallWorld) (out []*call.Call) {
		for i := range 18 {
			out = append(out, w.open(at(i, 7*time.Second), nurse, plainID(1220+w.rng.Intn(400)), 200))
		}
		return out
	})
}
