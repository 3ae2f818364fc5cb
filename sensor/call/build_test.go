package call_test

import (
	"encoding/base64"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

func endpoint(s string) packet.Endpoint {
	a := netip.MustParseAddrPort(s)
	return packet.Endpoint{Addr: a.Addr().As16(), Port: a.Port()}
}

func conn() call.Conn {
	return call.Conn{ID: 7, Client: endpoint("10.20.8.106:41000"), Server: endpoint("10.10.0.10:80")}
}

// exchange is an answered request; headers are "Name: value" of the request, or of the response after "<".
func exchange(method, target string, status int, headers ...string) *http.Exchange {
	x := &http.Exchange{Seq: 3, Start: 1e9, RequestEnd: 1e9 + 1, ResponseStart: 1e9 + 5, End: 1e9 + 9, Version: 11,
		Method: []byte(method), Target: []byte(target), Status: status}
	x.Request.Seen, x.Response.Seen = true, status != 0
	x.Request.Headers = []http.Header{{Name: []byte("Host"), Value: []byte("ehr.hospital.test")}}
	for _, h := range headers {
		m := &x.Request
		if strings.HasPrefix(h, "<") {
			m, h = &x.Response, h[1:]
		}
		name, value, _ := strings.Cut(h, ": ")
		m.Headers = append(m.Headers, http.Header{Name: []byte(name), Value: []byte(value)})
	}
	return x
}

func build(cfg call.Config, x *http.Exchange, req, resp *phi.Report) call.Call {
	var c call.Call
	call.NewBuilder(cfg, new(call.Direct)).Build(&c, new(call.Arena), x, conn(), req, resp)
	return c
}

func jwt(claims string) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + e.EncodeToString([]byte(claims)) + ".c2ln"
}

const nurse = `{"iss":"https://idp.hospital.test","sub":"g.ivanov59","iat":1795675089,"exp":1795687421,"scope":"user/*.read"}`

func TestBuild_Fields(t *testing.T) {
	x := exchange("GET", "/fhir/Patient/1273?_format=json", 200, "Authorization: Bearer "+jwt(nurse),
		"User-Agent: go", "X-Forwarded-For: 10.1.1.1", "<Content-Type: application/fhir+json")
	x.Response.Wire, x.Response.Decoded = 500, 1167
	resp := &phi.Report{Classes: phi.Name, People: 1, Records: 1, Bytes: 1167, Total: -1, Form: phi.JSON,
		IDs: []phi.ID{{Kind: phi.Patient, Type: "Patient", Value: []byte("1273")}}}
	cn := conn()
	x.Loss |= http.LossMidstream
	var c call.Call
	call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), x, cn, nil, resp)
	for _, f := range []struct {
		name      string
		got, want any
	}{
		{"order", c.Order, call.Order{Time: 1e9 + 9, Flow: 7, Seq: 3}},
		{"path", c.Path, "/fhir/Patient/1273"},
		{"query", c.Query, "_format=json"},
		{"route", c.Route, "/fhir/Patient/{id}"},
		{"host", c.Host, "ehr.hospital.test"},
		{"agent", c.UserAgent, "go"},
		{"forwarded", c.Forwarded, "10.1.1.1"},
		{"type", c.ContentType, "application/fhir+json"},
		{"sizes", [2]int64{c.RespWire, c.RespDec}, [2]int64{500, 1167}},
		{"ttfb", c.TTFB, x.ResponseStart - x.Start},
		{"duration", c.Duration, x.End - x.Start},
		{"interaction", c.FHIR.Interaction + " " + c.FHIR.Type, "read Patient"},
		{"loss", c.Loss, http.LossMidstream},
		{"phi", c.PHI, call.Found{Classes: phi.Name, People: 1, Records: 1, Bytes: 1167}},
		{"flags", c.Flags, call.HealthAPI},
		{"delivered", c.Delivered, []uint64{call.PatientKey([]byte("1273"))}},
		{"expires", int64(c.Principal.Expires), int64(1795687421e9)},
	} {
		if !reflect.DeepEqual(f.got, f.want) {
			t.Errorf("%s is %v, want %v", f.name, f.got, f.want)
		}
	}
	if len(c.Objects) != 2 || c.Objects[0].Where != call.InPath || c.Objects[1].Where != call.InResponse ||
		c.Objects[0].Key != c.Objects[1].Key || c.Objects[0].Param != c.Objects[1].Param {
		t.Errorf("objects %+v", c.Objects)
	}
}

