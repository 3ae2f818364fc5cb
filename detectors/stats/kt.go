package stats

// KT is an adaptive code over a small alphabet in the manner of Krichevsky and Trofimov, with a prior of 0.1 a
// symbol: whatever regularity a source has, the code learns it in a few symbols. The zero value is ready.
type KT struct {
	n   [Symbols]uint16
	sum uint32
}

// Symbols is the largest alphabet.
const Symbols = 17

const ktPrior = 0.1

// Take returns the probability that the code gave to symbol s of an alphabet of size k, then learns it.
func (c *KT) Take(s, k int) float64 {
	p := (float64(c.n[s]) + ktPrior) / (float64(c.sum) + ktPrior*float64(k))
	if c.n[s] < 1<<15 {
		c.n[s]++
		c.sum++
	}
	return p
}

// Reset makes the code forget.
func (c *KT) Reset() { *c = KT{} }

// Table is what the honest send: counts of symbols over a shipped prior. The prior may sum to more than one:
// where it does, it is an upper bound on each symbol, and the ratio against it a lower bound on evidence.
type Table struct {
	n   [Symbols]uint32
	sum uint32
}

// Learn counts one symbol.
func (t *Table) Learn(s int) {
	if t.sum >= 1<<30 {
		for i := range t.n {
			t.n[i] /= 2
		}
		t.sum /= 2
	}
	t.n[s]++
	t.sum++
}

// P is the probability of s, shrunk to prior with the given weight in observations.
func (t *Table) P(s int, prior, weight float64) float64 {
	return (prior*weight + float64(t.n[s])) / (weight + float64(t.sum))
}

// Without is P as those say who did not teach own, counts of the first symbols.
func (t *Table) Without(own []uint32, s int, prior, weight float64) float64 {
	n, sum := t.n[s], t.sum
	for i, x := range own {
		sum -= min(sum, x)
		if i == s {
			n -= min(n, x)
		}
	}
	return (float64(prior*weight) + float64(n)) / (weight + float64(sum))
}

// Few is a Table of three symbols.
type Few struct {
	n   [3]uint32
	sum uint32
}

// Learn counts one symbol.
func (f *Few) Learn(s int) {
	if f.sum >= 1<<30 {
		for i := range f.n {
			f.n[i] /= 2
		}
		f.sum /= 2
	}
	f.n[s]++
	f.sum++
}

// P is the probability of s, shrunk to prior with the given weight in observations.
func (f *Few) P(s int, prior, weight float64) float64 {
	return (prior*weight + float64(f.n[s])) / (weight + float64(f.sum))
}

// Len is the number of symbols learned.
func (f *Few) Len() int { return int(f.sum) }

// Counts is how often each symbol was learned, valid until the next is.
func (f *Few) Counts() []uint32 { return f.n[:] }

// Restore takes counts, unless they are more than can be learned.
func (f *Few) Restore(n *[3]uint32) bool {
	sum := uint64(n[0]) + uint64(n[1]) + uint64(n[2])
	if sum > 1<<30 {
		return false
	}
	f.n, f.sum = *n, uint32(sum)
	return true
}

// Merge adds counts of the first symbols.
func (t *Table) Merge(counts []uint32) {
	for i, n := range counts {
		t.n[i] += n
		t.sum += n
	}
}

// Len is the number of symbols learned.
func (t *Table) Len() int { return int(t.sum) }

// Counts is how often each symbol was learned, valid until the next is.
func (t *Table) Counts() []uint32 { return t.n[:] }

// Restore takes counts, unless they are more than can be learned.
func (t *Table) Restore(n *[Symbols]uint32) bool {
	sum := uint64(0)
	for _, x := range n {
		sum += uint64(x)
	}
	if sum > 1<<30 {
		return false
	}
	t.n, t.sum = *n, uint32(sum)
	return true
}
