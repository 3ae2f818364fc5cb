package detectors

import (
	"testing"
	"time"

	"auscult/sensor/call"
)

// routine is honest work of a hundred people, and a detector alone that has seen it once.
func routine(make func(*scene) Detector) (*Engine, Detector, []*call.Call) {
	s := newScript()
	for i := range 4000 {
		p := who(i * 7 % 100)
		switch i % 10 {
		case 0:
			s.wait(time.Second).do(p, "GET", "/fhir/Patient", 200, flags(call.Search|call.HealthAPI))
		case 1:
			s.wait(time.Second).do(p, "POST", "/fhir/Observation", 201, flags(call.Create|call.HealthAPI))
		default:
			s.wait(time.Second).do(p, "GET", "/fhir/Patient/{id}", 200, patient(1000+i%100))
		}
	}
	e := New(Defaults())
	d := make(&e.scene)
	for _, c := range s.calls {
		e.scene.now = c.Time
		d.Observe(nil, c)
	}
	return e, d, s.calls
}

var ofCallers = []struct {
	name string
	make func(*scene) Detector
}{
	{"recon", func(s *scene) Detector { return newRecon(s) }}, {"exhaustion", func(s *scene) Detector { return newExhaustion(s) }},
	{"bfla", func(s *scene) Detector { return newBFLA(s) }}, {"context", func(s *scene) Detector { return newContext(s) }},
	{"break_glass", func(s *scene) Detector { return newBreakGlass(s) }}, {"bulk_write", func(s *scene) Detector { return newBulkWrite(s) }},
	{"flow", func(s *scene) Detector { return newFlow(s) }}, {"destination", func(s *scene) Detector { return newDestination(s) }},
	{"consent", func(s *scene) Detector { return newConsent(s) }},
}

// TestCallers_Allocations holds honest work to no memory.
func TestCallers_Allocations(t *testing.T) {
	for _, x := range ofCallers {
		e, d, calls := routine(x.make)
		i := 0
		n := testing.AllocsPerRun(3000, func() {
			c := calls[i%len(calls)]
			e.scene.now += second
			d.Observe(nil, c)
			i++
		})
		if n != 0 {
			t.Errorf("%s: %.3f allocations a call", x.name, n)
		}
	}
}

func BenchmarkCallers(b *testing.B) {
	for _, x := range ofCallers {
		b.Run(x.name, func(b *testing.B) {
			e, d, calls := routine(x.make)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e.scene.now += second
				d.Observe(nil, calls[i%len(calls)])
			}
		})
	}
}
