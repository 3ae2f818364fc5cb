package inject

import "bytes"

const (
	mostDots = 4  // of a step: ..../ becomes ../ where a filter takes one ../ out
	short    = 64 // bytes of a value that is a path and no text
)

// path looks for ways out of a folder. One step up from where the value begins may be a relative link, which FHIR and
// pages are full of; from the second on, or hidden behind an encoding, it is none.
func (l *Look) path(t []byte, n noted) {
	run, best, first, next, plain := 0, 0, 0, -1, false
	for i := 0; i+2 < len(t); i++ {
		if t[i] != '.' && t[i] != '?' {
			continue
		}
		end, odd := i, false
		for end < len(t) && (t[end] == '.' || t[end] == '?') {
			odd = odd || t[end] == '?'
			end++
		}
		dots := end - i
		if end < len(t) && t[end] == ' ' {
			end++
		}
		if dots < 2 || dots > mostDots || end >= len(t) || !slash(t[end]) {
			i = end
			continue
		}
		if i != next {
			run = 0
		}
		begin := i
		for end < len(t) && (slash(t[end]) || t[end] == '.' && end+1 < len(t) && slash(t[end+1])) { // ..//, .././
			end++
		}
		next, i = end, end-1
		if run++; run > best || !plain {
			if best = max(best, run); run == 1 || !plain {
				first = begin
			}
		}
		plain = plain || dots == 2 && !odd
	}
	if best == 0 || !plain && best == 1 {
		if n.null && n.nullAt > 0 && (n.nullAt == len(t) || bytes.IndexByte(t[:n.nullAt], '.') >= 0) && len(t) < 256 {
			l.add(Path, false)
		}
		if len(t) >= 2 && len(t) < short && bytes.HasSuffix(t, []byte("/..")) {
			l.add(Path, false)
		}
		return
	}
	if first > 1 && (t[first-1] == '"' || t[first-1] == '\'') && t[first-2] == '=' && !n.encoded && l.Families&Path == 0 {
		return // an address in a page
	}
	begun := first == 0 || slash(t[first-1]) || bytes.IndexByte([]byte("=\"': .%"), t[first-1]) >= 0
	switch {
	case len(t) <= 3:
	case best >= 2, begun && (n.encoded || n.null || l.Families&Path != 0), first > 0 && slash(t[first-1]), len(t) < short && (begun && inner(t) || !bytes.ContainsFunc(t, func(r rune) bool { return r != '.' && r != '/' && r != '\\' })):
		l.add(Path, best >= 3 || best == 2 && n.encoded || l.Families&Path != 0 || n.null)
	}
}

func slash(b byte) bool { return b == '/' || b == '\\' }

// inner tells whether a path ends in a file that programs read and people do not.
func inner(t []byte) bool {
	dot := bytes.LastIndexByte(t, '.')
	if dot < 0 || len(t)-dot > 7 {
		return false
	}
	switch string(t[dot+1:]) {
	case "php", "env", "conf", "cfg", "ini", "yml", "yaml", "log", "key", "pem", "config", "bak", "sql", "sh", "py", "rb", "jsp", "asp", "aspx", "properties", "htaccess", "json", "xml", "db", "sqlite":
		return true
	}
	return false
}

// glob tells whether t begins with a path whose letters are left for a shell to guess: /???/c?t, /[e]tc, /e*c/p*d.
func glob(t []byte) bool {
	guessed, parts, letters := 0, 0, 0
	for i, b := range t {
		switch {
		case b == '/':
			if parts++; i+1 < len(t) && t[i+1] == '/' {
				return false
			}
		case b == '?' || b == '*' && i+1 < len(t) && (alnum(t[i+1]) || t[i+1] == '/'):
			guessed++
		case b == '[' && i+2 < len(t) && t[i+1] != ']' && (t[i+2] == ']' || t[i+2] == '-' && i+4 < len(t) && t[i+4] == ']'):
			guessed += 2
		case alnum(b) || b == '-' || b == ']':
			letters++
		default:
			return i > 3 && guessed > 1 && parts > 1 && (b == ' ' || b == ';' || b == '|' || b == '&')
		}
		if i > short {
			return false
		}
	}
	return guessed > 1 && parts > 1
}
