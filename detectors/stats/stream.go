package stats

import (
	"math"

	"auscult/sensor/clock"
)

// Stream is one source of alarms: an evidence sum that a fraction of calls advances, and its share of the budget of
// false alarms. When the best of several experts is taken, the threshold pays for all of them.
type Stream struct {
	Name     string
	Share    float64
	Fraction float64
	Experts  int
}

// Threshold is the h at which the stream spends its share of budget, in false alarms per call.
func (s Stream) Threshold(budget float64) float64 {
	return Threshold(s.Fraction, s.Share, budget, max(1, s.Experts))
}

// SelfCheck compares the alarms of the last seven days of packet time with the budget. If they are more than it
// allows, by more than chance, all thresholds rise by the logarithm of the ratio; they fall again as that ends. The
// zero value has seen nothing.
type SelfCheck struct {
	Days  [CheckDays]Tally // the newest last
	Full  int              // days seen, at most CheckDays
	Raise float64          // nats on all thresholds
}

// Tally is a day's calls and alarms.
type Tally struct{ Calls, Alarms uint64 }

const (
	// CheckDays and CheckCalls are what must have been seen before anything is concluded.
	CheckDays  = 7
	CheckCalls = 1e6
	// MaxRaise is the most that thresholds rise, in nats: a tenth of the alarms remain.
	MaxRaise = math.Ln10
	// checkTail is the chance at which an excess counts as one.
	checkTail = 1e-3
	// checkFall is the most by which thresholds fall in a day.
	checkFall = MaxRaise / CheckDays
)

// Day is the length of the days that are counted.
const Day = clock.Time(24 * 3600 * 1e9)

// Add takes a day that has ended and returns the raise from now on. A day in which nothing was seen counts as one.
func (c *SelfCheck) Add(t Tally, budget float64) float64 {
	copy(c.Days[:], c.Days[1:])
	c.Days[CheckDays-1] = t
	c.Full = min(c.Full+1, CheckDays)
	var sum Tally
	for _, d := range c.Days {
		sum.Calls += d.Calls
		sum.Alarms += d.Alarms
	}
	want := 0.0
	if expected := float64(sum.Calls) * budget; c.Full == CheckDays && sum.Calls >= CheckCalls &&
		float64(sum.Alarms) > expected && PoissonTail(int(min(sum.Alarms, 1<<20)), expected) < checkTail {
		want = min(MaxRaise, math.Log(float64(sum.Alarms)/expected))
	}
	// What the raise itself keeps quiet is no reason to fall fast.
	c.Raise = max(want, c.Raise-checkFall, 0)
	return c.Raise
}

// PoissonTail is P(X >= n) for a Poisson count of the given mean.
func PoissonTail(n int, mean float64) float64 {
	if n <= 0 {
		return 1
	}
	if mean <= 0 {
		return 0
	}
	lg, _ := math.Lgamma(float64(n) + 1)
	term := math.Exp(float64(n)*math.Log(mean) - mean - lg)
	sum := term
	for k := n + 1; k < n+1<<16 && term > sum*1e-13; k++ {
		term *= mean / float64(k)
		sum += term
	}
	return min(1, sum)
}

// PoissonBounds are the exact bounds on the mean of a Poisson count of n, at the given confidence on both sides
// together (Garwood 1936).
func PoissonBounds(n int, confidence float64) (low, high float64) {
	alpha := (1 - confidence) / 2
	solve := func(holds func(mean float64) bool) float64 {
		lo, hi := 0.0, float64(n)+10*math.Sqrt(float64(n)+1)+20
		for range 200 {
			if mid := (lo + hi) / 2; holds(mid) {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	}
	if n > 0 {
		low = solve(func(mean float64) bool { return PoissonTail(n, mean) < alpha })
	}
	high = solve(func(mean float64) bool { return 1-PoissonTail(n+1, mean) > alpha })
	return low, high
}
