package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// weakToken finds tokens that no server should take: without a signature, with that of another token, with a header
// that lets the sender choose the key, past their end or long before their begin, or in the URL (CWE-347, CWE-613,
// CWE-598; RFC 8725). Where everybody's are so, it is how
// the server works, and is said once of it. Who is named is whom the token claims to be.
type weakToken struct {
	scene    *scene
	uses     *lru[tokenUse] // where tokens were seen before
	signed   *lru[signed]   // by signature
	servers  *lru[checks]
	last     *checks // of the server of the last call
	lastKey  uint64
	forgers  *casebook[forger]
	overdue  *casebook[overdue]
	carriers *casebook[urls]
}

// checks is what a server's callers carry. Sets hold the first few principals.
type checks struct {
	seen                                   clock.Time
	sound, live, forged, late, urls, early stats.Set
	signatures                             stats.Set // of accepted tokens, the first few
}

const (
	fewPrincipals = 6
	usualFrom     = 3 // principals with the same fault: that is how it works here
	triesRefused  = 2 // tokens of a forger that were refused
	lateCalls     = 2
	urlCalls      = 5
	urlOthers     = 5                // with sound tokens, none of them in a URL
	fewSignatures = 3                // that a server must have shown before one is known to be of one token: a gateway may write its own
	earlyGrace    = clock.Time(hour) // before nbf: clocks that are off by minutes are common
)

// signed is the first token that was accepted under a signature.
type signed struct {
	token uint64
	seen  clock.Time
}

type forger struct {
	marks             call.AuthMarks
	copied            bool
	accepted, refused int
	names             stats.Set
}

type overdue struct {
	accepted int
	past     clock.Time // since the token's end
	early    clock.Time // until the token's begin
}

type urls struct{ accepted int }

func newWeakToken(s *scene, uses *lru[tokenUse]) *weakToken {
	d := &weakToken{scene: s, uses: uses}
	d.servers = newLRU(s.cfg.Endpoints, func(k *checks) bool { return s.now-k.seen > day }, func(*checks) { d.last = nil })
	d.signed = newLRU(s.cfg.Tokens, func(g *signed) bool { return s.now-g.seen > day }, nil)
	d.forgers = newCasebook(s, s.cfg.Logins, d.forgery)
	d.overdue = newCasebook(s, s.cfg.Logins, d.expired)
	d.carriers = newCasebook(s, s.cfg.Logins, d.inURL)
	return d
}

func (*weakToken) Name() string { return "weak_token" }
func (*weakToken) Key() Key     { return ByPrincipal }

// Forget frees what was idle for long.
func (d *weakToken) Forget(now clock.Time) {
	d.servers.dropOldest(func(k *checks) bool { return now-k.seen > contactHalf })
	d.signed.dropOldest(func(g *signed) bool { return now-g.seen > 2*day })
	d.forgers.forget(now, day)
	d.overdue.forget(now, day)
	d.carriers.forget(now, day)
}

const forgery = call.AlgNone | call.Unsigned | call.Odd

// Observe folds one call.
func (d *weakToken) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Principal.Kind != call.JWT && c.Principal.Kind != call.Session || c.Continued || c.Flags&(call.Health|call.Logout) != 0 {
		return dst
	}
	m := c.Auth.Marks & (forgery | call.Expired | call.InURL)
	k := d.server(c)
	copied := c.Auth.Signature != 0 && d.copied(k, c)
	early := c.Auth.Marks&call.NotYet != 0 && c.Auth.Starts > c.Time+earlyGrace
	if m == 0 && !copied && !early {
		if k.sound.Len() < fewPrincipals && c.OK() {
			k.sound.Add(c.Principal.Key)
		}
		if c.Principal.Expires > c.Time && k.live.Len() < fewPrincipals && c.OK() {
			k.live.Add(c.Principal.Key)
		}
		return dst
	}
	switch {
	case copied, m&forgery != 0:
		dst = d.forge(dst, k, c, copied)
	case m&call.Expired != 0:
		dst = d.pass(dst, k, c)
	case early:
		dst = d.begin(dst, k, c)
	}
	if m&call.InURL != 0 {
		dst = d.exposed(dst, k, c)
	}
	return dst
}

