package detectors

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// sessions watches session ids: those a server hands out, whether they can be foretold or guessed (CWE-340,
// CWE-334) and whether a login changes them (CWE-384); and clients that try ids and tokens nobody was given.
type sessions struct {
	scene    *scene
	logins   *logins
	uses     *lru[tokenUse] // tokens that were accepted
	issues   *lru[issuer]
	fixes    *lru[fixing]
	guesses  *casebook[walker]
	guessers stats.Recent // clients with refused tokens, of late
	h        float64
}

// issuer is one kind of session id of one server.
type issuer struct {
	form  form
	last  ident
	at    clock.Time
	run   int // of ids that follow from the one before
	n     int
	value uint64
	chars [idLength][2]uint64 // which characters stood at each place
}

// fixing counts logins by whether they gave a new session to someone who came with one.
type fixing struct{ kept, renewed int }

// walker is a client whose sessions or tokens are refused.
type walker struct {
	w             stats.CUSUM
	tried, gotten stats.Set
	form          form
	last          ident
	walked        int
	malformed     int
	taken         bool
	seen          clock.Time
}

const (
	idLength   = 48
	issuedRun  = 8
	issuedMany = 20
	weakBits   = 32
	nearIssue  = 10000 // between ids given out one after the other
	nearGuess  = 1000
	fixedMin   = 3

	tokenUsual, tokenAttack = 0.3, 0.95
	browserNews             = 0.3 // nats for a refused token of a browser: people come back to sessions that have ended
	guessersMany            = 6   // clients with refused tokens in a while: the server has forgotten its sessions
)

func newSessions(s *scene, l *logins, uses *lru[tokenUse]) *sessions {
	d := &sessions{scene: s, logins: l, uses: uses, h: stats.Threshold(loginShare, s.cfg.ShareLogins, s.cfg.Budget, loginStreams)}
	d.issues = newLRU(s.cfg.Doors, func(i *issuer) bool { return s.now-i.at > day }, nil)
	d.fixes = newLRU(s.cfg.Doors, func(*fixing) bool { return true }, nil)
	d.guesses = newCasebook(s, s.cfg.Logins, d.describe)
	return d
}

func (*sessions) Name() string { return "weak_token" }
func (*sessions) Key() Key     { return ByClient }

// Forget frees what was idle for long.
func (d *sessions) Forget(now clock.Time) {
	d.issues.dropOldest(func(i *issuer) bool { return now-i.at > contactHalf })
	d.guesses.forget(now, day)
}

// Observe folds one call.
func (d *sessions) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued {
		return dst
	}
	for i := range c.Handed {
		if h := &c.Handed[i]; h.Value != "" {
			dst = d.issue(dst, c, h)
		}
	}
	if c.Flags&call.Login != 0 {
		dst = d.fixed(dst, c)
	}
	if c.Principal.Token == 0 || c.Flags&(call.Login|call.Token|call.Logout|call.Health) != 0 {
		return dst
	}
	refused := c.Status == 401 || c.Auth.Scheme == call.Cookie && c.Method == "GET" && c.Status >= 301 && c.Status <= 303
	switch {
	case refused && c.Principal.Kind != call.Basic && c.Principal.Kind != call.MTLS:
		return d.try(dst, c)
	case d.guesses.files.len() > 0 && c.OK():
		return d.got(dst, c)
	}
	return dst
}

// issue judges the ids that a server gives out under one name.
func (d *sessions) issue(dst []Signal, c *call.Call, h *call.Handed) []Signal {
	s, _ := d.issues.use(stats.Mix(serverKey(c)) ^ text(h.Name))
	if v := text(h.Value); v == s.value {
		return dst
	} else {
		s.value = v
	}
	id := s.form.parse(h.Value)
	if id.ok && s.last.ok && id.family == s.last.family && follows(id.value, s.last.value, c.Time-s.at) {
		s.run++
	} else if s.n > 0 {
		s.run = 0
	}
	s.last, s.at = id, c.Time
	s.n++
	for i := 0; i < len(h.Value) && i < idLength; i++ {
		b := h.Value[i] & 127
		s.chars[i][b>>6] |= 1 << (b & 63)
	}
	if s.run >= issuedRun {
		return d.scene.serverPosture(dst, c, d.Name(), "predictable session", predictable)
	}
	if s.n >= issuedMany && s.bits() < weakBits {
		return d.scene.serverPosture(dst, c, d.Name(), "short session", guessable)
	}
	return dst
}

// parse reads a session id in the form that those before it have shown.
func (f *form) parse(id string) ident {
	f.learn(id)
	return parseIdent(id, f.reading)
}

// follows is whether an id is the next of a counter, or of a clock in seconds or milliseconds.
func follows(now, last uint64, passed clock.Time) bool {
	if now <= last {
		return last-now <= nearIssue/100 && now != last
	}
	gap := now - last
	if gap <= nearIssue {
		return true
	}
	ms := uint64(max(0, passed) / (minute / 60000))
	return near(gap, ms/1000, 2) || near(gap, ms, 2000)
}

func near(a, b, reach uint64) bool { return max(a, b)-min(a, b) <= reach }

// bits is no less than what an id holds: the sum over its places of the logarithm of how many characters were met.
// Among twenty ids a place shows at most 4.3 bits, and a random hexadecimal one 3.5.
func (s *issuer) bits() float64 {
	sum := 0.0
	for i := range s.chars {
		if n := bits.OnesCount64(s.chars[i][0]) + bits.OnesCount64(s.chars[i][1]); n > 1 {
			sum += math.Log2(float64(n))
		}
	}
	return sum
}

