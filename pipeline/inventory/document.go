package inventory

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Document is the inventory as it is shown: inventory.json. The same calls give the same bytes.
type Document struct {
	First        string        `json:"first_call,omitempty"` // RFC 3339
	Last         string        `json:"last_call,omitempty"`
	Summary      Summary       `json:"summary"`
	Descriptions []Description `json:"descriptions"`
	Hosts        []Host        `json:"hosts"`
	Endpoints    []Endpoint    `json:"endpoints"` // by host, route and method
	Orphans      []Orphan      `json:"orphans"`
	Left         Stats         `json:"left_out"`
}

// Summary counts what a Document holds.
type Summary struct {
	Hosts     int    `json:"hosts"`
	Endpoints int    `json:"endpoints"`
	Calls     uint64 `json:"calls"`
	Described int    `json:"described"`
	Shadow    int    `json:"shadow"`
	Zombie    int    `json:"zombie"`
	Outside   int    `json:"outside"`
	Drifting  int    `json:"drifting"` // endpoints that differ from their description
	Orphan    int    `json:"orphan"`   // operations
}

// Description is a description that was given, and how many of its operations were seen.
type Description struct {
	Title      string `json:"title"`
	Operations int    `json:"operations"`
	Seen       int    `json:"seen"`
}

// Host is a server by one of its names.
type Host struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	TLS       []Count  `json:"tls"`               // calls by version; "none" in the clear
	Banners   []string `json:"banners,omitempty"` // software that its answers name
	Endpoints int      `json:"endpoints"`
	Calls     uint64   `json:"calls"`
	First     string   `json:"first_seen"`
	Last      string   `json:"last_seen"`
}

// Count is a name and how many calls had it.
type Count struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// State is what the descriptions say of an endpoint.
type State string

// States.
const (
	Unjudged  State = "unjudged"  // there is no description at all
	Described State = "described" // a description lists it
	Shadow    State = "shadow"    // the description of its server does not list it
	Zombie    State = "zombie"    // deprecated or of an old version, and it still answers
	Outside   State = "outside"   // no description speaks of its server
	Page      State = "page"      // a part of a page or of a program, not of an API
)

// Endpoint is a method of a route on a host.
type Endpoint struct {
	Host           string      `json:"host"`
	Method         string      `json:"method"`
	Route          string      `json:"route"`
	Version        string      `json:"version,omitempty"` // v2, r4
	FHIR           string      `json:"fhir_interaction,omitempty"`
	State          State       `json:"state"`
	Why            string      `json:"why,omitempty"`
	Operation      string      `json:"operation,omitempty"` // of the description
	Description    string      `json:"description,omitempty"`
	Calls          uint64      `json:"calls"`
	Successes      uint64      `json:"successes"`
	Refusals       uint64      `json:"refusals"`   // 401, 403, 404, 410
	Errors         uint64      `json:"errors"`     // 5xx
	Unanswered     uint64      `json:"unanswered"` // no response was seen
	Statuses       []Count     `json:"statuses"`
	Authentication []Count     `json:"authentication"` // of successes: custom, mtls, jwt, session, api_key, basic, none
	Classes        []string    `json:"data_classes"`
	People         int         `json:"people_max"` // in one answer
	Records        int         `json:"records_max"`
	Callers        int         `json:"callers"` // principals that had success; estimated past 1024
	CallersShown   []string    `json:"callers_first"`
	Parameters     []Parameter `json:"parameters"`
	ContentTypes   []string    `json:"content_types"`
	Drift          []Drift     `json:"drift"`
	First          string      `json:"first_seen"`
	Last           string      `json:"last_seen"`
}

// Parameter is a parameter of the path or the query.
type Parameter struct {
	Name string `json:"name"`
	In   string `json:"in"`
}

// Drift is one thing in which an endpoint differs from its description.
type Drift struct {
	Kind     string `json:"kind"` // status, parameter, content_type, authentication
	Seen     string `json:"seen"`
	Expected string `json:"expected"`
}

// Orphan is an operation that a description lists and nobody called.
type Orphan struct {
	Method      string `json:"method"`
	Template    string `json:"template"`
	Description string `json:"description"`
}

