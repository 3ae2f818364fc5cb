package detectors

import (
	"strconv"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestClose holds the last word on each attack to what was done, and its title to its numbers.
func TestClose(t *testing.T) {
	w := newSmallWorld(3, 15)
	calls := w.benign(2)
	for i := range 176 { // one walk
		calls = append(calls, w.open(epoch+hour+clock.Time(i)*2*second, evil, plainID(1230+i), 200))
	}
	for i := range 90 { // one walk by five in turns
		who := call.Principal{Key: uint64(11 + i%5), Kind: call.Session, ID: "s" + strconv.Itoa(i%5)}
		calls = append(calls, w.open(epoch+hour+clock.Time(i)*7*second, who, plainID(91300+i), 200))
	}
	for i := range 5 { // five large answers
		var ids []string
		for j := range 300 {
			ids = append(ids, "u-"+strconv.Itoa(7919*i+j*j))
		}
		calls = append(calls, w.list(epoch+hour+clock.Time(i)*minute, call.Principal{Key: 31, Kind: call.JWT, ID: "big"}, ids, false))
	}
	e := New(Defaults())
	last := map[string]Signal{}
	for _, c := range inOrder(calls) {
		for _, s := range e.Observe(nil, c) {
			last[s.Detector+" "+s.Principal.ID] = s
			agree(t, s)
		}
	}
	final := e.Close(nil)
	for i, s := range final {
		agree(t, s)
		if i > 0 && s.Compare(final[i-1].Order) < 0 {
			t.Errorf("%s is told before %s", final[i-1].Detector, s.Detector)
		}
		was, ok := last[s.Detector+" "+s.Principal.ID]
		if !ok || s.Calls < was.Calls || s.Objects < was.Objects || s.People < was.People {
			t.Errorf("%s: %d calls after %d", s.Detector, s.Calls, was.Calls)
		}
		last[s.Detector+" "+s.Principal.ID] = s
	}
	for _, want := range []struct {
		detector string
		calls    int
	}{{"sequential_enumeration", 176}, {"distributed_enumeration", 90}, {"oversized_phi", 5}} {
		n := 0
		for _, s := range last {
			if s.Detector == want.detector {
				n = max(n, s.Calls)
			}
		}
		if n < want.calls-2 || n > want.calls {
			t.Errorf("%s ends with %d calls of %d", want.detector, n, want.calls)
		}
	}
	if again := e.Close(nil); len(again) != 0 {
		t.Errorf("%d signals of a second Close", len(again))
	}
}

// agree holds the title to the numbers: the first number in it is the patients or the objects of the signal.
func agree(t *testing.T, s Signal) {
	t.Helper()
	for _, word := range strings.Fields(s.Title) {
		n, err := strconv.Atoi(word)
		if err != nil || s.Detector == "distributed_enumeration" && n == len(s.Members) {
			continue
		}
		if n != s.Objects && n != s.People {
			t.Errorf("%q with %d objects and %d people", s.Title, s.Objects, s.People)
		}
		return
	}
}
