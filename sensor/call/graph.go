package call

import "bytes"

// isDocument is whether v is a GraphQL document with operations.
func isDocument(v []byte) bool {
	v = v[min(len(v), space(v, 0)):]
	if len(v) == 0 {
		return false
	}
	if v[0] == '{' {
		i := space(v, 1)
		return i < len(v) && v[i] != '"' // that would be JSON
	}
	for _, w := range [...]string{"query", "mutation", "subscription", "fragment", "#"} {
		if bytes.HasPrefix(v, []byte(w)) {
			return bytes.IndexByte(v, '{') > 0
		}
	}
	return false
}

// document copies a document behind those before it, for what is known of its variables is parts of it.
func (b *Builder) document(doc []byte) []byte {
	n := len(b.docBuf)
	b.docBuf = append(b.docBuf, doc...)
	return b.docBuf[n:]
}

// graphReader reads a GraphQL document (October 2021, section 2) as far as its braces and names go.
type graphReader struct {
	c      *Call
	r      *Route
	b      *Builder
	ar     *Arena
	where  Where
	doc    []byte
	graph  *Graph
	depth  int    // of selection sets
	parens int    // of arguments
	word   []byte // the last name
	field  []byte // whose arguments are read
	colon  bool   // a colon followed the last name
	writes bool   // the operation is a mutation
}

// graph reads a document: how deep and how much it asks for, and the literals among its arguments, each a value
// named after its field and argument.
func (b *Builder) graph(c *Call, ar *Arena, r *Route, where Where, doc []byte) {
	g := graphReader{b: b, c: c, r: r, ar: ar, where: where, doc: doc, graph: &c.Graph}
	for i := 0; i < len(doc); {
		i = g.token(i)
	}
	c.Flags |= GraphQL
}

// token reads one token at i and returns where it ends.
func (g *graphReader) token(i int) int {
	switch c := g.doc[i]; {
	case c == '#':
		end := bytes.IndexByte(g.doc[i:], '\n')
		if end < 0 {
			return len(g.doc)
		}
		return i + end
	case c == '"':
		v, end := quoted(g.doc, i)
		g.literal(v, String)
		return end
	case letter(c) || c == '_':
		end := i + 1
		for end < len(g.doc) && (letter(g.doc[end]) || digit(g.doc[end]) || g.doc[end] == '_') {
			end++
		}
		g.named(g.doc[i:end])
		return end
	case c == '$':
		end := i + 1
		for end < len(g.doc) && (letter(g.doc[end]) || digit(g.doc[end]) || g.doc[end] == '_') {
			end++
		}
		if g.colon && g.depth > 0 && len(g.b.vars) < maxVariables {
			g.b.vars = append(g.b.vars, variable{g.doc[i+1 : end], g.field, g.word})
			g.colon = false
		}
		return end
	case digit(c) || c == '-':
		end := i + 1
		for end < len(g.doc) && (digit(g.doc[end]) || g.doc[end] == '.' || g.doc[end]|0x20 == 'e') {
			end++
		}
		g.literal(g.doc[i:end], Number)
		return end
	case c == ':':
		g.colon = true
		if g.parens == 0 && g.depth > 0 && len(g.word) > 0 {
			g.graph.Aliases++
		}
	case c == '(':
		g.parens++
		g.field = g.word
	case c == ')':
		g.parens = max(0, g.parens-1)
		g.word, g.colon = nil, false
	case c == '{':
		if g.parens == 0 {
			g.depth++
			g.graph.Depth = max(g.graph.Depth, g.depth)
		}
	case c == '}':
		if g.parens == 0 {
			g.depth = max(0, g.depth-1)
			g.word = nil
		}
	}
	return i + 1
}

// named takes a name. One behind a colon is an alias's field, a type or a value: no argument's name.
func (g *graphReader) named(name []byte) {
	if g.parens == 0 && g.depth == 1 && (string(name) == "__schema" || string(name) == "__type") {
		g.graph.Introspection = true
	}
	if g.parens > 0 && g.colon {
		g.colon = false
		return
	}
	switch {
	case g.parens > 0 || g.depth > 1:
	case g.depth == 0:
		g.operation(name)
	case g.writes && (g.graph.Mutation == "" || g.colon && g.graph.Mutation == string(g.word)): // which was but the alias
		g.graph.Mutation = g.ar.bytes(name[:min(len(name), maxArgName/2)])
	}
	g.word, g.colon = name, false
}

// operation takes a word outside of all braces: what kind of operation follows.
func (g *graphReader) operation(word []byte) {
	switch string(word) {
	case "mutation":
		g.writes = true
	case "query", "subscription", "fragment":
		g.writes = false
	}
}

// literal takes a value among arguments.
func (g *graphReader) literal(v []byte, kind ArgKind) {
	if g.parens == 0 {
		return
	}
	b := g.b
	b.nameBuf = append(b.nameBuf[:0], g.field[:min(len(g.field), maxArgName/2-1)]...)
	b.nameBuf = append(append(b.nameBuf, '.'), g.word[:min(len(g.word), maxArgName/2)]...)
	b.put(g.ar, g.where, b.nameBuf, v, kind)
	if g.where == InQuery { // in a body the scan takes them
		b.about(g.c, g.ar, g.r, g.field, g.word, v, InQuery)
	}
	g.colon = false
}

// quoted is the content of the string or block string at i, escapes left as they are, and where it ends.
func quoted(doc []byte, i int) (v []byte, end int) {
	if bytes.HasPrefix(doc[i:], []byte(`"""`)) {
		n := bytes.Index(doc[i+3:], []byte(`"""`))
		if n < 0 {
			return doc[i+3:], len(doc)
		}
		return doc[i+3 : i+3+n], i + 6 + n
	}
	for n := i + 1; n < len(doc); n++ {
		switch doc[n] {
		case '\\':
			n++
		case '"':
			return doc[i+1 : n], n + 1
		case '\n':
			return doc[i+1 : n], n
		}
	}
	return doc[i+1:], len(doc)
}
