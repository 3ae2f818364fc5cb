package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/inject"
)

// ssrf finds parameters that point the server somewhere it should not go for a client: a cloud's metadata, its own
// host, the hospital's inner network (CWE-918). Hospitals point servers at inner hosts all day: webhooks of FHIR
// subscriptions, canonical URLs, redirects after a login. So an inner host counts when one principal tries several,
// or where others only ever name outside ones; metadata and disguised addresses count at once.
type ssrf struct {
	scene    *scene
	profiles *lru[targetProfile]
	cases    *casebook[prober]
}

func newSSRF(s *scene) *ssrf {
	d := &ssrf{scene: s}
	d.profiles = newLRU(s.cfg.Profiles, func(t *targetProfile) bool { return t.outside < 3 && t.inner[0] == 0 }, nil)
	d.cases = newCasebook(s, s.cfg.Principals, d.describe)
	return d
}

func (*ssrf) Name() string { return "ssrf_param" }
func (*ssrf) Key() Key     { return ByPrincipal }

const (
	targetsAlarm = 3    // different inner hosts and ports that one principal names
	hooksAlarm   = 6    // where inner hosts are to be expected
	targetsTime  = hour // when they come within it
)

// targetProfile is where one parameter of one endpoint usually points.
type targetProfile struct {
	seen    clock.Time
	outside int       // values that pointed outside
	by      [2]uint64 // the first two who sent them
	inner   [2]uint64 // the first two who pointed inside and have no case
}

// prober is one who points servers at inner hosts.
type prober struct {
	hosts    [8]uint64 // the last different ones
	at       int
	times    [hooksAlarm]clock.Time // when the last different ones came, newest first
	seen     uint8                  // a bit for each inject.Target
	hidden   bool
	hooks    bool // all of them where inner hosts are to be expected
	first    bool // where others name outside hosts only
	followed int  // answered 2xx
	names    []string
}

// Forget frees those who have done nothing of the kind for a day.
func (d *ssrf) Forget(now clock.Time) {
	d.cases.forget(now, targetsTime)
	d.profiles.dropOldest(func(t *targetProfile) bool { return now-t.seen > contactHalf*2 })
}

func (d *ssrf) count(st *Stats) {
	st.EvictedProfiles += d.profiles.evicted
	d.cases.count(st)
}

// Observe folds one call.
func (d *ssrf) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued {
		return dst
	}
	var f *dossier[prober]
	for i := range c.Args {
		a := &c.Args[i]
		switch {
		case a.Look.Target == inject.Nowhere, a.Where == call.InHeader:
			continue
		case a.Look.Target == inject.Outside:
			if c.FHIR.Interaction == "" && !a.Look.Bare {
				d.outside(c, a)
			}
			continue
		}
		at := d.at(c, a)
		if at == quiet {
			continue
		}
		if f == nil {
			f = d.cases.of(callerKey(c))
			if f.calls > 0 && !f.open(d.scene.now) && d.scene.now-f.last > targetsTime {
				d.cases.drop(f)
			}
			f.state.hooks = f.state.hooks || f.calls == 0
		}
		f.state.point(a, at, d.scene.now)
	}
	if f == nil {
		return dst
	}
	if c.OK() {
		f.state.followed++
	}
	d.cases.note(f, c)
	if f.open(d.scene.now) || f.state.alarming(d.scene.now) {
		dst = d.cases.tell(dst, f, c)
	}
	return dst
}

// weight is how much a target says.
type weight uint8

const (
	quiet    weight = iota
	hooked          // an inner host where one may be expected
	inner           // an inner host
	stranger        // an inner host where others name outside ones
	plainly         // nothing honest points there
)

// at weighs the target of a value that does not point outside.
func (d *ssrf) at(c *call.Call, a *call.Arg) weight {
	l := &a.Look
	switch resource := c.FHIR.Interaction != "" && c.FHIR.Type != "Subscription"; {
	case l.Target == inject.Metadata, l.Target == inject.Loopback && l.Disguise, l.Target == inject.Private && l.Disguise:
		return plainly
	case l.Target == inject.OddScheme && !resource:
		return plainly
	case l.Bare || named(a.Name, namespaces[:]) || resource && a.Where == call.InBody:
		return quiet
	}
	key := c.Endpoint ^ a.Key*0x9e3779b97f4a7c15
	t := d.profiles.find(key)
	who := callerKey(c)
	if t != nil {
		for _, x := range t.inner {
			if x != 0 && x != who && d.innocent(x) {
				return quiet // colleagues do it too
			}
		}
	}
	usualOutside := t != nil && t.outside >= 3 && t.by[1] != 0 && t.inner[0] == 0
	if c.OK() && !usualOutside {
		t, _ = d.profiles.use(key)
		t.seen = d.scene.now
		if t.inner[0] == 0 || t.inner[0] == who {
			t.inner[0] = who
		} else {
			t.inner[1] = who
		}
	}
	switch {
	case usualOutside:
		return stranger
	case named(a.Name, hooks[:]):
		return hooked
	}
	return inner
}

