package detectors

import (
	"bytes"
	"strings"
	"testing"

	"auscult/sensor/clock"
)

// TestSelfCheck_Engine gives an engine a budget that its alarms exceed: after a week all thresholds rise, which the
// statistics, the facts and a saved baseline say; before it has a week and a million calls, nothing rises.
func TestSelfCheck_Engine(t *testing.T) {
	e := New(Defaults())
	h := &hospital{}
	before := e.scene.h
	attack := func(d, n int) (facts []Fact) {
		who := evil
		who.Key += uint64(d*100 + n)
		for i := range 40 {
			at := epoch + clock.Time(d)*day + clock.Time(n)*hour + clock.Time(i)*2*second
			for _, s := range accusations(e.Observe(nil, h.open(at, who, plainID(1000*(n+1)+i), 200))) {
				facts = s.Facts
			}
		}
		return facts
	}
	raised := func(facts []Fact) bool {
		for _, f := range facts {
			if f.Name == "thresholds" && strings.HasPrefix(f.Value, "raised 10.0-fold") {
				return true
			}
		}
		return false
	}
	for d := range 7 {
		if r := e.Stats().ThresholdRaise; r != 0 {
			t.Fatalf("raised by %.1f on day %d", r, d)
		}
		for n := range 4 {
			if facts := attack(d, n); len(facts) == 0 || raised(facts) {
				t.Fatalf("day %d: facts %v", d, facts)
			}
		}
		e.scene.check.today.Calls += 200_000 // others' calls, about which nothing is to be said
	}
	facts := attack(7, 0)
	if st := e.Stats(); st.ThresholdRaise < 2.3 || !raised(facts) {
		t.Errorf("28 incidents in 1.4 million calls: raised by %.2f, facts %v", st.ThresholdRaise, facts)
	}
	if e.scene.h.unexplained < before.unexplained+2.3 || e.scene.h.tail > before.tail/9 || e.scene.h.across < before.across+2.3 {
		t.Errorf("thresholds %+v, before %+v", e.scene.h, before)
	}
	loaded, err := Load(Defaults(), bytes.NewReader(saved(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	if loaded.scene.h != e.scene.h {
		t.Error("a saved baseline forgets the raise")
	}
	for d := range 20 { // and then nothing but honest work
		e.Observe(nil, h.open(epoch+clock.Time(10+d)*day, evil, "1", 200))
	}
	if r := e.Stats().ThresholdRaise; r != 0 {
		t.Errorf("after three quiet weeks still raised by %.2f", r)
	}
}
