package phi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func report(t *testing.T, body string) *Report {
	t.Helper()
	s := New(Defaults())
	s.Scan([]byte(body))
	s.Close(true)
	return s.Report()
}

// ids are the identifiers of r as kind:type=value, sorted.
func ids(r *Report) []string {
	var out []string
	for _, id := range r.IDs {
		out = append(out, fmt.Sprintf("%d:%s=%s", id.Kind, id.Type, id.Value))
	}
	slices.Sort(out)
	return out
}

func TestScan_Bundle(t *testing.T) {
	r := report(t, bundleBody(3))
	want := Name | BirthDate | Address | Phone | MRN | SSN | Observation
	if r.Classes != want {
		t.Errorf("classes %v, want %v", r.Classes.Names(), want.Names())
	}
	if r.People != 3 || r.Records != 9 || r.Entries != 9 || r.Total != 9 || r.Form != JSON || r.Truncated {
		t.Error(show(r))
	}
	got := ids(r)
	for _, id := range []string{"1:Patient=1000", "1:Patient=1002", "0:Observation=ob-5", "0:Encounter=e-5", "2:mrn=MR001001", "2:ssn=999-52-1001"} {
		if !slices.Contains(got, id) {
			t.Errorf("%s is missing in %v", id, got)
		}
	}
	if slices.Contains(got, "1:Patient=999") || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "7c1bfa25") }) {
		t.Errorf("a link or the bundle is no record: %v", got)
	}
}

// What a body means does not hang on the order of an object's members.
func TestScan_KeyOrder(t *testing.T) {
	f := func(a, b string) {
		t.Helper()
		x, y := report(t, a), report(t, b)
		if !slices.Equal(ids(x), ids(y)) || x.Classes != y.Classes || x.People != y.People || x.Records != y.Records || x.Entries != y.Entries {
			t.Errorf("%s\n%s", show(x), show(y))
		}
	}
	f(`{"resourceType":"Patient","id":"1","name":[{"family":"X"}],"birthDate":"1980-01-01"}`,
		`{"id":"1","birthDate":"1980-01-01","name":[{"family":"X"}],"resourceType":"Patient"}`)
	f(`{"resourceType":"Practitioner","id":"1","name":[{"family":"X"}],"telecom":[{"system":"phone","value":"5554392081"}]}`,
		`{"id":"1","telecom":[{"value":"5554392081","system":"phone"}],"name":[{"family":"X"}],"resourceType":"Practitioner"}`)
	f(`{"resourceType":"Bundle","total":1,"entry":[{"resource":{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"}}}]}`,
		`{"entry":[{"resource":{"subject":{"reference":"Patient/1"},"id":"c","resourceType":"Condition"}}],"total":1,"resourceType":"Bundle"}`)
	f(`{"id":4,"name":"A B","dob":"1980-01-01"}`, `{"dob":"1980-01-01","name":"A B","id":4}`)
}

