package detectors

import (
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestEvidence_Lent holds that what a signal was given stays as it was, however its case and others go on.
func TestEvidence_Lent(t *testing.T) {
	var s scene
	s.init(Defaults())
	number := 0
	note := func(f *casefile, times int) {
		for range times {
			number++
			s.now, s.copies.of = clock.Time(number), nil
			s.note(f, &call.Call{Order: call.Order{Time: s.now}, Endpoint: uint64(number)})
		}
	}
	of := func(evidence []Evidence) (numbers []uint64) {
		for i := range evidence {
			numbers = append(numbers, evidence[i].Call.Endpoint)
		}
		return numbers
	}
	for calls := 1; calls <= maxEvidence+2; calls++ {
		var told, other casefile
		note(&told, calls)
		sig := s.restate(&told)
		want := of(sig.Evidence)
		if len(want) != min(calls, maxEvidence) {
			t.Fatalf("%d calls: evidence %v", calls, want)
		}
		note(&told, 3)
		s.close(&told)
		note(&other, maxEvidence)
		s.close(&other)
		note(&told, maxEvidence)
		if got := of(sig.Evidence); !slices.Equal(got, want) {
			t.Errorf("%d calls: the evidence was %v and became %v", calls, want, got)
		}
		s.close(&told)
	}
	if s.runs != 0 {
		t.Errorf("%d cases hold evidence, all are closed", s.runs)
	}
	if n := len(s.copies.rest); n == 0 || n > resting {
		t.Errorf("%d copies rest", n)
	}
	for _, k := range s.copies.rest {
		if k.Call.Endpoint != 0 || k.holders != 0 {
			t.Errorf("a copy rests with call %d in it and %d who hold it", k.Call.Endpoint, k.holders)
		}
	}
}

// TestEvidence_Allocations holds that a suspicion that comes to nothing costs no memory.
func TestEvidence_Allocations(t *testing.T) {
	var s scene
	s.init(Defaults())
	var f, g casefile
	c := &call.Call{Method: "GET", Route: "/a", Objects: []call.Object{{Type: "Patient", ID: "1"}}}
	round := func() {
		for range maxEvidence {
			s.copies.of = nil
			s.note(&f, c)
			s.note(&g, c)
		}
		s.close(&f)
		s.close(&g)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
