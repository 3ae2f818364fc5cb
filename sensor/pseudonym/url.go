package pseudonym

import (
	"slices"
	"strings"

	"auscult/sensor/call"
)

// Bounds of what is written of one request target; what lies past them becomes one pseudonym.
const (
	maxSegments = 64
	maxParams   = 64
	maxValues   = 32
)

// Route appends the endpoint template of c. A template is built from paths, so a level that still holds an
// identifier the call named, or looks like one, is blotted out here too.
func (n *Names) Route(dst []byte, c *call.Call) []byte {
	return n.template(dst, c.Route, known{c.Objects, nil, c.Principal.ID})
}

// Endpoint appends the method and template of a finding on p that touched ids, with the same care.
func (n *Names) Endpoint(dst []byte, route string, p *call.Principal, ids []string) []byte {
	return n.template(dst, route, known{nil, ids, p.ID})
}

func (n *Names) template(dst []byte, t string, k known) []byte {
	if n.Reveal {
		return append(dst, t...)
	}
	before := ""
	for i, seg := 0, 0; i < len(t); seg++ {
		if t[i] == '/' {
			dst = append(dst, '/')
			i++
			continue
		}
		end := segmentEnd(t, i)
		s := t[i:end]
		switch {
		case seg >= 2*maxSegments:
			return append(dst, "{more}"...)
		case hole(s) && plainWord(strings.Trim(s, "{}"), maxVersion), k.literal(s) && shown(before, s):
			dst = append(dst, s...)
		case k.action(s):
			dst = append(dst, s...)
		default:
			dst = append(dst, "{id}"...)
		}
		i, before = end, s
	}
	return dst
}

// shown is whether a level that is built like a name may be one: behind a word for people only words that are about them.
func shown(before, s string) bool { return !namesPerson(before) || aboutPeople(s) }

// Type appends the type of an object of c. Where that is a level of the path which may name a person, it is one of a record.
func (n *Names) Type(dst []byte, c *call.Call, o *call.Object) []byte {
	if !n.Reveal && o.Where == call.InPath && o.Type != "" {
		before := ""
		for level := range strings.SplitSeq(c.Route, "/") {
			if level == o.Type && !shown(before, level) {
				return append(dst, "record"...)
			}
			before = level
		}
	}
	return n.Word(dst, o.Type)
}

// Path appends the path of c's target: levels that its template names stay, every other becomes the pseudonym
// of its decoded text. Without a template nothing is known to be no identifier, and every level is replaced.
func (n *Names) Path(dst []byte, c *call.Call) []byte {
	if n.Reveal || c.Path == "*" {
		return append(dst, c.Path...)
	}
	p, t := c.Path, c.Route
	k := known{c.Objects, nil, c.Principal.ID}
	i, j, before := 0, 0, ""
	for seg := 0; i < len(p); seg++ {
		if p[i] == '/' {
			dst = append(dst, '/')
			i++
			if j < len(t) && t[j] == '/' {
				j++
			} else {
				t = "" // the template ended or fits no more
			}
			continue
		}
		if seg >= 2*maxSegments {
			return n.keys().Append(dst, Object, p[i:])
		}
		end := segmentEnd(p, i)
		s := p[i:end]
		tend := min(len(t), j)
		for tend < len(t) && t[tend] != '/' {
			tend++
		}
		if j < tend && t[j:tend] == s && !hole(s) && k.literal(s) && shown(before, s) {
			dst = append(dst, s...)
		} else {
			dst = n.value(dst, s, false)
		}
		i, j, before = end, tend, s
	}
	return dst
}

// Query appends the query of c's target: names of parameters stay, and the values of those that only shape an
// answer; every other value becomes a pseudonym.
func (n *Names) Query(dst []byte, c *call.Call) []byte {
	q := c.Query
	if n.Reveal {
		return append(dst, q...)
	}
	for count := 0; len(q) > 0; count++ {
		if count == maxParams {
			return n.keys().Append(dst, Object, q)
		}
		end := 0
		for end < len(q) && q[end] != '&' {
			end++
		}
		dst = n.param(dst, q[:end])
		if end == len(q) {
			break
		}
		dst = append(dst, '&')
		q = q[end+1:]
	}
	return dst
}

// Parameter appends the name of a query parameter, as Query does.
func (n *Names) Parameter(dst []byte, name string) []byte {
	if n.Reveal || plainWord(name, maxVersion) {
		return append(dst, name...)
	}
	return n.value(dst, name, true)
}

