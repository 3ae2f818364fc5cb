package inventory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/openapi"
)

// matchedCalls is by how many calls a server is known to be the one of a description that names no server.
const matchedCalls = 3

// judge says what the descriptions, and the newer versions of an endpoint beside it, have to do with it.
type judge struct {
	v       *Inventory
	matched map[*host]uint64
	newest  map[family]release
}

// family is the versions of one interface: what stands before the version in its paths, on one host.
type family struct {
	host   *host
	before string
}

// release is the greatest version of a family.
type release struct {
	number int
	word   string
}

func (v *Inventory) judge() *judge {
	j := &judge{v: v, matched: map[*host]uint64{}, newest: map[family]release{}}
	for _, e := range v.entries {
		if e.op != nil {
			j.matched[e.host] += e.calls
		}
		if e.successes == 0 {
			continue
		}
		if start, end, number := openapi.Version(e.route, e.isFHIR); start >= 0 {
			key := family{e.host, e.route[:start]}
			if r, ok := j.newest[key]; !ok || number > r.number {
				j.newest[key] = release{number, e.route[start:end]}
			}
		}
	}
	return j
}

// state fills in what is said of an endpoint.
func (j *judge) state(out *Endpoint, e *entry) {
	newer := ""
	if start, end, number := openapi.Version(e.route, e.isFHIR); start >= 0 {
		out.Version = e.route[start:end]
		if r := j.newest[family{e.host, e.route[:start]}]; r.number > number {
			newer = r.word
		}
	}
	api := j.v.api
	if e.op != nil {
		out.State, out.Operation, out.Description = Described, e.op.Template, api.Title(e.op.Doc)
		if e.op.Deprecated && e.successes > 0 {
			out.State, out.Why = Zombie, "its description calls it deprecated, and it still answers"
		}
		out.Drift = append(out.Drift, e.drift()...)
		return
	}
	switch {
	case e.static:
		out.State = Page
	case newer != "":
		out.State, out.Why = Zombie, "version "+newer+" of the same interface answers too"
	case api == nil:
		out.State = Unjudged
	default:
		j.undescribed(out, e)
	}
}

// undescribed says why no description lists an endpoint.
func (j *judge) undescribed(out *Endpoint, e *entry) {
	api, name := j.v.api, e.host.sent
	if e.host.as != "" {
		name = e.host.as
	}
	doc, named := api.Scope(name, e.path, e.isFHIR)
	if doc < 0 || !named && j.matched[e.host] < matchedCalls {
		out.State, out.Why = Outside, "no description speaks of this server or path"
		return
	}
	out.State, out.Description = Shadow, api.Title(doc)
	other, older := api.OtherVersion(name, e.path)
	switch {
	case other != "" && older:
		out.State, out.Why = Zombie, "the description has a newer version, "+other
	case other != "":
		out.Why = "the description has another version, " + other
	case api.Template(name, e.path) != "":
		out.Why = "the description has " + api.Template(name, e.path) + ", not the method"
	default:
		out.Why = "the description does not list it"
	}
}

// drift is in what an endpoint differs from its operation.
func (e *entry) drift() (out []Drift) {
	for _, s := range e.statuses {
		// What a gateway in front of a server says is in no description.
		if !e.op.Lists(s.status) && s.status != 304 && s.status < 500 {
			out = append(out, Drift{"status", strconv.Itoa(s.status), "a status that is described"})
		}
	}
	for _, p := range e.params {
		if p.extra {
			out = append(out, Drift{"parameter", p.name, "a query parameter that is described"})
		}
	}
	for _, m := range e.media {
		if !e.op.Gives(m) {
			out = append(out, Drift{"content_type", m, strings.Join(e.op.Media(), ", ")})
		}
	}
	if n := e.auth[call.Address]; n > 0 && e.op.Security == openapi.Required {
		out = append(out, Drift{"authentication", "success without credentials", "a credential"})
	}
	slices.SortFunc(out, func(a, b Drift) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Seen, b.Seen)) })
	return out
}

// orphans lists what was never called, and how much of each description was.
func (v *Inventory) orphans(d *Document) {
	if v.api == nil {
		return
	}
	for _, title := range v.api.Titles() {
		d.Descriptions = append(d.Descriptions, Description{Title: title})
	}
	for _, op := range v.api.Operations() {
		of := &d.Descriptions[op.Doc]
		of.Operations++
		if v.seen[op.Index] {
			of.Seen++
			continue
		}
		if op.FHIR { // a CapabilityStatement lists what the software can do: thousands, of which a site uses some
			continue
		}
		d.Orphans = append(d.Orphans, Orphan{op.Method, op.Template, of.Title})
	}
}
