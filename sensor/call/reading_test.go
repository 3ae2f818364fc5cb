package call_test

import (
	"reflect"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// FuzzReading has a report that comes again, as the answer to several requests: with and without a Reading of it, the same
// calls must be made.
func FuzzReading(f *testing.F) {
	f.Add("/fhir/Patient/1", "Patient", "1", "id", "Patient/5", uint8(0x10), uint8(1))
	f.Add("/chart/5", "Patient", "5", "Observation", "Encounter/7", uint8(0x01), uint8(1))
	f.Add("/patients/5/summary", "id", "5", "visitId", " 9 ", uint8(0x00), uint8(0))
	f.Add("/x?mrn=77", "mrn", "77", "PatientID", "77", uint8(0x12), uint8(2))
	f.Add("/studies", "StudyInstanceUID", "1.2", "", "91-2345-6789-0123", uint8(0x21), uint8(1))
	f.Fuzz(func(t *testing.T, target, type1, id1, type2, id2 string, kinds, people uint8) {
		b, plain := call.NewBuilder(call.Defaults(), new(call.Direct)), call.NewBuilder(call.Defaults(), new(call.Direct))
		ids := []phi.ID{{Kind: phi.Kind(kinds & 15 % 3), Type: type1, Value: []byte(id1)}, {Kind: phi.Kind(kinds >> 4 % 3), Type: type2, Value: []byte(id2)}}
		if people > 100 {
			for i := range 5000 { // more than a call may have
				ids = append(ids, phi.ID{Kind: phi.Patient, Type: "Patient", Value: []byte{'a' + byte(i%26), byte(i), byte(i >> 8), '1'}})
			}
		}
		var reading call.Reading
		for i, target := range []string{target, "/fhir/Patient/1", target, "/chart/5", target, "/other/" + id1} {
			report := &phi.Report{IDs: ids, People: int(people), Classes: phi.Name, Form: phi.JSON, Total: -1}
			x := exchange("GET", target, 200+i%2, "Cookie: JSESSIONID=1", "<Location: /patients/77")
			cn := conn()
			cn.Server.Port += uint16(i)
			var want, got call.Call
			plain.Build(&want, new(call.Arena), x, cn, nil, report)
			cn.Reading = &reading
			if b.Build(&got, new(call.Arena), x, cn, nil, report); !reflect.DeepEqual(got, want) {
				t.Fatalf("call %d: %+v, want %+v", i, got, want)
			}
			if b.Stats != plain.Stats {
				t.Fatalf("call %d: %+v, want %+v", i, b.Stats, plain.Stats)
			}
		}
	})
}
