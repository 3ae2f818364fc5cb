package call

import (
	"bytes"

	"auscult/sensor/fhir"
)

// Bounds of a Route, fixed because a Route must be a pure function of the path: segments past maxSegments become
// one, identifiers past maxPathIDs stay in the template only, and a path is read to maxPath bytes.
const (
	maxSegments = 32
	maxPathIDs  = 8
	maxPath     = 4096
)

// PathID is an identifier in a path. Both slices belong to its Route.
type PathID struct {
	Type  []byte // resource type, or the word before it in the path; empty at the root
	Value []byte
	Sub   bool // a part of the identifier before it
}

// Route is a path understood: its template, and the identifiers that the template leaves out. It is a pure
// function of the path, and its slices belong to it.
type Route struct {
	Template   []byte // /fhir/Patient/{id}
	Name       string // the same, where somebody has it as a string; else empty
	IDs        []PathID
	Collection []byte   // the last word of the path: what a bare "id" in the response is an id of
	FHIR       fhir.URL // Shape is NotFHIR when the path is none
	DICOM      bool
	ABDM       bool  // India's exchange of health information: its transactions are records
	Words      Flags // Login, Token, Search, Bulk, Health, GraphQL, HealthAPI as far as the words of the path tell
	Session    []byte
	Over       bool // the path went past a bound

	text []byte
	ids  [maxPathIDs]PathID

	instance int // of Routes: which of IDs FHIR.ID is
}

// ParseRoute is the Route of a path (without query), a pure function of it.
func ParseRoute(path []byte) Route {
	var r Route
	r.Parse(path)
	r.IDs = append([]PathID(nil), r.IDs...) // the array of r moves with the copy that is returned
	return r
}

// Parse is ParseRoute into r, whose memory it uses again.
func (r *Route) Parse(path []byte) {
	*r = Route{Template: r.Template[:0], text: r.text[:0]}
	r.IDs = r.ids[:0]
	if len(path) > maxPath {
		path, r.Over = path[:maxPath], true
	}
	var segs [maxSegments][]byte
	parts := segs[:r.split(&segs, path)]
	switch {
	case fhir.ParseURL(&r.FHIR, parts):
		r.fhir(parts)
	default:
		r.words(parts)
	}
	if len(r.Template) == 0 {
		r.Template = append(r.Template, '/')
	}
	r.Words |= wordFlags(parts, r)
}

// split decodes path into r.text and cuts it into segments as a server would: empty and dot segments removed
// (RFC 3986 section 5.2.4), path parameters cut off.
func (r *Route) split(segs *[maxSegments][]byte, path []byte) int {
	if cap(r.text) < len(path) {
		r.text = make([]byte, 0, len(path)+64)
	}
	n := 0
	for len(path) > 0 {
		seg := path
		if i := bytes.IndexByte(path, '/'); i >= 0 {
			seg, path = path[:i], path[i+1:]
		} else {
			path = nil
		}
		if i := bytes.IndexByte(seg, ';'); i >= 0 {
			r.session(seg[i+1:])
			seg = seg[:i]
		}
		start := len(r.text)
		r.text = unescape(r.text, seg, false)
		seg = r.text[start:len(r.text):len(r.text)]
		switch string(seg) {
		case "", ".":
			continue
		case "..":
			n = max(0, n-1)
			continue
		}
		if n == maxSegments {
			r.Over = true
			segs[n-1] = []byte("{more}")
			continue
		}
		segs[n] = seg
		n++
	}
	return n
}

// session keeps a session id that stands in the path: ;jsessionid=… (Servlet 6.0 section 7.1.3).
func (r *Route) session(params []byte) {
	const name = "jsessionid="
	if len(params) > len(name) && bytes.EqualFold(params[:len(name)], []byte(name)) {
		n := len(r.text)
		r.text = append(r.text, params[len(name):]...)
		r.Session = r.text[n:len(r.text):len(r.text)]
	}
}

// fhir writes the template of a FHIR path.
func (r *Route) fhir(parts [][]byte) {
	u := &r.FHIR
	base := parts[:min(u.Base, len(parts))]
	for i, s := range base {
		r.literal(s, i > 0 && identifies(s))
	}
	r.Words |= HealthAPI
	if u.Shape == fhir.System || len(u.Type) == 0 {
		for _, s := range parts[len(base):] {
			r.literal(s, false)
		}
		return
	}
	r.Collection = u.Type
	r.literal(u.Type, false)
	rest := parts[len(base)+1:]
	if len(u.ID) > 0 {
		r.literal(nil, true)
		r.add(PathID{Type: u.Type, Value: u.ID})
		rest = rest[1:]
	}
	for _, s := range rest {
		r.literal(s, len(u.Version) > 0 && bytes.Equal(s, u.Version))
	}
	if len(u.Within) > 1 {
		r.Collection = u.Within
	}
}

