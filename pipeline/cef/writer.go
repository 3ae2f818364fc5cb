package cef

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writer builds one line. A key whose value is empty is left out.
type writer struct {
	b     []byte
	pairs int // where the extension begins
}

// header writes a field of the header in at most limit bytes: backslash and pipe are escaped, and a line end, which
// only extensions may hold, is a space.
func (w *writer) header(v string, limit int) {
	w.b = append(w.b, '|')
	w.clean(v, limit, func(r rune) string {
		switch r {
		case '\\':
			return `\\`
		case '|':
			return `\|`
		}
		return ""
	})
}

func (w *writer) headerNumber(v int) { w.b = strconv.AppendInt(append(w.b, '|'), int64(v), 10) }

// text writes a key with a value of at most limit bytes: backslash, equal sign and line ends are escaped.
func (w *writer) text(key, v string, limit int) {
	start := len(w.b)
	w.key(key)
	n := len(w.b)
	w.clean(v, limit, func(r rune) string {
		switch r {
		case '\\':
			return `\\`
		case '=':
			return `\=`
		case '\n':
			return `\n`
		case '\r':
			return `\r`
		}
		return ""
	})
	if len(w.b) == n {
		w.b = w.b[:start]
	}
}

// key starts a pair.
func (w *writer) key(key string) {
	if len(w.b) > w.pairs {
		w.b = append(w.b, ' ')
	}
	w.b = append(append(w.b, key...), '=')
}

func (w *writer) number(key string, v int64) {
	w.key(key)
	w.b = strconv.AppendInt(w.b, v, 10)
}

// labelled writes a custom number.
func (w *writer) labelled(key, label string, v int64) {
	w.number(key, v)
	w.text(key+"Label", label, 64)
}

// custom writes a custom string of those values that fit, with a semicolon between two.
func (w *writer) custom(key, label string, values []string, limit int) {
	if len(values) == 0 {
		return
	}
	fit, n := 1, width(values[0]) // the first is cut when it is too long by itself
	for fit < len(values) && n+1+width(values[fit]) <= limit {
		n += 1 + width(values[fit])
		fit++
	}
	start := len(w.b)
	w.text(key, strings.Join(values[:fit], ";"), limit)
	if len(w.b) > start { // a value of spaces is none
		w.text(key+"Label", label, 64)
	}
}

// width is how many bytes v takes in an extension.
func width(v string) (n int) {
	for _, r := range v {
		if r == '\\' || r == '=' || r == '\n' || r == '\r' {
			n++
		}
		n += utf8.RuneLen(r)
	}
	return n
}

// clean appends v without the spaces around it, control characters as spaces, each other character as escape gives
// it, or as it is where that is empty. What does not fit is left out, and an ellipsis says so.
func (w *writer) clean(v string, limit int, escape func(rune) string) {
	const ellipsis = "…"
	v = strings.TrimFunc(v, func(r rune) bool { return unicode.IsSpace(r) || blank(r) })
	n, room := len(w.b), len(w.b) // room is where an ellipsis still fits
	for _, r := range v {
		at := len(w.b)
		switch e := escape(r); {
		case e != "":
			w.b = append(w.b, e...)
		case blank(r):
			w.b = append(w.b, ' ')
		default:
			w.b = utf8.AppendRune(w.b, r) // a byte that is no UTF-8 becomes U+FFFD
		}
		if len(w.b)-n > limit {
			w.b = append(w.b[:room], ellipsis...)
			return
		}
		if at-n <= limit-len(ellipsis) {
			room = at
		}
	}
}

// blank is whether r would end a line, or do something on a terminal.
func blank(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
