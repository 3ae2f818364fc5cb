package call

import (
	"bytes"

	"auscult/sensor/http"
	"auscult/sensor/inject"
)

// Bounds of one Arg, in bytes.
const (
	maxArgText = 64
	maxArgName = 128
)

// Names of values that have none.
var (
	nameDoctype  = []byte("!DOCTYPE")
	namePath     = []byte("!path")
	nameFilename = []byte("filename")
	nameID       = []byte("id")
)

// take makes room for a value and reads what needs no copy of it; the caller sets its Name, and its Text with setText.
// It is nil when the bound on values is reached. The last sixth of the room is kept for values that look like an
// attack, so that nobody hides one behind many others.
func (b *Builder) take(where Where, name, value []byte, kind ArgKind) *Arg {
	a, _, _ := b.taken(where, name, value, kind)
	return a
}

// taken is take, with the name and the value as strings where they are remembered, else nothing of them.
func (b *Builder) taken(where Where, name, value []byte, kind ArgKind) (a *Arg, called, text string) {
	key := valueHash(value)
	look, text := b.look(value, key)
	n := len(b.args)
	if n >= b.cfg.Args-b.cfg.Args/6 && (n >= b.cfg.Args || look.Families == 0 && look.Target <= inject.Outside) {
		b.Stats.Args++
		return nil, "", ""
	}
	id := nonzero(hash(seedArg+uint64(where)<<8, name))
	called, secret := b.argName(id, name)
	if kind != Null && kind != Bool && (secret || looksJWT(value)) {
		kind = Secret
	}
	b.args = append(b.args, Arg{Key: id, Value: key, Len: len(value), Where: where, Kind: kind, Look: look})
	return &b.args[n], called, text
}

// put takes a value whose name and text have to be copied.
func (b *Builder) put(ar *Arena, where Where, name, value []byte, kind ArgKind) *Arg {
	name = name[:min(len(name), maxArgName)]
	a, called, text := b.taken(where, name, value, kind)
	if a == nil {
		return nil
	}
	if a.Name = called; called == "" {
		a.Name = ar.bytes(name)
	}
	if a.Kind == Secret {
		return a
	}
	if a.Text = text; text == "" {
		a.Text = ar.bytes(value[:min(len(value), maxArgText)])
	}
	return a
}

// argNames remembers what the names of values say: an API has some hundred. It is direct-mapped and compares whole
// names, so that it changes nothing but speed. Strings that it hands out are never written again.
type argNames [256]struct {
	name   [maxArgName / 2]byte
	n      uint8
	secret bool
	text   string // empty until the name came a second time
}

// argName is the name as a string, if it is remembered, and whether what it names is a secret; id is a hash of it.
func (b *Builder) argName(id uint64, name []byte) (text string, secret bool) {
	if len(name) == 0 || len(name) > maxArgName/2 {
		return "", b.secret(name)
	}
	slot := &b.names[id%uint64(len(b.names))]
	switch {
	case string(slot.name[:slot.n]) != string(name):
		slot.n = uint8(copy(slot.name[:], name))
		slot.secret, slot.text = b.secret(name), ""
	case slot.text == "":
		slot.text = string(name)
	}
	return slot.text, slot.secret
}

// operators adds what the name of a value shows: user[$ne]=x and {"user": {"$ne": null}}.
func (b *Builder) operators(a *Arg, name []byte) {
	if a == nil {
		return
	}
	look := b.nameLook(name)
	a.Look.Families |= look.Families
	a.Look.Sure |= look.Sure
}

// nameLook is what a name shows by itself, or in its last brackets.
func (b *Builder) nameLook(name []byte) (l inject.Look) {
	if n := len(name); n > 2 && name[n-1] == ']' {
		if i := bytes.LastIndexByte(name, '['); i >= 0 && mongo(name[i+1:n-1]) {
			l.Families = inject.NoSQL
		}
	}
	switch {
	case mongo(name):
		l.Families = inject.NoSQL
	case oddName(name):
		l = b.inject.Look(name)
	}
	return l
}

// oddName is whether a name has characters that no parameter's has.
func oddName(name []byte) bool {
	for _, c := range name {
		if oddByte[c] {
			return true
		}
	}
	return false
}

var oddByte = [256]bool{'\'': true, '"': true, '<': true, '>': true, '`': true, '{': true, ';': true, '|': true, '\\': true, '(': true,
	')': true, ' ': true}

// secret is whether a value of that name must not be shown; of a name with dots the last part counts.
func (b *Builder) secret(name []byte) bool {
	name = name[bytes.LastIndexByte(name, '.')+1:]
	return b.words.of(name).secret
}

