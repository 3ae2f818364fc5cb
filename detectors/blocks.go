package detectors

import (
	"math"
	"math/bits"
	"slices"

	"auscult/sensor/clock"
)

// Walks across principals in no order show as too many different identifiers, asked for without a reason, in one
// block of numbers in a day. How many are usual depends on how old the numbers are: wards and registration live on
// the newest. It says something only where the space is wide, and after some days.

const (
	blockSparse  = 1. / 16 // of the numbers of a block may be asked for in a day where it says something
	blockDays    = 3       // learned, before blocks say anything
	blockLeast   = 8       // identifiers in a block, from which on its chance is worth computing
	blockPeople  = 3
	blockMembers = 8        // who asked for more than usual, to speak of the block of all numbers
	blockEach    = 8        // contacts of one principal in a day that count: more is its own finding
	blockLoud    = 0.25     // share of one's own contacts without a reason, from which on they say nothing here
	blockTail    = 1e-8 / 5 // for each of the sizes
	blockDoubt   = 1e-3     // from here on the calls are kept as evidence
	blockTouch   = 512      // touches remembered in a block
	blockCases   = 4        // open at once in a space
	memberTail   = 0.1      // of what one usually asks for without a reason in a day: a member of a crowd is past it
)

// blockSizes are the sizes of blocks, as powers of two, the last all numbers; and the shape of the Gamma of each: days
// of one block differ more than its mean tells, the more the smaller it is.
var blockSizes = [...]struct {
	bits  uint
	shape float64
}{{6, 0.75}, {9, 0.75}, {12, 1.5}, {15, 6}, {allBits, 12}}

// allBits is the size of the block of all numbers, which says nothing by itself of who asks for them.
const allBits = 64

// ages are how many identifiers of each age are asked for in a day, without a reason. The age is the distance from
// the newest that the server knows, as a power of two.
type ages struct {
	newest uint64
	ahead  uint64 // beyond newest, and asked for by one principal only: a mistake, or a probe
	by     uint64
	today  [65]uint32
	usual  [65]float64
	days   int
}

// age is the class of x.
func (a *ages) age(x uint64) int {
	if x >= a.newest {
		return 0
	}
	return bits.Len64(a.newest - x)
}

// meet takes an identifier that the server knows. What one principal alone asked for is not yet the newest.
func (a *ages) meet(x, who uint64) {
	switch {
	case x <= a.newest:
	case a.by == 0 || a.by == who || a.ahead <= a.newest:
		a.ahead, a.by = max(a.ahead, x), who
	default:
		a.newest = min(x, a.ahead)
		if x > a.ahead {
			a.ahead, a.by = x, who
		}
	}
}

// turn ends a day. A day counts for at most half more than what was usual, once that is known.
func (a *ages) turn() {
	a.days++
	fade := max(0.1, 1/float64(a.days))
	for i, n := range a.today {
		x := float64(n)
		if a.days > blockDays {
			x = min(x, 1.5*a.usual[i]+2)
		}
		a.usual[i] += (x - a.usual[i]) * fade
	}
	a.today = [65]uint32{}
}

// save writes what was usual on ended days; the day at hand begins anew.
func (a *ages) save(e *encoder) {
	e.hash(a.newest)
	e.count(a.days)
	for _, x := range a.usual {
		e.real(x)
	}
}

func (a *ages) restore(d *decoder) {
	a.newest, a.days = d.hash(), d.count(1<<20, 0)
	for i := range a.usual {
		a.usual[i] = d.real()
	}
}

// expect is how many identifiers of a block of the given size are asked for in a day, at most: by the densest of
// the ages that it spans and of their neighbours, or by twice the sum of what each of them holds at the density of
// the denser beside it. Of all numbers it is their sum.
func (a *ages) expect(first uint64, size uint) float64 {
	if size == allBits {
		sum := 1.0
		for _, x := range a.usual {
			sum += x
		}
		return sum
	}
	wide := math.Ldexp(1, int(size))
	lo, hi := a.age(first+1<<size-1), a.age(first)
	densest, sum := 0.0, 0.0
	for i := lo; i <= hi; i++ {
		beside := max(a.density(max(0, i-1)), a.density(i), a.density(min(64, i+1)))
		densest = max(densest, beside)
		sum += float64(beside * min(width(i), wide))
	}
	return min(densest*wide, 2*sum, 1e6) + 0.02
}

// width is how many identifiers are of age i.
func width(i int) float64 { return math.Ldexp(1, max(0, i-1)) }

// density is how many of the identifiers of age i, each, are asked for in a day.
func (a *ages) density(i int) float64 { return (a.usual[i] + 1) / width(i) }

// block is what was asked for in one block in the last day, each identifier once.
type block struct {
	touches []touch
	names   *members
	first   uint64
	last    uint64
	next    *block // of the cases of a space
}

type touch struct {
	id, who uint64
	at      clock.Time
}

// whole tells whether b is all numbers.
func (b *block) whole() bool { return b != nil && b.last-b.first == math.MaxUint64 }

// take adds a touch and forgets what is older than a day. It tells whether the identifier is new.
func (b *block) take(t touch) bool {
	old := 0
	for old < len(b.touches) && t.at-b.touches[old].at > day {
		old++
	}
	b.touches = slices.Delete(b.touches, 0, old)
	if slices.ContainsFunc(b.touches, func(o touch) bool { return o.id == t.id }) {
		return false
	}
	if len(b.touches) == blockTouch {
		b.touches = slices.Delete(b.touches, 0, 1)
	}
	b.touches = append(b.touches, t)
	return true
}

// spread tells whether enough principals made the touches, none of them most.
func (b *block) spread() bool {
	var counts [2 * blockPeople]struct {
		who uint64
		n   int
	}
	heads, most := 0, 0
	for _, t := range b.touches {
		i := 0
		for i < heads && counts[i].who != t.who {
			i++
		}
		if i == len(counts) {
			continue
		}
		if i == heads {
			heads++
			counts[i].who = t.who
		}
		counts[i].n++
		most = max(most, counts[i].n)
	}
	return heads >= blockPeople && float64(len(b.touches)-most) >= turns*float64(len(b.touches))
}
