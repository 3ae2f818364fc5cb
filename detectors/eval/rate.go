package main

import "auscult/detectors/stats"

// rate is a count per million calls, with its exact two-sided 95 % interval.
func rate(n int, calls uint64) (mean, low, high float64) {
	low, high = stats.PoissonBounds(n, 0.95)
	per := 1e6 / max(1, float64(calls))
	return float64(n) * per, low * per, high * per
}