// secretWord is whether what a word names proves who somebody is.
func secretWord(word []byte) bool {
	var buf [48]byte
	n := 0
	for _, c := range word {
		switch {
		case n == len(buf):
			return false
		case letter(c):
			buf[n] = c | 0x20
			n++
		case digit(c):
			buf[n] = c
			n++
		}
	}
	w := buf[:n]
	switch string(w) {
	case "pass", "pwd", "newpwd", "oldpwd", "pin", "mpin", "upin", "otp", "totp", "mfacode", "otpcode", "passcode", "token", "accesstoken",
		"refreshtoken", "idtoken", "authtoken", "sessiontoken", "bearertoken", "resettoken", "subjecttoken", "actortoken", "jwt", "apikey",
		"accesskey", "privatekey", "subscriptionkey", "authorization", "auth", "credential", "credentials", "session", "sessionid", "sid",
		"jsessionid", "phpsessid", "assertion", "clientassertion", "samlresponse", "codeverifier", "signature", "sig", "xamzsignature",
		"xamzsecuritytoken", "xgoogsignature", "xamzcredential", "userpass", "loginpass":
		return true
	}
	return bytes.Contains(w, []byte("password")) || bytes.Contains(w, []byte("passwd")) || bytes.Contains(w, []byte("passphrase")) ||
		bytes.Contains(w, []byte("secret"))
}

// looksJWT is whether a value has the form of a JSON Web Token, whatever it says.
func looksJWT(v []byte) bool {
	return len(v) > 30 && v[0] == 'e' && v[1] == 'y' && bytes.Count(v, []byte(".")) == 2
}

// bodyArgs takes the values of the request's body, by what it turns out to be: its media type is a hint that an
// attacker may have wrong on purpose.
func (b *Builder) bodyArgs(c *Call, ar *Arena, r *Route, x *http.Exchange, t *Texts) {
	if t == nil || mllp(x) || c.Continued {
		return
	}
	body := t.sides[http.Request].b
	if len(body) == 0 {
		return
	}
	media := x.Request.Get("content-type")
	var buf [64]byte
	low := lower(buf[:0], media[:min(len(media), len(buf))])
	start := body[min(len(body), space(body, 0)):]
	if len(start) == 0 {
		return
	}
	read, from := false, len(b.args)
	switch {
	case bytes.Contains(low, []byte("multipart")):
		read = b.multipartArgs(c, ar, r, media, body)
	case bytes.Contains(low, []byte("graphql")):
		b.graph(c, ar, r, InBody, start)
		read = true
	case bytes.Contains(low, []byte("form-urlencoded")):
		b.formArgs(ar, body)
		read = true
	case start[0] == '{' || start[0] == '[' || start[0] == 0x1e:
		read = b.jsonArgs(c, ar, r, body)
		b.listed(c, ar, r, from)
	case start[0] == '<' || bytes.HasPrefix(start, []byte("\xef\xbb\xbf<")):
		read = b.xmlArgs(ar, body)
	case len(low) == 0 && bytes.IndexByte(start, '=') > 0:
		b.formArgs(ar, body)
		read = true
	}
	if !read && textual(low) {
		b.put(ar, InBody, nil, body, String)
	}
	b.bound(c, ar, r, from)
}

// textual is whether a media type in lower case, or none, promises text.
func textual(media []byte) bool {
	return len(media) == 0 || bytes.HasPrefix(media, []byte("text/")) || bytes.Contains(media, []byte("json")) ||
		bytes.Contains(media, []byte("xml"))
}