func TestScan_Classes(t *testing.T) {
	f := func(body string, want Class) {
		t.Helper()
		if r := report(t, body); r.Classes != want {
			t.Errorf("%.120s\n got %v\nwant %v", body, r.Classes.Names(), want.Names())
		}
	}
	res := func(kind, rest string) string {
		return `{"resourceType":"` + kind + `","id":"1","subject":{"reference":"Patient/1"}` + rest + `}`
	}
	f(res("Condition", ``), Diagnosis)
	f(res("Condition", `,"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F20.0"}]}`), Diagnosis|Sensitive)
	f(res("Condition", `,"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}]}`), Diagnosis)
	f(res("Condition", `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`), Diagnosis|Sensitive)
	f(res("MedicationRequest", ``), Medication)
	f(res("AllergyIntolerance", ``), Allergy)
	f(res("Immunization", ``), Immunization)
	f(res("ImagingStudy", ``), Imaging)
	f(res("ExplanationOfBenefit", ``), Insurance|Financial)
	f(res("MolecularSequence", ``), Genetic)
	f(`{"resourceType":"Practitioner","id":"1","name":[{"family":"X"}],"identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}]}`, NPI)
	f(`{"resourceType":"Patient","id":"1","photo":[{"data":"AAAA"}]}`, Photo)
	f(`{"resourceType":"Patient","id":"1","identifier":[{"system":"https://healthid.abdm.gov.in","value":"91-1234-5678-9012"}]}`, ABHA)
	f(`{"resourceType":"Patient","id":"1","identifier":[{"system":"http://hl7.org/fhir/sid/us-mbi","value":"1EG4-TE5-MK73"}]}`, MBI)
	f(`{"aadhaarNumber":"2345 6789 0124"}`, Aadhaar)
	f(`{"aadhaar_no":"XXXX XXXX 1234"}`, Aadhaar)
	f(`{"abhaAddress":"asha@abdm"}`, ABHA)
	f(`{"login":"asha@sbx"}`, ABHA)
	f(`{"taxRef":"ABCPE1234F"}`, PAN)
	f(`{"pan_number":"ABCPE1234F"}`, PAN)
	f(`{"mobileNumber":"+91 98765 43210"}`, Phone)
	f(`{"socialSecurityNumber":"123-45-6780"}`, SSN)
	f(`{"ssn":212345678}`, SSN)
	f(`{"npi":"1234567893"}`, NPI)
	f(`{"firstName":"Ann"}`, Name)
	f(`{"patient_id":7,"patient_name":"Ann Lee"}`, Name)
	f(`{"patientId":7,"icd10":"B20"}`, Diagnosis|Sensitive)
	f(`{"patientId":7,"diagnosis":{"code":"F32.1","text":"x"}}`, Diagnosis|Sensitive)
	f(`{"patientId":7,"medications":[{"drug":"x"}],"vitals":{"bp":1},"allergies":["Latex"]}`, Medication|Observation|Allergy)
	f(`{"username":"x","passwordHash":"$2b$10$abcdefghijk"}`, Credential)
	for _, hash := range []string{"$2b$12$Q9sWvX3u7x0fJkQ9sWvX3u", "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$6$rounds=5000$saltsalt$abcdefghijklmnop", "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7", "$5$saltsalt$0123456789abcdef"} {
		f(`{"portalPasswordHash":"`+hash+`"}`, Credential)
		f(`{"whatever":"`+hash+`"}`, Credential)
		f(`{"role":"`+hash+`"}`, Credential)
		f(`{"dob":"`+hash+`"}`, Credential)
	}
	f(`{"email":"ann@example.org"}`, Email)
	f(`{"id":5,"name":"Ann Lee","gender":"F","address":"12 High St","dob":"12/31/1980"}`, Name|Address|BirthDate)
}

