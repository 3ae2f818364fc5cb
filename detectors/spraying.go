package detectors

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// spray is one password that failed, on one server. It is known by its hash alone.
type spray struct {
	users     stats.Set
	sources   stats.Set
	agent     uint64
	agents    bool // more than one program
	browser   bool
	won       int
	last      clock.Time
	firstTime clock.Time
}

// A password that so many users were refused with is being tried on them: from one source, or from several. The
// first of several is the case of an initial password that a whole department still types.
const (
	sprayUsers = 8
	sprayApart = 15
)

func sprayKey(c *call.Call, a *attempt) uint64 { return stats.Mix(a.secret) ^ serverKey(c) }

// spray judges a failure by its password.
func (d *bruteforce) spray(dst []Signal, c *call.Call, a *attempt, from uint64) []Signal {
	f := d.sprays.of(sprayKey(c, a))
	s := &f.state
	if s.last != 0 && d.scene.now-s.last > day {
		d.sprays.drop(f)
	}
	if s.last == 0 {
		s.agent, s.firstTime = agent(c), c.Time
	}
	s.last = c.Time
	s.agents = s.agents || s.agent != agent(c)
	s.browser = s.browser || webAgent(c.UserAgent)
	if s.users.Len() < maxTried {
		s.users.Add(a.user)
	}
	if s.sources.Len() < maxTried {
		s.sources.Add(from)
	}
	if s.users.Len() < sprayUsers/2 && !f.open(d.scene.now) {
		return dst
	}
	d.sprays.note(f, c)
	if !f.open(d.scene.now) && (!s.enough() || s.sources.Len() == 1 && d.entered(from, s.users.Len())) {
		return dst
	}
	return d.sprays.tell(dst, f, c)
}

// entered is whether a third as many as that got in from a source: people at one address, who type what they were given.
func (d *bruteforce) entered(from uint64, users int) bool {
	f := d.sources.find(from)
	return f != nil && 3*f.state.won.Len() >= users
}

// webAgent is whether a user agent says it is one: a fleet of them looks alike.
func webAgent(agent string) bool { return len(agent) > 8 && agent[:8] == "Mozilla/" }

func (s *spray) enough() bool {
	n, from := s.users.Len(), s.sources.Len()
	if 3*s.won >= n { // an initial or a test password
		return false
	}
	return n >= sprayUsers && from == 1 || n >= sprayApart && (3*from <= n || !s.agents && !s.browser)
}

// spraying states the case of a password.
func (d *bruteforce) spraying(f *dossier[spray]) Signal {
	s := &f.state
	n := s.users.Len()
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 85, Score: float64(n), Threshold: sprayUsers}
	sig.Title = fmt.Sprintf("{principal} tried one password on %s, in %s", count(n, "user"), span(s.last-s.firstTime))
	if s.won > 0 {
		sig.Severity, sig.Confidence = High, 90
		sig.Title = fmt.Sprintf("{principal} tried one password on %s, and it opened %d", count(n, "user"), s.won)
	}
	sig.Expected = "Different people have different passwords"
	sig.Observed = fmt.Sprintf("one password refused for %s, from %s", count(n, "user"), addresses(s.sources.Len()))
	sig.Facts = []Fact{{"users tried", strconv.Itoa(n)}, {"sources", strconv.Itoa(s.sources.Len())}, {"got in", strconv.Itoa(s.won)},
		{"what would explain it", "an initial password given to many, a load test with one password"}}
	return sig
}

// fleet is all who log in at one door with one program: a browser of one version, or a tool on many machines.
type fleet struct {
	users, failed, won stats.Set
	known              int
	w                  stats.CUSUM
	tries              int
	sources            stats.Set
	agents             stats.Set // programs, of one address that changes its own with every try
	masked             bool
	who                []station // the first of them
	last               clock.Time
}

// station is one address of a fleet.
type station struct {
	address uint64
	who     call.Principal
	inside  bool // someone got in from it: people, who mistyped
}

const (
	fleetUsual, fleetAttack = 0.5, 0.95 // half of all first tries fail on the morning of a password change
	fleetSources            = 5
	maskedAgents            = 8 // programs at one address, one for every two users: a tool that makes up names
	maskedUsual             = 0.35
	fleetNamed              = 64
)

