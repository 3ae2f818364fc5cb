package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// reason is why a contact needs no explaining, or that it does.
type reason uint8

const (
	unexplained reason = iota
	again              // touched in the last 14 days
	delivered          // an answer had given it to this principal
	created            // this principal made it
	byPeer             // a colleague with a reason touched it in the last 72 hours
	arrived            // a colleague registered it just now, and it is met at the pace at which people come
)

// contact is one identifier that a call named.
type contact struct {
	*call.Object
	num  ident
	why  reason
	list bool // one of several named in one search: a worklist, not an opening
}

// scene is what all detectors see of the call at hand, and the state they share: who each principal is, what is
// known of the site, who visited whom. It belongs to the engine's goroutine.
type scene struct {
	cfg        Config
	h          thresholds
	stats      Stats `snapshot:"-"`
	now        clock.Time
	start      clock.Time // of the first call
	before     clock.Time // for which the site was watched before, as a baseline says
	learned    clock.Time // the newest time that the baseline knows
	learning   bool       // this is the first of two readings
	check      check
	spoke      witness
	circles    circles
	nextMark   clock.Time
	p          *principal            `snapshot:"-"`
	contacts   []contact             `snapshot:"-"`
	groups     [groupCount + 1]group // the last is the whole site
	spaces     *lru[space]
	forms      *lru[form]
	blocks     *lru[block]
	principals *lru[principal]
	nobody     principal // whose places in tables nobody keeps
	visits     visits
	ongoing    *lru[ongoing]
	runs       int // evidence being kept
	copies     copies
	spare      [families]*casefile `snapshot:"-"` // empty, for the next suspicion
	given      uint64              // first contacts that an answer had delivered
	wanting    uint64              // and those without a reason
	oversize   bool                // this answer is under an alert for its size
	fresh      bool                // this call names someone for the first time
	run        *ongoing            `snapshot:"-"` // nil unless this call is a part of an exchange
	postures   postures
	newPeople  int // patients in this answer that this principal had not been given before
	warmed     uint64
}

// warmAtOnce is how many keys that were delivered are looked for ahead: as many lines as stay in the first cache.
const warmAtOnce = 32

func (s *scene) init(cfg Config) {
	s.cfg, s.h = cfg, cfg.thresholds(0)
	s.principals = newLRU(cfg.Principals,
		func(p *principal) bool { return p.heat() <= 2 },
		s.release)
	s.spaces = newLRU(cfg.Spaces,
		func(sp *space) bool { return sp.walks.best() <= 2 },
		func(sp *space) {
			for i := range sp.walks.tracks {
				sp.walks.let(&sp.walks.tracks[i])
			}
			if sp.told != nil {
				s.leave(sp.told)
			}
		})
	s.blocks = newLRU(cfg.Blocks, func(b *block) bool { return b.names == nil }, s.leave)
	s.forms = newLRU(cfg.Forms, func(f *form) bool { return f.n < formCoded }, nil)
	s.ongoing = newLRU(cfg.Ongoing, func(*ongoing) bool { return true }, nil)
	s.visits.limit = cfg.Objects
	for i := range s.groups {
		s.groups[i].init()
	}
}

// Rebuild gives the spaces that were restored what frees the cases of their walks.
func (s *scene) Rebuild() error {
	for _, e := range s.spaces.m {
		e.v.walks.drop = s.dropMembers
	}
	return nil
}

// dropMembers closes the case of a walk that is let go.
func (s *scene) dropMembers(m *members) { s.close(&m.file) }

