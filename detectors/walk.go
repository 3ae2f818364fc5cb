package detectors

import (
	"math"
	"slices"

	"auscult/detectors/stats"
	"auscult/sensor/clock"
)

// track is a walk in the making: the last identifier, the step that would come next, and the evidence. Between
// two steps of a walk others' contacts may pass; how many is what the honest get wrong: they would hit the next
// identifier once in as many contacts as there are patients about.
type track struct {
	last  uint64
	step  int64
	seen  int64  // the distance last gone
	same  uint8  // how often in a row
	tick  uint32 // contact at which it was last extended
	steps uint32
	exact stats.CUSUM // the very next identifier
	near  stats.CUSUM // one of the next few, in the same direction
	from  uint64      // first identifier
	names *members    // who made it, when several principals share the tracks
}

func (t *track) w() float64 { return max(float64(t.exact), float64(t.near)) }

// value is what a track is worth keeping: its evidence, and more if it was told.
func (t *track) value() float64 {
	if t.names.told() {
		return t.w() + 1e3
	}
	return t.w()
}

// stepAfter is how often the same distance must be gone in a row to be taken for the step of a track that began
// with another: by chance, beside an honest contact.
const stepAfter = 3

// reach is how far past last a near step may go: four steps.
func (t *track) reach() uint64 { return 4 * uint64(abs(t.step)) }

// walks are the tracks of one stream of contacts, the most promising kept.
type walks struct {
	top    float64 // the largest evidence of any track, as the last step left it
	tracks []track
	recent []uint64 // the last identifiers, from which new tracks start
	tick   uint32
	drop   func(*members) `snapshot:"rebuilt"` // frees what a track that goes held; nil while no track holds anything
}

// hit is what one contact did to the tracks.
type hit struct {
	track *track // the best it extended, nil if none
	near  bool   // it extended a track that had been extended before
	exact bool   // and by its very step
}

// nearFloor is the least chance that an honest contact lies just ahead of the one before: people admitted one
// after another lie in neighbouring beds, and a round goes from bed to bed.
const nearFloor = 0.15

// step takes one identifier. around is how many patients the honest choose among, ahead the chance that an honest
// contact lies just ahead of one before; limit and reach bound the tracks and the distance at which a new one
// starts; back is how many recent identifiers start tracks.
func (w *walks) step(x uint64, around, ahead float64, limit, back int, reach uint64) hit {
	w.tick++
	var h hit
	best, met := -1, 0
	var before track // the best as it was
	for i := range w.tracks {
		t := &w.tracks[i]
		d := int64(x - t.last)
		down := t.step >> 63                                         // all ones in a walk downwards
		if uint64((d^down)-down)-1 >= 4*uint64((t.step^down)-down) { // not ahead, or past reach: one branch, as nearly all fail
			if d == 0 {
				met++
			}
			continue
		}
		met++
		if d != t.step && w.drop != nil && t.exact > t.near {
			continue // someone else, ahead of a strict walk: it will come past
		}
		was := *t
		wait := float64(w.tick - t.tick)
		f1 := 1 / (wait * (wait + 1)) // a proper law of waiting times, whatever the dilution
		width := float64(t.reach())
		if d == t.step {
			t.exact.Add(math.Log(0.9 * f1 * around))
		} else {
			t.exact.Add(math.Log(0.1 * f1 * around / width))
		}
		t.near.Add(math.Log(f1 / max(ahead, min(1, width/around))))
		if t.same++; d != t.seen {
			t.seen, t.same = d, 1
		}
		if t.w() <= 0 || t.same >= stepAfter && t.exact <= 0 {
			t.step = d
		}
		h.near = h.near || t.steps > 0
		h.exact = h.exact || t.steps > 0 && d == t.step
		t.last, t.tick = x, w.tick
		t.steps++
		if best < 0 || t.w() > w.tracks[best].w() {
			best, before = i, was
		}
	}
	if best < 0 {
		w.start(x, around, limit, back, reach)
	} else {
		if h.track = &w.tracks[best]; met > 1 {
			h.track = w.merge(best, x)
		}
		if w.drop == nil && before.exact > 0 && int64(x-before.last) != before.step {
			w.keep(before, limit) // it may have been a look aside: the walk goes on where it was
		}
		w.top = w.best()
	}
	if len(w.recent) < back {
		w.recent = append(w.recent, x)
	} else {
		copy(w.recent, w.recent[1:])
		w.recent[back-1] = x
	}
	return h
}

