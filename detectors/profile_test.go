package detectors

import (
	"bytes"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// TestProfiles gathers people without roles by the endpoints they use: nurses with nurses, clerks with clerks, the
// same on every run, and the groups keep their places.
func TestProfiles(t *testing.T) {
	play := func(days int) (*Engine, [2]map[int]int) {
		e := New(Defaults())
		h := newHospital(1, 10, 1000)
		for d := range days {
			for i := range 60 {
				who := call.Principal{Key: uint64(100 + i), Kind: call.JWT, ID: "x"}
				for j := range 40 {
					c := h.list(epoch+clock.Time(d)*day+clock.Time(j*60+i)*second, who, []string{plainID(1 + h.rng.Intn(900))}, false)
					c.Endpoint = uint64(500 + i%2*10 + h.rng.Intn(6)) // of one kind or the other
					if j%8 == 0 {
						c.Endpoint = 490 // and one that all use
					}
					e.Observe(nil, c)
				}
			}
		}
		var by [2]map[int]int
		for i := range 60 {
			if by[i%2] == nil {
				by[i%2] = map[int]int{}
			}
			by[i%2][int(e.scene.principals.find(uint64(100+i)).group)]++
		}
		return e, by
	}
	e, by := play(2)
	if len(by[0]) != 1 || len(by[1]) != 1 {
		t.Fatalf("groups %v: one of each kind was to be found", by)
	}
	for g := range by[0] {
		if by[1][g] > 0 || g < firstKind || g == groupCount || e.scene.groups[g].people != 30 {
			t.Errorf("groups %v", by)
		}
	}
	if _, again := play(2); len(again[0]) != 1 || again[0][firstOf(by[0])] != 30 {
		t.Errorf("%v, and again %v", by, again)
	}
	if _, later := play(6); later[0][firstOf(by[0])] != 30 || later[1][firstOf(by[1])] != 30 {
		t.Errorf("after two days %v, after six %v: the groups changed places", by, later)
	}
	first := saved(t, e)
	loaded, err := Load(Defaults(), bytes.NewReader(first))
	if err != nil || !bytes.Equal(first, saved(t, loaded)) || loaded.scene.circles != e.scene.circles {
		t.Errorf("profiles are not saved whole: %v", err)
	}
}

func firstOf(m map[int]int) (key int) {
	for key = range m {
		break
	}
	return key
}
