package main

import (
	"fmt"
	"slices"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/call"
)

// rivalRun is the rules of others over honest traffic.
type rivalRun struct {
	calls   uint64
	ours    int
	alarms  [rivalCount]int
	largest []float64
}

// compare plays honest traffic to the detectors and to the rules of others, and finds the deviation at which the rule
// on one's own median would make no more false alarms than budget.
func compare(r *runner, calls float64, first uint64, command string) string {
	plan := benignPlan(calls, first)
	runs := make([]rivalRun, len(plan))
	r.each("rivals", len(plan), func(i int) string {
		s := newSite(plan[i].hospital.config(plan[i].seed), detectors.Defaults())
		rivals := newRivals(true)
		for range plan[i].days {
			s.day(func(c *call.Call, _ world.Mark, _ []incident) { rivals.observe(c, func(int) {}) })
		}
		runs[i] = rivalRun{s.calls, len(s.incidents), rivals.alarms, rivals.largest}
		return plan[i].hospital.name
	})
	var all rivalRun
	for _, x := range runs {
		all.calls += x.calls
		all.ours += x.ours
		for k := range x.alarms {
			all.alarms[k] += x.alarms[k]
		}
		all.largest = append(all.largest, x.largest...)
	}
	slices.Sort(all.largest)
	var d document
	d.title("The rules of others, on the same honest traffic", command)
	d.text("%s calls. One alarm an account and day. Their delays stand in attacks.md.", millions(all.calls))
	d.table("rule", "alarms", "per million", "95 %")
	row := func(name string, n int) {
		mean, low, high := rate(n, all.calls)
		d.row(name, n, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	row("the detectors, severity Medium or more", all.ours)
	for k, name := range rivalNames {
		row(name, all.alarms[k])
	}
	d.heading("The deviation that the last would need")
	d.text("Days with a count above the account's median: %d. The rule makes no more alarms than the rate from this z on:", len(all.largest))
	d.table("alarms per million", "z")
	for _, per := range []float64{0.5, 1, 5, 20} {
		allowed := int(per * float64(all.calls) / 1e6)
		if i := len(all.largest) - 1 - allowed; i >= 0 && len(all.largest) > 0 {
			d.row(per, fmt.Sprintf("%.1f", all.largest[i]))
		}
	}
	return d.String()
}

// ablate measures the false alarms of each ablation on the honest traffic of the first hospital.
func ablate(r *runner, calls float64, first uint64, command string) string {
	type part struct {
		calls uint64
		told  int
	}
	const days = 40
	seeds := max(1, int(calls/float64(len(ablations))/(days*400*perPersonDay)))
	parts := make([]part, len(ablations)*seeds)
	r.each("ablation", len(parts), func(i int) string {
		a := &ablations[i/seeds]
		w, cfg := world.Default(first+uint64(i%seeds)), detectors.Defaults()
		if a.world != nil {
			a.world(&w)
		}
		if a.detectors != nil {
			a.detectors(&cfg)
		}
		s := newSite(w, cfg)
		for range days {
			s.day(nil)
		}
		parts[i] = part{s.calls, len(s.incidents)}
		return a.name
	})
	var d document
	d.title("What each part costs in false alarms", command)
	d.text("A hospital of 400 for %d days, %d seeds each. What it is worth stands in attacks.md. The detectors have no switch for a single test within a stream, nor for the filter of deliveries: lists out of sight stand for the latter.", days, seeds)
	d.table("detectors", "calls", "incidents", "per million", "95 %")
	for i := range ablations {
		var p part
		for _, x := range parts[i*seeds : (i+1)*seeds] {
			p.calls, p.told = p.calls+x.calls, p.told+x.told
		}
		mean, low, high := rate(p.told, p.calls)
		d.row(ablations[i].name, millions(p.calls), p.told, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	return d.String()
}
