package bpf

// numbered reads what takes a number and no qualifiers.
func (p *parser) numbered() (*node, error) {
	t := p.next()
	n, given, err := p.plainNumber()
	if err != nil {
		return nil, err
	}
	prim := &primitive{lo: n, has: given}
	most := uint32(0)
	switch t.text {
	case "vlan":
		prim.what, most = asksVLAN, 4095
	case "mpls":
		prim.what, most = asksMPLS, 1<<20-1
	case "pppoes":
		prim.what, most = asksPPPoES, 1<<16-1
	default:
		if !given {
			return nil, p.wrong(p.peek(), "%s needs a number of bytes", t.text)
		}
		length, limit := &arith{op: arithLength, at: t}, &arith{op: arithConst, value: n, at: t}
		if t.text == "greater" {
			return &node{op: opRelation, rel: &relation{op: jge, l: length, r: limit}, at: t}, nil
		}
		more := &node{op: opRelation, rel: &relation{op: jgt, l: length, r: limit}, at: t}
		return &node{op: opNot, l: more, at: t}, nil
	}
	if given && n > most {
		return nil, p.wrong(p.tokens[p.pos-1], "more than %d", most)
	}
	return &node{op: opPrimitive, prim: prim, at: t}, nil
}

// plainNumber reads a number, if one stands there.
func (p *parser) plainNumber() (n uint32, given bool, err error) {
	t := p.peek()
	if t.kind == sign && t.text == "(" && p.tokens[p.pos+1].kind == number {
		return 0, false, p.wrong(t, "write the number without parentheses")
	}
	if t.kind != number {
		return 0, false, nil
	}
	p.next()
	return t.value, true, nil
}
