package detectors

import (
	"math/rand"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// steady is the calls of known people about patients they know.
func steady() (*Engine, []*call.Call) {
	h := newHospital(1, 100, 20000)
	e := New(Defaults())
	var calls []*call.Call
	rng := rand.New(rand.NewSource(1))
	for i := range 4000 {
		p := h.people[rng.Intn(len(h.people))].who
		calls = append(calls, h.open(epoch+clock.Time(i)*second, p, plainID(int(p.Key)*100+rng.Intn(5)), 200))
	}
	for _, c := range calls {
		inside(c)
		e.Observe(nil, c)
	}
	for _, c := range calls {
		c.Time += hour * 2
	}
	return e, calls
}

// inside has a call made from 10.0.0.x, as most are.
func inside(c *call.Call) {
	c.Client.Addr[10], c.Client.Addr[11], c.Client.Addr[12], c.Client.Addr[15] = 0xff, 0xff, 10, byte(c.Principal.Key)
}

// TestObserve_Allocations holds that known principals and patients cost no memory.
func TestObserve_Allocations(t *testing.T) {
	e, calls := steady()
	dst := make([]Signal, 0, 8)
	i := 0
	n := testing.AllocsPerRun(3000, func() {
		dst = e.Observe(dst[:0], calls[i%len(calls)])
		i++
	})
	if n != 0 {
		t.Errorf("%.2f allocations a call", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	b.Run("known", func(b *testing.B) {
		e, calls := steady()
		dst := make([]Signal, 0, 8)
		b.ReportAllocs()
		b.SetBytes(1)
		for i := 0; b.Loop(); i++ {
			dst = e.Observe(dst[:0], calls[i%len(calls)])
		}
	})
	b.Run("hospital", func(b *testing.B) { // one call in eight is a first contact
		h := newHospital(1, 400, 200000)
		e := New(Defaults())
		var calls []*call.Call
		for _, v := range append(h.day(0), h.day(1)...) {
			who := h.people[v.person].who
			if v.listed {
				calls = append(calls, h.list(v.at-2*second, who, []string{plainID(v.id)}, false))
			}
			for range callsPerVisit - 1 {
				calls = append(calls, h.open(v.at, who, plainID(v.id), 200))
			}
		}
		calls = inOrder(calls)
		for _, c := range calls {
			inside(c)
		}
		dst := make([]Signal, 0, 8)
		b.ReportAllocs()
		b.SetBytes(1)
		i := 0
		for b.Loop() {
			if i == len(calls) {
				i, e = 0, New(Defaults())
			}
			dst = e.Observe(dst[:0], calls[i])
			i++
		}
	})
}
