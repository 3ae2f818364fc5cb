package main

import "math"

// interval is the exact two-sided 95 % interval of the mean of a Poisson count (Garwood, Biometrika 1936): the means
// at which n or more, and n or fewer, have a chance of 2.5 %.
func interval(n int) (low, high float64) {
	if n > 0 {
		low = solve(func(mean float64) float64 { return 1 - below(n, mean) - 0.025 }, 0, float64(n))
	}
	high = solve(func(mean float64) float64 { return 0.025 - below(n+1, mean) }, float64(n), float64(n)+20+10*math.Sqrt(float64(n)+1))
	return low, high
}

// below is the chance of fewer than n events at a mean.
func below(n int, mean float64) float64 {
	sum := 0.0
	for i := range n {
		k, _ := math.Lgamma(float64(i) + 1)
		sum += math.Exp(float64(i)*math.Log(mean) - mean - k)
	}
	return sum
}

// solve finds where f, which rises from low to high, is zero.
func solve(f func(float64) float64, low, high float64) float64 {
	for range 100 {
		mid := (low + high) / 2
		if f(mid) < 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// rate is a count per million calls, with its interval.
func rate(n int, calls uint64) (mean, low, high float64) {
	low, high = interval(n)
	per := 1e6 / max(1, float64(calls))
	return float64(n) * per, low * per, high * per
}
