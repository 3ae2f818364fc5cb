package detectors

import (
	"math"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// fanout finds one person reaching for patients without a reason (stream U) or for too many (stream F): first
// contacts that nothing explains, alone and by pace, and counts of patients at five scales. Machines and shared
// addresses have no counts of their own.
type fanout struct{ scene *scene }

func (*fanout) Name() string      { return "bola_fanout" }
func (*fanout) Key() Key          { return ByPrincipal }
func (*fanout) Forget(clock.Time) {}

// Marks of the pace code: explained, unexplained at leisure, unexplained within five, two and one seconds of the
// contact before. A person who looks and clicks takes longer.
const (
	markExplained = iota
	markSlow
	markFive
	markTwo
	markOne
	paceMarks
)

// fastPrior bounds the chance that an honest unexplained contact comes so soon after the one before.
const fastPrior = 0.03

// From these shares on, contacts without a reason say nothing by themselves, only by their pace, number and order:
// a person whose usual days are like that has days, lists on paper say, when nothing explains a contact, and most
// false alarms came from them (1.25 in a million calls before, 0.69 after, on the seeds that this was tuned on).
const (
	offFamiliar = 0.45 // of a person whose days are known
	offStranger = 0.6
)

// One patient after another for whom no reason is seen, each within briskGap of the one before, is no work with
// patients, whether lists are in sight or not: who treats, calls or codes stays longer with most. briskAttack and
// briskHonest are the shares of such contacts among the unexplained ones of an attack and of the busy.
const (
	briskGap                 = 45 * minute / 60
	briskAttack, briskHonest = 0.9, 0.3
	briskCredit              = 6 // nats that still let a busy hour teach
)

// rushPrior is the same for each of the three marks of haste when they are taken together.
const rushPrior = 0.05

func (d *fanout) Observe(dst []Signal, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	f := s.file(famFanout)
	if !p.person() {
		return dst
	}
	if f.until != 0 && !f.open(s.now) {
		d.reopen(f)
	}
	if wrote(c) {
		d.cared(c)
	}
	calm := (s.fresh || s.newPeople > 0) && s.calm() // else nothing asks
	own := s.reasons(p)
	if s.newPeople > 0 {
		d.tally(deliveredPeople, s.newPeople, calm)
	}
	searched := !c.Continued && p.searched(c, s.newPeople)
	if c.Flags&call.PageStep != 0 && !c.Continued {
		p.harvest.page(s.now, s.newPeople)
	}
	noted := false
	for i := range s.contacts {
		k := &s.contacts[i]
		if !k.Patient || k.list || k.why == again || failed(c) || k.why == created || receipt(c) {
			continue // a server that failed showed nothing, and its callers try again; who writes opens nobody
		}
		if s.now-p.last > 10*minute && p.contactHeat() <= 0 && !f.open(s.now) {
			s.close(f)
			if !p.heard {
				p.plain = [3]stats.CUSUM{}
			}
		}
		d.weigh(c, k, own, calm)
		p.last = s.now
		if !noted {
			s.note(f, c)
			noted = true
		}
		f.touch(c, k)
	}
	p.opened = p.opened || noted
	if !noted && s.newPeople == 0 {
		return dst
	}
	if f.open(s.now) {
		if f.given > 0 {
			f.given += s.newPeople
		}
		if !noted {
			s.note(f, c)
		}
		if f.grown(s.now) && s.now >= p.joined {
			f.until = s.now + silence
			dst = append(dst, s.restateFanout(f))
		}
		return dst
	}
	return d.verdict(dst, c, f, s.peers(p), noted, searched)
}

// weigh counts one first contact, unless a program fetched it ahead, and those before it that now count too.
func (d *fanout) weigh(c *call.Call, k *contact, own *group, calm bool) {
	s, p := d.scene, d.scene.p
	yes := k.why == unexplained && !d.newcomer(k)
	n := p.burst.take(s.now, s.now-p.last, !yes)
	if n == 0 {
		return
	}
	marks := n
	if k.why == delivered && (p.looked != 0 && s.now-p.looked < minute || s.visits.made(k.Key, s.now)) {
		n-- // the chart of the number just looked up, which counted, or of a patient just registered
	}
	p.looked = 0
	if yes && c.Flags&call.Search != 0 {
		p.looked = s.now
	}
	p.care.open(k.Key, !yes)
	for range marks {
		d.mark(c, k.why, yes, own, calm)
	}
	p.way.take(k)
	if n > 0 {
		d.tally(opened, n, calm)
	}
	if yes {
		d.tally(openedUnexplained, n, calm)
	}
	if k.why == delivered {
		p.harvest.open(s.now, p.last)
	}
}

// tally counts n for the principal; what is finished teaches the site and its own group.
func (d *fanout) tally(m measure, n int, calm bool) {
	s, p := d.scene, d.scene.p
	if p.tallies[m] == nil {
		p.tallies[m] = &tally{}
	}
	if p.group == groupCount {
		p.tallies[m].add(m, s.now, n, calm, p.lesson(), &s.groups[groupCount])
		return
	}
	p.tallies[m].add(m, s.now, n, calm, p.lesson(), &s.groups[groupCount], &s.groups[p.group])
}

// newcomer tells whether k is one of the newest numbers that anyone has asked for, at the pace at which people come:
// on a day of vaccination nobody saw the queue being registered.
func (d *fanout) newcomer(k *contact) bool {
	s, p := d.scene, d.scene.p
	if !k.num.ok || s.now-p.last <= arrivalGap {
		return false
	}
	sp := s.spaces.find(k.Param ^ stats.Mix(k.num.family))
	return sp != nil && sp.frontier(k.num.value+queue, p.key)
}

// queue is how many people may wait at once: they are not met in strict order.
const queue = 32

// failed is whether the server said nothing of what was asked for: it could not answer (HTTP 5xx, or gRPC's deadline
// exceeded, internal, unavailable and data loss), or it did not take the credential (401, gRPC's unauthenticated).
func failed(c *call.Call) bool {
	code, known := c.GRPC.Status()
	return c.Status >= 500 || c.Status == 401 || known && (code == 4 || code >= 13)
}

// receipt is whether c wrote something and got no more than a receipt: a feed of messages, a robot of the pharmacy.
// Changes in a row are another finding.
func receipt(c *call.Call) bool {
	return wrote(c) && c.PHI.People == 0 && c.PHI.Classes == 0 && c.RespDec < receiptBytes
}

// receiptBytes is how much an answer without health data may hold and be a receipt.
const receiptBytes = 512

// reopen ends the silence of a case. While its counts still stand in the longer windows it is the same case.
func (d *fanout) reopen(f *casefile) {
	s, p := d.scene, d.scene.p
	for _, v := range d.volume(s.peers(p)) {
		if v.p < s.h.tail {
			f.until = s.now + silence
			return
		}
	}
	d.settle()
	s.close(f)
}

// settle forgets the evidence that was told.
func (d *fanout) settle() {
	p := d.scene.p
	p.plain, p.pace, p.rush, p.brisk = [3]stats.CUSUM{}, 0, 0, 0
	p.paceCode.Reset()
	p.opened, p.harvest = false, harvest{}
	if p.sweep != nil {
		*p.sweep = sweep{}
	}
}

// mark feeds one first contact to stream U.
func (d *fanout) mark(c *call.Call, why reason, yes bool, g *group, calm bool) {
	s, p := d.scene, d.scene.p
	if why == byPeer || why == arrived || why == unexplained && !yes {
		return // says nothing either way: two colluders must not clear each other
	}
	theta := p.theta(g)
	p.novel++
	if yes {
		p.unexp++
	}
	if l := p.lesson(); l != nil && s.learning {
		l.novel++
		if yes {
			l.unexp++
		}
	}
	s.witness(p, yes)
	p.heard = p.familiar() || s.witnessed(p)
	if theta < offFamiliar || theta < offStranger && !p.familiar() && (p.heard || s.watched() < day) {
		for i, one := range attackShares(theta) {
			says := stats.Bernoulli(yes, one, theta)
			if yes && c.Flags&call.Search != 0 {
				says /= 2 // a number typed in was read somewhere
				if p.familiar() && s.now-p.last > leisure {
					says = 0 // an audit goes through a list on paper or in a spreadsheet: its number alone tells
				}
			}
			p.plain[i].Add(says)
		}
	}
	m := markExplained
	if yes {
		switch gap := s.now - p.last; {
		case gap < minute/60:
			m = markOne
		case gap < 2*minute/60:
			m = markTwo
		case gap < 5*minute/60:
			m = markFive
		default:
			m = markSlow
		}
	}
	if !p.familiar() {
		p.brisk.Add(stats.Bernoulli(yes && s.now-p.last <= briskGap, briskAttack, briskHonest))
	}
	p0 := 1.0
	switch m {
	case markExplained:
		p0 = 1 - theta/2
	case markSlow:
		p0 = min(1, theta+0.3)
	default:
		p0 = g.marks.Without(p.ownMarks(), m, fastPrior, priorWeight)
	}
	if p.pace <= 0 {
		p.paceCode.Reset()
	}
	p1 := p.paceCode.Take(m, paceMarks)
	if m == markExplained || m == markSlow {
		p1 = min(p1, p0) // leisure is never evidence
	}
	p.pace.Add(math.Log(p1 / p0))
	rush := 0.0
	for m := markFive; m <= markOne; m++ {
		rush += g.marks.Without(p.ownMarks(), m, rushPrior, priorWeight)
	}
	p.rush.Add(stats.Bernoulli(m >= markFive, 0.9, min(0.6, rush)))
	if calm {
		s.teach(p, func(g *group) { g.marks.Learn(m) })
		if s.learning {
			p.lesson().marks[m]++
		}
	}
}

// attackShares are the shares of unexplained contacts that stream U looks for beside the honest share theta.
func attackShares(theta float64) [3]float64 {
	return [...]float64{0.97, theta + 0.25*(1-theta), theta + 0.55*(1-theta)}
}

// volume is the most surprising count of each measure.
func (d *fanout) volume(g *group) (v [measures]verdict) {
	s, p := d.scene, d.scene.p
	down := stats.DriftWeek // baselines move slowly, and quiet weeks do not forbid a busy day
	if s.watched() >= 7*day {
		down = 1.7
	}
	how := way{cold: int(p.days) < s.cfg.WarmDays, known: p.days >= wayDays, sought: p.way.sought, listed: p.way.listed,
		blind: p.theta(s.reasons(p)) >= offFamiliar}
	for m := range v {
		v[m] = p.tallies[m].judge(measure(m), s.now, g, &s.groups[groupCount], p.lesson(), down, &how)
	}
	return v
}

func (d *fanout) verdict(dst []Signal, c *call.Call, f *casefile, g *group, noted, searched bool) []Signal {
	s, p := d.scene, d.scene.p
	h := s.threshold(s.h.unexplained)
	v := d.volume(g)
	worst := opened
	for m := range v {
		if v[m].p < v[worst].p {
			worst = measure(m)
		}
	}
	w := p.contactHeat()
	many := v[worst].p < s.h.tail
	reasonless := noted && (w >= h || float64(p.brisk) >= s.cfg.ColdThreshold)
	swept := searched && p.sweep.heat() >= h
	reaped := noted && float64(p.harvest.w) >= h
	if !many && !reasonless && !swept && !reaped {
		return dst
	}
	if !noted {
		s.note(f, c)
	}
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: p.confidence(75)}
	switch {
	case reasonless:
		sig.Score, sig.Threshold = w, h
		if w < h {
			sig.Score, sig.Threshold = float64(p.brisk), s.cfg.ColdThreshold
		}
		refused := max(float64(p.refused[0]), float64(p.refused[1])) > s.h.refused/2
		if v[opened].p < 1e-4 || v[openedUnexplained].p < 1e-4 || refused {
			sig.Severity, sig.Confidence = High, p.confidence(85)
		}
	case swept:
		sig.Score, sig.Threshold = p.sweep.heat(), h
		f.given = int(p.sweep.given)
	case reaped:
		sig.Score, sig.Threshold = float64(p.harvest.w), h
	default:
		sig.Score, sig.Threshold = -math.Log(v[worst].p), -math.Log(s.h.tail)
		if scales[v[worst].scale].width >= day {
			sig.Detector = "low_slow_scrape"
		}
		if worst == deliveredPeople {
			f.given = v[worst].n
		}
	}
	sig = s.raise(f, sig)
	s.expectFanout(&sig, f, v)
	s.describeFanout(&sig, f)
	f.say(sig)
	d.settle()
	if s.now < p.joined {
		return dst
	}
	f.spoken = true
	return append(dst, sig)
}

// restateFanout tells an open case again, larger.
func (s *scene) restateFanout(f *casefile) Signal {
	sig := s.restate(f)
	s.describeFanout(&sig, f)
	f.say(sig)
	f.spoken = true
	return sig
}
