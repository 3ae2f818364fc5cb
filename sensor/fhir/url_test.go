package fhir_test

import (
	"bytes"
	"strings"
	"testing"

	"auscult/sensor/fhir"
)

func segments(path string) [][]byte {
	return bytes.Split([]byte(strings.TrimPrefix(path, "/")), []byte("/"))
}

func TestParseURL_Success(t *testing.T) {
	// want is interaction, type, id, then version, within or operation; a dash for none
	f := func(method, path, want string) {
		t.Helper()
		var u fhir.URL
		if !fhir.ParseURL(&u, segments(path)) {
			t.Errorf("%s is not FHIR", path)
			return
		}
		rest := string(u.Version) + string(u.Within) + string(u.Op)
		got := u.Interaction([]byte(method))
		for _, s := range []string{string(u.Type), string(u.ID), rest} {
			if s == "" {
				s = "-"
			}
			got += " " + s
		}
		if got != want {
			t.Errorf("%s %s: %s, want %s", method, path, got, want)
		}
	}
	f("GET", "/fhir/Patient/5", "read Patient 5 -")
	f("HEAD", "/Patient/5", "read Patient 5 -")
	f("PUT", "/fhir/Patient/5", "update Patient 5 -")
	f("PATCH", "/fhir/Patient/5", "patch Patient 5 -")
	f("DELETE", "/fhir/Patient/5", "delete Patient 5 -")
	f("GET", "/fhir/Patient/5/_history/3", "vread Patient 5 3")
	f("GET", "/fhir/Patient/5/_history", "history-instance Patient 5 -")
	f("GET", "/fhir/Patient/_history", "history-type Patient - -")
	f("GET", "/fhir/_history", "history-system - - -")
	f("GET", "/fhir/Patient", "search-type Patient - -")
	f("POST", "/fhir/Patient", "create Patient - -")
	f("PUT", "/fhir/Patient", "update Patient - -")
	f("POST", "/fhir/Patient/_search", "search-type Patient - -")
	f("POST", "/fhir/_search", "search-system - - -")
	f("GET", "/fhir", "search-system - - -")
	f("POST", "/fhir/R4", "batch - - -")
	f("GET", "/fhir/Patient/5/Observation", "search-compartment Patient 5 Observation")
	f("POST", "/fhir/Patient/5/Observation/_search", "search-compartment Patient 5 Observation")
	f("GET", "/fhir/Patient/5/*", "search-compartment Patient 5 *")
	f("GET", "/fhir/metadata", "capabilities - - -")
	f("GET", "/fhir/$export", "operation - - $export")
	f("GET", "/fhir/Patient/$export", "operation Patient - $export")
	f("GET", "/fhir/Group/g1/$export", "operation Group g1 $export")
	f("GET", "/fhir/Patient/5/$everything", "operation Patient 5 $everything")
	f("POST", "/fhir/Patient/5/_history/2/$meta", "operation Patient 5 2$meta")
	f("POST", "/fhir/$graphql", "operation - - $graphql")
	f("GET", "/v1/projects/p/locations/l/datasets/d/fhirStores/s/fhir/Encounter/9", "read Encounter 9 -")
	f("GET", "/Account/api/fhir/Patient/9", "read Patient 9 -")
	f("GET", "/fhir/Patient/no'digit", "read Patient no'digit -")
	f("POST", "/fhir/Patient/5", " Patient 5 -")
}

func TestParseURL_Failure(t *testing.T) {
	f := func(path string) {
		t.Helper()
		var u fhir.URL
		if fhir.ParseURL(&u, segments(path)) || u.Shape != fhir.NotFHIR || u.Interaction([]byte("GET")) != "" {
			t.Errorf("%s is FHIR: %+v", path, u)
		}
	}
	f("/")
	f("/Account/Login")
	f("/Patient/Details/5")
	f("/api/metadata")
	f("/odata/$metadata")
	f("/fhir/Unknown/5")
	f("/fhir/Patient/5/chart/all")
	f("/fhir/Patient/_nothing")
	f("/fhir/Patient/$")
	f("/api/v2/patients/5")
}

func TestDICOM(t *testing.T) {
	f := func(path string, first int, ok bool) {
		t.Helper()
		if n, is := fhir.DICOM(segments(path)); n != first || is != ok {
			t.Errorf("%s: %d %v, want %d %v", path, n, is, first, ok)
		}
	}
	f("/dicom-web/studies", 1, true)
	f("/studies/1.2.840.1/series", 0, true)
	f("/pacs/wado-rs/instances", 2, true)
	f("/api/studies/17", 0, false)
	f("/studies", 0, false)
	f("/studies/1..2", 0, false)
}

// FuzzURL holds that a path parses to parts of itself, and to the same when it is parsed again.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"/fhir/Patient/5/_history/2/$meta", "/Patient//5", "/fhir/$", "/r4/_search", "/studies/1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		segs := segments(path)
		var u, again fhir.URL
		ok := fhir.ParseURL(&u, segs)
		if ok != (u.Shape != fhir.NotFHIR) || u.Base > len(segs) {
			t.Fatalf("%q: %v with %+v", path, ok, u)
		}
		if len(u.Type) > 0 && fhir.Lookup(u.Type) == 0 {
			t.Fatalf("%q: type %q", path, u.Type)
		}
		if fhir.ParseURL(&again, segs); again.Shape != u.Shape || string(again.ID) != string(u.ID) {
			t.Fatalf("%q: two answers", path)
		}
		if first, ok := fhir.DICOM(segs); ok && first >= len(segs) {
			t.Fatalf("%q: %d", path, first)
		}
	})
}

// TestParseURL_CutAnywhere holds that a cut path never says more than the whole one.
func TestParseURL_CutAnywhere(t *testing.T) {
	const path = "/v1/fhir/Patient/5/_history/2/$meta"
	for i := range path {
		var u fhir.URL
		ok := fhir.ParseURL(&u, segments(path[:i]))
		if ok && !u.Sure || !strings.HasPrefix("Patient", string(u.Type)) || !strings.HasPrefix("5", string(u.ID)) ||
			!strings.HasPrefix("2", string(u.Version)) || !strings.HasPrefix("$meta", string(u.Op)) {
			t.Errorf("%s: %+v", path[:i], u)
		}
	}
}
