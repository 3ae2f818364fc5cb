package call_test

import (
	"testing"

	"auscult/sensor/call"
)

// templates is a description of an API that knows some paths.
type templates map[string]string

func (m templates) Template(_, path string) string { return m[path] }

func TestDescribed(t *testing.T) {
	known := templates{
		"/api/v2/records/blue": "/api/v2/records/{ref}",
		"/api/v2/patients/12":  "/api/v2/patients/{pid}",
		"/api/v2/reports/2024": "/api/v2/reports/2024",
		"/api/v2/wards/a/beds": "/api/v2/wards/{ward}/{part}",
		"/api/v2/odd":          "/api/v2/odd/more",
		"/fhir/Patient/12":     "/fhir/Patient/{pid}",
	}
	s := newSite(func(cfg *call.Config) { cfg.Described = known })
	for _, c := range []struct{ path, route, object string }{
		{"/api/v2/records/blue", "/api/v2/records/{ref}", "blue"},
		{"/api/v2/patients/12", "/api/v2/patients/{pid}", "12"},
		{"/api/v2/reports/2024", "/api/v2/reports/{id}", "2024"},
		{"/api/v2/wards/a/beds", "/api/v2/wards/{ward}/{part}", "a"},
		{"/api/v2/odd", "/api/v2/odd", ""},
		{"/fhir/Patient/12", "/fhir/Patient/{id}", "12"},
		{"/api/v2/other/word", "/api/v2/other/word", ""},
	} {
		got := s.do("GET", c.path, 200, nil)
		id := ""
		if len(got.Objects) > 0 {
			id = got.Objects[0].ID
		}
		if got.Route != c.route || id != c.object {
			t.Errorf("%s: %s and %q, want %s and %q", c.path, got.Route, id, c.route, c.object)
		}
	}
	plain := newSite(nil).do("GET", "/api/v2/records/blue", 200, nil)
	if plain.Route != "/api/v2/records/blue" || len(plain.Objects) != 0 {
		t.Errorf("without a description: %s", plain.Route)
	}
}
