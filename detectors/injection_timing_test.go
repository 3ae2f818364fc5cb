package detectors

import (
	"testing"

	"auscult/sensor/call"
)

// plainCall is an honest call with values as most have them.
func plainCall() *call.Call {
	c := valued(1, 7, "name", "O'Brien", 200)
	for _, v := range []string{"active", "2024-01-01", "http://loinc.org", "12", "c0ffee00-1234-4abc-9def-001122334455", "en-US"} {
		c.Args = append(c.Args, valued(1, 7, "p"+v, v, 200).Args...)
	}
	return c
}

// TestInjectionAllocs holds the honest call to no allocation, once its endpoint is known.
func TestInjectionAllocs(t *testing.T) {
	e := New(Defaults())
	a, b := newInjection(&e.scene), newSSRF(&e.scene)
	c := plainCall()
	e.scene.now = c.Time
	a.Observe(nil, c)
	b.Observe(nil, c)
	if n := testing.AllocsPerRun(100, func() { a.Observe(nil, c); b.Observe(nil, c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkInjection(b *testing.B) {
	e := New(Defaults())
	d := newInjection(&e.scene)
	c := plainCall()
	e.scene.now = c.Time
	b.ReportAllocs()
	for b.Loop() {
		d.Observe(nil, c)
	}
}

func BenchmarkSSRF(b *testing.B) {
	e := New(Defaults())
	d := newSSRF(&e.scene)
	c := plainCall()
	e.scene.now = c.Time
	b.ReportAllocs()
	for b.Loop() {
		d.Observe(nil, c)
	}
}
