package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/openapi"
	"auscult/sensor/phi"
)

const chartsAPI = `
openapi: 3.0.3
info: {title: Charts, version: "2"}
servers: [{url: http://ehr.hospital.test}]
security: [{bearer: []}]
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
paths:
  /api/v2/patients: {get: {parameters: [{name: ward, in: query, schema: {type: string}}], responses: {'200': {description: ok}}}}
  /api/v2/patients/{id}:
    get: {responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {name: {type: string}, mrn: {type: string}, notes: {type: array, items: {type: object}}}}}}}}}
    patch: {requestBody: {content: {application/json: {schema: {type: object, properties: {phone: {type: string}}}}}}, responses: {'200': {description: ok}}}
  /api/v2/card/{id}: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {name: {type: string}, mrn: {type: string}}}}}}}}}
  /api/v2/legacy-lookup: {get: {deprecated: true, responses: {'200': {description: ok}}}}
  /api/v2/board: {get: {security: [], responses: {'200': {description: ok}}}}
  /api/v2/never/{id}: {get: {responses: {'200': {description: ok}}}, delete: {responses: {'204': {description: ok}}}}
`

func described(t testing.TB, texts ...string) Config {
	t.Helper()
	cfg := Defaults()
	cfg.API = &openapi.API{}
	for _, text := range texts {
		if err := cfg.API.Add([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// said is what an engine of cfg says of a kind, each as severity and title, with what it says at the end.
func said(t *testing.T, cfg Config, kind string, calls ...*call.Call) (out []string, sigs []Signal) {
	t.Helper()
	e := New(cfg)
	all := []Signal{}
	for _, c := range calls {
		all = e.Observe(all, c)
	}
	for _, s := range e.Close(all) {
		if s.Detector == kind {
			out, sigs = append(out, s.Severity.String()+" "+s.Title), append(sigs, s)
			if s.Expected == "" || s.Observed == "" || len(s.Facts) == 0 || len(s.Evidence) == 0 || s.Confidence == 0 {
				t.Errorf("an empty signal: %+v", s)
			}
		}
	}
	return out, sigs
}

// path is a call to path by the template route; people are in the answer.
func path(at, who int, method, route, path string, people int) *call.Call {
	c := answerOf(at, who, method, route)
	c.Path, c.Host = path, "ehr.hospital.test"
	if people > 0 {
		c.PHI = call.Found{Classes: phi.Name | phi.MRN | phi.BirthDate, People: people, Records: people}
	}
	return c
}

func TestShadow_Described(t *testing.T) {
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		got, sigs := said(t, described(t, chartsAPI), "shadow_api", calls...)
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, "; "), want)
		}
		for _, s := range sigs {
			if s.Principal.Key != 0 || s.Severity > Low {
				t.Errorf("%s: accuses: %+v", name, s)
			}
		}
	}
	with := func(c *call.Call, change func(c *call.Call)) *call.Call { change(c); return c }
	arg := func(names ...string) func(*call.Call) {
		return func(c *call.Call) {
			for _, n := range names {
				c.Args = append(c.Args, call.Arg{Key: text(n), Name: n, Text: "1", Len: 1, Where: call.InQuery})
			}
		}
	}
	f("what is described", "", path(0, 1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7", 1), path(1, 1, "PATCH", "/api/v2/patients/{id}", "/api/v2/patients/7", 1))
	f("an old version, at its first answer", "Low An old version still serves: GET /api/v1/patients/{id}",
		path(0, 1, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7", 1), path(1, 2, "GET", "/api/v1/patients/{id}", "/api/v1/patients/8", 1))
	f("a newer one", "Low A version that is not described serves: GET /api/v3/patients/{id}", path(0, 1, "GET", "/api/v3/patients/{id}", "/api/v3/patients/7", 1))
	f("another path", "Low GET /internal/dump answers and is not in the API's description", path(0, 1, "GET", "/internal/dump", "/internal/dump", 9))
	f("another method", "Low DELETE /api/v2/patients/{id} answers; the description has the path, not the method",
		path(0, 1, "DELETE", "/api/v2/patients/{id}", "/api/v2/patients/7", 0), path(1, 1, "DELETE", "/api/v2/patients/{id}", "/api/v2/patients/7", 0))
	f("without health data once", "", path(0, 1, "GET", "/api/v2/debug/vars", "/api/v2/debug/vars", 0))
	f("twice", "Low GET /api/v2/debug/vars answers and is not in the API's description",
		path(0, 1, "GET", "/api/v2/debug/vars", "/api/v2/debug/vars", 0), path(1, 1, "GET", "/api/v2/debug/vars", "/api/v2/debug/vars", 0))
	f("what is deprecated", "Low GET /api/v2/legacy-lookup is deprecated and still answers", path(0, 1, "GET", "/api/v2/legacy-lookup", "/api/v2/legacy-lookup", 0))
	f("by the server's address, known by its name", "Low An old version still serves: GET /api/v1/patients/{id}",
		path(0, 1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7", 1),
		with(path(1, 2, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7", 1), func(c *call.Call) { c.Host = "10.0.0.4" }))
	f("a parameter that tells", "Informational GET /api/v2/patients takes the parameter includeDeleted, which its description does not list",
		with(path(0, 1, "GET", "/api/v2/patients", "/api/v2/patients", 5), arg("ward", "includeDeleted", "_", "utm_source")))
	f("one that does not, once", "", with(path(0, 1, "GET", "/api/v2/patients", "/api/v2/patients", 5), arg("page")))
	var noisy []*call.Call
	for i := range 60 {
		noisy = append(noisy, with(path(i, 1, "GET", "/api/v2/patients", "/api/v2/patients", 5), arg(fmt.Sprint("debug", i))))
	}
	if got, _ := said(t, described(t, chartsAPI), "shadow_api", noisy...); len(got) != parametersTold {
		t.Errorf("sixty parameters are told %d times", len(got))
	}
	missing := path(0, 1, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7", 0)
	missing.Status = 404
	f("what does not answer", "", missing, missing)
	for i, change := range []func(*call.Call){
		func(c *call.Call) { c.ContentType = "text/html; charset=utf-8" },
		func(c *call.Call) { c.Path, c.ContentType = "/app/main.js", "" },
		func(c *call.Call) { c.Method = "OPTIONS" },
		func(c *call.Call) { c.Method = "HEAD" },
		func(c *call.Call) { c.Flags |= call.Health },
		func(c *call.Call) { c.FHIR.Interaction, c.Path = "read", "/fhir/Patient/1" },
		func(c *call.Call) { c.Host = "other.hospital.test" },
	} {
		c := with(path(0, 1, "GET", "/x", "/x", 0), change)
		f(fmt.Sprint("honest ", i), "", c, c, c)
	}
	f("a server that nobody described", "Informational Server 10.0.0.4 serves patients' data by an API that no description lists",
		with(path(0, 1, "GET", "/x", "/x", 1), func(c *call.Call) { c.Host = "other.hospital.test" }),
		with(path(1, 1, "GET", "/y", "/y", 1), func(c *call.Call) { c.Host = "other.hospital.test" }))
}

// TestShadow_AnyHost: a description that names no host speaks for a server once calls of it have been seen there.
func TestShadow_AnyHost(t *testing.T) {
	cfg := described(t, strings.Replace(chartsAPI, "http://ehr.hospital.test", "/", 1))
	charts := []*call.Call{}
	for i := range matchedAnswers {
		charts = append(charts, path(i, 1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7", 1))
	}
	old := path(9, 2, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7", 1)
	if got, _ := said(t, cfg, "shadow_api", old, old, old); len(got) != 0 {
		t.Errorf("on a server that may be another: %q", got)
	}
	if got, _ := said(t, cfg, "shadow_api", append(charts, old)...); len(got) != 1 {
		t.Errorf("on the server: %q", got)
	}
}

// TestShadow_Noise: somebody to whom a server answers everything adds neither findings nor memory without end.
func TestShadow_Noise(t *testing.T) {
	cfg := described(t, chartsAPI)
	cfg.Endpoints = 100
	var calls []*call.Call
	for i := range 2000 {
		route := fmt.Sprintf("/guess%d", i/2)
		calls = append(calls, path(i, 1, "GET", route, route, i%3))
	}
	got, _ := said(t, cfg, "shadow_api", calls...)
	if len(got) != perServer {
		t.Errorf("%d findings", len(got))
	}
	var s scene
	s.init(cfg)
	d := newShadow(&s)
	for _, c := range calls {
		d.Observe(nil, c)
	}
	var st Stats
	d.count(&st)
	if d.endpoints.len() > cfg.Endpoints || st.EvictedProfiles == 0 {
		t.Errorf("%d endpoints, %d shed", d.endpoints.len(), st.EvictedProfiles)
	}
}

func TestShadow_Orphans(t *testing.T) {
	days := func(n int) []*call.Call {
		var calls []*call.Call
		for i := range n {
			calls = append(calls, path(i*86400, 1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7", 1))
		}
		return calls
	}
	if got, _ := said(t, described(t, chartsAPI), "shadow_api", days(6)...); len(got) != 0 {
		t.Errorf("after five days: %q", got)
	}
	got, sigs := said(t, described(t, chartsAPI), "shadow_api", days(9)...)
	if len(got) != 1 || got[0] != "Informational 7 described operations of Charts 2 were never called" {
		t.Fatalf("after eight: %q", got)
	}
	if !strings.Contains(sigs[0].Observed, "DELETE /api/v2/never/{id}") {
		t.Error(sigs[0].Observed)
	}
}

func TestShadow_Learned(t *testing.T) {
	stream := func(n int, route string) (calls []*call.Call) {
		for i := range n {
			calls = append(calls, path(i*60, 1+i%8, "GET", route, strings.ReplaceAll(route, "{id}", fmt.Sprint(i)), 1))
		}
		return calls
	}
	at := func(minute, who int, route string) *call.Call {
		return path(minute*60, who, "GET", route, strings.ReplaceAll(route, "{id}", "7"), 1)
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := said(t, Defaults(), "shadow_api", calls...); strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const old = "Low An old version still serves patients' data: GET /api/v1/patients/{id}"
	f("one version", "", stream(50, "/api/v1/patients/{id}")...)
	f("an old one after a new one", old, append(stream(40, "/api/v2/patients/{id}"), at(41, 9, "/api/v1/patients/{id}"))...)
	f("before anyone knows", "", append(stream(5, "/api/v2/patients/{id}"), at(41, 9, "/api/v1/patients/{id}"))...)
	both := stream(60, "/api/v2/patients/{id}")
	for i := range both {
		if i%3 == 0 {
			both[i].Route, both[i].Path = "/api/v1/patients/{id}", "/api/v1/patients/9"
		}
	}
	f("both in use", "", both...)
	f("of another interface", "", append(stream(40, "/api/v2/patients/{id}"), at(41, 9, "/lab/v1/patients/{id}"))...)
	f("a newer one", "", append(stream(40, "/api/v2/patients/{id}"), at(41, 9, "/api/v3/patients/{id}"))...)
	f("an old FHIR release", "Low An old version still serves patients' data: GET /fhir/dstu2/Patient/{id}",
		append(stream(40, "/fhir/r4/Patient/{id}"), at(41, 9, "/fhir/dstu2/Patient/{id}"))...)
	f("a newer FHIR release", "", append(stream(40, "/fhir/R4/Patient/{id}"), at(41, 9, "/fhir/R4B/Patient/{id}"))...)
	releases := append(stream(40, "/r4/{id}/Patient/{id}"), at(41, 9, "/stu3/{id}/Patient/{id}"))
	for _, c := range releases {
		c.FHIR.Interaction = "read"
	}
	f("a release before a tenant", "Low An old version still serves patients' data: GET /stu3/{id}/Patient/{id}", releases...)
	f("another room", "", append(stream(40, "/rooms/r4/patients/{id}"), at(41, 9, "/rooms/r2/patients/{id}"))...)
	f("a side door", "Low GET /internal/patients/{id} serves patients' data beside the API that others use",
		append(stream(40, "/api/v2/patients/{id}"), at(41, 9, "/internal/patients/{id}"))...)
	f("where all goes by it", "", stream(40, "/internal/patients/{id}")...)
	const late = "Informational GET /api/extra/{id} is new, serves patients' data, and has one user"
	long := stream(wellKnown+1, "/api/patients/{id}")
	f("a late endpoint with one user", late, append(long, at(4000, 3, "/api/extra/{id}"), at(4001, 3, "/api/extra/{id}"), at(4002, 3, "/api/extra/{id}"))...)
	f("with several", "", append(long, at(4000, 3, "/api/extra/{id}"), at(4001, 4, "/api/extra/{id}"), at(4002, 3, "/api/extra/{id}"))...)
	f("early", "", append(stream(100, "/api/patients/{id}"), at(4000, 3, "/api/extra/{id}"), at(4001, 3, "/api/extra/{id}"), at(4002, 3, "/api/extra/{id}"))...)
}

func TestUnsafeConsumption(t *testing.T) {
	out := func(change func(*call.Call)) *call.Call {
		c := answerOf(0, 1, "POST", "/claims")
		c.Server.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 203, 13: 0, 14: 113, 15: 9}
		c.Secure.Version, c.Auth.Scheme = "", call.NoCredential
		change(c)
		return c
	}
	patient := func(c *call.Call) {
		c.Objects = []call.Object{{Type: "Patient", ID: "7", Key: 7, Patient: true, Where: call.InBody}}
	}
	const title = " The service outside at 203.0.113.9 is used "
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := said(t, Defaults(), "unsafe_consumption", calls...); strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("patients in the clear, once", "Low"+title+"without TLS, with patients' data in the calls", out(patient), out(patient))
	f("credentials", "Low"+title+"without TLS, with credentials in the calls", out(func(c *call.Call) { c.Auth.Scheme = call.KeyHeader }))
	f("answers only", "Informational"+title+"without TLS, with answers that programs rely on in the calls", out(func(*call.Call) {}))
	f("a broken TLS", "Low"+title+"under TLS 1.0, with patients' data in the calls", out(func(c *call.Call) { patient(c); c.Secure.Version = "1.0" }))
	f("TLS", "", out(func(c *call.Call) { patient(c); c.Secure.Version = "1.2" }))
	f("inside", "", out(func(c *call.Call) { patient(c); c.Server.Addr = answerOf(0, 1, "", "").Server.Addr }))
	f("from outside", "", out(func(c *call.Call) { patient(c); c.Client.Addr = c.Server.Addr }))
	f("a page", "", out(func(c *call.Call) { c.ContentType = "text/html" }))
	f("a revocation list", "", out(func(c *call.Call) { c.ContentType = "application/ocsp-response" }))
}