// words writes the template of any other path.
func (r *Route) words(parts [][]byte) {
	first, dicom := fhir.DICOM(parts)
	r.DICOM = dicom
	mrs := openMRS(parts)
	r.ABDM = abdm(parts)
	var before []byte
	for i, s := range parts {
		name, ext := stem(s)
		id := identifies(s)
		switch {
		case s[0] == '$' || s[0] == '{' || string(s) == "*":
			id = false
		case r.odata(s):
			before = s[:bytes.IndexByte(s, '(')]
			r.Collection = before
			continue
		case dicom && i > first && (i-first)%2 == 1:
			id = !dicomWord(s)
		case mrs > 0 && i > mrs && (i-mrs)%2 == 1:
			id = !openMRSWord(s)
		case id:
			id = i == 0 || len(s) > 2 || !small(parts[i-1]) // /api/2/… is a version
			if i > 0 && year(s) && string(parts[i-1]) == "epic" {
				id = false // /api/epic/2019/…
			}
		case len(ext) > 0 && identifies(name):
			r.literal(nil, true)
			r.Template = append(r.Template, ext...)
			r.add(PathID{Type: before, Value: name})
			continue
		case i > 0 && hasDigit(s) && !version(s):
			id = namesPatient(parts[i-1])
		}
		if id {
			r.literal(nil, true)
			r.list(before, s, dicom && len(r.IDs) > 0)
			continue
		}
		r.literal(s, false)
		switch {
		case dicom:
			s = dicomType(s)
		case r.ABDM && i > 0 && string(s) == "status" && string(parts[i-1]) == "request":
			s = typeTransaction // health-information/request/status/{transactionId}
		}
		before = s
		r.Collection = before
	}
	if dicom {
		r.Words |= HealthAPI
	}
}

// odata writes a segment of the form Patients(17) or Patients('17') and reports whether it is one.
func (r *Route) odata(s []byte) bool {
	open := bytes.IndexByte(s, '(')
	if open <= 0 || s[len(s)-1] != ')' || len(s) < open+3 || identifies(s[:open]) {
		return false
	}
	r.literal(s[:open], false)
	r.Template = append(r.Template, "({id})"...)
	r.add(PathID{Type: s[:open], Value: bytes.Trim(s[open+1:len(s)-1], "'")})
	return true
}

// literal appends one segment to the template.
func (r *Route) literal(s []byte, id bool) {
	r.Template = append(r.Template, '/')
	if id {
		r.Template = append(r.Template, "{id}"...)
		return
	}
	r.Template = append(r.Template, s...)
}

// list adds each part of a comma list of identifiers.
func (r *Route) list(typ, s []byte, sub bool) {
	for len(s) > 0 {
		v, rest, _ := bytes.Cut(s, []byte(","))
		if len(v) > 0 {
			r.add(PathID{Type: typ, Value: v, Sub: sub})
		}
		s = rest
	}
}

func (r *Route) add(id PathID) {
	if len(r.IDs) == maxPathIDs {
		r.Over = true
		return
	}
	r.IDs = append(r.IDs, id)
}

// abdm is whether a path is of ABDM's exchange of health information (its v3 and v0.5 APIs).
func abdm(parts [][]byte) bool {
	for _, s := range parts {
		switch string(s) {
		case "hiecm", "hip", "hiu", "health-information":
			return true
		}
	}
	return false
}

// year is whether s is four digits that can be one.
func year(s []byte) bool {
	return len(s) == 4 && s[0] == '2' && s[1] == '0' && digit(s[2]) && digit(s[3])
}

// openMRS is the index of the resource type in an OpenMRS path (…/ws/rest/v1/{type}/{uuid}), or 0.
func openMRS(parts [][]byte) int {
	for i := 0; i+3 < len(parts); i++ {
		if string(parts[i]) == "ws" && string(parts[i+1]) == "rest" && version(parts[i+2]) {
			return i + 3
		}
	}
	return 0
}

// openMRSWord is what follows a type without being the id of one.
func openMRSWord(s []byte) bool {
	switch string(s) {
	case "search", "matcher", "unread", "active":
		return true
	}
	return false
}

func dicomWord(s []byte) bool {
	switch string(s) {
	case "metadata", "rendered", "thumbnail", "bulkdata", "series", "instances", "studies":
		return true
	}
	return false
}

// dicomType is the type of what a DICOMweb word is followed by.
func dicomType(s []byte) []byte {
	switch string(s) {
	case "studies":
		return typeStudy
	case "series":
		return typeSeries
	case "instances":
		return typeInstance
	case "frames":
		return typeFrame
	}
	return s
}

// small is whether a short number after s is a version.
func small(s []byte) bool {
	return bytes.EqualFold(s, []byte("api")) || bytes.EqualFold(s, []byte("rest")) || bytes.EqualFold(s, []byte("version"))
}

func hasDigit(s []byte) bool {
	for _, c := range s {
		if digit(c) {
			return true
		}
	}
	return false
}
