package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/detectors/eval/world"
)

// TestQuick measures a little of everything, with bounds that are far from chance: it fails when detection breaks,
// not when it gets a little worse. The figures are for the full run.
func TestQuick(t *testing.T) {
	honest, times, every := 4e5, 6, 1
	if testing.Short() {
		honest, times, every = 1e5, 2, 4
	}
	r := &runner{workers: 2, log: io.Discard}
	runs := benign(r, honest, 101, 0)
	told, calls := 0, uint64(0)
	for _, b := range runs {
		calls += b.calls
		if b.hospital.config(1).Unseen {
			continue // of lists out of sight little can be promised in the first days
		}
		told += len(b.told)
		for _, in := range b.told {
			t.Logf("%s: %s %v %v: %s", b.hospital.name, in.kind, in.role, in.tag, in.text)
		}
	}
	if told > 8 || float64(calls) < honest {
		t.Errorf("%d false alarms in %d calls", told, calls)
	}

	cells := []*cell{
		{name: "+1", order: find("+1"), pace: paceOf("1/s")}, {name: "random", order: find("random"), pace: paceOf("1/s")},
		{name: "slow", order: find("+1"), pace: paceOf("1/20 min")}, {name: "cold", order: find("+1"), pace: paceOf("1/s"), setting: setting{cold: true}},
	}
	for _, c := range cells {
		c.replicates, c.people, c.count, c.hits, c.most, c.role = times, attackStaff, 1, 1, 100, world.Nurse
	}
	cells = cells[:len(cells)/every]
	attack(r, cells, 101, 0)
	for _, c := range cells {
		if s := summarize(ours(c.results)); s.n != times || s.median > 25 || s.never() > .2 {
			t.Errorf("%s: median %d patients, %.0f %% of %d never", c.name, s.median, 100*s.never(), s.n)
		}
	}

	missed := 0
	if every == 1 {
		for _, o := range playScenarios(r, 1, 101) {
			if len(o.calls) == 0 {
				missed++
				t.Logf("not found: %s", o.scenario.name)
			}
		}
	} else {
		for _, o := range playSome([]int{0, 9, len(access), len(access) + len(more)}, 101) {
			missed += 1 - len(o.calls)
		}
	}
	if missed > 4*len(scenarios)/60 {
		t.Errorf("%d of %d scenarios not found", missed, len(scenarios))
	}
}

// TestRun_Workers holds that results do not depend on how many hospitals are played at once.
func TestRun_Workers(t *testing.T) {
	var first string
	honest, counts := "2e5", []string{"1", "3"}
	if testing.Short() { // with the race detector, which wants several at once
		honest, counts = "2e4", counts[1:]
	}
	for _, workers := range counts {
		dir := t.TempDir()
		if err := run([]string{"-benign", honest, "-seeds", "5", "-workers", workers, "-out", dir}, io.Discard); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "benign.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, figures, _ := strings.Cut(string(text), "\n\n## ")
		if first == "" {
			first = figures
		}
		if figures != first || len(figures) < 500 {
			t.Errorf("%s workers:\n%s\nbefore:\n%s", workers, figures, first)
		}
	}
}