func TestPrincipal(t *testing.T) {
	cfg := call.Defaults()
	cfg.Hosts = []call.HostRule{{Host: "*.gw.test", Header: "X-Remote-User"}}
	cfg.Services = []string{"etl"}
	cfg.TrustedProxies = []string{"10.20.8.0/24"}
	cfg.SessionCookies = []string{"mysite"}
	// want is kind, id and strength, with + when it is a service
	f := func(want string, target string, headers ...string) call.Principal {
		t.Helper()
		p := build(cfg, exchange("GET", target, 200, headers...), nil, nil).Principal
		got := p.Kind.String() + " " + p.ID
		if p.Service {
			got += " +"
		}
		if got != want {
			t.Errorf("%s %v: %s, want %s", target, headers, got, want)
		}
		if p.Key == 0 || p.Kind != call.Address && p.Token == 0 || p.Strength == 0 {
			t.Errorf("%s %v: %+v lacks key, token or strength", target, headers, p)
		}
		return p
	}
	bearer := func(claims string) string { return "Authorization: Bearer " + jwt(claims) }
	p := f("jwt g.ivanov59", "/x", bearer(nurse), "Cookie: JSESSIONID=c1caad27933165724a259b66498bfb93")
	if p.Issuer != "https://idp.hospital.test" || p.Scope != "user/*.read" || p.Strength != 90 {
		t.Errorf("%+v", p)
	}
	f("jwt g.ivanov59", "/x?access_token="+jwt(nurse))
	f("jwt g.ivanov59", "/x", "Cookie: a=b; portal="+jwt(nurse))
	f("jwt app-1 +", "/x", bearer(`{"iss":"i","azp":"app-1"}`))
	f("jwt bulk +", "/x", bearer(`{"sub":"bulk","scope":"system/*.read"}`))
	f("jwt bulk +", "/x", bearer(`{"sub":"bulk","scp":["a","system/Patient.rs"]}`))
	f("jwt svc +", "/x", bearer(`{"sub":"svc","gty":"client-credentials"}`))
	f("jwt etl +", "/x", bearer(`{"sub":"etl"}`))
	f("jwt u", "/x", bearer(`{"sub":"u","azp":"portal","scope":"ecosystem/read"}`))
	f("session "+"eyJub3QuYS5qd3Q", "/x", "Authorization: Bearer eyJub3QuYS5qd3Q")
	f("session 9f8e7d6c5b4a39281706", "/x", "Authorization: Bearer 9f8e7d6c5b4a39281706")
	f("session c1caad27933165724a259b66498bfb93", "/x", "Cookie: _ga=GA1.2.3; JSESSIONID=c1caad27933165724a259b66498bfb93; sid=9")
	f("session q9q9q9q9q9q9q9q9q9", "/x", "Cookie: csrftoken=aaaa1111aaaa1111aaaa; hospital_auth=q9q9q9q9q9q9q9q9q9")
	f("session z", "/x", "Cookie: MySite=z")
	f("session AB12CD34", "/x;jsessionid=AB12CD34")
	f("api_key sk_9d10bfd9", "/x", "X-API-Key: sk_9d10bfd9")
	f("api_key k1", "/x?apikey=k1")
	f("basic dr.rao", "/x", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("dr.rao:pw")))
	f("address 10.20.8.106", "/x")
	f("address 192.0.2.7", "/x", "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.20.8.1")
	f("address 2001:db8::1", "/x", "X-Forwarded-For: [2001:db8::1]:443")
	f("address 10.20.8.106", "/x", "X-Forwarded-For: nobody")
	f("address 10.20.8.106", "/x", "Cookie: theme=dark", "Authorization: Basic !!!")
	f("custom asha", "http://a.gw.test:8080/x", "X-Remote-User: asha", bearer(nurse))
	f("jwt g.ivanov59", "/x", "X-Remote-User: asha", bearer(nurse))

	a := f("jwt g.ivanov59", "/x", bearer(nurse))
	b := f("jwt g.ivanov59", "/x", bearer(strings.Replace(nurse, "1795675089", "1795675090", 1)))
	if a.Key != b.Key || a.Token == b.Token {
		t.Error("two tokens of one subject must be one principal")
	}
	other := f("jwt g.ivanov59", "/x", bearer(`{"iss":"https://evil.test","sub":"g.ivanov59"}`))
	if other.Key == a.Key {
		t.Error("the same subject of another issuer is another principal")
	}
	if p := f("jwt u", "/x", bearer(`{"sub":"u","patient":"55","fhirUser":"https://e/Practitioner/9"}`)); p.Patient != call.PatientKey([]byte("55")) || p.Role != "Practitioner" {
		t.Errorf("%+v", p)
	}
}

