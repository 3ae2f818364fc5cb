package stats

import (
	"math"
	"math/rand"
	"testing"
	"time"

	"auscult/sensor/clock"
)

func TestCUSUM(t *testing.T) {
	var w CUSUM
	for range 6 {
		w.Add(100)
	}
	if float64(w) >= 14 {
		t.Errorf("six events reached %.1f: the cap does not hold", float64(w))
	}
	if w.Add(100) < 14 {
		t.Errorf("seven events reached only %.1f", float64(w))
	}
	w.Add(-1000)
	if got := w.Add(1); got != 1 {
		t.Errorf("after a fall the sum starts at zero: got %.2f", got)
	}
}

// TestCUSUM_FalseAlarms holds the promise that the threshold is the budget: at least e^h observations between
// false alarms when the honest odds are as stated.
func TestCUSUM_FalseAlarms(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	const theta0, theta1, h, n = 0.2, 0.9, 7.0, 2_000_000
	var w CUSUM
	alarms := 0
	for range n {
		if w.Add(Bernoulli(rng.Float64() < theta0, theta1, theta0)) >= h {
			alarms++
			w = 0
		}
	}
	if limit := n / math.Exp(h); float64(alarms) > limit {
		t.Errorf("%d alarms, promised at most %.0f", alarms, limit)
	}
}

func TestThreshold(t *testing.T) {
	if got := Threshold(0.108, 0.25, 1e-6, 3); math.Abs(got-14.07) > 0.02 {
		t.Errorf("stream U: %.2f, the plan says 13.0+1.1", got)
	}
}

func TestKT(t *testing.T) {
	var c KT
	for range 3 {
		c.Take(5, 17)
	}
	if p := c.Take(5, 17); p < 0.6 {
		t.Errorf("after three of one symbol it expects a fourth by %.2f", p)
	}
	sum := 0.0
	for s := range 17 {
		d := c
		sum += d.Take(s, 17)
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("probabilities sum to %.4f", sum)
	}
	c.Reset()
	if p := c.Take(5, 17); math.Abs(p-1./17) > 1e-9 {
		t.Errorf("after a reset it expects %.3f", p)
	}
}

func TestTable(t *testing.T) {
	var m Table
	if p := m.P(3, 0.2, 100); p != 0.2 {
		t.Errorf("knowing nothing: %.2f", p)
	}
	for range 900 {
		m.Learn(3)
	}
	if p := m.P(3, 0.2, 100); math.Abs(p-0.92) > 1e-9 {
		t.Errorf("after 900: %.3f", p)
	}
}

func TestTail(t *testing.T) {
	for _, c := range []struct{ mu, k float64 }{{1.25, 2}, {9, 0.75}, {80, 5}, {500, 0.6}} {
		// against the sum of the probabilities below
		below, p := 0.0, math.Pow(c.k/(c.mu+c.k), c.k)
		for n := range 400 {
			if got := Tail(n, c.mu, c.k); math.Abs(got-(1-below)) > 1e-9 {
				t.Fatalf("mu %g k %g: P(X>=%d) = %g, want %g", c.mu, c.k, n, got, 1-below)
			}
			below += p
			p *= c.mu / (c.mu + c.k) * (float64(n) + c.k) / float64(n+1)
		}
		n := Quantile(1e-7, c.mu, c.k)
		if Tail(n, c.mu, c.k) > 1e-7 || Tail(n-1, c.mu, c.k) <= 1e-7 {
			t.Errorf("mu %g k %g: quantile %d", c.mu, c.k, n)
		}
	}
}

func TestRate(t *testing.T) {
	var r Rate
	if m := r.Mean(20, 0.05, 1.5); m != 20 {
		t.Errorf("knowing nothing: %g", m)
	}
	for range 30 {
		r.Learn(80, FadePerson)
	}
	if m := r.Mean(20, 0.05, 1.5); m < 70 || m > 80 {
		t.Errorf("after 30 windows of 80: %g", m)
	}
}

func TestWindow(t *testing.T) {
	const width = clock.Time(12 * time.Minute)
	var w Window
	at := clock.Time(1e18)
	for i := range 100 {
		w.Add(at+clock.Time(i)*clock.Time(time.Minute), width, 1)
	}
	end := at + 99*clock.Time(time.Minute)
	if n := w.Sum(end, width); n < 11 || n > 12 {
		t.Errorf("one a minute over 12 minutes: %d", n)
	}
	if n := w.Sum(end+2*width, width); n != 0 {
		t.Errorf("long after: %d", n)
	}
	if n := w.Add(end, width, 5); n != 5 {
		t.Errorf("a time that went back counts in the newest part: %d", n)
	}
}

func TestDistinct(t *testing.T) {
	var d Distinct
	rng := rand.New(rand.NewSource(1))
	last := 0
	for i := 1; i <= 200_000; i++ {
		d.Add(rng.Uint64())
		if i <= 1000 || i%997 == 0 {
			n := d.Len()
			if n < last {
				t.Fatalf("the count fell from %d to %d at %d", last, n, i)
			}
			if i < exactLimit && n != i {
				t.Fatalf("%d counted as %d while exact", i, n)
			}
			if e := math.Abs(float64(n)/float64(i) - 1); e > 0.06 {
				t.Fatalf("%d counted as %d", i, n)
			}
			last = n
		}
	}
	d.Clear()
	if d.Len() != 0 {
		t.Error("not empty")
	}
}

func TestSet(t *testing.T) {
	var s Set
	for i := range uint64(5000) {
		if !s.Add(i*i) || s.Add(i*i) || !s.Has(i*i) {
			t.Fatalf("%d", i)
		}
	}
	if s.Len() != 5000 || s.Has(3) {
		t.Error("members")
	}
}

func TestRecent(t *testing.T) {
	const half = clock.Time(time.Hour)
	var r Recent
	at := clock.Time(1e18)
	r.Add(1, at, half, 100)
	if !r.Has(1, at+half+half/2, half) {
		t.Error("forgotten after one and a half")
	}
	if r.Has(1, at+4*half, half) {
		t.Error("kept after four")
	}
	full := false
	for i := range uint64(1000) {
		_, f := r.Add(i+10, at+4*half, half, 100)
		full = full || f
	}
	if !full || r.Len() > 100 {
		t.Errorf("full %v, %d kept of at most 100", full, r.Len())
	}
	if !r.Has(1009, at+4*half, half) {
		t.Error("the newest is gone")
	}
}
