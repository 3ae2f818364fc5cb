package inventory

import (
	"net/url"
	"slices"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/openapi"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// Bounds of one endpoint and one host.
const (
	maxStatuses  = 24
	maxMedia     = 8
	maxAddresses = 8
	maxBanners   = 4
	maxTLS       = 4
	maxQuery     = 8 // sets of parameters that are known at once
)

// entry is what is known of one endpoint.
type entry struct {
	host          *host
	method, route string
	path          string // of its first call; empty when it was too long
	fhir          string
	isFHIR        bool
	static        bool
	op            *openapi.Operation // of its first call; nil when no description lists it

	calls, successes, refusals, errors, unanswered uint64
	statuses                                       []statusCount
	auth                                           [call.Address + 1]uint64 // of successes
	classes                                        phi.Class
	people, records                                int
	callers                                        stats.Distinct
	caller                                         uint64 // of the last success
	shown                                          []string
	params                                         []parameter
	asked                                          [maxQuery]uint64 // sums of the names of parameters, the last ones
	next                                           int
	media                                          []string // as shown
	raw                                            string   // the last content type as sent
	first, last                                    clock.Time
}

type statusCount struct {
	status int
	count  uint64
}

type parameter struct {
	key   uint64
	name  string // as shown
	extra bool   // the description does not list it
}

// take folds a call.
func (e *entry) take(v *Inventory, c *call.Call) {
	e.calls++
	e.first, e.last = min(e.first, c.Start), max(e.last, c.Start)
	e.status(v, c)
	if !c.OK() {
		return
	}
	e.successes++
	e.auth[c.Principal.Kind]++
	e.classes |= c.PHI.Classes
	e.people, e.records = max(e.people, c.PHI.People), max(e.records, c.PHI.Records)
	if key := c.Principal.Key; key != e.caller && key != 0 {
		e.caller = key
		if e.callers.Add(key) && len(e.shown) < v.cfg.Callers {
			e.shown = append(e.shown, string(v.names.User(nil, &c.Principal)))
		}
	}
	if c.ContentType != e.raw {
		e.contentType(v, c.ContentType)
	}
	e.query(v, c)
}

func (e *entry) status(v *Inventory, c *call.Call) {
	switch {
	case c.Status == 0:
		e.unanswered++
		return
	case c.Refused():
		e.refusals++
	case c.Status >= 500:
		e.errors++
	}
	for i := range e.statuses {
		if e.statuses[i].status == c.Status {
			e.statuses[i].count++
			return
		}
	}
	if len(e.statuses) == maxStatuses {
		v.stats.Other++
		return
	}
	e.statuses = append(e.statuses, statusCount{c.Status, 1})
}

func (e *entry) contentType(v *Inventory, raw string) {
	e.raw = strings.Clone(raw)
	media, _, _ := strings.Cut(raw, ";")
	media = v.word(strings.ToLower(strings.TrimSpace(media)))
	if media == "" || slices.Contains(e.media, media) {
		return
	}
	if len(e.media) == maxMedia {
		v.stats.Other++
		return
	}
	e.media = append(e.media, media)
}

// query takes the names of the query's parameters. The same few sets of them come again and again: each is known by its
// sum.
func (e *entry) query(v *Inventory, c *call.Call) {
	sum := uint64(0)
	for i := range c.Args {
		if c.Args[i].Where == call.InQuery {
			sum += c.Args[i].Key
		}
	}
	if sum == 0 || slices.Contains(e.asked[:], sum) {
		return
	}
	e.asked[e.next%maxQuery] = sum
	e.next++
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InQuery || slices.ContainsFunc(e.params, func(p parameter) bool { return p.key == a.Key }) {
			continue
		}
		if a.Len == 0 && bare(c.Query, a.Name) {
			continue // ?krishnamurthy: it is a value, and names what is asked for
		}
		if len(e.params) == v.cfg.Parameters {
			v.stats.Parameters++
			return
		}
		e.params = append(e.params, parameter{a.Key, string(v.names.Parameter(nil, a.Name)),
			e.op != nil && a.Kind != call.Secret && !e.op.Takes(a.Name)})
	}
}

// bare is whether name stands in a query without a value, not even an empty one.
func bare(query, name string) bool {
	for p := range strings.SplitSeq(query, "&") {
		if !strings.Contains(p, "=") && p != "" {
			if said, err := url.QueryUnescape(p); err != nil || said == name {
				return true
			}
		}
	}
	return false
}

// host is what is known of one server by one name.
type host struct {
	sent        string // as sent
	name        string // as shown
	as          string // the described name under which its server answers, when it is not this one
	addresses   []packet.Endpoint
	tls         []tlsCount
	banners     []string
	banner      string // the last, as sent
	server      packet.Endpoint
	endpoints   int
	calls       uint64
	first, last clock.Time
}

type tlsCount struct {
	version string
	count   uint64
}

// take folds a call.
func (h *host) take(v *Inventory, c *call.Call) {
	h.calls++
	h.first, h.last = min(h.first, c.Start), max(h.last, c.Start)
	if c.Server != h.server {
		h.server = c.Server
		if !slices.Contains(h.addresses, c.Server) {
			if len(h.addresses) < maxAddresses {
				h.addresses = append(h.addresses, c.Server)
			} else {
				v.stats.Other++
			}
		}
	}
	h.secure(v, c.Secure.Version)
	if b := c.Answer.Banner; b != h.banner && b != "" {
		h.banner = strings.Clone(b)
		if shown := string(v.names.Agent(nil, b)); !slices.Contains(h.banners, shown) {
			if len(h.banners) < maxBanners {
				h.banners = append(h.banners, shown)
			} else {
				v.stats.Other++
			}
		}
	}
}

func (h *host) secure(v *Inventory, version string) {
	for i := range h.tls {
		if h.tls[i].version == version {
			h.tls[i].count++
			return
		}
	}
	if len(h.tls) == maxTLS {
		v.stats.Other++
		return
	}
	h.tls = append(h.tls, tlsCount{strings.Clone(version), 1})
}
