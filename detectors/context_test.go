package detectors

import (
	"testing"
	"time"

	"auscult/sensor/call"
)

func TestChartContext(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "patient_context_mismatch"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const route = "/fhir/Patient/{id}"
	smart := func(n, own int, scope string) call.Principal {
		p := who(n)
		p.Scope, p.Patient = scope, patientKeyOf(own)
		return p
	}
	mine := smart(1, 40, "launch/patient patient/*.rs openid")

	f("its own chart", "", newScript().do(mine, "GET", route, 200, patient(40)).do(mine, "GET", route, 200, patient(40)))
	f("another's", "2 Medium", newScript().do(mine, "GET", route, 200, patient(40)).do(mine, "GET", route, 200, patient(41)))
	f("two others'", "1 Medium, 2 High", newScript().do(mine, "GET", route, 200, patient(41)).do(mine, "GET", route, 200, patient(42)))
	f("refused", "1 Low, 3 Medium", newScript().do(mine, "GET", route, 403, patient(41)).do(mine, "GET", route, 404, patient(42)).do(mine, "GET", route, 403, patient(43)))
	f("a clinician's token with a patient to start with", "", newScript().do(smart(1, 40, "patient/*.rs user/*.rs"), "GET", route, 200, patient(41)))
	f("no scopes of a patient", "", newScript().do(smart(1, 40, "openid profile"), "GET", route, 200, patient(41)))
	f("no patient", "", newScript().do(who(1), "GET", route, 200, patient(41)))

	number := func(c *call.Call) {
		c.Objects = []call.Object{{Type: "mrn", ID: "MRN-7", Key: 999, Patient: true, Where: call.InQuery}}
		c.PHI.People = 1
	}
	f("named by a number", "", newScript().do(mine, "GET", "/fhir/Patient", 200, number))
	kin := func(c *call.Call) {
		c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: "44", Key: patientKeyOf(44), Patient: true, Where: call.InResponse})
	}
	f("a chart that points at kin", "", newScript().do(mine, "GET", route, 200, patient(40), kin))
	found := func(c *call.Call) { kin(c); c.Flags |= call.Search; c.PHI.People = 1 }
	f("a search that found another", "1 Medium", newScript().do(mine, "GET", "/fhir/Observation", 200, found))
	f("a chart without a patient in it", "", newScript().do(mine, "GET", "/fhir/Observation", 200))

	s := newScript()
	for i := range 12 {
		s.wait(time.Minute).do(smart(i, 40+i, "patient/*.rs"), "GET", route, 200, patient(80+i))
	}
	e, low := New(Defaults()), 0
	for _, c := range s.calls {
		for _, sig := range e.Observe(nil, c) {
			if sig.Detector == "patient_context_mismatch" && sig.Severity == Low {
				low++
			}
		}
	}
	if low != 8 {
		t.Errorf("where the claim binds nobody %d are told as Low, want all from the fifth on", low)
	}
}

func TestOnlyPatient(t *testing.T) {
	for scope, want := range map[string]bool{"": false, "patient/*.read": true, "openid patient/Observation.rs": true, "user/*.read": false,
		"patient/*.rs user/*.rs": false, "system/*.rs patient/*.rs": false, "launch/patient": false, "patient": false} {
		if onlyPatient(scope) != want {
			t.Errorf("%q: %v", scope, !want)
		}
	}
}
