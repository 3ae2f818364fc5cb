package call_test

import (
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// TestForms holds that a FHIR answer says the same in JSON, in XML and, record by record, in NDJSON: people, records,
// entries, total, classes, and which identifiers were delivered.
func TestForms(t *testing.T) {
	const patientJSON = `{"resourceType":"Patient","id":"1273","identifier":[{"system":"urn:oid:1.2.36.146.595.217.0.1","type":{"coding":[{"code":"MR"}]},"value":"MRN-000123"}],` +
		`"name":[{"family":"Rao","given":["Asha"]}],"gender":"female","birthDate":"1970-01-01","telecom":[{"system":"phone","value":"+91 98450 12345"}],"address":[{"line":["1 High St"],"city":"Pune"}]}`
	const patientXML = `<Patient xmlns="http://hl7.org/fhir"><id value="1273"/><identifier><type><coding><code value="MR"/></coding></type><system value="urn:oid:1.2.36.146.595.217.0.1"/><value value="MRN-000123"/></identifier>` +
		`<name><family value="Rao"/><given value="Asha"/></name><telecom><system value="phone"/><value value="+91 98450 12345"/></telecom><gender value="female"/><birthDate value="1970-01-01"/><address><line value="1 High St"/><city value="Pune"/></address></Patient>`
	const resultJSON = `{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"Patient/1274"},"encounter":{"reference":"Encounter/e9"}}`
	const resultXML = `<Observation xmlns="http://hl7.org/fhir"><id value="o1"/><status value="final"/><code><coding><system value="http://loinc.org"/><code value="718-7"/></coding></code><subject><reference value="Patient/1274"/></subject><encounter><reference value="Encounter/e9"/></encounter></Observation>`
	const problemJSON = `{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/1273"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"B20"}]}}`
	const problemXML = `<Condition xmlns="http://hl7.org/fhir"><id value="c1"/><code><coding><system value="http://hl7.org/fhir/sid/icd-10"/><code value="B20"/></coding></code><subject><reference value="Patient/1273"/></subject></Condition>`
	f := func(name string, form phi.Form, body string, want *call.Call, bundle bool) call.Call {
		t.Helper()
		c := build(call.Defaults(), exchange("GET", "/fhir/Patient?_count=50", 200), nil, scanned(form, body, 1<<20))
		if cut := build(call.Defaults(), exchange("GET", "/fhir/Patient?_count=50", 200), nil, scanned(form, body, 7)); cut.PHI != c.PHI || !slices.Equal(cut.Delivered, c.Delivered) {
			t.Errorf("%s: %+v in pieces, %+v whole", name, cut.PHI, c.PHI)
		}
		if want == nil {
			return c
		}
		got, ours := c.PHI, want.PHI
		got.Bytes, ours.Bytes = 0, 0
		if got != ours {
			t.Errorf("%s: %+v, JSON %+v", name, got, ours)
		}
		if bundle && c.FHIR != want.FHIR {
			t.Errorf("%s: %+v, JSON %+v", name, c.FHIR, want.FHIR)
		}
		slices.Sort(c.Delivered)
		delivered := slices.Sorted(slices.Values(want.Delivered))
		if !slices.Equal(c.Delivered, delivered) {
			t.Errorf("%s: delivers %x, JSON %x", name, c.Delivered, delivered)
		}
		if c.Flags != want.Flags {
			t.Errorf("%s: flags %b, JSON %b", name, c.Flags, want.Flags)
		}
		return c
	}
	for _, pair := range [][2]string{{patientJSON, patientXML}, {resultJSON, resultXML}, {problemJSON, problemXML}} {
		c := f("one", phi.JSON, pair[0], nil, false)
		if c.PHI.People != 1 || c.PHI.Records != 1 || len(c.Delivered) == 0 {
			t.Errorf("%+v, %d delivered: %s", c.PHI, len(c.Delivered), pair[0])
		}
		f("XML", phi.XML, pair[1], &c, true)
		f("XML with a declaration", phi.XML, "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- a -->"+pair[1], &c, true)
	}
	bundle := f("bundle", phi.JSON, `{"resourceType":"Bundle","type":"searchset","total":17,"entry":[{"resource":`+patientJSON+`,"search":{"mode":"match"}},{"resource":`+resultJSON+`},{"resource":`+problemJSON+`}]}`, nil, true)
	if bundle.FHIR.Entries != 3 || bundle.FHIR.Total != 17 || bundle.PHI.People != 2 || bundle.PHI.Records != 3 {
		t.Errorf("%+v %+v", bundle.FHIR, bundle.PHI)
	}
	entry := func(x string) string {
		return `<entry><fullUrl value="http://h/fhir/x"/><resource>` + x + `</resource><search><mode value="match"/></search></entry>`
	}
	f("XML bundle", phi.XML, `<Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/><total value="17"/>`+entry(patientXML)+entry(resultXML)+entry(problemXML)+`</Bundle>`, &bundle, true)
	f("NDJSON", phi.NDJSON, patientJSON+"\n"+resultJSON+"\n"+problemJSON+"\n", &bundle, false)
	f("NDJSON with CRLF, without a last line end", phi.NDJSON, patientJSON+"\r\n"+resultJSON+"\r\n\r\n"+problemJSON, &bundle, false)

	empty := f("empty", phi.JSON, `{"resourceType":"Bundle","type":"searchset","total":0}`, nil, true)
	f("empty XML", phi.XML, `<Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/><total value="0"/></Bundle>`, &empty, true)

	// A batch: every entry is a call of its own, and names what that call would.
	batch := scanned(phi.JSON, `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/12"}},{"request":{"method":"GET","url":"Patient/13/$everything"}},`+
		`{"request":{"method":"GET","url":"Observation?patient=14,15"}},{"request":{"method":"GET","url":"Encounter/e1"}}]}`, 1<<20)
	batchXML := scanned(phi.XML, `<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><request><method value="GET"/><url value="Patient/12"/></request></entry><entry><request><url value="Patient/13/$everything"/></request></entry>`+
		`<entry><request><url value="Observation?patient=14,15"/></request></entry><entry><request><url value="Encounter/e1"/></request></entry></Bundle>`, 1<<20)
	const asked = "body:Patient=12* body:Patient=13* body:Patient=14* body:Patient=15* body:Encounter=e1"
	for _, rep := range []*phi.Report{batch, batchXML} {
		if c := build(call.Defaults(), exchange("POST", "/fhir", 200), rep, nil); objects(c) != asked {
			t.Errorf("%s, want %s", objects(c), asked)
		}
	}
	// and in a form
	form := scanned(phi.URLEncoded, "patient=55&_count=5", 1<<20)
	if c := build(call.Defaults(), exchange("POST", "/fhir/Observation/_search", 200), form, nil); objects(c) != "body:Patient=55*" || c.Flags&call.Search == 0 {
		t.Errorf("%s %b", objects(c), c.Flags)
	}
}