// begin finds the principal and says of every identifier the request named what explains it.
func (s *scene) begin(c *call.Call) {
	if s.start == 0 {
		s.begun(c.Time)
	}
	if s.now >= s.nextMark {
		s.mark()
		s.selfCheck()
		s.nextMark = s.now - s.now%day + day
	}
	s.oversize = false
	p, fresh := s.principals.use(c.Principal.Key)
	if fresh || p.who.Key == 0 {
		p.init(c, s.now)
		if s.learning {
			p.more().lesson = &lesson{}
		}
	}
	p.meet(c, s.now)
	s.p = p
	s.warm(c)
	s.run = s.resume(c)

	patients, listed := 0, 0
	s.newPeople, s.fresh = 0, false
	s.contacts = s.contacts[:0]
	for i := range c.Objects {
		o := &c.Objects[i]
		if o.Where == call.InResponse && o.Patient && c.OK() && !toldBefore(c, o) {
			listed++
			if !p.delivered.Has(o.Key, s.now, deliveredHalf) {
				s.newPeople++
			}
		}
		if o.Where == call.InResponse && i < shownForms {
			s.form(o, true)
		}
		if o.Where == call.InResponse || o.Sub || o.Key == 0 {
			continue
		}
		if c.Continued && (o.Where != call.InBody || namedBefore(p, o, s.now)) {
			continue // messages may name more in every part; what was named before is known
		}
		if o.Patient {
			patients++
		}
		s.contacts = append(s.contacts, contact{Object: o})
	}
	if c.Continued {
		s.newPeople = s.newcomers(c, s.newPeople, listed)
	} else if listed > 0 && c.PHI.People > 0 { // a person may be listed by id and by number; of many, only the first are
		s.newPeople = (s.newPeople*c.PHI.People + listed - 1) / listed
	}
	worklist := patients > 1 && (c.Flags&call.Search != 0 || patients > 3)
	for i := range s.contacts {
		k := &s.contacts[i]
		k.list = worklist && k.Patient
		s.explain(c, k)
		s.fresh = s.fresh || k.why != again
		s.stats.Contacts++
	}
}

// warm looks ahead for what is asked of the principal's sets below and in finish.
func (s *scene) warm(c *call.Call) {
	for i := range min(len(c.Objects), 4) { // those that the request named stand first
		if o := &c.Objects[i]; o.Where != call.InResponse {
			s.warmed ^= s.p.contacts.Warm([]uint64{o.Key})
		}
	}
	s.warmed ^= s.p.delivered.Warm(c.Delivered[:min(len(c.Delivered), warmAtOnce)])
}

// namedBefore tells whether an earlier part of an exchange has named o.
func namedBefore(p *principal, o *call.Object, now clock.Time) bool {
	return p.contacts.Has(o.Key, now, contactHalf) || p.more().named.Has(o.Key, now, contactHalf)
}

// explain sets why and num of k.
func (s *scene) explain(c *call.Call, k *contact) {
	p := s.p
	switch {
	case p.contacts.Has(k.Key, s.now, contactHalf), k.list && p.more().named.Has(k.Key, s.now, contactHalf):
		k.why = again
	case p.delivered.Has(k.Key, s.now, deliveredHalf):
		k.why = delivered
		s.given++
	case c.Flags&call.Create != 0 && c.OK():
		k.why = created
	case k.Patient && s.visits.solid(k.Key, p.key, s.now):
		k.why = byPeer
		if s.visits.made(k.Key, s.now) && s.now-p.last > arrivalGap {
			k.why = arrived
		}
	default:
		k.why = unexplained
		s.wanting++
		s.stats.Unexplained++
	}
	k.num = s.number(c, k.Object)
}

// seat is where the places of the caller at hand in the detectors' own tables are kept.
func (s *scene) seat() *principal {
	if s.p == nil {
		return &s.nobody
	}
	return s.p
}

// finish remembers contacts and deliveries, once all detectors have judged.
func (s *scene) finish(c *call.Call) {
	p := s.p
	s.putAway(p)
	for i := range s.contacts {
		k := &s.contacts[i]
		if k.list { // opening one of a worklist is still to come
			if p.more().named.Keep(k.Key, s.now, contactHalf, s.cfg.Contacts) {
				s.stats.EarlyForgotten++
			}
			continue
		}
		if k.why != again || !p.contacts.Has(k.Key, s.now, contactHalf) {
			if p.contacts.Keep(k.Key, s.now, contactHalf, s.cfg.Contacts) {
				s.stats.EarlyForgotten++
			}
			if k.Patient {
				p.shift.people++
			}
		}
		// A colleague's touch explains others' only if it was itself one hop from a delivery: two who follow
		// each other explain nothing, and neither does a suspect.
		if k.Patient && c.OK() && (k.why == delivered || k.why == created) && s.calm() {
			s.visits.add(k.Key, p.key, s.now, false, &s.stats)
		}
	}
	if c.Flags&call.Create != 0 && c.OK() && s.calm() {
		for i := range c.Objects {
			if o := &c.Objects[i]; o.Patient && o.Where == call.InResponse {
				s.visits.add(o.Key, p.key, s.now, true, &s.stats)
			}
		}
	}
	if s.oversize || !c.OK() {
		return // what an oversized answer delivered explains nothing
	}
	p.way.found(c)
	for i, key := range c.Delivered {
		if i > 0 && i%warmAtOnce == 0 {
			s.warmed ^= p.delivered.Warm(c.Delivered[i:min(len(c.Delivered), i+warmAtOnce)])
		}
		if p.delivered.Keep(key, s.now, deliveredHalf, s.cfg.Delivered) {
			s.stats.EarlyForgotten++
		}
	}
}