// formArgs takes the fields of a form.
func (b *Builder) formArgs(ar *Arena, body []byte) {
	for len(body) > 0 {
		pair := body
		if i := bytes.IndexByte(body, '&'); i >= 0 {
			pair, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		key, value, _ := bytes.Cut(pair, []byte("="))
		key, value = decoded(&b.keyBuf, key), decoded(&b.valueBuf, value)
		if len(key) == 0 && len(value) == 0 {
			continue
		}
		b.operators(b.put(ar, InBody, key, value, String), key)
	}
}

// queryArg takes a parameter of the query; off is where the pair began in c.Query.
func (b *Builder) queryArg(c *Call, ar *Arena, r *Route, pair, key, value []byte, off int) {
	if string(key) == "query" && isDocument(value) {
		b.graph(c, ar, r, InQuery, b.document(value))
		b.bound(c, ar, r, 0)
		return
	}
	if string(key) == "variables" && len(value) > 0 && value[0] == '{' && r.Words&GraphQL != 0 {
		b.variables(c, ar, r, value)
		return
	}
	name := key[:min(len(key), maxArgName)]
	a := b.take(InQuery, name, value, String)
	if a == nil {
		return
	}
	// What was sent as it is needs no copy: the target has it already.
	raw := bytes.IndexByte(pair, '=')
	if raw < 0 {
		raw = len(pair)
	}
	sent := c.Query[off : off+len(pair)]
	if len(key) == raw && string(name) == sent[:len(name)] {
		a.Name = sent[:len(name)]
	} else {
		a.Name = ar.bytes(name)
	}
	if a.Kind != Secret {
		text := value[:min(len(value), maxArgText)]
		if v := sent[min(raw+1, len(sent)):]; len(v) == len(value) && v[:len(text)] == string(text) {
			a.Text = v[:len(text)]
		} else {
			a.Text = ar.bytes(text)
		}
	}
	b.operators(a, key)
}

// pathArgs takes the segments of the path that name something, those that show characters of an attack, and the path
// itself when it leaves its place.
func (b *Builder) pathArgs(c *Call, ar *Arena, r *Route, path []byte) {
	next := 0
	for i := range r.IDs {
		id := &r.IDs[i]
		a := b.take(InPath, id.Type, id.Value, String)
		if a == nil {
			continue
		}
		// An object of the same text was copied for it already.
		for ; next < len(b.objects) && b.objects[next].ID != string(id.Value); next++ {
		}
		if next < len(b.objects) && b.objects[next].Where == InPath {
			a.Name, a.Text = b.objects[next].Type, b.objects[next].ID[:min(len(id.Value), maxArgText)]
		} else {
			next = 0
			a.Name, a.Text = ar.bytes(id.Type), ar.bytes(id.Value[:min(len(id.Value), maxArgText)])
		}
		if looksJWT(id.Value) {
			a.Text = ""
		}
	}
	if !telling(path) {
		return
	}
	if leaves(path) {
		if a := b.put(ar, InPath, namePath, decodedPath(&b.valueBuf, path), String); a != nil && r.Session != nil {
			a.Kind, a.Text = Secret, ""
		}
	}
	for rest := path; len(rest) > 0; {
		var seg []byte
		seg, rest, _ = bytes.Cut(rest, []byte("/"))
		if r.Session != nil {
			seg, _, _ = bytes.Cut(seg, []byte(";"))
		}
		if !telling(seg) || string(seg) == ".." || r.names(decodedPath(&b.valueBuf, seg)) {
			continue
		}
		b.put(ar, InPath, namePath, decodedPath(&b.valueBuf, seg), String)
	}
}

// names is whether seg is one of the identifiers of r, or of the form Patients('17') with one.
func (r *Route) names(seg []byte) bool {
	if n := len(seg); n > 0 && seg[n-1] == ')' {
		seg = bytes.Trim(seg[bytes.IndexByte(seg, '(')+1:n-1], "'")
	}
	for i := range r.IDs {
		if bytes.Equal(r.IDs[i].Value, seg) {
			return true
		}
	}
	return false
}

func decodedPath(buf *[]byte, b []byte) []byte {
	*buf = unescape((*buf)[:0], b, false)
	return *buf
}

// leaves is whether a path, as sent, climbs or hides slashes.
func leaves(path []byte) bool {
	if bytes.Contains(path, []byte("..")) {
		return true
	}
	for i := 0; i+2 < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		switch hexDigit(path[i+1])<<4 | hexDigit(path[i+2]) {
		case '/', '\\', 0, '.':
			return true
		case '%': // encoded twice
			return true
		}
	}
	return false
}

// headerArg takes a header whose value could be an attack.
func (b *Builder) headerArg(ar *Arena, h *http.Header) {
	if !tellingHeader(h.Value) {
		return
	}
	b.word = lower(b.word[:0], h.Name[:min(len(h.Name), maxArgName)])
	b.put(ar, InHeader, b.word, decodedPath(&b.valueBuf, h.Value), String)
}

// tellingHeader is whether a header's value has characters that honest ones do not.
func tellingHeader(v []byte) bool {
	for _, c := range [...]byte{'\'', '"', '<', '$', '{', '`', '|', '\\'} {
		if bytes.IndexByte(v, c) >= 0 {
			return true
		}
	}
	for i := 0; i+2 < len(v); i++ {
		j := bytes.IndexByte(v[i:], '%')
		if j < 0 || i+j+2 >= len(v) {
			return false
		}
		i += j
		hi, lo := hexDigit(v[i+1]), hexDigit(v[i+2])
		if c := hi<<4 | lo; hi >= 0 && lo >= 0 && c != '/' && tellingCode(byte(c)) {
			return true
		}
	}
	return false
}
