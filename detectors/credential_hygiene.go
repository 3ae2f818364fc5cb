package detectors

import (
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// hygiene tells, once for a server, of credentials that are kept carelessly: keys in URLs, keys that many machines
// share or that are never changed, tokens that live for ever or too long, people who log in without a second factor
// where others have one, scopes far wider than their use, session cookies that scripts and eavesdroppers can read.
// It accuses nobody (CWE-522, CWE-598, CWE-613, CWE-308, CWE-250, CWE-1004, CWE-614).
type hygiene struct {
	scene   *scene
	keys    *lru[apiKey]
	wide    *lru[wide]
	factors *lru[factors]
}

// apiKey is what is known of an API key: since when, and where it is used.
type apiKey struct {
	first, seen    clock.Time
	clients, tools stats.Set
}

// wide is the use of one principal's wide scope.
type wide struct {
	first, seen clock.Time
	typ         uint64 // the one type of resource it has read
	calls       int
	used        bool // it wrote, or read another type
}

// factors are the tokens of people on one server, with and without a second factor.
type factors struct {
	seen          clock.Time
	with, without stats.Set
}

// When use is careless.
const (
	keyClients = 5
	keyTools   = 2
	keyAge     = 90 * day
	wideCalls  = 200
	wideTime   = day
	factorsMin = 3 // who have a second factor
	factorless = 5 // and who have none
)

func newHygiene(s *scene) *hygiene {
	return &hygiene{scene: s,
		keys:    newLRU(s.cfg.Logins, func(k *apiKey) bool { return s.now-k.seen > keyAge }, nil),
		wide:    newLRU(s.cfg.Logins, func(w *wide) bool { return w.used }, nil),
		factors: newLRU(s.cfg.Doors, func(f *factors) bool { return s.now-f.seen > day }, nil)}
}

func (*hygiene) Name() string { return "credential_hygiene" }
func (*hygiene) Key() Key     { return ByEndpoint }

// Forget frees what has not been used for so long that nothing is said of it.
func (d *hygiene) Forget(now clock.Time) {
	d.keys.dropOldest(func(k *apiKey) bool { return now-k.seen > keyAge })
	d.wide.dropOldest(func(w *wide) bool { return now-w.seen > contactHalf })
	d.factors.dropOldest(func(f *factors) bool { return now-f.seen > contactHalf })
}

func (d *hygiene) count(st *Stats) {
	st.TokensShed += d.keys.evicted + d.wide.evicted
	st.EvictedProfiles += d.factors.evicted
}

// Observe folds one call.
func (d *hygiene) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued || !c.OK() {
		return dst
	}
	for i := range c.Handed {
		dst = d.cookie(dst, c, &c.Handed[i])
	}
	switch c.Principal.Kind {
	case call.APIKey:
		return d.key(dst, c)
	case call.JWT:
		return d.token(dst, c)
	}
	return dst
}

// cookie judges how a session cookie was set (RFC 6265 sections 4.1.2.5 and 4.1.2.6).
func (d *hygiene) cookie(dst []Signal, c *call.Call, h *call.Handed) []Signal {
	if h.Marks&call.IsCookie == 0 {
		return dst
	}
	if h.Marks&call.HTTPOnly == 0 {
		dst = d.scene.serverPosture(dst, c, d.Name(), "cookie for scripts", cookieForScripts)
	}
	if h.Marks&call.SecureOnly == 0 && c.Secure.Version != "" {
		dst = d.scene.serverPosture(dst, c, d.Name(), "cookie in the clear", cookieInClear)
	}
	return dst
}

// key judges the use of an API key.
func (d *hygiene) key(dst []Signal, c *call.Call) []Signal {
	if c.Auth.Scheme == call.KeyQuery {
		dst = d.scene.serverPosture(dst, c, d.Name(), "key in URL", keyInURL)
	}
	k, fresh := d.keys.use(c.Principal.Token)
	if fresh {
		k.first = c.Time
	}
	k.seen = c.Time
	if k.clients.Len() < keyClients && k.clients.Add(clientKey(c)) || k.tools.Len() < keyTools {
		k.tools.Add(text(c.UserAgent))
		if k.clients.Len() >= keyClients && k.tools.Len() >= keyTools {
			dst = d.scene.serverPosture(dst, c, d.Name(), "shared key", sharedKey)
		}
	}
	if c.Time-k.first >= keyAge {
		dst = d.scene.serverPosture(dst, c, d.Name(), "old key", oldKey)
	}
	return dst
}

