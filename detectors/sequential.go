package detectors

import (
	"math"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// sequential finds enumeration by one principal: identifiers that follow a step (stream D, by tracks and by an
// adaptive code over nearness) and runs of refusals (stream E). Only contacts that no answer had delivered count:
// worklists, registration and laboratory orders are honestly in sequence.
type sequential struct{ scene *scene }

func (*sequential) Name() string      { return "sequential_enumeration" }
func (*sequential) Key() Key          { return ByPrincipal }
func (*sequential) Forget(clock.Time) {}

// arrivalGap is how far apart new patients come at the least.
const arrivalGap = minute / 2

// alphabet of the nearness code: a class of rarity, or just ahead of a track.
const nearSymbols = classes + 1

func (d *sequential) Observe(dst []Signal, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	f := s.file(famWalk)
	if f.until != 0 && !f.open(s.now) {
		p.settle()
		s.close(f)
	}
	noted := false
	for i := range s.contacts {
		k := &s.contacts[i]
		l, at, walked := p.walked(k)
		if walked || k.why == again || k.why == delivered || k.why == created || k.why == arrived {
			if k.num.ok {
				d.follow(c, k, l, at, walked)
			}
			continue
		}
		before := p.walkHeat()
		if !k.list {
			d.refusal(c)
		}
		if k.num.ok {
			d.follow(c, k, l, at, walked)
		}
		after := p.walkHeat()
		if !f.open(s.now) && after <= 0 {
			s.close(f) // and this contact may be the first of a walk
			noted = false
		}
		if f.open(s.now) || after >= before || after <= 0 {
			if !noted {
				s.note(f, c)
				noted = true
			}
			f.touch(c, k)
		}
	}
	if !noted {
		return dst
	}
	if f.open(s.now) {
		if f.grown(s.now) && s.now >= p.joined {
			f.until = s.now + silence
			dst = append(dst, s.restateWalk(f))
		}
		return dst
	}
	return d.verdict(dst, c, f)
}

// walked tells whether p has been at k before, even longer ago than contacts are remembered: a job that reads its few
// patients once a month goes nowhere. It is told by the lattice of k, nil if there is none, and the place of k in it.
func (p *principal) walked(k *contact) (l *lattice, at int, yes bool) {
	if !k.num.ok {
		return nil, 0, false
	}
	if l = p.moves(k); l == nil {
		return nil, 0, false
	}
	at = l.place(k.num.value)
	return l, at, l.holds(&k.num, at)
}

// moves is the lattice of p in the space of k, if there is one.
func (p *principal) moves(k *contact) *lattice {
	key := k.Param ^ stats.Mix(k.num.family)
	for _, l := range p.lattices {
		if l.space == key {
			return l
		}
	}
	return nil
}

// walkHeat is the evidence of the streams of this detector.
func (p *principal) walkHeat() float64 {
	w := max(float64(p.refused[0]), float64(p.refused[1]))
	for _, l := range p.lattices {
		w = max(w, l.heat())
	}
	return w
}

// refusal feeds stream E. 401 says that a session ended, not that a record is forbidden.
func (d *sequential) refusal(c *call.Call) {
	if code, known := c.GRPC.Status(); c.Status == 401 || c.Status == 0 || known && code == 16 {
		return
	}
	s, p := d.scene, d.scene.p
	no := c.Refused() || c.Flags&call.Empty != 0
	g := s.peers(p)
	theta := min(0.6, max(0.15, 2*float64(g.failed+15)/float64(g.tried+100)))
	for i, one := range [...]float64{0.9, (0.9 + theta) / 2} {
		p.refused[i].Add(stats.Bernoulli(no, one, theta))
	}
	if !p.accused(s.now) && p.walkHeat() < s.h.refused/2 {
		s.teach(p, func(g *group) {
			g.tried++
			if no {
				g.failed++
			}
		})
	}
}

// answers tells whether the identifiers of l have ever been those of something.
func (s *scene) answers(l *lattice) bool {
	sp := s.spaces.find(l.space)
	return sp != nil && sp.real
}

// lattice begins how p moves in the space of k.
func (s *scene) lattice(p *principal, k *contact) *lattice {
	l := &lattice{space: k.Param ^ stats.Mix(k.num.family)}
	if len(p.lattices) < s.cfg.Lattices {
		p.lattices = append(p.lattices, l)
		return l
	}
	worst := 0
	for i, o := range p.lattices {
		w := p.lattices[worst]
		if o.heat() <= 2 && (w.heat() > 2 || o.used < w.used) || w.heat() > 2 && o.used < w.used {
			worst = i
		}
	}
	s.stats.EvictedLattices++
	p.lattices[worst] = l
	return l
}

// follow feeds stream D with one contact. What an answer had delivered is no evidence, but teaches what order and
// what nearness are usual for this principal. l is the lattice of k, nil if there is none yet, and at the place of k in
// it, where it is if walked.
func (d *sequential) follow(c *call.Call, k *contact, l *lattice, at int, walked bool) {
	s, p := d.scene, d.scene.p
	x := k.num.value
	sp := s.space(k)
	if c.OK() {
		sp.real = true
	} else if !sp.real && rootless(k.Type) {
		return // words of a list are no numbers of a template that never answered: recon_probe tells them
	}
	if l == nil {
		l = s.lattice(p, k)
	}
	if walked || k.why == again {
		l.plain.pass(x)
		l.pass(k.num.second)
		return
	}
	g := s.peers(p)
	calm := p.service || p.heat() < s.h.lattice/2 && !p.accused(s.now)
	exact, near := l.usual(g)
	evidence := k.why == unexplained || k.why == byPeer
	arrivals := s.inTurn(k, sp, s.now-l.used) && (c.OK() || !k.Patient)
	l.used = s.now
	if l.n++; l.n == headContacts {
		sp.heads++
	}
	if !k.list {
		d.habit(l, l.all.step(x, 64, nearFloor, 4, 2, 1<<12), evidence, calm)
	}
	var ahead bool
	if evidence {
		around := min(sp.around(), 1/exact)
		if arrivals {
			around = 2 // new patients are met in order, at the pace at which they come: a walk there says nothing
		}
		near = max(nearFloor, near)
		ahead = l.plain.step(x, around, near, 8, 2, reaches[k.num.kind][0]).near && !arrivals
		l.listed = l.listed || k.list
		l.patients = k.Patient
		l.shown = l.shown || c.OK() && c.PHI.People > 0
		if k.num.two {
			if l.stripped == nil {
				l.stripped = new(walks)
			}
			l.stripped.step(k.num.second, around, near, 8, 2, reaches[k.num.kind][1])
		}
	} else {
		l.plain.pass(x)
		l.pass(k.num.second)
	}
	if k.list {
		return // a worklist is near itself; only a strict walk through it counts
	}
	// Delivered contacts teach one time in four, and whoever is accused already is weighed one time in four: that
	// is enough, and it is the costly part, which a flood of reads must not make the rule.
	asked := evidence && !arrivals || calm // else nobody learns of it
	if gap, ok := l.nearest(x, at); ok && asked && (evidence && !p.accused(s.now) || l.all.tick%4 == 0) {
		symbol := sp.rarity(l.sorted, gap, p.key)
		if ahead {
			symbol = classes
		}
		d.code(sp, l, symbol, evidence && !arrivals, calm)
	}
	if w := l.heat(); evidence && w > 2 {
		sp.reached(w, p.key)
	} else if w <= 0 {
		l.listed = false
	}
	l.add(x, at)
	sp.learn(x, k.Key, p.key, int64(s.now/day))
}

// habit learns how contacts follow each other: at once from what is explained; what is not waits for the end of
// a calm day, for a walk must not become its maker's habit while it is made.
func (d *sequential) habit(l *lattice, h hit, evidence, calm bool) {
	symbol := stepElse
	switch {
	case h.exact:
		symbol = stepExact
	case h.near:
		symbol = stepNear
	}
	switch p := d.scene.p; {
	case !calm:
	case evidence && !p.service:
		l.today[symbol]++
	default:
		l.steps.Learn(symbol)
		if p.person() {
			d.scene.teach(p, func(g *group) { g.steps.Learn(symbol) })
		}
	}
}

// ownWeight is what the norms of others weigh against one's own nearness, in symbols: whose work lies in one
// range of numbers, a study's say, shows it in some days.
const ownWeight = 30

// nearFrom is the least class that is near: what lies farther is no sign of a walk, however regular.
const nearFrom = 2

// code feeds the nearness of one contact to the adaptive code and, if the principal is calm, to the norms: of
// unexplained contacts, and of all.
func (d *sequential) code(sp *space, l *lattice, symbol int, evidence, calm bool) {
	if evidence {
		n := l.unlike()
		p0 := honest(symbol)
		p0 = max(
			n.own.P(symbol, sp.symbols.P(symbol, p0, priorWeight), ownWeight),
			l.ownAll.P(symbol, sp.symbolsAll.P(symbol, p0, priorWeight), ownWeight))
		if l.nearness <= 0 {
			n.code.Reset()
		}
		p1 := n.code.Take(symbol, nearSymbols)
		if symbol < nearFrom {
			p1 = min(p1, p0)
		}
		l.nearness.Add(math.Log(p1 / p0))
	}
	if !calm {
		return
	}
	person := d.scene.p.person()
	l.ownAll.Learn(symbol)
	if person {
		sp.symbolsAll.Learn(symbol)
	}
	if evidence {
		l.unlike().own.Learn(symbol)
		if person {
			sp.symbols.Learn(symbol)
		}
	}
}

// verdict speaks when a stream has passed its threshold.
func (d *sequential) verdict(dst []Signal, c *call.Call, f *casefile) []Signal {
	s, p := d.scene, d.scene.p
	var best *lattice
	h, over := 0.0, math.Inf(-1)
	for _, l := range p.lattices {
		if f.calls > driftCalls && f.leisurely() && l.walk() < l.heat() {
			l.nearness = 0
			l.reset()
		}
		if bar := s.bar(p, l, f); l.heat()-bar > over {
			best, h, over = l, bar, l.heat()-bar
		}
	}
	probing := max(float64(p.refused[0]), float64(p.refused[1]))
	walked := over >= 0
	// Refusals in no order are for recon_probe to tell.
	if !walked && (probing < s.h.refused || best == nil || best.heat() < s.h.lattice/2 || !s.answers(best)) {
		return dst
	}
	// A job that walks is at its trade; one that has been watched for days and walks where it never did is not.
	if p.service && (s.now-p.first < clock.Time(s.cfg.WarmDays)*day || !walked || best.trade(f.objects.Len())) {
		p.settle()
		s.close(f)
		return dst
	}
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: p.confidence(90), Threshold: h}
	if walked {
		sig.Score = best.heat()
		switch {
		case !best.patients && !best.shown && 2*f.refusals <= f.calls: // whatever it is, it is not about people
			sig.Severity = Low
		case f.people.Len() == 0 && 2*f.refusals > f.calls: // it has shown nobody yet
			sig.Severity = Medium
		}
	} else {
		sig.Severity, sig.Score, sig.Threshold, sig.Confidence = Medium, probing, s.h.refused, p.confidence(70)
	}
	f.walked = walked
	sig = s.raise(f, sig)
	s.describeWalk(&sig, f, best)
	f.say(sig)
	p.settle()
	if s.now < p.joined {
		return dst // it is told already, with the others of its walk
	}
	f.spoken = true
	return append(dst, sig)
}

