package call_test

import (
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// TestPatientOfAnotherName finds patients that a request names where no path or key says so: a bare id of a remote
// call whose response is of that patient, and headers.
func TestPatientOfAnotherName(t *testing.T) {
	f := func(c call.Call, want bool) {
		t.Helper()
		named := false
		for _, o := range c.Objects {
			named = named || o.Patient && o.Where != call.InResponse && o.Key == call.PatientKey([]byte("123"))
		}
		if named != want {
			t.Errorf("%s %s: %+v", c.Method, c.Target, c.Objects)
		}
	}
	bare := &phi.Report{IDs: []phi.ID{{Kind: phi.Resource, Value: []byte("123")}}, Total: -1, Form: phi.JSON}
	answer := func(id string, people int) *phi.Report {
		return &phi.Report{People: people, Records: people, Total: -1, Form: phi.JSON, Classes: phi.Name,
			IDs: []phi.ID{{Kind: phi.Patient, Type: "Patient", Value: []byte(id)}}}
	}
	cfg := call.Defaults()
	f(build(cfg, exchange("POST", "/graphql", 200), bare, answer("123", 1)), true)
	f(build(cfg, exchange("POST", "/rpc", 200), bare, answer("123", 1)), true)
	f(build(cfg, exchange("POST", "/rpc", 200), bare, answer("999", 1)), false)
	f(build(cfg, exchange("POST", "/rpc", 200), bare, answer("123", 20)), false)
	f(build(cfg, exchange("GET", "/chart", 200, "X-Patient-Id: 123"), nil, nil), true)
	f(build(cfg, exchange("GET", "/chart", 200, "patientid: 123"), nil, nil), true)
	f(build(cfg, exchange("GET", "/chart", 200, "X-Request-Id: 123"), nil, nil), false)
	f(build(cfg, exchange("GET", "/chart", 200, "X-Patient-Consent: yes"), nil, nil), false)
}

// TestCreated finds the new record's id in the response's Location.
func TestCreated(t *testing.T) {
	f := func(status int, location string, want ...uint64) {
		t.Helper()
		c := build(call.Defaults(), exchange("POST", "/fhir/Patient", status, "<Location: "+location), nil, nil)
		if !slices.Equal(c.Delivered, want) {
			t.Errorf("%s: delivered %v, want %v", location, c.Delivered, want)
		}
	}
	f(201, "http://ehr/fhir/Patient/123/_history/1", call.PatientKey([]byte("123")))
	f(201, "/api/v2/patients/123?x=1", call.PatientKey([]byte("123")))
	f(200, "/api/v2/patients/123")
	f(201, "/done")
	f(201, "")
}
