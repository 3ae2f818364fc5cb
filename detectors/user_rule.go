package detectors

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"auscult/detectors/rules"
	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// userRules judges calls by the operator's own rules. Each rule has a case for each principal, client or endpoint that
// it is about. An exchange that is told in parts is judged once, at its end, when its sizes are whole.
type userRules struct {
	*casebook[ruled]
	set     *rules.Set // nil without rules
	windows *lru[window]
	entries int // in all windows
}

// ruled is what one rule has against one key.
type ruled struct {
	rule   int
	amount int64 // in the window, when it was last told
}

func newUserRules(s *scene) *userRules {
	d := &userRules{}
	d.set, _ = rules.Compile(s.cfg.Rules) // Validate has said so if they are wrong
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	d.windows = newLRU(s.cfg.Suspects, func(*window) bool { return true }, func(w *window) { d.entries -= w.entries() })
	return d
}

func (*userRules) Name() string { return "user_rule" }
func (*userRules) Key() Key     { return ByPrincipal }

func (d *userRules) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedSuspects += d.windows.evicted
}

// Forget frees the windows that have passed, and the cases in which nothing has happened for a day.
func (d *userRules) Forget(now clock.Time) {
	d.windows.dropOldest(func(w *window) bool { return now-w.seen > 7*day })
	d.forget(now, day)
}

// Observe asks every rule about one call.
func (d *userRules) Observe(dst []Signal, c *call.Call) []Signal {
	if d.set == nil || c.Running {
		return dst
	}
	d.set.Look(c)
	for i := range d.set.Rules {
		switch d.set.Fits(i) {
		case rules.Yes:
			dst = d.fits(dst, i, c)
		case rules.Costly:
			d.scene.stats.RulesStopped++
		case rules.Failed:
			d.scene.stats.RulesFailed++
		}
	}
	return dst
}

// fits judges a call that rule i is about.
func (d *userRules) fits(dst []Signal, i int, c *call.Call) []Signal {
	r := &d.set.Rules[i]
	key := stats.Mix(text(r.Name)) ^ perKey(r.Per, c)
	amount := int64(0)
	if r.Window > 0 {
		w, _ := d.windows.use(key)
		w.seen = d.scene.now
		before := w.entries()
		w.add(r, c, d.scene.now)
		d.entries += w.entries() - before
		for d.entries > d.scene.cfg.RuleEntries {
			d.windows.evict()
		}
		amount = w.amount(r, d.scene.now)
		if 2*amount < int64(r.AtLeast) { // too early to keep evidence
			if f := d.find(key); f != nil && !f.open(d.scene.now) {
				d.drop(f)
			}
			return dst
		}
	}
	f := d.of(key)
	f.state.rule = i
	f.state.amount = amount
	d.note(f, c)
	f.largest(c.PHI.People)
	if amount < int64(r.AtLeast) {
		return dst
	}
	accused := *c
	if r.Per == "endpoint" {
		accused.Principal = call.Principal{}
	}
	return d.tell(dst, f, &accused)
}

// perKey is the key of whom a rule is about.
func perKey(per string, c *call.Call) uint64 {
	switch per {
	case "client":
		return clientKey(c)
	case "endpoint":
		return c.Endpoint
	}
	return callerKey(c)
}

