package stats

import (
	"math"
	"math/rand"
	"testing"
)

// TestStream_FalseAlarms simulates each shape of stream at the threshold that a budget gives it: alarms come at most
// as often as the budget says, when the honest are what the null says.
func TestStream_FalseAlarms(t *testing.T) {
	const n, budget = 3_000_000, 2e-4
	f := func(name string, experts int, fresh func() func(rng *rand.Rand) []float64) {
		t.Helper()
		h := Stream{Name: name, Share: 1, Fraction: 1, Experts: experts}.Threshold(budget)
		rng := rand.New(rand.NewSource(11))
		step := fresh()
		alarms := 0
		for range n {
			for _, w := range step(rng) {
				if w >= h {
					alarms++
					step = fresh()
					break
				}
			}
		}
		rate := float64(alarms) / n
		t.Logf("%-28s h %.1f: %.1e alarms an observation, allowed %.0e", name, h, rate, budget)
		if rate > budget {
			t.Errorf("%s: %.1e alarms an observation, allowed %.0e", name, rate, budget)
		}
		if alarms == 0 {
			t.Errorf("%s: no alarm at all, nothing was measured", name)
		}
	}
	bernoulli := func(theta0 float64, theta1 ...float64) func() func(*rand.Rand) []float64 {
		return func() func(*rand.Rand) []float64 {
			w := make([]CUSUM, len(theta1))
			out := make([]float64, len(theta1))
			return func(rng *rand.Rand) []float64 {
				yes := rng.Float64() < theta0
				for i, one := range theta1 {
					out[i] = w[i].Add(Bernoulli(yes, one, theta0))
				}
				return out
			}
		}
	}
	f("one share against one", 1, bernoulli(0.15, 0.9))
	f("a mixture of three shares", 3, bernoulli(0.3, 0.97, 0.3+0.25*0.7, 0.3+0.55*0.7))
	f("refusals", 2, bernoulli(0.15, 0.9, 0.525))
	f("an adaptive code", 1, func() func(*rand.Rand) []float64 {
		var w CUSUM
		var c KT
		out := make([]float64, 1)
		return func(rng *rand.Rand) []float64 {
			s, p0 := 0, 0.1
			switch x := rng.Float64(); {
			case x > 0.4:
				s, p0 = 2, 0.6
			case x > 0.1:
				s, p0 = 1, 0.3
			}
			if w <= 0 {
				c.Reset()
			}
			out[0] = w.Add(math.Log(c.Take(s, 3) / p0))
			return out
		}
	})
	f("a count's likelihood", 1, func() func(*rand.Rand) []float64 {
		var w CUSUM
		out := make([]float64, 1)
		return func(rng *rand.Rand) []float64 {
			n := 0 // Poisson of mean 3 against one of mean 9
			for p := rng.Float64(); p > math.Exp(-3); p *= rng.Float64() {
				n++
			}
			out[0] = w.Add(float64(n)*math.Log(3) - 6)
			return out
		}
	})
}

func TestSelfCheck(t *testing.T) {
	const budget = 1e-6
	var c SelfCheck
	days := func(n int, calls, alarms uint64) float64 {
		raise := c.Raise
		for range n {
			raise = c.Add(Tally{calls, alarms}, budget)
		}
		return raise
	}
	if r := days(6, 1_000_000, 4); r != 0 {
		t.Errorf("after six days it rose by %.2f", r)
	}
	if r := days(1, 1_000_000, 4); math.Abs(r-math.Log(4)) > 1e-9 {
		t.Errorf("28 alarms where 7 are allowed: %.2f, want ln 4", r)
	}
	if r := days(7, 1_000_000, 100); r != MaxRaise {
		t.Errorf("100 times too many: %.2f, want ln 10", r)
	}
	fell := 0
	for last := c.Raise; c.Raise > 0 && fell < 40; fell++ {
		if r := days(1, 1_000_000, 0); r > last {
			t.Fatalf("it rose to %.2f without an alarm", r)
		} else {
			last = r
		}
	}
	if fell < 7 || fell > 15 {
		t.Errorf("fell back in %d days", fell)
	}
	c = SelfCheck{}
	if r := days(30, 1_000_000, 2); r != 0 && PoissonTail(14, 7) > 1e-3 {
		t.Errorf("14 where 7 are allowed may be chance, and it rose by %.2f", r)
	}
	c = SelfCheck{}
	if r := days(30, 100_000, 50); r != 0 {
		t.Errorf("of 700,000 calls nothing is concluded, and it rose by %.2f", r)
	}
}

func TestPoisson(t *testing.T) {
	for _, mean := range []float64{0.3, 4, 40} {
		below, p := 0.0, math.Exp(-mean)
		for n := range 80 {
			if got := PoissonTail(n, mean); math.Abs(got-(1-below)) > 1e-9 {
				t.Fatalf("mean %g: P(X>=%d) = %g, want %g", mean, n, got, 1-below)
			}
			below += p
			p *= mean / float64(n+1)
		}
	}
	for _, c := range []struct {
		n         int
		low, high float64
	}{{0, 0, 3.689}, {1, 0.0253, 5.572}, {5, 1.623, 11.668}, {7, 2.814, 14.42}, {42, 30.27, 56.77}, {100, 81.36, 121.63}} {
		low, high := PoissonBounds(c.n, 0.95)
		if math.Abs(low-c.low) > 0.01 || math.Abs(high-c.high) > 0.01 {
			t.Errorf("%d: %.3f to %.3f, want %.3f to %.3f", c.n, low, high, c.low, c.high)
		}
	}
}

// TestDrift raises the mean by a tenth a day, and by a half at once: what is usual follows by 1.3 a week at most.
func TestDrift(t *testing.T) {
	var d Drift
	at, mean := Day, 10.0
	d.Hold(mean, at)
	for range 21 {
		at += Day
		mean *= 1.1
		d.Hold(mean, at)
	}
	if got := d.Hold(mean, at); got > 10*DriftWeek*DriftWeek*DriftWeek*1.001 {
		t.Errorf("three weeks at a tenth a day: held at %.1f", got)
	}
	if got := d.Hold(5, at); got != 5 {
		t.Errorf("a fall is not held: %.1f", got)
	}
	if got := d.Hold(1000, at+100*week); got != 1000 {
		t.Errorf("after two years unseen it begins anew: %.1f", got)
	}
}
