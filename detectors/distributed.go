package detectors

import (
	"cmp"
	"slices"
	"strconv"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// distributed finds one walk made by several principals (stream X): the contacts of everyone in a family of
// identifiers are one stream, and a track in it that two or more took turns to extend is one attack.
type distributed struct {
	scene *scene
	areas *lru[strangers]
}

func newDistributed(s *scene) *distributed {
	return &distributed{scene: s, areas: newLRU(s.cfg.Endpoints, func(u *strangers) bool { return u.told == nil && u.read.names == nil }, s.drop)}
}

func (*distributed) Name() string      { return "distributed_enumeration" }
func (*distributed) Key() Key          { return ByObject }
func (*distributed) Forget(clock.Time) {}

// members are those who extended a track, and what they touched.
type members struct {
	who   []member
	file  casefile
	lead  call.Principal
	hosts []packet.Addr // they came from, at most maxHosts
	named int           // of who, when it was last told
}

// told tells whether the walk of these members was alerted.
func (m *members) told() bool { return m != nil && m.file.until != 0 }

func (m *members) find(key uint64) (int, bool) {
	return slices.BinarySearchFunc(m.who, key, func(a member, key uint64) int { return cmp.Compare(a.key, key) })
}

func (m *members) has(key uint64) bool {
	_, ok := m.find(key)
	return ok
}

type member struct {
	key  uint64
	n    int
	who  call.Principal
	told bool // a signal named it
}

const (
	acrossTracks = 64
	acrossBack   = 16
	acrossReach  = 64
	maxMembers   = 256
	maxHosts     = 64
	joinSteps    = 4 // in a walk already told, that make a turn
	// turns is the least share of a walk that is not its busiest principal's: below it, it is that one's walk.
	turns = 0.3
)

func (d *distributed) Observe(dst []Signal, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	if p.service {
		return dst
	}
	for i := range s.contacts {
		k := &s.contacts[i]
		if k.list || k.why == again {
			continue
		}
		dst = d.stranger(dst, c, k)
		if !k.num.ok {
			continue
		}
		sp := s.space(k)
		if sp.ages == nil {
			sp.ages = &ages{}
		}
		if c.OK() && c.Flags&call.Empty == 0 {
			sp.ages.meet(k.num.value, p.key)
		}
		if k.why == delivered || k.why == created || k.why == arrived {
			continue
		}
		if k.why == unexplained {
			dst = d.crowd(dst, c, k, sp)
		}
		around := sp.around()
		if sp.frontier(k.num.value, p.key) && s.now-sp.seen > arrivalGap {
			around = 4
		}
		if !k.Patient && s.inTurn(k, sp, s.now-p.entered(k)) { // a queue that several work off
			around = 2
		}
		sp.seen = s.now
		h := sp.walks.step(k.num.value, around, nearFloor, acrossTracks, acrossBack, acrossReach)
		t := h.track
		if t == nil {
			continue
		}
		if t.names != nil && (t.w() <= 0 || t.names.told()) && !t.names.file.open(s.now) {
			sp.walks.let(t)
		}
		if t.w() <= 0 && t.names == nil {
			continue
		}
		d.join(t, c, k)
		dst = d.verdict(dst, t, sp)
	}
	return dst
}

// entered is when p last touched the space of k, or when it was first seen.
func (p *principal) entered(k *contact) clock.Time {
	if l := p.moves(k); l != nil {
		return l.used
	}
	return p.first
}

// join counts the principal among those who make the track.
func (d *distributed) join(t *track, c *call.Call, k *contact) {
	s, p := d.scene, d.scene.p
	if t.names == nil {
		t.names = &members{lead: p.who}
	}
	m := t.names
	m.add(p)
	m.from(c.Client.Addr)
	s.note(&m.file, c)
	m.file.touch(c, k)
	s.mute(m, p)
}

// mute lets the walk of m speak for p, whom it has named. Whom it has not named speaks for itself.
func (s *scene) mute(m *members, p *principal) {
	if i, ok := m.find(p.key); ok && m.who[i].told && m.file.open(s.now) {
		p.joined = s.now + silence
	}
}

// named notes whom sig, which is told of m, names.
func (s *scene) named(m *members, sig *Signal) {
	for i := range m.who {
		a := &m.who[i]
		if a.key != sig.Principal.Key && !slices.ContainsFunc(sig.Members, func(q call.Principal) bool { return q.Key == a.key }) {
			continue
		}
		a.told = true
		if q := s.principals.find(a.key); q != nil {
			q.joined = s.now + silence
		}
	}
}

// from notes the address of a call.
func (m *members) from(a packet.Addr) {
	if len(m.hosts) < maxHosts && !slices.Contains(m.hosts, a) {
		m.hosts = append(m.hosts, a)
	}
}

// addresses is how many addresses the members came from, in words, and which when it is one.
func (m *members) addresses() string {
	switch n := len(m.hosts); n {
	case 1:
		return "1 address: " + m.hosts[0].IP().String()
	case maxHosts:
		return strconv.Itoa(n) + " addresses or more"
	default:
		return strconv.Itoa(n) + " addresses"
	}
}

// add counts one step of p; past the bound, nobody is added.
func (m *members) add(p *principal) {
	i, ok := m.find(p.key)
	switch {
	case ok:
		m.who[i].n++
	case len(m.who) < maxMembers:
		m.who = slices.Insert(m.who, i, member{key: p.key, n: 1, who: p.who})
	}
}

func (d *distributed) verdict(dst []Signal, t *track, sp *space) []Signal {
	s, m := d.scene, t.names
	f := &m.file
	if f.open(s.now) {
		if f.grown(s.now) || d.joins(m) {
			f.until = s.now + silence
			dst = append(dst, d.tell(t, f.said()))
		}
		return dst
	}
	h := d.bar(t, sp)
	if t.w() < h {
		return dst
	}
	sum, most := 0, 0
	for i := range m.who {
		sum += m.who[i].n
		most = max(most, m.who[i].n)
	}
	if float64(sum-most) < turns*float64(sum) {
		return dst // so far it is one principal's walk, and stream D tells that; others may still take their turns
	}
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 85, Score: t.w(), Threshold: h}
	if f.people.Len() == 0 && 2*f.refusals > f.calls { // it has shown nobody yet
		sig.Severity = Medium
	}
	f.until = s.now + silence
	dst = append(dst, d.tell(t, sig))
	t.exact, t.near = 0, 0
	return dst
}

