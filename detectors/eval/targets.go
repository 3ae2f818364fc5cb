package main

import (
	"fmt"
	"slices"

	"auscult/detectors/eval/world"
)

// measured is what a run of the program found; what it did not measure is nil.
type measured struct {
	cost   *costs
	scenes []outcome
	tuning *tuning
	runs   []*benignRun
	cells  []*cell
}

// targetTable is the plan's targets beside what was measured.
type targetTable struct {
	document
	m           *measured
	met, missed int
}

// verdict is a target's row.
func (t *targetTable) verdict(name, demand, found string, met bool) {
	word := "**no**"
	if met {
		word = "yes"
		t.met++
	} else {
		t.missed++
	}
	t.row(name, demand, found, word)
}

// delays are the rows of cells that a delay is asked of: median and p99 at most, 0 for any, and the share never found.
func (t *targetTable) delays(group string, median, p99 int, missNone bool, names ...string) {
	demand := fmt.Sprintf("median ≤ %d", median)
	if p99 > 0 {
		demand += fmt.Sprintf(", p99 ≤ %d", p99)
	}
	if missNone {
		demand += ", never 0"
	}
	for _, name := range names {
		c := t.cell(group, name)
		if c == nil {
			continue
		}
		s := summarize(ours(c.results))
		met := s.median <= median && (p99 == 0 || s.p99 <= p99) && (!missNone || s.missed == 0)
		t.verdict(name, demand, s.text(), met)
	}
}

// text is a summary in a line.
func (s summary) text() string {
	return fmt.Sprintf("median %s, p90 %s, p99 %s, never %s; n %d", s.medianText(), count(s.p90), count(s.p99), percent(s.missed, s.n), s.n)
}

// cell is that of a name, if it was run.
func (t *targetTable) cell(group, name string) *cell {
	i := slices.IndexFunc(t.m.cells, func(c *cell) bool { return c.group == group && c.name == name })
	if i < 0 || len(t.m.cells[i].results) == 0 {
		return nil
	}
	return t.m.cells[i]
}

// structured are the orders that have one.
var structured = []string{"+1", "−1", "stride 7", "check digit", "jitter", "shuffled in 2k", "two ranges", "five ranges", "base64", "hex", "base62", "UUIDv7", "ULID", "ObjectId"}

// targetReport is the plan's target table (detection plan, section 5), measured. Each row is of one cell: none is pooled.
func targetReport(m *measured, command string) string {
	t := &targetTable{m: m}
	t.title("The targets of the plan", command)
	t.text("Every figure is taken from the cells of the other tables. In brackets: 95 %% intervals. ∞ is never. What this run did not measure has no row; figures on recorded requests and on values of generators (injection, PHI classes) are made elsewhere.")
	t.table("what", "target", "measured", "met")
	t.honest()
	var fast, slow []string
	for _, name := range structured {
		fast, slow = append(fast, name+", 1/s"), append(slow, name+", 1/20 min")
	}
	t.delays(tableHeadline, 8, 20, true, append(fast, slow...)...)
	t.delays(tableHeadline, 12, 30, false, "shuffled in 20k, 1/s", "random, 1/s", "random UUIDv4, 1/s", "shuffled in 20k, 1/20 min", "random, 1/20 min", "random UUIDv4, 1/20 min")
	for _, order := range []string{"+1", "random"} {
		for _, p := range []string{"1/s", "1/min"} {
			t.delays(tableCover, 15, 0, false, fmt.Sprintf("%s, %s, 50 %% by search", order, p))
			t.delays(tableCover, 60, 0, false, fmt.Sprintf("%s, %s, 100 %% by search", order, p))
		}
	}
	t.spread()
	t.nurse()
	t.delays(tableAblation, 12, 0, false, outOfSight+": +1")
	t.delays(tableAblation, 20, 0, false, outOfSight+": shuffled in 20k")
	t.responses()
	t.cold()
	if c := m.cost; c != nil {
		t.verdict("cost", "≤ 2 µs a call", fmt.Sprintf("%.2f µs", float64(c.perCall().Nanoseconds())/1000), c.perCall() <= 2000)
		t.verdict("a stream played again", "the same alerts", fmt.Sprint(c.same), c.same)
	}
	t.text("%d met, %d not.", t.met, t.missed)
	return t.String()
}