// server is what is known of the call's server.
func (d *weakToken) server(c *call.Call) *checks {
	key := serverKey(c)
	if d.last == nil || d.lastKey != key {
		d.last, _ = d.servers.use(key)
		d.lastKey = key
	}
	d.last.seen = d.scene.now
	return d.last
}

// copied is whether the call's token has the signature of another one. One signature is of one text (RFC 7515 section
// 5.2): a server that takes both does not verify. Tokens that have been looked at twice are not looked at again.
func (d *weakToken) copied(k *checks, c *call.Call) bool {
	e := d.scene.seat().token
	used := e != nil && e.key == useKey(c)
	if used && e.v.vetted {
		return false
	}
	g := d.signed.find(c.Auth.Signature)
	if g == nil && !c.OK() {
		return false
	}
	if g == nil {
		g, _ = d.signed.use(c.Auth.Signature)
		g.token = c.Principal.Token
		if k.signatures.Len() < fewSignatures {
			k.signatures.Add(c.Auth.Signature)
		}
	}
	g.seen = d.scene.now
	if g.token == c.Principal.Token {
		if used {
			e.v.vetted = true
		}
		return false
	}
	return k.signatures.Len() >= fewSignatures
}

// others is how many of the set are not who.
func others(s *stats.Set, who uint64) int {
	n := s.Len()
	if s.Has(who) {
		n--
	}
	return n
}

// guarded is whether the answer is of a kind that not everybody gets.
func guarded(c *call.Call) bool {
	if !c.OK() || public(c.FHIR.Type) {
		return false
	}
	return c.PHI.People > 0 || c.PHI.Classes&personal != 0 || c.Flags&(call.HealthAPI|call.Admin|call.Create|call.GraphQL|call.Bulk) != 0 ||
		c.FHIR.Type != "" || len(c.Delivered) > 0
}

// forge judges a token that anybody could have made.
func (d *weakToken) forge(dst []Signal, k *checks, c *call.Call, copied bool) []Signal {
	if k.forged.Len() < fewPrincipals && c.OK() {
		k.forged.Add(c.Principal.Key)
	}
	if k.forged.Len() >= usualFrom {
		if f := d.forgers.find(clientKey(c)); f == nil || !f.open(d.scene.now) {
			return d.scene.serverPosture(dst, c, d.Name(), "unsigned", unsignedUsual)
		}
	}
	if !guarded(c) && !c.Refused() {
		return dst
	}
	f := d.forgers.of(clientKey(c))
	s := &f.state
	s.marks |= c.Auth.Marks & forgery
	s.copied = s.copied || copied
	if s.names.Len() < maxTried {
		s.names.Add(c.Principal.Key)
	}
	if c.OK() {
		s.accepted++
	} else {
		s.refused++
	}
	d.forgers.note(f, c)
	if !f.open(d.scene.now) && (others(&k.sound, c.Principal.Key) == 0 || s.accepted == 0 && s.refused < triesRefused) {
		return dst
	}
	return d.forgers.tell(dst, f, c)
}

// pass judges a token past its end. One in use before its end is a client's that was never told; if many are late,
// a clock is wrong.
func (d *weakToken) pass(dst []Signal, k *checks, c *call.Call) []Signal {
	if !guarded(c) {
		return dst
	}
	if k.late.Len() < fewPrincipals {
		k.late.Add(c.Principal.Key)
	}
	if k.late.Len() >= usualFrom {
		if f := d.overdue.find(c.Principal.Key); f == nil || !f.open(d.scene.now) {
			return d.scene.serverPosture(dst, c, d.Name(), "expired", expiredUsual)
		}
	}
	if u := d.uses.find(useKey(c)); c.Principal.Service || u != nil && u.first < c.Principal.Expires {
		return d.scene.serverPosture(dst, c, d.Name(), "expired", expiredUsual)
	}
	f := d.overdue.of(c.Principal.Key)
	f.state.accepted++
	f.state.past = max(f.state.past, c.Time-c.Principal.Expires)
	d.overdue.note(f, c)
	if !f.open(d.scene.now) && (f.state.accepted < lateCalls || others(&k.live, c.Principal.Key) < 2) {
		return dst
	}
	return d.overdue.tell(dst, f, c)
}

