package inflate

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// lengthsOf is a list of lengths of codes in use, as build takes it.
func lengthsOf(lengths []int) (used []symbol, count [maxWidth + 1]uint16) {
	for s, l := range lengths {
		if l > 0 {
			used = append(used, symbol(s)<<4|symbol(l))
			count[l]++
		}
	}
	return used, count
}

// check looks every code up, with all kinds of bits behind it.
func check(t *testing.T, table []entry, lengths []int) {
	t.Helper()
	next := 0
	for l := 1; l <= maxWidth; l++ {
		for s, n := range lengths {
			if n != l {
				continue
			}
			word := uint64(bits.Reverse16(uint16(next)) >> (16 - l))
			next++
			for _, behind := range []uint64{0, 1<<20 - 1, 0x5a5a5} {
				e, at := lookUp(table, litMask, word|behind<<l)
				if want := litMeans[s]; e&^0xfff != want&^0xfff || int(at+e.width()) != l || e.uses()-e.width() != want.uses() {
					t.Fatalf("symbol %d of %d bits: %#x after %d", s, l, e, at)
				}
			}
		}
		next <<= 1
	}
}

// split is the lengths of a complete code of n symbols, made by splitting codes at random; deep has long ones split.
func split(r *rand.Rand, n int, deep bool) []int {
	lengths := []int{0}
	for len(lengths) < n {
		i := r.IntN(len(lengths))
		if deep && r.IntN(3) > 0 {
			i = len(lengths) - 1
		}
		if lengths[i] == maxWidth {
			continue
		}
		lengths[i]++
		lengths = append(lengths, lengths[i])
	}
	r.Shuffle(n, func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	return lengths
}

func TestBuild(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c code
	table := make([]entry, litEntries)
	f := func(lengths []int, want bool) {
		t.Helper()
		for i := range table {
			table[i] = entry(r.Uint32()) // of the block before
		}
		used, count := lengthsOf(lengths)
		if got := c.build(table, litMeans[:], litWidth, used, &count); got != want {
			t.Fatalf("%v: %v", lengths, got)
		}
		if want {
			check(t, table, lengths)
		}
	}
	for n := 2; n <= 288; n++ {
		for i := range 20 {
			lengths := split(r, n, i%2 == 0)
			f(lengths, true)
			longest := slices.Index(lengths, slices.Max(lengths))
			if lengths[longest] < maxWidth {
				lengths[longest]++ // incomplete
				f(lengths, false)
				lengths[longest]--
			}
			if lengths[longest] > 1 {
				lengths[longest]-- // over-subscribed
				f(lengths, false)
			}
		}
	}
	f([]int{1}, true)
	f([]int{0, 0, 1}, true)
	f([]int{2}, false)
	f([]int{0, 15}, false)
	f([]int{1, 1, 1}, false)
	f(nil, true)
	for b := range uint64(1 << litWidth) {
		if e, _ := lookUp(table, litMask, b); e != exception {
			t.Fatalf("no code at all, and %d means %#x", b, e)
		}
	}
	f([]int{0, 1}, true)
	if e, _ := lookUp(table, litMask, 1); e&exception == 0 || e&(link|endOfBlock) != 0 {
		t.Errorf("one code, and the other bit means %#x", e)
	}
}

// TestMeans has the ends of the tables of section 3.2.5.
func TestMeans(t *testing.T) {
	f := func(e entry, base, extra uint) {
		t.Helper()
		if e.base() != base || e.uses() != extra {
			t.Errorf("%d and %d bits, want %d and %d", e.base(), e.uses(), base, extra)
		}
	}
	f(litMeans[257], 3, 0)
	f(litMeans[264], 10, 0)
	f(litMeans[265], 11, 1)
	f(litMeans[268], 17, 1)
	f(litMeans[269], 19, 2)
	f(litMeans[284], 227, 5)
	f(litMeans[285], 258, 0)
	f(distMeans[0], 1, 0)
	f(distMeans[3], 4, 0)
	f(distMeans[4], 5, 1)
	f(distMeans[29], 24577, 13)
}

func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(Gzip{}); n > Size || n < Size-Size/16 {
		t.Errorf("a decoder takes %d bytes, and Size says %d", n, Size)
	}
}