// innocent tells whether nothing is held against who.
func (d *ssrf) innocent(who uint64) bool {
	f := d.cases.find(who)
	return f == nil || !f.open(d.scene.now) && f.calls < targetsAlarm
}

// outside learns that a parameter points outside.
func (d *ssrf) outside(c *call.Call, a *call.Arg) {
	if named(a.Name, namespaces[:]) || !c.OK() {
		return
	}
	t, _ := d.profiles.use(c.Endpoint ^ a.Key*0x9e3779b97f4a7c15)
	t.seen = d.scene.now
	t.outside++
	if who := callerKey(c); t.by[0] == 0 || t.by[0] == who {
		t.by[0] = who
	} else {
		t.by[1] = who
	}
}

// namespaces are the last words of names whose URLs name something and are not followed, or are followed by the
// browser: identifiers of FHIR, parameters of OAuth, and what a client says of itself.
var namespaces = [...]string{"system", "reference", "fullurl", "profile", "iss", "aud", "redirect_uri", "post_logout_redirect_uri",
	"issuer", "audience", "resource", "scope", "relaystate", "returnurl", "return_url", "referer", "referrer", "ref", "origin", "service",
	"instantiatescanonical", "definition", "code", "identifier", "namespace", "base", "baseurl", "client_id", "targetnamespace", "schemalocation", "xmlns"}

// hooks are the last words of names where an inner host is often meant.
var hooks = [...]string{"endpoint", "webhook", "callback", "callbackurl", "callback_url", "notifyurl", "notify_url", "hook"}

// named tells whether the last word of name is one of words.
func named(name string, words []string) bool {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		name = name[dot+1:]
	}
	if colon := strings.IndexByte(name, ':'); colon > 0 { // modifiers of a FHIR search, and prefixes of XML
		name = name[:colon]
	}
	for _, w := range words {
		if len(w) == len(name) && strings.EqualFold(w, name) {
			return true
		}
	}
	return false
}

// point notes a target.
func (s *prober) point(a *call.Arg, at weight, now clock.Time) {
	s.seen |= 1 << a.Look.Target
	s.hidden = s.hidden || a.Look.Disguise
	s.first = s.first || at >= stranger
	s.hooks = s.hooks && at == hooked
	if n := parameterName(a); len(s.names) < namesKept {
		known := false
		for _, x := range s.names {
			known = known || x == n
		}
		if !known {
			s.names = append(s.names, n)
		}
	}
	for _, x := range s.hosts {
		if x == a.Look.Host {
			return
		}
	}
	s.hosts[s.at%len(s.hosts)] = a.Look.Host
	s.at++
	copy(s.times[1:], s.times[:hooksAlarm-1])
	s.times[0] = now
}

// alarming tells whether what was seen is enough to speak.
func (s *prober) alarming(now clock.Time) bool {
	if s.first {
		return true
	}
	n := targetsAlarm
	if s.hooks {
		n = hooksAlarm
	}
	t := s.times[n-1]
	return t != 0 && now-t <= targetsTime
}

// describe states a case as it stands.
func (d *ssrf) describe(f *dossier[prober]) Signal {
	s := &f.state
	sig := Signal{Detector: "ssrf_param", Severity: Medium, Confidence: 75, Score: float64(s.at), Threshold: targetsAlarm}
	where := s.where()
	sig.Title = fmt.Sprintf("{principal} asked a server to fetch from %s, through %s", where, f.route())
	sig.Expected = "Parameters that a server follows name outside hosts, or the few inner ones that were agreed"
	sig.Observed = fmt.Sprintf("%s named %s in %s (%s), in %s; %d answered with success, %d refused", count(f.calls, "request"), count(s.at, "different destination"),
		plural("parameter", s.names), strings.Join(s.names, ", "), span(f.last-f.since), s.followed, f.refusals)
	if s.hidden {
		sig.Observed += "; addresses were written so as to hide them"
	}
	if s.followed > 0 && s.seen&(1<<inject.Metadata|1<<inject.OddScheme) != 0 || s.followed > 0 && s.hidden {
		sig.Severity, sig.Confidence = High, 90
	}
	sig.Facts = []Fact{{"targets", where}, {"different hosts and ports", strconv.Itoa(s.at)}, {"disguised", yes(s.hidden)},
		{"parameters", strings.Join(s.names, ", ")}, {"answered with success", strconv.Itoa(s.followed)}}
	return sig
}

// where names the targets seen.
func (s *prober) where() string {
	var out []string
	for _, t := range [...]struct {
		target inject.Target
		name   string
	}{
		{inject.Metadata, "the cloud's metadata service"}, {inject.OddScheme, "files and protocols other than HTTP"},
		{inject.Loopback, "its own host"}, {inject.Private, "the inner network"},
	} {
		if s.seen&(1<<t.target) != 0 {
			out = append(out, t.name)
		}
	}
	return listed(out)
}

// close states the cases that have grown since they last were.
func (d *ssrf) close(dst []Signal) []Signal { return d.cases.close(dst) }