// honest are the targets of false alarms.
func (t *targetTable) honest() {
	if len(t.m.runs) == 0 {
		return
	}
	calls, told := between(t.m.runs, 0, 1<<20)
	mean, low, high := rate(told, calls)
	text := func() string {
		return fmt.Sprintf("%.2f (%.2f–%.2f); %d in %s", mean, low, high, told, millions(calls))
	}
	t.verdict("false alarms a million calls", "≤ 0.5, upper bound < 1", text(), mean <= .5 && high < 1)
	personDays := 0
	for _, b := range t.m.runs {
		personDays += b.people * b.days
	}
	daily := float64(told) / float64(max(1, personDays)) * 5000
	t.verdict("false alarms a day for 5,000 of the staff", "≤ 1", fmt.Sprintf("%.2f", daily), daily <= 1)
	var unseen []*benignRun
	for _, b := range t.m.runs {
		if b.hospital.config(1).Unseen {
			unseen = append(unseen, b)
		}
	}
	if len(unseen) > 0 {
		calls, told = between(unseen, 0, 1<<20)
		mean, low, high = rate(told, calls)
		t.verdict("… with no provenance visible", "< 0.7", text(), mean < .7)
	}
	calls, told = between(t.m.runs, 5, 1<<20)
	mean, low, high = rate(told, calls)
	t.verdict("… from the sixth day on", "< 1.5", text(), mean < 1.5)
}

// spread are the targets of walks over many accounts.
func (t *targetTable) spread() {
	for _, k := range []int{5, 20, 50} {
		name := fmt.Sprintf("+1, %d accounts, 5/day each", k)
		t.delays(tableSpread, 15, 0, false, name)
		if c := t.cell(tableSpread, name); c != nil {
			mean, n := c.average(func(r *result) float64 { return r.named })
			t.verdict(name+", accounts named", "≥ 80 %", fmt.Sprintf("%.0f %%; n %d", 100*mean, n), mean >= .8)
		}
	}
	t.delays(tableSpread, 100, 0, false, "shuffled in 2k, 50 accounts, 5/day each", "shuffled in 2k, 50 accounts, 1/s in all")
}

// nurse is the target of a slow attacker.
func (t *targetTable) nurse() {
	c := t.cell(tableHeadline, "random, 3/day")
	if c == nil {
		return
	}
	soon, s := 0, summarize(ours(c.results))
	for i := range c.results {
		if d := c.results[i].ours; d.n > 0 && d.at <= 10*world.Day {
			soon++
		}
	}
	t.verdict("nurse, random, 3/day", "≥ 95 % within 10 days, median ≤ 15", percent(soon, s.n)+" within 10 days; "+s.text(), share(soon, s.n) >= .95 && s.median <= 15)
}

// responses are the targets that ask for the first response.
func (t *targetTable) responses() {
	for i := range t.m.scenes {
		o := &t.m.scenes[i]
		if o.scenario.about != atOnce {
			continue
		}
		at := 0
		for _, n := range o.calls {
			if n == 1 {
				at++
			}
		}
		t.verdict(o.scenario.name, "first response", fmt.Sprintf("first: %s; n %d", percent(at, o.made), o.made), at == o.made)
	}
}

// cold are the targets of the first morning.
func (t *targetTable) cold() {
	for _, name := range []string{"+1, 1/s, in the first minute", "+1, 1/s", "+1, 1/min", "random, 1/s, in the first minute", "random, 1/s", "random, 1/min"} {
		if c := t.cell(tableCold, name); c != nil {
			s := summarize(ours(c.results))
			t.verdict("seen cold: "+name, "found, at most 1 in 20 never", s.text(), s.never() <= .05)
		}
	}
}
