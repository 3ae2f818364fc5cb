package inject

import "bytes"

const (
	expression  = 64  // bytes read of an expression
	reached     = 160 // and for words of what it reaches for
	expressions = 16  // expressions of a value that are read so
	openings    = 8   // brackets and quotes before a constant in it
)

// template looks for an expression in the brackets of a language of templates. A name in them is a field of a letter;
// arithmetic on constants is a question whether anyone computes.
func (l *Look) template(t []byte) {
	read := 0
	for i := 0; i+3 < len(t); i++ {
		j := 0
		switch t[i] {
		case '{':
			switch t[i+1] {
			case '{', '%', '=':
				j = i + 2
			default:
				if i == 0 {
					j = i + 1
				}
			}
		case '$', '#', '*', '@', '%', '~':
			if t[i+1] == '{' || t[i] == '@' && t[i+1] == '(' {
				j = i + 2
			}
		case '<':
			if t[i+1] == '%' {
				j = i + 2
			}
		case '[':
			if t[i+1] == '[' && t[i+2] == '$' {
				j = i + 2
			}
		}
		if j > 0 {
			if arithmetic(t[j:min(j+expression, len(t))]) {
				l.add(Template, j == i+2)
			}
			in := t[j:min(j+expression, len(t))]
			if t[i] == '<' && bytes.IndexByte(in, '(') >= 0 || t[i] == '{' && t[i+1] == '%' && bytes.Contains(in, []byte("import")) || called(in) {
				l.add(Template, false)
			}
			if read++; read <= expressions && j == i+2 && l.Sure&Template == 0 {
				if found, sure := reaches(t[j:min(j+reached, len(t))]); found {
					l.add(Template, sure)
				}
			}
		}
	}
}

// arithmetic tells whether t begins with an operation on two constants: 7*7, 7*'7', 1337-1.
func arithmetic(t []byte) bool {
	skip := func() { // a few: the next bracket is asked on its own
		for n := 0; n < openings && len(t) > 0 && (t[0] == ' ' || t[0] == '=' || t[0] == '(' || t[0] == '\'' || t[0] == '"' || t[0] == '{' || t[0] == '$' || t[0] == '[' || t[0] == '@'); n++ {
			t = t[1:]
		}
	}
	number := func() bool {
		n := 0
		for n < len(t) && digit(t[n]) {
			n++
		}
		t = t[n:]
		return n > 0
	}
	skip()
	if !number() {
		return false
	}
	for len(t) > 0 && (t[0] == ' ' || t[0] == '\'' || t[0] == '"') {
		t = t[1:]
	}
	if len(t) == 0 || t[0] != '*' && t[0] != '+' && t[0] != '-' && t[0] != '/' && t[0] != '%' {
		return false
	}
	t = t[1:]
	skip()
	if !number() {
		return false
	}
	for len(t) > 0 && (t[0] == ' ' || t[0] == '\'' || t[0] == '"') {
		t = t[1:]
	}
	return len(t) > 0 && (t[0] == '}' || t[0] == '%' || t[0] == ']' || t[0] == ')' || t[0] == '*')
}

// called tells whether an expression in brackets calls something on a text: ”.join(…), "x".getClass(.
func called(t []byte) bool {
	for len(t) > 0 && t[0] == ' ' {
		t = t[1:]
	}
	if end := bytes.IndexByte(t[min(1, len(t)):], '\''); len(t) > 1 && t[0] == '\'' && end >= 0 && end+2 < len(t) && t[end+2] == ':' { // a dictionary as Python prints it
		return false
	}
	return len(t) > 3 && (t[0] == '\'' || t[0] == '"' || t[0] == '[') && bytes.IndexByte(t, '(') > 0 && bytes.IndexByte(t, '.') > 0
}

const (
	maxLookup  = 256  // of a resolved lookup
	maxNested  = 16   // lookups in one another
	maxLookups = 256  // looked at in one value
	maxRead    = 2048 // bytes read of them all
)

// jndi resolves the lookups that Log4j 2 resolves before it sees the name of a protocol: ${lower:J}, ${upper:j},
// ${::-j} and ${env:X:-j} are all j. A text that becomes ${jndi: is one (CVE-2021-44228).
func (r *Reader) jndi(l *Look) {
	t, read := r.text, 0
	for range maxLookups {
		i := bytes.Index(t, []byte("${"))
		if i < 0 {
			return
		}
		t = t[i:]
		if read < maxRead {
			n, found := r.resolve(t)
			if read += n; found {
				l.add(JNDI, true)
				return
			}
		}
		if len(t) < 3 || !letter(t[2]) {
			t = t[2:]
			continue
		}
		for _, name := range [...]string{"${env:", "${sys:", "${ctx:", "${java:", "${date:", "${main:", "${docker:", "${k8s:", "${log4j:", "${web:", "${bundle:", "${spring:", "${base64:", "${script:", "${dns:", "${url:"} {
			if begins(t, name) {
				l.add(JNDI, name == "${script:")
			}
		}
		t = t[2:]
	}
}

// resolve tells whether t, which begins with "${", resolves to a lookup by JNDI, and how much of it was read.
func (r *Reader) resolve(t []byte) (read int, found bool) {
	out := r.lookup[:0]
	var open [maxNested]int // where in out the lookups begin that are open
	depth := 0
	i := 0
	for ; i < len(t) && i < maxLookup; i++ {
		switch b := t[i]; {
		case b == '$' && i+1 < len(t) && (t[i+1] == '{' || t[i+1] == '$'):
			if t[i+1] == '$' {
				continue
			}
			if depth == maxNested {
				return i, false
			}
			open[depth] = len(out)
			depth++
			i++
		case b == '}' && depth > 0:
			depth--
			in := out[open[depth]:]
			if depth == 0 {
				return i, begins(in, "jndi:")
			}
			if k := bytes.LastIndex(in, []byte(":-")); k >= 0 {
				in = in[k+2:]
			} else if k := bytes.LastIndexByte(in, ':'); k >= 0 {
				in = in[k+1:]
			}
			out = append(out[:open[depth]], in...)
		default:
			out = append(out, b)
		}
		if depth == 1 && len(out) >= 5 && begins(out, "jndi:") {
			return i, true
		}
	}
	return i, false
}

// reaches tells whether an expression in brackets reaches for what runs commands, or builds the names of it; sure, that it
// calls it.
func reaches(t []byte) (found, sure bool) {
	if end := bytes.IndexByte(t, '\n'); end >= 0 {
		t = t[:end]
	}
	if bytes.IndexByte(t, '(') < 0 && bytes.IndexByte(t, '|') < 0 && bytes.IndexByte(t, '[') < 0 {
		return false, false
	}
	for _, w := range [...]string{"popen", "system(", "'system'", "\"system\"", "|system", "exec(", "execsync(", "passthru", "getruntime", "forname(", "child_process", "__globals__", "__import__", "mainmodule"} {
		if bytes.Contains(t, []byte(w)) {
			return true, true
		}
	}
	for _, w := range [...]string{"|attr", "attr(", "require(", "__", "|join", "lipsum", "cycler", "joiner", "getclass", "constructor", "eval(", "globals", "dict(", "builtins", "_self"} {
		if bytes.Contains(t, []byte(w)) {
			return true, false
		}
	}
	return false, false
}
