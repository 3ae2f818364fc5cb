package bpf

// compared reads a value (the rest of one, when left was read already) and, where one follows, the comparison.
func (p *parser) compared(left *arith) (item, error) {
	at := p.peek()
	var err error
	if left == nil {
		if left, err = p.operand(); err != nil {
			return item{}, err
		}
	} else {
		at = left.at
	}
	l, err := p.operators(left, 0)
	if err != nil {
		return item{}, err
	}
	rel := &relation{op: jeq, l: l}
	switch t := p.peek(); {
	case p.is("=", "=="):
	case p.is("!="):
		rel.negated = true
	case p.is(">"):
		rel.op = jgt
	case p.is(">="):
		rel.op = jge
	case p.is("<"):
		rel.op, rel.negated = jge, true
	case p.is("<="):
		rel.op, rel.negated = jgt, true
	default:
		if l.op != arithConst && t.text != ")" {
			return item{}, p.wrong(t, "a comparison must follow a value")
		}
		return item{value: l}, nil
	}
	if rel.r, err = p.arith(0); err != nil {
		return item{}, err
	}
	p.q = qualifiers{}
	return item{cond: &node{op: opRelation, rel: rel, at: at}}, nil
}

// binding is how tightly an operator binds, and how tightly what stands to its right must. tcpdump's grammar gives
// % and ^ no rank, by which they take what is left of them first, and all that follows.
func binding(sign string) (op alu, left, right int) {
	switch sign {
	case "|":
		return aluOr, 1, 2
	case "&":
		return aluAnd, 2, 3
	case "<<":
		return aluLsh, 3, 4
	case ">>":
		return aluRsh, 3, 4
	case "+":
		return aluAdd, 4, 5
	case "-":
		return aluSub, 4, 5
	case "*":
		return aluMul, 5, 6
	case "/":
		return aluDiv, 5, 6
	case "%":
		return aluMod, 9, 0
	case "^":
		return aluXor, 9, 0
	}
	return 0, -1, 0
}

// tightest is how tightly a minus before a value binds.
const tightest = 7

// arith reads a value of operators that bind at least as tightly as floor.
func (p *parser) arith(floor int) (*arith, error) {
	l, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.operators(l, floor)
}

func (p *parser) operators(l *arith, floor int) (*arith, error) {
	for {
		t := p.peek()
		if t.kind != sign {
			return l, nil
		}
		op, left, right := binding(t.text)
		if left < floor || left < 0 {
			return l, nil
		}
		p.next()
		if err := p.deeper(); err != nil {
			return nil, err
		}
		r, err := p.arith(right)
		p.depth--
		if err != nil {
			return nil, err
		}
		switch shift := op == aluLsh || op == aluRsh; {
		case shift && r.op != arithConst:
			return nil, p.wrong(t, "by a computed number of bits, which kernels do not agree on; give a number")
		case shift && r.value > 31:
			return nil, p.wrong(r.at, "more than 31 bits")
		case (op == aluDiv || op == aluMod) && r.op == arithConst && r.value == 0:
			return nil, p.wrong(r.at, "division by zero")
		}
		if l.op == arithConst && r.op == arithConst {
			v, _ := op.apply(l.value, r.value) // not a division by zero
			l = &arith{op: arithConst, value: v, at: t}
			continue
		}
		l = &arith{op: arithALU, alu: op, l: l, r: r, at: t}
	}
}

// operand reads a number, len, an accessor, a minus or a parenthesis.
func (p *parser) operand() (*arith, error) {
	t := p.next()
	if t.kind == number {
		return &arith{op: arithConst, value: t.value, at: t}, nil
	}
	if t.kind == word {
		if v, ok := constants[t.text]; ok {
			return &arith{op: arithConst, value: v, at: t}, nil
		}
		if t.text == "len" || t.text == "length" {
			return &arith{op: arithLength, at: t}, nil
		}
		if pr, ok := protocols[t.text]; ok && p.is("[") {
			return p.accessor(pr, t)
		}
	}
	if t.kind != sign || t.text != "(" && t.text != "-" {
		if t.kind == word && constants[t.text] == 0 {
			return nil, p.wrong(t, "a number, len or an accessor like tcp[13] must stand here")
		}
		return nil, p.misplaced(t)
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if t.text == "-" {
		v, err := p.arith(tightest)
		return &arith{op: arithNeg, l: v, at: t}, err
	}
	v, err := p.arith(0)
	if err == nil && !p.is(")") {
		err = p.wrong(p.peek(), "the parenthesis of column %d is not closed here", t.at+1)
	}
	return v, err
}

// accessor reads the offset and the size behind proto[.
func (p *parser) accessor(pr proto, t token) (*arith, error) {
	switch pr {
	case ah, esp, gre, pppoed:
		return nil, p.wrong(t, "its header cannot be asked for; write ip[N] and compute where it begins")
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	index, err := p.arith(0)
	if err != nil {
		return nil, err
	}
	a := &arith{op: arithLoad, proto: pr, l: index, size: 1, at: t}
	if p.is(":") {
		s := p.next()
		if s.kind != number || s.value != 1 && s.value != 2 && s.value != 4 {
			return nil, p.wrong(s, "the size must be 1, 2 or 4")
		}
		a.size = s.value
	}
	if !p.is("]") {
		return nil, p.wrong(p.peek(), "] must stand here")
	}
	return a, nil
}
