package bpf

// qualified reads what begins with a protocol, a direction or a kind of address: a protocol alone, broadcast and
// multicast, or qualifiers and the id that they are for.
func (p *parser) qualified() (item, error) {
	at := p.peek()
	q := qualifiers{known: true, addr: bareDir}
	if pr, ok := protocols[at.text]; ok {
		p.next()
		q.proto = pr
	}
	directed := p.direction(&q)
	if !directed {
		for _, many := range [2]struct {
			word string
			what what
		}{{"broadcast", asksBroadcast}, {"multicast", asksMulticast}} {
			if p.is(many.word) {
				c, err := p.toMany(q.proto, many.what)
				p.q = qualifiers{}
				return item{cond: c}, err
			}
		}
	}
	switch t := p.peek(); {
	case p.is("host"):
		q.addr = anHost
	case p.is("net"):
		q.addr = aNet
	case p.is("port"):
		q.addr = aPort
	case p.is("portrange"):
		q.addr = aRange
	case !directed && p.is("proto"):
		q.addr = aProto
	case !directed && q.proto == ether:
		return item{}, p.wrong(t, "host, proto, broadcast, multicast or [ must follow %s", at.text)
	case !directed:
		p.q = qualifiers{}
		return item{cond: &node{op: opPrimitive, prim: &primitive{what: asksProto, proto: q.proto}, at: at}}, nil
	}
	if what := q.mismatch(); what != "" {
		return item{}, p.wrong(at, "%s", what)
	}
	c, err := p.ids(q)
	p.q = q
	return item{cond: c}, err
}

// direction reads src, dst, src or dst, and src and dst.
func (p *parser) direction(q *qualifiers) bool {
	for _, w := range [2]struct {
		first, second string
		dir           dir
	}{{"src", "dst", src}, {"dst", "src", dst}} {
		if !p.is(w.first) {
			continue
		}
		q.dir = w.dir
		if p.pos+1 < len(p.tokens) && p.tokens[p.pos+1].text == w.second {
			if p.is("or", "||") {
				q.dir = anyEnd
				p.next()
			} else if p.is("and", "&&") {
				q.dir = bothEnds
				p.next()
			}
		}
		return true
	}
	return false
}

// mismatch says why qualifiers do not go together; empty when they do.
func (q qualifiers) mismatch() string {
	ok := false
	switch q.addr {
	case anHost, bareDir:
		ok = q.proto == noProto || q.proto == ip || q.proto == ip6 || q.proto == arp || q.proto == rarp || q.proto == ether
	case aNet:
		ok = q.proto == noProto || q.proto == ip || q.proto == ip6 || q.proto == arp || q.proto == rarp
	case aPort, aRange:
		ok = q.proto == noProto || q.proto == tcp || q.proto == udp || q.proto == sctp
	case aProto:
		ok = q.proto == noProto || q.proto == ip || q.proto == ip6 || q.proto == ether
	}
	if ok {
		return ""
	}
	switch q.addr {
	case aPort, aRange:
		return "has no ports; tcp, udp and sctp have"
	case aProto:
		return "holds no protocols by number; ip, ip6 and ether do"
	}
	return "has no such addresses; join it with and"
}

// toMany is broadcast and multicast.
func (p *parser) toMany(pr proto, w what) (*node, error) {
	t := p.tokens[p.pos-1]
	switch {
	case w == asksBroadcast && pr == ip:
		return nil, p.wrong(t, "the netmask of a mirrored net is not known; write ip dst host and its broadcast address")
	case pr == noProto:
		pr = ether
	case pr != ether && (w == asksBroadcast || pr != ip && pr != ip6):
		return nil, p.wrong(t, "only ether has it, and ip and ip6 have multicast")
	}
	return &node{op: opPrimitive, prim: &primitive{what: w, proto: pr}, at: t}, nil
}

// ids reads the id behind qualifiers: one, or a list in parentheses.
func (p *parser) ids(q qualifiers) (*node, error) {
	t := p.next()
	if t.kind != sign && t.text != "not" {
		return p.id(q, t)
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	switch {
	case t.text == "!" || t.text == "not":
		l, err := p.ids(q)
		return &node{op: opNot, l: l, at: t}, err
	case t.text != "(":
		return nil, p.wrong(t, "an address, a port or a name must stand here")
	}
	n, err := p.ids(q)
	for err == nil {
		at := p.peek()
		op := opAnd
		switch {
		case p.is(")"):
			return n, nil
		case p.is("and", "&&"):
		case p.is("or", "||"):
			op = opOr
		default:
			return nil, p.wrong(at, "the parenthesis of column %d is not closed here", t.at+1)
		}
		var r *node
		r, err = p.ids(q)
		n = &node{op: op, l: n, r: r, at: at}
	}
	return nil, err
}

// id makes the primitive of an id, and reads what belongs to it: /bits and mask.
func (p *parser) id(q qualifiers, t token) (*node, error) {
	if !q.known {
		return nil, p.misplaced(t)
	}
	prim := &primitive{proto: q.proto, dir: q.dir}
	var err error
	switch q.addr {
	case anHost, bareDir:
		err = p.host(prim, t)
	case aNet:
		err = p.net(prim, t)
	case aPort, aRange:
		err = p.port(prim, t, q.addr == aRange)
	case aProto:
		err = p.number(prim, t)
	}
	if err != nil {
		return nil, err
	}
	return &node{op: opPrimitive, prim: prim, at: t}, nil
}
