package bpf

import (
	"net/netip"
	"strconv"
	"strings"
)

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

func (p *parser) host(prim *primitive, t token) error {
	switch {
	case t.kind == end:
		return p.wrong(t, "an address is missing")
	case t.kind == mac && prim.proto == ether:
		prim.what, prim.mac = asksEther, t.ether
		return nil
	case t.kind == mac:
		return p.wrong(t, "an Ethernet address; write ether host")
	case prim.proto == ether:
		return p.wrong(t, "not an Ethernet address, which ether asks for")
	case t.kind == dotted && t.parts < 4:
		return p.wrong(t, "not a whole address; write net")
	case t.kind == dotted || t.kind == colons:
		if p.is("/", "mask") {
			return p.wrong(p.tokens[p.pos-1], "a net, not a host; write net before the address")
		}
		prim.ask(netip.PrefixFrom(t.addr, t.addr.BitLen()))
		return p.family(prim, t)
	case t.kind == number:
		return p.wrong(t, "not an address")
	case t.kind == word && (keywords[t.text] || protocols[t.text] != noProto):
		return p.wrong(t, "an address must stand here")
	}
	return p.wrong(t, "host names are not looked up; give the address")
}

// ask sets the net that is asked for.
func (prim *primitive) ask(prefix netip.Prefix) {
	prim.what, prim.prefix = asksNet, prefix
	if prefix.Addr().Is4() {
		prim.addr, prim.mask = word32(prefix.Addr()), uint32(0xffffffff<<(32-prefix.Bits()))
	}
}

// family checks that an address is of the protocol that was asked for.
func (p *parser) family(prim *primitive, t token) error {
	if six := t.addr.Is6(); six && prim.proto != noProto && prim.proto != ip6 {
		return p.wrong(t, "an IPv6 address, which only ip6 has")
	} else if !six && prim.proto == ip6 {
		return p.wrong(t, "an IPv4 address, which ip6 has not")
	}
	return nil
}

func (p *parser) net(prim *primitive, t token) error {
	if t.kind == number && t.value < 256 {
		t.kind, t.parts, t.addr = dotted, 1, netip.AddrFrom4([4]byte{byte(t.value)})
	}
	if t.kind != dotted && t.kind != colons {
		return p.wrong(t, "names of nets are not looked up; give the net, like 10.1.0.0/16")
	}
	if err := p.family(prim, t); err != nil {
		return err
	}
	bits := t.addr.BitLen()
	if t.kind == dotted {
		bits = 8 * t.parts
	}
	switch {
	case p.is("/"):
		n := p.next()
		if n.kind != number || n.value > uint32(t.addr.BitLen()) {
			return p.wrong(n, "the length of a prefix is a number up to %d", t.addr.BitLen())
		}
		bits = int(n.value)
	case t.kind == dotted && p.is("mask"):
		m := p.next()
		if m.kind != dotted {
			return p.wrong(m, "a mask like 255.255.0.0 must stand here")
		}
		prim.what, prim.addr, prim.mask = asksMasked, word32(t.addr), word32(m.addr)
		if prim.addr&^prim.mask != 0 {
			return p.wrong(t, "has bits outside of the mask %s", m.text)
		}
		return nil
	}
	prim.ask(netip.PrefixFrom(t.addr, bits))
	if prim.prefix.Masked().Addr() != t.addr {
		return p.wrong(t, "has bits outside of the prefix of %d bits; write net %s", bits, prim.prefix.Masked())
	}
	return nil
}

func (p *parser) port(prim *primitive, t token, ranged bool) error {
	prim.what = asksPort
	if t.kind == number {
		prim.lo, prim.hi = t.value, t.value
		if t.value > 65535 {
			return p.wrong(t, "more than 65535")
		}
		return nil
	}
	if ranged {
		lo, hi, ok := strings.Cut(t.text, "-")
		a, errA := strconv.ParseUint(lo, 10, 16)
		b, errB := strconv.ParseUint(hi, 10, 16)
		if !ok || errA != nil || errB != nil || t.kind != word {
			return p.wrong(t, "not a range of ports like 8000-8999")
		}
		prim.lo, prim.hi = uint32(min(a, b)), uint32(max(a, b))
		return nil
	}
	s, ok := services[t.text]
	if !ok || t.kind != word && t.kind != escaped {
		return p.wrong(t, "not a port that is known; give its number")
	}
	if s.proto != noProto && prim.proto != noProto && prim.proto != s.proto {
		return p.wrong(t, "a port of another protocol; give its number")
	}
	if prim.proto == noProto {
		prim.proto = s.proto
	}
	prim.lo, prim.hi = s.port, s.port
	return nil
}

func (p *parser) number(prim *primitive, t token) error {
	prim.what = asksNumber
	names, most := protoNames, uint32(255)
	if prim.proto == ether {
		prim.what, names, most = asksEtherProto, etherNames, 65535
	}
	if t.kind == number {
		prim.lo = t.value
		switch {
		case t.value > most:
			return p.wrong(t, "more than %d", most)
		case prim.proto == ether && (t.value < 0x600 || t.value == 0x809b || t.value == 0x80f3 || t.value == 0x8137):
			return p.wrong(t, "802.2 and the protocols that use it cannot be asked for")
		}
		return nil
	}
	n, ok := names[t.text]
	switch {
	case t.kind == word && (protocols[t.text] != noProto && t.text != "gre"):
		return p.wrong(t, `also a keyword; write \%s`, t.text)
	case !ok || t.kind != word && t.kind != escaped:
		if what := unsupported[t.text]; what != "" {
			return p.wrong(t, "not supported: %s", what)
		}
		return p.wrong(t, "not a protocol that is known; give its number")
	}
	prim.lo = n
	return nil
}

func word32(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
