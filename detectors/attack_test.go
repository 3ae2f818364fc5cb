package detectors

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// attack is one way of choosing identifiers, and how soon it must be caught when the capture is all there is.
type attack struct {
	name  string
	gap   time.Duration
	next  func(i int, base int, rng *rand.Rand, mem *int) string
	limit int // attack calls, in a small world of a few hundred patients and no history
	by    []string
}

func plainID(n int) string { return strconv.Itoa(n) }

var attacks = []attack{
	{"sequential", 1500 * time.Millisecond, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + i) }, 15, nil},
	{"descending", 1500 * time.Millisecond, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + 300 - i) }, 15, nil},
	{"stride 7", 1500 * time.Millisecond, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + 7*i) }, 15, nil},
	{"stride 2 at 30 s", 30 * time.Second, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + 2*i) }, 16, nil},
	{"check digit", 5 * time.Second, func(i, b int, _ *rand.Rand, _ *int) string { return plainID((100000+b+i)*10 + (7*i+3)%10) }, 16, nil},
	{"jitter", 1500 * time.Millisecond, func(i, b int, r *rand.Rand, m *int) string { *m += 1 + r.Intn(3); return plainID(b + *m) }, 30, nil},
	{"shuffled 200", 2400 * time.Millisecond, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + (i*83)%199) }, 20, nil},
	{"two ranges", 1500 * time.Millisecond, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + (i%2)*150 + i/2) }, 30, nil},
	{"prefixed", 10 * time.Second, func(i, b int, _ *rand.Rand, _ *int) string { return fmt.Sprintf("MRN%08d", b+i) }, 15, nil},
	{"hex", 10 * time.Second, func(i, b int, _ *rand.Rand, _ *int) string { return fmt.Sprintf("%06x", 0xabc000+b+i) }, 16, nil},
	{"slow", 10 * time.Minute, func(i, b int, _ *rand.Rand, _ *int) string { return plainID(b + i) }, 20, nil},
	{"random UUIDs", 2 * time.Second, func(i, b int, r *rand.Rand, _ *int) string {
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Intn(65536), r.Intn(4096), r.Intn(4096), r.Int63n(1<<48))
	}, 25, nil},
}

// smallWorld is a capture of two hours and fifteen people among four hundred patients, most without lists.
type smallWorld struct {
	*hospital
	panels [][]int
}

func newSmallWorld(seed int64, people int) *smallWorld {
	w := &smallWorld{hospital: &hospital{rng: rand.New(rand.NewSource(seed))}}
	for i := range people {
		w.people = append(w.people, person{who: call.Principal{Key: uint64(50 + i), Kind: call.JWT, ID: fmt.Sprintf("p%d", i)}})
		var panel []int
		for range 8 + w.rng.Intn(7) {
			panel = append(panel, 1220+w.rng.Intn(400))
		}
		w.panels = append(w.panels, panel)
	}
	return w
}

// benign is the honest calls of a span of hours, in order: bursts of a few patients of one's panel, now and then
// the list of the panel, and a consult.
func (w *smallWorld) benign(hours float64) []*call.Call {
	var out []*call.Call
	for i := range w.people {
		who := w.people[i].who
		at := epoch + clock.Time(w.rng.Float64()*float64(hour)*hours/3)
		for at < epoch+clock.Time(hours*float64(hour)) {
			if w.rng.Float64() < .4 {
				var ids []string
				for _, id := range w.panels[i] {
					ids = append(ids, plainID(id))
				}
				out = append(out, w.list(at, who, ids, true))
			}
			for range 1 + w.rng.Intn(3) {
				at += clock.Time(time.Duration(3+w.rng.Intn(80)) * time.Second)
				id := one(w.hospital, w.panels[i])
				if w.rng.Float64() < .03 {
					id = 1220 + w.rng.Intn(400)
				}
				for j := range 1 + w.rng.Intn(3) {
					out = append(out, w.open(at+clock.Time(j)*clock.Time(time.Second), who, plainID(id), 200))
				}
			}
			at += clock.Time(w.rng.ExpFloat64() * float64(15*minute) * hours / 2)
		}
	}
	return out
}

func inOrder(calls []*call.Call) []*call.Call {
	slices.SortStableFunc(calls, func(a, b *call.Call) int { return a.Order.Compare(b.Order) })
	return calls
}

// TestColdStart_Attacks mixes each attack into a capture without history: it must be caught within its limit, in
// every world, and nobody else accused.
func TestColdStart_Attacks(t *testing.T) {
	for _, a := range attacks {
		var found []int
		for seed := int64(1); seed <= 12; seed++ {
			w := newSmallWorld(seed, 15)
			hours := 2.0
			if a.gap >= time.Minute {
				hours = 12
			}
			calls := w.benign(hours)
			evil := call.Principal{Key: 7, Kind: call.JWT, ID: "evil"}
			begin := epoch + clock.Time(w.rng.Float64()*float64(hour))
			base, mem := 1230+w.rng.Intn(50), 0
			for i := range 60 {
				status := 200
				if w.rng.Float64() < .1 {
					status = 404
				}
				at := begin + clock.Time(i)*clock.Time(a.gap) + clock.Time(w.rng.Int63n(int64(a.gap)/4))
				calls = append(calls, w.open(at, evil, a.next(i, base, w.rng, &mem), status))
			}
			e := New(Defaults())
			n, caught := 0, 0
			for _, c := range inOrder(calls) {
				if c.Principal.Key == evil.Key {
					n++
				}
				for _, s := range accusations(e.Observe(nil, c)) {
					if s.Principal.Key != evil.Key {
						t.Errorf("%s, seed %d: accused %s: %s", a.name, seed, s.Principal.ID, s.Title)
					} else if caught == 0 {
						caught = n
						if seed == 1 {
							show(t, []Signal{s})
						}
					}
				}
			}
			if caught == 0 {
				caught = 1000
			}
			found = append(found, caught)
		}
		slices.Sort(found)
		t.Logf("%-18s caught after %v", a.name, found)
		if worst := found[len(found)-1]; worst > a.limit {
			t.Errorf("%s: caught after %d attack calls in the worst world, allowed %d", a.name, worst, a.limit)
		}
	}
}

// TestColdStart_Benign plays honest captures of several shapes: nobody may be accused.
func TestColdStart_Benign(t *testing.T) {
	calls, accused := 0, 0
	for seed := int64(100); seed < 140; seed++ {
		w := newSmallWorld(seed, 40)
		e := New(Defaults())
		for _, c := range inOrder(w.benign(8)) {
			calls++
			for _, s := range accusations(e.Observe(nil, c)) {
				accused++
				show(t, []Signal{s})
			}
		}
	}
	t.Logf("%d accusations in %d calls", accused, calls)
	if accused > 0 {
		t.Errorf("%d accusations in %d honest calls", accused, calls)
	}
}