// The traps of detection: numbers and words that look like health data and are not.
func TestScan_NotPHI(t *testing.T) {
	f := func(body string) {
		t.Helper()
		if r := report(t, body); r.Classes != 0 || r.People != 0 {
			t.Errorf("%.120s\n got %s", body, show(r))
		}
	}
	f(`{"expansion_id":"123-45-6780","company":"ABCPE","panel":"ABCPE1234","span":"x","japan":"y"}`)
	f(`{"ts":1700000000000,"createdAt":1700000000,"orderId":234567890124,"price":1999.99}`)
	f(`{"phoneVerified":true,"mobileApp":"1700000000000","phone":null,"phone2":"1700000000000"}`)
	f(`{"products":[{"id":1,"name":"Thermometer","price":10},{"id":2,"name":"Gauze","price":5}]}`)
	f(`{"wards":[{"id":1,"name":"3A","address":"East wing"}],"hospital":{"name":"General","phone":"5554392081","address":"1 A St"}}`)
	f(`{"ssn":"078-05-1120"}`)
	f(`{"ssn":"000-12-3456"}`)
	f(`{"ssn":""}`)
	f(`{"dob":"never"}`)
	f(`{"dob":1700000000}`)
	f(`{"aadhaar":"234567890123"}`)
	f(`{"npi":"1234567890"}`)
	f(`{"icd10":"E11.9","description":"Type 2 diabetes"}`)
	f(`{"allergies":[],"medications":null,"name":[]}`)
	f(`{"doctor":{"id":1,"name":"Dr. X","phone":"5554392081","dob":"1970-01-01"}}`)
	f(`{"ip_address":"10.0.0.1","mac_address":"aa","email_address":"none","filename":"a.txt","className":"b"}`)
	f(`{"resourceType":"ValueSet","id":"v","name":"X","compose":{"include":[{"system":"http://snomed.info/sct","concept":[{"code":"22298006"}]}]}}`)
	f(`{"resourceType":"CapabilityStatement","name":"X","contact":[{"telecom":[{"system":"email","value":"a@b.org"}]}]}`)
	f(`{"resourceType":"ImplementationGuide","definition":{"resource":[{"reference":{"reference":"Patient/example"}}]}}`)
	f(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","diagnostics":"Patient/55 not found"}]}`)
	f(`{"00100010":{"vr":"PN"}}`)
	f(`{"subject":"Your invoice"}`)
	f(`{"cost":"$5 and $6 for each of the two","path":"$2b$/etc/some/where/else","v":"$2b$12$short","regex":"$1$","var":"${HOME}/x/$user/y/z/and/on"}`)
	f(`{"portalPassword":"Mot de passe","userPassword":"Password","loginPassword":"https://x.test/2fa","dbSecret":"******1"}`)
	f(`{"nextPageToken":"abcdefghijklmnop","csrfToken":"abcdefghijklmnop"}`)
}

func TestScan_Column(t *testing.T) {
	numbers := func(n int, good int) string {
		var b strings.Builder
		for i := range n {
			v := []byte(fmt.Sprintf("%011d0", 23456789000+i*7919))
			for !verhoeff(v) {
				v[11]++
			}
			if i >= good {
				v[11] = '0' + (v[11]-'0'+1)%10
			}
			fmt.Fprintf(&b, `{"ref":"%s"},`, v)
		}
		return "[" + strings.TrimSuffix(b.String(), ",") + "]"
	}
	f := func(n, good int, want Class) {
		t.Helper()
		if r := report(t, numbers(n, good)); r.Classes != want {
			t.Errorf("%d of %d: %v", good, n, r.Classes.Names())
		}
	}
	f(8, 8, Aadhaar)
	f(40, 38, Aadhaar)
	f(7, 7, 0)
	f(40, 30, 0)
}

func TestScan_People(t *testing.T) {
	f := func(body string, people, records int, want ...string) {
		t.Helper()
		r := report(t, body)
		if r.People != people || r.Records != records || !slices.Equal(ids(r), want) {
			t.Errorf("%.100s\n got %s\nwant people %d records %d %v", body, show(r), people, records, want)
		}
	}
	f(`[{"id":10812,"patientId":45740},{"id":10813,"patientId":45740},{"id":10814,"patientId":45741}]`, 2, 3,
		"0:=10812", "0:=10813", "0:=10814", "1:Patient=45740", "1:Patient=45741")
	f(`{"patient":{"id":5,"mrn":"M5"},"visits":[{"id":8},{"id":9}]}`, 1, 3, "0:=8", "0:=9", "1:Patient=5", "2:mrn=M5")
	f(`{"patients":[{"id":"a"},{"id":"b"}]}`, 2, 2, "1:Patient=a", "1:Patient=b")
	f(`{"data":{"id":5,"name":"A B","phone":"9876543210"}}`, 1, 1, "1:Patient=5")
	f(`[{"id":1,"mrn":"M1","patient_name":"A B"},{"id":2,"mrn":"M1","patient_name":"A B"}]`, 1, 2, "0:=1", "0:=2", "2:mrn=M1")
	f(`{"ward":{"id":3,"name":"3A"},"id":9,"uuid":"other"}`, 0, 1, "0:=9")
	f(`{"id":"1","id":"2","resourceType":"Patient"}`, 1, 1, "1:Patient=1")
	f(`{"p\u0061tientId":"P\u002d7"}`, 1, 1, "1:Patient=P-7")
	f(`{"resourceType":"Encounter","id":"e","contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}}`, 1, 1, "0:Encounter=e")
	f(`{"resourceType":"Observation","id":"o","subject":{"identifier":{"system":"urn:h","value":"MR7"}}}`, 1, 1, "0:Observation=o", "2:mrn=MR7")
	f(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Condition","subject":{"reference":"urn:uuid:a"}}}]}`, 1, 2)
	f(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/12"}},{"request":{"method":"GET","url":"Observation?patient=13&_count=5"}},{"request":{"method":"GET","url":"/Condition/c9"}}]}`, 2, 0,
		"0:Condition=c9", "1:Patient=12", "1:Patient=13")
	f(`{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"location":"Patient/12/_history/1"}}]}`, 1, 0, "1:Patient=12")
	f(`{"resourceType":"AuditEvent","id":"a","entity":[{"what":{"reference":"http://x/fhir/Patient/7/_history/3"}}]}`, 1, 1, "0:AuditEvent=a", "1:Patient=7")
	f(patientBody(1)+"\n"+patientBody(2)+"\n", 2, 2, "1:Patient=1", "1:Patient=2", "2:mrn=4fc13fea-0001", "2:mrn=4fc13fea-0002", "2:mrn=MR000001",
		"2:mrn=MR000002", "2:ssn=999-52-0001", "2:ssn=999-52-0002")
}

func TestScan_Forms(t *testing.T) {
	f := func(body string, form Form, people, records int, classes Class, want ...string) {
		t.Helper()
		r := report(t, body)
		if r.Form != form || r.People != people || r.Records != records || r.Classes != classes || !slices.Equal(ids(r), want) {
			t.Errorf("%.60q\n got %s\nwant form %d people %d records %d %v %v", body, show(r), form, people, records, classes.Names(), want)
		}
	}
	f(xmlBody, XML, 1, 2, Name|BirthDate|Phone|MRN|Observation, "0:Observation=o7", "1:Patient=77", "2:mrn=M-77")
	f(plainXMLBody, XML, 2, 2, Name|BirthDate, "1:Patient=5", "1:Patient=6")
	f(hl7Body, HL7v2, 2, 2, Name|BirthDate|Address|Phone|MRN|SSN|Diagnosis|Observation|Sensitive, "2:mrn=MR123", "2:mrn=MR124", "2:ssn=123-45-6788")
	f(formBody, URLEncoded, 1, 1, BirthDate|MRN|Phone, "0:=1", "0:=2", "1:Patient=55", "2:mrn=MR-9")
	f(multipartBody, Multipart, 2, 2, Name|MRN, "1:Patient=5", "2:mrn=MRN-12345")
	f(dicomBody, JSON, 1, 2, Name|BirthDate|MRN|Imaging, "0:=1.2.840.3", "0:=1.2.840.4", "1:Patient=P77")
	f("\x89PNG\r\n\x1a\n\x00\x00 {\"patientId\":\"7\"}", Binary, 0, 0, 0)
	f("plain words, patientId: 7", Text, 0, 0, 0)
}

func TestScan_Bounds(t *testing.T) {
	cfg := Defaults()
	cfg.ScanLimit, cfg.Depth, cfg.IDs, cfg.Distinct = 1000, 8, 3, 64
	s := New(cfg)
	scan(s, JSON, bundleBody(2))
	if r := s.Report(); !r.Truncated || r.Bytes != int64(len(bundleBody(2))) || s.Stats().Unscanned != uint64(r.Bytes-1000) {
		t.Errorf("limit: %s %+v", show(r), s.Stats())
	}
	scan(s, JSON, `[{"patientId":"1"},{"patientId":"2"},{"patientId":"3"},{"patientId":"4"},{"patientId":"4"}]`)
	if r := s.Report(); len(r.IDs) != 3 || r.MoreIDs != 1 || r.People != 4 {
		t.Error(show(r))
	}
	scan(s, JSON, strings.Repeat(`{"a":[`, 50)+`{"patientId":"5"}`+strings.Repeat(`]}`, 50))
	if r := s.Report(); r.People != 0 || r.Truncated || s.Stats().Deep == 0 {
		t.Errorf("deep: %s %+v", show(r), s.Stats())
	}
	scan(s, JSON, `[{"patientId":"5"},{"patientId":"6"`)
	if r := s.Report(); r.People != 2 || !r.Truncated {
		t.Errorf("cut: %s", show(r))
	}
	s.Reset(JSON)
	s.Scan([]byte(`{"patientId":"5"}`))
	s.Close(false)
	if !s.Report().Truncated {
		t.Error("an incomplete body is not marked")
	}
	// Past Distinct a person counts for a record of their own, so the count never falls behind what is certain.
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `{"resourceType":"Patient","id":"%d"}`, i+1)
	}
	cfg.ScanLimit = 1 << 20
	s = New(cfg)
	scan(s, NDJSON, b.String())
	if r := s.Report(); r.People != 100 || r.Records != 100 || r.MoreIDs != 97 || s.Stats().Full == 0 {
		t.Errorf("full: %s", show(r)[:100])
	}
}