func fleetKey(a *attempt, agent uint64) uint64 { return stats.Mix(agent) ^ a.key }

// fleet judges a failure among all of one program at one door, or all of one address whose programs change. On a bad
// morning people try again, or get in.
func (d *bruteforce) fleet(dst []Signal, c *call.Call, a *attempt, key uint64, masked bool) []Signal {
	f := d.fleets.of(key)
	g := &f.state
	if g.last != 0 && d.scene.now-g.last > sourceRest && !f.open(d.scene.now) {
		d.fleets.drop(f)
	}
	g.last, g.masked = c.Time, masked
	g.tries++
	usual := fleetUsual
	if masked && g.agents.Len() < maxTried && g.agents.Add(agent(c)) {
		usual = maskedUsual
	}
	if g.sources.Len() < maxTried && g.sources.Add(addressKey(c)) && len(g.who) < fleetNamed {
		g.who = append(g.who, station{address: addressKey(c), who: clonePrincipal(&c.Principal)})
	}
	if g.users.Len() < maxTried && g.users.Add(a.user) {
		g.failed.Add(a.user)
		if a.known {
			g.known++
		}
		g.w.Add(math.Log(fleetAttack / usual))
	}
	if float64(g.w) < d.h/2 || !masked && g.sources.Len() < fleetSources || masked && (g.agents.Len() < maskedAgents || 2*g.agents.Len() < g.users.Len()) {
		return dst
	}
	d.fleets.note(f, c)
	n := g.users.Len()
	list := 10*n >= 8*g.tries && 2*g.known <= n && 10*g.won.Len() <= n
	if !f.open(d.scene.now) && (float64(g.w) < d.h || !list) {
		return dst
	}
	return d.fleets.tell(dst, f, c)
}

func (g *fleet) success(user, address uint64) {
	for i := range g.who {
		g.who[i].inside = g.who[i].inside || g.who[i].address == address
	}
	if g.won.Len() >= maxTried || !g.won.Add(user) {
		return
	}
	if g.failed.Has(user) {
		g.w.Add(-math.Log(fleetAttack / fleetUsual))
	}
	g.w.Add(stats.Bernoulli(false, fleetAttack, fleetUsual))
}

// spread states the case of a program on many machines.
func (d *bruteforce) spread(f *dossier[fleet]) Signal {
	g := &f.state
	n := g.users.Len()
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 75, Score: float64(g.w), Threshold: d.h}
	if g.masked {
		sig.Title = fmt.Sprintf("{principal} tried to log in as %s, under %s of a program", count(n, "different user"), count(g.agents.Len(), "name"))
		sig.Expected = "People try again when a login fails, and most get in; an address of many has many who do"
		sig.Observed = fmt.Sprintf("%d logins as %s from one address: nearly all failed, once each", g.tries, count(n, "user"))
		sig.Facts = []Fact{{"users tried", strconv.Itoa(n)}, {"names of programs", strconv.Itoa(g.agents.Len())}, {"got in", strconv.Itoa(g.won.Len())},
			{"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)}}
		return sig
	}
	sig.Title = fmt.Sprintf("{principal} and %s tried to log in as %s, with one program", addresses(g.sources.Len()-1)+" more", count(n, "different user"))
	sig.Expected = "People try again when a login fails, and most get in"
	sig.Observed = fmt.Sprintf("%d logins as %s from %s: nearly all failed, once each", g.tries, count(n, "user"), addresses(g.sources.Len()))
	sig.Facts = []Fact{{"users tried", strconv.Itoa(n)}, {"addresses", strconv.Itoa(g.sources.Len())}, {"got in", strconv.Itoa(g.won.Len())},
		{"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)}}
	for i := range g.who {
		if m := &g.who[i]; m.who.Key != f.accused.Key && !m.inside {
			sig.Members = append(sig.Members, m.who)
		}
	}
	slices.SortFunc(sig.Members, func(a, b call.Principal) int { return cmp.Compare(a.Key, b.Key) })
	return sig
}