// objects writes the objects of a call as where:type=id, with * for a patient and ~ for a part.
func objects(c call.Call) string {
	var out []string
	for _, o := range c.Objects {
		s := o.Where.String() + ":" + o.Type + "=" + o.ID
		if o.Patient {
			s += "*"
		}
		if o.Sub {
			s = "~" + s
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestObjects(t *testing.T) {
	f := func(method, target, want string) {
		t.Helper()
		if got := objects(build(call.Defaults(), exchange(method, target, 200), nil, nil)); got != want {
			t.Errorf("%s %s: %s, want %s", method, target, got, want)
		}
	}
	f("GET", "/fhir/Observation?patient=1273&_count=10&_sort=-date", "query:Patient=1273*")
	f("GET", "/fhir/AllergyIntolerance?patient=Patient/55", "query:Patient=55*")
	f("GET", "/fhir/Observation?subject=https%3A%2F%2Fh%2Ffhir%2FPatient%2F55", "query:Patient=55*")
	f("GET", "/fhir/Observation?subject=Group/5", "query:Group=5")
	f("GET", "/fhir/Observation?subject:Patient=55", "query:Patient=55*")
	f("GET", "/fhir/Observation?subject:Patient.identifier=urn:mrn|M77", "query:identifier=M77*")
	f("GET", "/fhir/Observation?patient.name=rao", "")
	f("GET", "/fhir/Observation?encounter=Encounter/9&code=1234-5&category=vital-signs", "query:Encounter=9")
	f("GET", "/fhir/Observation?encounter=9", "query:Encounter=9")
	f("GET", "/fhir/Patient?_id=1,2,3&_elements=name", "query:Patient=1* query:Patient=2* query:Patient=3*")
	f("GET", "/fhir/Observation?_id=8", "query:Observation=8")
	f("GET", "/fhir/Patient?identifier=http://h/mrn%7CM1%2Chttp://h/mrn%7CM2", "query:identifier=M1* query:identifier=M2*")
	f("GET", "/fhir/Patient?name:exact=rao2&birthdate=1970-01-01&family=x1", "")
	f("GET", "/fhir/Patient?_has:Observation:patient:code=1234", "")
	f("GET", "/fhir?_getpages=1fdbcd8e-6dbd-4ee8-9392-2e4ad3212c5a&_getpagesoffset=10&_count=10", "")
	f("GET", "/fhir/Patient/5/Observation?code=1", "path:Patient=5*")
	f("GET", "/api/v2/patient?patientID=45827", "query:patientID=45827*")
	f("GET", "/api/v2/visits?patientId=45827&_limit=3&_page=2", "query:patientId=45827*")
	f("GET", "/api/v2/patients?filter[patient_id]=4&ids[]=7", "query:patient_id=4* query:patients=7*")
	f("GET", "/interface/patient_file/demographics.php?set_pid=48241", "query:set_pid=48241*")
	f("GET", "/orders/results.php?PID=48241&tab=0", "query:PID=48241*")
	f("GET", "/shop/item.php?pid=48241", "")
	f("GET", "/patient/list.php?pid=all", "")
	f("GET", "/patient/list.php?rapid=1&upid=2", "")
	f("GET", "/api/v2/search?name=Smith", "")
	f("GET", "/api/v2/invoice?invoiceId=77&requestId=99&clientId=3", "query:invoiceId=77")
	f("GET", "/api/v2/visits/17", "path:visits=17")
	f("GET", "/api/v2/patients/5?patientId=5", "path:patients=5*")
	f("GET", "/api/v2/patients/5?patientId=6", "path:patients=5* query:patientId=6*")
	f("GET", "/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.4&objectUID=1.2.5", "query:Study=1.2.3 query:Series=1.2.4 query:Instance=1.2.5")
	f("GET", "/dicom-web/studies?PatientID=P7&StudyDate=20260101&limit=20", "query:PatientID=P7*")
	f("GET", "/dicom-web/studies/1.2.3.4/series/1.2.3.5", "path:Study=1.2.3.4 ~path:Series=1.2.3.5")
	f("GET", "/x?subject=Re:hello", "")
	f("GET", "/fhir/Patient/abc%27%20OR%201=1", "path:Patient=abc' OR 1=1*")
}

// TestKeys holds that one patient is one object by whatever route, and that different things are not.
func TestKeys(t *testing.T) {
	key := func(target string) uint64 {
		t.Helper()
		c := build(call.Defaults(), exchange("GET", target, 200), nil, nil)
		if len(c.Objects) != 1 {
			t.Fatalf("%s: %d objects", target, len(c.Objects))
		}
		return c.Objects[0].Key
	}
	same := func(targets ...string) {
		t.Helper()
		for _, s := range targets[1:] {
			if key(s) != key(targets[0]) {
				t.Errorf("%s and %s differ", s, targets[0])
			}
		}
	}
	differ := func(a, b string) {
		t.Helper()
		if key(a) == key(b) {
			t.Errorf("%s and %s are the same", a, b)
		}
	}
	same("/fhir/Patient/1231", "/fhir/Observation?patient=1231", "/fhir/Observation?patient=Patient/1231",
		"/fhir/Observation?subject=Patient/1231", "/fhir/Patient?_id=1231", "/api/v2/patients/1231",
		"/api/v2/patient?patientID=1231", "/fhir/Patient/1231/_history/2", "/openmrs/ws/rest/v1/patient/1231")
	same("/fhir/Patient?identifier=h|MRN-000123", "/api/v2/mrn/MRN-000123", "/api/v2/find?mrn=MRN-000123")
	same("/api/v2/visits/17", "/api/v2/visit?visitId=17", "/api/v2/visits?id=17")
	same("/x/patients/B9CAA87A-6F0F-4A62-88D5-C08317BF8ED2", "/fhir/Patient/b9caa87a-6f0f-4a62-88d5-c08317bf8ed2")
	differ("/fhir/Patient/1231", "/fhir/Observation/1231")
	differ("/fhir/Patient/1231", "/fhir/Patient/1232")
	differ("/fhir/Patient/1231", "/fhir/Patient?identifier=1231")
	differ("/api/v2/visits/17", "/api/v2/invoices/17")
}

func TestDelivered(t *testing.T) {
	id := func(k phi.Kind, typ, v string) phi.ID { return phi.ID{Kind: k, Type: typ, Value: []byte(v)} }
	p := func(s string) uint64 { return call.PatientKey([]byte(s)) }
	f := func(target string, resp phi.Report, want ...uint64) call.Call {
		t.Helper()
		resp.Total, resp.Form = -1, phi.JSON
		c := build(call.Defaults(), exchange("GET", target, 200), nil, &resp)
		for _, w := range want {
			if !slices.Contains(c.Delivered, w) {
				t.Errorf("%s does not deliver %x", target, w)
			}
		}
		return c
	}
	c := f("/fhir/Observation?patient=5", phi.Report{IDs: []phi.ID{id(phi.Resource, "Observation", "9"),
		id(phi.Patient, "Patient", "5"), id(phi.Patient, "subject", "Patient/5")}}, p("5"))
	if len(c.Delivered) != 2 {
		t.Errorf("%d delivered, want the observation and the patient once", len(c.Delivered))
	}
	f("/api/v2/patients?_page=1", phi.Report{Entries: 2, IDs: []phi.ID{id(phi.Resource, "id", "7"), id(phi.Resource, "id", "8")}}, p("7"), p("8"))
	f("/api/v2/patients/45827/summary", phi.Report{IDs: []phi.ID{id(phi.Resource, "id", "45827")}}, p("45827"))
	f("/api/v2/search?name=Lee", phi.Report{People: 1, Classes: phi.Name, Entries: 1, IDs: []phi.ID{id(phi.Resource, "id", "4")}}, p("4"))
	visits := f("/api/v2/visits?patientId=3", phi.Report{Entries: 1, IDs: []phi.ID{id(phi.Resource, "id", "17")}})
	read := build(call.Defaults(), exchange("GET", "/api/v2/visits/17", 200), nil, nil)
	if !slices.Contains(visits.Delivered, read.Objects[0].Key) {
		t.Error("a visit that a list delivered is not the visit that is read")
	}
	cfg := call.Defaults()
	cfg.Delivered, cfg.ResponseObjects = 3, 2
	b := call.NewBuilder(cfg, new(call.Direct))
	resp := phi.Report{}
	for _, v := range []string{"1", "2", "3", "4", "5"} {
		resp.IDs = append(resp.IDs, id(phi.Patient, "Patient", v))
	}
	b.Build(&c, new(call.Arena), exchange("GET", "/fhir/Patient", 200), conn(), nil, &resp)
	if len(c.Delivered) != 3 || b.Stats.Delivered != 2 || len(c.Objects) != 2 {
		t.Errorf("%d delivered, %d counted, %d listed", len(c.Delivered), b.Stats.Delivered, len(c.Objects))
	}
}

func TestFlags(t *testing.T) {
	f := func(method, target string, status int, want call.Flags, resp *phi.Report, headers ...string) {
		t.Helper()
		if got := build(call.Defaults(), exchange(method, target, status, headers...), nil, resp).Flags; got != want {
			t.Errorf("%s %s %d: flags %010b, want %010b", method, target, status, got, want)
		}
	}
	list := &phi.Report{Form: phi.JSON, Entries: 3, Records: 3, Total: -1}
	none := &phi.Report{Form: phi.JSON, Total: 0}
	f("POST", "/oauth/token", 200, call.Login|call.Token, nil)
	f("POST", "/oauth/token", 401, call.Login, nil)
	f("POST", "/api/v2/login", 200, call.Login, nil)
	f("GET", "/login", 200, 0, nil)
	f("GET", "/openmrs/ws/rest/v1/session", 200, call.Login, nil, "Authorization: Basic YTpi")
	f("GET", "/fhir/Patient?name=x", 200, call.HealthAPI|call.Search, list)
	f("GET", "/fhir/Patient?name=x", 200, call.HealthAPI|call.Search|call.Empty, none)
	f("GET", "/fhir?_getpages=abc&_getpagesoffset=10", 200, call.HealthAPI|call.Search|call.PageStep, list)
	f("POST", "/fhir/Patient/_search", 200, call.HealthAPI|call.Search, list)
	f("POST", "/fhir/Observation", 201, call.HealthAPI|call.Create, nil)
	f("PUT", "/fhir/Observation/5", 200, call.HealthAPI, nil)
	f("GET", "/fhir/Patient/$export", 202, call.HealthAPI|call.Bulk, nil)
	f("GET", "/fhir/Group/1/$everything", 200, call.HealthAPI|call.Bulk|call.Search, nil)
	f("GET", "/fhir/Patient/1/$everything", 200, call.HealthAPI|call.Search, nil)
	f("POST", "/fhir/$graphql", 200, call.HealthAPI|call.GraphQL, nil)
	f("GET", "/api/v2/patients?_page=2&_limit=12", 200, call.HealthAPI|call.Search|call.PageStep, list)
	f("GET", "/api/v2/reports/all.csv", 200, call.Bulk, nil)
	f("GET", "/dicom-web/studies/1.2.3.4/series", 200, call.HealthAPI|call.Search, list)
	f("GET", "/healthz", 200, call.Health, nil)
	f("GET", "/x", 200, call.Health, nil, "User-Agent: kube-probe/1.29")
	f("GET", "/fhir/Patient/1", 200, call.HealthAPI, nil, "User-Agent: kube-probe/1.29")
	f("GET", "/dicom-web/studies?PatientName=DOE*&limit=20", 200, call.HealthAPI|call.Search, list)
	if c := build(call.Defaults(), exchange("GET", "/fhir/Patient?_count=5000", 200), nil, nil); c.Asked != 5000 {
		t.Errorf("asked for %d", c.Asked)
	}
}

func TestBuild_Bounds(t *testing.T) {
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	var c call.Call
	b.Build(&c, new(call.Arena), exchange("GET", "/x?"+strings.Repeat("a=1&", 100000), 200), conn(), nil, nil)
	if b.Stats.Params != 100000-256+1 {
		t.Errorf("%d parameters counted as unread", b.Stats.Params)
	}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = strings.Repeat("7", i%50+1) + string(rune('a'+i%26))
	}
	b.Build(&c, new(call.Arena), exchange("GET", "/fhir/Patient?_id="+strings.Join(ids, ","), 200), conn(), nil, nil)
	if len(c.Objects) != 256 || b.Stats.Objects == 0 {
		t.Errorf("%d objects, %d counted", len(c.Objects), b.Stats.Objects)
	}
	long := strings.Repeat("9", 5000)
	b.Build(&c, new(call.Arena), exchange("GET", "/fhir/Patient?_id="+long, 200), conn(), nil, nil)
	if len(c.Objects[0].ID) != 256 || c.Objects[0].Key != call.PatientKey([]byte(long)) || b.Stats.LongIDs != 1 {
		t.Errorf("a long id was cut to %d, with %d counted", len(c.Objects[0].ID), b.Stats.LongIDs)
	}
}