func (n *Names) param(dst []byte, s string) []byte {
	eq := 0
	for eq < len(s) && s[eq] != '=' {
		eq++
	}
	name := s[:eq]
	if !plainWord(name, maxVersion) || (eq == len(s) && !shaping(name)) {
		dst = n.value(dst, name, true)
	} else {
		dst = append(dst, name...)
	}
	if eq == len(s) {
		return dst
	}
	dst = append(dst, '=')
	value := s[eq+1:]
	if value == "" || (shaping(name) && plainWord(value, maxNumber)) {
		return append(dst, value...)
	}
	secret := n.Keep != nil && secretName(name)
	for count := 0; ; count++ {
		if count == maxValues {
			return n.value(dst, value, secret)
		}
		comma := 0
		for comma < len(value) && value[comma] != ',' {
			comma++
		}
		dst = n.value(dst, value[:comma], secret)
		if comma == len(value) {
			return dst
		}
		dst = append(dst, ',')
		value = value[comma+1:]
	}
}

// value appends the pseudonym of a level or value, decoded, and without the type or system before it
// (Patient/17, urn:mrn|17), so that it equals the pseudonym of the object that was named. What is secret nobody is told of.
func (n *Names) value(dst []byte, s string, secret bool) []byte {
	if s == "" {
		return dst
	}
	d := n.decode[:0]
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			c = byte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		}
		d = append(d, c)
	}
	n.decode = d
	for i := len(d) - 2; i >= 0; i-- {
		if d[i] == '/' || d[i] == '|' {
			d = d[i+1:]
			break
		}
	}
	k := n.keys()
	k.buf = append(k.buf[:0], d...)
	begin := len(dst)
	dst = k.appendBuf(dst, Object)
	if secret {
		return dst
	}
	return n.kept(dst, begin, nil, k.buf)
}

// secretName is whether a parameter's name says that it holds a secret, which nobody is ever told.
func secretName(name string) bool {
	for _, word := range [...]string{"pass", "pwd", "secret", "token", "key", "auth", "code", "sig", "session", "sid", "otp", "pin", "assertion", "jwt", "cred"} {
		if len(name) >= len(word) && containsFold(name, word) {
			return true
		}
	}
	return false
}

func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// known is what a template must not show: identifiers that are known to be some.
type known struct {
	objects   []call.Object
	ids       []string
	principal string
}

// literal is whether a level of a template may be shown: it is built like a name and is no known identifier.
func (k known) literal(s string) bool {
	if !plainWord(s, maxVersion) || s == k.principal {
		return false
	}
	for i := range k.objects {
		if k.objects[i].Where == call.InPath && k.objects[i].ID == s {
			return false
		}
	}
	return !slices.Contains(k.ids, s)
}

// action is whether a level of a template names what one URL serves, as SOAP and HL7 v2 do: registry#Query,
// in#ADT^A01, MLLP ADT^A01.
func (k known) action(s string) bool {
	at, what, ok := strings.Cut(s, "#")
	if !ok {
		at, what, ok = strings.Cut(s, " ")
		ok = ok && at == "MLLP"
	}
	kind, event, _ := strings.Cut(what, "^")
	return ok && (at == "" || k.literal(at)) && k.literal(kind) && (event == "" || k.literal(event))
}

// shaping is whether a parameter only shapes an answer: paging, order, form. FHIR R4 search and common use.
func shaping(name string) bool {
	switch name {
	case "_count", "_sort", "_format", "_summary", "_elements", "_pretty", "_total", "_include", "_revinclude", "_contained",
		"_offset", "page", "Page", "page_size", "pageSize", "per_page", "perPage", "size", "limit", "offset", "skip", "top",
		"$top", "$skip", "$count", "sort", "sort_by", "order", "order_by", "orderBy", "format", "fields", "expand", "start",
		"count", "includefield", "fuzzymatching", "_type", "_outputFormat", "lang", "version", "v":
		return true
	}
	return false
}

// hole is whether a level of a template stands for a value.
func hole(s string) bool {
	for i := range len(s) {
		if s[i] == '{' || s[i] == '*' {
			return true
		}
	}
	return false
}

func segmentEnd(s string, i int) int {
	for i < len(s) && s[i] != '/' {
		i++
	}
	return i
}

func unhex(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
