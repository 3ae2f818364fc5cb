package stats

import (
	"math/rand"
	"slices"
	"testing"
)

// TestSet_Map holds that a set of any size is what a map is, and stays so when it is emptied and filled again. Hashes
// that are alike, and 0, are among them.
func TestSet_Map(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	var s Set
	for _, size := range [...]int{1, 4, 15, 16, 17, 28, 29, 300, 5000, 40, 16, 3000} {
		want := map[uint64]bool{}
		for range 3 * size {
			h := rng.Uint64() >> (rng.Intn(2) * 50)
			h %= uint64(2*size) * uint64(1+rng.Intn(1<<20))
			if s.Has(h) != want[h] {
				t.Fatalf("%d of %d: Has(%x) is %v", len(want), size, h, !want[h])
			}
			if s.Add(h) == want[h] {
				t.Fatalf("%d of %d: Add(%x) says %v", len(want), size, h, want[h])
			}
			if want[h] = true; !s.Has(h) || s.Len() != len(want) {
				t.Fatalf("after Add(%x): Has %v, Len %d of %d", h, s.Has(h), s.Len(), len(want))
			}
		}
		all := s.Append(nil)
		slices.Sort(all)
		if len(all) != len(want) || len(slices.Compact(all)) != len(want) {
			t.Fatalf("Append gave %d of %d", len(all), len(want))
		}
		for _, h := range all {
			if !want[h] {
				t.Fatalf("Append gave %x", h)
			}
		}
		s.Clear()
		if s.Len() != 0 || len(s.Append(nil)) != 0 || s.Has(all[0]) {
			t.Fatal("Clear left members")
		}
	}
}
