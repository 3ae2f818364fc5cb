package detectors

import (
	"slices"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Engine takes every call in the total order, from one goroutine that owns it. First the pass by object says of
// each identifier named whether this is the principal's first contact with it and what explains it; then the
// detectors judge; then what the response delivered is remembered. Nothing of a call is kept but by cloning.
type Engine struct {
	scene     scene
	detectors []Detector // of calls that say who read what
	watchers  []Detector // of every call, logins and health checks too
}

// New makes an engine. The Config must be valid.
func New(cfg Config) *Engine {
	e := &Engine{}
	e.scene.init(cfg)
	e.detectors, e.watchers = List(&e.scene), Watchers(&e.scene)
	return e
}

// List names the detectors of who read what, in order. Size comes first: what an oversized answer delivered
// explains nothing.
func List(s *scene) []Detector {
	return []Detector{
		&oversized{scene: s, endpoints: newEndpoints(s)},
		newDistributed(s),
		&sequential{scene: s},
		&fanout{scene: s},
		newService(s),
		newTakings(s),
	}
}

// Watchers names the detectors that judge every call, in order. For a login or a health check the scene has no
// principal and no contacts.
func Watchers(s *scene) []Detector {
	logins, tokens, outside := newLogins(s), newTokenReuse(s), newDestination(s)
	return []Detector{
		newSmuggling(s),
		newMissingAuth(s), newWeakToken(s, tokens.uses), tokens, newHygiene(s),
		newBruteforce(s, logins), newSessions(s, logins, tokens.uses), newDefaultCredentials(s, logins), newAccountOracle(s, logins),
		newRecon(s),
		newExhaustion(s),
		newBFLA(s),
		newContext(s),
		newBreakGlass(s),
		newBulkWrite(s),
		newFlow(s),
		outside,
		newConsent(s),
		newInjection(s),
		newSSRF(s),
		newVerboseError(s), newCORS(s), newCleartext(s), newPHIInURL(s), newManagement(s), newExcessProperty(s), newMassAssignment(s),
		newShadow(s), newUnsafe(s, outside.local),
		newUserRules(s),
	}
}

// Observe folds one call and appends what the detectors say of it to dst. The signals hold nothing borrowed.
func (e *Engine) Observe(dst []Signal, c *call.Call) []Signal {
	s := &e.scene
	c = unproven(c)
	if c.Continued {
		s.stats.Parts++
	} else {
		s.stats.Calls++
		s.check.today.Calls++
	}
	s.now, s.copies.of = c.Time, nil
	n := len(dst)
	reads := c.Flags&(call.Health|call.Login) == 0 && c.Principal.Key != 0
	if reads {
		s.begin(c)
		for _, d := range e.detectors {
			dst = d.Observe(dst, c)
		}
	} else {
		s.p, s.run, s.contacts = nil, nil, s.contacts[:0]
	}
	for _, d := range e.watchers {
		dst = d.Observe(dst, c)
	}
	if reads {
		s.finish(c)
		s.part(c)
	}
	if len(dst) > n {
		s.stats.Signals += uint64(len(dst) - n)
		s.alarms(dst[n:])
	}
	return dst
}

// Forget frees what has been idle for longer than anything is remembered; it changes no verdict.
func (e *Engine) Forget(now clock.Time) {
	e.scene.principals.dropOldest(func(p *principal) bool { return now-p.seen > contactHalf*2 })
	for _, d := range slices.Concat(e.detectors, e.watchers) {
		d.Forget(now)
	}
}

// Stats is what was counted so far.
func (e *Engine) Stats() Stats {
	st := e.scene.stats
	st.Principals, st.EvictedPrincipals = uint64(e.scene.principals.len()), e.scene.principals.evicted
	st.Spaces, st.EvictedSpaces = uint64(e.scene.spaces.len()), e.scene.spaces.evicted
	st.Forms, st.EvictedForms = uint64(e.scene.forms.len()), e.scene.forms.evicted
	st.Blocks, st.EvictedBlocks = uint64(e.scene.blocks.len()), e.scene.blocks.evicted
	st.Ongoing, st.EvictedOngoing = uint64(e.scene.ongoing.len()), e.scene.ongoing.evicted
	st.RememberedVisits = uint64(e.scene.visits.len())
	st.OpenRuns = uint64(e.scene.runs)
	st.ThresholdRaise = e.scene.check.Raise
	for _, d := range slices.Concat(e.detectors, e.watchers) {
		if d, ok := d.(interface{ count(*Stats) }); ok { // a detector with tables of its own
			d.count(&st)
		}
	}
	return st
}

// Memories, in packet time.
const (
	minute        = clock.Time(time.Minute)
	hour          = clock.Time(time.Hour)
	day           = 24 * hour
	contactHalf   = 7 * day
	deliveredHalf = 12 * hour
	visitHalf     = 36 * hour
	silence       = day // of a family of findings after an alert; growth is still told
)
