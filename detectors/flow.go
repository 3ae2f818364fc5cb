package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// flow finds programs that run a business flow in a person's name: slots grabbed, codes sent, claims made (OWASP
// API6:2023). A person needs seconds to minutes for each, at uneven times; a program is quick, or as even as a clock.
type flow struct {
	*casebook[runner]
	kinds *lru[flowKind]
}

// flowKind is what the words of an endpoint's path make of it; a pure function of the path.
type flowKind struct {
	name  string
	known bool
	busy  [everybody]uint64 // callers who did a quarter of the alarm in ten minutes
}

// runner is one caller on one kind of flow.
type runner struct {
	kind    string
	times   [flowLeast]clock.Time // of the last ones, a ring
	n       int
	changes int          // of them, PUT and PATCH: ticking off a list
	numbers stats.Recent // whom codes were sent to
	sent    stats.Window
	people  int
	codes   bool
	took    clock.Time // of the last flowLeast
	even    bool
	patient uint64 // for whom, of a key's steps
	key     bool   // it is the key of a program
}

const (
	flowLeast  = 20
	flowWindow = 10 * minute
	// An interval of three seconds is quicker than any form is filled in.
	flowPace = 3 * minute / 60
	// evenShare is the coefficient of variation below which intervals are a clock's: people's are about 1.
	evenShare = 0.3
	breath    = 6 * minute / 60
	flowMany  = 100
	flowClerk = 60 // of flows that clerks finish by the dozen with one press
	codesMost = 10 // different numbers that one caller sends codes to
	codesTime = 5 * minute
)

func newFlow(s *scene) *flow {
	d := &flow{kinds: newLRU(s.cfg.Endpoints, func(*flowKind) bool { return true }, nil)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*flow) Name() string { return "business_flow_abuse" }
func (*flow) Key() Key     { return ByPrincipal }

func (d *flow) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedProfiles += d.kinds.evicted
}

// Observe folds one call. Only what succeeds and changes something is a step of a flow; a login is none.
func (d *flow) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Method != "POST" && c.Method != "PUT" && c.Method != "PATCH" || !c.OK() || c.Continued || !human(c) || c.Flags&(call.Health|call.Token) != 0 {
		return dst
	}
	program, patient := c.Principal.Kind == call.APIKey || c.Principal.Kind == call.MTLS, uint64(0)
	if program {
		// A kiosk or an interface books for one after another. Who takes slot after slot for the same patient grabs them.
		if patient = d.scene.patient(); patient == 0 {
			return dst
		}
	}
	kind, _ := d.kinds.use(c.Endpoint)
	if !kind.known {
		kind.known, kind.name = true, flows.in(c.Route)
		if strings.Contains(c.Route, "search") || strings.Contains(c.Route, "validate") || strings.Contains(c.Route, "verify") {
			kind.name = "" // asks, and changes nothing
		}
	}
	if kind.name == "" || program && grabbed.in(kind.name) == "" {
		return dst
	}
	s, key := d.scene, callerKey(c)
	f := d.of(key ^ stats.Mix(text(kind.name)))
	p := &f.state
	if p.key = program; patient != p.patient {
		if !f.open(s.now) {
			d.drop(f)
		}
		p.key, p.patient = program, patient
	}
	p.kind = kind.name
	p.codes = kind.name == "otp" || kind.name == "sms"
	p.times[p.n%flowLeast] = s.now
	p.n++
	if c.Method != "POST" {
		p.changes++
	}
	if p.codes {
		p.number(s, c)
	}
	if !f.open(s.now) && p.n > 1 && s.now-p.times[(p.n-2+flowLeast)%flowLeast] > flowWindow {
		*p = runner{kind: p.kind, key: p.key, patient: p.patient, codes: p.codes, numbers: p.numbers, sent: p.sent, people: p.people, n: 1, times: [flowLeast]clock.Time{s.now}}
		s.close(&f.casefile)
	}
	d.note(f, c)
	if p.n >= flowLeast/4 && s.now-p.times[(p.n-flowLeast/4+flowLeast)%flowLeast] < flowWindow/4 && crowded(&kind.busy, key) && !p.codes {
		return dst // such runs are usual here
	}
	if f.open(s.now) || p.automatic(s.now) || p.codes && p.sent.Sum(s.now, codesTime) >= codesMost {
		return d.tell(dst, f, c)
	}
	return dst
}

