package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// exhaustion finds callers who ask for more than a server should have to give (CWE-770): requests hammered at one
// endpoint faster and longer than any page loads, and single requests made to be costly. People's programs ask in
// bursts: a page fetches a hundred things in seconds and then waits for its reader. So a burst must last, must be
// of one endpoint, and of what no list had just named.
type exhaustion struct {
	scene   *scene
	callers *lru[pace]
	norms   *lru[norm]
	limited stats.Set // servers that were seen to limit rates
	rush    *casebook[rush]
	costly  *casebook[costly]
}

// pace is how a caller has been asking lately.
type pace struct {
	last    clock.Time
	since   clock.Time // of the burst
	at      [2]uint64  // endpoints of the burst's last calls, newest first
	target  [2]uint64  // their targets
	w       float64
	calls   int     // in the burst
	held    int     // of them answered 429 or 503
	repeats int     // of them the same request again at once
	known   float64 // heaviest burst that was told
}

// norm is how heavy the two heaviest bursts of different callers on an endpoint were.
type norm struct {
	who [2]uint64
	w   [2]float64
}

// rush is what a case of pace states.
type rush struct {
	calls, held int
	burst, took clock.Time // since when, and how long
	w, h        float64
}

const (
	rushGap    = minute / 60     // longer gaps cool a burst
	rushEnd    = 2 * minute / 60 // and this ends it
	pageLoad   = 4 * minute / 60 // no page loads for longer
	rushH      = 12              // nats of a burst
	sameNats   = 0.35            // the same request again at once, a login, or an object that nothing had named
	writeNats  = 0.2             // a write: an outbox is emptied, a series is entered
	againNats  = 0.25            // another request of the same endpoint, of what was read before
	searchNats = 0.15            // another search there: people type on
	otherNats  = 0.12            // another there, of what a list had just named: its rows are filled in
	sameMost   = 30              // no page asks for one thing so often, however quickly it loads
	mixedNats  = 0.04            // of another endpoint
	quickly    = 4 * minute / 600
	peerPart   = 4 // a colleague's burst of a quarter says that such bursts are usual here
	machines   = 4 // how much heavier a burst of an API key or a certificate must be
	crowds     = 8 // and of an address of many
	rushAgain  = 4 // how much heavier than one that was told before
	heatLearns = 3 // nats from which a burst is a norm
)

func newExhaustion(s *scene) *exhaustion {
	d := &exhaustion{scene: s,
		callers: newLRU(s.cfg.Principals, func(p *pace) bool { return p.w <= 1 }, nil),
		norms:   newLRU(s.cfg.Endpoints, func(*norm) bool { return true }, nil)}
	d.rush = newCasebook(s, s.cfg.Suspects, d.describeRush)
	d.rush.severity = rushSeverity
	d.costly = newCasebook(s, s.cfg.Suspects, d.describeCostly)
	return d
}

func (*exhaustion) Name() string { return "resource_exhaustion" }
func (*exhaustion) Key() Key     { return ByPrincipal }

// Forget frees the pace of those who were silent for a week, and cases of a day.
func (d *exhaustion) Forget(now clock.Time) {
	d.callers.dropOldest(func(p *pace) bool { return now-p.last > contactHalf })
	d.rush.forget(now, day)
	d.costly.forget(now, day)
}

func (d *exhaustion) close(dst []Signal) []Signal { return d.costly.close(d.rush.close(dst)) }

func (d *exhaustion) count(st *Stats) {
	d.rush.count(st)
	d.costly.count(st)
	st.EvictedSuspects += d.callers.evicted
	st.EvictedProfiles += d.norms.evicted
}

// Observe folds one call.
func (d *exhaustion) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued || c.Flags&call.Health != 0 {
		return dst
	}
	if c.Answer.Limited || c.Status == 429 {
		if d.limited.Len() < d.scene.cfg.Endpoints {
			d.limited.Add(serverKey(c))
		}
	}
	if c.Principal.Service {
		return dst
	}
	if c.Asked > largePage || c.Graph.Depth > deepGraph || c.Graph.Aliases > manyAliases || c.Graph.Batch > manyBatch {
		dst = d.heavy(dst, c)
	}
	return d.beat(dst, c)
}