// token judges a JWT.
func (d *hygiene) token(dst []Signal, c *call.Call) []Signal {
	m := c.Auth.Marks
	if m&call.NoExpiry != 0 {
		dst = d.scene.serverPosture(dst, c, d.Name(), "no expiry", noExpiry)
	}
	if m&call.LongLived != 0 {
		dst = d.scene.serverPosture(dst, c, d.Name(), "long-lived", longLived)
	}
	if c.Principal.Service {
		return dst
	}
	if m&call.SaysAMR != 0 {
		dst = d.second(dst, c)
	}
	if broad(c.Principal.Scope) {
		dst = d.scope(dst, c)
	}
	return dst
}

// second counts people's tokens that say how they logged in (amr, RFC 8176).
func (d *hygiene) second(dst []Signal, c *call.Call) []Signal {
	f, _ := d.factors.use(serverKey(c))
	f.seen = c.Time
	if c.Auth.Marks&call.SecondFact != 0 {
		if f.with.Len() < factorsMin {
			f.with.Add(c.Principal.Key)
		}
	} else if f.without.Len() < factorless {
		f.without.Add(c.Principal.Key)
	}
	if f.with.Len() >= factorsMin && f.without.Len() >= factorless {
		dst = d.scene.serverPosture(dst, c, d.Name(), "no second factor", noSecondFactor)
	}
	return dst
}

// broad is whether a scope grants everything there is (SMART App Launch 2.2, section 3.0.1).
func broad(scope string) bool {
	for at := 0; ; {
		i := strings.Index(scope[at:], "/*.")
		if i < 0 {
			return false
		}
		at += i + len("/*.")
		if rest := scope[at:]; strings.HasPrefix(rest, "*") || strings.HasPrefix(rest, "write") || strings.HasPrefix(rest, "cruds") {
			return true
		}
	}
}

// scope follows what a principal with a broad scope does with it.
func (d *hygiene) scope(dst []Signal, c *call.Call) []Signal {
	w, fresh := d.wide.use(c.Principal.Key)
	if fresh {
		w.first, w.typ = c.Time, text(c.FHIR.Type)
	}
	w.seen = c.Time
	if w.used {
		return dst
	}
	if c.Method != "GET" && c.Method != "HEAD" || text(c.FHIR.Type) != w.typ {
		w.used = true
		return dst
	}
	if w.calls++; w.calls >= wideCalls && c.Time-w.first >= wideTime {
		return d.scene.serverPosture(dst, c, d.Name(), "wide scope", wideScope)
	}
	return dst
}

// serverPosture is posture, but once for a server and class, whatever the endpoint.
func (s *scene) serverPosture(dst []Signal, c *call.Call, kind, class string, make func() Signal) []Signal {
	key := stats.Mix(serverKey(c)+1) ^ text(kind) ^ stats.Mix(text(class))
	if s.postures.told.Has(key) {
		return dst
	}
	n := len(dst)
	if dst = s.posture(dst, c, kind, class, make); len(dst) > n {
		s.postures.told.Add(key)
	}
	return dst
}

func careless(severity Severity, title, expected, observed string) Signal {
	return Signal{Severity: severity, Confidence: 80, Title: title, Expected: expected, Observed: observed}
}

func keyInURL() Signal {
	return careless(Low, "A server takes API keys in the URL", "Keys stand in a header: URLs are logged, kept in histories and sent on",
		"a key in the query, accepted")
}

func sharedKey() Signal {
	return careless(Low, "One API key is used by many machines", "Each program has a key of its own, so that it can be revoked alone",
		"one key from "+strconv.Itoa(keyClients)+" addresses or more and by different programs")
}

func oldKey() Signal {
	return careless(Low, "An API key has not been changed for 90 days", "Keys are rotated", "the same key is still accepted")
}

func noExpiry() Signal {
	return careless(Low, "A server takes tokens that never expire", "A token says when it ends (exp, RFC 7519 section 4.1.4)", "a token without exp, accepted")
}

func longLived() Signal {
	return careless(Informational, "A server takes tokens that live for more than a day", "Access tokens live for minutes to hours",
		"exp is more than a day after iat")
}

func noSecondFactor() Signal {
	return careless(Informational, "People log in without a second factor where others have one", "Who reads health data logs in with two factors",
		strconv.Itoa(factorless)+" people or more whose tokens name one (amr)")
}

func wideScope() Signal {
	return careless(Informational, "A token's scope is far wider than its use", "A scope grants what is used",
		"everything is granted; only reads of one type in "+strconv.Itoa(wideCalls)+" calls or more")
}

func cookieForScripts() Signal {
	return careless(Informational, "A session cookie can be read by scripts", "Session cookies are HttpOnly", "a session cookie without HttpOnly")
}

func cookieInClear() Signal {
	return careless(Low, "A session cookie may be sent in the clear", "Session cookies set over TLS are Secure", "a session cookie without Secure, set over TLS")
}
