// Package fhir says what a URL means to a health API: paths by the FHIR R4 and DICOMweb grammars, resource types by
// name, and which of them are about a patient.
package fhir

import "bytes"

// Shape is the form of a FHIR path, whatever the method.
type Shape uint8

// Shapes of a FHIR path (FHIR R4 section 3.1.0, http.html).
const (
	NotFHIR         Shape = iota
	System                // [base]
	Metadata              // [base]/metadata
	SystemSearch          // [base]/_search
	SystemHistory         // [base]/_history
	TypeLevel             // [base]/[type]
	TypeSearch            // [base]/[type]/_search
	TypeHistory           // [base]/[type]/_history
	Instance              // [base]/[type]/[id]
	InstanceHistory       // [base]/[type]/[id]/_history
	Versioned             // [base]/[type]/[id]/_history/[vid]
	Compartment           // [base]/[type]/[id]/[type] or /*
	Operation             // $op at system, type or instance level
)

// URL is a FHIR path taken apart. Its slices are borrowed from the segments it was parsed from.
type URL struct {
	Shape   Shape
	Base    int    // segments before the grammar begins
	Sure    bool   // the base itself says FHIR; otherwise only the resource type does
	Type    []byte // resource type; the compartment's owner in a Compartment
	ID      []byte
	Version []byte
	Within  []byte // the type searched in a Compartment, or *
	Op      []byte // operation with its $
}

// ParseURL reads the segments of a decoded path by the FHIR grammar and reports whether they fit. The base ends
// at the first segment that is a resource type from which the rest of the path fits, or at a $operation or
// _word; an ASP.NET path such as /Account/Login does not fit, since without a base that says FHIR an id needs a
// digit.
func ParseURL(u *URL, segs [][]byte) bool {
	*u = URL{}
	sure := false
	for i, s := range segs {
		if len(s) == 0 {
			continue
		}
		rest := segs[i:]
		switch {
		case s[0] == '$':
			if (sure || i == 0 && rooted(s)) && len(rest) == 1 && len(s) > 1 {
				*u = URL{Shape: Operation, Base: i, Sure: true, Op: s}
				return true
			}
		case sure && len(rest) == 1 && systemWord(s) != NotFHIR:
			*u = URL{Shape: systemWord(s), Base: i, Sure: true}
			return true
		case Lookup(s) != 0:
			u.Base, u.Sure = i, sure
			if u.resource(rest) {
				return true
			}
		}
		sure = sure || says(s)
	}
	*u = URL{}
	if n := len(segs); n > 0 && says(segs[n-1]) {
		*u = URL{Shape: System, Base: n, Sure: true}
		return true
	}
	return false
}

// rooted is whether a server whose base is its root has s for a system operation: other APIs have $batch and
// $metadata there.
func rooted(s []byte) bool {
	switch string(s) {
	case "$export", "$import", "$graphql", "$convert-data", "$process-message", "$bulk-delete", "$validate", "$meta",
		"$export-poll-status":
		return true
	}
	return false
}

func systemWord(s []byte) Shape {
	switch string(s) {
	case "metadata":
		return Metadata
	case "_search":
		return SystemSearch
	case "_history":
		return SystemHistory
	}
	return NotFHIR
}

// resource fits rest, which begins with a resource type.
func (u *URL) resource(rest [][]byte) bool {
	*u = URL{Base: u.Base, Sure: u.Sure, Type: rest[0]}
	if len(rest) == 1 {
		u.Shape = TypeLevel
		return true
	}
	second := rest[1]
	switch {
	case len(second) == 0:
		return false
	case second[0] == '$' || second[0] == '_':
		if len(rest) != 2 {
			return false
		}
		u.Shape = word(second)
		if u.Shape == Operation {
			u.Op = second
		}
		return u.Shape != NotFHIR
	case !u.Sure && !plausible(second):
		return false
	}
	u.ID = second
	if len(rest) == 2 {
		u.Shape = Instance
		return true
	}
	return u.below(rest[2:])
}

// below fits what follows an instance.
func (u *URL) below(rest [][]byte) bool {
	s := rest[0]
	switch {
	case len(s) == 0:
		return false
	case s[0] == '$' && len(s) > 1 && len(rest) == 1:
		u.Shape, u.Op = Operation, s
		return true
	case string(s) == "_history":
		return u.version(rest[1:])
	case string(s) == "*" || Lookup(s) != 0:
		u.Shape, u.Within = Compartment, s
		return len(rest) == 1 || len(rest) == 2 && string(rest[1]) == "_search"
	}
	return false
}

func (u *URL) version(rest [][]byte) bool {
	switch {
	case len(rest) == 0:
		u.Shape = InstanceHistory
		return true
	case len(rest) == 1:
		u.Shape, u.Version = Versioned, rest[0]
		return true
	case len(rest) == 2 && len(rest[1]) > 1 && rest[1][0] == '$':
		u.Shape, u.Version, u.Op = Operation, rest[0], rest[1]
		return true
	}
	return false
}

func word(s []byte) Shape {
	switch {
	case s[0] == '$' && len(s) > 1:
		return Operation
	case string(s) == "_search":
		return TypeSearch
	case string(s) == "_history":
		return TypeHistory
	}
	return NotFHIR
}

// plausible is whether s is a FHIR id (section 2.24.0.1: [A-Za-z0-9\-\.]{1,64}) with a digit in it.
func plausible(s []byte) bool {
	digit := false
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '-', c == '.':
		default:
			return false
		}
	}
	return digit && len(s) <= 64
}

var releases = []string{"r4", "r4b", "r5", "r6", "stu3", "dstu2", "dstu1"}

// says is whether a base segment names FHIR or one of its releases.
func says(s []byte) bool {
	for _, r := range releases {
		if len(s) == len(r) && bytes.EqualFold(s, []byte(r)) {
			return true
		}
	}
	for i := 0; i+4 <= len(s); i++ {
		if s[i]|0x20 == 'f' && bytes.EqualFold(s[i:i+4], []byte("fhir")) {
			return true
		}
	}
	return false
}

// Interaction is the FHIR interaction of a method on u (the code of TypeRestfulInteraction or
// SystemRestfulInteraction, with search-compartment for a compartment search); empty when the pair means
// nothing.
func (u *URL) Interaction(method []byte) string {
	get := string(method) == "GET" || string(method) == "HEAD"
	switch u.Shape {
	case System:
		if string(method) == "POST" {
			return "batch"
		}
		return only(get, "search-system")
	case Metadata:
		return "capabilities"
	case SystemSearch:
		return "search-system"
	case SystemHistory:
		return "history-system"
	case TypeSearch:
		return "search-type"
	case TypeHistory:
		return "history-type"
	case InstanceHistory:
		return "history-instance"
	case Compartment:
		return "search-compartment"
	case Operation:
		return "operation"
	case Versioned:
		return only(get, "vread")
	case TypeLevel:
		if get {
			return "search-type"
		}
		return write(method)
	case Instance:
		if get {
			return "read"
		}
		return only(string(method) != "POST", write(method))
	}
	return ""
}

func write(method []byte) string {
	switch string(method) {
	case "POST":
		return "create"
	case "PUT":
		return "update"
	case "PATCH":
		return "patch"
	case "DELETE":
		return "delete"
	}
	return ""
}

func only(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}