// describe states a case in the words of its rule.
func (d *userRules) describe(f *dossier[ruled]) Signal {
	r := &d.set.Rules[f.state.rule]
	sig := Signal{Detector: d.Name(), Severity: Severity(r.Grade()), Confidence: 80, Title: r.Title,
		Expected: "No calls that fit the operator's rule " + r.Name}
	who := "{principal}"
	if r.Per == "endpoint" {
		who = f.route()
	}
	switch {
	case sig.Title == "":
		sig.Title = fmt.Sprintf("%s: %s that the rule %s is about", who, count(f.calls, "call"), r.Name)
	case strings.Contains(sig.Title, "{principal}"):
		sig.Title = "Rule " + r.Name + ": " + sig.Title
	default:
		sig.Title = fmt.Sprintf("Rule %s: %s (%s)", r.Name, sig.Title, who)
	}
	if r.Per == "endpoint" {
		sig.Title = strings.ReplaceAll(sig.Title, "{principal}", f.route())
	}
	if r.Reason != "" {
		sig.Expected = r.Reason
	}
	sig.Observed = count(f.calls, "call") + " that fit"
	sig.Facts = []Fact{{"rule", r.Name}}
	if r.Window > 0 {
		sig.Score, sig.Threshold = float64(f.state.amount), float64(r.AtLeast)
		sig.Observed = fmt.Sprintf("%d %s within %v", f.state.amount, r.Counts(), r.Window)
		sig.Facts = append(sig.Facts, Fact{r.Counts(), strconv.FormatInt(f.state.amount, 10)}, Fact{"at least", strconv.Itoa(r.AtLeast)})
	}
	return sig
}

// window counts what one rule counts for one key, over the time of the rule that ends now. It holds no more than the
// rule asks for: of things that are told apart the last AtLeast, of calls the times of the last AtLeast. Sums are kept in
// parts of a thirty-second of the window, and so reach back a little less far.
type window struct {
	seen  clock.Time
	times []clock.Time // of calls, a ring
	next  int
	last  *lru[clock.Time] // when each thing was last seen, newest first
	parts [windowParts]int64
	part  int64 // the number of the newest
}

const windowParts = 32

// entries is what the window holds.
func (w *window) entries() int {
	if w.last != nil {
		return w.last.len()
	}
	return len(w.times)
}

// add counts a call.
func (w *window) add(r *rules.Rule, c *call.Call, now clock.Time) {
	switch r.Counts() {
	case "patients", "objects":
		if w.last == nil {
			w.last = newLRU(r.AtLeast, anyTime, nil)
		}
		for i := range c.Objects {
			if o := &c.Objects[i]; counted(o, r.Counts() == "patients") {
				t, _ := w.last.use(o.Key)
				*t = now
			}
		}
		oldest := now - clock.Time(r.Window)
		w.last.dropOldest(func(t *clock.Time) bool { return *t <= oldest })
	case "people":
		w.sum(int64(c.PHI.People), r.Window, now)
	case "bytes":
		w.sum(c.RespDec, r.Window, now)
	default:
		if len(w.times) < r.AtLeast {
			w.times = append(w.times, now)
			return
		}
		w.times[w.next] = now
		w.next = (w.next + 1) % len(w.times)
	}
}

// anyTime is whether a time can be spared: each can.
func anyTime(*clock.Time) bool { return true }

// Rebuild gives the windows that were restored what their tables go by.
func (d *userRules) Rebuild() error {
	for _, e := range d.windows.m {
		if e.v.last != nil {
			e.v.last.spare = anyTime
		}
	}
	return nil
}

// counted is whether a rule counts an object: what the request names, and of the response the patients by their id, for
// each of them is in it by other numbers too.
func counted(o *call.Object, patients bool) bool {
	switch {
	case o.Sub || o.Key == 0:
		return false
	case o.Where == call.InResponse:
		return patients && o.Patient && o.Key == call.PatientKey([]byte(o.ID))
	}
	return o.Patient || !patients
}

// sum adds to the newest part.
func (w *window) sum(n int64, length time.Duration, now clock.Time) {
	part := int64(now) / (int64(length) / windowParts)
	for p := max(w.part+1, part-windowParts+1); p <= part; p++ {
		w.parts[p%windowParts] = 0
	}
	w.part = part
	w.parts[part%windowParts] += n
}

// amount is what there is within the window that ends now. It was just added to.
func (w *window) amount(r *rules.Rule, now clock.Time) int64 {
	if w.last != nil {
		return int64(w.last.len())
	}
	oldest := now - clock.Time(r.Window)
	n := int64(len(w.times) - sort.Search(len(w.times), func(i int) bool { return w.times[(w.next+i)%len(w.times)] > oldest }))
	for _, p := range w.parts {
		n += p
	}
	return n
}