// merge drops the tracks that the one at best has met: they are one walk, seen with other steps. A walk that was
// told already goes on under its name.
func (w *walks) merge(best int, x uint64) *track {
	for i := range w.tracks {
		if w.drop != nil && w.tracks[i].last == x && w.tracks[i].names.told() && !w.tracks[best].names.told() {
			best = i
		}
	}
	at := 0
	for i := range w.tracks {
		if i == best {
			best = at
		} else if w.tracks[i].last == x {
			w.let(&w.tracks[i])
			continue
		}
		if at != i {
			w.tracks[at] = w.tracks[i]
		}
		at++
	}
	clear(w.tracks[at:])
	w.tracks = w.tracks[:at]
	return &w.tracks[best]
}

// let frees what a track held.
func (w *walks) let(t *track) {
	if t.names != nil {
		w.drop(t.names)
	}
	t.names = nil
}

// pass moves tracks over an identifier that says nothing, being known already.
func (w *walks) pass(x uint64) {
	for i := range w.tracks {
		if t := &w.tracks[i]; t.last+uint64(t.step) == x {
			t.last = x
		}
	}
}

// start opens tracks from recent identifiers to x. A step of s from the last one has a chance of 1/(2s(s+1)) in a
// walk, either way, and of one in around by chance.
func (w *walks) start(x uint64, around float64, limit, back int, reach uint64) {
	for i := len(w.recent) - 1; i >= 0; i-- {
		step := int64(x - w.recent[i])
		if step == 0 || uint64(abs(step)) > reach || w.has(x, step) {
			continue
		}
		t := track{last: x, step: step, tick: w.tick, from: w.recent[i]}
		if i == len(w.recent)-1 { // small steps are what walks begin with
			size := float64(abs(step))
			t.exact.Add(math.Log(around / (4 * size * (size + 1))))
		}
		w.keep(t, limit)
		w.top = w.best()
	}
}

// keep adds a track, in the place of the least promising when there are too many.
func (w *walks) keep(t track, limit int) {
	if len(w.tracks) < limit {
		w.tracks = append(w.tracks, t)
		return
	}
	worst, least := 0, w.tracks[0].value()
	for j := range w.tracks[1:] {
		if v := w.tracks[j+1].value(); v < least || v == least && w.tracks[j+1].tick < w.tracks[worst].tick {
			worst, least = j+1, v
		}
	}
	w.let(&w.tracks[worst])
	w.tracks[worst] = t
}

func (w *walks) has(x uint64, step int64) bool {
	for i := range w.tracks {
		if w.tracks[i].last == x && w.tracks[i].step == step {
			return true
		}
	}
	return false
}

// best is the largest evidence of any track.
func (w *walks) best() float64 {
	b := 0.0
	for i := range w.tracks {
		b = max(b, w.tracks[i].w())
	}
	return b
}

// calm forgets the evidence.
func (w *walks) calm() {
	for i := range w.tracks {
		w.tracks[i].exact, w.tracks[i].near = 0, 0
	}
	w.top = 0
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}

// pass moves the tracks of stripped identifiers over one.
func (l *lattice) pass(second uint64) {
	if l.stripped != nil {
		l.stripped.pass(second)
	}
}

// lattice is how one principal moves in one family of identifiers.
type lattice struct {
	space    uint64
	used     clock.Time
	n        uint32 // contacts
	patients bool   // they name patients
	shown    bool   // some answer was about a person
	listed   bool   // some of the evidence came from identifiers named together
	nearness stats.CUSUM
	plain    walks
	stripped *walks // of the identifier without its last digit: a check digit hides the step; nil before a step of one
	all      walks  // of every first contact, to learn what order is usual
	steps    stats.Few
	today    [3]uint16   // steps of unexplained contacts that the end of the day will teach
	sorted   []uint64    // the last own identifiers
	order    []uint64    // as they came, in a ring
	oldest   uint16      // of order
	near     *closeness  // nil before an unexplained contact was near or far
	ownAll   stats.Table // nearness of all contacts
}

