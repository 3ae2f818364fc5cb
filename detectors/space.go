package detectors

import (
	"math"
	"math/bits"

	"auscult/detectors/stats"
	"auscult/sensor/clock"
)

// space is a family of identifiers at a place: the numbers of the patients of one server, say. It knows which
// of them people ask for, and so how near to each other the identifiers of an honest principal lie.
type space struct {
	sample     [sampleSize]sampled // as they came
	order      [sampleSize]sampled // and by value
	n          int
	active     stats.Distinct // identifiers asked for, this day and the last
	before     int
	since      int64
	symbols    stats.Table // nearness of the unexplained contacts of the calm
	symbolsAll stats.Table // and of all their contacts
	walks      walks       // across principals
	ages       *ages       // of what they ask for without a reason, once the space is wide
	told       *block      // a block that was told
	seen       clock.Time  // of the last contact
	real       bool        // something here was answered
	heads      int         // principals of at least headContacts contacts
	peaks      [2]peak     // the largest evidence held against two principals
	top        uint64
	topBy      uint64
	second     uint64 // the largest identifier of a principal other than topBy
}

// sampled is one identifier and who asked for it.
type sampled struct {
	value uint64
	who   uint64
}

// peak is the most evidence of a walk that one principal has shown, halved every day.
type peak struct {
	heat float64
	who  uint64
}

// reached notes the evidence against who.
func (sp *space) reached(heat float64, who uint64) {
	switch p := &sp.peaks; {
	case p[0].who == who || p[0].heat < heat && p[1].who == who:
		if p[0].who != who {
			p[0], p[1] = p[1], p[0]
		}
		p[0].heat = max(p[0].heat, heat)
	case heat > p[0].heat:
		p[0], p[1] = peak{heat, who}, p[0]
	case heat > p[1].heat:
		p[1] = peak{heat, who}
	}
}

const (
	headContacts = 3 // that make a principal one who is known here
	headsFew     = 4 // principals who say nothing yet of what is usual
	headsEnough  = 8
	peakHonest   = 7 // evidence that the honest of a space do not reach where they do not walk
)

// peak is the most evidence that anyone but who has shown.
func (sp *space) peak(who uint64) float64 {
	if sp.peaks[0].who == who {
		return sp.peaks[1].heat
	}
	return sp.peaks[0].heat
}

// known is how surely the others of this space show that nobody walks here: 0 to 1.
func (sp *space) known(who uint64) float64 {
	if sp.peak(who) >= peakHonest {
		return 0
	}
	return sp.crowd()
}

// crowd is how surely there are enough principals here to say what is usual: 0 to 1.
func (sp *space) crowd() float64 {
	return min(1, max(0, float64(sp.heads-1-headsFew)/(headsEnough-headsFew)))
}

const (
	sampleSize    = 128
	samplePerHead = 8
)

// learn counts a contact towards what the site asks for. One principal fills at most eight places of the sample:
// a walk must not become the norm.
func (sp *space) learn(x, key, who uint64, today int64) {
	if today != sp.since {
		sp.before = sp.active.Len()
		sp.active.Clear()
		sp.peaks[0].heat /= 2
		sp.peaks[1].heat /= 2
		sp.since = today
		if sp.ages != nil {
			sp.ages.turn()
		}
	}
	sp.active.Add(key)
	if who == sp.topBy || sp.topBy == 0 {
		sp.top, sp.topBy = max(sp.top, x), who
	} else if x > sp.top {
		sp.second, sp.top, sp.topBy = sp.top, x, who
	} else {
		sp.second = max(sp.second, x)
	}
	if oldest := sp.full(who); oldest >= 0 {
		sp.put(oldest, sampled{x, who}, sp.held())
		return
	}
	sp.put(sp.n%sampleSize, sampled{x, who}, sp.held())
	sp.n++
}

// full is the place of the oldest identifier of who in the sample, if who fills as many places as one may; else -1.
func (sp *space) full(who uint64) int {
	first := 0
	if sp.n > sampleSize {
		first = sp.n % sampleSize
	}
	mine, oldest := 0, -1
	for _, part := range [...][2]int{{first, sp.held()}, {0, first}} {
		for at := part[0]; at < part[1]; at++ {
			if sp.sample[at].who != who {
				continue
			}
			if mine++; mine == 1 {
				oldest = at
			} else if mine == samplePerHead {
				return oldest
			}
		}
	}
	return -1
}

