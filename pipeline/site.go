package pipeline

import (
	"errors"
	"fmt"
	"reflect"

	"auscult/detectors"
	"auscult/detectors/rules"
	"auscult/pipeline/alert"
	"auscult/pipeline/snapshot"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// Site is detection for the calls of one site, with everything that it remembers: sessions, what is usual, suspicions
// and open incidents. It is shown every call in the total order. One goroutine owns it.
type Site struct {
	resolver *call.Resolver
	engine   *detectors.Engine
	folder   *alert.Folder
	signals  []detectors.Signal `snapshot:"-"`
	tidy     clock.Time         // when idle state is freed next
	last     clock.Time         // of the calls
	settings []byte             `snapshot:"-"`
	tree     *snapshot.Tree     `snapshot:"-"`
}

// tidyEvery is how often idle state is freed: it changes memory, never a verdict.
const tidyEvery = 10 * 60 * 10 * clock.Grid

// NewSite makes a Site that has seen nothing, but for what cfg.Engine has learned. The Config must be valid.
func NewSite(cfg Config) *Site {
	engine := cfg.Engine
	if engine == nil {
		engine = detectors.New(cfg.Detectors)
	}
	return &Site{
		resolver: call.NewResolver(cfg.Call),
		engine:   engine,
		folder:   alert.NewFolder(cfg.Alert),
		settings: meaning(cfg),
	}
}

// Observe appends to dst what a call makes known. c is completed by what other calls taught.
func (s *Site) Observe(dst []alert.Alert, c *call.Call) []alert.Alert {
	if s.tidy == 0 {
		s.tidy = c.Time.Floor() + tidyEvery
	}
	s.last = c.Time
	dst = s.folder.Expire(dst, c.Time-1)
	if c.Kind == call.LinkOnly {
		return dst
	}
	s.resolver.Resolve(c)
	s.signals = s.engine.Observe(s.signals[:0], c)
	if len(s.signals) > 0 {
		dst = s.folder.Fold(dst, s.signals)
		clear(s.signals)
	}
	if c.Time >= s.tidy {
		s.tidy = c.Time.Floor() + tidyEvery
		s.resolver.Forget(c.Time)
		s.engine.Forget(c.Time)
	}
	return dst
}

// Expire appends the ends of incidents that have been quiet for too long by mark, before which all calls were shown.
func (s *Site) Expire(dst []alert.Alert, mark clock.Time) []alert.Alert {
	return s.folder.Expire(dst, mark-1)
}

// Close tells what is left to tell, and ends all incidents with their final numbers. Nothing may be shown after it.
func (s *Site) Close(dst []alert.Alert) []alert.Alert {
	s.signals = s.engine.Close(s.signals[:0])
	dst = s.folder.Fold(dst, s.signals)
	return s.folder.Close(dst, s.last)
}

// Remember makes Save and Restore possible. The Site must have been shown nothing, and its Engine have learned nothing.
func (s *Site) Remember() error {
	tree, err := snapshot.New(s, s.settings, reflect.TypeFor[detectors.Config](), reflect.TypeFor[call.Config](),
		reflect.TypeFor[alert.Config](), reflect.TypeFor[pseudonym.Keyer](), reflect.TypeFor[rules.Set]())
	s.tree = tree
	return err
}

var errNotRemembering = errors.New("pipeline: the site was not told to remember")

// Snapshot copies the state of the Site, between two calls. What becomes of the image does not hold up the Site.
func (s *Site) Snapshot() (*snapshot.Image, error) {
	if s.tree == nil {
		return nil, errNotRemembering
	}
	return s.tree.Save()
}

// Save is the state of the Site as bytes, with what is said of patients in the clear.
func (s *Site) Save() ([]byte, error) {
	image, err := s.Snapshot()
	if err != nil {
		return nil, err
	}
	return image.Bytes()
}

// Restore makes the Site, which must have been shown nothing, what it was that Save was asked of: whatever it is shown
// next gives the same alerts, byte for byte. snapshot.ErrVersion says that another build, or other settings, saved it;
// after any other error the Site is of no more use.
func (s *Site) Restore(saved []byte) error {
	if s.tree == nil {
		return errNotRemembering
	}
	return s.tree.Restore(saved)
}

// Interrupted makes up for what was told after the state was saved that was restored, and is not known: what is told next
// of an open incident has a Sequence past all that can have been given.
func (s *Site) Interrupted() { s.folder.Interrupted() }

// Last is the time of the newest call.
func (s *Site) Last() clock.Time { return s.last }

// Remembers is how many principals are remembered, and how many incidents are open.
func (s *Site) Remembers() (principals, incidents int) {
	return int(s.engine.Stats().Principals), s.folder.Open()
}

// meaning is the settings under which a state means what it does.
func meaning(cfg Config) []byte {
	d, c, a := cfg.Detectors, cfg.Call, cfg.Alert
	key := ""
	if a.Keys != nil {
		key = a.Keys.KeyID()
	}
	d.API, c.Described, a.Keys = nil, nil, nil
	a.Allow, a.AllowFile = nil, "" // what is expected changes what is told, not what is remembered
	return fmt.Appendf(nil, "%+v\n%+v\n%+v\n%s", d, c, a, key)
}