// calm tells whether nothing much is held against the principal: only the calm teach what is usual.
func (s *scene) calm() bool {
	if s.calmOf(s.p) {
		return true
	}
	if s.learning && s.p.lesson() != nil {
		s.p.lesson().suspect = true
	}
	return false
}

func (s *scene) calmOf(p *principal) bool { return !p.accused(s.now) && p.heat() < s.h.unexplained/2 }

// begun takes the time of the first call. What a baseline remembers of later times, because the capture it was
// learned from is this one or a newer one, is forgotten: it would explain or add to what is still to come.
func (s *scene) begun(now clock.Time) {
	s.start = now
	if s.nextMark == 0 || s.learned > now {
		s.nextMark = now - now%day + day
	}
	if s.learned <= now {
		return
	}
	s.visits = visits{limit: s.visits.limit}
	s.principals.each(func(p *principal) {
		p.contacts, p.novel, p.unexp = stats.Recent{}, 0, 0
		for m := range p.tallies {
			p.tallies[m].forgetRecent()
		}
		for _, l := range p.lattices {
			l.used = 0
		}
	})
}

// watched is for how long the site has been watched.
func (s *scene) watched() clock.Time {
	if s.start == 0 {
		return s.before
	}
	return s.before + s.now - s.start
}

// cold tells whether the site is not yet known: young, too few contacts, or deliveries out of the sensor's sight.
func (s *scene) cold() bool {
	if s.watched() < day {
		return true
	}
	return !s.groups[groupCount].seesDeliveries()
}

// threshold goes from the stated cold threshold to h as the days pass in which the site is learned: with two days
// of norms six false alarms in a million calls were measured at the final threshold, with five 1.7 (plan 1.2).
func (s *scene) threshold(h float64) float64 {
	most := s.cfg.ColdThreshold + s.check.Raise
	if h >= most {
		return h
	}
	if s.cold() {
		return most
	}
	left := 1 - float64(s.watched())/float64(clock.Time(s.cfg.WarmDays)*day)
	return h + (most-h)*max(0, left)
}

// visits remembers who last touched each patient with a reason, for 36 to 72 hours in two generations.
type visits struct {
	cur, old map[uint64]visit
	since    clock.Time
	limit    int
}

// visit names up to two visitors, so that one who comes back does not hide the other, and when the record was made.
type visit struct {
	who, before uint64
	made        clock.Time
}

func (v *visits) turn(now clock.Time) {
	if v.cur == nil {
		v.cur, v.old, v.since = map[uint64]visit{}, map[uint64]visit{}, now
	}
	if now-v.since < visitHalf {
		return
	}
	long := now-v.since >= 2*visitHalf
	v.rotate(now)
	if long {
		clear(v.old)
	}
}

func (v *visits) rotate(now clock.Time) {
	v.cur, v.old = v.old, v.cur
	clear(v.cur)
	v.since = now
}

func (v *visits) add(key, who uint64, now clock.Time, made bool, st *Stats) {
	v.turn(now)
	t, ok := v.cur[key]
	if !ok && len(v.cur) >= max(1, v.limit/2) {
		v.rotate(now)
		st.EarlyObjects++
	}
	if t.who == who {
		return
	}
	t = visit{who: who, before: t.who, made: t.made}
	if made {
		t.made = now
	}
	v.cur[key] = t
}

// arrivalTime is how long after its registration a patient counts as one who has just come.
const arrivalTime = 4 * hour

// made tells whether the record was made just now.
func (v *visits) made(key uint64, now clock.Time) bool {
	for _, t := range [...]visit{v.cur[key], v.old[key]} {
		if t.made != 0 && now-t.made < arrivalTime {
			return true
		}
	}
	return false
}

// solid tells whether someone other than who had a reason to touch key.
func (v *visits) solid(key, who uint64, now clock.Time) bool {
	v.turn(now)
	for _, t := range [...]visit{v.cur[key], v.old[key]} {
		if t.who != 0 && t.who != who || t.before != 0 && t.before != who {
			return true
		}
	}
	return false
}

func (v *visits) len() int { return len(v.cur) + len(v.old) }
