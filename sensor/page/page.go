// Package page serves the live page of a sensor: alerts, calls and counters go in, HTML and server-sent events come out.
package page

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"auscult/pipeline/ocsf"
	"auscult/sensor/pseudonym"
)

// Config bounds what the page keeps and whom it serves.
type Config struct {
	// Clients is how many browsers may follow at a time; more are refused with status 503.
	Clients int `yaml:"clients"`
	// Queue is how many messages may wait for one browser; one that falls further behind is let go, and comes back by itself.
	Queue int `yaml:"queue"`
	// Incidents is how many are kept; past it closed ones go first, then those that changed longest ago.
	Incidents int `yaml:"incidents"`
	// Keep is how long a closed incident stays, in packet time.
	Keep time.Duration `yaml:"keep"`
	// Principals is how many are counted in five minutes, for the busiest of them; calls of more are counted together.
	Principals int `yaml:"principals"`
	// Sessions is how many may be logged in at a time; past it whoever logged in first is logged out.
	Sessions int `yaml:"sessions"`
	// Session is how long somebody stays logged in.
	Session time.Duration `yaml:"session"`
	// AllowFor is the longest time for which an incident may be marked as expected.
	AllowFor time.Duration `yaml:"allow_for"`
}

// Defaults suits a room of analysts: some 10 MB at most.
func Defaults() Config {
	return Config{Clients: 32, Queue: 64, Incidents: 500, Keep: 12 * time.Hour, Principals: 4096, Sessions: 64,
		Session: 12 * time.Hour, AllowFor: 366 * 24 * time.Hour}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, n := range [...]struct {
		name        string
		value, most int
	}{{"clients", c.Clients, 10_000}, {"queue", c.Queue, 10_000}, {"incidents", c.Incidents, 10_000},
		{"principals", c.Principals, 1_000_000}, {"sessions", c.Sessions, 10_000}} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("%s: %d is not between 1 and %d", n.name, n.value, n.most)
		}
	}
	for _, d := range [...]struct {
		name  string
		value time.Duration
	}{{"keep", c.Keep}, {"session", c.Session}, {"allow_for", c.AllowFor}} {
		if d.value < time.Minute {
			return fmt.Errorf("%s: %v is less than a minute", d.name, d.value)
		}
	}
	return nil
}

// Options are what a Page is made of beside its Config. All but Names and State may be left out.
type Options struct {
	Config Config
	Names  *pseudonym.Names
	Meta   ocsf.Meta
	Tokens Tokens
	// Local says that only this machine can ask: who asks may look without a token, unless names are revealed.
	Local bool
	// State is how the run is doing; it may be asked from any goroutine.
	State func() State
	// Allow makes an incident expected; nil where nobody can.
	Allow *Allowing
	// Unable is why nobody can, in a sentence.
	Unable string
}

// Page is the live page. Its methods may be called from any goroutine.
type Page struct {
	opt  Options
	gate *gate
	top  *busy

	mu      sync.Mutex
	board   board
	hub     hub
	history []Point // of the last minutes, the oldest first
	last    State   // of the newest Point
	at      time.Time
	counts  Counts

	found     []Endpoint // the newest last
	endpoints int
}

// Counts is what the page did, and what it refused.
type Counts struct {
	Clients  uint64 // that follow now
	Kept     uint64 // incidents kept now
	Left     uint64 // incidents that had to go for want of room
	Messages uint64 // handed to clients
	Slow     uint64 // clients that were let go, as they were too slow
	Full     uint64 // refused: too many clients, or requests at a time
	Logins   uint64 // that succeeded
	Denied   uint64 // refused: no token, or a wrong one, or not of the role
	Foreign  uint64 // refused: of another name than this machine's, or from another site
	Allowed  uint64 // incidents marked as expected
}

// New is a page that nothing was shown yet.
func New(opt Options) *Page {
	opt.Names = opt.Names.Clone()
	p := &Page{opt: opt, gate: newGate(opt.Config, opt.Tokens, opt.Local && !opt.Names.Reveal), top: newBusy(opt.Config.Principals, opt.Names)}
	p.board.init(opt.Config)
	p.hub.queue = opt.Config.Queue
	return p
}

// Counts are the counters as they stand.
func (p *Page) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Clients, c.Kept, c.Left = uint64(len(p.hub.clients)), uint64(len(p.board.list)), p.board.left
	return c
}

func (p *Page) count(n *uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

// Handler is the page and what it asks for: everything but what other handlers have.
func (p *Page) Handler(requests int) http.Handler { return p.routes(requests) }