// image tells of the frames, tiles and pictures that viewers fetch by the hundred.
func image(c *call.Call) bool {
	for i := range c.Objects {
		if c.Objects[i].Sub {
			return true
		}
	}
	t := c.ContentType
	return len(t) > 5 && (t[0]|0x20 == 'i' && strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "application/dicom") ||
		strings.HasPrefix(t, "multipart/related") || strings.HasPrefix(t, "application/octet-stream") || strings.HasPrefix(t, "video/") ||
		strings.HasPrefix(t, "font/") || strings.HasPrefix(t, "text/css") || strings.Contains(t, "javascript"))
}

// beat weighs the pace of a caller.
func (d *exhaustion) beat(dst []Signal, c *call.Call) []Signal {
	s := d.scene
	key := callerKey(c)
	p, _ := d.callers.useBy(&s.seat().beat, key)
	gap := s.now - p.last
	p.last = s.now
	if gap >= rushEnd || p.calls == 0 {
		p.w, p.calls, p.held, p.repeats, p.since = 0, 1, 0, 0, s.now
		p.at, p.target = [2]uint64{c.Endpoint}, [2]uint64{}
		return dst
	}
	if image(c) {
		return dst
	}
	p.calls++
	if gap >= rushGap {
		p.w = max(0, p.w-1)
	}
	z := d.step(p, c, gap)
	p.w += z
	if p.w < heatLearns || z == 0 {
		return dst
	}
	usual := d.usual(c.Endpoint, key, p.w)
	if f := d.rush.find(key); f != nil && f.open(s.now) {
		d.rush.note(f, c)
		d.fill(&f.state, p)
		return d.rush.tell(dst, f, c)
	}
	h := d.limit(p, c, usual)
	if p.w < h/2 {
		return dst
	}
	f := d.rush.of(key)
	if f.state.burst != p.since {
		d.rush.drop(f)
		f.state.burst = p.since
	}
	d.rush.note(f, c)
	if p.w < h || s.now-p.since < pageLoad && p.repeats < sameMost {
		return dst
	}
	f.state.h = h
	d.fill(&f.state, p)
	p.known = max(p.known, p.w)
	dst = d.rush.tell(dst, f, c)
	return d.unlimited(dst, c, p)
}

func (d *exhaustion) fill(r *rush, p *pace) {
	r.calls, r.took, r.held, r.burst, r.w = p.calls, d.scene.now-p.since, p.held, p.since, p.w
}

// step is what one more call of a burst says, and remembers it.
func (d *exhaustion) step(p *pace, c *call.Call, gap clock.Time) float64 {
	target := text(c.Target)
	same := target == p.target[0] || target == p.target[1]
	near := c.Endpoint == p.at[0] || c.Endpoint == p.at[1]
	p.at[0], p.at[1] = c.Endpoint, p.at[0]
	p.target[0], p.target[1] = target, p.target[0]
	switch {
	case c.Status == 429:
		p.held++
		return 0
	case c.Status >= 500 || c.Status == 0:
		p.held++
		return mixedNats // who is not answered tries again
	case c.Status == 401 && c.Auth.Scheme == call.BasicAuth:
		return 0 // guesses, or many behind one address with an old password: auth_bruteforce tells them apart
	case c.Status == 401 && c.Flags&call.Login == 0:
		return mixedNats // a session that ended
	case c.Flags&call.Login != 0 && c.OK() && d.scene.p == nil && c.User != "" && c.Principal.Kind == call.Address:
		return otherNats // many may log in from one place
	case !near:
		return mixedNats
	case c.Flags&(call.Login|call.Reset) != 0:
		return sameNats
	case c.Flags&call.Create != 0:
		return mixedNats // lists are brought in so
	case c.Method != "GET" && c.Method != "HEAD" && c.Flags&(call.GraphQL|call.Search) == 0:
		return writeNats
	case same:
		if gap < quickly {
			p.repeats++
			return sameNats
		}
		return 0 // the progress of a job is asked for twice a second
	}
	if c.Flags&call.Search != 0 {
		return searchNats
	}
	z := otherNats
	for i := range d.scene.contacts {
		switch k := &d.scene.contacts[i]; {
		case k.list:
		case k.why == unexplained:
			return sameNats
		case k.why == again:
			z = againNats
		}
	}
	return z
}

