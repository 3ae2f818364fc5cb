package call_test

import (
	"strings"
	"testing"

	"auscult/sensor/call"
)

// TestURLs holds what a URL says by the grammars of health interfaces (FHIR R4 http.html and search.html, Bulk Data,
// DICOM PS3.18, OpenMRS, Epic, Oracle Health, Google, Azure, ABDM v3, IHE MHD and PIXm): its template, its FHIR
// interaction, its objects, and whether it is a search or an export.
func TestURLs(t *testing.T) {
	f := func(request, route, interaction, want string, flags call.Flags) {
		t.Helper()
		method, target, _ := strings.Cut(request, " ")
		c := build(call.Defaults(), exchange(method, target, 200), nil, nil)
		got := strings.TrimSpace(c.FHIR.Interaction + " " + c.FHIR.Operation)
		if c.Route != route || got != interaction || objects(c) != want || c.Flags&(call.Search|call.Bulk|call.PageStep|call.GraphQL) != flags {
			t.Errorf("%s:\n%s | %s | %s | %b, want\n%s | %s | %s | %b", request, c.Route, got, objects(c), c.Flags, route, interaction, want, flags)
		}
	}
	const uuid = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	// FHIR R4
	f("GET /fhir/Patient/1?_format=xml", "/fhir/Patient/{id}", "read", "path:Patient=1*", 0)
	f("GET /fhir/Patient/1/_history/2", "/fhir/Patient/{id}/_history/{id}", "vread", "path:Patient=1*", 0)
	f("GET /fhir/Patient/1/_history", "/fhir/Patient/{id}/_history", "history-instance", "path:Patient=1*", call.Search)
	f("GET /fhir/_history", "/fhir/_history", "history-system", "", call.Search)
	f("GET /fhir?_type=Patient,Observation", "/fhir", "search-system", "", call.Search)
	f("GET /fhir/Patient/1/*", "/fhir/Patient/{id}/*", "search-compartment", "path:Patient=1*", call.Search)
	f("POST /fhir", "/fhir", "batch", "", 0)
	f("DELETE /fhir/Patient/5", "/fhir/Patient/{id}", "delete", "path:Patient=5*", 0)
	f("POST /fhir/Patient/$match", "/fhir/Patient/$match", "operation $match", "", call.Search)
	f("GET /fhir/Observation/$lastn?patient=5&max=3", "/fhir/Observation/$lastn", "operation $lastn", "query:Patient=5*", call.Search)
	f("GET /fhir/Encounter/88/$everything", "/fhir/Encounter/{id}/$everything", "operation $everything", "path:Encounter=88", call.Search)
	f("GET /fhir/Patient/5/$graphql?query=x", "/fhir/Patient/{id}/$graphql", "operation $graphql", "path:Patient=5*", call.GraphQL)
	f("GET /fhir/Group/7/$export?_type=Patient", "/fhir/Group/{id}/$export", "operation $export", "path:Group=7", call.Bulk)
	f("GET /fhir/Observation?patient._id=55", "/fhir/Observation", "search-type", "query:Patient=55*", call.Search)
	f("GET /fhir/DiagnosticReport?result.subject:Patient.identifier=u|9", "/fhir/DiagnosticReport", "search-type", "query:identifier=9*", call.Search)
	f("GET /fhir/Patient?identifier:of-type=http://t|MR|446053", "/fhir/Patient", "search-type", "query:identifier=446053*", call.Search)
	f("GET /fhir/List?patient:identifier=x|77", "/fhir/List", "search-type", "query:identifier=77*", call.Search)
	f("GET /fhir/Coverage?beneficiary=5", "/fhir/Coverage", "search-type", "query:Patient=5*", call.Search)
	f("GET /fhir/Appointment?actor=Practitioner/7", "/fhir/Appointment", "search-type", "query:Practitioner=7", call.Search)
	// IHE MHD, PIXm
	f("GET /mhd/DocumentReference?patient.identifier=urn:oid:1.2|P7", "/mhd/DocumentReference", "search-type", "query:identifier=P7*", call.Search)
	f("GET /Patient/$ihe-pix?sourceIdentifier=urn:oid:1.2.3|P7", "/Patient/$ihe-pix", "operation $ihe-pix", "query:sourceIdentifier=P7*", call.Search)
	// OpenMRS
	f("GET /openmrs/ws/rest/v1/obs?patient="+uuid+"&limit=10&startIndex=10", "/openmrs/ws/rest/v1/obs", "", "query:patient="+uuid+"*", call.Search|call.PageStep)
	f("GET /openmrs/ws/rest/v1/person/"+uuid+"/name/1946f880-b197-400b-9caa-a3c661d23041", "/openmrs/ws/rest/v1/person/{id}/name/{id}", "",
		"path:person="+uuid+"* path:name=1946f880-b197-400b-9caa-a3c661d23041", 0)
	f("GET /openmrs/ws/fhir2/R4/Patient/"+uuid, "/openmrs/ws/fhir2/R4/Patient/{id}", "read", "path:Patient="+uuid+"*", 0)
	// Oracle Health, Epic
	f("GET /r4/ec2458f2-1e24-41c8-b71b-0e701af7583d/Observation?patient=12724066", "/r4/{id}/Observation", "search-type", "query:Patient=12724066*", call.Search)
	f("GET /interconnect-prd-oauth/api/FHIR/R4/Patient/erXuFYUfucBZaryVksYEcMg3", "/interconnect-prd-oauth/api/FHIR/R4/Patient/{id}", "read", "path:Patient=erXuFYUfucBZaryVksYEcMg3*", 0)
	f("GET /interconnect-prd/api/epic/2019/PatientAccess/Patient/GETPATIENTIDENTIFIERS?PatientID=E1234",
		"/interconnect-prd/api/epic/2019/PatientAccess/Patient/GETPATIENTIDENTIFIERS", "", "query:PatientID=E1234*", 0)
	// Google, Azure
	f("GET /v1/projects/p/locations/us-central1/datasets/ds1/fhirStores/store-1/fhir/Patient/5a3f-77",
		"/v1/projects/p/locations/us-central1/datasets/ds1/fhirStores/store-1/fhir/Patient/{id}", "read", "path:Patient=5a3f-77*", 0)
	f("GET /v1/projects/p/locations/l/datasets/d/dicomStores/dcm1/dicomWeb/studies/1.2.3.4",
		"/v1/projects/p/locations/l/datasets/d/dicomStores/dcm1/dicomWeb/studies/{id}", "", "path:Study=1.2.3.4", 0)
	f("GET /Patient?_count=50&ct=W3siVG9rZW4iOiI0In1d", "/Patient", "search-type", "", call.Search|call.PageStep)
	f("GET /$export", "/$export", "operation $export", "", call.Bulk)
	f("POST /$batch", "/$batch", "", "", 0)
	// ABDM
	f("GET /api/hiecm/consent/v3/request/status?consentRequestId="+uuid, "/api/hiecm/consent/v3/request/status", "", "query:consentRequestId="+uuid, 0)
	f("GET /api/hiecm/consent/v3/artefacts/c-1234-77?abhaAddress=asha%40abdm", "/api/hiecm/consent/v3/artefacts/{id}", "", "path:artefacts=c-1234-77 query:abhaAddress=asha@abdm*", 0)
	f("GET /api/hiecm/data-flow/v3/health-information/request/status/"+uuid, "/api/hiecm/data-flow/v3/health-information/request/status/{id}", "", "path:transaction="+uuid, 0)
	f("GET /v0.5/health-information/hip/request?transactionId="+uuid, "/v0.5/health-information/hip/request", "", "query:transactionId="+uuid, 0)
	f("GET /shop/cart?transactionId="+uuid, "/shop/cart", "", "", 0)
	f("GET /api/v3/profile/account/91-1234-5678-9012", "/api/v3/profile/account/{id}", "", "path:account=91-1234-5678-9012*", 0)
	f("GET /api/hiecm/hip/v3/link/patient/links?abhaAddress=asha@sbx", "/api/hiecm/hip/v3/link/patient/links", "", "query:abhaAddress=asha@sbx*", 0)
	// DICOMweb
	f("GET /dicom-web/studies?00100020=P7", "/dicom-web/studies", "", "query:PatientID=P7*", call.Search)
	f("GET /qido/studies?StudyInstanceUID=1.2.3,1.2.4", "/qido/studies", "", "query:Study=1.2.3 query:Study=1.2.4", call.Search)
	f("GET /dicom-web/studies/1.2.3.4/rendered", "/dicom-web/studies/{id}/rendered", "", "path:Study=1.2.3.4", 0)
}
