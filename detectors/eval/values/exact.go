package main

import "math"

// shareOf is the exact two-sided 95 % interval of a chance of which k of n came (Clopper and Pearson, Biometrika 1934).
func shareOf(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	high = 1
	if k > 0 {
		low = solve(func(p float64) float64 { return upTo(n-k, n, 1-p) - 0.025 }, 0, 1)
	}
	if k < n {
		high = solve(func(p float64) float64 { return 0.025 - upTo(k, n, p) }, 0, 1)
	}
	return low, high
}

// upTo is the chance of k or fewer of n, each with chance p.
func upTo(k, n int, p float64) float64 {
	if p <= 0 {
		return 1
	}
	if p >= 1 {
		if k >= n {
			return 1
		}
		return 0
	}
	all, _ := math.Lgamma(float64(n) + 1)
	sum := 0.0
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(i) + 1)
		b, _ := math.Lgamma(float64(n-i) + 1)
		sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(1, sum)
}

// countOf is the exact two-sided 95 % interval of the mean of a Poisson count (Garwood, Biometrika 1936).
func countOf(n int) (low, high float64) {
	below := func(n int, mean float64) float64 {
		sum := 0.0
		for i := range n {
			k, _ := math.Lgamma(float64(i) + 1)
			sum += math.Exp(float64(i)*math.Log(mean) - mean - k)
		}
		return sum
	}
	if n > 0 {
		low = solve(func(mean float64) float64 { return 1 - below(n, mean) - 0.025 }, 0, float64(n))
	}
	high = solve(func(mean float64) float64 { return 0.025 - below(n+1, mean) }, float64(n), float64(n)+20+10*math.Sqrt(float64(n)+1))
	return low, high
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
