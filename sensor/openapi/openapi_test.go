package openapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/internal/shared"
)

func parse(t *testing.T, texts ...string) *API {
	t.Helper()
	a := &API{}
	for _, text := range texts {
		if err := a.Add([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

const small = `
openapi: 3.1.0
info: {title: Ward, version: "2"}
servers: [{url: "https://Ward.Hospital.Test:8443/api/"}]
security: [{bearer: []}]
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    Tree: {type: object, properties: {name: {type: string}, children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}
paths:
  /v2/patients/search: {get: {security: [], parameters: [{name: q, in: query, schema: {type: string}}, {name: filter, in: query, style: deepObject, schema: {type: object}}], responses: {default: {description: ok}}}}
  /v2/patients/{id}:
    parameters: [{name: fields, in: query, schema: {type: string}}]
    get: {responses: {'200': {description: ok, content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/Tree'}, {type: object, properties: {ward: {type: string}}}]}}}}, 4XX: {description: no, content: {application/json: {schema: {type: object, properties: {message: {type: string}}}}}}}}
    patch: {security: [{}, {bearer: []}], requestBody: {content: {application/json: {schema: {type: object, additionalProperties: false, properties: {phone: {type: string}, next: {type: object, properties: {of: {type: object, properties: {kin: {type: string}}}}}, tags: {type: object, additionalProperties: {type: string}}}}}}}, responses: {'200': {description: ok}}}
  /v2/patients/{id}/photo.{ext}: {get: {deprecated: true, responses: {'200': {description: ok}}}}
  /v2/wards/: {get: {responses: {'200': {description: ok}}}}
`

func TestFind(t *testing.T) {
	a := parse(t, small)
	for _, c := range []struct{ method, host, path, want string }{
		{"GET", "ward.hospital.test", "/api/v2/patients/12", "/api/v2/patients/{id}"},
		{"GET", "WARD.hospital.test:8443", "/api//v2/./patients/12", "/api/v2/patients/{id}"},
		{"GET", "ward.hospital.test", "/api/v2/%70atients/12/", "/api/v2/patients/{id}"},
		{"GET", "ward.hospital.test", "/api/v2/patients/search", "/api/v2/patients/search"},
		{"PATCH", "ward.hospital.test", "/api/v2/patients/search", ""},
		{"DELETE", "ward.hospital.test", "/api/v2/patients/12", ""},
		{"GET", "ward.hospital.test", "/api/v2/patients/12/photo.png", "/api/v2/patients/{id}/photo.{ext}"},
		{"GET", "ward.hospital.test", "/api/v2/patients/12/photo.", ""},
		{"GET", "ward.hospital.test", "/api/v2/wards", "/api/v2/wards"},
		{"GET", "ward.hospital.test", "/v2/patients/12", ""},
		{"GET", "other.hospital.test", "/api/v2/patients/12", ""},
		{"GET", "ward.hospital.test", "/api/v2/patients", ""},
		{"GET", "ward.hospital.test", "", ""},
		{"GET", "ward.hospital.test", "/api/v1/patients/12", ""},
	} {
		got := ""
		if op := a.Find(c.method, c.host, c.path); op != nil {
			got = op.Template
		}
		if got != c.want {
			t.Errorf("%s %s%s is %q, want %q", c.method, c.host, c.path, got, c.want)
		}
	}
	if got := a.Template("ward.hospital.test", "/api/v2/patients/77"); got != "/api/v2/patients/{id}" {
		t.Errorf("template %q", got)
	}
	for _, c := range []struct {
		path, want string
		older      bool
	}{{"/api/v1/patients/12", "/api/v2/patients/{id}", true}, {"/api/v3/patients/12", "/api/v2/patients/{id}", false},
		{"/api/v1/elsewhere", "/api/v2/patients/search", true}, {"/other/v1/patients/1", "", false}, {"/api/patients/1", "", false}} {
		if got, older := a.OtherVersion("ward.hospital.test", c.path); older != c.older || c.want != got && !(c.path == "/api/v1/elsewhere" && got != "") {
			t.Errorf("%s: other version %q, older %v", c.path, got, older)
		}
	}
	if doc, named := a.Scope("ward.hospital.test", "/api/nothing", false); doc != 0 || !named {
		t.Errorf("scope %d, %v", doc, named)
	}
	for _, path := range []string{"/apis/x", "/fhir"} {
		if doc, _ := a.Scope("ward.hospital.test", path, false); doc != -1 {
			t.Errorf("%s is in the scope of a description below /api", path)
		}
	}
	if doc, _ := a.Scope("ward.hospital.test", "/api/Patient/1", true); doc != -1 {
		t.Error("FHIR is in the scope of a description that is not of FHIR")
	}
}

func TestOperations(t *testing.T) {
	a := parse(t, small)
	find := func(method, path string) *Operation {
		t.Helper()
		op := a.Find(method, "ward.hospital.test", "/api/v2"+path)
		if op == nil {
			t.Fatalf("%s %s is not found", method, path)
		}
		return op
	}
	get, patch, search := find("GET", "/patients/1"), find("PATCH", "/patients/1"), find("GET", "/patients/search")
	if get.Security != Required || patch.Security != Open || search.Security != Open {
		t.Errorf("security %v, %v, %v", get.Security, patch.Security, search.Security)
	}
	if get.Deprecated || !find("GET", "/patients/1/photo.png").Deprecated {
		t.Error("what is deprecated is not")
	}
	for name, want := range map[string]bool{"q": true, "filter[ward]": true, "q[]": true, "debug": false, "fields": false, "": false} {
		if search.Takes(name) != want {
			t.Errorf("search takes %q: %v", name, !want)
		}
	}
	if !get.Takes("fields") {
		t.Error("a parameter of the path is not the operation's")
	}
	for path, want := range map[string]bool{"phone": true, "next.of.kin": true, "tags.any": true, "tags": true, "role": false, "next.role": false, "kin": false} {
		if patch.Body.Allows(path) != want {
			t.Errorf("the body has %s: %v", path, !want)
		}
	}
	if !patch.Body.Closed || !patch.Body.Free() {
		t.Error("the body is closed at its root, and free below tags")
	}
	ok, no := get.Answer(200), get.Answer(404)
	if ok == nil || !ok.Lists("children") || !ok.Lists("ward") || ok.Lists("ssn") || ok.Closed {
		t.Errorf("answer 200: %+v", ok)
	}
	if no == nil || !no.Lists("message") || get.Answer(500) != nil {
		t.Errorf("answer 404: %+v", no)
	}
	if a.Title(0) != "Ward 2" {
		t.Errorf("title %q", a.Title(0))
	}
}

func TestSwagger2(t *testing.T) {
	a, err := Load("testdata/swagger2.json")
	if err != nil {
		t.Fatal(err)
	}
	op := a.Find("GET", "lab.hospital.test", "/lab/results/9")
	if op == nil || op.Security != Required || !op.Takes("since") || !op.Answer(200).Lists("unit") || !op.Answer(200).Closed {
		t.Fatalf("%+v", op)
	}
	if op := a.Find("DELETE", "lab.hospital.test", "/lab/results/9"); op == nil || !op.Deprecated {
		t.Errorf("%+v", op)
	}
	if op := a.Find("POST", "lab.hospital.test", "/lab/results"); op == nil || op.Body == nil || !op.Body.Allows("value.unit") || op.Body.Allows("admin") {
		t.Errorf("%+v", op)
	}
}

func TestShared(t *testing.T) {
	dir := shared.Path(t, "scenarios", "openapi")
	a, err := Load(filepath.Join(dir, "legacy-v2.yaml"), filepath.Join(dir, "hapi-capability.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, host, path string
		found              bool
	}{
		{"GET", "ehr.hospital.test", "/api/v2/patients/12/summary", true},
		{"GET", "ehr.hospital.test", "/api/v2/patients/12", false},
		{"PATCH", "ehr.hospital.test", "/api/v2/patients/12", true},
		{"GET", "ehr.hospital.test", "/api/v1/patients/12", false},
		{"GET", "ehr.hospital.test", "/fhir/Patient/12", true},
		{"GET", "any.hospital.test", "/fhir/Patient/12/$everything", true},
		{"GET", "any.hospital.test", "/fhir/Patient/12/$exfiltrate", false},
		{"GET", "any.hospital.test", "/fhir/Patient/12/Observation", true},
		{"POST", "any.hospital.test", "/fhir/Observation/_search", true},
		{"POST", "any.hospital.test", "/fhir", true},
		{"GET", "any.hospital.test", "/fhir/Secret/12", false},
		{"GET", "any.hospital.test", "/fhir/R4/Patient/12", false},
	} {
		if (a.Find(c.method, c.host, c.path) != nil) != c.found {
			t.Errorf("%s %s%s: found %v", c.method, c.host, c.path, !c.found)
		}
	}
	if op := a.Find("GET", "x", "/fhir/Observation"); op == nil || !op.Takes("subject:Patient.name") || !op.Takes("_count") || op.Takes("debug") {
		t.Error("search parameters of Observation")
	}
	if op := a.Find("GET", "ehr.hospital.test", "/healthz"); op == nil || op.Security != Open {
		t.Error("security: [] is not open")
	}
}

func TestBad(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "neither openapi"},
		{"text", "not a JSON or YAML object"},
		{"[1]", "not a JSON or YAML object"},
		{"a: [", "line 1"},
		{"{}", "neither openapi, swagger nor resourceType"},
		{"openapi: 4.0.0", "is not 3.x"},
		{"swagger: '1.2'", "is not 2.0"},
		{`{"resourceType":"Patient"}`, "not a CapabilityStatement"},
		{`{"resourceType":"CapabilityStatement"}`, "describes no server"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}", "paths"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {patients: {get: {responses: {}}}}", "does not begin with /"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {/a: {$ref: 'other.yaml'}}", "disallowed external reference"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: {'200': {$ref: 'http://169.254.169.254/x'}}}}}", "disallowed external reference"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: {'200': {$ref: '/etc/passwd'}}}}}", "disallowed external reference"},
		{"openapi: 3.0.0\ninfo: {title: x, version: '1'}\nservers: [{url: 'http://[::1'}]\npaths: {}", "servers[0].url"},
		{strings.Repeat("[", 20000), "nested deeper"},
		{`{"openapi":"3.0.0","x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", "nested deeper"},
		{"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]", "alias"},
	} {
		err := (&API{}).Add([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v, want one line with %q", c.text, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, "testdata/none.yaml"} {
		if _, err := Load(p); err == nil || !strings.Contains(err.Error(), filepath.Base(p)) {
			t.Errorf("%v does not name %s", err, p)
		}
	}
}

// TestReferencesThatLeadBack ends in time on a schema that is all of itself many times over.
func TestReferencesThatLeadBack(t *testing.T) {
	ref := "{$ref: '#/components/schemas/A'}"
	a := parse(t, "openapi: 3.0.0\ninfo: {title: x, version: '1'}\ncomponents: {schemas: {A: {type: object, properties: {name: {type: string}}, anyOf: ["+
		strings.Repeat(ref+",", 40)+ref+"]}}}\npaths: {/a: {get: {responses: {'200': {description: x, content: {application/json: {schema: "+ref+"}}}}}}}")
	s := a.Find("GET", "", "/a").Answer(200)
	if !s.Lists("name") || !s.Free() || a.parts > 2*maxParts {
		t.Errorf("%d parts, %+v", a.parts, s)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add(small, "/api/v2/patients/1")
	f.Add(`{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[{"type":"Patient","interaction":[{"code":"read"}],"operation":[{"name":"everything"}]}]}]}`, "/Patient/1")
	f.Add("swagger: '2.0'\ninfo: {title: x, version: '1'}\nhost: a\npaths: {/a/{b}: {get: {responses: {'200': {description: x}}}}}", "/a/%62")
	f.Add("openapi: 3.0.0\ninfo: {title: x, version: '1'}\ncomponents: {schemas: {A: {$ref: '#/components/schemas/A'}}}\npaths: {/a: {get: {responses: {'200': {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}}", "/a")
	f.Fuzz(func(t *testing.T, text, path string) {
		a := &API{}
		if err := a.Add([]byte(text)); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q is more than a line", err)
			}
			return
		}
		for i, op := range a.Operations() {
			if op.Index != i {
				t.Fatalf("operation %d says that it is %d", i, op.Index)
			}
			op.Takes(path)
			op.Answer(200)
		}
		if op := a.Find("GET", "host", path); op != nil && op.Template != a.Template("host", path) && len(a.docs) == 1 {
			t.Fatalf("%q is of %q and of %q", path, op.Template, a.Template("host", path))
		}
		a.OtherVersion("host", path)
		a.Scope("host", path, true)
	})
}
