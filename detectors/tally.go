package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/clock"
)

// scale is one width at which counts are judged.
type scale struct {
	width clock.Time
	name  string
}

var scales = [...]scale{
	{10 * minute, "10 minutes"}, {hour, "an hour"}, {8 * hour, "8 hours"}, {day, "a day"}, {5 * day, "5 days"},
}

// measure is what is counted at every scale.
type measure uint8

const (
	opened measure = iota
	openedUnexplained
	deliveredPeople
	measures
)

// prior is the shipped expectation of a count in a window in which it is not zero: mean, and Gamma shape. The
// shapes are low because days of one person differ more than chance (detection plan 1.1: k <= 3, and 0.75 for
// what is unexplained over a day). At a tail of 1e-7 they put the limits of an unknown person near 34, 70, 260,
// 320 and 950 patients opened, and 20, 61, 190, 250 and 620 without a reason.
var prior = [measures][len(scales)]struct{ mean, k float64 }{
	opened:            {{2.6, 2}, {5.2, 1.5}, {21, 1.5}, {26, 1.5}, {80, 1.5}},
	openedUnexplained: {{1.25, 2}, {4.5, 1.5}, {9, 0.75}, {12, 0.75}, {30, 0.75}},
	deliveredPeople:   {{40, 0.6}, {60, 0.6}, {120, 0.6}, {200, 0.6}, {500, 0.6}},
}

// tally is a count at every scale: sliding for the verdict, tumbling for what is learned.
type tally struct {
	slide [len(scales)]stats.Window
	part  [len(scales)]int64
	n     [len(scales)]uint32
	hist  [len(scales)]stats.Rate
	drift [len(scales)]stats.Drift // of the person's own mean, once it is familiar
}

// add counts n at now. What finished before is learned, by the principal's own history and by its groups, unless
// learn is false: a window under suspicion teaches next to nothing.
func (t *tally) add(m measure, now clock.Time, n int, learn bool, own *lesson, groups ...*group) {
	for i := range scales {
		w := scales[i].width
		t.slide[i].Add(now, w, uint32(n))
		if part := int64(now / w); part != t.part[i] {
			if t.n[i] > 0 {
				t.learn(m, i, learn, own, groups)
			}
			t.part[i], t.n[i] = part, 0
		}
		t.n[i] += uint32(n)
	}
}

// take counts one less: it had a reason after all.
func (t *tally) take(now clock.Time) {
	for i := range scales {
		t.slide[i].Take(now, scales[i].width)
		if t.part[i] == int64(now/scales[i].width) {
			t.n[i] -= min(t.n[i], 1)
		}
	}
}

// forgetRecent keeps what is usual and drops the counts.
func (t *tally) forgetRecent() {
	*t = tally{hist: t.hist}
}

// topTail is the tail of the group's own norm from which on a window is one of its top hundredth, and teaches it
// nothing: it may be an attack that nobody noticed.
const topTail = 0.01

// learn takes the window of scale i that has ended.
func (t *tally) learn(m measure, i int, calm bool, own *lesson, groups []*group) {
	pr := prior[m][i]
	x := float64(t.n[i])
	if !calm { // a busy person must not stay under suspicion for good
		t.hist[i].Learn(min(x, stats.DriftWeek*t.hist[i].Mean(pr.mean, 1, pr.k)), stats.FadePerson)
		return
	}
	// The top of the range would teach an attack: a count counts for at most five of one's own means, and three of
	// the shipped ones.
	t.hist[i].Learn(min(x, 5*max(pr.mean, t.hist[i].Mean(pr.mean, 1/pr.mean, pr.k))), stats.FadePerson)
	for _, g := range groups {
		r := &g.rates[m][i]
		if x > 3*pr.mean && stats.Tail(int(t.n[i]), r.Mean(pr.mean, groupWeight, pr.k), pr.k) < topTail {
			continue
		}
		r.Learn(min(x, 3*pr.mean), stats.FadeGroup)
		if own != nil && g == groups[0] {
			own.rates[m][i].Learn(min(x, 3*pr.mean), stats.FadeGroup)
		}
	}
}

// groupWeight is what the shipped means weigh against those of a group, in windows.
const groupWeight = 30

// floors are the least counts that alarm at each scale: however quiet a person's days were, one of them may be an
// audit, a day of vaccination or a colleague's work on top. The second row holds while the person is new in view: a
// person may see 250 patients in a day (detection plan 1.2). What matters sooner shows at the short scales, or by
// how the charts were come by.
var floors = [...][len(scales)]int{{0, 75, 220, 280, 900}, {0, 80, 400, 500, 2000}}

// sought tells whether counts of scale i are judged as those of one who looks patients up one by one: its windows say
// what is usual.
func (t *tally) sought(i int, how *way) bool { return how.soughtMost() && t.hist[i].N >= soughtWindows }

// floor is the least count of m that alarms at scale i, for one who comes by patients in this way.
func (t *tally) floor(m measure, i int, how *way) int {
	row := 0
	if how.cold {
		row = 1
	}
	switch {
	case m == deliveredPeople:
		return deliveredFloor[i]
	case m == opened && t.sought(i, how):
		return max(soughtFloor[i], int(soughtTimes*t.hist[i].Mean(0, 0, prior[m][i].k)))
	case m == opened && how.listed >= wayMost:
		return listedTimes * floors[row][i]
	case m == opened || how.cold || how.blind:
		return floors[row][i]
	}
	return 0
}

// deliveredFloor is the least count of patients given by lists that alarms at each scale, ever: a clerk may page
// through a report of a thousand.
var deliveredFloor = [len(scales)]int{1500, 2000, 3000, 4000, 10000}

// most is how far above the shipped prior a learned mean may go.
const most = 10

// verdict is the most surprising count of all scales: its tail probability, the count, what is usual, and where.
type verdict struct {
	p     float64
	n     int
	mean  float64
	scale int
}

// mean is what a window of scale i usually counts in the group, shrunk to what is thought elsewhere. Nobody is excused
// by what he did himself.
func (g *group) mean(m measure, i int, elsewhere float64, own *lesson) float64 {
	r := g.rates[m][i]
	if own != nil {
		r = r.Without(own.rates[m][i])
	}
	return r.Mean(elsewhere, groupWeight, prior[m][i].k)
}

// judge compares the counts that end at now with the principal's own history, shrunk to its group's, shrunk to
// the site's, shrunk to the shipped prior. People differ about as much as their mean, so the group weighs one over the mean in windows.
// Means go below the prior by at most the factor down, and above it by at most most.
func (t *tally) judge(m measure, now clock.Time, g, site *group, own *lesson, down float64, how *way) verdict {
	best := verdict{p: 1}
	for i := range scales {
		n := t.slide[i].Sum(now, scales[i].width)
		pr := prior[m][i]
		down, shape := down, pr.k
		if m == opened && t.sought(i, how) {
			down, shape = max(down, soughtDown), max(shape, soughtShape)
		}
		if float64(n) < 4*pr.mean/down || n < t.floor(m, i, how) {
			continue
		}
		mean := site.mean(m, i, pr.mean, own)
		if g != site {
			mean = g.mean(m, i, mean, own)
		}
		mean = max(mean, pr.mean/down)
		mean = t.hist[i].Mean(mean, 1/mean, pr.k)
		if !how.cold {
			mean = t.drift[i].Hold(mean, now)
		}
		mean = min(max(mean, pr.mean/down), pr.mean*most)
		if p := stats.Tail(n, mean, t.hist[i].Shape(shape)); p < best.p {
			best = verdict{p, n, mean, i}
		}
	}
	return best
}
