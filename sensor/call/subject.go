package call

import (
	"bytes"

	"auscult/sensor/fhir"
)

// verbs and endings are what the name of a function says beside what it is about: getPatientById is about a patient.
var (
	verbs   = [...]string{"get", "fetch", "find", "read", "load", "view", "lookup", "show", "open", "list", "subscribe", "retrieve"}
	endings = [...]string{"byid", "byids", "record", "records", "details", "detail", "info", "chart", "summary", "profile", "data"}
)

// subject is the word for what a function is about: of patient.get the first name, of getPatientById the middle.
func (b *Builder) subject(function []byte) []byte {
	if i := bytes.IndexAny(function, "./:_"); i > 0 {
		first, last := function[:i], function[i+1:]
		if space := b.words.of(first).space; space == patient || space == business {
			return first
		}
		function = last
	}
	for _, v := range verbs {
		if len(function) > len(v)+2 && bytes.EqualFold(function[:len(v)], []byte(v)) {
			function = function[len(v):]
			break
		}
	}
	for _, e := range endings {
		if n := len(function) - len(e); n > 2 && bytes.EqualFold(function[n:], []byte(e)) {
			function = function[:n]
			break
		}
	}
	return bytes.Trim(function, "_-.")
}

// about takes the identifier that the argument named arg of a function is, when its name or the function's say that it
// is a patient's. One that the body's scan has taken for that of anything becomes the patient's.
func (b *Builder) about(c *Call, ar *Arena, r *Route, function, arg, value []byte, where Where) {
	if len(value) == 0 || len(value) > maxArgText || !hasDigit(value) && !abha(value) {
		return
	}
	space := b.words.of(arg).space
	if space == generic || string(arg) == "params" {
		arg = b.subject(function)
		if space = b.words.of(arg).space; space == business {
			space = patient // an id of one is not the number itself
		}
	}
	if space != patient && space != business {
		return
	}
	key := keyIn(space, 0, value)
	for i := range b.objects {
		o := &b.objects[i]
		if o.Where == where && !o.Patient && o.ID == string(value) && (o.Type == "" || o.Type == string(r.Collection)) {
			o.Type, o.Key, o.Param, o.Patient = "Patient", key, paramIn(b.server, space, 0), true
			b.seen.add(key)
			return
		}
	}
	b.add(c, ar, space, arg, value, where, false)
}

// variable is where a GraphQL document uses one of its variables. The slices are parts of the document.
type variable struct{ name, field, arg []byte }

// maxVariables bounds those that are told apart.
const maxVariables = 16

// bound takes the identifiers among the variables of a GraphQL request, which only its document says what for.
func (b *Builder) bound(c *Call, ar *Arena, r *Route, from int) {
	const prefix = "variables."
	if len(b.vars) == 0 {
		return
	}
	for i := from; i < len(b.args); i++ {
		a := &b.args[i]
		if len(a.Name) <= len(prefix) || a.Name[:len(prefix)] != prefix || a.Kind != String && a.Kind != Number || a.Len > maxArgText {
			continue
		}
		for _, v := range b.vars {
			if string(v.name) == a.Name[len(prefix):] {
				b.word = append(b.word[:0], a.Text...)
				b.about(c, ar, r, v.field, v.arg, b.word, a.Where)
			}
		}
	}
}

// remote takes the identifiers of a remote call whose name stands in its body, as JSON-RPC and messages of WebSockets
// have it: of the values from the from-th, which are those of one message.
func (b *Builder) remote(c *Call, ar *Arena, r *Route, from int) {
	if r.FHIR.Shape != fhir.NotFHIR {
		return
	}
	function, rpc := "", false
	for i := from; i < len(b.args); i++ {
		switch a := &b.args[i]; a.Name {
		case "jsonrpc":
			rpc = true
		case "method", "action", "op", "operation", "command", "cmd", "event", "type":
			if function == "" && a.Kind == String {
				function = a.Text
			}
		}
	}
	if function == "" {
		return
	}
	for i := from; i < len(b.args); i++ {
		a := &b.args[i]
		switch a.Name {
		case "method":
			function = a.Text // of the next, in a batch
			continue
		case "id":
			if rpc { // the request's own
				continue
			}
		case "params", "params.id", "data.id", "payload.id", "args.id", "arguments.id", "body.id", "args", "params.ids", "ids":
		default:
			continue
		}
		if a.Kind != String && a.Kind != Number || a.Len > maxArgText {
			continue
		}
		name := a.Name[lastDot(a.Name):]
		if name == "args" {
			name = "params"
		}
		b.function = append(b.function[:0], function...)
		b.keyBuf = append(b.keyBuf[:0], name...)
		b.word = append(b.word[:0], a.Text...)
		b.about(c, ar, r, b.function, b.keyBuf, b.word, a.Where)
	}
}

// listed takes the identifiers of a list of bare ids, sent to a path that speaks of patients: POST
// /patients/bulk {"ids": [1, 2, 3]}.
func (b *Builder) listed(c *Call, ar *Arena, r *Route, from int) {
	known, people := false, false
	for i := from; i < len(b.args); i++ {
		a := &b.args[i]
		switch a.Name {
		case "ids", "idList", "id_list", "uuids":
		default:
			continue
		}
		if a.Kind != String && a.Kind != Number || a.Len > maxArgText {
			continue
		}
		if !known {
			known, people = true, r.people()
		}
		if people {
			b.word = append(b.word[:0], a.Text...)
			b.about(c, ar, r, typePatient, nameID, b.word, InBody)
		}
	}
}

// people is whether a word of the path is one for patients.
func (r *Route) people() bool {
	for rest := r.Template; len(rest) > 0; {
		var seg []byte
		seg, rest, _ = bytes.Cut(rest, []byte("/"))
		if len(seg) > 0 && wordSpace(seg) == patient {
			return true
		}
	}
	return false
}

// lastDot is where the last name of a dotted one begins.
func lastDot(name string) int {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return i + 1
		}
	}
	return 0
}
