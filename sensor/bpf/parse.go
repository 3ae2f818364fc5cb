package bpf

import "fmt"

// parser reads an expression by the grammar of pcap-filter(7): and and or bind equally and to the left, not binds
// tighter, and an id without qualifiers takes those of the one before it.
type parser struct {
	cfg    Config
	text   string
	tokens []token
	pos    int
	depth  int
	q      qualifiers
}

// item is a part of an expression: a condition (cond), or a value that waits for a comparison (value). A lone number
// may yet turn out to be an id. list says that cond is an id without qualifiers of its own.
type item struct {
	cond  *node
	value *arith
	list  bool
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

// is says whether the next token is this sign or word, and moves past it if so.
func (p *parser) is(texts ...string) bool {
	t := p.peek()
	if t.kind != sign && t.kind != word {
		return false
	}
	for _, text := range texts {
		if t.text == text {
			p.pos++
			return true
		}
	}
	return false
}

func (p *parser) wrong(t token, format string, args ...any) error {
	return &Error{Word: t.text, Column: t.at + 1, What: fmt.Sprintf(format, args...)}
}

// deeper guards the recursion; whoever calls it comes back with p.depth--.
func (p *parser) deeper() error {
	if p.depth++; p.depth > p.cfg.MaxDepth {
		return p.wrong(p.peek(), "nested deeper than max_depth (%d)", p.cfg.MaxDepth)
	}
	return nil
}

func (p *parser) parse() (*node, error) {
	if p.peek().kind == end {
		return nil, nil
	}
	it, err := p.list()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, p.misplaced(t)
	}
	return p.condition(it)
}

// list reads items joined by and and or.
func (p *parser) list() (item, error) {
	first, err := p.term()
	for err == nil {
		t := p.peek()
		var op nodeOp
		switch {
		case p.is("and", "&&"):
			op = opAnd
		case p.is("or", "||"):
			op = opOr
		default:
			return first, nil
		}
		l, err := p.condition(first)
		if err != nil {
			return item{}, err
		}
		list := first.list || first.value != nil
		second, err := p.term()
		if err != nil {
			return item{}, err
		}
		at := p.peek()
		r, err := p.condition(second)
		if err != nil {
			return item{}, err
		}
		// A list that began with a bare id, (443 or udp), reads like qualifiers that were forgotten.
		if list && p.depth > 0 && !second.list && second.value == nil {
			return item{}, p.wrong(at, "a list of ids holds a condition; write qualifiers for each, or parentheses")
		}
		first = item{cond: &node{op: op, l: l, r: r, at: t}, list: list}
	}
	return item{}, err
}

// condition makes of an item what can be joined: a lone number becomes an id.
func (p *parser) condition(it item) (*node, error) {
	if it.cond != nil {
		return it.cond, nil
	}
	if it.value.op != arithConst || it.value.at.kind != number {
		return nil, p.wrong(p.peek(), "a comparison must follow a value")
	}
	return p.id(p.q, it.value.at)
}

// term reads one item, with what negates it.
func (p *parser) term() (item, error) {
	if !p.is("not", "!") {
		return p.simple()
	}
	at := p.tokens[p.pos-1]
	if err := p.deeper(); err != nil {
		return item{}, err
	}
	it, err := p.term()
	p.depth--
	if err != nil {
		return item{}, err
	}
	list := it.list || it.value != nil
	c, err := p.condition(it)
	return item{cond: &node{op: opNot, l: c, at: at}, list: list}, err
}

// simple reads an item by its first word.
func (p *parser) simple() (item, error) {
	t := p.peek()
	switch t.kind {
	case end:
		return item{}, p.wrong(t, "a condition is missing")
	case dotted, colons, mac, escaped:
		p.next()
		c, err := p.id(p.q, t)
		return item{cond: c, list: true}, err
	case number:
		return p.compared(nil)
	case sign:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "-":
			return p.compared(nil)
		}
		return item{}, p.misplaced(t)
	}
	if _, ok := protocols[t.text]; ok {
		if p.tokens[p.pos+1].text == "[" {
			return p.compared(nil)
		}
		return p.qualified()
	}
	if _, ok := constants[t.text]; ok {
		return p.compared(nil)
	}
	switch t.text {
	case "len", "length":
		return p.compared(nil)
	case "src", "dst", "host", "net", "port", "portrange", "proto", "broadcast", "multicast":
		return p.qualified()
	case "less", "greater", "vlan", "mpls", "pppoes":
		c, err := p.numbered()
		p.q = qualifiers{}
		return item{cond: c}, err
	}
	if keywords[t.text] || unsupported[t.text] != "" || foreign[t.text] {
		return item{}, p.misplaced(t)
	}
	p.next()
	c, err := p.id(p.q, t)
	return item{cond: c, list: true}, err
}

// parenthesis reads what stands in parentheses; it may turn out to be a condition, a value or a list of ids.
func (p *parser) parenthesis() (item, error) {
	open, before := p.next(), p.q
	if err := p.deeper(); err != nil {
		return item{}, err
	}
	it, err := p.list()
	if err != nil {
		return item{}, err
	}
	p.depth--
	if !p.is(")") {
		return item{}, p.wrong(p.peek(), "the parenthesis of column %d is not closed here", open.at+1)
	}
	if it.value != nil {
		return p.compared(it.value)
	}
	p.q = before
	return it, nil
}

// misplaced is the error about a token that cannot stand where it does.
func (p *parser) misplaced(t token) error {
	switch {
	case t.kind == end:
		return p.wrong(t, "something is missing")
	case t.kind == word && unsupported[t.text] != "":
		return p.wrong(t, "not supported: %s", unsupported[t.text])
	case t.kind == word && foreign[t.text]:
		return p.wrong(t, "not supported: this protocol or link cannot be asked for")
	case t.kind == number || t.kind == dotted || t.kind == colons || t.kind == mac:
		return p.wrong(t, "does not belong here; is a word like host, net, port, and, or missing before it?")
	case t.kind == sign:
		return p.wrong(t, "does not belong here")
	case keywords[t.text], protocols[t.text] != noProto:
		return p.wrong(t, "does not belong here; is and or or missing before it?")
	}
	return p.wrong(t, "unknown word")
}
