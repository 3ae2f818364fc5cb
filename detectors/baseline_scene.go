package detectors

import (
	"cmp"
	"math"
	"slices"

	"auscult/detectors/stats"
)

// maxRole bounds the name of a role in a baseline.
const maxRole = 256

// save writes what the site, its groups and its people have taught. For the capture itself only the groups' norms
// go out, made anew by conclude, and what each person's part in them is.
func (s *scene) save(e *encoder, self bool) {
	e.flag(self)
	e.time(max(0, s.watched()))
	e.time(max(0, s.now))
	e.time(s.nextMark)
	for i := range s.groups {
		s.groups[i].save(e)
	}
	s.circles.save(e)
	people := make([]*principal, 0, s.principals.len())
	s.principals.each(func(p *principal) {
		if !self || p.lesson() != nil {
			people = append(people, p)
		}
	})
	slices.Reverse(people) // the oldest first: read in this order, they stand in the same
	e.count(len(people))
	for _, p := range people {
		if self {
			p.saveLesson(e)
		} else {
			p.save(e, s.calmOf(p))
		}
	}
	if self {
		return
	}
	type named struct {
		key uint64
		sp  *space
	}
	spaces := make([]named, 0, s.spaces.len())
	s.spaces.eachKey(func(key uint64, sp *space) { spaces = append(spaces, named{key, sp}) })
	slices.Reverse(spaces)
	e.count(len(spaces))
	for _, n := range spaces {
		e.hash(n.key)
		n.sp.save(e)
	}
	s.visits.save(e)
	e.hashes(s.postures.told.Append(nil))
	servers := make([]uint64, 0, len(s.postures.server))
	for key := range s.postures.server {
		servers = append(servers, key)
	}
	slices.Sort(servers)
	e.count(len(servers))
	for _, key := range servers {
		e.hash(key)
		e.count(s.postures.server[key])
	}
	s.check.save(e)
}

func (s *scene) restore(d *decoder) {
	self := d.flag()
	s.before, s.learned = d.time(), d.time()
	mark := d.time()
	if self {
		s.learned = 0 // it remembers nobody's contacts
	}
	s.now, s.nextMark = s.learned, mark
	for i := range s.groups {
		s.groups[i].restore(d)
	}
	s.circles.restore(d)
	for range d.count(1<<24, 8) {
		if d.err != nil {
			return
		}
		key := d.hash()
		if key == 0 || s.principals.find(key) != nil {
			d.fail("names a principal twice, or none")
			return
		}
		p, _ := s.principals.use(key)
		p.key = key
		if self {
			p.restoreLesson(d)
		} else {
			p.restore(d, &s.cfg)
		}
	}
	if self {
		return
	}
	for range d.count(1<<24, 8) {
		key := d.hash()
		if s.spaces.find(key) != nil {
			d.fail("names a family of identifiers twice")
			return
		}
		sp, _ := s.spaces.use(key)
		sp.walks.drop = s.dropMembers
		sp.restore(d)
	}
	s.visits.restore(d)
	d.hashes(s.cfg.Postures, func(h uint64) { s.postures.told.Add(h) })
	for range d.count(s.cfg.Postures, 9) {
		if s.postures.server == nil {
			s.postures.server = map[uint64]int{}
		}
		s.postures.server[d.hash()] = d.count(perServer, 0)
	}
	s.check.restore(d)
	s.h = s.cfg.thresholds(s.check.Raise)
}

func (g *group) save(e *encoder) {
	e.word(g.role[:min(len(g.role), maxRole)])
	e.count(g.people)
	for m := range g.rates {
		for i := range g.rates[m] {
			e.rate(&g.rates[m][i])
		}
	}
	e.table(&g.steps)
	e.table(&g.marks)
	e.symbols(g.shares[:])
	e.number(g.novel)
	e.number(g.unexp)
	e.number(uint64(g.failed))
	e.number(uint64(g.tried))
}

func (g *group) restore(d *decoder) {
	g.role = d.word(maxRole)
	g.people = d.count(1<<30, 0)
	for m := range g.rates {
		for i := range g.rates[m] {
			g.rates[m][i] = d.rate()
		}
	}
	g.steps, g.marks = d.table(), d.table()
	d.symbols(g.shares[:])
	g.total = 0
	for _, n := range g.shares {
		g.total += n
	}
	g.novel, g.unexp = d.number(), d.number()
	if g.novel > 1<<48 || g.unexp > g.novel || g.total > 1<<31 {
		d.fail("says more of a group than can be")
		g.total, g.novel, g.unexp = 0, 0, 0
	}
	g.failed, g.tried = uint32(d.count(1<<31, 0)), uint32(d.count(1<<31, 0))
	g.theta = thetaCold
	g.fit()
}

// save writes what is known of p; what a suspect touched is left out, or its next attack would have been seen before.
func (p *principal) save(e *encoder, calm bool) {
	e.hash(p.key)
	e.time(p.first)
	e.time(p.seen)
	e.flag(p.service)
	e.flag(p.shared)
	e.number(uint64(p.group + 1))
	e.real(p.known)
	e.real(p.knownUn)
	e.count(int(p.days))
	e.number(uint64(p.novel))
	e.number(uint64(p.unexp))
	e.time(p.bulk())
	for _, t := range p.tallies {
		t.save(e)
	}
	var uses [profileSlots]uint32
	for i, n := range p.profile {
		uses[i] = uint32(n)
	}
	e.symbols(uses[:])
	touched := &p.contacts
	if !calm {
		touched = &stats.Recent{}
	}
	e.recent(touched)
	e.count(len(p.lattices))
	for _, l := range p.lattices {
		e.hash(l.space)
		e.time(l.used)
		e.symbols(l.steps.Counts())
		if l.near == nil {
			e.table(&stats.Table{})
		} else {
			e.table(&l.near.own)
		}
		e.table(&l.ownAll)
	}
}