// patient is a key of the first patient that the request names, or 0.
func (s *scene) patient() uint64 {
	for i := range s.contacts {
		if s.contacts[i].Patient {
			return s.contacts[i].Key
		}
	}
	return 0
}

// number remembers whom a code was sent to: the first argument that is a number or an address.
func (p *runner) number(s *scene, c *call.Call) {
	for i := range c.Args {
		if a := &c.Args[i]; a.Len >= 6 && recipients.in(a.Name) != "" {
			if fresh, _ := p.numbers.Add(a.Value, s.now, codesTime, strayedMost); fresh {
				p.sent.Add(s.now, codesTime, 1)
				p.people++
			}
			return
		}
	}
}

// automatic tells whether the last steps were too quick or too even for a person.
func (p *runner) automatic(now clock.Time) bool {
	if p.n < flowLeast {
		return false
	}
	oldest := p.times[p.n%flowLeast]
	p.took = now - oldest
	if p.took > flowWindow {
		return false
	}
	if (p.key || clerks.in(p.kind) != "" || 2*p.changes > p.n) && p.n < flowClerk {
		return false
	}
	if p.took < flowPace*(flowLeast-1) {
		p.even = false
		// What is sent in one breath was written before: an outbox, a series of weekly appointments.
		return p.took > breath || p.n >= flowMany && !p.key
	}
	// Coefficient of variation by integers: sum of squares against the square of the sum.
	var sum, squares int64
	for i := 1; i < flowLeast; i++ {
		g := int64(p.times[(p.n+i)%flowLeast]-p.times[(p.n+i-1)%flowLeast]) / 1e6
		sum += g
		squares += g * g
	}
	n := int64(flowLeast - 1)
	// variance / mean^2 < evenShare^2, with both sides times (sum/n)^2 * n
	p.even = float64(n*squares-sum*sum) < evenShare*evenShare*float64(sum*sum)
	return p.even
}

// flows are the words of flows worth automating, in the singular; the first that a path has is its kind.
var flows = wordList{"appointment", "slot", "booking", "otp", "sms", "claim", "prescription", "refill", "consent", "referral", "registration", "waitlist",
	"invoice", "payment", "coupon", "vaccination"}

// clerks are those that clerks and clinicians do by the dozen.
var clerks = wordList{"claim", "prescription", "referral", "registration", "invoice", "vaccination", "consent", "payment"}

// grabbed are those that are scarce: places in a calendar.
var grabbed = wordList{"appointment", "slot", "booking", "waitlist", "vaccination"}

var recipients = wordList{"phone", "mobile", "msisdn", "email", "contact", "recipient", "abha", "aadhaar", "loginid", "number", "to", "identifier"}

// describe states a caller's case.
func (d *flow) describe(f *dossier[runner]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 70), Score: float64(p.n), Threshold: flowLeast}
	sig.Title = fmt.Sprintf("{principal} ran %s of a flow (%s) like a program", count(p.n, "step"), p.kind)
	sig.Expected = "People take seconds to minutes for each, at uneven times; a kiosk or an interface should be known as a service"
	sig.Observed = fmt.Sprintf("%s that succeeded, the last %d in %s", count(p.n, "step"), min(p.n, flowLeast), span(p.took))
	if p.even {
		sig.Observed += ", at even intervals"
	}
	if p.key {
		sig.Observed += ", all for one patient"
	}
	if p.codes && p.people >= codesMost {
		sig.Title = fmt.Sprintf("{principal} had codes sent to %s", count(p.people, "different recipient"))
		sig.Observed = fmt.Sprintf("%s for codes to %s", count(p.n, "request"), count(p.people, "recipient"))
		sig.Score, sig.Threshold = float64(p.people), codesMost
	}
	sig.Facts = []Fact{{"flow", p.kind}, {"steps", strconv.Itoa(p.n)}, {"recipients", strconv.Itoa(p.people)}, {"even intervals", yes(p.even)}}
	return sig
}