// JSON is d as inventory.json holds it.
func (d *Document) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// Document is what is known so far.
func (v *Inventory) Document() *Document {
	d := &Document{Descriptions: []Description{}, Hosts: []Host{}, Endpoints: []Endpoint{}, Orphans: []Orphan{}, Left: v.stats}
	judge := v.judge()
	first, last := clock.Time(0), clock.Time(0)
	for _, h := range v.found {
		if h.calls == 0 { // its first endpoint was past the bound
			continue
		}
		if first == 0 || h.first < first {
			first = h.first
		}
		last = max(last, h.last)
		d.Hosts = append(d.Hosts, h.tell())
	}
	if len(d.Hosts) > 0 {
		d.First, d.Last = rfc3339(first), rfc3339(last)
	}
	for _, e := range v.entries {
		d.Endpoints = append(d.Endpoints, v.tell(e, judge))
	}
	slices.SortFunc(d.Hosts, func(a, b Host) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Endpoints, func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method))
	})
	v.orphans(d)
	d.count()
	return d
}

// Fresh is the endpoints found since Len was from, in the order in which they were.
func (v *Inventory) Fresh(from int) []Endpoint {
	if from >= len(v.entries) {
		return nil
	}
	judge := v.judge()
	out := make([]Endpoint, 0, len(v.entries)-from)
	for _, e := range v.entries[from:] {
		out = append(out, v.tell(e, judge))
	}
	return out
}

func (d *Document) count() {
	s := &d.Summary
	s.Hosts, s.Endpoints, s.Orphan = len(d.Hosts), len(d.Endpoints), len(d.Orphans)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		s.Calls += e.Calls
		switch e.State {
		case Described:
			s.Described++
		case Shadow:
			s.Shadow++
		case Zombie:
			s.Zombie++
		case Outside:
			s.Outside++
		}
		if len(e.Drift) > 0 {
			s.Drifting++
		}
	}
}

func (h *host) tell() Host {
	out := Host{Name: h.name, Addresses: []string{}, TLS: []Count{}, Banners: slices.Sorted(slices.Values(h.banners)),
		Endpoints: h.endpoints, Calls: h.calls, First: rfc3339(h.first), Last: rfc3339(h.last)}
	for _, a := range h.addresses {
		out.Addresses = append(out.Addresses, address(a))
	}
	slices.Sort(out.Addresses)
	for _, t := range h.tls {
		out.TLS = append(out.TLS, Count{cmp.Or(t.version, "none"), t.count})
	}
	slices.SortFunc(out.TLS, func(a, b Count) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (v *Inventory) tell(e *entry, j *judge) Endpoint {
	out := Endpoint{Host: e.host.name, Method: e.method, Route: e.route, FHIR: e.fhir, Calls: e.calls, Successes: e.successes,
		Refusals: e.refusals, Errors: e.errors, Unanswered: e.unanswered, Statuses: []Count{}, Authentication: []Count{},
		Classes: append([]string{}, e.classes.Names()...), People: e.people, Records: e.records, Callers: e.callers.Len(),
		CallersShown: append([]string{}, e.shown...), Parameters: []Parameter{}, ContentTypes: append([]string{}, e.media...),
		Drift: []Drift{}, First: rfc3339(e.first), Last: rfc3339(e.last)}
	for _, s := range e.statuses {
		out.Statuses = append(out.Statuses, Count{strconv.Itoa(s.status), s.count})
	}
	slices.SortFunc(out.Statuses, func(a, b Count) int { return cmp.Compare(a.Name, b.Name) })
	for kind, n := range e.auth {
		if name := call.PrincipalKind(kind).String(); n > 0 && call.PrincipalKind(kind) != call.Address {
			out.Authentication = append(out.Authentication, Count{name, n})
		} else if n > 0 {
			out.Authentication = append(out.Authentication, Count{"none", n})
		}
	}
	for seg := range strings.SplitSeq(e.route, "/") {
		if name, ok := strings.CutPrefix(seg, "{"); ok {
			out.Parameters = append(out.Parameters, Parameter{strings.TrimSuffix(name, "}"), "path"})
		}
	}
	query := len(out.Parameters)
	for _, p := range e.params {
		out.Parameters = append(out.Parameters, Parameter{p.name, "query"})
	}
	slices.SortFunc(out.Parameters[query:], func(a, b Parameter) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(out.ContentTypes)
	j.state(&out, e)
	return out
}

func rfc3339(t clock.Time) string { return t.UTC().Format(time.RFC3339Nano) }
