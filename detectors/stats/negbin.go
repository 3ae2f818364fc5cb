package stats

import "math"

// Tail is P(X >= n) for a count X whose rate is Gamma of mean mu and shape k: the negative binomial. A small k
// says that days differ much from each other.
func Tail(n int, mu, k float64) float64 {
	if n <= 0 {
		return 1
	}
	if mu <= 0 {
		return 0
	}
	q := mu / (mu + k)
	x := float64(n)
	a, _ := math.Lgamma(x + k)
	b, _ := math.Lgamma(k)
	c, _ := math.Lgamma(x + 1)
	term := math.Exp(a - b - c + k*math.Log(k/(mu+k)) + x*math.Log(q))
	sum := term
	for i := 0; i < 1<<15 && term > sum*1e-13; i++ {
		term *= q * (x + k) / (x + 1)
		x++
		sum += term
	}
	return min(1, sum)
}

// Quantile is the smallest n with P(X >= n) <= alpha.
func Quantile(alpha, mu, k float64) int {
	lo, hi := 0, 1
	for hi < 1<<24 && Tail(hi, mu, k) > alpha {
		lo, hi = hi, hi*2
	}
	for lo+1 < hi {
		m := (lo + hi) / 2
		if Tail(m, mu, k) > alpha {
			lo = m
		} else {
			hi = m
		}
	}
	return hi
}

// Rate is what is known of a count per window: a Gamma-Poisson whose history is discounted, because counts of
// one person cluster. The zero value knows nothing.
type Rate struct {
	Sum, Square, N float64 // of the counts, of their squares, and of the windows, faded
}

// Fades of a Rate: half-lives of about 50 windows of one person and of 5000 of a group.
const (
	FadePerson = 0.986
	FadeGroup  = 0.99986
)

// Learn takes the count of one finished window; older ones lose worth by the factor fade.
func (r *Rate) Learn(count, fade float64) {
	// The conversions keep processors that can from fusing: the same sums on every machine.
	r.Sum = float64(r.Sum*fade) + count
	r.Square = float64(r.Square*fade) + float64(count*count)
	r.N = float64(r.N*fade) + 1
}

// Merge adds what another knows.
func (r *Rate) Merge(o Rate) { r.Sum, r.Square, r.N = r.Sum+o.Sum, r.Square+o.Square, r.N+o.N }

// Without is what is left when the part that one of many taught is taken out.
func (r Rate) Without(o Rate) Rate {
	if r.N-o.N < 0.5 {
		return Rate{}
	}
	return Rate{max(0, r.Sum-o.Sum), max(0, r.Square-o.Square), r.N - o.N}
}

// Mean is the expected count, shrunk to prior with the given weight in windows.
func (r *Rate) Mean(prior, weight, k float64) float64 {
	if r.N == 0 {
		return prior
	}
	mean := r.Sum / r.N
	worth := r.N / (1 + mean/k) // windows of one person are not independent draws
	return (float64(prior*weight) + float64(mean*worth)) / (weight + worth)
}

// shapeWeight is what the shipped shape weighs against the spread of one's own windows, in windows.
const shapeWeight = 5

// Shape is the Gamma shape that the spread of the windows learned speaks for, never larger than k: days that differ
// more than was thought make a busy one less surprising, quiet ones allow nothing.
func (r *Rate) Shape(k float64) float64 {
	if r.N < 2 {
		return k
	}
	mean := r.Sum / r.N
	over := r.Square/r.N - float64(mean*mean) - mean // variance beyond that of a Poisson count
	if over <= 0 || mean <= 0 {
		return k
	}
	inverse := (shapeWeight/k + float64(r.N*over/(mean*mean))) / (shapeWeight + r.N)
	return min(k, 1/inverse)
}

// Windows is how many windows were learned, faded.
func (r *Rate) Windows() float64 { return r.N }
