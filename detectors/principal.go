package detectors

import (
	"math"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// principal is all that is remembered of one principal. What most calls touch stands first, then what heat sums up.
type principal struct {
	key       uint64
	seen      clock.Time
	first     clock.Time
	last      clock.Time          // of its last first contact
	joined    clock.Time          // until when a walk across principals speaks for it
	cases     [families]*casefile // nil while nothing is suspected
	contacts  stats.Recent        // patients and records touched
	delivered stats.Recent
	rare      *rare // nil before any of it is needed
	shift     shift
	service   bool
	shared    bool
	heard     bool             // whether plain counts: others' contacts are mostly explained, or its own days are known
	group     int8             // of peers; -1 while it has none
	token     *entry[tokenUse] // that it used last
	beat      *entry[pace]     // in which it calls
	takes     *entry[taker]
	office    *entry[office]
	profile   profile

	// unexplained contacts
	plain    [3]stats.CUSUM
	pace     stats.CUSUM
	rush     stats.CUSUM
	brisk    stats.CUSUM
	excess   stats.CUSUM
	refused  [2]stats.CUSUM
	lattices []*lattice
	harvest  harvest
	sweep    *sweep // nil before a search that counts for one

	who      call.Principal // cloned
	looked   clock.Time     // a number up that no list gave, as its last contact
	burst    burst
	care     care
	way      ways
	spoke    witness
	paceCode stats.KT
	novel    uint32           // first contacts of patients this day
	unexp    uint32           // of them unexplained
	known    float64          // first contacts on honest days before
	knownUn  float64          // of them unexplained
	days     int32            // honest days before
	opened   bool             // a patient since the last search by what describes a person
	tallies  [measures]*tally // nil while nothing was counted
}

// rare is what is remembered of few principals.
type rare struct {
	named  stats.Recent // ids named in worklists: polling a list is no new walk
	pull   pull         // of large pages
	bulk   clock.Time   // of its first bulk answer
	lesson *lesson      // of a first reading; nil otherwise
}

// more is where what few principals need is remembered, from now on of p too.
func (p *principal) more() *rare {
	if p.rare == nil {
		p.rare = new(rare)
	}
	return p.rare
}

// lesson is what p is taught by in a first reading; nil otherwise.
func (p *principal) lesson() *lesson {
	if p.rare == nil {
		return nil
	}
	return p.rare.lesson
}

// bulk is when p had its first bulk answer, 0 before.
func (p *principal) bulk() clock.Time {
	if p.rare == nil {
		return 0
	}
	return p.rare.bulk
}

// family is a kind of finding on one principal, and a case of its own.
type family uint8

const (
	famFanout family = iota
	famWalk
	famSize
	families
)

func (p *principal) init(c *call.Call, now clock.Time) {
	p.key = c.Principal.Key
	p.who = clonePrincipal(&c.Principal)
	if p.first == 0 { // else a baseline knows it, by its key alone
		p.first = now
		p.group = -1
	}
}

// meet takes what this call says of who the principal is.
func (p *principal) meet(c *call.Call, now clock.Time) {
	p.seen = now
	p.shift.work(now)
	p.service = p.service || c.Principal.Service
	p.shared = p.shared || c.Principal.Shared
}

// heat is the largest evidence held against the principal.
func (p *principal) heat() float64 {
	w := max(float64(p.rush), float64(p.brisk)-briskCredit, float64(p.pace), p.reasonless(), p.sweep.heat(),
		float64(p.harvest.w)-harvestCredit, float64(p.excess), float64(p.refused[0]), float64(p.refused[1]))
	for _, l := range p.lattices {
		w = max(w, l.heat())
	}
	return w
}

// reasonless is the evidence that too many of p's contacts have no reason.
func (p *principal) reasonless() (w float64) {
	if !p.heard {
		return 0
	}
	for _, x := range p.plain {
		w = max(w, float64(x))
	}
	return w
}

// contactHeat is the largest sum of stream U.
func (p *principal) contactHeat() float64 {
	return max(float64(p.pace), float64(p.rush), p.reasonless())
}

// accused tells whether any finding on the principal is younger than a day.
func (p *principal) accused(now clock.Time) bool {
	for i := range p.cases {
		if f := p.cases[i]; f != nil && f.open(now) {
			return true
		}
	}
	return now < p.joined
}

// person tells whether the counts of this principal are those of one human.
func (p *principal) person() bool { return !p.service && !p.shared }

// ownMarks is what p itself taught its group of the pace of contacts.
func (p *principal) ownMarks() []uint32 {
	if p.lesson() == nil {
		return nil
	}
	return p.lesson().marks[:]
}

// confidence is how sure a finding on this principal is one person's doing.
func (p *principal) confidence(base int) int {
	who := call.Principal{Kind: p.who.Kind, Shared: p.shared}
	return sureness(&who, base)
}

// groupCount is how many roles are learned apart; the rest share what the whole site taught.
const groupCount = 31

// groupPeople is how many people a group needs before it judges by itself.
const groupPeople = 20

// groupContacts is how many first contacts, over ended days, it needs besides.
const groupContacts = 200

// group is what peers do.
type group struct {
	role   string
	people int
	rates  [measures][len(scales)]stats.Rate
	steps  stats.Table // how often a contact goes on where one before pointed
	marks  stats.Table // pace of unexplained contacts
	shares [20]uint32  // principals' shares of unexplained contacts, in twentieths, at marks
	total  uint32
	novel  uint64
	unexp  uint64
	theta  float64 // 99th percentile of the shares
	failed uint32
	tried  uint32
}

// thetaCold is the share of unexplained contacts taken for honest until the site's is known: half.
const thetaCold = 0.5

func (g *group) init() { g.theta = thetaCold }

// seesDeliveries tells whether the lists that explain contacts pass the sensor at all: at a site where they do, at
// least every second first contact has one.
func (g *group) seesDeliveries() bool { return g.novel >= 50 && g.unexp*2 <= g.novel }

// witness counts first contacts, and those of them that nothing explains, as they come: it tells within minutes
// whether this capture shows the lists that explain. One person's word counts for wordsEach contacts.
type witness struct{ novel, unexp uint32 }

const (
	wordsEach  = 12
	wordsAsked = 40 // of others, before a stranger is judged by the reasons of his contacts
)

func (s *scene) witness(p *principal, yes bool) {
	if p.spoke.novel >= wordsEach {
		return
	}
	p.spoke.novel++
	s.spoke.novel++
	if yes {
		p.spoke.unexp++
		s.spoke.unexp++
	}
}

// witnessed tells whether others' contacts are mostly explained, so that p's need to be.
func (s *scene) witnessed(p *principal) bool {
	novel, unexp := s.spoke.novel-min(s.spoke.novel, p.spoke.novel), s.spoke.unexp-min(s.spoke.unexp, p.spoke.unexp)
	if g := &s.groups[groupCount]; g.novel >= 1000 { // days have told
		return g.seesDeliveries()
	}
	return novel >= wordsAsked && unexp*2 <= novel
}

// place puts a principal into the group of its role.
func (s *scene) place(p *principal) {
	p.group = groupCount
	s.groups[groupCount].people++
	if p.who.Role == "" {
		return
	}
	for i := range firstKind {
		g := &s.groups[i]
		if g.role == "" {
			g.role = p.who.Role
		}
		if g.role == p.who.Role {
			g.people++
			p.group = int8(i)
			return
		}
	}
}

// peers is the group whose norm judges p: that of its role or profile, once it has people and has been watched.
func (s *scene) peers(p *principal) *group {
	if p.group < 0 {
		s.place(p)
	}
	if g := &s.groups[p.group]; g.people >= groupPeople && g.novel >= groupContacts {
		return g
	}
	return &s.groups[groupCount]
}

// reasons is the group whose share of unexplained contacts judges p. A profile of use is no excuse for having none: it
// is itself drawn by who searches before he opens (with it, one of ten nurses' accounts read from at random was not
// found within sixty charts).
func (s *scene) reasons(p *principal) *group {
	if p.group >= firstKind {
		return &s.groups[groupCount]
	}
	return s.peers(p)
}

// teach calls f for the site and, if it has one, the group of p.
func (s *scene) teach(p *principal, f func(*group)) {
	if p.group < 0 {
		s.place(p)
	}
	f(&s.groups[groupCount])
	if p.group != groupCount {
		f(&s.groups[p.group])
	}
}

// theta is the share of unexplained contacts that p may have on an honest day: the group's 99th percentile, until
// three days of its own tell; then its own mean and three deviations of a day of twenty contacts.
func (p *principal) theta(g *group) float64 {
	if !p.familiar() {
		if p.lesson() != nil && p.lesson().theta > 0 {
			return max(p.lesson().theta, thetaCold)
		}
		return max(g.theta, thetaCold)
	}
	m := (p.knownUn + 20*float64(g.unexp+1)/float64(g.novel+2)) / (p.known + 20)
	return min(0.95, max(0.15, m+3*math.Sqrt(m*(1-m)/20)))
}

// familiar tells whether p's own days say what is usual for it.
func (p *principal) familiar() bool { return p.days >= 3 && p.known >= 20 }

// mark learns the day-level share of unexplained contacts: not averages but the spread between principals.
// Principals under suspicion teach nothing.
func (s *scene) mark() {
	s.principals.each(func(p *principal) {
		s.markSteps(p)
		s.tidy(p)
		if p.shift.end() && p.who.Kind != call.Address && !p.shared && !p.accused(s.now) && p.heat() <= 2 {
			p.service = true
		}
		n, u := p.novel, p.unexp
		p.novel, p.unexp = 0, 0
		if n == 0 || !p.person() || p.accused(s.now) || p.heat() > s.h.unexplained/2 {
			return
		}
		// A day worse than one in a hundred of the group's, or of one's own, teaches nobody that it is usual;
		// but in its first days a principal may show that its work is unlike the group's.
		share := float64(u) / float64(n)
		if g := s.reasons(p); p.days < 5 && share < 0.85 || n < 4 || share <= p.theta(g) {
			p.known, p.knownUn = p.known*0.98+float64(n), p.knownUn*0.98+float64(u)
			p.days++
		}
		if n < 4 {
			return
		}
		s.teach(p, func(g *group) {
			share = (float64(u) + 4*float64(g.unexp+1)/float64(g.novel+2)) / (float64(n) + 4)
			g.shares[twentieth(share)]++
			g.total++
			g.novel += uint64(n)
			g.unexp += uint64(u)
		})
	})
	for i := range s.groups {
		s.groups[i].fit()
	}
	s.gather()
}

// markSteps teaches the day's steps, if the day was calm.
func (s *scene) markSteps(p *principal) {
	calm := !p.accused(s.now) && p.heat() < s.h.lattice/2
	for _, l := range p.lattices {
		for symbol, n := range l.today {
			for range n {
				if !calm {
					break
				}
				l.steps.Learn(symbol)
				if p.person() {
					s.teach(p, func(g *group) { g.steps.Learn(symbol) })
				}
			}
		}
		l.today = [3]uint16{}
	}
}

// fit takes the 99th percentile of the shares, shrunk to the cold value while few are known.
func (g *group) fit() {
	if g.total == 0 {
		return
	}
	left := g.total / 100
	i := len(g.shares) - 1
	for ; i > 0; i-- {
		if g.shares[i] > left {
			break
		}
		left -= g.shares[i]
	}
	const weight = 100
	top := (float64(i) + 1) / 20
	g.theta = max(0.1, (top*float64(g.total)+thetaCold*weight)/(float64(g.total)+weight))
	if top > thetaCold {
		g.theta = max(g.theta, top) // towards caution there is no waiting
	}
}
