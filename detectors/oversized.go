package detectors

import (
	"fmt"
	"math/bits"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// oversized finds answers that hold too many people for what they answer (stream O). Bytes and records have
// tails that no threshold holds; distinct patients in one answer do (detection plan 1.4).
type oversized struct {
	scene     *scene
	endpoints *lru[endpoint]
}

func (*oversized) Name() string { return "oversized_phi" }
func (*oversized) Key() Key     { return ByEndpoint }

// Forget frees endpoints not used in 30 days: they are learned anew.
func (d *oversized) Forget(now clock.Time) {
	d.endpoints.dropOldest(func(e *endpoint) bool { return now-e.seen > 30*day })
}

func (d *oversized) count(st *Stats) {
	st.Endpoints += uint64(d.endpoints.len())
	st.EvictedEndpoints += d.endpoints.evicted
}

// endpoint is what the sizes of an endpoint's answers have been.
type endpoint struct {
	seen    clock.Time
	slot    uint8 // its place in profiles of use; profileSlots: none
	answers uint32
	crowds  uint32     // answers with more than one patient
	sizes   [24]uint32 // answers by log2 of patients
	cap     settled    // patients in a full page
	asked   settled    // page-size argument
}

// settled is a maximum that two principals agree on: one alone cannot raise it.
type settled struct {
	top, second int
	by          uint64
}

func (m *settled) learn(n int, who uint64) {
	switch {
	case m.by == who || m.by == 0:
		m.top, m.by = max(m.top, n), who
	case n > m.top:
		m.second, m.top, m.by = m.top, n, who
	default:
		m.second = max(m.second, n)
	}
}

// besides is the largest that someone other than who had.
func (m *settled) besides(who uint64) int {
	if m.by == who {
		return m.second
	}
	return m.top
}

func newEndpoints(s *scene) *lru[endpoint] {
	return newLRU(s.cfg.Endpoints, func(*endpoint) bool { return true }, nil)
}

// sizeClass is what kind of answer an endpoint gives.
type sizeClass uint8

const (
	unclassified sizeClass = iota
	single
	paged
	bulk
)

var sizeClasses = [...]string{"not yet known", "about one patient", "paged", "bulk"}

const (
	learnedAt  = 200 // answers after which an endpoint is known
	pageNormal = 100 // page size that anyone may ask for
	pageFew    = 50  // patients below which a large page-size argument did no harm
	mild       = 120 // patients in an answer that is large but not alarming by itself
	// mildHonest and mildAttack are the shares of such answers among the honest and in an attack.
	mildHonest, mildAttack = 0.005, 0.3
)

func (d *oversized) Observe(dst []Signal, c *call.Call) []Signal {
	s, p := d.scene, d.scene.p
	if !c.OK() || c.Endpoint == 0 {
		return dst
	}
	people := c.PHI.People
	e, fresh := d.endpoints.use(c.Endpoint)
	if fresh {
		e.slot = s.circles.slots
		s.circles.slots = min(s.circles.slots+1, profileSlots)
	}
	p.profile.use(e.slot)
	e.seen = s.now
	class := d.classify(e, c)
	limit := d.limit(e, class, p.key)
	why := ""
	usual := max(pageNormal, e.asked.besides(p.key))
	switch {
	case s.run != nil && s.run.why != "":
		why = s.run.why // what is too large stays so, and grows
	case p.service && class != single:
	case class == bulk && (people > exportPeople || c.FHIR.Operation == "$export" && people != 1) && p.bulk() == 0:
		why = whyBulk
	case people >= limit && class == single || people > limit:
		why = whyLimit
	case c.Asked > 3*usual && people >= pageFew:
		why = whyAsked
	}
	if class == bulk && people > exportPeople && p.bulk() == 0 {
		p.more().bulk = s.now
	}
	if large := people > d.mild(e) && !d.redrawn(c); why == "" && !p.service && people > 0 && s.run.weigh(large, !c.Running) {
		if p.excess.Add(mildSays(large)) >= s.h.excess {
			why = whyMild
		}
	}
	if why == "" && people > pageLarge && people > e.cap.besides(p.key) && p.person() && p.more().pull.take(s.now, s.newPeople, !c.Running) {
		why = whyPages
	}
	if why == "" && !c.Running {
		d.learn(e, c, people)
	}
	f := s.file(famSize)
	if f.until != 0 && !f.open(s.now) {
		s.close(f)
	}
	if why == "" {
		return dst
	}
	s.oversize = true
	if s.run != nil {
		s.run.why = why
	}
	s.note(f, c)
	name := uint64(0)
	for i := range c.Objects {
		o := &c.Objects[i]
		if o.Where != call.InResponse || !o.Patient || name != 0 && o.Param != name {
			continue // who is listed by id and by number is one
		}
		name = o.Param
		f.touch(c, &contact{Object: o, why: delivered})
	}
	f.largest(people)
	if f.open(s.now) {
		if f.grown(s.now) {
			f.until = s.now + silence
			dst = append(dst, s.restateSize(f))
		}
		return dst
	}
	severity := High
	switch {
	case why == whyBulk && c.Flags&call.Bulk == 0 && e.cap.besides(p.key)*2 >= people:
		severity = Low // others draw this report too
	case why == whyBulk && c.Flags&call.Bulk == 0:
		severity = Medium
	case why == whyMild || why == whyPages || why == whyAsked && people < mild || p.service:
		severity = Medium
	}
	kind := d.Name()
	if why == whyBulk {
		kind = "bulk_export"
	}
	sig := Signal{Detector: kind, Severity: severity, Confidence: p.confidence(85), Score: float64(people), Threshold: float64(limit)}
	sig = s.raise(f, sig)
	describeSize(&sig, c, class, why, usual)
	f.say(sig)
	f.spoken = true
	p.excess = 0
	if p.rare != nil {
		p.rare.pull = pull{}
	}
	return append(dst, sig)
}

// pull sums the patients that one person was newly given in large pages, one soon after the other. Each page may be
// of a size that is no alarm by itself; the same list drawn again gives nobody new.
type pull struct {
	last   clock.Time
	pages  int32
	people int32
}

const (
	pageLarge  = pageNormal     // patients past which a page is large
	pullGap    = 5 * minute     // from one page to the next
	pullPages  = 3              // of patients mostly new
	pullPeople = 5 * pageNormal // in all of them
)

// take folds a large page, larger than anybody else drew, that gave people not given before, and tells whether the
// pages together hold too many. A page told in parts is one, when it is whole.
func (u *pull) take(now clock.Time, people int, whole bool) bool {
	if people <= pageFew {
		return false
	}
	if now-u.last > pullGap {
		*u = pull{}
	}
	u.last = now
	if whole {
		u.pages++
	}
	u.people += int32(people)
	return u.pages >= pullPages && u.people >= pullPeople
}

// redrawn tells whether an answer lists mostly patients that its caller has been given before: a board that refreshes.
func (d *oversized) redrawn(c *call.Call) bool {
	if 4*d.scene.newPeople >= c.PHI.People {
		return false
	}
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Patient && o.Where == call.InResponse {
			return true
		}
	}
	return false
}

