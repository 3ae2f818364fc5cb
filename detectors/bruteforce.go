package detectors

import (
	"fmt"
	"math"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// bruteforce finds those who try credentials until one opens (CWE-307; ATT&CK T1110): one source that fails with
// one new user after the other (stuffing), one user whose password or one-time code is guessed, one password tried
// on many users (spraying), and sources that share such work. People mistype and then succeed or stop; what ends
// well is taken back, and the same wrong password sent for ever is a client that nobody has told the new one.
type bruteforce struct {
	scene   *scene
	logins  *logins
	h       float64
	sources *casebook[source]
	targets *casebook[target]
	sprays  *casebook[spray]
	fleets  *casebook[fleet]
}

func newBruteforce(s *scene, l *logins) *bruteforce {
	d := &bruteforce{scene: s, logins: l, h: stats.Threshold(loginShare, s.cfg.ShareLogins, s.cfg.Budget, loginStreams)}
	d.sources = newCasebook(s, s.cfg.Logins, d.stuffing)
	d.targets = newCasebook(s, s.cfg.Logins, d.guessing)
	d.sprays = newCasebook(s, s.cfg.Logins, d.spraying)
	d.fleets = newCasebook(s, s.cfg.Doors, d.spread)
	return d
}

func (*bruteforce) Name() string { return "auth_bruteforce" }
func (*bruteforce) Key() Key     { return ByClient }

// Forget frees those who have not tried for a day.
func (d *bruteforce) Forget(now clock.Time) {
	d.sources.forget(now, day)
	d.targets.forget(now, day)
	d.sprays.forget(now, day)
	d.fleets.forget(now, day)
}

func (d *bruteforce) count(st *Stats) {
	st.LoginsShed += d.sources.files.evicted + d.targets.files.evicted + d.sprays.files.evicted + d.fleets.files.evicted +
		d.logins.doors.evicted
}

// Priors: the share of calls that are logins, and of failures among honest tries. A fifth of those who log in for
// the first time in view fail, half of those known to succeed elsewhere, and two in five of those who have just
// failed twice fail again with yet another password; fewer after five, as by then they ask for help, and fewer yet
// before they could have typed one.
const (
	loginShare   = 0.01
	loginStreams = 4

	guessUsual, knownUsual, guessAttack = 0.2, 0.5, 0.9
	againUsual, againAttack             = 0.4, 0.95
	stubborn, untyped                   = 0.3, 0.2
	lost                                = 5
	typing                              = 2 * minute / 60
	freeTries                           = 2
	maxTried                            = 4096 // users or passwords of one key that are told apart
	brokenTries                         = 30   // of one password by one user: a client left with an old one
	sourceRest                          = 6 * hour
)

// source is one program at one address, from its first failed login on.
type source struct {
	users, failed, won stats.Set
	known              int // of users, those who had succeeded before
	guess              stats.CUSUM
	tries, failures    int
	taken              int // logins that succeeded once the guessing was plain
	first, last        clock.Time
}

// target is one user (or one session that asks for a code) of whom a login failed.
type target struct {
	secrets  stats.Set
	sources  stats.Set
	w        stats.CUSUM
	client   uint64 // of the last failure
	failures int
	repeats  int // of a password tried before
	code     bool
	taken    bool
	last     clock.Time
}

// Observe folds one call.
func (d *bruteforce) Observe(dst []Signal, c *call.Call) []Signal {
	a, ok := d.logins.read(c)
	if !ok || a.outcome == loginUnclear || a.reset {
		return dst
	}
	if a.outcome == loginOK {
		return d.success(dst, c, &a)
	}
	k := claimed(c)
	if a.user != 0 {
		dst = d.source(dst, k, &a, sourceKey(c))
	}
	if a.secret != 0 {
		dst = d.target(dst, k, &a, targetKey(c, &a))
		if a.user != 0 && !a.code {
			dst = d.spray(dst, k, &a, sourceKey(c))
		}
	}
	if a.user != 0 {
		dst = d.fleet(dst, k, &a, fleetKey(&a, agent(c)), false)
		dst = d.fleet(dst, k, &a, fleetKey(&a, addressKey(c)), true)
	}
	return dst
}

// targetKey is a key of who is guessed: the user, else the session that asks for a code.
func targetKey(c *call.Call, a *attempt) uint64 {
	who := a.user
	if who == 0 {
		who = addressKey(c)
		if c.Principal.Kind != call.Address {
			who = c.Principal.Key
		}
	}
	return stats.Mix(who) ^ a.key
}

// source judges a failure by where it came from.
func (d *bruteforce) source(dst []Signal, c *call.Call, a *attempt, key uint64) []Signal {
	f := d.sources.of(key)
	s := &f.state
	if s.last != 0 && d.scene.now-s.last > sourceRest && !f.open(d.scene.now) {
		d.sources.drop(f)
	}
	if s.first == 0 {
		s.first = c.Time
	}
	s.last = c.Time
	s.tries++
	s.failures++
	if s.users.Len() < maxTried && s.users.Add(a.user) {
		s.failed.Add(a.user)
		usual := guessUsual
		if a.known {
			usual = knownUsual
			s.known++
		}
		s.guess.Add(stats.Bernoulli(true, guessAttack, usual))
	}
	if s.guess < stats.Cap && !f.open(d.scene.now) {
		return dst
	}
	d.sources.note(f, c)
	if !f.open(d.scene.now) && (float64(s.guess) < d.h || !s.sprint()) {
		return dst
	}
	return d.sources.tell(dst, f, c)
}

// sprint is whether the tries look like a list being worked through: mostly one for each user, or faster than
// anyone types; and not by people who all got in before, as when a directory is down.
func (s *source) sprint() bool {
	n := s.users.Len()
	return 2*s.known <= n && (10*n >= 7*s.tries || s.last-s.first < clock.Time(s.tries)*minute/60)
}

// target judges a failure by the user it was for.
func (d *bruteforce) target(dst []Signal, c *call.Call, a *attempt, key uint64) []Signal {
	f := d.targets.of(key)
	t := &f.state
	if t.last != 0 && d.scene.now-t.last > day {
		d.targets.drop(f)
	}
	usual := againUsual
	switch {
	case t.client == addressKey(c) && t.last != 0 && c.Time-t.last < typing:
		usual = untyped
	case t.secrets.Len() >= lost:
		usual = stubborn
	}
	t.last, t.client, t.code = c.Time, addressKey(c), a.code
	t.failures++
	if t.sources.Len() < maxTried {
		t.sources.Add(t.client)
	}
	if t.secrets.Len() >= maxTried || !t.secrets.Add(a.secret) {
		if t.repeats++; t.repeats == brokenTries && t.secrets.Len() <= freeTries {
			return d.scene.posture(dst, c, "credential_hygiene", "broken client", brokenClient)
		}
	} else if t.secrets.Len() > freeTries {
		t.w.Add(math.Log(againAttack / usual))
	}
	if t.w < stats.Cap && !f.open(d.scene.now) {
		return dst
	}
	d.targets.note(f, c)
	if !f.open(d.scene.now) && float64(t.w) < d.h {
		return dst
	}
	return d.targets.tell(dst, f, c)
}

func brokenClient() Signal {
	return Signal{Severity: Low, Confidence: 80,
		Title:    "A client sends the same wrong password again and again",
		Expected: "A password that was refused is not sent for ever",
		Observed: fmt.Sprintf("one user, one password, more than %d refusals: probably a client that was not told the new one", brokenTries)}
}

// success takes back what a failure said, if its user has now got in; after plain guessing it says who was taken.
func (d *bruteforce) success(dst []Signal, c *call.Call, a *attempt) []Signal {
	var k *call.Call
	if f := d.sources.find(sourceKey(c)); f != nil && a.user != 0 {
		s := &f.state
		plain := float64(s.guess) >= d.h/2 && s.sprint() || f.open(d.scene.now)
		fresh := s.won.Len() < maxTried && s.won.Add(a.user)
		s.tries++
		s.last = c.Time
		if fresh && plain {
			s.taken++
		}
		if fresh && s.failed.Has(a.user) {
			s.guess.Add(-stats.Bernoulli(true, guessAttack, guessUsual))
		}
		if fresh {
			s.guess.Add(stats.Bernoulli(false, guessAttack, guessUsual))
		}
		if f.calls > 0 && plain {
			k = claimed(c)
			d.scene.prove(&f.casefile)
			d.sources.note(f, k)
		}
		if f.open(d.scene.now) {
			dst = d.sources.tell(dst, f, k)
		} else if s.guess == 0 {
			d.scene.close(&f.casefile)
		}
	}
	if f := d.targets.find(targetKey(c, a)); f != nil && f.state.client == addressKey(c) {
		t := &f.state
		switch {
		case f.open(d.scene.now), float64(t.w) >= d.h/2:
			t.taken = true
			if k == nil {
				k = claimed(c)
			}
			d.scene.prove(&f.casefile)
			d.targets.note(f, k)
			dst = d.targets.tell(dst, f, k)
		default:
			d.targets.drop(f)
		}
	}
	if f := d.sprays.find(sprayKey(c, a)); f != nil && a.secret != 0 {
		f.state.won++
	}
	for _, key := range [...]uint64{agent(c), addressKey(c)} {
		if f := d.fleets.find(fleetKey(a, key)); f != nil && a.user != 0 {
			f.state.success(a.user, addressKey(c))
		}
	}
	return dst
}

// prove makes room among the evidence for the call that got in.
func (s *scene) prove(f *casefile) {
	if f.kept == maxEvidence {
		s.copies.drop(f)
	}
}

// stuffing states the case of a source.
func (d *bruteforce) stuffing(f *dossier[source]) Signal {
	s := &f.state
	n := s.users.Len()
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 85, Score: float64(s.guess), Threshold: d.h}
	sig.Title = fmt.Sprintf("{principal} tried to log in as %s and failed, in %s", count(n, "different user"), span(s.last-s.first))
	if s.taken > 0 {
		sig.Severity, sig.Confidence = High, 95
		sig.Title = fmt.Sprintf("{principal} tried to log in as %s, and got in as %d", count(n, "different user"), s.taken)
	}
	sig.Expected = "Who logs in fails once or twice and then succeeds or stops; one program speaks for few people"
	sig.Observed = fmt.Sprintf("%d failed logins as %s by one program at one address", s.failures, count(n, "user"))
	sig.Facts = []Fact{{"users tried", strconv.Itoa(n)}, {"failed logins", strconv.Itoa(s.failures)},
		{"accounts probably taken", strconv.Itoa(s.taken)}, {"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)},
		{"what would explain it", "a directory that was down, a proxy that many log in through, a test of the login"}}
	return sig
}

// guessing states the case of a user.
func (d *bruteforce) guessing(f *dossier[target]) Signal {
	t := &f.state
	what := "password"
	if t.code {
		what = "one-time code"
	}
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 85, Score: float64(t.w), Threshold: d.h}
	sig.Title = fmt.Sprintf("{principal} tried %s on one account", count(t.secrets.Len(), "different "+what))
	if t.taken {
		sig.Severity, sig.Confidence = High, 95
		sig.Title = fmt.Sprintf("{principal} got into an account after %s", count(t.secrets.Len(), "wrong "+what))
	}
	sig.Expected = "People mistype a few times, then succeed, reset it or stop"
	sig.Observed = fmt.Sprintf("%d refusals of one account with %s, from %s", t.failures, count(t.secrets.Len(), "different "+what), addresses(t.sources.Len()))
	sig.Facts = []Fact{{"refusals", strconv.Itoa(t.failures)}, {"different tries", strconv.Itoa(t.secrets.Len())},
		{"addresses", strconv.Itoa(t.sources.Len())}, {"got in", yes(t.taken)},
		{"evidence, nats", fmt.Sprintf("%.1f of %.1f", sig.Score, sig.Threshold)}}
	return sig
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return strconv.Itoa(n) + " addresses"
}

// close tells the cases that have grown since they were last told.
func (d *bruteforce) close(dst []Signal) []Signal {
	dst = d.sources.close(dst)
	dst = d.targets.close(dst)
	dst = d.sprays.close(dst)
	return d.fleets.close(dst)
}
