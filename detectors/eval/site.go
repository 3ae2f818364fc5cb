package main

import (
	"slices"
	"strings"
	"time"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// site is one hospital under watch: the world, the detectors as they ship, and the folder of incidents. One
// goroutine owns it.
type site struct {
	world  *world.World
	engine *detectors.Engine
	folder *alert.Folder
	calls  uint64
	made   uint64 // incidents so far, of any severity
	digest uint64 // of all alerts, in order

	signals   []detectors.Signal
	alerts    []alert.Alert
	incidents []incident
	known     map[string]bool     // incidents that reached Medium
	joined    []incident          // updates of known incidents that name somebody new, of the call at hand
	named     map[uint64]bool     // Principal.Keys that any of them names
	person    map[uint64]int      // of World.People by Principal.Key
	timed     func(time.Duration) // of each call, until its alerts were out
}

// incident is one that woke someone: of severity Medium or more.
type incident struct {
	at      clock.Time
	kind    string
	accused []uint64 // Principal.Keys, and those of the addresses
	client  string
	role    world.Role
	tag     world.Tag
	mark    world.Mark // of the call at which it was told
	text    string
	signal  detectors.Signal
}

func newSite(w world.Config, cfg detectors.Config) *site {
	folding := alert.Defaults()
	folding.Allow = []alert.Rule{{Principal: world.Allowed, Reason: "scanner of the security team", Until: world.Epoch.UTC().Add(100 * 365 * 24 * time.Hour)}}
	s := &site{world: world.New(w), engine: detectors.New(cfg), folder: alert.NewFolder(folding), known: map[string]bool{}, named: map[uint64]bool{}, person: map[uint64]int{}}
	s.index()
	return s
}

// index finds people by the keys of their accounts; new ones come at times.
func (s *site) index() {
	for i, p := range s.world.People {
		s.person[p.Who.Key] = i
	}
}

// day watches one day. seen is told of every call after it was judged, with the incidents it raised.
func (s *site) day(seen func(*call.Call, world.Mark, []incident)) {
	var now clock.Time
	s.world.Day(func(c *call.Call, m world.Mark) {
		now = c.Time
		s.calls++
		first := len(s.incidents)
		s.joined = s.joined[:0]
		var begun time.Time
		if s.timed != nil {
			begun = time.Now()
		}
		if s.signals = s.engine.Observe(s.signals[:0], c); len(s.signals) > 0 {
			s.fold(c, m)
		}
		if s.timed != nil {
			s.timed(time.Since(begun))
		}
		if seen != nil {
			seen(c, m, s.incidents[first:])
		}
	})
	s.engine.Forget(now)
	s.alerts = s.folder.Expire(s.alerts[:0], now)
	s.index()
}

// fold makes incidents of the signals at hand.
func (s *site) fold(c *call.Call, m world.Mark) {
	s.alerts = s.folder.Fold(s.alerts[:0], s.signals)
	for i := range s.alerts {
		a := &s.alerts[i]
		s.digest = (s.digest ^ uint64(a.Signal.Time) ^ uint64(a.Signal.Calls)<<40) * 1099511628211
		for _, b := range []byte(a.UID) {
			s.digest = (s.digest ^ uint64(b)) * 1099511628211
		}
		if a.Activity == alert.Create {
			s.made++
		}
		if a.Activity == alert.Close || a.Signal.Severity < detectors.Medium {
			continue
		}
		in := incident{at: c.Time, kind: a.Signal.Detector, client: a.Signal.Client, tag: m.Tag, mark: m, role: world.Outside, signal: a.Signal}
		news := s.name(&in, &a.Signal)
		if s.known[a.UID] {
			if news {
				s.joined = append(s.joined, in)
			}
			continue
		}
		s.known[a.UID] = true
		if _, ok := s.person[a.Signal.Principal.Key]; !ok {
			s.index() // someone new
		}
		if i, ok := s.person[a.Signal.Principal.Key]; ok {
			in.role = s.world.People[i].Role
		}
		in.text = a.Signal.Title + " | " + a.Signal.Observed
		s.incidents = append(s.incidents, in)
	}
}

// name notes whom an alert names, and tells whether no incident had named one of them.
func (s *site) name(in *incident, sig *detectors.Signal) (news bool) {
	in.accused = append(in.accused, sig.Principal.Key)
	for _, p := range sig.Members {
		in.accused = append(in.accused, p.Key)
	}
	for _, key := range in.accused {
		news = news || !s.named[key]
		s.named[key] = true
	}
	return news
}

// names tells whether an incident accuses key.
func (in *incident) names(key uint64) bool { return slices.Contains(in.accused, key) }

// plain is text for a cell of a table.
func plain(s string) string { return strings.NewReplacer("|", "/", "\n", " ").Replace(s) }