// mildSays is the log-likelihood ratio of an answer that is large but not alarming by itself, or of one that is not.
func mildSays(large bool) float64 {
	if large {
		return mildLarge
	}
	return mildSmall
}

var mildLarge, mildSmall = stats.Bernoulli(true, mildAttack, mildHonest), stats.Bernoulli(false, mildAttack, mildHonest)

// restateSize tells an open case again, larger.
func (s *scene) restateSize(f *casefile) Signal {
	sig := s.restate(f)
	sig.Title = fmt.Sprintf("{principal} got %s in %s", count(sig.People, "patient"), count(sig.Calls, "large answer"))
	f.say(sig)
	f.spoken = true
	return sig
}

// classify says what kind of answer this is: by the form of the call, then by what the endpoint has given.
func (d *oversized) classify(e *endpoint, c *call.Call) sizeClass {
	if c.Flags&call.Bulk != 0 || table(c) && c.PHI.People >= reportPeople {
		return bulk
	}
	if c.FHIR.Interaction == "read" || c.FHIR.Interaction == "vread" {
		return single
	}
	if d.about(c) {
		return single
	}
	switch {
	case c.Flags&call.PageStep != 0 || c.Asked > 0:
		return paged
	case e.answers >= learnedAt && uint64(e.crowds)*1000 <= uint64(e.answers):
		return single
	case e.answers >= learnedAt && e.cap.second > 1:
		return paged
	}
	return unclassified
}

const (
	exportPeople = 1  // patients past which a bulk answer is an export: $everything on one is a chart
	reportPeople = 50 // patients from which a table is a report to take away, not a screen
)

// table tells whether an answer is a file of rows: NDJSON or CSV, as reports and exports are.
func table(c *call.Call) bool {
	switch kind, _, _ := strings.Cut(c.ContentType, ";"); strings.TrimSpace(kind) {
	case "text/csv", "application/csv", "application/ndjson", "application/fhir+ndjson", "application/x-ndjson",
		"application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return true
	}
	return false
}

// about tells whether a call asks about one patient: its path names one, or its arguments do and ask for no page
// of a list, which a patient may merely begin.
func (d *oversized) about(c *call.Call) bool {
	named, path := 0, false
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Patient && o.Where != call.InResponse {
			named++
			path = path || o.Where == call.InPath
		}
	}
	return named == 1 && (path || c.Flags&call.PageStep == 0 && c.Asked == 0)
}

// limit is how many patients an answer of a class may hold.
func (d *oversized) limit(e *endpoint, class sizeClass, who uint64) int {
	switch class {
	case single:
		return d.scene.cfg.Single
	case paged:
		return max(d.scene.cfg.Unsized, 3*e.cap.besides(who))
	}
	return d.scene.cfg.Unsized
}

// mild is the size that one answer in a thousand of the endpoint passes, at least the shipped one.
func (d *oversized) mild(e *endpoint) int {
	if e.answers < 1000 {
		return mild
	}
	left := e.answers / 1000
	for i := len(e.sizes) - 1; i > 0; i-- {
		if e.sizes[i] > left {
			return max(mild, 1<<i)
		}
		left -= e.sizes[i]
	}
	return mild
}

// learn counts an answer that raised no alarm. A suspect teaches nothing.
func (d *oversized) learn(e *endpoint, c *call.Call, people int) {
	p := d.scene.p
	if p.accused(d.scene.now) {
		return
	}
	e.answers++
	if people > 1 {
		e.crowds++
	}
	e.sizes[min(len(e.sizes)-1, bits.Len(uint(max(0, people))))]++
	if people > 1 {
		e.cap.learn(people, p.key)
	}
	if c.Asked > 0 {
		e.asked.learn(c.Asked, p.key)
	}
}

// Reasons of an oversized answer.
const (
	whyBulk  = "bulk"
	whyLimit = "limit"
	whyAsked = "asked"
	whyMild  = "mild"
	whyPages = "pages"
)
