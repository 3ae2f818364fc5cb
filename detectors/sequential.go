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
	f := &p.cases[famWalk]
	if f.until != 0 && !f.open(s.now) {
		s.close(f)
	}
	noted := false
	for i := range s.contacts {
		k := &s.contacts[i]
		if k.why == again || k.why == delivered || k.why == created {
			if k.num.ok {
				d.pass(k)
			}
			continue
		}
		before := p.walkHeat()
		if !k.list {
			d.refusal(c)
		}
		if k.num.ok {
			d.follow(k)
		}
		switch after := p.walkHeat(); {
		case f.open(s.now) || after > 0 && after >= before:
			if !noted {
				s.note(f, c)
				noted = true
			}
			f.touch(c, k)
		case after <= 0:
			s.close(f)
		}
	}
	if !noted {
		return dst
	}
	if f.open(s.now) {
		if f.grown(s.now) && s.now >= p.joined {
			dst = append(dst, s.restateWalk(f, c))
		}
		return dst
	}
	return d.verdict(dst, c, f)
}

// walkHeat is the evidence of the streams of this detector.
func (p *principal) walkHeat() float64 {
	w := math.Max(float64(p.refused[0]), float64(p.refused[1]))
	for _, l := range p.lattices {
		w = math.Max(w, l.heat())
	}
	return w
}

// refusal feeds stream E. 401 says that a session ended, not that a record is forbidden.
func (d *sequential) refusal(c *call.Call) {
	if c.Status == 401 || c.Status == 0 {
		return
	}
	s, p := d.scene, d.scene.p
	no := c.Refused() || c.Flags&call.Empty != 0
	g := s.peers(p)
	theta := math.Min(0.6, math.Max(0.15, 2*float64(g.failed+15)/float64(g.tried+100)))
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

// lattice finds how p moves in the space of k.
func (s *scene) lattice(p *principal, k *contact) *lattice {
	key := k.Param ^ mix(k.num.family)
	for _, l := range p.lattices {
		if l.space == key {
			return l
		}
	}
	l := &lattice{space: key}
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

// pass moves tracks over what was known.
func (d *sequential) pass(k *contact) {
	key := k.Param ^ mix(k.num.family)
	for _, l := range d.scene.p.lattices {
		if l.space == key {
			l.plain.pass(k.num.value)
			l.stripped.pass(k.num.value / 10)
		}
	}
}

// follow feeds stream D.
func (d *sequential) follow(k *contact) {
	s, p := d.scene, d.scene.p
	x := k.num.value
	sp := s.space(k)
	l := s.lattice(p, k)
	around := sp.around()
	arrivals := sp.frontier(x, p.key) && s.now-l.used > arrivalGap
	l.used = s.now
	if arrivals {
		around = 4 // new patients are met in order, at the pace at which they come: a walk there says little
	}
	if p.service {
		around = math.Max(1, around/float64(1+l.own.Len())) // its own walks are its trade
	}
	hit := l.plain.step(x, around, 8, 2, 1<<20)
	if x >= 10000 {
		l.stripped.step(x/10, around, 8, 2, 1<<16)
	}
	if k.list {
		return // a worklist is near itself; only a strict walk through it counts
	}
	near, ok := l.nearest(x)
	if ok {
		symbol := sp.rarity(l.sorted, near, p.key)
		if hit.near && !arrivals {
			symbol = classes
		}
		d.code(sp, l, symbol)
	}
	l.add(x)
	sp.learn(x, k.Key, p.key, int64(s.now/day))
}

// code feeds the nearness of one contact to the adaptive code and, if the principal is calm, to the norm.
func (d *sequential) code(sp *space, l *lattice, symbol int) {
	s, p := d.scene, d.scene.p
	p0 := sp.symbols.P(symbol, honest(symbol), priorWeight)
	p0 = l.own.P(symbol, p0, priorWeight)
	if l.nearness <= 0 {
		l.code.Reset()
	}
	l.nearness.Add(math.Log(l.code.Take(symbol, nearSymbols) / p0))
	if p.service {
		l.own.Learn(symbol) // a job's own order is its norm
		return
	}
	if p.heat() < s.h.lattice/2 && !p.accused(s.now) {
		l.own.Learn(symbol)
		sp.symbols.Learn(symbol)
	}
}

// verdict speaks when a stream has passed its threshold.
func (d *sequential) verdict(dst []Signal, c *call.Call, f *casefile) []Signal {
	s, p := d.scene, d.scene.p
	h := s.threshold(s.h.lattice)
	var best *lattice
	for _, l := range p.lattices {
		if best == nil || l.heat() > best.heat() {
			best = l
		}
	}
	probing := math.Max(float64(p.refused[0]), float64(p.refused[1]))
	walked := best != nil && best.heat() >= h
	if !walked && probing < s.h.refused {
		return dst
	}
	// A job that walks is at its trade; one that has been watched for days and walks where it never did is not.
	if p.service && (s.now-p.first < clock.Time(s.cfg.WarmDays)*day || !walked) {
		p.settle()
		s.close(f)
		return dst
	}
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: p.confidence(90), Threshold: h}
	if walked {
		sig.Score = best.heat()
	} else {
		sig.Severity, sig.Score, sig.Threshold, sig.Confidence = Medium, probing, s.h.refused, p.confidence(70)
	}
	sig = s.raise(f, c, sig)
	s.describeWalk(&sig, f, best, walked)
	f.signal = sig
	p.settle()
	if s.now < p.joined {
		return dst // it is told already, with the others of its walk
	}
	return append(dst, sig)
}

// settle forgets the evidence that was told.
func (p *principal) settle() {
	p.refused = [2]stats.CUSUM{}
	for _, l := range p.lattices {
		l.calm()
	}
}

// restateWalk tells an open walk again, larger.
func (s *scene) restateWalk(f *casefile, c *call.Call) Signal {
	f.until = s.now + silence
	sig := s.restate(f, c)
	s.describeWalk(&sig, f, nil, true)
	f.signal = sig
	return sig
}