// limit is how heavy a burst of this caller must be to be told.
func (d *exhaustion) limit(p *pace, c *call.Call, usual bool) float64 {
	h := float64(rushH)
	if usual {
		h *= peerPart
	}
	switch {
	case c.Principal.Shared:
		h *= crowds
	case c.Principal.Kind == call.APIKey || c.Principal.Kind == call.MTLS:
		h *= machines
	}
	if p.known > 0 {
		h = max(h, rushAgain*p.known)
	}
	return h
}

// usual tells whether others make such bursts on the endpoint, and remembers this one.
func (d *exhaustion) usual(endpoint, key uint64, w float64) bool {
	n, _ := d.norms.use(endpoint)
	switch {
	case n.who[0] == key:
		n.w[0] = max(n.w[0], w)
	case n.who[1] == key:
		n.w[1] = max(n.w[1], w)
	case n.who[0] == 0:
		n.who[0], n.w[0] = key, w
	case n.who[1] == 0:
		n.who[1], n.w[1] = key, w
	default:
		i := 0
		if n.w[1] < n.w[0] {
			i = 1
		}
		if w > n.w[i] {
			n.who[i], n.w[i] = key, w
		}
	}
	for i := range n.who {
		if n.who[i] != 0 && n.who[i] != key && n.w[i] >= float64(rushH)/peerPart {
			return true
		}
	}
	return false
}

// rushSeverity is low for a test of load, and for a burst that the server held back.
func rushSeverity(f *dossier[rush]) Severity {
	if 2*f.state.held >= f.state.calls || tester(f.accused.ID) {
		return Low
	}
	return Medium
}

// describeRush states a burst.
func (d *exhaustion) describeRush(f *dossier[rush]) Signal {
	r := &f.state
	sig := Signal{Detector: d.Name(), Severity: rushSeverity(f), Confidence: sureness(&f.accused, 75), Score: r.w, Threshold: r.h}
	sig.Title = fmt.Sprintf("{principal} sent %s in %s without a pause", count(r.calls, "request"), span(r.took))
	sig.Expected = "People's programs ask in short bursts, and wait for their reader after each; others here do"
	sig.Observed = fmt.Sprintf("%s in %s to the same endpoint, %s a second; %d were held back by the server", count(r.calls, "request"), span(r.took),
		rate(r.calls, r.took), r.held)
	sig.Facts = []Fact{{"requests in the burst", strconv.Itoa(r.calls)}, {"requests a second", rate(r.calls, r.took)}, {"held back", strconv.Itoa(r.held)}}
	return sig
}

// rate is n in took, a second.
func rate(n int, took clock.Time) string {
	return strconv.FormatFloat(float64(n)/max(1e-3, float64(took)/float64(minute/60)), 'f', 1, 64)
}

// tester tells an account made to test load, by the name that the hospital gave it.
func tester(id string) bool { return testers.in(id) != "" }

var testers = wordList{"loadtest", "load-test", "load_test", "perftest", "perf-test", "stresstest", "synthetic", "jmeter", "gatling", "locust"}

// unlimited says, once for a server, that it served a burst without ever limiting anyone.
func (d *exhaustion) unlimited(dst []Signal, c *call.Call, p *pace) []Signal {
	server := serverKey(c)
	if d.limited.Has(server) || p.held > 0 {
		return dst
	}
	d.limited.Add(server) // it is said once
	return d.scene.posture(dst, c, d.Name(), "no rate limit", func() Signal {
		return Signal{Severity: Low, Confidence: 60,
			Title:    "A server limits nobody's rate of requests",
			Expected: "Servers answer 429, or say their limit in RateLimit fields, long before this (RFC 6585 section 4)",
			Observed: fmt.Sprintf("%s in %s were all served, and no answer of this server ever named a limit", count(p.calls, "request"), span(d.scene.now-p.since))}
	})
}
