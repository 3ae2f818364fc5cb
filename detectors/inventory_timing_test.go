package detectors

import (
	"testing"

	"auscult/sensor/call"
)

// ofInventory are calls as they mostly are, to what is described, to what is not and was told, and to other servers.
func ofInventory() []*call.Call {
	var out []*call.Call
	for i := range 100 {
		c := path(i, i%20, "GET", "/api/v2/patients/{id}", "/api/v2/patients/77", 1)
		c.Args = []call.Arg{{Key: 3, Name: "id", Where: call.InPath}}
		switch i % 10 {
		case 0:
			c.Route, c.Path = "/api/v1/patients/{id}", "/api/v1/patients/77"
		case 1:
			c.Host = "pacs.hospital.test"
		case 2:
			c.PHI = call.Found{}
		case 3:
			c.Status = 404
		}
		out = append(out, c)
	}
	return out
}

func TestInventory_Allocs(t *testing.T) {
	for name, cfg := range map[string]Config{"described": described(t, chartsAPI), "learned": Defaults()} {
		var s scene
		s.init(cfg)
		ds, calls := []Detector{newShadow(&s), newUnsafe(&s, newDestination(&s).local), newUserRules(&s)}, ofInventory()
		run := func() {
			for _, c := range calls {
				s.now = c.Time
				for _, d := range ds {
					d.Observe(nil, c)
				}
			}
		}
		run()
		run()
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%s: %v allocations in a hundred calls", name, n)
		}
	}
}

func BenchmarkInventory(b *testing.B) {
	for name, cfg := range map[string]Config{"described": described(b, chartsAPI), "learned": Defaults()} {
		b.Run(name, func(b *testing.B) {
			var s scene
			s.init(cfg)
			ds, calls := []Detector{newShadow(&s), newUnsafe(&s, newDestination(&s).local), newUserRules(&s)}, ofInventory()
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				c := calls[i%len(calls)]
				s.now = c.Time
				for _, d := range ds {
					d.Observe(nil, c)
				}
				i++
			}
		})
	}
}
