package bpf

import "slices"

// fact is the outcome of a test that every way to a block has passed.
type fact struct {
	test int
	held bool
}

// maxFacts bounds what is remembered on the way to one block, and so the time that optimising takes. Those about
// link and protocol come first and stay.
const maxFacts = 256

// rounds bounds how often the graph is gone through; most are settled after three.
const rounds = 8

// optimise leaves out the tests whose outcome is known from those before, and returns the new first block.
func (g *graph) optimise(entry int) int {
	for range rounds {
		if entry <= g.no {
			break
		}
		next := g.round(entry)
		if next == entry {
			break
		}
		entry = next
	}
	return entry
}

// round goes through the blocks once, those that lead to others first. An edge to a block whose test is decided goes
// where that would go. That leaves out no load that could fail: the value was loaded for the tests that decide it.
func (g *graph) round(entry int) int {
	type edges struct{ yes, no int }
	known := make([][]fact, entry+1)
	seen := make([]bool, entry+1)
	changed := make([]edges, entry+1)
	seen[entry] = true
	for n := entry; n > g.no; n-- {
		if !seen[n] {
			continue
		}
		b := g.blocks[n]
		reach := func(to int, held bool) int {
			facts := with(known[n], fact{b.test, held})
			for to > g.no {
				outcome, decided := g.decide(facts, g.tests[g.blocks[to].test], g.blocks[to].test)
				if !decided {
					break
				}
				if outcome {
					to = g.blocks[to].yes
				} else {
					to = g.blocks[to].no
				}
			}
			if !seen[to] {
				seen[to], known[to] = true, facts
			} else if to > g.no {
				known[to] = common(known[to], facts)
			}
			return to
		}
		changed[n] = edges{reach(b.yes, true), reach(b.no, false)}
		known[n] = nil
	}
	renamed := make([]int, entry+1)
	renamed[g.yes], renamed[g.no] = g.yes, g.no
	for n := g.no + 1; n <= entry; n++ {
		if seen[n] {
			renamed[n] = g.block(block{g.blocks[n].test, renamed[changed[n].yes], renamed[changed[n].no]})
		}
	}
	return renamed[entry]
}

// decide tells the outcome of a test from facts, where they are enough.
func (g *graph) decide(facts []fact, t test, n int) (outcome, decided bool) {
	lo, hi := uint32(0), ^uint32(0)
	for _, f := range facts {
		if f.test == n {
			return f.held, true
		}
		known := g.tests[f.test]
		if known.v != t.v || known.x != none || t.x != none {
			continue
		}
		switch {
		case known.op == jeq && f.held:
			return t.op.holds(known.k, t.k), true
		case known.op == jgt && f.held:
			lo = max(lo, known.k+1)
		case known.op == jgt:
			hi = min(hi, known.k)
		case known.op == jge && f.held:
			lo = max(lo, known.k)
		case known.op == jge && known.k > 0:
			hi = min(hi, known.k-1)
		}
	}
	switch {
	case t.x != none:
		return false, false
	case t.op == jeq:
		return false, t.k < lo || t.k > hi
	case t.op == jgt && (lo > t.k || hi <= t.k):
		return lo > t.k, true
	case t.op == jge && (lo >= t.k || hi < t.k):
		return lo >= t.k, true
	}
	return false, false
}

// with is facts and one more, sorted by test.
func with(facts []fact, f fact) []fact {
	i, found := slices.BinarySearchFunc(facts, f, func(a, b fact) int { return a.test - b.test })
	if found {
		return facts
	}
	longer := make([]fact, 0, len(facts)+1)
	longer = append(append(append(longer, facts[:i]...), f), facts[i:]...)
	return longer[:min(len(longer), maxFacts)]
}

// common is the facts that are in both.
func common(a, b []fact) []fact {
	both := make([]fact, 0, min(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].test < b[0].test:
			a = a[1:]
		case a[0].test > b[0].test:
			b = b[1:]
		default:
			if a[0] == b[0] {
				both = append(both, a[0])
			}
			a, b = a[1:], b[1:]
		}
	}
	return both
}