// coldBar is how far the others in the same capture let the threshold fall, cold: nobody honest passed 10.3 in
// captures of small and large hospitals where nobody else passed peakHonest before.
const coldBar = 14

// leisure is the pace of people at their work: at such a pace numbers in order may be a round from bed to bed.
const leisure = minute / 3

// bar is the evidence asked of a walk of p. Identifiers named together are one act, whatever their number, and keep
// the cold threshold; and so do records, which a page may fetch in a row.
func (s *scene) bar(p *principal, l *lattice, f *casefile) float64 {
	h := s.threshold(s.h.lattice)
	leisurely := f.leisurely()
	near := l.walk() < l.heat()
	switch {
	case l.listed:
		return h
	case leisurely && near && s.listsUnseen():
		return math.Inf(1) // who works on a ward, a cohort or a week's discharges is near, and no list says so
	case leisurely && near && !l.patients:
		return 2 * h // what is billed or filed one after another was made so
	case h <= coldBar || !l.patients || l.heat() < coldBar:
		return h
	}
	sp := s.spaces.find(l.space)
	if sp == nil {
		return h
	}
	fall := (h - coldBar) * sp.known(p.key)
	if !leisurely {
		return h - fall
	}
	strict := l.exact() >= l.heat()
	// Where others' numbers are in order too, or lists are out of the sensor's sight, order is how people work here.
	if other := sp.peak(p.key); s.cold() && (other >= peakHonest || !s.showsLists()) {
		if !strict || other >= peakHonest {
			return 1.5 * h
		}
		return h
	}
	if !strict {
		return h
	}
	return h - fall/2
}

// driftCalls is how many contacts at leisure nearness may take to show: a shuffled walk shows in 15 to 40, and what
// takes longer is where somebody's work lies (33 of 93 false alarms in 137 million calls took 71 to 473).
const driftCalls = 60

// leisurely is whether a case has gone on at the pace of people at their work.
func (f *casefile) leisurely() bool { return f.last-f.since > clock.Time(f.calls)*leisure }

// listsUnseen tells whether what people work from is out of the sensor's sight: most of what they open was in no answer.
func (s *scene) listsUnseen() bool {
	if s.watched() < day {
		return !s.showsLists()
	}
	return !s.groups[groupCount].seesDeliveries()
}

// showsLists tells whether answers deliver what is asked for next, so far in this capture: one first contact in five.
func (s *scene) showsLists() bool { return 4*s.given >= s.wanting }

// settle forgets the evidence that was told.
func (p *principal) settle() {
	p.refused = [2]stats.CUSUM{}
	for _, l := range p.lattices {
		l.calm()
	}
}

// restateWalk tells an open walk again, larger.
func (s *scene) restateWalk(f *casefile) Signal {
	sig := s.restate(f)
	s.describeWalk(&sig, f, nil)
	f.say(sig)
	f.spoken = true
	return sig
}