// begin judges a token that is not valid yet (nbf, RFC 7519 section 4.1.5). A machine may make its own by a wrong clock.
func (d *weakToken) begin(dst []Signal, k *checks, c *call.Call) []Signal {
	if !guarded(c) {
		return dst
	}
	if k.early.Len() < fewPrincipals {
		k.early.Add(c.Principal.Key)
	}
	f := d.overdue.find(c.Principal.Key)
	if told := f != nil && f.open(d.scene.now); c.Principal.Service || k.early.Len() >= usualFrom && !told {
		return d.scene.serverPosture(dst, c, d.Name(), "early", earlyUsual)
	}
	f = d.overdue.of(c.Principal.Key)
	f.state.accepted++
	f.state.early = max(f.state.early, c.Auth.Starts-c.Time)
	d.overdue.note(f, c)
	if !f.open(d.scene.now) && (f.state.accepted < lateCalls || others(&k.live, c.Principal.Key) < 2) {
		return dst
	}
	return d.overdue.tell(dst, f, c)
}

// exposed judges a token in a URL. Pictures, downloads and sockets cannot carry it elsewhere in a browser.
func (d *weakToken) exposed(dst []Signal, k *checks, c *call.Call) []Signal {
	if !guarded(c) || c.Auth.Scheme == call.KeyQuery || c.Principal.Service || c.Status == 101 || !document(c.ContentType) {
		return dst
	}
	if k.urls.Len() < fewPrincipals {
		k.urls.Add(c.Principal.Key)
	}
	dst = d.scene.posture(dst, c, d.Name(), "in URL", tokenInURL)
	if f := d.carriers.find(c.Principal.Key); k.urls.Len() > 1 && (f == nil || !f.open(d.scene.now)) {
		return dst
	}
	f := d.carriers.of(c.Principal.Key)
	f.state.accepted++
	d.carriers.note(f, c)
	if !f.open(d.scene.now) && (f.state.accepted < urlCalls || others(&k.sound, c.Principal.Key) < urlOthers || c.PHI.People == 0) {
		return dst
	}
	return d.carriers.tell(dst, f, c)
}

// document is whether a content type is one that programs ask for with headers of their own.
func document(typ string) bool {
	return strings.Contains(typ, "json") || strings.Contains(typ, "xml")
}

// forgery states the case of a client with forged tokens.
func (d *weakToken) forgery(f *dossier[forger]) Signal {
	s := &f.state
	what := "a token without a signature"
	if s.marks&(call.AlgNone|call.Unsigned) == 0 {
		what = "a token that names its own key"
	}
	if s.copied {
		what = "a token with the signature of another one"
	}
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 80, Score: float64(s.accepted + s.refused), Threshold: 1}
	sig.Title = fmt.Sprintf("{principal} is claimed by %s, which was refused", what)
	if s.accepted > 0 {
		sig.Severity, sig.Confidence = High, 95
		sig.Title = fmt.Sprintf("{principal} is claimed by %s, and the server took it", what)
	}
	sig.Expected = "Others here carry signed tokens; a server refuses what anybody can write (RFC 8725 sections 2.1 and 3.1)"
	sig.Observed = fmt.Sprintf("%s taken and %d refused, in %s; the name in a forged token is not proof of who sent it",
		count(s.accepted, "call"), s.refused, count(s.names.Len(), "name"))
	sig.Facts = []Fact{{"accepted", strconv.Itoa(s.accepted)}, {"refused", strconv.Itoa(s.refused)}, {"names claimed", strconv.Itoa(s.names.Len())},
		{"alg none", yes(s.marks&call.AlgNone != 0)}, {"no signature", yes(s.marks&call.Unsigned != 0)}, {"own key", yes(s.marks&call.Odd != 0)}}
	if s.copied {
		sig.Facts = append(sig.Facts, Fact{"signature of another token", yes(true)})
	}
	return sig
}

