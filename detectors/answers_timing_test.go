package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
	"auscult/sensor/phi"
)

// ofAnswers are the detectors of what responses give away and writes set.
func ofAnswers(s *scene) []Detector {
	return []Detector{newVerboseError(s), newCORS(s), newCleartext(s), newPHIInURL(s), newManagement(s), newExcessProperty(s), newMassAssignment(s)}
}

// day is calls as they mostly are: charts of FHIR and of an application, lists, an update now and then, and servers
// with flaws that were told long ago.
func dayOfAnswers() []*call.Call {
	var props []call.Prop
	for i := range 20 {
		props = append(props, prop(fmt.Sprint("property", i), 0))
	}
	props = append(props, prop("name", phi.Name), prop("mrn", phi.MRN), prop("ssn", phi.SSN), prop("status", 0), prop("phone", phi.Phone))
	var out []*call.Call
	for i := range 200 {
		c := answerOf(i, i%20, "GET", fmt.Sprintf("/api/r%d/{id}", i%10))
		c.Path = fmt.Sprintf("/api/r%d/%d", i%10, i)
		c.PHI = call.Found{Classes: phi.Name | phi.MRN | phi.SSN | phi.Phone, People: 1 + i%7, Records: 1 + i%7}
		c.Delivered = []uint64{uint64(i)}
		c.Answer.Props = props
		c.Args = []call.Arg{{Key: 7, Name: "mrn", Text: "MRN-00123", Len: 9, Where: call.InQuery}, {Key: 9, Name: "_count", Text: "20", Len: 2, Where: call.InQuery}}
		switch i % 10 {
		case 0:
			c.Method, c.Endpoint = "PATCH", c.Endpoint^5
			c.Args = writing(0, 0, "PATCH", "", "phone=1", "role=patient", "address=2", "price=3").Args
		case 1:
			c.Secure.Version = ""
			c.Answer.CORS, c.Answer.Origin = call.Reflected|call.WithCredents, "https://app.example.org"
		case 2:
			c.Status = 500
			c.Answer.Set, c.Answer.Product = exposure.StackTrace|exposure.ServerPath, "Java"
		case 3:
			c.FHIR = call.FHIR{Interaction: "read", Type: "Patient"}
		}
		out = append(out, c)
	}
	return out
}

func TestAnswers_Allocs(t *testing.T) {
	var s scene
	s.init(Defaults())
	ds, calls := ofAnswers(&s), dayOfAnswers()
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
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations in %d calls", n, len(calls))
	}
}

func BenchmarkAnswers(b *testing.B) {
	var s scene
	s.init(Defaults())
	ds, calls := ofAnswers(&s), dayOfAnswers()
	one := func(b *testing.B, ds ...Detector) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			c := calls[i%len(calls)]
			s.now = c.Time
			for _, d := range ds {
				d.Observe(nil, c)
			}
		}
	}
	b.Run("all", func(b *testing.B) { one(b, ds...) })
	for _, d := range ds {
		b.Run(d.Name(), func(b *testing.B) { one(b, d) })
	}
}
