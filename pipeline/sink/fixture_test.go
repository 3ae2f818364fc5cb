package sink_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

var meta = ocsf.Meta{Version: "0.1.0", Tenant: "hosp-a", Sensor: "sensor-01", Inputs: []string{"span.pcap"}}

// secrets are the identifiers in the fixtures: none may leave without Reveal.
var secrets = []string{"dr.rao", "P-10023", "patient-77", "77345612", "4111222233", "rao@hospital", "sess9f3a", "Ramesh", "SELECT"}

func names(t testing.TB, reveal bool) *pseudonym.Names {
	t.Helper()
	root := make([]byte, pseudonym.KeySize)
	for i := range root {
		root[i] = byte(i)
	}
	k, err := pseudonym.FromKey(root)
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Reveal: reveal, Keys: k}
}

func end(s string) packet.Endpoint {
	ap := netip.MustParseAddrPort(s)
	return packet.Endpoint{Addr: ap.Addr().As16(), Port: ap.Port()}
}

func start() clock.Time {
	return clock.Time(time.Date(2026, 1, 1, 10, 0, 0, 123456789, time.UTC).UnixNano())
}

// oneCall is a call full of identifiers.
func oneCall(i int) call.Call {
	at := start().Add(time.Duration(i) * time.Second)
	return call.Call{
		Order: call.Order{Time: at + 5e6, Flow: 7, Seq: uint32(i)}, Start: at, Conn: 0xabcdef0123456789, Stream: 0,
		Client: end("10.20.4.17:51022"), Server: end("10.20.9.5:80"), Version: 11, Method: "GET", Host: "ehr.hospital.example",
		Target: "/fhir/Patient/P-10023/notes?patient=Patient/patient-77&_count=50&q=Ramesh%20Kumar&token=sess9f3a",
		Path:   "/fhir/Patient/P-10023/notes", Query: "patient=Patient/patient-77&_count=50&q=Ramesh%20Kumar&token=sess9f3a",
		Route: "/fhir/Patient/{id}/notes", UserAgent: "curl/8.5 rao@hospital 4111222233", ContentType: "application/fhir+json",
		Status: 200, RespWire: 1800, RespDec: 9000, TTFB: 2_500_000, Duration: 5_000_001,
		Principal: call.Principal{Key: 42, Kind: call.JWT, ID: "dr.rao", Issuer: "https://idp.hospital.example/realms/a",
			Client: "viewer", Role: "physician", Token: 99, Strength: 90},
		Objects: []call.Object{{Type: "Patient", ID: "P-10023", Where: call.InPath, Patient: true},
			{Type: "Patient", ID: "patient-77", Where: call.InQuery, Patient: true}, {Type: "mrn", ID: "77345612", Where: call.InResponse}},
		PHI:  call.Found{Classes: phi.Name | phi.MRN, People: 3, Records: 5, Bytes: 9000},
		FHIR: call.FHIR{Interaction: "read", Type: "Patient", Entries: 1, Total: -1},
		Loss: http.LossGap | http.LossMidstream, Frames: packet.Where{File: 0, Offset: 1234},
	}
}

// oneAlert is an alert full of identifiers, the i-th of its run.
func oneAlert(i int) alert.Alert {
	c := oneCall(i)
	s := detectors.Signal{
		Order: c.Order, Detector: "sequential_enumeration", Principal: c.Principal, Client: "10.20.4.17", Route: "GET /fhir/Patient/{id}/notes",
		Since: start(), Severity: detectors.High, Confidence: 91, Score: 14.25, Threshold: 11.5,
		Title:    "{principal} walked 412 patient ids in 6 minutes; usually 9 an hour",
		Expected: "9 patients an hour", Observed: "412 in 6 minutes, from P-10023 on",
		Facts: []detectors.Fact{{Name: "stride", Value: "1"}, {Name: "first", Value: "P-10023"}},
		Calls: 412, Objects: 410, People: 137, Refusals: 2, Patients: []string{"P-10023", "patient-77"},
	}
	for j := range 3 {
		e := oneCall(j)
		e.Objects = e.Objects[:2]
		s.Evidence = append(s.Evidence, detectors.Evidence{Order: e.Order, Call: e})
	}
	return alert.Alert{UID: fmt.Sprintf("auscult-%026d", i), Sequence: 1, Activity: alert.Create, Time: c.Time, First: start(), Last: c.Time,
		Signal: s, Kinds: []string{"sequential_enumeration", "bola_fanout"}}
}

func alerts(n int) []alert.Alert {
	out := make([]alert.Alert, n)
	for i := range out {
		out[i] = oneAlert(i)
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares got with a file in testdata; with AUSCULT_UPDATE set it writes the file instead.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("AUSCULT_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, path); string(want) != string(got) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", name, got, want)
	}
}
