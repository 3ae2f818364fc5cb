package detectors

import (
	"fmt"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// tokenReuse finds a session or token that two machines use in turns (CWE-294; ATT&CK T1550.001). A machine that
// roams changes its address and goes on; here the first goes on too, and the second is another program. What is
// compared is the token, not its user, who may well have two devices, and only on one server: a proxy shows the
// same call on both of its sides. A machine that carries many users' tokens is a relay, unless it walks.
type tokenReuse struct {
	scene    *scene
	uses     *lru[tokenUse]
	carriers *lru[carrier]
	users    *casebook[parallel]
	thieves  *casebook[rotation]
}

// tokenUse is where one token was accepted by one server.
type tokenUse struct {
	who         uint64 // Principal.Key
	first, seen clock.Time
	home        place
	away        *away             // nil while it was used in one place only
	asked       [briefAsks]uint64 // the first patients that nothing explains, each once
	vetted      bool              // its signature is its own
}

// away is how a token is used in two places.
type away struct {
	place  place // the second
	now    int   // index of the place of the last call
	turns  int   // changes between the two places
	turned [sameTurns]clock.Time
	more   bool // a third place: a pool of proxies
	wide   *spread
}

// at is the place of an index; that of 1 there is only when the token was away.
func (u *tokenUse) at(i int) *place {
	if i == 0 {
		return &u.home
	}
	return &u.away.place
}

// last is the place of the last call.
func (u *tokenUse) last() *place {
	if u.away == nil {
		return &u.home
	}
	return u.at(u.away.now)
}

// place is a client that used a token.
type place struct {
	client uint64
	addr   packet.Addr
	agents [2]uint64 // programs seen there first
	tls    uint64    // cipher suites offered, 0 when not seen
	calls  int
	health int        // with health data
	last   clock.Time // of its calls
	lapse  clock.Time // the longest after the other place's call until it took its turn
}

// carrier is a program at an address, with the tokens that it was the second to use, and all it used.
type carrier struct {
	seen    clock.Time
	tokens  stats.Set // at most relayTokens
	alien   *alien    // nil while all of them were first seen with it
	browser bool
	known   clock.Time // until when a case of who used it speaks for it
	chain   []uint64   // useKeys of the tokens that it was the first to use, newest first, at most maxChain
}

// alien is what a program used that was first seen elsewhere.
type alien struct {
	since      clock.Time // of the first of foreign
	later      stats.Set  // of the tokens
	foreign    stats.Set
	reasonless stats.Set // foreign tokens with which it asked for what nothing explains
}

// others is where tokens that were first seen elsewhere are counted.
func (k *carrier) others() *alien {
	if k.alien == nil {
		k.alien = new(alien)
	}
	return k.alien
}

// parallel is what the case of a user tells.
type parallel struct {
	turns  int
	calls  [2]int // of the first place, and of the other or others
	health [2]int
	other  bool // programs differ
	sites  int  // unrelated networks, when there are more than two
}

// rotation is what the case of a machine with many users' tokens tells.
type rotation struct{ tokens, reasonless, brief int }

// When two places are two machines.
const (
	otherTurns  = 2 // of different programs: there and back
	otherCalls  = 2 // from each place, with health data; one more without
	sameTurns   = 6 // of like programs, within sameTime, in networks apart
	sameCalls   = 5
	sameTime    = 5 * minute
	relayTokens = 3
	rotateTime  = 10 * minute
	relayLapse  = minute / 30 // what calls with its users' tokens calls as they do
	absentTime  = minute      // of a token's owner
	turnMemory  = 8 * hour    // between the calls of two places, past which the turns begin anew
)

func newTokenReuse(s *scene) *tokenReuse {
	d := &tokenReuse{scene: s}
	d.uses = newLRU(s.cfg.Tokens, func(u *tokenUse) bool { return u.away == nil }, nil)
	d.carriers = newLRU(s.cfg.Tokens, func(k *carrier) bool {
		return k.alien == nil || k.alien.foreign.Len() == 0 && k.alien.later.Len() < relayTokens
	}, nil)
	d.users = newCasebook(s, s.cfg.Logins, d.shared)
	d.thieves = newCasebook(s, s.cfg.Logins, d.rotated)
	return d
}

func (*tokenReuse) Name() string { return "token_reuse" }
func (*tokenReuse) Key() Key     { return ByPrincipal }

// Forget frees tokens that were not used for two days.
func (d *tokenReuse) Forget(now clock.Time) {
	d.uses.dropOldest(func(u *tokenUse) bool { return now-u.seen > 2*day })
	d.carriers.dropOldest(func(k *carrier) bool { return now-k.seen > 2*day })
	d.users.forget(now, day)
	d.thieves.forget(now, day)
}

func (d *tokenReuse) count(st *Stats) {
	st.TokensShed += d.uses.evicted + d.carriers.evicted
	d.users.count(st)
	d.thieves.count(st)
}

// useKey is a key of the call's token on its server.
func useKey(c *call.Call) uint64 { return stats.Mix(c.Principal.Token) ^ serverKey(c) }

// Observe folds one call.
func (d *tokenReuse) Observe(dst []Signal, c *call.Call) []Signal {
	p := &c.Principal
	if p.Token == 0 || p.Kind != call.JWT && p.Kind != call.Session || c.Continued || !c.OK() ||
		c.Flags&(call.Health|call.Login|call.Token|call.Logout) != 0 {
		return dst
	}
	u, fresh := d.uses.useBy(&d.scene.seat().token, useKey(c))
	u.seen = c.Time
	if fresh {
		u.first, u.who = c.Time, c.Principal.Key
		dst = d.succeed(dst, d.arrive(u, 0, c), c)
		d.ask(u, c)
		return dst
	}
	d.ask(u, c)
	pl, w := u.last(), u.away
	if w != nil && w.wide == nil && c.Client.Addr != pl.addr && c.Client.Addr != u.at(1-w.now).addr {
		w.wide = spreadFrom(u)
	}
	if w != nil && w.wide != nil {
		w.wide.note(c)
		if p, enough := d.spread(w.wide, c.Time); enough && !c.Principal.Service {
			return d.tell(dst, u.who, p, c)
		}
	}
	if pl.addr == c.Client.Addr {
		pl.note(c)
		if w == nil {
			return dst
		}
		return d.judge(dst, u, c)
	}
	return d.moved(dst, u, c)
}

// arrive begins a place.
func (d *tokenReuse) arrive(u *tokenUse, i int, c *call.Call) *carrier {
	if i > 0 && u.away == nil {
		u.away = new(away)
	}
	if u.away != nil {
		u.away.now = i
	}
	at := u.at(i)
	*at = place{client: clientKey(c), addr: c.Client.Addr, tls: ciphers(c.Secure.JA4)}
	at.note(c)
	k, _ := d.carriers.use(stats.Mix(at.client) ^ text(c.UserAgent))
	k.seen = c.Time
	k.browser = webAgent(c.UserAgent)
	if k.tokens.Len() < relayTokens {
		k.tokens.Add(c.Principal.Token)
	}
	if i > 0 && k.others().later.Len() < relayTokens {
		k.alien.later.Add(c.Principal.Token)
	}
	return k
}

// note counts a call at the place; the programs are learned from its first calls.
func (p *place) note(c *call.Call) {
	if p.calls < 4 {
		a := text(c.UserAgent)
		if p.agents[0] == 0 {
			p.agents[0] = a
		} else if p.agents[0] != a {
			p.agents[1] = a
		}
	}
	p.calls++
	p.last = c.Time
	if c.PHI.People > 0 || c.PHI.Classes&personal != 0 {
		p.health++
	}
}

// ciphers is a hash of the middle of a JA4, which does not change when a session is resumed; 0 without one.
func ciphers(ja4 string) uint64 {
	if len(ja4) < 23 {
		return 0
	}
	return text(ja4[11:23])
}

// moved follows a token to another address.
func (d *tokenReuse) moved(dst []Signal, u *tokenUse, c *call.Call) []Signal {
	left := u.last().last
	if w := u.away; w == nil {
		d.arrive(u, 1, c)
	} else if other := 1 - w.now; w.more {
		return dst
	} else if o := u.at(other); o.addr == c.Client.Addr {
		w.now = other
		o.note(c)
	} else { // a machine that roams on leaves a place for good; one that has come back does not
		if w.turns >= otherTurns {
			w.more = true
			return dst
		}
		u.home = *u.last()
		w.turns = 0
		d.arrive(u, 1, c)
	}
	w := u.away
	if w.turns > 0 && c.Time-w.turned[0] > turnMemory {
		w.turns = 0
	}
	w.turns++
	u.last().lapse = max(u.last().lapse, c.Time-left)
	copy(w.turned[1:], w.turned[:sameTurns-1])
	w.turned[0] = c.Time
	return d.judge(dst, u, c)
}

// judge says whether the two places of a token are two machines.
func (d *tokenReuse) judge(dst []Signal, u *tokenUse, c *call.Call) []Signal {
	w, a, b := u.away, u.at(0), u.at(1)
	other := differ(a, b)
	relay := d.relay(a) || d.relay(b)
	if other {
		dst = d.rotate(dst, u, c)
	}
	var enough bool
	switch {
	case relay, c.Principal.Service && !(other && apart(a.addr, b.addr)): // machines of one service share its tokens
		return dst
	case other:
		least := otherCalls
		if a.health == 0 || b.health == 0 {
			least++
		}
		enough = w.turns >= otherTurns && min(a.calls, b.calls) >= least && min(a.lapse, b.lapse) > relayLapse
	default:
		enough = w.turns >= sameTurns && w.turned[0]-w.turned[sameTurns-1] <= sameTime &&
			min(a.health, b.health) >= sameCalls && min(a.lapse, b.lapse) > relayLapse && apart(a.addr, b.addr) && d.alone(a) && d.alone(b)
	}
	f := d.users.find(u.who)
	if !enough && (f == nil || !f.open(d.scene.now)) {
		return dst
	}
	return d.tell(dst, u.who, parallel{turns: w.turns, calls: [2]int{a.calls, b.calls}, health: [2]int{a.health, b.health}, other: other}, c)
}

// tell tells the case of whose token it was when it was first seen, for a login may name the owner later.
func (d *tokenReuse) tell(dst []Signal, key uint64, p parallel, c *call.Call) []Signal {
	f := d.users.of(key)
	if p.sites >= f.state.sites {
		f.state = p
	}
	d.users.note(f, c)
	return d.users.tell(dst, f, c)
}

// differ is whether the programs at two places have nothing in common.
func differ(a, b *place) bool {
	for _, x := range a.agents {
		for _, y := range b.agents {
			if x == y && x != 0 {
				return a.tls != 0 && b.tls != 0 && a.tls != b.tls
			}
		}
	}
	return true
}

// relay is whether the program at a place carries on many tokens that were first seen elsewhere, and is no browser.
func (d *tokenReuse) relay(p *place) bool {
	k := d.carriers.find(stats.Mix(p.client) ^ p.agents[0])
	return k != nil && k.alien != nil && k.alien.later.Len() >= relayTokens && !k.browser
}

// alone is whether the program at a place was seen with no token but this one.
func (d *tokenReuse) alone(p *place) bool {
	k := d.carriers.find(stats.Mix(p.client) ^ p.agents[0])
	return k == nil || k.tokens.Len() < 2
}

// apart is whether two addresses lie in networks that one pool seldom spans: another /16, of IPv6 another /48.
func apart(a, b packet.Addr) bool {
	x, y := a.IP(), b.IP()
	if x.Is4() != y.Is4() {
		return false
	}
	bits := 48
	if x.Is4() {
		bits = 16
	}
	p, err := x.Prefix(bits)
	return err == nil && !p.Contains(y)
}

// rotate judges a machine that uses several tokens which belong elsewhere: it must ask for what nothing explains.
func (d *tokenReuse) rotate(dst []Signal, u *tokenUse, c *call.Call) []Signal {
	if u.away.now != 1 || d.scene.p == nil || c.Forwarded != "" {
		return dst
	}
	who := d.carriers.find(stats.Mix(u.at(1).client) ^ text(c.UserAgent))
	if who == nil {
		return dst
	}
	k := who.others()
	if c.Time-k.since > rotateTime {
		k.foreign.Clear()
		k.reasonless.Clear()
		k.since = c.Time
	}
	if k.foreign.Len() < maxTried {
		k.foreign.Add(c.Principal.Token)
	}
	for i := range d.scene.contacts {
		if c.Time-u.home.last > absentTime && d.scene.contacts[i].why == unexplained && k.reasonless.Len() < maxTried {
			k.reasonless.Add(c.Principal.Token)
		}
	}
	if k.reasonless.Len() < relayTokens {
		return dst
	}
	q := claimed(c)
	f := d.thieves.of(u.at(1).client)
	f.state.tokens, f.state.reasonless = k.foreign.Len(), k.reasonless.Len()
	d.thieves.note(f, q)
	return d.thieves.tell(dst, f, q)
}

// shared states the case of a user.
func (d *tokenReuse) shared(f *dossier[parallel]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 75, Score: float64(p.turns), Threshold: otherTurns}
	what := "two machines"
	if p.other {
		what = "two machines with different programs"
	} else {
		sig.Threshold = sameTurns
	}
	if p.sites > 0 {
		what = fmt.Sprintf("machines in %d unrelated networks", p.sites)
	}
	if p.other && p.health[0] > 0 && p.health[1] > 0 {
		sig.Severity, sig.Confidence = High, 85
	}
	sig.Title = fmt.Sprintf("{principal}'s token is used by %s in turns, %d times", what, p.turns)
	sig.Expected = "A token is used by the machine that it was given to; one that roams does not go on at the old address"
	sig.Observed = fmt.Sprintf("the token changed %d times between two addresses: %d and %s", p.turns, p.calls[0], count(p.calls[1], "call"))
	from := "calls from the second"
	if p.sites > 0 {
		sig.Observed = fmt.Sprintf("the token came back to each of %d networks within minutes: %d and %s", p.sites, p.calls[0], count(p.calls[1], "call"))
		from = "calls from the others"
	}
	sig.Facts = []Fact{{"changes", strconv.Itoa(p.turns)}, {"calls from the first", strconv.Itoa(p.calls[0])}, {from, strconv.Itoa(p.calls[1])}, {"with health data", fmt.Sprintf("%d and %d", p.health[0], p.health[1])},
		{"different programs", yes(p.other)}, {"what would explain it", "a server that calls with its users' tokens; a machine on two networks"}}
	return sig
}

// rotated states the case of a machine.
func (d *tokenReuse) rotated(f *dossier[rotation]) Signal {
	if f.state.brief > 0 {
		return d.hasty(f)
	}
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 80, Score: float64(f.state.tokens), Threshold: relayTokens}
	sig.Title = fmt.Sprintf("{principal} used the tokens of %s who work elsewhere", count(f.state.tokens, "user"))
	sig.Expected = "A token is used by the machine that it was given to"
	sig.Observed = fmt.Sprintf("%s in use at other addresses, taken in turns; with %d of them it asked for patients whom nothing explains",
		count(f.state.tokens, "token"), f.state.reasonless)
	sig.Facts = []Fact{{"tokens", strconv.Itoa(f.state.tokens)}, {"unexplained", strconv.Itoa(f.state.reasonless)},
		{"what would explain it", "a new server that calls with its users' tokens"}}
	return sig
}

// close tells the cases that have grown since they were last told.
func (d *tokenReuse) close(dst []Signal) []Signal { return d.thieves.close(d.users.close(dst)) }
