package pipeline

import (
	"cmp"
	"slices"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

// Sample is what a run has counted of everything before a step of packet time, in all workers. It is read-only.
type Sample struct {
	Time     clock.Time
	Extract  extract.Stats // of all workers
	Call     call.Stats    // of Extract, and of what resolves calls
	Detect   detectors.Stats
	Alert    alert.Stats
	Open     uint64 // incidents
	Calls    uint64
	Findings []Finding // incidents opened, in order of their names
}

// Finding is how many incidents were opened by a detector at a severity.
type Finding struct {
	Detector string
	Severity detectors.Severity
	Count    uint64
}

// Watcher judges the run itself by its samples. It is asked by one goroutine; what it appends to dst is written among
// the alerts on calls, in order.
type Watcher interface {
	Watch(dst []alert.Alert, s *Sample) []alert.Alert
	// Close ends what is open when the run ends at packet time at.
	Close(dst []alert.Alert, at clock.Time) []alert.Alert
}

// Rules gives rules of the allow-list to a run that goes on. It is asked by the goroutine that folds alerts, at every
// sample: all calls before the packet time at are judged then, and none after it. A rule that begins at that time or later
// does what it would have done had it been there from the start; no other may be given.
type Rules interface {
	Take(at clock.Time) []alert.Rule
}

// Sample is the newest sample of a run; nil before the first.
func (p *Progress) Sample() *Sample { return p.sample.Load() }

// sampler hands over the counters of a worker where packet time passes a multiple of every. All workers pass the same
// ones. In a stretch without packets it is the first and the last of them: what was counted by the end of the traffic
// is told apart from what its silence decided.
type sampler struct {
	every, last clock.Time
}

// pass calls take for each time that is to be sampled on the way to mark.
func (s *sampler) pass(mark clock.Time, take func(at clock.Time)) {
	at := mark - mark%max(1, s.every)
	if s.every == 0 || at <= s.last {
		return
	}
	if next := s.last + s.every; s.last > 0 && next < at {
		take(next)
	}
	if s.last > 0 {
		take(at)
	}
	s.last = at
}

// sample hands over the counters as of at, behind the calls of before.
func (w *worker) sample(at clock.Time) {
	w.ex.Expire(at - 1)
	s := w.ex.Stats()
	w.hand(at, w.ex.Take, &s)
}

// gather adds up what the workers counted by one mark. The merger reads the worker that is furthest behind, so the last
// one to tell has the lowest mark: all calls of before were then drained, and no others.
type gather struct {
	at  clock.Time
	sum extract.Stats
	n   int
}

// add takes in one worker's counters, and says whether all of them have told.
func (g *gather) add(b *batch, workers int) bool {
	if b.stats == nil {
		return false
	}
	if g.at != b.mark {
		*g = gather{at: b.mark}
	}
	g.sum.Add(b.stats)
	g.n++
	return g.n == workers
}

// sampled makes the sample known, and lets the watcher judge it.
func (o *owner) sampled(dst []alert.Alert, g *gather) []alert.Alert {
	s := o.sample(&g.sum)
	s.Time = g.at
	if o.prog != nil {
		o.prog.sample.Store(s)
	}
	if o.rules != nil {
		for _, r := range o.rules.Take(g.at) {
			o.folder.Allow(r)
		}
	}
	if o.watcher == nil {
		return dst
	}
	told := o.watcher.Watch(nil, s)
	if len(told) == 0 {
		return dst
	}
	dst = o.count(dst, o.Expire(dst, g.at))
	return o.count(dst, append(dst, told...))
}

// sample is what was counted, beside what the workers did.
func (o *owner) sample(sum *extract.Stats) *Sample {
	s := &Sample{Extract: *sum, Call: sum.Call, Detect: o.engine.Stats(), Alert: o.folder.Stats(), Open: uint64(o.folder.Open()), Calls: o.calls}
	s.Call.Add(&o.resolver.Stats)
	s.Findings = make([]Finding, 0, len(o.found))
	for f, n := range o.found {
		f.Count = n
		s.Findings = append(s.Findings, f)
	}
	slices.SortFunc(s.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Detector, b.Detector), cmp.Compare(a.Severity, b.Severity))
	})
	return s
}
