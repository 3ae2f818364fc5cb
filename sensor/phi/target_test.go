package phi_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/phi"
)

// TestTarget holds that the URL of a batch entry names what the same URL names when it is a call of its own.
func TestTarget(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		s := phi.New(phi.Defaults())
		s.Reset(phi.JSON)
		s.Scan([]byte(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"` + url + `"}}]}`))
		s.Close(true)
		var got []string
		for _, id := range s.Report().IDs {
			got = append(got, fmt.Sprintf("%d:%s=%s", id.Kind, id.Type, id.Value))
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s: %s, want %s", url, g, want)
		}
	}
	f("Patient/12", "1:Patient=12")
	f("/Patient/12", "1:Patient=12")
	f("Patient/12/", "1:Patient=12")
	f("http://h/fhir/Patient/12/_history/3", "1:Patient=12")
	f("Patient/12/Observation?code=1", "1:Patient=12")
	f("Patient/12/*", "1:Patient=12")
	f("Patient/12/$everything?_count=5", "1:Patient=12")
	f("Condition/c9", "0:Condition=c9")
	f("Observation?patient=13&_count=5", "1:Patient=13")
	f("Observation?subject=Patient/13,Patient/14", "1:Patient=13 1:Patient=14")
	f("Observation?patient:Patient=13%2C14", "1:Patient=13 1:Patient=14")
	f("Patient?_id=1,2", "1:Patient=1 1:Patient=2")
	f("Encounter?_id=9", "0:Encounter=9")
	f("Patient?identifier=urn:mrn|M1", "2:mrn=M1")
	f("Patient?name=rao", "")
	f("/", "")
	f("$export", "")
}
