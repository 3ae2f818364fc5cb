package world

import (
	"math"
	"math/rand/v2"
)

// chance draws what the world needs. The generator is PCG: the same on every machine.
type chance struct{ *rand.Rand }

func newChance(seed, stream uint64) chance { return chance{rand.New(rand.NewPCG(seed, stream))} }

// is tells whether something of probability p happens.
func (r chance) is(p float64) bool { return r.Float64() < p }

func (r chance) gamma(k float64) float64 {
	if k < 1 {
		return r.gamma(k+1) * math.Pow(r.Float64(), 1/k)
	}
	d := k - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func (r chance) beta(mean, weight float64) float64 {
	a, b := r.gamma(mean*weight+1e-9), r.gamma((1-mean)*weight)
	return a / (a + b)
}

func (r chance) poisson(mean float64) int {
	if mean > 60 {
		return max(0, int(mean+math.Sqrt(mean)*r.NormFloat64()+.5))
	}
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		if p *= r.Float64(); p < limit {
			return n
		}
		n++
	}
}

func pick[T any](r chance, from []T) T { return from[r.IntN(len(from))] }

// mix is a stateless hash of n: SplitMix64's finaliser.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// hash is FNV-1a; it stands for the stable hashes of a call.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range parts {
		for i := 0; i < len(s); i++ {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h | 1
}
