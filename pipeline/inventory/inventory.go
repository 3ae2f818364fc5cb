// Package inventory keeps which API endpoints answer, how, to whom, and with what health data, and compares them with
// descriptions of the APIs.
package inventory

import (
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/openapi"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

// Inventory is shown every call in the total order, after detection has completed it, by the one goroutine that owns it.
// An endpoint enters with its first success, or when a description lists it; all its calls count from then on. What it
// holds of calls is cloned, and is as it may be shown but for the paths that are compared.
type Inventory struct {
	cfg       Config
	api       *openapi.API // may be nil
	names     *pseudonym.Names
	hot       [hotPlaces]hotPlace
	known     map[uint64]*entry // by Call.Endpoint
	shown     map[string]*entry // by host, method and route as shown: where two of Call.Endpoint are shown alike, they are one
	entries   []*entry          // in the order in which they were found
	hosts     map[string]*host  // by name as sent
	found     []*host
	described map[packet.Endpoint]string // servers that answer under a described name
	seen      []bool                     // operations of the descriptions
	stats     Stats
	buf       []byte
}

// hotPlace is an entry that was asked for: an API has some dozens of endpoints that nearly all calls go to.
type hotPlace struct {
	endpoint uint64
	entry    *entry
}

const (
	hotPlaces = 128
	maxPath   = 512 // bytes of a path that is compared with descriptions
)

// New makes an Inventory that has seen nothing. The Config must be valid; api may be nil.
func New(cfg Config, api *openapi.API, names *pseudonym.Names) *Inventory {
	v := &Inventory{cfg: cfg, api: api, names: names.Clone(), known: map[uint64]*entry{}, shown: map[string]*entry{},
		hosts: map[string]*host{}, described: map[packet.Endpoint]string{}}
	if api != nil {
		v.seen = make([]bool, len(api.Operations()))
	}
	return v
}

// Len is how many endpoints are held; it never goes down.
func (v *Inventory) Len() int { return len(v.entries) }

// Stats is what was counted so far.
func (v *Inventory) Stats() Stats { return v.stats }

// Observe takes in one call. It does not allocate for an endpoint, a caller and parameters that it knows.
func (v *Inventory) Observe(c *call.Call) {
	if c.Kind != call.HTTP || c.Running || c.Route == "" {
		return
	}
	e := v.find(c)
	if e == nil {
		return
	}
	e.host.take(v, c)
	e.take(v, c)
}

// find is the entry of a call, which is made when it is due; or nil.
func (v *Inventory) find(c *call.Call) *entry {
	place := &v.hot[c.Endpoint%hotPlaces]
	if place.endpoint == c.Endpoint && place.entry != nil {
		return place.entry
	}
	e := v.known[c.Endpoint]
	if e == nil {
		if e = v.enter(c); e == nil {
			return nil
		}
	}
	*place = hotPlace{c.Endpoint, e}
	return e
}

// enter makes an entry for a call to an endpoint without one, if it has earned it.
func (v *Inventory) enter(c *call.Call) *entry {
	switch c.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY":
	default:
		v.stats.Methods++
		return nil
	}
	if !c.OK() && v.api == nil {
		v.stats.Unanswered++
		return nil
	}
	op := v.operation(c)
	if !c.OK() && op == nil {
		v.stats.Unanswered++
		return nil
	}
	h := v.host(c)
	if h == nil || len(v.known) >= 4*v.cfg.Endpoints {
		v.stats.Endpoints++
		return nil
	}
	v.buf = append(append(append(v.buf[:0], h.name...), ' '), c.Method...)
	from := len(v.buf) + 1
	v.buf = v.names.Route(append(v.buf, ' '), c)
	e := v.shown[string(v.buf)]
	if e == nil {
		if len(v.entries) >= v.cfg.Endpoints {
			v.stats.Endpoints++
			return nil
		}
		key := string(v.buf)
		e = &entry{host: h, method: strings.Clone(c.Method), route: key[from:], path: strings.Clone(c.Path[:min(len(c.Path), maxPath)]),
			fhir: v.word(c.FHIR.Interaction), isFHIR: c.FHIR.Interaction != "", op: op, first: c.Start, last: c.Start, static: static(c)}
		if len(c.Path) > maxPath {
			e.path = ""
		}
		v.shown[key] = e
		v.entries = append(v.entries, e)
		h.endpoints++
	}
	if op != nil && e.op == nil {
		e.op = op
	}
	v.known[c.Endpoint] = e
	return e
}

// operation is what the descriptions have of a call, or nil. A server that answers under a described name may be called
// by its address too.
func (v *Inventory) operation(c *call.Call) *openapi.Operation {
	if v.api == nil {
		return nil
	}
	name := c.Host
	if v.api.Names(name) {
		if _, known := v.described[c.Server]; !known && len(v.described) < v.cfg.Hosts && c.OK() {
			v.described[c.Server] = strings.Clone(name)
		}
	} else if other, known := v.described[c.Server]; known {
		name = other
	}
	op := v.api.Find(c.Method, name, c.Path)
	if op == nil && c.Method == "HEAD" { // what can be read can be asked about (RFC 9110, section 9.3.2)
		op = v.api.Find("GET", name, c.Path)
	}
	if op != nil {
		v.seen[op.Index] = true
	}
	return op
}

// host is that of a call, made as needed; nil when there is no room. Letters in a name are alike in both cases (RFC 9110,
// section 4.2.3).
func (v *Inventory) host(c *call.Call) *host {
	sent := c.Host
	if sent == "" {
		sent = address(c.Server)
	}
	if h := v.hosts[sent]; h != nil {
		return h
	}
	if len(v.hosts) >= 4*v.cfg.Hosts {
		return nil
	}
	name := strings.ToLower(sent)
	h := v.hosts[name]
	if h == nil {
		if len(v.found) >= v.cfg.Hosts {
			return nil
		}
		h = &host{sent: strings.Clone(name), name: v.word(name), first: c.Start, last: c.Start}
		if v.api != nil && !v.api.Names(h.sent) {
			h.as = v.described[c.Server]
		}
		v.hosts[h.sent] = h
		v.found = append(v.found, h)
	}
	v.hosts[strings.Clone(sent)] = h
	return h
}

// word is a word of the protocol as it may be shown.
func (v *Inventory) word(s string) string {
	if s == "" {
		return ""
	}
	return string(v.names.Word(nil, s))
}

func address(e packet.Endpoint) string {
	b := e.Addr.IP().AppendTo(nil)
	return string(strconv.AppendUint(append(b, ':'), uint64(e.Port), 10))
}

// static is whether a call asks for a part of a page or of a program, which no description of an API lists.
func static(c *call.Call) bool {
	for _, kind := range [...]string{"text/html", "text/css", "text/javascript", "application/javascript", "image/", "font/", "application/wasm"} {
		if strings.HasPrefix(c.ContentType, kind) && c.PHI.People == 0 {
			return true
		}
	}
	return false
}
