package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// takingsWorld is days of people who take about as much each day: chart after chart of 40 kB.
type takingsWorld struct {
	e    *Engine
	seq  uint32
	said []Signal
}

// take has who given the data of people in as many answers of so many bytes.
func (w *takingsWorld) take(at clock.Time, who call.Principal, answers, people int, bytes int64) {
	for i := range answers {
		w.seq++
		c := &call.Call{Order: call.Order{Time: at + clock.Time(i)*second, Flow: who.Key, Seq: w.seq}, Method: "GET", Host: "ehr",
			Route: "/api/charts", Path: "/api/charts", Endpoint: 9, Status: 200, Principal: who, RespDec: bytes, ContentType: "application/json"}
		c.PHI.People, c.PHI.Records, c.PHI.Bytes = people, people, bytes
		for j := range min(people, 40) {
			id := fmt.Sprintf("%d-%d", w.seq, j)
			c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: id, Key: patientKey(id), Param: patientParam, Patient: true, Where: call.InResponse})
			c.Delivered = append(c.Delivered, patientKey(id))
		}
		for _, s := range w.e.Observe(nil, c) {
			if s.Detector == "low_slow_scrape" && s.Route == "GET /api/charts" {
				w.said = append(w.said, s)
			}
		}
	}
}

// TestTakings tells bytes that are many for the principal and its peers, gravely with people; a machine by its own days.
func TestTakings(t *testing.T) {
	who := func(i int) call.Principal {
		return call.Principal{Key: uint64(500 + i), Kind: call.JWT, ID: fmt.Sprint("n", i), Role: "nurse"}
	}
	load := call.Principal{Key: 900, Kind: call.JWT, ID: "load", Service: true}
	f := func(name string, want Severity, days int, end func(w *takingsWorld, at clock.Time)) {
		t.Helper()
		w := &takingsWorld{e: New(Defaults())}
		for n := range days {
			for i := range 12 {
				for h := range 3 {
					w.take(epoch+clock.Time(n)*day+clock.Time(h)*hour+clock.Time(i)*minute, who(i), 4, 1, 40<<10)
				}
			}
			w.take(epoch+clock.Time(n)*day+5*hour, load, 40, 10, 1<<20)
		}
		end(w, epoch+clock.Time(days)*day)
		worst := Severity(0)
		for _, s := range w.said {
			worst = max(worst, s.Severity)
		}
		if worst != want {
			t.Errorf("%s: %v, want %v", name, worst, want)
			show(t, w.said)
		}
	}
	f("the usual days", 0, 12, func(*takingsWorld, clock.Time) {})
	f("ten times as many charts of a cover shift", 0, 6, func(w *takingsWorld, at clock.Time) {
		w.take(at, who(3), 60, 1, 80<<10)
		w.take(at+2*hour, who(3), 60, 1, 80<<10)
	})
	f("pages with three hundred people, 90 MB, in an hour", Medium, 6, func(w *takingsWorld, at clock.Time) { w.take(at, who(3), 60, 5, 1500<<10) })
	f("one list of two hundred with all their records, 60 MB", 0, 6, func(w *takingsWorld, at clock.Time) { w.take(at, who(3), 1, 200, 60<<20) })
	f("as much seen cold", Medium, 0, func(w *takingsWorld, at clock.Time) { w.take(at, who(3), 60, 5, 1500<<10) })
	f("one chart full of pictures, 60 MB", 0, 6, func(w *takingsWorld, at clock.Time) { w.take(at, who(3), 20, 1, 3<<20) })
	f("the same on eight days, an hour each", Low, 6, func(w *takingsWorld, at clock.Time) {
		for n := range 8 {
			w.take(at+clock.Time(n)*day, who(3), 20, 1, 3<<20)
		}
	})
	f("a machine as ever", 0, 8, func(w *takingsWorld, at clock.Time) { w.take(at, load, 50, 10, 1<<20) })
	f("a machine, fifty times as much, new to us", 0, 1, func(w *takingsWorld, at clock.Time) { w.take(at, load, 400, 10, 5<<20) })
	f("a machine, fifty times as much", Medium, 8, func(w *takingsWorld, at clock.Time) { w.take(at, load, 400, 10, 5<<20) })
}

func TestTakings_Bound(t *testing.T) {
	cfg := Defaults()
	cfg.Principals = 8
	w := &takingsWorld{e: New(cfg)}
	for i := range 40 {
		w.take(epoch+clock.Time(i)*second, call.Principal{Key: uint64(i + 1), Kind: call.JWT, ID: "x"}, 1, 1, 1<<10)
	}
	if st := w.e.Stats(); st.EvictedProfiles < 32 {
		t.Errorf("%d let go of 40, with room for 8", st.EvictedProfiles)
	}
}
