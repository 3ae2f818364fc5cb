package bpf

// jump is a test of classic BPF, as in the upper bits of its opcode.
type jump uint8

const (
	jeq  jump = 0x10
	jgt  jump = 0x20
	jge  jump = 0x30
	jset jump = 0x40
)

// holds says whether a passes the test against b.
func (j jump) holds(a, b uint32) bool {
	switch j {
	case jeq:
		return a == b
	case jgt:
		return a > b
	case jge:
		return a >= b
	}
	return a&b != 0
}

// alu is an operation of classic BPF, as in the upper bits of its opcode.
type alu uint8

const (
	aluAdd alu = 0x00
	aluSub alu = 0x10
	aluMul alu = 0x20
	aluDiv alu = 0x30
	aluOr  alu = 0x40
	aluAnd alu = 0x50
	aluLsh alu = 0x60
	aluRsh alu = 0x70
	aluMod alu = 0x90
	aluXor alu = 0xa0
)

// apply computes a op b; ok is false for a division by zero.
func (op alu) apply(a, b uint32) (v uint32, ok bool) {
	switch op {
	case aluAdd:
		return a + b, true
	case aluSub:
		return a - b, true
	case aluMul:
		return a * b, true
	case aluDiv:
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case aluMod:
		if b == 0 {
			return 0, false
		}
		return a % b, true
	case aluOr:
		return a | b, true
	case aluAnd:
		return a & b, true
	case aluXor:
		return a ^ b, true
	case aluLsh:
		return a << b, true
	}
	return a >> b, true
}

// valueKind is how a value comes about.
type valueKind uint8

const (
	constant  valueKind = iota // k
	wireLen                    // of the frame
	absolute                   // size bytes at k
	indirect                   // size bytes at k + value a
	ihl                        // 4 * (the lower half of the byte at k): the length of an IPv4 header
	ancillary                  // what the kernel knows beside the frame, at k
	computed                   // a op b
)

// value is a number that can be computed from a frame, by its index in the graph. Equal computations are one value.
type value int32

// definition is how a value is computed. A frame never changes, so the same definition is always the same number.
type definition struct {
	kind valueKind
	op   alu
	size uint32
	k    uint32
	a, b value
}

func (g *graph) value(d definition) value {
	if v, ok := g.byValue[d]; ok {
		return v
	}
	v := value(len(g.values))
	g.values = append(g.values, d)
	g.byValue[d] = v
	return v
}

func (g *graph) constant(k uint32) value { return g.value(definition{kind: constant, k: k}) }

func (g *graph) ancillary(k uint32) value { return g.value(definition{kind: ancillary, k: k}) }

// isConst says whether a value is the same for every frame.
func (g *graph) isConst(v value) (uint32, bool) {
	d := g.values[v]
	return d.k, d.kind == constant
}

// compute is a op b, in as few operations as are known.
func (g *graph) compute(op alu, a, b value) value {
	ka, constA := g.isConst(a)
	kb, constB := g.isConst(b)
	if constA && constB {
		if v, ok := op.apply(ka, kb); ok {
			return g.constant(v)
		}
	}
	if constA && (op == aluAdd || op == aluMul || op == aluOr || op == aluAnd || op == aluXor) {
		a, b, ka, kb, constA, constB = b, a, kb, ka, false, true
	}
	if constB {
		switch {
		case kb == 0 && (op == aluAdd || op == aluSub || op == aluOr || op == aluXor || op == aluLsh || op == aluRsh):
			return a
		case kb == 1 && (op == aluMul || op == aluDiv):
			return a
		}
	}
	return g.value(definition{kind: computed, op: op, a: a, b: b})
}

// most is the largest number that a value can be.
func (g *graph) most(v value) uint64 {
	const all = 1<<32 - 1
	d := g.values[v]
	switch d.kind {
	case constant:
		return uint64(d.k)
	case absolute, indirect:
		return 1<<(8*d.size) - 1
	case ihl:
		return 60
	case computed:
		// Values are defined before those made of them, and each is looked at once for each use: expressions nest
		// no deeper than max_depth but on the left, where one use is all there is.
		a, b := g.most(d.a), g.most(d.b)
		m := uint64(all)
		switch d.op {
		case aluAdd:
			m = a + b
		case aluMul:
			m = a * b
		case aluAnd:
			m = min(a, b)
		case aluDiv:
			m = a
		case aluMod:
			m = min(a, max(b, 1)-1)
		case aluRsh:
			m = a >> b
		case aluLsh:
			m = a << b
		}
		return min(m, all)
	}
	return all
}