// fixed counts logins that leave the session as it was before (session fixation, OWASP WSTG-SESS-03).
func (d *sessions) fixed(dst []Signal, c *call.Call) []Signal {
	a, ok := d.logins.read(c)
	if !ok || a.outcome != loginOK || a.basic || c.Auth.Scheme != call.Cookie || c.Principal.Kind != call.Session {
		return dst
	}
	s, _ := d.fixes.use(serverKey(c))
	if len(c.Issued)+len(c.Handed) > 0 {
		s.renewed++
	} else {
		s.kept++
	}
	if s.kept >= fixedMin && s.renewed == 0 {
		return d.scene.serverPosture(dst, c, d.Name(), "fixation", fixation)
	}
	return dst
}

// try judges a refused session or token that was never accepted here.
func (d *sessions) try(dst []Signal, c *call.Call) []Signal {
	if d.uses.find(useKey(c)) != nil {
		return dst // one that has ended
	}
	f := d.guesses.of(clientKey(c))
	s := &f.state
	if s.seen != 0 && d.scene.now-s.seen > sourceRest && !f.open(d.scene.now) {
		d.guesses.drop(f)
	}
	s.seen = c.Time
	d.guessers.Add(clientKey(c), c.Time, 10*minute, d.scene.cfg.Logins)
	if s.tried.Len() >= maxTried || !s.tried.Add(c.Principal.Token) {
		return dst
	}
	z := math.Log(tokenAttack / tokenUsual)
	if webAgent(c.UserAgent) {
		z = browserNews
	}
	var id ident
	if c.Principal.Kind == call.Session {
		id = s.form.parse(c.Principal.ID)
	}
	if id.ok && s.last.ok && id.family == s.last.family && id.value != s.last.value && near(id.value, s.last.value, nearGuess) {
		s.walked++
		z = stats.Cap
	}
	if id.ok {
		s.last = id
	}
	if c.Auth.Marks&call.Malformed != 0 {
		s.malformed++
		z = math.Log(tokenAttack / tokenUsual)
	}
	if c.Status != 401 && s.walked == 0 {
		return dst
	}
	s.w.Add(z)
	if float64(s.w) < d.h/3 && !f.open(d.scene.now) {
		return dst
	}
	k := claimed(c)
	d.guesses.note(f, k)
	if !f.open(d.scene.now) && (float64(s.w) < d.h || s.walked == 0 && d.guessers.Len() >= guessersMany) {
		return dst
	}
	return d.guesses.tell(dst, f, k)
}

// got takes back what refusals said when the client is let in; by an id next to those it had tried, it is a hit.
func (d *sessions) got(dst []Signal, c *call.Call) []Signal {
	f := d.guesses.find(clientKey(c))
	if f == nil || f.state.gotten.Len() >= maxTried || !f.state.gotten.Add(c.Principal.Token) {
		return dst
	}
	s := &f.state
	if s.walked >= freeTries && c.Principal.Kind == call.Session {
		if id := parseIdent(c.Principal.ID, s.form.reading); id.ok && id.family == s.last.family && near(id.value, s.last.value, nearGuess) {
			k := claimed(c)
			s.taken = true
			d.scene.prove(&f.casefile)
			d.guesses.note(f, k)
			return d.guesses.tell(dst, f, k)
		}
	}
	s.w.Add(stats.Bernoulli(false, tokenAttack, tokenUsual))
	if s.w == 0 && !f.open(d.scene.now) {
		d.scene.close(&f.casefile)
	}
	return dst
}

// describe states the case of a client that tries ids or tokens.
func (d *sessions) describe(f *dossier[walker]) Signal {
	s := &f.state
	n := s.tried.Len()
	sig := Signal{Detector: "auth_bruteforce", Severity: Medium, Confidence: 80, Score: float64(s.w), Threshold: d.h}
	sig.Title = fmt.Sprintf("{principal} tried %s that nobody was given", count(n, "token"))
	if s.walked > 0 {
		sig.Title = fmt.Sprintf("{principal} tried %s that follow one another", count(n, "session id"))
	}
	if s.taken {
		sig.Severity, sig.Confidence = High, 95
		sig.Title = fmt.Sprintf("{principal} tried %s that follow one another, and one let it in", count(n, "session id"))
	}
	sig.Expected = "A client carries the session that it was given; one that has ended is given up"
	sig.Observed = fmt.Sprintf("%s never accepted before were refused, %d of them next to the one before", count(n, "token"), s.walked)
	sig.Facts = []Fact{{"tried", strconv.Itoa(n)}, {"next to the one before", strconv.Itoa(s.walked)}, {"malformed", strconv.Itoa(s.malformed)},
		{"got in", yes(s.taken)}, {"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)},
		{"what would explain it", "a server that has forgotten its sessions"}}
	return sig
}

func predictable() Signal {
	return careless(Low, "A server's session ids can be foretold", "Session ids are random, of 64 bits or more (OWASP Session Management)",
		strconv.Itoa(issuedRun)+" ids or more, each a small step from the one before")
}

func guessable() Signal {
	return careless(Low, "A server's session ids can be guessed", "Session ids are random, of 64 bits or more (OWASP Session Management)",
		"by those handed out, an id holds fewer than "+strconv.Itoa(weakBits)+" bits")
}

func fixation() Signal {
	return careless(Low, "A login keeps the session that was there before it", "Who logs in is given a new session (CWE-384)",
		strconv.Itoa(fixedMin)+" logins or more without a new one, and none with")
}

func (d *sessions) count(st *Stats) {
	d.guesses.count(st)
	st.EvictedProfiles += d.issues.evicted + d.fixes.evicted
}

// close tells the cases that have grown since they were last told.
func (d *sessions) close(dst []Signal) []Signal { return d.guesses.close(dst) }
