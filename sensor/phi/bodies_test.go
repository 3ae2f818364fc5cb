package phi

import (
	"fmt"
	"strings"
)

// patientBody is a Patient as Synthea and HAPI write one.
func patientBody(n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%d","meta":{"versionId":"1","lastUpdated":"2026-11-22T02:49:27.202+00:00","source":"#l2Om0STCDgzjb6vA"},`+
		`"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2106-3","display":"White"}},{"url":"text","valueString":"White"}]},`+
		`{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Velma961 Strosin214"}],`+
		`"identifier":[{"system":"https://github.com/synthetichealth/synthea","value":"4fc13fea-%04d"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"Medical Record Number"}],"text":"Medical Record Number"},"system":"http://hospital.smarthealthit.org","value":"MR%06d"},`+
		`{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS","display":"Social Security Number"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-52-%04d"}],`+
		`"name":[{"use":"official","family":"Goldner995","given":["Jack927"]}],"telecom":[{"system":"phone","value":"555-439-2081","use":"home"}],"gender":"male","birthDate":"2021-10-25",`+
		`"address":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/geolocation","extension":[{"url":"latitude","valueDecimal":42.14655732162527}]}],"line":["623 Crooks Green"],"city":"Holbrook","state":"MA","postalCode":"02368","country":"US"}],`+
		`"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"S","display":"Never Married"}],"text":"Never Married"},"multipleBirthBoolean":false,`+
		`"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en-US","display":"English (United States)"}],"text":"English (United States)"}}]}`, n, n, n, n)
}

func observationBody(n, patient int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"ob-%d","meta":{"versionId":"1","lastUpdated":"2026-11-22T02:49:42.784Z"},"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital signs"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}],"text":"Heart rate"},"subject":{"reference":"Patient/%d"},"encounter":{"reference":"Encounter/e-%d"},"effectiveDateTime":"2024-08-11T15:44:16+00:00","issued":"2024-08-11T15:44:16.749+00:00",`+
		`"valueQuantity":{"value":92,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}`, n, patient, n)
}

// bundleBody is a searchset of n patients with two observations each.
func bundleBody(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":"Bundle","id":"7c1bfa25","meta":{"lastUpdated":"2026-11-22T02:49:45.934+00:00"},"type":"searchset","total":%d,"link":[{"relation":"next","url":"http://ehr.test/fhir?_getpages=1&patient=Patient/999"}],"entry":[`, 3*n)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"fullUrl":"http://ehr.test/fhir/Patient/%d","resource":%s,"search":{"mode":"match"}},`, 1000+i, patientBody(1000+i))
		fmt.Fprintf(&b, `{"fullUrl":"http://ehr.test/fhir/Observation/ob-%d","resource":%s},`, 2*i, observationBody(2*i, 1000+i))
		fmt.Fprintf(&b, `{"resource":%s}`, observationBody(2*i+1, 1000+i))
	}
	b.WriteString("]}")
	return b.String()
}

const listBody = `[{"id":45621,"mrn":"MRN-045621","name":"Kathy White","dob":"2004-05-15","sex":"F","ward":"3A","pcp":"Dr. Hoffman","allergies":["Iodine","Peanuts"],"alerts":[]},` +
	`{"id":45626,"mrn":"MRN-045626","name":"Corey \"C\" Coleman","dob":"2006-08-22","sex":"F","ward":"3A","pcp":"Dr. Adams","allergies":[],"alerts":["caf\u00e9"]}]`

const xmlBody = `<?xml version="1.0" encoding="UTF-8"?><!-- a > comment --><Bundle xmlns="http://hl7.org/fhir"><total value="3"/>` +
	`<entry><resource><Patient><id value="77"/><text><div xmlns="http://www.w3.org/1999/xhtml"><p>Jo &amp; <b>co</b></p></div></text>` +
	`<identifier><type><coding><code value="MR"/></coding></type><value value="M&#45;77"/></identifier>` +
	`<name><family value="X"/></name><telecom><system value="phone"/><value value="+44 20 7946 0958"/></telecom><birthDate value="1990-01-01"/></Patient></resource></entry>` +
	`<entry><resource><Observation><id value='o7'/><subject><reference value="Patient/77"/></subject></Observation></resource></entry></Bundle>`

const plainXMLBody = `<patients><patient><id>5</id><patientName><![CDATA[Ann <x> Lee]]></patientName><dob>1980-02-03</dob></patient>` +
	`<patient id="6"><firstName>Bo</firstName></patient></patients>`

const hl7Body = "MSH|^~\\&|A|B|C|D|2020||ADT^A01|1|P|2.5\rPID|1||MR123^^^H^MR~123-45-6788^^^S^SS||DOE^JOHN||19800102|M|||1 A ST^^X||5551234567\r" +
	"DG1|1||F20.0^Schizophrenia\rOBX|1|NM|8867-4^HR^LN||92\r" +
	"MSH|^~\\&|A|B|C|D|2020||ADT^A01|2|P|2.5\rPID|1||MR124^^^H^MR||ROE^JANE\r"

const multipartBody = "--B-1\r\nContent-Disposition: form-data; name=\"mrn\"\r\n\r\nMRN-12345\r\n--B-1\r\nContent-Type: application/json\r\n\r\n" +
	`{"resourceType":"Patient","id":"5","name":[{"family":"Q` + "\r\n--B-\r\n-\r\n" + `"}]}` + "\r\n--B-1\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n--B-1--\r\nepilogue {\"patientId\":\"9\"}\r\n"

const formBody = `patient=Patient%2F55&_id=1,2&birthdate=1980-01-01&patient%5Bmrn%5D=MR+-77&mrn=MR-9&note=a%26b%3d&phone=%2B91+98765+43210`

const dicomBody = `[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"DOE^J"}]},"00100020":{"vr":"LO","Value":["P77"]},"0020000D":{"vr":"UI","Value":["1.2.840.3"]},"00100030":{"vr":"DA","Value":["19700102"]}},` +
	`{"00100020":{"vr":"LO","Value":["P77"]},"0020000D":{"vr":"UI","Value":["1.2.840.4"]},"00100010":{"vr":"PN"}}]`

func corpus() []string {
	return []string{bundleBody(2), listBody, xmlBody, plainXMLBody, hl7Body, multipartBody, formBody, dicomBody,
		patientBody(1) + "\n" + patientBody(2) + "\n", `{"id":"1","p\u0061tientId":"P\u002d7","x":[1,2.5e3,true,null]}`,
		"\xef\xbb\xbf  {\"patientId\":12", ")]}',\n{\"patientId\":\"77\"}", `"just a string"`, "  \r\n", "<html><body>hi</body></html>",
		strings.Repeat("[", 100) + `{"patientId":"5"}`, `{"a":"` + strings.Repeat("x", 9000) + `\\","patientId":"` + strings.Repeat("9", 9000) + `","mrn":"M1"}`,
		`{"a":"\`, "--\r\nx", "a=%4", "MSH|", `{"patient":{"id":1,"name":"x"}} trailing {"mrn":"M2"}`,
		`{"patientId":"a","name":"J"}` + "\n" + `{"patientId":"b","name":"K"}` + "\n", messageBody(7)}
}
