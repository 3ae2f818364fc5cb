package detectors

import (
	"strconv"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestOversized_Pages draws lists whose pages are each below what is alarming alone.
func TestOversized_Pages(t *testing.T) {
	nurse := call.Principal{Key: 31, Kind: call.JWT, ID: "nurse"}
	clerk := call.Principal{Key: 32, Kind: call.JWT, ID: "clerk"}
	for _, f := range []struct {
		name        string
		pages, size int
		gap         clock.Time
		same        bool // the list is drawn again
		shared      bool // a colleague drew pages of the size before
		machine     bool
		want        int // pages after which it is told; 0: never
	}{
		{name: "whole list in pages of 225", pages: 4, size: 225, gap: 3 * second, want: 3},
		{name: "in pages of 150", pages: 6, size: 150, gap: 3 * second, want: 4},
		{name: "two wards", pages: 2, size: 225, gap: 3 * second},
		{name: "ordinary pages", pages: 12, size: 60, gap: 3 * second},
		{name: "one board refreshed", pages: 40, size: 225, gap: minute, same: true},
		{name: "a list an hour", pages: 5, size: 225, gap: hour},
		{name: "pages that others draw", pages: 4, size: 225, gap: 3 * second, shared: true},
		{name: "a machine", pages: 4, size: 225, gap: 3 * second, machine: true},
	} {
		w := newSmallWorld(5, 15)
		calls := w.benign(1)
		page := func(at clock.Time, who call.Principal, n int) *call.Call {
			var ids []string
			for j := range f.size {
				ids = append(ids, "u-"+strconv.Itoa(1000*n+j))
			}
			return w.list(at, who, ids, false)
		}
		if f.shared {
			calls = append(calls, page(epoch+hour, clerk, 50))
		}
		who := nurse
		who.Service = f.machine
		for i := range f.pages {
			n := i
			if f.same {
				n = 0
			}
			c := page(epoch+2*hour+clock.Time(i)*f.gap, who, n)
			c.Stream = uint32(i + 1) // marks them for this test
			calls = append(calls, c)
		}
		e, got := New(Defaults()), 0
		for _, c := range inOrder(calls) {
			for _, s := range e.Observe(nil, c) {
				if s.Severity >= Medium && s.Principal.Key == clerk.Key {
					t.Errorf("%s: accuses the clerk: %s", f.name, s.Title)
				}
				if s.Detector == "oversized_phi" && got == 0 && s.Principal.Key == nurse.Key {
					got = int(c.Stream)
				}
			}
		}
		if got != f.want {
			t.Errorf("%s: told after %d pages, want %d", f.name, got, f.want)
		}
	}
}

// TestAcross_Joins gives one walk to four accounts, a block of twenty each: whoever joins it once it is told is named
// there, and has no finding of its own.
func TestAcross_Joins(t *testing.T) {
	w := newSmallWorld(5, 15)
	calls := w.benign(1)
	for i := range 80 {
		who := call.Principal{Key: uint64(41 + i/20), Kind: call.Session, ID: "s" + strconv.Itoa(i/20)}
		calls = append(calls, w.open(epoch+hour+clock.Time(i)*4*second, who, plainID(91300+i), 200))
	}
	e := New(Defaults())
	alone, named := map[uint64]bool{}, map[uint64]bool{}
	for _, c := range inOrder(calls) {
		for _, s := range e.Observe(nil, c) {
			switch {
			case s.Detector == "distributed_enumeration":
				named[s.Principal.Key] = true
				for i := range s.Members {
					named[s.Members[i].Key] = true
				}
			case s.Severity >= Medium:
				alone[s.Principal.Key] = true
			}
		}
	}
	for key := uint64(41); key <= 44; key++ {
		if !named[key] {
			t.Errorf("account %d is not named with the others", key)
		}
	}
	for _, late := range []uint64{43, 44} {
		if alone[late] {
			t.Errorf("account %d, which joined late, is told by itself too", late)
		}
	}
	if len(named) != 4 {
		t.Errorf("%d accounts are named", len(named))
	}
}
