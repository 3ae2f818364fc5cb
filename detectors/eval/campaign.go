package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"auscult/detectors/eval/world"
	"auscult/sensor/call"
)

// lane is a part of the attacks of one setting: it takes one hospital after the other until each of its cells has been
// made as often as it says. Attacks of several cells run beside each other in one hospital, few at a time, each in an
// account of its own that is used once; what is honest in it is played once for all of them.
type lane struct {
	setting
	seed    uint64
	cells   []*cell
	left    []int      // raids still to be made, by cell
	results [][]result // by cell
	beside  beside
	rivals  bool
}

// beside is what was said of others while attacks ran.
type beside struct {
	calls uint64
	told  int
}

// Bounds of a hospital with attackers: how many of the staff there are for each attacker at work, how many of a role
// for each in that role, and for how many days raids begin.
const (
	staffPerRaid = 50
	rolePerRaid  = 5
	raidDays     = 90
)

// laneSize is about how many days of raids a lane has.
const laneSize = 4000

// lanes share the cells out. They depend on the cells alone, not on the number of workers.
func lanes(cells []*cell, seed uint64) []*lane {
	var all []*lane
	var settings []setting
	for _, c := range cells {
		if !slices.Contains(settings, c.setting) {
			settings = append(settings, c.setting)
		}
	}
	for _, s := range settings {
		work := 0
		for _, c := range cells {
			if c.setting == s {
				work += c.replicates * c.pace.days
			}
		}
		n := max(1, (work+laneSize/2)/laneSize)
		switch {
		case s.cold:
			n = max(1, work/100) // each raid has a hospital of its own
		case s.spread:
			n = max(1, work/200)
		}
		for i := range n {
			l := &lane{setting: s, seed: seed + uint64(1000*i)}
			for _, c := range cells {
				if c.setting != s {
					continue
				}
				if k := c.replicates*(i+1)/n - c.replicates*i/n; k > 0 {
					l.cells, l.left = append(l.cells, c), append(l.left, k)
					l.rivals = l.rivals || c.rival
				}
			}
			l.results = make([][]result, len(l.cells))
			all = append(all, l)
		}
	}
	return all
}

// cost is about how long a lane takes.
func (l *lane) cost() int {
	n := 0
	for i, c := range l.cells {
		n += l.left[i] * c.pace.days
	}
	switch {
	case l.cold:
		return n * l.people
	case l.spread:
		return 2 * n * l.people
	}
	return (n/12 + 2*warmDays) * l.people
}

// run makes all raids of the lane. z is that of the rule on one's own median.
func (l *lane) run(z float64) {
	for open := true; open; l.seed++ {
		l.visit(z)
		open = slices.ContainsFunc(l.left, func(n int) bool { return n > 0 })
	}
}

// visit makes some of the raids at one hospital.
func (l *lane) visit(z float64) {
	h := &host{lane: l, site: newSite(l.world(l.seed), l.detectors()), rng: rand.New(rand.NewPCG(l.seed, 99)), rivals: newRivals(l.rivals, z)}
	day := 0
	if !l.cold {
		for ; day < warmDays; day++ {
			h.day(day)
		}
	}
	h.accounts()
	last := day + raidDays
	if l.cold {
		last = day + 1
	}
	for ; ; day++ {
		if day < last {
			h.recruit(day)
		}
		if len(h.raids) == 0 {
			break
		}
		for _, x := range h.raids {
			x.morning(h.site, day)
		}
		h.day(day)
		h.evening(day)
	}
	l.beside.calls += h.site.calls
	l.beside.told += h.others
}

// host is one hospital and the raids in it.
type host struct {
	lane   *lane
	site   *site
	rng    *rand.Rand
	rivals *rivals
	raids  []*raid
	free   [][]int         // accounts not used yet, by role
	staff  []int           // how many there were
	past   map[uint64]bool // accounts of raids that are over
	bases  []int           // of the latest raids
	made   int
	others int
}

// accounts are those that attackers may have, in a random order.
func (h *host) accounts() {
	h.free, h.past = make([][]int, world.Services), map[uint64]bool{}
	for i, p := range h.site.world.People[:h.site.world.Staff()] {
		h.free[p.Role] = append(h.free[p.Role], i)
	}
	for _, f := range h.free {
		h.rng.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
		h.staff = append(h.staff, len(f))
	}
}

