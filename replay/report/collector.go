// Package report writes the report of a case, one HTML page for whoever looks into it: what happened, what shows it, what was
// exposed, how to check it, and what was not seen.
package report

import (
	"context"
	"net/netip"
	"strings"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// Collector gathers what a report needs while a run goes on: it takes its alerts and its calls, and keeps bounded memory. One
// goroutine owns it.
type Collector struct {
	cfg       Config
	names     *pseudonym.Names
	seed      uint16
	incidents []*incident
	byUID     map[string]*incident
	left      [detectors.Critical + 1]uint64 // incidents not kept, by severity
	callers   tracks
	endpoints tracks
	volume    volume
	servers   map[netip.Addr]bool // counted
	records   int                 // told apart, of all callers
	full      bool
	calls     uint64
	refusals  uint64
	people    uint64
}

// incident is one attack, as its alerts tell it.
type incident struct {
	alert.Alert
	known  alert.Alert        // the first that was said of it
	said   []detectors.Signal // the newest of each kind, in order of joining
	closed bool
}

// New is an empty Collector. Community ids take seed.
func New(cfg Config, names *pseudonym.Names, seed uint16) *Collector {
	return &Collector{cfg: cfg, names: names.Clone(), seed: seed, byUID: map[string]*incident{},
		callers: newTracks(cfg.MaxCallers), endpoints: newTracks(cfg.MaxCallers), servers: map[netip.Addr]bool{}}
}

// Write takes alerts.
func (c *Collector) Write(_ context.Context, batch []alert.Alert) error {
	for i := range batch {
		c.take(&batch[i])
	}
	return nil
}

// Close does nothing: the page is made of what is known then.
func (c *Collector) Close() error { return nil }

func (c *Collector) take(a *alert.Alert) {
	in := c.byUID[a.UID]
	if in == nil {
		if a.Activity != alert.Create || !c.room(a.Signal.Severity) {
			return
		}
		in = &incident{known: *a}
		c.byUID[a.UID] = in
		c.incidents = append(c.incidents, in)
	}
	in.Alert = *a
	in.closed = a.Activity == alert.Close
	in.say(&a.Signal)
	c.pin(&a.Signal)
}

// room makes room for an incident of severity s: a less grave one that is over goes, the newest of the least grave.
func (c *Collector) room(s detectors.Severity) bool {
	if len(c.incidents) < c.cfg.MaxIncidents {
		return true
	}
	least := -1
	for i, in := range c.incidents {
		if in.closed && in.Signal.Severity < s && (least < 0 || in.Signal.Severity <= c.incidents[least].Signal.Severity) {
			least = i
		}
	}
	if least < 0 {
		c.left[s]++
		return false
	}
	gone := c.incidents[least]
	c.left[gone.Signal.Severity]++
	delete(c.byUID, gone.UID)
	c.incidents = append(c.incidents[:least], c.incidents[least+1:]...)
	return true
}

func (in *incident) say(s *detectors.Signal) {
	for i := range in.said {
		if in.said[i].Detector == s.Detector {
			in.said[i] = *s
			return
		}
	}
	in.said = append(in.said, *s)
}

// pin keeps what is remembered of the accused.
func (c *Collector) pin(s *detectors.Signal) {
	keep := func(t *track) {
		if t != nil {
			t.pinned = true
		}
	}
	keep(c.callers.byKey[s.Principal.Key])
	for i := range s.Members {
		keep(c.callers.byKey[s.Members[i].Key])
	}
	keep(c.endpoints.byKey[s.Endpoint])
}

// WriteCalls takes calls. They are borrowed until it returns.
func (c *Collector) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if x := &batch[i]; x.Kind == call.HTTP && !x.Running {
			c.call(x)
		}
	}
	return nil
}

func (c *Collector) call(x *call.Call) {
	p := point{at: x.Time, size: -1, refused: x.Refused()}
	if x.Status != 0 {
		p.size = x.RespDec
	}
	p.number, p.form = numberOf(x)
	c.calls++
	c.people += uint64(x.PHI.People)
	if p.refused {
		c.refusals++
	}
	c.volume.add(x.Time, p.refused)
	if t, fresh := c.callers.of(x.Principal.Key); t != nil {
		if fresh {
			t.principal, t.client = clone(x.Principal), x.Client.Addr.IP().String()
		}
		c.note(t, x)
		p.other = x.Endpoint
		t.add(x, p, c.cfg.MaxPoints)
	}
	if t, fresh := c.endpoints.of(x.Endpoint); t != nil {
		if fresh {
			c.names.At(x.Start)
			name := append(c.names.Word(nil, x.Method), ' ')
			t.name, t.host = string(c.names.Route(name, x)), string(c.names.Word(nil, x.Host))
		}
		if t.callers.Len() < 1024 {
			t.callers.Add(x.Principal.Key)
		}
		p.other = x.Principal.Key
		if x.OK() {
			t.sizes.add(x.RespDec)
		}
		t.add(x, p, c.cfg.MaxPoints)
	}
	if len(c.servers) < c.cfg.MaxCallers {
		c.servers[x.Server.Addr.IP()] = true
	}
}

// note tells apart the records that x asks for.
func (c *Collector) note(t *track, x *call.Call) {
	for i := range x.Objects {
		o := &x.Objects[i]
		if o.Where == call.InResponse || o.Sub || t.objects.Has(o.Key) {
			continue
		}
		if c.records >= c.cfg.MaxRecords {
			c.full = true
			return
		}
		c.records++
		t.objects.Add(o.Key)
	}
}

// numberOf is the number at the end of the record that x asks for first, and what stands around it; 0, 0 when it ends in none.
func numberOf(x *call.Call) (number int64, form uint32) {
	for i := range x.Objects {
		o := &x.Objects[i]
		if o.Where == call.InResponse || o.Sub {
			continue
		}
		at := len(o.ID)
		for at > 0 && o.ID[at-1] >= '0' && o.ID[at-1] <= '9' {
			at--
		}
		if at == len(o.ID) || len(o.ID)-at > 18 {
			return 0, 0
		}
		for _, d := range []byte(o.ID[at:]) {
			number = 10*number + int64(d-'0')
		}
		return number, uint32(stringKey(o.ID[:at])^o.Param) | 1
	}
	return 0, 0
}

// stringKey is FNV-1a of s: what it names never leaves the process.
func stringKey(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func clone(p call.Principal) call.Principal {
	for _, s := range []*string{&p.ID, &p.Issuer, &p.Client, &p.Role, &p.Scope} {
		*s = strings.Clone(*s)
	}
	return p
}
