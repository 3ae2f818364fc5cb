package bpf

import "slices"

// either joins conditions by or. Those in a row that ask the same bytes for different numbers become one condition:
// what they share is then asked once.
func (l *lowering) either(n *node) (*cond, error) {
	terms := alternatives(nil, n)
	any := truth(false)
	for len(terms) > 0 {
		alike := 1
		for alike < len(terms) && terms[0].joins(terms[alike]) {
			alike++
		}
		c, err := l.group(terms[:alike])
		if err != nil {
			return nil, err
		}
		if len(l.tests) > maxTests {
			return nil, &Error{What: "needs more tests than a program may have; split it or write nets for hosts"}
		}
		any = or(any, c)
		terms = terms[alike:]
	}
	return any, nil
}

// alternatives appends what n joins by or, in the order of the text.
func alternatives(dst []*node, n *node) []*node {
	first := len(dst)
	for ; n.op == opOr; n = n.l {
		right := alternatives(nil, n.r)
		slices.Reverse(right)
		dst = append(dst, right...)
	}
	dst = append(dst, n)
	slices.Reverse(dst[first:])
	return dst
}

// joins says whether two conditions differ only in the numbers that they ask for.
func (n *node) joins(m *node) bool {
	if n.op != opPrimitive || m.op != opPrimitive {
		return false
	}
	a, b := n.prim.plain(), m.prim.plain()
	if a.what != b.what || a.proto != b.proto || a.dir != b.dir || a.dir == bothEnds {
		return false
	}
	switch a.what {
	case asksPort, asksNumber:
		return true
	case asksNet:
		return a.prefix.Addr().Is6() == b.prefix.Addr().Is6()
	}
	return false
}

// plain is a protocol by its name as one by its number, where it has one; and others as they are.
func (p *primitive) plain() *primitive {
	n, numbered := protoNumbers[p.proto]
	if p.what != asksProto || !numbered {
		return p
	}
	family := noProto
	switch p.proto {
	case icmp, igmp, vrrp:
		family = ip
	case icmp6:
		family = ip6
	}
	return &primitive{what: asksNumber, proto: family, lo: n}
}

// group lowers conditions that join.
func (l *lowering) group(terms []*node) (*cond, error) {
	if terms[0].op != opPrimitive {
		return l.lower(terms[0])
	}
	all := make([]*primitive, len(terms))
	for i, t := range terms {
		all[i] = t.prim.plain()
	}
	at := terms[0].at
	switch all[0].what {
	case asksNet, asksMasked:
		return l.net(all, at)
	case asksPort:
		return l.port(all, at)
	case asksNumber:
		return l.number(all, at)
	}
	return l.primitive(all[0], at)
}
