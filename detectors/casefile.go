package detectors

import (
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

const (
	maxEvidence = 10
	maxPatients = 20
)

// casefile gathers what a finding would tell, from the first step of a suspicion on: its counts, its first calls
// and whom it touched. It is emptied when the suspicion falls to nothing.
type casefile struct {
	since      clock.Time
	last       clock.Time
	until      clock.Time // of the silence after an alert
	calls      int
	refusals   int
	deletes    int // calls that deleted
	delivered  int
	peer       int
	reasonless int
	patient    bool       // it named patients
	walked     bool       // it is a walk, not only refusals
	spoken     bool       // whether it was told at all
	most       int        // patients in the largest answer
	given      int        // patients that searches delivered, when that is what the case is about
	order      call.Order // of its last call
	client     packet.Addr
	objects    stats.Distinct
	people     stats.Distinct
	evidence   *[maxEvidence]*kept // nil until a call was kept
	kept       int                 // of them
	patients   []string
	path       string // the route, once it was asked for
	endpoint   uint64
	words      *words // nil until it is told
}

// words are what few cases need, for few are ever told.
type words struct {
	signal Signal  // as last sent, to be told again with larger counts
	told   counts  // what was last told of it
	usual  string  // how many patients colleagues open, when that is what the case is about
	facts  []Fact  // that stay as they were when it was first told
	step   int64   // of the walk
	shape  string  // of the walk, in words
	fill   float64 // share of the range that was asked for
}

// tells are the words of the case, which it has from now on.
func (f *casefile) tells() *words {
	if f.words == nil {
		f.words = new(words)
	}
	return f.words
}

// counts are the numbers of a case that grow.
type counts struct{ calls, objects, people int }

// now are the numbers as they stand.
func (f *casefile) now() counts {
	return counts{f.calls, f.objects.Len(), max(f.people.Len(), f.most, f.given)}
}

// most is the largest of them.
func (n counts) most() int { return max(n.calls, n.objects, n.people) }

// largest keeps the number of patients of the largest answer.
func (f *casefile) largest(people int) { f.most = max(f.most, people) }

// open tells whether the case has been alerted and is still within its silence.
func (f *casefile) open(now clock.Time) bool { return now < f.until }

// close forgets a suspicion that came to nothing.
func (s *scene) close(f *casefile) {
	if f.calls == 0 {
		return
	}
	if f.kept > 0 {
		s.runs--
	}
	for f.kept > 0 {
		s.copies.drop(f)
	}
	f.objects.Clear()
	f.people.Clear()
	*f = casefile{objects: f.objects, people: f.people, evidence: f.evidence}
}

// release frees what a principal held.
func (s *scene) release(p *principal) {
	for i, f := range p.cases {
		if f != nil {
			s.close(f)
			p.cases[i] = nil
		}
	}
}

// file is the case of the principal at hand in a family of findings. An empty one is put away when the call is done.
func (s *scene) file(of family) *casefile {
	f := s.p.cases[of]
	if f == nil {
		if f = s.spare[of]; f == nil {
			f = &casefile{}
		}
		s.p.cases[of], s.spare[of] = f, nil
	}
	return f
}

// putAway takes the cases from p that hold nothing.
func (s *scene) putAway(p *principal) {
	for i, f := range p.cases {
		if f != nil && f.calls == 0 {
			p.cases[i], s.spare[i] = nil, f
		}
	}
}

// tidy ends the suspicions against p that came to nothing.
func (s *scene) tidy(p *principal) {
	idle := [families]bool{famFanout: p.contactHeat() <= 0, famWalk: p.walkHeat() <= 0}
	for i, f := range p.cases {
		if f != nil && idle[i] && f.until == 0 && s.now-f.last > hour {
			s.close(f)
		}
	}
	s.putAway(p)
}

// note adds a call to the case.
func (s *scene) note(f *casefile, c *call.Call) {
	if f.calls == 0 {
		f.since = c.Start
		if f.since == 0 {
			f.since = c.Time
		}
		f.endpoint = c.Endpoint
		f.path = "" // until its first call is copied, or is not
	}
	f.last = c.Time
	f.order, f.client = c.Order, c.Client.Addr
	if s.noted(f) {
		return
	}
	f.calls++
	if c.Refused() {
		f.refusals++
	}
	if c.Method == "DELETE" {
		f.deletes++
	}
	if f.kept < maxEvidence {
		if f.kept == 0 {
			if s.runs >= s.cfg.Runs {
				s.stats.RunsRefused++
				f.name(c)
				return
			}
			s.runs++
		}
		s.keep(f, c)
	}
	f.name(c)
}

// name takes the route of the first call of the case when no call of it is kept, as a string of its own.
func (f *casefile) name(c *call.Call) {
	if f.path == "" && f.kept == 0 {
		f.path = c.Method + " " + c.Route
	}
}

// route is the method and the template of the first call of the case.
func (f *casefile) route() string {
	if f.path == "" && f.kept > 0 {
		f.path = f.evidence[0].route()
	}
	return f.path
}

// noted is whether the exchange at hand is in the case already by an earlier part of it, and from now on it is.
func (s *scene) noted(f *casefile) bool {
	if s.run == nil || s.p == nil {
		return false
	}
	for i := range s.p.cases {
		if f == s.p.cases[i] {
			was := f.calls > 0 && s.run.noted[i] == f.since
			s.run.noted[i] = f.since
			return was
		}
	}
	return false
}

// touch adds what the call named to the case; people are counted when health data came back.
func (f *casefile) touch(c *call.Call, k *contact) {
	if !f.objects.Add(k.Key) && f.objects.Len() <= maxPatients {
		return
	}
	switch k.why {
	case delivered, created:
		f.delivered++
	case byPeer, arrived:
		f.peer++
	case unexplained:
		f.reasonless++
	}
	f.patient = f.patient || k.Patient
	if k.Patient && c.OK() {
		f.people.Add(k.Key)
	}
	if len(f.patients) < maxPatients {
		f.patients = append(f.patients, strings.Clone(k.ID))
	}
}

// raise makes the case's signal. The slices in it are never written to again.
func (s *scene) raise(f *casefile, sig Signal) Signal {
	f.until = s.now + silence
	sig.Principal = s.p.who
	sig.Endpoint, sig.Route = f.endpoint, f.route()
	f.say(sig)
	return s.restate(f)
}

// restate is the case's signal with today's numbers, as of its last call.
func (s *scene) restate(f *casefile) Signal {
	sig := f.said()
	sig.Order = f.order
	sig.Client = f.client.IP().String()
	sig.Since = f.since
	n := f.now()
	sig.Calls, sig.Objects, sig.People, sig.Refusals = n.calls, n.objects, n.people, f.refusals
	sig.Evidence = f.shown()
	sig.Patients = f.patients[:len(f.patients):len(f.patients)]
	f.tells().told = n
	return sig
}

// say keeps the signal of the case.
func (f *casefile) say(sig Signal) {
	f.tells().signal = sig
}

// gravity is how grave the case was last told to be.
func (f *casefile) gravity() Severity {
	if f.words == nil {
		return 0
	}
	return f.words.signal.Severity
}

// said is the signal of the case as it was last kept.
func (f *casefile) said() Signal {
	if f.words == nil {
		return Signal{}
	}
	return f.words.signal
}

// lastTold is what was last told of it.
func (f *casefile) lastTold() counts {
	if f.words == nil {
		return counts{}
	}
	return f.words.told
}

// grown tells whether an open case has doubled since it was last told.
func (f *casefile) grown(now clock.Time) bool {
	return f.open(now) && f.now().most() >= 2*f.lastTold().most()
}

// more tells whether an open case that was told has grown at all since.
func (f *casefile) more(now clock.Time) bool {
	return f.spoken && f.open(now) && f.now() != f.lastTold()
}

// clonePrincipal copies the strings of p.
func clonePrincipal(p *call.Principal) call.Principal {
	q := *p
	q.ID, q.Issuer, q.Client = strings.Clone(p.ID), strings.Clone(p.Issuer), strings.Clone(p.Client)
	q.Role, q.Scope = strings.Clone(p.Role), strings.Clone(p.Scope)
	return q
}
