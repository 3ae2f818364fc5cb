package call_test

import (
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// TestDelivered_Scanned holds that what a list delivers, as the scanner reads it, is what a later call asks for.
func TestDelivered_Scanned(t *testing.T) {
	scan := func(body string) *phi.Report {
		s := phi.New(phi.Defaults())
		s.Reset(phi.JSON)
		s.Scan([]byte(body))
		s.Close(true)
		return s.Report()
	}
	f := func(list, body string, reads ...string) {
		t.Helper()
		got := build(call.Defaults(), exchange("GET", list, 200), nil, scan(body))
		for _, read := range reads {
			c := build(call.Defaults(), exchange("GET", read, 200), nil, nil)
			if len(c.Objects) == 0 || !slices.Contains(got.Delivered, c.Objects[0].Key) {
				t.Errorf("%s does not deliver what %s asks for", list, read)
			}
		}
	}
	f("/fhir/Patient?name=a", `{"resourceType":"Bundle","type":"searchset","total":2,"entry":[
		{"resource":{"resourceType":"Patient","id":"1273","name":[{"family":"Rao"}],"birthDate":"1970-01-01"}},
		{"resource":{"resourceType":"Patient","id":"1274","identifier":[{"system":"urn:mrn","value":"MRN-000123"}]}}]}`,
		"/fhir/Patient/1273", "/fhir/Observation?patient=1274", "/api/v2/patients/1273")
	f("/fhir/Observation?patient=1273", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","id":"o1",
		"subject":{"reference":"Patient/1273"}}}]}`, "/fhir/Patient/1273", "/fhir/Observation/o1")
	f("/api/v2/patients?_page=1&_limit=2", `[{"id":45827,"mrn":"MRN-000123","name":"Asha Rao","dob":"1970-01-01"},
		{"id":45828,"mrn":"MRN-000124","name":"Bela Sen","dob":"1971-01-01"}]`,
		"/api/v2/patients/45827/summary", "/api/v2/patient?patientID=45828", "/api/v2/mrn/MRN-000123")
	f("/api/v2/search?name=Rao", `[{"id":45827,"name":"Asha Rao","dob":"1970-01-01"}]`, "/api/v2/patients/45827/summary")
	f("/api/v2/visits?patientId=45827", `[{"id":17,"patientId":45827,"at":"2026-01-01"}]`, "/api/v2/visits/17", "/api/v2/patients/45827")
	f("/openmrs/ws/rest/v1/patient?q=rao", `{"results":[{"uuid":"5946f880-b197-400b-9caa-a3c661d23041","display":"100GEJ - Asha Rao"}]}`,
		"/openmrs/ws/rest/v1/patient/5946f880-b197-400b-9caa-a3c661d23041")
	f("/dicom-web/studies?PatientName=DOE", `[{"0020000D":{"vr":"UI","Value":["1.2.840.113619.2.1"]},"00100020":{"vr":"LO","Value":["P7"]}}]`,
		"/dicom-web/studies/1.2.840.113619.2.1", "/dicom-web/studies?PatientID=P7")

	observation := scan(`{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/1273"}}`)
	c := build(call.Defaults(), exchange("POST", "/fhir/Observation", 201), observation, nil)
	if objects(c) != "body:Patient=1273*" || c.Flags&call.Create == 0 {
		t.Errorf("%s, flags %b", objects(c), c.Flags)
	}
	c = build(call.Defaults(), exchange("POST", "/api/v2/chart/lookup", 200), scan(`{"requestId":"r1","query":{"patientId":45827}}`), nil)
	if c.Objects == nil || c.Objects[0].Key != call.PatientKey([]byte("45827")) {
		t.Errorf("%s", objects(c))
	}
}
