package detectors

import (
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// TestDescription holds what the API's description adds to the detectors of answers, writes and credentials.
func TestDescription(t *testing.T) {
	cfg := described(t, chartsAPI)
	f := func(name, kind, want string, calls ...*call.Call) {
		t.Helper()
		for _, c := range calls {
			c.Host = "ehr.hospital.test"
		}
		got, _ := said(t, cfg, kind, calls...)
		if text := strings.Join(got, "; "); want == "" && text != "" || !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	record := func(path string, props ...call.Prop) *call.Call {
		c := answerOf(0, 1, "GET", path)
		c.PHI = call.Found{Classes: phi.Name | phi.MRN, People: 1, Records: 1}
		for _, p := range props {
			c.Answer.Props = append(c.Answer.Props, p)
			c.PHI.Classes |= p.Class
		}
		return c
	}
	f("a property that is not described", "excess_property", "Low GET /api/v2/card/7 returns phone in a property that its description does not list",
		record("/api/v2/card/7", prop("name", phi.Name), prop("homePhone", phi.Phone)))
	f("what is described", "excess_property", "", record("/api/v2/card/7", prop("name", phi.Name), prop("mrn", phi.MRN)))
	f("a grave one beside a part that takes anything", "excess_property", "returns ssn in a property", record("/api/v2/patients/7", prop("ssn", phi.SSN)))
	f("a harmless one there", "excess_property", "", record("/api/v2/patients/7", prop("dose", phi.Medication)))

	bare := func(path string) *call.Call {
		c := record(path)
		c.Auth.Scheme = call.NoCredential
		c.Principal = call.Principal{Key: 77, Kind: call.Address, ID: "10.1.0.1"}
		c.PHI.Classes |= phi.BirthDate
		return c
	}
	f("no credential where one is demanded", "missing_auth", "High {principal} read data of 1 patient without any credential", bare("/api/v2/patients/7"))
	f("where none is", "missing_auth", "", bare("/api/v2/board"), bare("/api/v2/board"), bare("/api/v2/board"))

	f("a role that the description has not", "mass_assignment", "Medium {principal} set role by PATCH",
		writing(0, 1, "PATCH", "/api/v2/patients/7", "phone=1", "role=admin"))
	f("a property that it has", "mass_assignment", "", writing(0, 1, "PATCH", "/api/v2/patients/7", "phone=1"))
}
