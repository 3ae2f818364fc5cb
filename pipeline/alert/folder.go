package alert

import (
	"slices"

	"auscult/detectors"
	"auscult/sensor/clock"
)

// Stats counts what a Folder did and what it left out.
type Stats struct {
	Signals  uint64
	Opened   uint64
	Updated  uint64
	Closed   uint64 // with one Close each
	Evicted  uint64 // of them early, because MaxOpen were open
	Merged   uint64 // of them because they turned out to be parts of another incident
	Silenced uint64 // signals that the allow-list swallowed
	Members  uint64 // principals past MaxMembers of an incident
}

// Folder folds signals into incidents. Whoever is accused has one open incident at a time: what else is found
// about them within Config.Quiet joins it, and so do the others of a distributed attack. Every incident gives
// one Create, an Update when it gets graver, broader or twice as large, and one Close. One goroutine owns it.
type Folder struct {
	cfg      Config
	open     map[key]*incident // by each of its keys; looked up, never ranged
	count    int
	oldest   *incident // the open incidents in order of their last signal
	newest   *incident
	stats    Stats    `snapshot:"-"`
	silenced []uint64 `snapshot:"-"` // by rule of the allow-list
	scratch  []byte   `snapshot:"-"`
}

// key is what an incident is found by: a principal, or for findings that accuse nobody an endpoint and a kind.
type key struct {
	principal uint64
	endpoint  uint64
	detector  string
}

// NewFolder is an empty Folder.
func NewFolder(cfg Config) *Folder {
	if cfg.Keys != nil {
		cfg.Keys = cfg.Keys.Clone() // the sinks run on another goroutine
	}
	cfg.Allow = slices.Clone(cfg.Allow) // Allow adds to it
	return &Folder{cfg: cfg, open: map[key]*incident{}, silenced: make([]uint64, len(cfg.Allow))}
}

// Stats is what was done so far.
func (f *Folder) Stats() Stats { return f.stats }

// Silenced is how many signals each rule of the allow-list swallowed, in its order.
func (f *Folder) Silenced() []uint64 { return f.silenced }

// Allow adds a rule to the allow-list. What was folded before stays as it is, so a Folder that has the rule from the start
// does the same only if no signal of its From or later has been folded yet.
func (f *Folder) Allow(r Rule) {
	f.cfg.Allow = append(f.cfg.Allow, r)
	f.silenced = append(f.silenced, 0)
}

// Allowed is the allow-list.
func (f *Folder) Allowed() []Rule { return f.cfg.Allow }

// Open is how many incidents are open.
func (f *Folder) Open() int { return f.count }

// Grave is how many open incidents of Medium or more have had a signal since.
func (f *Folder) Grave(since clock.Time) (n uint64) {
	for in := f.newest; in != nil && in.last >= since; in = in.prev {
		if in.severity >= detectors.Medium {
			n++
		}
	}
	return n
}

// interruption is more messages than any incident gets between two times that the state is saved: each is twice as
// large as the one before.
const interruption = 100

// Interrupted leaves room in the sequence of every open incident for messages that were sent and are not remembered.
func (f *Folder) Interrupted() {
	for in := f.oldest; in != nil; in = in.next {
		in.sequence += interruption
	}
}

// Fold folds signals, which are in order, and appends to dst what they change. Nothing of s is kept.
func (f *Folder) Fold(dst []Alert, s []detectors.Signal) []Alert {
	for i := range s {
		dst = f.fold(dst, &s[i])
	}
	return dst
}

func (f *Folder) fold(dst []Alert, s *detectors.Signal) []Alert {
	f.stats.Signals++
	// A sweep may come late; what it would have closed is closed here, so that it never decides.
	dst = f.Expire(dst, s.Time)
	name := f.pseudonym(s)
	if f.allowed(s, name) {
		f.stats.Silenced++
		return dst
	}
	in, dst := f.find(dst, s)
	if in != nil {
		f.touch(in)
		f.index(in, s)
		if in.join(s, f.cfg.MaxMembers, &f.stats.Members) {
			f.stats.Updated++
			dst = append(dst, in.alert(Update, s.Time))
		}
		return dst
	}
	if f.count >= f.cfg.MaxOpen {
		f.stats.Evicted++
		dst = f.close(dst, f.oldest, s.Time)
	}
	in = newIncident(uid(s, name))
	f.push(in)
	f.count++
	f.index(in, s)
	in.join(s, f.cfg.MaxMembers, &f.stats.Members)
	f.stats.Opened++
	return append(dst, in.alert(Create, s.Time))
}