// held is how many places of the sample are filled.
func (sp *space) held() int { return min(sp.n, sampleSize) }

// put fills a place of the sample, of which held are filled, and keeps order.
func (sp *space) put(place int, s sampled, held int) {
	order := sp.order[:held]
	to := after(order, s.value)
	if place < held { // it moves from where its old value stood
		from := after(order, sp.sample[place].value)
		for order[from] != sp.sample[place] {
			from++
		}
		if from < to {
			to--
			copy(order[from:to], order[from+1:])
		} else {
			copy(order[to+1:from+1], order[to:from])
		}
	} else {
		order = sp.order[:held+1]
		copy(order[to+1:], order[to:])
	}
	order[to] = s
	sp.sample[place] = s
}

// after is the first place in order at or after value.
func after(order []sampled, value uint64) int {
	lo, hi := 0, len(order)
	for lo < hi {
		if mid := (lo + hi) / 2; order[mid].value < value {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// around is how many patients the honest choose among: at least 64, at most a million.
func (sp *space) around() float64 {
	return min(1<<20, max(64, float64(max(sp.before, sp.active.Len()))))
}

// frontier tells whether x is past everything that anyone but who asked for: new patients are met in order. Alone,
// nobody is at it.
func (sp *space) frontier(x, who uint64) bool {
	if who == sp.topBy {
		return sp.second != 0 && x > sp.second
	}
	return sp.topBy != 0 && x > sp.top
}

// rarity is how surprising it is to lie within d of the identifiers in sorted, as a class: k means a chance of
// about 2^-k that one whom the site's other principals ask for lies so near. Without others to compare with,
// the span of sorted itself is the world, and hardly anything surprises.
func (sp *space) rarity(sorted []uint64, d uint64, who uint64) int {
	near, others := 1, 1
	wide := uint64(math.MaxUint64) // the smallest distance of anyone else's: the sample's grain
	order, at := sp.order[:sp.held()], 0
	if headsBeside(who, order) < headsToCompare {
		span := float64(sorted[len(sorted)-1]-sorted[0]) + 2*float64(d) + 1
		covered := min(1, float64(len(sorted))*(2*float64(d)+1)/span)
		return class(covered)
	}
	for i := range order {
		s := &order[i]
		if s.who == who {
			continue
		}
		others++
		for at < len(sorted) && sorted[at] < s.value {
			at++
		}
		gap := uint64(math.MaxUint64)
		if at < len(sorted) {
			gap = sorted[at] - s.value
		}
		if at > 0 {
			gap = min(gap, s.value-sorted[at-1])
		}
		if gap <= d {
			near++
		}
		wide = min(wide, gap)
	}
	// Below the sample's grain the chance is taken to fall with d, from the grain on.
	p := float64(near) / float64(others)
	if near == 1 && wide > d {
		p *= max(1.0/64, (2*float64(d)+1)/(2*float64(wide)+1))
	}
	return class(p)
}

// headsToCompare is how many others there must be to compare with.
const headsToCompare = 3

// headsBeside is how many others than who are in the sample, counted to headsToCompare.
func headsBeside(who uint64, order []sampled) (heads int) {
	var head [headsToCompare]uint64
	for i := range order {
		if x := order[i].who; x != who && !contains(head[:heads], x) {
			head[heads] = x
			if heads++; heads == headsToCompare {
				return heads
			}
		}
	}
	return heads
}

const classes = 16

func class(p float64) int {
	if p >= 1 {
		return 0
	}
	return min(classes-1, bits.Len64(uint64(1/p))-1)
}

func contains(heads []uint64, x uint64) bool {
	for _, h := range heads {
		if h == x {
			return true
		}
	}
	return false
}

// honest is the shipped bound on the chance of each symbol: class k would have chance 2^-(k+1) if people were
// picked at random; they cluster by ward and by day of admission, so the deep classes get a fifth each.
func honest(symbol int) float64 {
	if symbol >= classes { // just ahead of a track
		return 0.15
	}
	return max(0.2, math.Ldexp(1.2, -symbol-1))
}

// priorWeight is what the shipped bounds weigh, in symbols learned.
const priorWeight = 100

// space finds the family that o belongs to.
func (s *scene) space(k *contact) *space {
	sp, fresh := s.spaces.use(k.Param ^ stats.Mix(k.num.family))
	if fresh {
		sp.walks.drop = s.dropMembers
	}
	return sp
}
