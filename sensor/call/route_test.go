package call_test

import (
	"bytes"
	"strings"
	"testing"

	"auscult/sensor/call"
)

// route checks a path's template and its identifiers, written type=value with spaces between and ~ before a part.
func TestRoute(t *testing.T) {
	f := func(path, template, ids string) {
		t.Helper()
		r := call.ParseRoute([]byte(path))
		if string(r.Template) != template {
			t.Errorf("%s: template %s, want %s", path, r.Template, template)
		}
		var got []string
		for _, id := range r.IDs {
			s := string(id.Type) + "=" + string(id.Value)
			if id.Sub {
				s = "~" + s
			}
			got = append(got, s)
		}
		if g := strings.Join(got, " "); g != ids {
			t.Errorf("%s: ids %q, want %q", path, g, ids)
		}
	}
	// FHIR
	f("/fhir/Patient/123", "/fhir/Patient/{id}", "Patient=123")
	f("/fhir/Patient", "/fhir/Patient", "")
	f("/fhir/R4/Patient/b9caa87a-6f0f-4a62-88d5-c08317bf8ed2", "/fhir/R4/Patient/{id}", "Patient=b9caa87a-6f0f-4a62-88d5-c08317bf8ed2")
	f("/fhir/Patient/123/_history/2", "/fhir/Patient/{id}/_history/{id}", "Patient=123")
	f("/fhir/Patient/123/$everything", "/fhir/Patient/{id}/$everything", "Patient=123")
	f("/fhir/Patient/123/Observation", "/fhir/Patient/{id}/Observation", "Patient=123")
	f("/fhir/Patient/_search", "/fhir/Patient/_search", "")
	f("/fhir/$export", "/fhir/$export", "")
	f("/fhir/Group/7/$export", "/fhir/Group/{id}/$export", "Group=7")
	f("/fhir/metadata", "/fhir/metadata", "")
	f("/fhir", "/fhir", "")
	f("/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d/Patient/1", "/r4/{id}/Patient/{id}", "Patient=1")
	f("/interconnect-prd-oauth/api/FHIR/R4/Patient/eq081-VQEgP8drUUqCWzHfw3", "/interconnect-prd-oauth/api/FHIR/R4/Patient/{id}", "Patient=eq081-VQEgP8drUUqCWzHfw3")
	f("/Patient/5", "/Patient/{id}", "Patient=5")
	f("/Account/Login", "/Account/Login", "")
	// what servers see the same
	f("//fhir/./x/../Patient//123", "/fhir/Patient/{id}", "Patient=123")
	f("/fhir/%50atient/12%33", "/fhir/Patient/{id}", "Patient=123")
	f("/api/patients/17;jsessionid=AB12", "/api/patients/{id}", "patients=17")
	// DICOMweb
	f("/dicom-web/studies", "/dicom-web/studies", "")
	f("/dicom-web/studies/1.2.840.113619.2.1/series/1.2.840.5/instances/1.2.840.9/frames/1",
		"/dicom-web/studies/{id}/series/{id}/instances/{id}/frames/{id}", "Study=1.2.840.113619.2.1 ~Series=1.2.840.5 ~Instance=1.2.840.9 ~Frame=1")
	f("/dicom-web/studies/1.2.3.4/metadata", "/dicom-web/studies/{id}/metadata", "Study=1.2.3.4")
	f("/dicom-web/series/1.2.3.4", "/dicom-web/series/{id}", "Series=1.2.3.4")
	f("/studies/1f2e3d4c-1f2e3d4c-1f2e3d4c-1f2e3d4c-1f2e3d4c", "/studies/{id}", "studies=1f2e3d4c-1f2e3d4c-1f2e3d4c-1f2e3d4c-1f2e3d4c")
	// OpenMRS
	f("/openmrs/ws/rest/v1/patient/5946f880-b197-400b-9caa-a3c661d23041", "/openmrs/ws/rest/v1/patient/{id}", "patient=5946f880-b197-400b-9caa-a3c661d23041")
	f("/openmrs/ws/rest/v1/concept/CIEL:1234", "/openmrs/ws/rest/v1/concept/{id}", "concept=CIEL:1234")
	f("/openmrs/ws/rest/v1/session", "/openmrs/ws/rest/v1/session", "")
	f("/openmrs/ws/rest/v1/patient/abcdefghij/allergy", "/openmrs/ws/rest/v1/patient/{id}/allergy", "patient=abcdefghij")
	// ABDM
	f("/api/hiecm/data-flow/v3/health-information/request/status/3fa85f64-5717-4562-b3fc-2c963f66afa6",
		"/api/hiecm/data-flow/v3/health-information/request/status/{id}", "transaction=3fa85f64-5717-4562-b3fc-2c963f66afa6")
	f("/api/hiecm/v3/token/generate-token", "/api/hiecm/v3/token/generate-token", "")
	// by look
	f("/api/v2/patients/45827/summary", "/api/v2/patients/{id}/summary", "patients=45827")
	f("/api/v2/mrn/MRN-000123", "/api/v2/mrn/{id}", "mrn=MRN-000123")
	f("/api/v2/records/eyJpZCI6NDU4Mjd9", "/api/v2/records/{id}", "records=eyJpZCI6NDU4Mjd9")
	f("/api/2/issue/P-1001", "/api/2/issue/{id}", "issue=P-1001")
	f("/v2.1/users/asha.rao@example.org", "/v2.1/users/{id}", "users=asha.rao@example.org")
	f("/visits/2026-11-22/list", "/visits/{id}/list", "visits=2026-11-22")
	f("/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/orders/{id}", "orders=01ARZ3NDEKTSV4RRFFQ69G5FAV")
	f("/docs/507f1f77bcf86cd799439011", "/docs/{id}", "docs=507f1f77bcf86cd799439011")
	f("/files/report-8812.pdf", "/files/{id}.pdf", "files=report-8812")
	f("/odata/Patients(17)/Visits", "/odata/Patients({id})/Visits", "Patients=17")
	f("/people/John%20Smith", "/people/{id}", "people=John Smith")
	f("/patients/1,2,3", "/patients/{id}", "patients=1 patients=2 patients=3")
	f("/patients/3A", "/patients/{id}", "patients=3A")
	f("/oauth2/token", "/oauth2/token", "")
	f("/api/v1/patient-discharge-summary", "/api/v1/patient-discharge-summary", "")
	f("/static/getPatientDischargeSummaryV2", "/static/getPatientDischargeSummaryV2", "")
	f("/assets/app.js", "/assets/app.js", "")
	f("/", "/", "")
	f("", "/", "")
	f("*", "/*", "")
}

func TestRouteBounds(t *testing.T) {
	r := call.ParseRoute(bytes.Repeat([]byte("/7"), 5000))
	if !r.Over || len(r.IDs) > 8 || len(r.Template) > 200 {
		t.Errorf("over %v, %d ids, template of %d bytes", r.Over, len(r.IDs), len(r.Template))
	}
	long := append([]byte("/patients/"), bytes.Repeat([]byte{'9'}, 10000)...)
	if r = call.ParseRoute(long); !r.Over || string(r.Template) != "/patients/{id}" {
		t.Errorf("over %v, template %s", r.Over, r.Template)
	}
}