// find is the open incident that s belongs to, or nil. When s shows that several incidents are one attack, the
// oldest of them takes the others over.
func (f *Folder) find(dst []Alert, s *detectors.Signal) (*incident, []Alert) {
	in := f.open[keyOf(s)]
	for i := range s.Members {
		other := f.open[key{principal: s.Members[i].Key}]
		if other == nil || other == in {
			continue
		}
		if in == nil {
			in = other
			continue
		}
		if other.first < in.first || other.first == in.first && other.uid < in.uid {
			in, other = other, in
		}
		keys := other.keys
		f.stats.Merged++
		dst = f.close(dst, other, s.Time)
		for _, k := range keys {
			f.own(in, k)
		}
		in.absorb(other, f.cfg.MaxMembers, &f.stats.Members)
	}
	return in, dst
}

// index makes in found by everyone s names, as far as MaxMembers goes.
func (f *Folder) index(in *incident, s *detectors.Signal) {
	f.own(in, keyOf(s))
	for i := range s.Members {
		f.own(in, key{principal: s.Members[i].Key})
	}
}

func (f *Folder) own(in *incident, k key) {
	if f.open[k] == nil && len(in.keys) <= f.cfg.MaxMembers {
		f.open[k] = in
		in.keys = append(in.keys, k)
	}
}

// Expire closes the incidents that have been quiet since before mark, each at its own deadline.
func (f *Folder) Expire(dst []Alert, mark clock.Time) []Alert {
	for f.oldest != nil {
		deadline := f.oldest.last.Add(f.cfg.Quiet)
		if deadline > mark {
			break
		}
		dst = f.close(dst, f.oldest, deadline)
	}
	return dst
}

// Close closes what is open at the end of a capture, now, with its final numbers.
func (f *Folder) Close(dst []Alert, now clock.Time) []Alert {
	for f.oldest != nil {
		dst = f.close(dst, f.oldest, now)
	}
	return dst
}

func (f *Folder) close(dst []Alert, in *incident, at clock.Time) []Alert {
	for _, k := range in.keys {
		delete(f.open, k)
	}
	f.unlink(in)
	f.count--
	f.stats.Closed++
	return append(dst, in.alert(Close, at))
}

func (f *Folder) allowed(s *detectors.Signal, name string) bool {
	for i := range f.cfg.Allow {
		if f.cfg.Allow[i].fits(s, name) {
			f.silenced[i]++
			return true
		}
	}
	return false
}

// pseudonym is the name of the accused in incident ids; empty without a key.
func (f *Folder) pseudonym(s *detectors.Signal) string {
	if f.cfg.Keys == nil {
		return ""
	}
	f.scratch = f.cfg.Keys.At(s.Time).Principal(f.scratch[:0], &s.Principal)
	return string(f.scratch)
}

func keyOf(s *detectors.Signal) key {
	if s.Principal.Key != 0 {
		return key{principal: s.Principal.Key}
	}
	return key{endpoint: s.Endpoint, detector: s.Detector}
}

func (f *Folder) push(in *incident) {
	in.prev, in.next = f.newest, nil
	if f.newest == nil {
		f.oldest = in
	} else {
		f.newest.next = in
	}
	f.newest = in
}

func (f *Folder) unlink(in *incident) {
	if in.prev == nil {
		f.oldest = in.next
	} else {
		in.prev.next = in.next
	}
	if in.next == nil {
		f.newest = in.prev
	} else {
		in.next.prev = in.prev
	}
	in.prev, in.next = nil, nil
}

func (f *Folder) touch(in *incident) {
	f.unlink(in)
	f.push(in)
}
