package bpf

// cond is a condition before it becomes blocks: a test, or others joined. The nodes are trees.
type cond struct {
	op   condOp
	l, r *cond
	test int
}

type condOp uint8

const (
	condTest condOp = iota
	condAnd
	condOr
	condNot
	condTrue
	condFalse
)

func and(l, r *cond) *cond {
	switch {
	case l.op == condFalse || r.op == condTrue:
		return l
	case r.op == condFalse || l.op == condTrue:
		return r
	}
	return &cond{op: condAnd, l: l, r: r}
}

func or(l, r *cond) *cond {
	switch {
	case l.op == condTrue || r.op == condFalse:
		return l
	case r.op == condTrue || l.op == condFalse:
		return r
	}
	return &cond{op: condOr, l: l, r: r}
}

func not(c *cond) *cond {
	switch c.op {
	case condTrue:
		return &cond{op: condFalse}
	case condFalse:
		return &cond{op: condTrue}
	}
	return &cond{op: condNot, l: c}
}

// test compares a value with a number, or with another value when x is not none.
type test struct {
	v, x value
	op   jump
	k    uint32
}

const none value = -1

// block makes one test and goes on by its outcome. Blocks are numbered so that every one goes on to lower numbers.
type block struct{ test, yes, no int }

// graph holds the values, tests and blocks of a program to be, each once.
type graph struct {
	values  []definition
	byValue map[definition]value
	tests   []test
	byTest  map[test]int
	blocks  []block
	byBlock map[block]int
	yes, no int // the blocks that take and leave a frame
}

func newGraph() *graph {
	return &graph{byValue: map[definition]value{}, byTest: map[test]int{}, byBlock: map[block]int{}, no: 1,
		blocks: []block{{test: -1}, {test: -1}}}
}

func (g *graph) test(v value, op jump, k uint32) *cond {
	if c, ok := g.isConst(v); ok {
		return truth(op.holds(c, k))
	}
	if d := g.values[v]; d.kind == computed && d.op == aluAnd && op == jeq && (k == 0 || k&(k-1) == 0) {
		// One instruction less, and what is loaded stays for the next test.
		if m, ok := g.isConst(d.b); ok && k == 0 {
			return not(g.intern(test{v: d.a, x: none, op: jset, k: m}))
		} else if ok && m == k {
			return g.intern(test{v: d.a, x: none, op: jset, k: m})
		}
	}
	return g.intern(test{v: v, x: none, op: op, k: k})
}

// compare compares two values.
func (g *graph) compare(v value, op jump, x value) *cond {
	if k, ok := g.isConst(x); ok {
		return g.test(v, op, k)
	}
	if k, ok := g.isConst(v); ok {
		switch op { // the number must stand on the right
		case jeq:
			return g.test(x, jeq, k)
		case jgt:
			return not(g.test(x, jge, k))
		default:
			return not(g.test(x, jgt, k))
		}
	}
	return g.intern(test{v: v, x: x, op: op})
}

func (g *graph) intern(t test) *cond {
	n, ok := g.byTest[t]
	if !ok {
		n = len(g.tests)
		g.tests = append(g.tests, t)
		g.byTest[t] = n
	}
	return &cond{op: condTest, test: n}
}

func truth(b bool) *cond {
	if b {
		return &cond{op: condTrue}
	}
	return &cond{op: condFalse}
}

// build makes the blocks of a condition, in front of those to go on with, and returns the first.
func (g *graph) build(c *cond, yes, no int) int {
	switch c.op {
	case condAnd:
		return g.build(c.l, g.build(c.r, yes, no), no)
	case condOr:
		return g.build(c.l, yes, g.build(c.r, yes, no))
	case condNot:
		return g.build(c.l, no, yes)
	case condTrue:
		return yes
	case condFalse:
		return no
	}
	return g.block(block{c.test, yes, no})
}

func (g *graph) block(b block) int {
	if b.yes == b.no {
		return b.yes
	}
	n, ok := g.byBlock[b]
	if !ok {
		n = len(g.blocks)
		g.blocks = append(g.blocks, b)
		g.byBlock[b] = n
	}
	return n
}
