package inject

import "bytes"

// markup looks for what makes a browser run a script: handlers of events and scripts in attributes, and for
// declarations that make an XML parser fetch something.
func (l *Look) markup(t []byte) {
	tag := -1  // where the last tag began
	quote := 0 // quotes so far
	for i, b := range t {
		switch b {
		case '<':
			if i+1 < len(t) && (letter(t[i+1]) || t[i+1] == '/' || t[i+1] == '!') {
				tag = i
			}
			if begins(t[i:], "<!doctype") {
				l.doctype(t[i:])
			}
			if begins(t[i:], "<!entity") && external(t[i:]) {
				l.add(XXE, true)
			}
			if i > 0 && (t[i-1] == '>' || t[i-1] == '"' || t[i-1] == '\'') && i < 8 && i+1 < len(t) && letter(t[i+1]) { // "><img
				l.add(XSS, false)
			}
		case '\'', '"', '`':
			quote++
		case 'o':
			if i > 0 && (tag >= 0 || quote > 0) && handler(t, i) {
				l.add(XSS, tag >= 0)
			}
		case 'a', 'p', 'c':
			if (i == 0 || !alnum(t[i-1])) && dialog(t[i:]) && (tag >= 0 || quote > 0 || i > 0) {
				l.add(XSS, tag >= 0)
			}
		case 's':
			if tag >= 0 && begins(t[i:], "style") && scripted(t[i:]) {
				l.add(XSS, true)
			}
		case ':':
			if i >= 6 && bytes.HasSuffix(t[:i], []byte("script")) && i+1 < len(t) && l.Families&XSS != 0 && l.Sure&XSS == 0 &&
				(tag >= 0 || bytes.IndexByte(t[i:], '(') >= 0) {
				l.add(XSS, true)
			}
		}
	}
}

// handler tells whether an attribute that handles an event begins at t[i].
func handler(t []byte, i int) bool {
	if t[i-1] != ' ' && t[i-1] != '\n' && t[i-1] != '/' && t[i-1] != '"' && t[i-1] != '\'' && t[i-1] != '>' && t[i-1] != '`' && t[i-1] != 0x0c {
		return false
	}
	if i+5 >= len(t) || t[i+1] != 'n' {
		return false
	}
	switch string(t[i+2 : i+5]) {
	case "abo", "aft", "ani", "aut", "bef", "beg", "blu", "bou", "can", "cha", "cli", "clo", "con", "cop", "cut", "cue", "dbl", "dra", "dro",
		"dur", "emp", "end", "err", "fin", "foc", "for", "ful", "got", "has", "hel", "inp", "inv", "key", "loa", "los", "mes", "mou",
		"mov", "off", "onl", "pag", "pas", "pau", "pla", "poi", "pop", "pro", "rat", "rea", "rep", "res", "row", "scr", "sea", "see",
		"sel", "sho", "sta", "sto", "sub", "sus", "tim", "tog", "tou", "tra", "unh", "unl", "vol", "wai", "web", "whe":
	default:
		return false
	}
	j := i + 5
	for j < len(t) && letter(t[j]) && j < i+28 {
		j++
	}
	for j < len(t) && (t[j] == ' ' || t[j] == '\n') {
		j++
	}
	return j < len(t) && t[j] == '='
}

// dialog tells whether t begins with a call that shows a box, as a proof of a script does: alert(1).
func dialog(t []byte) bool {
	n := 0
	for _, name := range [...]string{"alert", "prompt", "confirm", "print"} {
		if begins(t, name) {
			n = len(name)
		}
	}
	if n == 0 || n+2 >= len(t) || t[n] != '(' && t[n] != '`' {
		return false
	}
	switch b := t[n+1]; {
	case digit(b), b == '\'', b == '"', b == '`', b == '/':
		return true
	case b == ')':
		return t[0] != 'p'
	}
	for _, arg := range [...]string{"document", "xss", "string", "window", "this", "location", "self", "top", "name"} {
		if begins(t[n+1:], arg) {
			return true
		}
	}
	return false
}

// scripted tells whether a style holds a script.
func scripted(t []byte) bool {
	if len(t) > 160 {
		t = t[:160]
	}
	return bytes.Contains(t, []byte("expression(")) || bytes.Contains(t, []byte("script:")) || bytes.Contains(t, []byte("expre/"))
}

// doctype judges a document type declaration: those of HTML and of a public DTD are harmless.
func (l *Look) doctype(t []byte) {
	if len(t) > 256 {
		t = t[:256]
	}
	end := bytes.IndexByte(t, '>')
	if end < 0 {
		end = len(t)
	}
	if bytes.IndexByte(t[:end], '[') >= 0 && bytes.Contains(t, []byte("<!entity")) {
		l.add(XXE, false)
	}
	if i := bytes.Index(t[:end], []byte(" public ")); i >= 0 && bytes.Contains(t[i:end], []byte("http")) && !bytes.Contains(t[i:end], []byte("w3.org")) {
		l.add(XXE, false)
	}
	if i := bytes.Index(t[:end], []byte(" system ")); i >= 0 && len(t) > i+9 {
		u := t[i+9:]
		l.add(XXE, begins(u, "http") || begins(u, "file:") || begins(u, "ftp"))
	}
}

// external tells whether a declaration of an entity names something outside the document.
func external(t []byte) bool {
	if len(t) > 256 {
		t = t[:256]
	}
	if end := bytes.IndexByte(t, '>'); end > 0 {
		t = t[:end]
	}
	return bytes.Contains(t, []byte(" system ")) || bytes.Contains(t, []byte(" public ")) ||
		bytes.Contains(t, []byte(" system\"")) || bytes.Contains(t, []byte(" system'"))
}
