// Package stats is the arithmetic under the detectors: evidence sums, adaptive codes, count tails, distinct
// counts and sliding windows. Observations and packet times go in; nats, probabilities and counts come out.
package stats

import "math"

// Cap is the most that one observation may say, in nats: no single event decides, and at h = 14 it takes seven.
const Cap = math.Ln10

// CUSUM sums log-likelihood ratios and forgets when they speak for the honest. Its mean time to a false alarm
// at threshold h is at least e^h observations while E0[LR] <= 1 (Shin, Ramdas, Rinaldo 2023; Lorden 1971).
// The zero value is ready.
type CUSUM float64

// grain is the step of a CUSUM, in nats: the last bits of a logarithm differ between processors (some fuse a
// multiplication with an addition), and a sum of steps does not.
const grain = 1.0 / (1 << 20)

// Add takes one ratio in nats and returns the sum so far.
func (w *CUSUM) Add(z float64) float64 {
	z = min(Cap, max(-1e6, z))
	*w = CUSUM(max(0, float64(*w)) + float64(int64(z/grain))*grain)
	return float64(*w)
}

// Threshold is the h that spends a share of a budget of false alarms per call, on a stream that a fraction of
// calls advances, when the best of size experts is taken: ln(fraction/(share*budget)) + ln(size).
func Threshold(fraction, share, budget float64, size int) float64 {
	return math.Log(fraction/(share*budget)) + math.Log(float64(size))
}

// Bernoulli is the log-likelihood ratio of one yes or no under odds theta1 against theta0.
func Bernoulli(yes bool, theta1, theta0 float64) float64 {
	if yes {
		return math.Log(theta1 / theta0)
	}
	return math.Log((1 - theta1) / (1 - theta0))
}
