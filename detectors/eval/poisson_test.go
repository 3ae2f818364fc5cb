package main

import (
	"math"
	"testing"
)

// Known values: Garwood's exact limits, as tabled by Ulm (American Journal of Epidemiology 131, 1990).
func TestInterval(t *testing.T) {
	for _, x := range []struct {
		n         int
		low, high float64
	}{{0, 0, 3.689}, {1, 0.0253, 5.572}, {2, 0.2422, 7.225}, {5, 1.623, 11.668}, {10, 4.795, 18.390}, {50, 37.11, 65.92}, {100, 81.36, 121.63}} {
		low, high := interval(x.n)
		if math.Abs(low-x.low) > 0.006 || math.Abs(high-x.high) > 0.006 {
			t.Errorf("%d: %.4f to %.4f, want %.3f to %.3f", x.n, low, high, x.low, x.high)
		}
	}
}

func TestSummarize(t *testing.T) {
	found := []delay{{8, 1}, {9, 1}, {0, 0}, {7, 1}, {0, 0}}
	if s := summarize(found); s.median != 9 || s.p90 != never || s.never != 0.4 {
		t.Errorf("%+v", s)
	}
}
