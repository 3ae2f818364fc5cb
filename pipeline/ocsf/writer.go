package ocsf

import "strconv"

// maxText bounds one string of a finding: a request target may be as long as its head.
const maxText = 4096

// writer builds one JSON object in the order it is told. A comma is written where the byte before asks for one.
type writer struct{ b []byte }

func (w *writer) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' {
		w.b = append(w.b, ',')
	}
}

// key starts a member; names of members are constants that need no escape.
func (w *writer) key(k string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, k...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) open(k string, c byte) {
	w.key(k)
	w.b = append(w.b, c)
}

func (w *writer) element(c byte) {
	w.comma()
	w.b = append(w.b, c)
}

func (w *writer) close(c byte) { w.b = append(w.b, c) }

// str writes a member, or nothing when v is empty.
func (w *writer) str(k, v string) {
	if v != "" {
		w.key(k)
		w.text(v)
	}
}

func (w *writer) text(v string) {
	w.named(func(b []byte) []byte { return append(b, v...) })
}

// member writes a string that f appends.
func (w *writer) member(k string, f func([]byte) []byte) {
	w.key(k)
	w.named(f)
}

func (w *writer) named(f func([]byte) []byte) {
	w.comma()
	w.b = append(w.b, '"')
	n := len(w.b)
	w.b = f(w.b)
	if len(w.b)-n > maxText {
		w.b = append(w.b[:n+maxText], "…"...)
	}
	w.b = Seal(w.b, n)
}

func (w *writer) num(k string, v int64) {
	w.key(k)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writer) bool(k string, v bool) {
	w.key(k)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) float(k string, v float64) {
	w.key(k)
	w.b = strconv.AppendFloat(w.b, v, 'f', 3, 64)
}

func (w *writer) words(k string, v []string) {
	w.open(k, '[')
	for _, s := range v {
		w.text(s)
	}
	w.close(']')
}

// tag writes {name, values} when there are values, each with prefix before it.
func (w *writer) tag(name, prefix string, values []string) {
	if len(values) == 0 {
		return
	}
	w.element('{')
	w.str("name", name)
	w.open("values", '[')
	for _, v := range values {
		w.text(prefix + v)
	}
	w.close(']')
	w.close('}')
}
