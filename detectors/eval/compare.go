package main

import (
	"fmt"
	"math"
	"slices"
)

// tuning is how the deviation was found at which the rule on one's own median makes as many false alarms as ours.
type tuning struct {
	calls uint64
	ours  int
	days  int // with a count above the account's median
	rule  int // its alarms at z, at most one an account and day
	z     float64
}

// The seeds that anything may be tuned on.
const tuningSeeds = 1

// tune plays honest traffic of the tuning seeds and finds that deviation.
func tune(r *runner, calls float64) tuning {
	var t tuning
	var largest []float64
	for _, b := range benign(r, calls, tuningSeeds, math.Inf(1)) {
		t.calls += b.calls
		t.ours += len(b.told)
		largest = append(largest, b.rivals.largest...)
	}
	slices.Sort(largest)
	t.days = len(largest)
	t.z, t.rule = deviation(largest, t.ours)
	return t
}

// deviation is the least z that at most allowed of the sorted days reach, and how many do; one that just none reaches
// when none is allowed.
func deviation(largest []float64, allowed int) (z float64, reach int) {
	z = math.Inf(1)
	if n := len(largest); n > 0 {
		z = math.Nextafter(largest[n-1], z)
	}
	for i := len(largest) - 1; i >= 0; i-- {
		if i > 0 && largest[i-1] == largest[i] {
			continue
		}
		if n := len(largest) - i; n <= allowed {
			z, reach = largest[i], n
		}
	}
	return z, reach
}

// compareReport is the false alarms of the rules of others on the traffic of runs.
func compareReport(t tuning, runs []*benignRun, command string) string {
	var calls uint64
	ours := 0
	var alarms [rivalCount]int
	for _, b := range runs {
		calls += b.calls
		ours += len(b.told)
		for k, n := range b.rivals.alarms {
			alarms[k] += n
		}
	}
	var d document
	d.title("The rules of others, on the same honest traffic", command)
	d.text("%s calls, %d runs: those of benign.md. One alarm an account (or address) and day. Their delays stand in attacks.md.", millions(calls), len(runs))
	d.table("rule", "alarms", "per million", "95 %")
	row := func(name string, n int) {
		mean, low, high := rate(n, calls)
		d.row(name, n, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	row("the detectors, severity Medium or more", ours)
	for k, name := range rivalNames {
		row(name, alarms[k])
	}
	d.text("50 in 5 minutes is what Akto ships (example of its documentation), 30 a minute a hand-set number as Wallarm asks for, 200 a day the rule on researchers of Boxwala 2011.")
	d.text("The deviation of the last rule was tuned by this program, on seeds from %d: in %s honest calls the detectors made %d false alarms; of %d days of an account with a count above its median, %d reach z = %.1f, the least at which the rule makes no more.",
		tuningSeeds, millions(t.calls), t.ours, t.days, t.rule, t.z)
	return d.String()
}