// joins is whether the principal has come to take a turn in a walk that was told without it, and walks enough on its
// own (half of what would be told of it alone) not to have crossed it by chance. It is named there: one attack is
// told once.
func (d *distributed) joins(m *members) bool {
	p := d.scene.p
	i, ok := m.find(p.key)
	return ok && !m.who[i].told && m.who[i].n >= joinSteps && p.walkHeat() >= coldBar/2
}

// bar is the evidence asked of a walk across principals: as of one principal's, lower where nobody else walks.
func (d *distributed) bar(t *track, sp *space) float64 {
	s := d.scene
	h := s.threshold(s.h.across)
	for _, p := range sp.peaks {
		if p.heat >= peakHonest && !t.names.has(p.who) {
			return h
		}
	}
	return h - max(0, h-s.h.across)*sp.crowd()
}

// tell makes the signal of a walk.
func (d *distributed) tell(t *track, sig Signal) Signal {
	sig = d.name(t.names, sig, maxMembers)
	d.scene.describeAcross(&sig, t)
	d.scene.named(t.names, &sig)
	t.names.file.say(sig)
	return sig
}

// name makes the signal of all members. Who made one step, by chance perhaps, is not named while others made more,
// nor who made less than one for share of the busiest's.
func (d *distributed) name(m *members, sig Signal, share int) Signal {
	m.file.say(sig)
	sig = d.scene.restate(&m.file)
	m.file.spoken, m.named = true, len(m.who)
	most := 0
	for i := range m.who {
		most = max(most, m.who[i].n)
	}
	sig.Members = nil
	for i := range m.who {
		if n := m.who[i].n; most <= 2 || n > 1 && n*share >= most {
			sig.Members = append(sig.Members, m.who[i].who)
		}
	}
	if !slices.ContainsFunc(sig.Members, func(q call.Principal) bool { return q.Key == m.lead.Key }) && len(sig.Members) > 0 {
		m.lead = sig.Members[0]
	}
	sig.Principal = m.lead
	sig.Members = slices.DeleteFunc(sig.Members, func(q call.Principal) bool { return q.Key == sig.Principal.Key })
	sig.Endpoint, sig.Route = m.file.endpoint, m.file.route()
	return sig
}
