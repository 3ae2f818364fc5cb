package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// smuggling finds clients whose bytes read two ways: requests that a front end and a server would delimit
// differently (CWE-444, HTTP desync), and segments that were sent twice with different bytes, so that a watcher
// sees another text than the server (Ptacek and Newsham 1998). It speaks of the client, not of the principal: the
// credential of such a request may be anybody's. A server's own faulty answers say nothing about its client.
type smuggling struct {
	scene   *scene
	clients *lru[smuggler]
}

func newSmuggling(s *scene) *smuggling {
	return &smuggling{scene: s, clients: newLRU(s.cfg.Principals,
		func(m *smuggler) bool { return !m.cases[desync].open(s.now) && !m.cases[evasion].open(s.now) },
		func(m *smuggler) {
			for i := range m.cases {
				s.close(&m.cases[i])
			}
		})}
}

func (*smuggling) Name() string { return "request_smuggling" }
func (*smuggling) Key() Key     { return ByClient }

// Forget frees clients that have done nothing of the kind for longer than an alert is silent.
func (d *smuggling) Forget(now clock.Time) {
	d.clients.dropOldest(func(m *smuggler) bool { return now-m.seen > silence })
}

func (d *smuggling) count(st *Stats) { st.EvictedSuspects += d.clients.evicted }

// smuggler is a client that has sent bytes with two readings.
type smuggler struct {
	seen  clock.Time
	times [doubtsAlarm]clock.Time // of its last ambiguous requests, newest first
	cases [2]casefile
	forms http.Marks // met so far
	proof bool       // one of them held another request
}

// The two cases of a client.
const (
	desync = iota
	evasion
)

const (
	doubtsAlarm = 3           // ambiguous requests without proof that are no accident
	doubtsTime  = 10 * minute // when they come within it
)

// Observe folds one call. It asks for nothing but marks and the client, so any call will do, a login too.
func (d *smuggling) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Marks&(http.Ambiguous|http.Conflict) == 0 || c.Continued {
		return dst
	}
	m, _ := d.clients.use(clientKey(c))
	m.seen = d.scene.now
	if c.Marks&http.Ambiguous != 0 {
		dst = d.ambiguous(dst, m, c)
	}
	if c.Marks&http.Conflict != 0 {
		dst = d.conflict(dst, m, c)
	}
	return dst
}

// ambiguous judges a request with two readings: one with proof at once, others when they repeat.
func (d *smuggling) ambiguous(dst []Signal, m *smuggler, c *call.Call) []Signal {
	s, f := d.scene, &m.cases[desync]
	if !f.open(s.now) && f.calls > 0 && (f.until != 0 || s.now-f.last > doubtsTime) {
		s.close(f)
		m.forms, m.proof = 0, false
	}
	proof := c.Marks&http.Smuggled != 0
	news := proof && !m.proof
	m.proof = m.proof || proof
	m.forms |= c.Marks
	copy(m.times[1:], m.times[:doubtsAlarm-1])
	m.times[0] = s.now
	s.note(f, c)
	often := m.times[doubtsAlarm-1] != 0 && s.now-m.times[doubtsAlarm-1] <= doubtsTime
	if f.open(s.now) && !news && !f.grown(s.now) || !f.open(s.now) && !proof && !often {
		return dst
	}
	d.name(f, c)
	return append(dst, d.desync(m))
}

// desync states the case of a client's ambiguous requests as it stands.
func (d *smuggling) desync(m *smuggler) Signal {
	f := &m.cases[desync]
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 70, Score: float64(f.calls), Threshold: doubtsAlarm}
	sig.Title = fmt.Sprintf("{principal} sent %s that two servers would read differently", count(f.calls, "request"))
	sig.Observed = fmt.Sprintf("%s whose length or end is ambiguous (%s)", count(f.calls, "request"), forms(m.forms))
	if m.proof {
		sig.Severity, sig.Confidence = High, 90
		sig.Title = fmt.Sprintf("{principal} hid a request inside another, in %s", count(f.calls, "ambiguous request"))
		sig.Observed += "; by the other reading another request begins inside"
	}
	sig.Expected = "Clients delimit each request in one way only"
	sig.Facts = []Fact{{"forms", forms(m.forms)}, {"hidden request", yes(m.proof)}, {"refused", strconv.Itoa(f.refusals)}}
	return d.raise(f, sig)
}

// conflict judges a call of which bytes were sent twice with different values. TCP repeats what it sent: a sender
// who changes it lies to someone.
func (d *smuggling) conflict(dst []Signal, m *smuggler, c *call.Call) []Signal {
	s, f := d.scene, &m.cases[evasion]
	if f.until != 0 && !f.open(s.now) {
		s.close(f)
	}
	s.note(f, c)
	if f.open(s.now) && !f.grown(s.now) {
		return dst
	}
	d.name(f, c)
	return append(dst, d.evasion(m))
}

// evasion states the case of a client's conflicting retransmissions as it stands.
func (d *smuggling) evasion(m *smuggler) Signal {
	f := &m.cases[evasion]
	sig := Signal{Detector: "desync_evasion", Severity: Medium, Confidence: 60, Score: float64(f.calls), Threshold: 1}
	sig.Title = fmt.Sprintf("{principal} made %s of which the same bytes were sent twice with different values", count(f.calls, "call"))
	sig.Expected = "TCP retransmits what was sent, unchanged (RFC 9293 section 3.8.1)"
	sig.Observed = fmt.Sprintf("%s with conflicting retransmissions: a watcher and the server may have read different texts", count(f.calls, "call"))
	sig.Facts = []Fact{{"conflicting calls", strconv.Itoa(f.calls)}}
	return d.raise(f, sig)
}

// close states the cases that have grown since they last were.
func (d *smuggling) close(dst []Signal) []Signal {
	d.clients.each(func(m *smuggler) {
		if m.cases[desync].more(d.scene.now) {
			dst = append(dst, d.desync(m))
		}
		if m.cases[evasion].more(d.scene.now) {
			dst = append(dst, d.evasion(m))
		}
	})
	return dst
}

// name puts a name on a case that opens. Who is named first stays named, so that one client's doings are one
// incident whatever credentials it shows.
func (d *smuggling) name(f *casefile, c *call.Call) {
	if !f.open(d.scene.now) {
		sig := f.said()
		sig.Principal = clonePrincipal(&c.Principal)
		f.say(sig)
	}
	f.until = d.scene.now + silence
}

// raise makes the case's signal.
func (d *smuggling) raise(f *casefile, sig Signal) Signal {
	sig.Principal = f.said().Principal
	sig.Endpoint, sig.Route = f.endpoint, f.route()
	f.say(sig)
	f.spoken = true
	return d.scene.restate(f)
}

// forms names the oddities that give a request two readings.
func forms(m http.Marks) string {
	var out []string
	for _, f := range [...]struct {
		mark http.Marks
		name string
	}{
		{http.TEAndCL, "Transfer-Encoding beside Content-Length"}, {http.DuplicateCL, "differing Content-Lengths"},
		{http.UnknownTE, "unknown transfer coding"}, {http.BadChunk, "malformed chunk"}, {http.ObsFold, "folded field"},
		{http.BareLF, "bare line feed"}, {http.BadHeader, "malformed field"}, {http.HostConflict, "two hosts"},
	} {
		if m&f.mark != 0 {
			out = append(out, f.name)
		}
	}
	if len(out) == 0 {
		return "content length"
	}
	return strings.Join(out, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