// memory of a lattice: identifiers whose neighbourhood counts as near.
const latticeIDs = 512

func (l *lattice) heat() float64 {
	return max(float64(l.nearness), l.walk())
}

// walk is the evidence of the tracks.
func (l *lattice) walk() float64 {
	if l.stripped == nil {
		return l.plain.top
	}
	return max(l.plain.top, l.stripped.top)
}

func (l *lattice) calm() {
	l.nearness = 0
	l.plain.calm()
	if l.stripped != nil {
		l.stripped.calm()
	}
	l.reset()
	l.listed = false
}

// exact is the evidence of one step kept to the number.
func (l *lattice) exact() float64 {
	b := 0.0
	for _, tracks := range l.tracks() {
		for i := range tracks {
			b = max(b, float64(tracks[i].exact))
		}
	}
	return b
}

// tracks are those of whole and of stripped identifiers.
func (l *lattice) tracks() (all [2][]track) {
	all[0] = l.plain.tracks
	if l.stripped != nil {
		all[1] = l.stripped.tracks
	}
	return all
}

// closeness is how near the unexplained contacts of a principal in a space lie to each other.
type closeness struct {
	code stats.KT    // of those since the evidence was last nothing
	own  stats.Table // of those of calm days
}

// reset forgets the regularity of nearness.
func (l *lattice) reset() {
	if l.near != nil {
		l.near.code.Reset()
	}
}

// unlike is where the nearness of unexplained contacts is counted.
func (l *lattice) unlike() *closeness {
	if l.near == nil {
		l.near = new(closeness)
	}
	return l.near
}

// Symbols of the table of steps: how a contact lies to the tracks of all contacts before.
const (
	stepElse = iota
	stepNear
	stepExact
)

// tradeSteps is how many steps of a job must be known beside those at hand to say that walking here is its trade.
const tradeSteps = 16

// trade is whether a job has walked here before the case of so many objects that is held against it now: enough of its
// steps were in order.
func (l *lattice) trade(held int) bool {
	return l.steps.Len() >= held+tradeSteps && l.steps.P(stepElse, 0, 0) < 0.7
}

// usual is the chance that an honest contact of this principal goes on exactly, or nearly, where one before
// pointed: its own habit, shrunk to its group's, shrunk to the shipped one. At most 0.4: order never becomes so
// usual that a walk says nothing.
func (l *lattice) usual(g *group) (exact, near float64) {
	exact = l.steps.P(stepExact, g.steps.P(stepExact, 0.01, priorWeight), 30)
	near = l.steps.P(stepNear, g.steps.P(stepNear, 0.04, priorWeight), 30)
	return min(0.4, exact), min(0.6, exact+near)
}

// place is where in sorted x is or would be.
func (l *lattice) place(x uint64) int {
	lo, hi := 0, len(l.sorted)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); l.sorted[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// holds tells whether x, whose place is at, is among the last own identifiers; of those made in one second or less,
// many have one value.
func (l *lattice) holds(x *ident, at int) bool {
	return x.kind != millis && x.kind != seconds && at < len(l.sorted) && l.sorted[at] == x.value
}

// nearest is the distance from x, whose place is at, to the nearest own identifier; ok is false when there is none.
func (l *lattice) nearest(x uint64, at int) (d uint64, ok bool) {
	if at < len(l.sorted) {
		d, ok = l.sorted[at]-x, true
	}
	if at > 0 && (!ok || x-l.sorted[at-1] < d) {
		d, ok = x-l.sorted[at-1], true
	}
	return d, ok
}

// add remembers x, whose place is at, among the last own identifiers.
func (l *lattice) add(x uint64, at int) {
	if len(l.order) < latticeIDs {
		l.order = append(l.order, x)
		l.sorted = slices.Insert(l.sorted, at, x)
		return
	}
	from := l.place(l.order[l.oldest])
	l.order[l.oldest] = x
	l.oldest = (l.oldest + 1) % latticeIDs
	if from < at { // what lies between goes one place towards where the oldest was
		at--
		copy(l.sorted[from:at], l.sorted[from+1:])
	} else {
		copy(l.sorted[at+1:from+1], l.sorted[at:from])
	}
	l.sorted[at] = x
}