// expired states the case of a principal whose token had ended.
func (d *weakToken) expired(f *dossier[overdue]) Signal {
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 75, Score: float64(f.state.accepted), Threshold: lateCalls}
	if f.state.past == 0 {
		sig.Title = fmt.Sprintf("{principal} came with a token that begins in %s, and the server took it", span(f.state.early))
		sig.Expected = "A token is of no use before its begin (nbf, RFC 7519 section 4.1.5); others' here have begun"
		sig.Observed = fmt.Sprintf("%s taken with a token that is not valid yet", count(f.state.accepted, "call"))
		sig.Facts = []Fact{{"accepted", strconv.Itoa(f.state.accepted)}, {"before its begin", span(f.state.early)},
			{"what would explain it", "a token made for later, or by a machine whose clock is wrong"}}
		return sig
	}
	sig.Title = fmt.Sprintf("{principal} came back with a token that had ended %s before, and the server took it", span(f.state.past))
	sig.Expected = "A token is of no use after its end (exp, RFC 7519 section 4.1.4); others' here have not ended"
	sig.Observed = fmt.Sprintf("%s taken with a token that was first seen after its end", count(f.state.accepted, "call"))
	sig.Facts = []Fact{{"accepted", strconv.Itoa(f.state.accepted)}, {"past its end", span(f.state.past)},
		{"what would explain it", "a client with an old token that a lenient server still takes"}}
	return sig
}

// inURL states the case of a principal who alone carries a token in the URL.
func (d *weakToken) inURL(f *dossier[urls]) Signal {
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 65, Score: float64(f.state.accepted), Threshold: urlCalls}
	sig.Title = fmt.Sprintf("{principal} read patients' data in %s with a token in the URL, as nobody else does", count(f.state.accepted, "call"))
	sig.Expected = "Others here carry it in a header; URLs are logged, kept in histories and sent on"
	sig.Observed = fmt.Sprintf("%s taken with the token in the URL", count(f.state.accepted, "call"))
	sig.Facts = []Fact{{"accepted", strconv.Itoa(f.state.accepted)}, {"what would explain it", "an old program, a link that was copied"}}
	return sig
}

func unsignedUsual() Signal {
	return careless(Low, "A server takes tokens that anybody could have made", "Tokens are signed, with a key that the server chose (RFC 8725)",
		"several principals carry such tokens")
}

func expiredUsual() Signal {
	return careless(Low, "A server takes tokens past their end", "A token is of no use after its end (exp, RFC 7519 section 4.1.4)",
		"tokens in use go on after their end; or a clock is wrong")
}

func earlyUsual() Signal {
	return careless(Low, "A server takes tokens before their begin", "A token is of no use before its begin (nbf, RFC 7519 section 4.1.5)",
		"tokens that begin more than an hour later are taken; or a clock is wrong")
}

func tokenInURL() Signal {
	return careless(Low, "An endpoint takes tokens in the URL", "Tokens stand in a header (RFC 6750 section 2.3)", "a token in the URL, accepted")
}

func (d *weakToken) count(st *Stats) {
	d.forgers.count(st)
	d.overdue.count(st)
	d.carriers.count(st)
	st.EvictedProfiles += d.servers.evicted
	st.TokensShed += d.signed.evicted
}

// close tells the cases that have grown since they were last told.
func (d *weakToken) close(dst []Signal) []Signal {
	return d.carriers.close(d.overdue.close(d.forgers.close(dst)))
}
