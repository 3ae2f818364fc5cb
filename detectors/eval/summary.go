package main

import (
	"fmt"
	"math"
	"slices"

	"auscult/detectors/eval/world"
	"auscult/sensor/clock"
)

// summary is median, ninth decile, 99th percentile of the patients read before the alarm, and the share of raids that
// were never noticed. A raid that was not noticed counts as longer than any.
type summary struct {
	n                int
	median, p90, p99 int
	low, high        int // 95 % interval of the median
	missed           int
	hours            float64 // median
}

const never = 1 << 30

func summarize(found []delay) summary {
	if len(found) == 0 {
		return summary{}
	}
	var n []int
	var t []clock.Time
	s := summary{n: len(found)}
	for _, d := range found {
		if d.n == 0 {
			s.missed++
			n, t = append(n, never), append(t, clock.Never)
			continue
		}
		n, t = append(n, d.n), append(t, d.at)
	}
	slices.Sort(n)
	slices.Sort(t)
	at := func(q float64) int { return n[min(len(n)-1, int(q*float64(len(n))))] }
	s.median, s.p90, s.p99 = at(.5), at(.9), at(.99)
	// Of the order statistics those that the median lies between (Conover, section 3.2, normal approximation).
	half := 0.98 * math.Sqrt(float64(s.n))
	s.low, s.high = n[max(0, int(float64(s.n)/2-half))], n[min(s.n-1, int(float64(s.n)/2+half))]
	s.hours = float64(t[len(t)/2]) / float64(world.Hour)
	return s
}

// never is the share of raids that were not noticed.
func (s summary) never() float64 { return share(s.missed, s.n) }

// ours are the delays of the detectors.
func ours(results []result) []delay {
	var d []delay
	for i := range results {
		d = append(d, results[i].ours)
	}
	return d
}

func share(k, n int) float64 { return float64(k) / float64(max(1, n)) }

// wilson is the 95 % interval of a share of k in n (Wilson, JASA 1927).
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

// percent is a share with its interval.
func percent(k, n int) string {
	low, high := wilson(k, n)
	return fmt.Sprintf("%.0f %% (%.0f–%.0f)", 100*share(k, n), 100*low, 100*high)
}

// medianText is the median with its interval.
func (s summary) medianText() string {
	if s.n == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", count(s.median), count(s.low), count(s.high))
}

func count(n int) string {
	if n == never {
		return "∞"
	}
	return fmt.Sprint(n)
}

// elapsed is a median time in the unit that suits it.
func elapsed(s summary) string {
	switch {
	case s.median == never || s.median == 0:
		return "∞"
	case s.hours < 0.1:
		return fmt.Sprintf("%.0f s", s.hours*3600)
	case s.hours < 48:
		return fmt.Sprintf("%.1f h", s.hours)
	}
	return fmt.Sprintf("%.1f days", s.hours/24)
}