func (p *principal) restore(d *decoder, cfg *Config) {
	p.first, p.seen = d.time(), d.time()
	p.service, p.shared = d.flag(), d.flag()
	p.group = int8(d.count(groupCount+1, 0) - 1)
	p.known, p.knownUn = d.real(), d.real()
	p.days = int32(d.count(1<<20, 0))
	p.novel, p.unexp = uint32(d.count(1<<31, 0)), uint32(d.count(1<<31, 0))
	if first := d.time(); first != 0 {
		p.more().bulk = first
	}
	for m := range p.tallies {
		p.tallies[m] = restoreTally(d)
	}
	var uses [profileSlots]uint32
	d.symbols(uses[:])
	for i, n := range uses {
		p.profile[i] = uint16(min(n, math.MaxUint16-1))
	}
	p.contacts = d.recent(cfg.Contacts)
	for range d.count(cfg.Lattices, 12) {
		l := &lattice{space: d.hash(), used: d.time(), steps: d.few()}
		if own := d.table(); own != (stats.Table{}) {
			l.near = &closeness{own: own}
		}
		l.ownAll = d.table()
		p.lattices = append(p.lattices, l)
	}
	if p.knownUn > p.known || p.first == 0 {
		d.fail("says of a principal what cannot be")
	}
}

func (p *principal) saveLesson(e *encoder) {
	l := p.lesson()
	e.hash(p.key)
	e.number(uint64(p.group + 1))
	e.flag(l.suspect)
	e.real(l.theta)
	if l.suspect {
		return
	}
	for m := range l.rates {
		for i := range l.rates[m] {
			e.rate(&l.rates[m][i])
		}
	}
	e.symbols(l.marks[:])
}

func (p *principal) restoreLesson(d *decoder) {
	l := &lesson{}
	p.group = int8(d.count(groupCount+1, 0) - 1)
	l.suspect, l.theta = d.flag(), d.real()
	if !l.suspect {
		for m := range l.rates {
			for i := range l.rates[m] {
				l.rates[m][i] = d.rate()
			}
		}
		d.symbols(l.marks[:])
	}
	if l.theta > 1 {
		d.fail("says of a principal what cannot be")
	}
	p.more().lesson = l
}

func (sp *space) save(e *encoder) {
	e.table(&sp.symbols)
	e.table(&sp.symbolsAll)
	e.count(max(sp.before, sp.active.Len()))
	e.hash(sp.top)
	e.hash(sp.topBy)
	e.hash(sp.second)
	e.count(sp.held())
	for i := range sp.held() {
		at := i
		if sp.n > sampleSize { // the oldest first
			at = (sp.n + i) % sampleSize
		}
		e.hash(sp.sample[at].value)
		e.hash(sp.sample[at].who)
	}
	e.flag(sp.ages != nil)
	if sp.ages != nil {
		sp.ages.save(e)
	}
}

func (sp *space) restore(d *decoder) {
	sp.symbols, sp.symbolsAll = d.table(), d.table()
	sp.before = d.count(1<<40, 0)
	sp.top, sp.topBy, sp.second = d.hash(), d.hash(), d.hash()
	for range d.count(sampleSize, 16) {
		sp.put(sp.n, sampled{d.hash(), d.hash()}, sp.n)
		sp.n++
	}
	if d.flag() {
		sp.ages = &ages{}
		sp.ages.restore(d)
	}
}

func (v *visits) save(e *encoder) {
	e.time(v.since)
	for _, m := range [...]map[uint64]visit{v.cur, v.old} {
		keys := make([]uint64, 0, len(m))
		for key := range m {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, cmp.Compare)
		e.count(len(keys))
		for _, key := range keys {
			t := m[key]
			e.hash(key)
			e.hash(t.who)
			e.hash(t.before)
			e.time(t.made)
		}
	}
}

func (v *visits) restore(d *decoder) {
	v.since = d.time()
	read := func() map[uint64]visit {
		m := map[uint64]visit{}
		for range d.count(max(1, v.limit), 25) {
			m[d.hash()] = visit{who: d.hash(), before: d.hash(), made: d.time()}
		}
		return m
	}
	v.cur = read()
	v.old = read()
}

// save writes the sizes of the endpoints' answers.
func (d *oversized) save(e *encoder, _ bool) {
	type named struct {
		key uint64
		*endpoint
	}
	all := make([]named, 0, d.endpoints.len())
	d.endpoints.eachKey(func(key uint64, p *endpoint) { all = append(all, named{key, p}) })
	slices.Reverse(all)
	e.count(len(all))
	for _, p := range all {
		e.hash(p.key)
		e.time(p.seen)
		e.number(uint64(p.slot))
		e.number(uint64(p.answers))
		e.number(uint64(p.crowds))
		e.symbols(p.sizes[:])
		for _, m := range [...]settled{p.cap, p.asked} {
			e.count(m.top)
			e.count(m.second)
			e.hash(m.by)
		}
	}
}

func (d *oversized) restore(in *decoder) {
	for range in.count(1<<24, 8) {
		key := in.hash()
		if d.endpoints.find(key) != nil {
			in.fail("names an endpoint twice")
			return
		}
		p, _ := d.endpoints.use(key)
		p.seen = in.time()
		p.slot = uint8(in.count(profileSlots, 0))
		p.answers, p.crowds = uint32(in.count(1<<31, 0)), uint32(in.count(1<<31, 0))
		in.symbols(p.sizes[:])
		for _, m := range [...]*settled{&p.cap, &p.asked} {
			*m = settled{top: in.count(1<<31, 0), second: in.count(1<<31, 0), by: in.hash()}
		}
	}
}
