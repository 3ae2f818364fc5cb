package detectors

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Walks across principals in no order show as too many different identifiers, asked for without a reason, in one
// block of numbers in a day. How many are usual depends on how old the numbers are: wards and registration live on
// the newest. It says something only where the space is wide, and after some days.

const (
	blockWide   = 2000 // identifiers asked for in a day or two, from which on a space is wide
	blockDays   = 3    // learned, before blocks say anything
	blockLeast  = 8    // identifiers in a block, from which on its chance is worth computing
	blockPeople = 3
	blockTail   = 1e-8 / 3 // for each of the three sizes
	blockShape  = 0.75     // of the Gamma: days of one block differ more than its mean tells
	blockDoubt  = 1e-3     // from here on the calls are kept as evidence
	blockTouch  = 256      // touches remembered in a block
)

// blockBits are the sizes of blocks, as powers of two.
var blockBits = [...]uint{6, 9, 12}

// ages are how many identifiers of each age are asked for in a day, without a reason. The age is the distance from
// the newest that the server knows, as a power of two.
type ages struct {
	newest uint64
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
// the ages that it spans and of their neighbours.
func (a *ages) expect(first uint64, size uint) float64 {
	lo, hi := a.age(first+1<<size-1), a.age(first)
	densest := 0.0
	for i := max(0, lo-1); i <= min(64, hi+1); i++ {
		width := 1.0
		if i > 1 {
			width = float64(uint64(1) << (i - 1))
		}
		densest = max(densest, (a.usual[i]+1)/width)
	}
	return min(densest*float64(uint64(1)<<size), 1e6) + 0.02
}

// block is what was asked for in one block in the last day, each identifier once.
type block struct {
	touches []touch
	names   *members
	first   uint64
	last    uint64
}

type touch struct {
	id, who uint64
	at      clock.Time
}

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

// crowd feeds one unexplained contact to the blocks of its space.
func (d *distributed) crowd(dst []Signal, c *call.Call, k *contact, sp *space) []Signal {
	s, p := d.scene, d.scene.p
	if sp.around() < blockWide {
		return dst
	}
	a := sp.ages
	if a == nil {
		a = &ages{}
		sp.ages = a
	}
	x := k.num.value
	if c.OK() {
		a.newest = max(a.newest, x) // what the server does not know moves nothing
	}
	a.today[a.age(x)]++
	if b := sp.told; b != nil {
		if !b.names.file.open(s.now) {
			s.close(&b.names.file)
			sp.told = nil
		} else if x >= b.first && x <= b.last {
			b.names.add(p)
			b.names.from(c.Client.Addr)
			s.note(&b.names.file, c)
			b.names.file.touch(c, k)
			p.joined = s.now + silence
			if b.names.file.grown(s.now) {
				b.names.file.until = s.now + silence
				dst = append(dst, d.tellBlock(b, b.names.file.signal))
			}
			return dst
		}
	}
	for _, size := range blockBits {
		first := x >> size << size
		b, _ := s.blocks.use(stats.Mix(k.Param^stats.Mix(k.num.family)^uint64(size)<<58) ^ first)
		b.first, b.last = first, first+1<<size-1
		if !b.take(touch{k.Key, p.key, s.now}) || len(b.touches) < blockLeast || a.days < blockDays {
			continue
		}
		mean := a.expect(first, size)
		chance := stats.Tail(len(b.touches), mean, blockShape)
		if chance > blockDoubt {
			s.leave(b)
			continue
		}
		if b.names == nil {
			b.names = &members{lead: p.who}
		}
		b.names.from(c.Client.Addr)
		s.note(&b.names.file, c)
		b.names.file.touch(c, k)
		if chance > blockTail || !b.spread() || sp.told != nil {
			continue
		}
		sp.told = d.widen(b)
		f := &sp.told.names.file
		f.until = s.now + silence
		f.usual = strconv.FormatFloat(mean, 'g', 2, 64)
		f.facts = []Fact{{"numbers in the block", strconv.Itoa(1 << size)}, {"asked for in it, in a day", strconv.Itoa(len(b.touches))},
			{"usual in such a block", f.usual}, {"chance", strconv.FormatFloat(chance, 'e', 0, 64)}}
		b.names = nil
		b.touches = b.touches[:0]
		return append(dst, d.tellBlock(sp.told, Signal{Detector: d.Name(), Severity: High, Confidence: 75,
			Score: -math.Log(chance), Threshold: -math.Log(blockTail)}))
	}
	return dst
}

// widen makes the case of a block that is told: of its neighbours too, for a walk goes past one block.
func (d *distributed) widen(b *block) *block {
	s := d.scene
	const margin = 1 << 10
	w := &block{names: b.names, first: b.first - min(b.first, margin), last: b.last + margin}
	for _, t := range b.touches {
		if q := s.principals.find(t.who); q != nil {
			w.names.add(q)
			q.joined = s.now + silence
		}
	}
	return w
}

// tellBlock makes the signal of all who asked for numbers of a block.
func (d *distributed) tellBlock(b *block, sig Signal) Signal {
	s, m := d.scene, b.names
	sig = d.name(m, sig, 4)
	f := &m.file
	who := len(sig.Members) + 1
	sig.Title = fmt.Sprintf("{principal} and %s read %s out of one range of numbers, in %s",
		count(who-1, "other account"), count(f.objects.Len(), thing(f)), span(f.last-f.since))
	sig.Expected = "About " + f.usual + " of such a block of numbers are asked for in a day without a list, a search or a colleague before"
	sig.Observed = fmt.Sprintf("%s asked for %s of one block in %s, %d refused", count(who, "account"),
		count(f.objects.Len(), thing(f)), count(f.calls, "call"), f.refusals)
	sig.Facts = append(append(s.facts(&sig, f), Fact{"accounts", strconv.Itoa(who)}, Fact{"client addresses", m.addresses()}), f.facts...)
	f.signal = sig
	return sig
}

// leave forgets the evidence that was kept of a block.
func (s *scene) leave(b *block) {
	if b.names != nil {
		s.close(&b.names.file)
		b.names = nil
	}
}
