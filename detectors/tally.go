package detectors

import (
	"math"

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

// tally is a count at every scale: sliding for the verdict, tumbling for what is learned. Times are counted in
// grains, the parts of the narrowest window, of which all others are multiples. What few need comes when it is needed.
type tally struct {
	at    uint32 // grain to which the windows have slid
	last  uint32 // grain of the last count
	n     [len(scales)]uint32
	slide [len(scales)][stats.Parts]uint16
	wide  *[len(scales)][stats.Parts]uint32 // in place of slide, once a part is past what that holds
	hist  *[len(scales)]stats.Rate
	drift *[len(scales)]stats.Drift // of the person's own mean, once it is familiar
}

// grain is the part of the narrowest window.
const grain = 10 * minute / stats.Parts

// grains is how many of them a part of each window is.
var grains = [len(scales)]uint32{1, 6, 48, 144, 720}

func grainOf(now clock.Time) uint32 { return uint32(max(0, now) / grain) }

// add counts n at now. What finished before is learned, by the principal's own history and by its groups, unless
// learn is false: a window under suspicion teaches next to nothing.
func (t *tally) add(m measure, now clock.Time, n int, learn bool, own *lesson, groups ...*group) {
	t.turn(now)
	last := t.last
	t.last = grainOf(now)
	for i := range scales {
		t.count(i, uint32(n))
		if width := grains[i] * stats.Parts; last/width != t.last/width {
			if t.n[i] > 0 {
				t.learn(m, i, learn, own, groups)
			}
			t.n[i] = 0
		}
		t.n[i] += uint32(n)
	}
}

// turn slides the windows to now.
func (t *tally) turn(now clock.Time) {
	g := grainOf(now)
	if g <= t.at {
		return
	}
	for i, size := range grains {
		old, part := t.at/size, g/size
		if part-old >= stats.Parts {
			old = part - stats.Parts
		}
		for old < part {
			old++
			if t.wide != nil {
				t.wide[i][old%stats.Parts] = 0
			} else {
				t.slide[i][old%stats.Parts] = 0
			}
		}
	}
	t.at = g
}

// part is the count of one part of the window of scale i.
func (t *tally) part(i int, place uint32) uint32 {
	if t.wide != nil {
		return t.wide[i][place]
	}
	return uint32(t.slide[i][place])
}

// put sets the count of one part.
func (t *tally) put(i int, place, n uint32) {
	if t.wide == nil {
		if n <= math.MaxUint16 {
			t.slide[i][place] = uint16(n)
			return
		}
		t.wide = &[len(scales)][stats.Parts]uint32{}
		for i := range t.slide {
			for j, n := range t.slide[i] {
				t.wide[i][j] = uint32(n)
			}
		}
	}
	t.wide[i][place] = n
}

// count adds n to the newest part of the window of scale i.
func (t *tally) count(i int, n uint32) {
	place := t.at / grains[i] % stats.Parts
	t.put(i, place, t.part(i, place)+n)
}

// sum is the count in the window of scale i.
func (t *tally) sum(i int) int {
	n := uint32(0)
	for place := range uint32(stats.Parts) {
		n += t.part(i, place)
	}
	return int(n)
}

// take counts one less: it had a reason after all.
func (t *tally) take(now clock.Time) {
	if t == nil {
		return
	}
	t.turn(now)
	for i, size := range grains {
		for back := range uint32(stats.Parts) {
			place := (t.at/size + stats.Parts - back) % stats.Parts
			if n := t.part(i, place); n > 0 {
				t.put(i, place, n-1)
				break
			}
		}
		if width := size * stats.Parts; t.last/width == grainOf(now)/width {
			t.n[i] -= min(t.n[i], 1)
		}
	}
}

// past is what is known of the windows of scale i that have ended.
func (t *tally) past(i int) *stats.Rate {
	if t == nil || t.hist == nil {
		return &stats.Rate{}
	}
	return &t.hist[i]
}

// forgetRecent keeps what is usual and drops the counts.
func (t *tally) forgetRecent() {
	if t != nil {
		*t = tally{hist: t.hist}
	}
}

// topTail is the tail of the group's own norm from which on a window is one of its top hundredth, and teaches it
// nothing: it may be an attack that nobody noticed.
const topTail = 0.01

// learn takes the window of scale i that has ended.
func (t *tally) learn(m measure, i int, calm bool, own *lesson, groups []*group) {
	pr := prior[m][i]
	x := float64(t.n[i])
	if t.hist == nil {
		t.hist = &[len(scales)]stats.Rate{}
	}
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
func (t *tally) sought(i int, how *way) bool { return how.soughtMost() && t.past(i).N >= soughtWindows }

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
		return max(soughtFloor[i], int(soughtTimes*t.past(i).Mean(0, 0, prior[m][i].k)))
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
	if t == nil {
		return best
	}
	t.turn(now)
	for i := range scales {
		n := t.sum(i)
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
		mean = t.past(i).Mean(mean, 1/mean, pr.k)
		if !how.cold {
			if t.drift == nil {
				t.drift = &[len(scales)]stats.Drift{}
			}
			mean = t.drift[i].Hold(mean, now)
		}
		mean = min(max(mean, pr.mean/down), pr.mean*most)
		if p := stats.Tail(n, mean, t.past(i).Shape(shape)); p < best.p {
			best = verdict{p, n, mean, i}
		}
	}
	return best
}
