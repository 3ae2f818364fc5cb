package main

import (
	"cmp"
	"fmt"
	"slices"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/call"
)

// benignRun is one hospital at one seed, without an attack.
type benignRun struct {
	hospital *hospital
	seed     uint64
	calls    uint64
	days     int
	people   int
	made     uint64
	told     []incident
	daily    []dayTally
	rivals   *rivals // nil without
}

// dayTally is the calls and incidents of one day of a run.
type dayTally struct {
	calls uint64
	told  int
}

// perPersonDay is about how many calls a day there are for each of the staff.
const perPersonDay = 105

// benignPlan shares calls out to the hospitals: each gets seeds from first on until it has its part.
func benignPlan(calls float64, first uint64) []*benignRun {
	var plan []*benignRun
	for i := range hospitals {
		h := &hospitals[i]
		left := calls / float64(len(hospitals))
		for seed := first; left > 0; seed++ {
			people := h.config(seed).People
			days := min(h.days, max(2, int(left/float64(people*perPersonDay))+1))
			plan = append(plan, &benignRun{hospital: h, seed: seed, days: days, people: people})
			left -= float64(days * people * perPersonDay)
		}
	}
	return plan
}

// run plays all days.
func (b *benignRun) run(z float64) {
	s := newSite(b.hospital.config(b.seed), detectors.Defaults())
	b.rivals = newRivals(true, z)
	var seen func(*call.Call, world.Mark, []incident)
	if b.rivals != nil {
		seen = func(c *call.Call, _ world.Mark, _ []incident) { b.rivals.observe(c, func(int) {}) }
	}
	for range b.days {
		calls, told := s.calls, len(s.incidents)
		s.day(seen)
		b.daily = append(b.daily, dayTally{s.calls - calls, len(s.incidents) - told})
	}
	b.calls, b.told, b.made = s.calls, s.incidents, s.made
	for i := range b.told {
		b.told[i].signal = detectors.Signal{} // only its words are told
	}
	if b.rivals != nil {
		b.rivals.forget()
	}
}

// between are the calls and incidents of the days from first to last of all runs, counted from 0.
func between(runs []*benignRun, first, last int) (calls uint64, told int) {
	for _, b := range runs {
		for i := first; i <= last && i < len(b.daily); i++ {
			calls, told = calls+b.daily[i].calls, told+b.daily[i].told
		}
	}
	return calls, told
}

// benign plays honest traffic, to the rules of others too unless z is 0.
func benign(r *runner, calls float64, first uint64, z float64) []*benignRun {
	plan := benignPlan(calls, first)
	slices.SortStableFunc(plan, func(a, b *benignRun) int { return cmp.Compare(b.people*b.days, a.people*a.days) }) // long ones first
	r.each("benign", len(plan), func(i int) string {
		b := plan[i]
		b.run(z)
		return fmt.Sprintf("%s, seed %d: %d of %d calls", b.hospital.name, b.seed, len(b.told), b.calls)
	})
	return plan
}

// tally counts by a name.
type tally struct {
	names  []string
	counts map[string]int
}

func (t *tally) add(name string) {
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if t.counts[name] == 0 {
		t.names = append(t.names, name)
	}
	t.counts[name]++
}

// sorted is the names, most frequent first.
func (t *tally) sorted() []string {
	slices.SortFunc(t.names, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.counts[b], t.counts[a]), cmp.Compare(a, b))
	})
	return t.names
}

// benignReport is the tables of the false alarms.
func benignReport(runs []*benignRun, command string) string {
	var d document
	d.title("False alarms on honest traffic", command)
	var calls, personDays uint64
	var made uint64
	n, worst := 0, 0.0
	var worstRun *benignRun
	var kinds, tags, roles, all tally
	for _, b := range runs {
		calls += b.calls
		personDays += uint64(b.people * b.days)
		n += len(b.told)
		made += b.made
		if x := float64(len(b.told)) / float64(b.calls) * 1e6; b.calls > 1_000_000 && x >= worst {
			worst, worstRun = x, b
		}
		for i := range b.told {
			t := &b.told[i]
			kinds.add(t.kind)
			tags.add(t.tag.String())
			roles.add(t.role.String())
			all.add(t.kind + " / " + t.role.String() + " / " + t.tag.String())
		}
	}
	mean, low, high := rate(n, calls)
	d.text("%s calls without an attack, %d runs: **%d incidents of severity Medium or more, %.2f per million calls** (exact Poisson 95 %% interval %.2f to %.2f); %.3f per 1,000 staff and day.",
		millions(calls), len(runs), n, mean, low, high, float64(n)/float64(personDays)*1000)
	d.text("Incidents of any severity (posture and below): %d, %.1f per million calls.", made, float64(made)/float64(calls)*1e6)
	if worstRun != nil {
		d.text("Worst run of more than a million calls: %.2f per million (%s, seed %d).", worst, worstRun.hospital.name, worstRun.seed)
	}
	d.heading("By hospital")
	d.table("hospital", "runs", "calls", "incidents", "per million", "95 %")
	for i := range hospitals {
		h := &hospitals[i]
		var c uint64
		m, k := 0, 0
		for _, b := range runs {
			if b.hospital == h {
				c, m, k = c+b.calls, m+len(b.told), k+1
			}
		}
		mean, low, high := rate(m, c)
		d.row(h.name, k, millions(c), m, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	d.heading("By how long the hospital was watched")
	d.table("days", "calls", "incidents", "per million", "95 %")
	for _, p := range [...][2]int{{0, 0}, {1, 4}, {5, 9}, {10, 19}, {20, 29}, {30, 1000}} {
		c, m := between(runs, p[0], p[1])
		if c == 0 {
			continue
		}
		mean, low, high := rate(m, c)
		name := fmt.Sprintf("%d to %d", p[0]+1, p[1]+1)
		switch {
		case p[1] == 0:
			name = "1"
		case p[1] > 100:
			name = fmt.Sprintf("from %d on", p[0]+1)
		}
		d.row(name, millions(c), m, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	for _, part := range []struct {
		name string
		t    *tally
	}{{"detector", &kinds}, {"role", &roles}, {"what was special about the call", &tags}, {"detector, role and special", &all}} {
		d.heading("By " + part.name)
		d.table(part.name, "incidents", "per million")
		for _, name := range part.t.sorted() {
			d.row(name, part.t.counts[name], fmt.Sprintf("%.3f", float64(part.t.counts[name])/float64(calls)*1e6))
		}
	}
	d.heading("Examples")
	d.text("At most %d of each detector, role and special.", examples)
	d.table("hospital", "seed", "day", "detector", "role", "special", "said")
	shown := map[string]int{}
	for _, b := range runs {
		for i := range b.told {
			t := &b.told[i]
			key := t.kind + " / " + t.role.String() + " / " + t.tag.String()
			if shown[key]++; shown[key] <= examples {
				d.row(b.hospital.name, b.seed, int((t.at-world.Epoch)/world.Day), t.kind, t.role, t.tag, plain(t.text))
			}
		}
	}
	return d.String()
}

// examples is how many incidents of one cause are shown.
const examples = 2

// nothing counts calls.
func nothing(calls *int) func(*call.Call, world.Mark) {
	return func(*call.Call, world.Mark) { *calls++ }
}
