package detectors

import (
	"math/rand"
	"slices"
	"testing"
)

// TestLRU_Order holds the table against a plain list of keys, the newest last, through random use.
func TestLRU_Order(t *testing.T) {
	for _, limit := range []int{1, 3, 63, 64, 65, 200} {
		rng := rand.New(rand.NewSource(int64(limit)))
		spare := func(v *uint64) bool { return *v%5 == 0 }
		var gone, want, keys []uint64
		l := newLRU(limit, spare, func(v *uint64) { gone = append(gone, *v) })
		take := func(i int) {
			want = append(want, keys[i])
			keys = slices.Delete(keys, i, i+1)
		}
		for range 20000 {
			key := 1 + uint64(rng.Intn(2*limit+2))
			if rng.Intn(3) > 0 {
				key = 1 + key%uint64(limit/4+1)
			}
			i := slices.Index(keys, key)
			switch n := rng.Intn(1000); {
			case n == 0:
				old := keys[:min(len(keys), rng.Intn(4))]
				l.dropOldest(func(v *uint64) bool { return slices.Contains(old, *v) })
				for range len(old) {
					take(0)
				}
			case n < 5 && i >= 0:
				l.remove(key)
				take(i)
			case n < 100:
				if found := l.find(key); (found != nil) != (i >= 0) {
					t.Fatalf("%d is found: %v", key, found != nil)
				}
			default:
				if i >= 0 {
					keys = slices.Delete(keys, i, i+1)
				} else if len(keys) == limit {
					take(max(0, slices.IndexFunc(keys[:min(64, len(keys))], func(k uint64) bool { return spare(&k) })))
				}
				v, fresh := l.use(key)
				if fresh != (i < 0) || !fresh && *v != key {
					t.Fatalf("%d holds %d, fresh: %v", key, *v, fresh)
				}
				*v = key
				keys = append(keys, key)
			}
			if !slices.Equal(gone, want) || l.len() != len(keys) {
				t.Fatalf("%v went, want %v; %d are left, want %d", gone, want, l.len(), len(keys))
			}
			gone, want = gone[:0], want[:0]
			if rng.Intn(100) == 0 {
				at := len(keys)
				l.each(func(v *uint64) {
					if at--; at < 0 || *v != keys[at] {
						t.Fatalf("%d out of order", *v)
					}
				})
			}
		}
	}
}
