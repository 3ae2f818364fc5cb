// Package openapi reads descriptions of APIs, OpenAPI 3, Swagger 2 and FHIR CapabilityStatements, into plain data that
// says of a call which operation it is, whether that demands a credential, and which parameters and properties it has.
// A description is read once, at the start; from then on it never changes, and any goroutine may ask it.
package openapi

import (
	"slices"
	"strings"
)

// API is what all descriptions that were given say.
type API struct {
	docs  []*doc
	ops   []*Operation
	parts int // of schemas looked at so far
}

// doc is one description.
type doc struct {
	title string
	hosts []string // lower case, without port; empty: any
	bases []string // paths below which it speaks for everything: "/fhir", or "" for all
	fhir  bool
	root  node
}

// Operation is a method on a template.
type Operation struct {
	Method     string
	Template   string // with the base path of its server: /api/v2/patients/{id}
	Index      int    // its place in Operations
	Doc        int    // which description it is from
	Security   Security
	Deprecated bool
	FHIR       bool    // of a CapabilityStatement
	Body       *Schema // nil when it says nothing of the body
	query      []string
	answers    []answer
	media      []string // of answers, in lower case, without parameters
}

// Security is what an operation says of credentials.
type Security uint8

// What a description may say of them.
const (
	Unsaid   Security = iota
	Open              // security: [], or {} among its requirements
	Required          // a requirement that is not empty
)

// answer is the schema of one status; class 2 is of 2XX, 0 of default.
type answer struct {
	status int
	schema *Schema
}

// Operations are all that are described, in the order of the files, their templates and methods.
func (a *API) Operations() []*Operation { return a.ops }

// Title is the name and version that a description gives itself.
func (a *API) Title(doc int) string { return a.docs[doc].title }

// Find is the operation of a call, or nil. host is the Host header, path the path as sent, without query. It does not
// allocate.
func (a *API) Find(method, host, path string) *Operation {
	for _, d := range a.docs {
		if !d.speaksFor(host) {
			continue
		}
		if n := d.root.find(path, d.fhir); n != nil {
			if op := n.operation(method); op != nil {
				return op
			}
		}
	}
	return nil
}

// Template is the template of a path, whatever the method, or nothing.
func (a *API) Template(host, path string) string {
	for _, d := range a.docs {
		if d.speaksFor(host) {
			if n := d.root.find(path, d.fhir); n != nil {
				return n.template
			}
		}
	}
	return ""
}

// Names is whether a description names host as a server of its own.
func (a *API) Names(host string) bool {
	for _, d := range a.docs {
		if len(d.hosts) > 0 && d.speaksFor(host) {
			return true
		}
	}
	return false
}

// Scope is which description speaks for a path on host, so that what it does not list is undocumented; -1 for none.
// named is whether it names the host; one that names none may be of any server.
func (a *API) Scope(host, path string, fhir bool) (doc int, named bool) {
	doc = -1
	for i, d := range a.docs {
		if fhir && !d.fhir || !d.speaksFor(host) || !d.covers(path) {
			continue
		}
		if len(d.hosts) > 0 {
			return i, true
		}
		if doc < 0 {
			doc = i
		}
	}
	return doc, false
}

// OtherVersion is the template of a described path that is path but for the version in it, or nothing; older is whether
// path's version is the older one.
func (a *API) OtherVersion(host, path string) (template string, older bool) {
	start, end, number := Version(path, false)
	if start < 0 {
		return "", false
	}
	for _, d := range a.docs {
		if !d.speaksFor(host) {
			continue
		}
		if t := d.root.versioned(path[:start], path[end:], path[start:end]); t != "" {
			_, _, other := Version(t, false)
			return t, number < other
		}
	}
	return "", false
}

func (d *doc) speaksFor(host string) bool {
	if len(d.hosts) == 0 {
		return true
	}
	host = hostname(host)
	for _, h := range d.hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func (d *doc) covers(path string) bool {
	for _, b := range d.bases {
		if strings.HasPrefix(path, b) && (len(path) == len(b) || path[len(b)] == '/') {
			return true
		}
	}
	return false
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

// Takes is whether name is among the operation's query parameters. In FHIR a name may have a modifier or a chain behind
// it, and what begins with _ is for every search (R4, section 3.1.1).
func (o *Operation) Takes(name string) bool {
	if o.FHIR {
		if strings.HasPrefix(name, "_") {
			return true
		}
		if i := strings.IndexAny(name, ":."); i > 0 {
			name = name[:i]
		}
	}
	name = strings.TrimSuffix(name, "[]")
	_, ok := slices.BinarySearch(o.query, name)
	if ok {
		return true
	}
	if i := strings.IndexByte(name, '['); i > 0 { // deepObject: filter[ward]
		_, ok = slices.BinarySearch(o.query, name[:i])
	}
	return ok
}

// Answer is what the operation says of a response with status, or nil.
func (o *Operation) Answer(status int) *Schema {
	var best *Schema
	rank := -1
	for _, a := range o.answers {
		r := -1
		switch a.status {
		case status:
			r = 2
		case status / 100:
			r = 1
		case 0:
			r = 0
		}
		if r > rank {
			best, rank = a.schema, r
		}
	}
	return best
}

// Lists is whether an answer with status is described, by itself, its class or as default; so is any where none are.
func (o *Operation) Lists(status int) bool {
	for _, a := range o.answers {
		if a.status == status || a.status == status/100 || a.status == 0 {
			return true
		}
	}
	return len(o.answers) == 0
}

// Gives is whether answers of a media type, in lower case and without parameters, are described; so is any where none
// are. A described range (application/*) takes what is in it.
func (o *Operation) Gives(media string) bool {
	for _, m := range o.media {
		if m == media || m == "*/*" || strings.HasSuffix(m, "/*") && strings.HasPrefix(media, m[:len(m)-1]) {
			return true
		}
	}
	return len(o.media) == 0
}

// Media is the media types of the answers that are described, sorted.
func (o *Operation) Media() []string { return o.media }

// Titles are the names that the descriptions give themselves, in the order of the files.
func (a *API) Titles() []string {
	out := make([]string, len(a.docs))
	for i, d := range a.docs {
		out[i] = d.title
	}
	return out
}
