package main

import (
	"fmt"
	"math"
	"testing"
)

func TestSummarize(t *testing.T) {
	found := []delay{{8, 1}, {9, 1}, {0, 0}, {7, 1}, {0, 0}}
	if s := summarize(found); s.median != 9 || s.p90 != never || s.never() != 0.4 || s.low != 7 || s.high != never {
		t.Errorf("%+v", s)
	}
	if s := summarize(nil); s.n != 0 || s.medianText() != "–" {
		t.Errorf("%+v", s)
	}
}

// TestWilson compares with figures of Brown, Cai and DasGupta (Statistical Science 2001) and of R's prop.test.
func TestWilson(t *testing.T) {
	f := func(k, n int, want string) {
		t.Helper()
		low, high := wilson(k, n)
		if got := fmt.Sprintf("%.4f %.4f", low, high); got != want {
			t.Errorf("%d of %d: %s, want %s", k, n, got, want)
		}
	}
	f(0, 50, "0.0000 0.0713")
	f(5, 10, "0.2366 0.7634")
	f(50, 50, "0.9287 1.0000")
	f(0, 0, "0.0000 1.0000")
}

func TestDeviation(t *testing.T) {
	f := func(allowed int, z float64, reach int) {
		t.Helper()
		if gotZ, n := deviation([]float64{1, 2, 2, 5, 9}, allowed); gotZ != z || n != reach {
			t.Errorf("%d allowed: %g reached by %d, want %g by %d", allowed, gotZ, n, z, reach)
		}
	}
	f(0, math.Nextafter(9, 10), 0)
	f(1, 9, 1)
	f(2, 5, 2)
	f(3, 5, 2)
	f(4, 2, 4)
	f(9, 1, 5)
}

// TestLanes holds that the raids of a cell are shared out in full.
func TestLanes(t *testing.T) {
	cells := attackCells(50)
	all := lanes(cells, 1)
	left := map[*cell]int{}
	for _, l := range all {
		for i, c := range l.cells {
			if l.setting != c.setting {
				t.Errorf("%s is in the lane of %s", c.name, l.describe())
			}
			left[c] += l.left[i]
		}
	}
	for _, c := range cells {
		if left[c] != c.replicates {
			t.Errorf("%s: %s: %d raids of %d", c.group, c.name, left[c], c.replicates)
		}
	}
}

// TestTargets holds that every cell that a target is about exists.
func TestTargets(t *testing.T) {
	m := &measured{cells: attackCells(2), runs: []*benignRun{{hospital: &hospitals[0], days: 1, people: 1, daily: []dayTally{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {100_000_000, 0}}}}, cost: &costs{calls: 1}}
	for _, c := range m.cells {
		c.results = []result{{ours: delay{3, 1}}}
	}
	for i := range scenarios {
		m.scenes = append(m.scenes, outcome{scenario: &scenarios[i], made: 1, calls: []int{1}})
	}
	table := &targetTable{m: m}
	table.honest()
	if table.met != 3 {
		t.Errorf("%d of 3 met without an alarm:\n%s", table.met, table.String())
	}
	if targetReport(m, ""); len(m.cells) < 300 {
		t.Errorf("%d cells", len(m.cells))
	}
	table = &targetTable{m: m}
	table.spread()
	table.nurse()
	table.responses()
	table.cold()
	if table.met+table.missed != 3*2+2+1+4+6 {
		t.Errorf("%d rows:\n%s", table.met+table.missed, table.String())
	}
}
