package bpf

import "slices"

// assemble makes the program of the blocks from entry on.
func assemble(g *graph, entry, most int) (*Program, error) {
	order, bodies, err := bodies(g, entry)
	if err != nil {
		return nil, err
	}
	at := make(map[int]int, len(order))
	far := make([][2]bool, len(order)) // jumps over more than 255 instructions take a second one
	for grown := true; grown; {
		grown = false
		size := 0
		for i, n := range order {
			at[n] = size
			size += len(bodies[i]) + 1 + count(far[i])
		}
		if size+2 > most {
			return nil, &Error{What: "needs more than max_instructions; write nets for hosts, or ranges for ports"}
		}
		at[g.yes], at[g.no] = size, size+1
		for i, n := range order {
			b := g.blocks[n]
			from := at[n] + len(bodies[i]) + 1
			for j, to := range [2]int{b.yes, b.no} {
				if !far[i][j] && at[to]-from > 255 {
					far[i][j], grown = true, true
				}
			}
		}
	}
	var code []instruction
	for i, n := range order {
		code = append(code, bodies[i]...)
		code = g.branch(code, g.blocks[n], at, far[i])
	}
	code = append(code, instruction{op: opRet, k: accept}, instruction{op: opRet})
	if entry <= g.no { // nothing is asked
		code = code[entry : entry+1]
	}
	return &Program{code: code}, nil
}

func count(b [2]bool) (n int) {
	for _, set := range b {
		if set {
			n++
		}
	}
	return n
}

// bodies are the blocks reached from entry, those that lead to others first, and the instructions in front of the
// test of each. What A and X hold on every way to a block is not computed again.
func bodies(g *graph, entry int) (order []int, codes [][]instruction, err error) {
	type state struct {
		registers
		seen bool
	}
	states := make([]state, entry+1)
	states[entry] = state{registers{none, none}, true}
	for n := entry; n > g.no; n-- {
		if !states[n].seen {
			continue
		}
		e := emitter{graph: g, registers: states[n].registers}
		t := g.tests[g.blocks[n].test]
		if t.x == none {
			e.inA(t.v)
		} else {
			e.both(t.v, t.x)
		}
		if e.full {
			return nil, nil, &Error{What: "computes with too many values at once; split it"}
		}
		for _, to := range [2]int{g.blocks[n].yes, g.blocks[n].no} {
			switch s := &states[to]; {
			case !s.seen:
				*s = state{e.registers, true}
			default:
				if s.a != e.a {
					s.a = none
				}
				if s.x != e.x {
					s.x = none
				}
			}
		}
		order, codes = append(order, n), append(codes, slices.Clip(e.code))
	}
	return order, codes, nil
}

// branch appends the jump at the end of a block.
func (g *graph) branch(code []instruction, b block, at map[int]int, far [2]bool) []instruction {
	t := g.tests[b.test]
	op := opJmp | uint16(t.op)
	if t.x != none {
		op |= useX
	}
	from := len(code) + 1
	var short [2]uint8
	var long []instruction
	for j, to := range [2]int{at[b.yes], at[b.no]} {
		if !far[j] {
			short[j] = uint8(to - from)
			continue
		}
		short[j] = uint8(len(long))
		long = append(long, instruction{op: opJmp, k: uint32(to - from - len(long) - 1)})
	}
	code = append(code, instruction{op: op, jt: short[0], jf: short[1], k: t.k})
	return append(code, long...)
}