// recruit begins as many raids as there is room for, drawn by what is left of each cell.
func (h *host) recruit(day int) {
	l := h.lane
	room := max(1, l.people/staffPerRaid)
	if l.cold || l.spread {
		room = 1
	}
	for len(h.raids) < room {
		work := make([]int, len(l.cells))
		sum := 0
		for i, c := range l.cells {
			if l.left[i] > 0 && h.has(c) {
				work[i] = l.left[i] * c.pace.days
				sum += work[i]
			}
		}
		if sum == 0 {
			return
		}
		n := h.rng.IntN(sum)
		i := 0
		for ; n >= work[i]; i++ {
			n -= work[i]
		}
		members := h.take(l.cells[i])
		if members == nil {
			continue
		}
		l.left[i]--
		h.made++
		rng := rand.New(rand.NewPCG(l.seed, uint64(1000+h.made)))
		x := newRaid(l.cells[i], h.made, h.site, rng, members, day, h.bases)
		h.raids = append(h.raids, x)
		if h.bases = append(h.bases, x.base); len(h.bases) > 2*room {
			h.bases = h.bases[1:]
		}
	}
}

// has tells whether there are accounts for a raid of c.
func (h *host) has(c *cell) bool {
	if c.count > 1 {
		n := 0
		for _, f := range h.free {
			n += len(f)
		}
		return n >= c.count
	}
	busy := 0
	for _, x := range h.raids {
		if x.cell.role == c.role {
			busy++
		}
	}
	return len(h.free[c.role]) > 0 && busy < max(1, h.staff[c.role]/rolePerRaid)
}

// take gives a raid its accounts, none of which anybody has found fault with; nil when there was none.
func (h *host) take(c *cell) []int {
	var members []int
	for len(members) < c.count {
		r := int(c.role)
		if c.count > 1 {
			r = h.rng.IntN(len(h.free))
		}
		f := h.free[r]
		if len(f) == 0 {
			if c.count > 1 && h.has(c) {
				continue
			}
			return nil
		}
		i := f[0]
		h.free[r] = f[1:]
		if !h.site.named[h.site.world.People[i].Who.Key] {
			members = append(members, i)
		}
		if c.count > 1 && len(members) < c.count && !slices.ContainsFunc(h.free, func(f []int) bool { return len(f) > 0 }) {
			return nil
		}
	}
	return members
}

// day plays a day, and notes who noticed what.
func (h *host) day(day int) {
	owner := map[int]*raid{}
	for _, x := range h.raids {
		for _, i := range x.members {
			owner[i] = x
		}
	}
	h.site.day(func(k *call.Call, m world.Mark, told []incident) {
		mine := (*raid)(nil)
		if m.Tag == world.Attack {
			if mine = owner[m.Person]; mine != nil {
				mine.reads(k)
			}
		}
		for i := range told {
			h.tell(&told[i], k, day)
		}
		for i := range h.site.joined {
			for _, x := range h.raids {
				if in := &h.site.joined[i]; x.ours.n == 0 && x.accused(in) {
					x.tell(in, k.Time, day)
				}
			}
		}
		if h.lane.spread && len(h.raids) > 0 {
			for i := range h.site.alerts {
				h.raids[0].note(&h.site.alerts[i].Signal)
			}
			h.site.alerts = h.site.alerts[:0]
		}
		h.rivals.observe(k, func(which int) {
			if mine != nil && mine.rivals[which].n == 0 {
				mine.rivals[which] = delay{mine.read, k.Time - mine.begin}
			}
		})
	})
}

// tell gives an incident to the raids that it names.
func (h *host) tell(in *incident, k *call.Call, day int) {
	known := slices.ContainsFunc(in.accused, func(key uint64) bool { return h.past[key] })
	for _, x := range h.raids {
		if x.accused(in) {
			known = true
			x.tell(in, k.Time, day)
		}
	}
	if !known {
		h.others++
	}
}

// evening takes the results of the raids that are over. One of which nothing can be said is made again.
func (h *host) evening(day int) {
	l := h.lane
	going := h.raids[:0]
	for _, x := range h.raids {
		if !x.over(day) {
			going = append(going, x)
			continue
		}
		for _, key := range x.keys {
			h.past[key] = true
		}
		i := slices.Index(l.cells, x.cell)
		if x.spoilt && x.ours.n == 0 {
			l.left[i]++
			continue
		}
		l.results[i] = append(l.results[i], x.result())
	}
	h.raids = going
}

// attack runs cells and returns what was said of others meanwhile, by setting.
func attack(r *runner, cells []*cell, seed uint64, z float64) map[setting]beside {
	all := lanes(cells, seed)
	byCost := slices.Clone(all)
	slices.SortStableFunc(byCost, func(a, b *lane) int { return b.cost() - a.cost() })
	r.each("attacks", len(byCost), func(i int) string {
		l := byCost[i]
		l.run(z)
		return fmt.Sprintf("%s: %.1f million calls", l.describe(), float64(l.beside.calls)/1e6)
	})
	total := map[setting]beside{}
	for _, l := range all {
		for i, c := range l.cells {
			c.results = append(c.results, l.results[i]...)
		}
		b := total[l.setting]
		b.calls, b.told = b.calls+l.beside.calls, b.told+l.beside.told
		total[l.setting] = b
	}
	return total
}
