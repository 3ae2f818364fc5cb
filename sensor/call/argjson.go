package call

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"auscult/sensor/inject"
)

// maxJSONDepth bounds the containers inside one another whose values are taken.
const maxJSONDepth = 16

// jsonReader walks a JSON text (RFC 8259) for its leaves. It is tolerant: it takes what stands before the first thing
// that it cannot read, and the beginning of a string that the text ends in.
type jsonReader struct {
	b     *Builder
	c     *Call
	ar    *Arena
	r     *Route
	text  []byte
	i     int
	where Where
	list  bool // the outermost value is an array
}

// jsonArgs takes the leaves of a JSON text, or of several one after another, and is false when there was not a whole
// value before what cannot be read.
func (b *Builder) jsonArgs(c *Call, ar *Arena, r *Route, text []byte) bool {
	j := jsonReader{b: b, c: c, ar: ar, r: r, where: InBody, text: text}
	whole := false
	for {
		j.i = space(text, j.i)
		if j.i < len(text) && text[j.i] == 0x1e { // a record mark (RFC 7464)
			j.i++
			continue
		}
		if j.i >= len(text) {
			return whole
		}
		b.nameBuf = b.nameBuf[:0]
		j.list = text[j.i] == '['
		from := len(b.args)
		ok := j.value(0, inject.Look{})
		b.remote(c, ar, r, from)
		if !ok {
			return whole || j.i >= len(text)
		}
		whole = true
	}
}

// variables takes those of a GraphQL request that stand in its query, as the members of variables in a body.
func (b *Builder) variables(c *Call, ar *Arena, r *Route, text []byte) {
	b.nameBuf = append(b.nameBuf[:0], "variables"...)
	b.docVars = append(b.docVars[:0], text...) // what is read writes over the buffer of the query's values
	j := jsonReader{b: b, c: c, ar: ar, r: r, where: InQuery, text: b.docVars}
	j.value(0, inject.Look{})
	b.bound(c, ar, r, 0)
}

// value reads the value at j.i, whose name is in b.nameBuf; look is what the names on the way show. It is false at
// the end of what can be read.
func (j *jsonReader) value(depth int, look inject.Look) bool {
	j.i = space(j.text, j.i)
	if j.i >= len(j.text) {
		return false
	}
	switch c := j.text[j.i]; {
	case c == '{' || c == '[':
		if depth == maxJSONDepth {
			end := skip(j.text, j.i)
			if end < 0 {
				j.i = len(j.text)
				return false
			}
			j.i = end
			return true
		}
		if c == '[' {
			return j.array(depth, look)
		}
		return j.object(depth, look)
	case c == '"':
		v, whole := j.string(&j.b.valueBuf)
		j.leaf(v, String, depth, look)
		return whole
	case c == '-' || digit(c) || letter(c):
		start := j.i
		for j.i < len(j.text) && !delimiter(j.text[j.i]) {
			j.i++
		}
		v := j.text[start:j.i]
		switch {
		case c == 'n':
			j.leaf(v, Null, depth, look)
		case c == 't' || c == 'f':
			j.leaf(v, Bool, depth, look)
		case letter(c):
			return false
		default:
			j.leaf(v, Number, depth, look)
		}
		return true
	}
	return false
}

func (j *jsonReader) array(depth int, look inject.Look) bool {
	j.i++
	for first := true; ; first = false {
		j.i = space(j.text, j.i)
		if j.i < len(j.text) && j.text[j.i] == ',' && !first {
			j.i = space(j.text, j.i+1)
		}
		if j.i >= len(j.text) {
			return false
		}
		if j.text[j.i] == ']' {
			j.i++
			return true
		}
		if !j.value(depth+1, look) {
			return false
		}
	}
}

func (j *jsonReader) object(depth int, look inject.Look) bool {
	j.i++
	around := len(j.b.nameBuf)
	for first := true; ; first = false {
		j.i = space(j.text, j.i)
		if j.i < len(j.text) && j.text[j.i] == ',' && !first {
			j.i = space(j.text, j.i+1)
		}
		if j.i >= len(j.text) {
			return false
		}
		if j.text[j.i] == '}' {
			j.i++
			if first && look.Families != 0 { // {"$ne": {}}
				j.leaf(nil, Null, depth, look)
			}
			return true
		}
		if j.text[j.i] != '"' {
			return false
		}
		name, whole := j.string(&j.b.keyBuf)
		if !whole {
			return false
		}
		within := look
		if odd := j.b.nameLook(name); odd.Families != 0 {
			within.Families |= odd.Families
			within.Sure |= odd.Sure
		}
		b := j.b
		if room := maxArgName - len(b.nameBuf) - 1; room > 0 {
			if around > 0 {
				b.nameBuf = append(b.nameBuf, '.')
			}
			b.nameBuf = append(b.nameBuf, name[:min(len(name), room)]...)
		}
		j.i = space(j.text, j.i)
		if j.i >= len(j.text) || j.text[j.i] != ':' {
			return false
		}
		j.i++
		if !j.value(depth+1, within) {
			return false
		}
		b.nameBuf = b.nameBuf[:around]
	}
}

// leaf takes a value. A GraphQL document is not one value but holds many.
func (j *jsonReader) leaf(v []byte, kind ArgKind, depth int, look inject.Look) {
	b := j.b
	if kind == String && string(b.nameBuf) == "query" && (depth == 1 || depth == 2 && j.list) && isDocument(v) {
		doc := b.document(v)
		if j.list {
			j.c.Graph.Batch++
		}
		b.graph(j.c, j.ar, j.r, InBody, doc)
		return
	}
	if kind == String && len(v) <= maxArgText && abha(v) {
		b.add(j.c, j.ar, business, typeABHA, v, InBody, false)
	}
	if a := b.put(j.ar, j.where, b.nameBuf, v, kind); a != nil {
		a.Look.Families |= look.Families
		a.Look.Sure |= look.Sure
	}
}

// string reads the string at j.i: a part of the text, or in buf when it has escapes. It is not whole when the text
// ends inside it.
func (j *jsonReader) string(buf *[]byte) (v []byte, whole bool) {
	start := j.i + 1
	escapes := false
	for i := start; i < len(j.text); i++ {
		switch j.text[i] {
		case '\\':
			escapes = true
			i++
		case '"':
			j.i = i + 1
			v, whole = j.text[start:i], true
			if escapes {
				*buf = unquote((*buf)[:0], v)
				v = *buf
			}
			return v, true
		}
	}
	j.i = len(j.text)
	v = j.text[start:]
	if escapes {
		*buf = unquote((*buf)[:0], v)
		v = *buf
	}
	return v, false
}

// unquote appends the content of a JSON string to dst with its escapes resolved.
func unquote(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c != '\\' || i+1 >= len(v) {
			dst = append(dst, c)
			continue
		}
		i++
		switch c = v[i]; c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			r, ok := hex4(v[i+1:])
			if !ok {
				continue
			}
			i += 4
			if utf16.IsSurrogate(r) && i+2 < len(v) && v[i+1] == '\\' && v[i+2] == 'u' {
				if low, ok := hex4(v[i+3:]); ok {
					r = utf16.DecodeRune(r, low)
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func hex4(v []byte) (rune, bool) {
	if len(v) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(v[:4]), 16, 16)
	return rune(n), err == nil
}
