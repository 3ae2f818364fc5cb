package inventory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"auscult/pipeline/inventory"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/openapi"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

const wards = `
openapi: 3.0.3
info: {title: Wards, version: "2"}
servers: [{url: "https://ward.test"}]
components: {securitySchemes: {b: {type: http, scheme: bearer}}}
security: [{b: []}]
paths:
  /api/v2/patients/{id}:
    get: {parameters: [{name: fields, in: query, schema: {type: string}}], responses: {'200': {description: ok, content: {application/json: {}}}, '404': {description: none}}}
  /api/v2/old: {get: {deprecated: true, responses: {'200': {description: ok}}}}
  /api/v2/never: {post: {responses: {'200': {description: ok}}}}
`

// asked is a call of a nurse, answered with a patient's data.
func asked(n int, method, route, path string) *call.Call {
	return &call.Call{
		Order: call.Order{Time: clock.Time(n+1) * 1e9}, Start: clock.Time(n+1) * 1e9, Method: method, Host: "ward.test", Path: path, Route: route,
		Endpoint: hash(method + " ward.test " + route), Status: 200, ContentType: "application/json; charset=utf-8",
		Server:    packet.Endpoint{Addr: packet.Addr(netip.MustParseAddr("10.1.2.3").As16()), Port: 443},
		Principal: call.Principal{Key: uint64(1 + n%3), Kind: call.JWT, ID: fmt.Sprintf("nurse.joy.%d", n%3)},
		PHI:       call.Found{Classes: phi.Name | phi.MRN, People: 1, Records: 2, Bytes: 100},
		Secure:    call.Secure{Version: "1.3"},
	}
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(s) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func names(t testing.TB) *pseudonym.Names {
	t.Helper()
	keys, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Keys: keys}
}

func described(t testing.TB, text string) *openapi.API {
	t.Helper()
	api := &openapi.API{}
	if err := api.Add([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return api
}

func observed(t testing.TB, cfg inventory.Config, api *openapi.API, calls ...*call.Call) *inventory.Inventory {
	t.Helper()
	v := inventory.New(cfg, api, names(t))
	for _, c := range calls {
		v.Observe(c)
	}
	return v
}

// told is an inventory in short: state, method and route of each endpoint, with its drift; then orphans.
func told(d *inventory.Document) (out []string) {
	for _, e := range d.Endpoints {
		line := string(e.State) + " " + e.Method + " " + e.Route
		for _, x := range e.Drift {
			line += "; " + x.Kind + " " + x.Seen
		}
		out = append(out, line)
	}
	for _, o := range d.Orphans {
		out = append(out, "orphan "+o.Method+" "+o.Template)
	}
	return out
}

func TestWhatAnEndpointShows(t *testing.T) {
	refused := asked(4, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")
	refused.Status = 403
	lost := asked(5, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")
	lost.Status = 0
	open := asked(6, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")
	open.Principal = call.Principal{Key: 99, Kind: call.Address, ID: "10.9.9.9"}
	running := asked(7, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")
	running.Running = true
	v := observed(t, inventory.Defaults(), nil, asked(0, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7"),
		asked(1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/8"), refused, lost, open, running)
	d := v.Document()
	if len(d.Endpoints) != 1 || len(d.Hosts) != 1 {
		t.Fatalf("%d endpoints, %d hosts", len(d.Endpoints), len(d.Hosts))
	}
	e := d.Endpoints[0]
	want := inventory.Endpoint{Host: "ward.test", Method: "GET", Route: "/api/v2/patients/{id}", Version: "v2", State: inventory.Unjudged,
		Calls: 5, Successes: 3, Refusals: 1, Unanswered: 1, Statuses: []inventory.Count{{Name: "200", Count: 3}, {Name: "403", Count: 1}},
		Authentication: []inventory.Count{{Name: "jwt", Count: 2}, {Name: "none", Count: 1}}, Classes: []string{"name", "mrn"}, People: 1, Records: 2,
		Callers: 3, CallersShown: e.CallersShown, Parameters: []inventory.Parameter{{Name: "id", In: "path"}}, ContentTypes: []string{"application/json"},
		Drift: []inventory.Drift{}, First: "1970-01-01T00:00:01Z", Last: "1970-01-01T00:00:07Z"}
	if !reflect.DeepEqual(e, want) || len(e.CallersShown) != 3 {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	if h := d.Hosts[0]; h.Addresses[0] != "10.1.2.3:443" || h.TLS[0] != (inventory.Count{Name: "1.3", Count: 5}) || h.Endpoints != 1 {
		t.Errorf("host %+v", h)
	}
	if fresh := v.Fresh(0); len(fresh) != 1 || !reflect.DeepEqual(fresh[0], want) || v.Fresh(v.Len()) != nil {
		t.Errorf("fresh: %+v", fresh)
	}
}

func TestStates(t *testing.T) {
	drifting := asked(1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/8")
	drifting.Args = []call.Arg{{Key: 1, Name: "fields", Where: call.InQuery}, {Key: 2, Name: "export", Where: call.InQuery}, {Key: 3, Name: "x", Where: call.InBody}}
	drifting.ContentType = "text/csv"
	gone := asked(2, "GET", "/api/v2/patients/{id}", "/api/v2/patients/9")
	gone.Status = 418
	open := asked(3, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")
	open.Principal.Kind = call.Address
	elsewhere := asked(4, "GET", "/x", "/x")
	elsewhere.Host, elsewhere.Endpoint, elsewhere.Server.Port = "lab.test", 77, 9
	byAddress := asked(5, "GET", "/api/v2/hidden", "/api/v2/hidden")
	byAddress.Host, byAddress.Endpoint = "10.1.2.3", 78
	noise := asked(6, "GET", "/.env", "/.env")
	noise.Status = 404
	page := asked(7, "GET", "/app", "/app")
	page.ContentType, page.PHI = "text/html", call.Found{}
	preflight := asked(8, "OPTIONS", "/api/v2/hidden", "/api/v2/hidden")
	d := observed(t, inventory.Defaults(), described(t, wards), asked(0, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7"), drifting, gone, open,
		elsewhere, byAddress, noise, page, preflight, asked(9, "DELETE", "/api/v2/patients/{id}", "/api/v2/patients/7"),
		asked(10, "GET", "/api/v2/old", "/api/v2/old"), asked(11, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7")).Document()
	want := []string{
		"shadow GET /api/v2/hidden",
		"outside GET /x",
		"zombie GET /api/v1/patients/{id}",
		"zombie GET /api/v2/old",
		"shadow DELETE /api/v2/patients/{id}",
		"described GET /api/v2/patients/{id}; authentication success without credentials; content_type text/csv; parameter export; status 418",
		"page GET /app",
		"orphan POST /api/v2/never",
	}
	if got := told(d); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if s := d.Summary; s.Described != 1 || s.Shadow != 2 || s.Zombie != 2 || s.Outside != 1 || s.Orphan != 1 || s.Drifting != 1 {
		t.Errorf("summary %+v", s)
	}
	if d.Left.Unanswered != 1 || d.Left.Methods != 1 {
		t.Errorf("left out: %+v", d.Left)
	}
	if got := d.Descriptions; len(got) != 1 || got[0] != (inventory.Description{Title: "Wards 2", Operations: 3, Seen: 2}) {
		t.Errorf("descriptions: %+v", got)
	}
}

func TestOldVersionWithoutDescription(t *testing.T) {
	d := observed(t, inventory.Defaults(), nil, asked(0, "GET", "/api/v1/patients/{id}", "/api/v1/patients/7"),
		asked(1, "GET", "/api/v2/patients/{id}", "/api/v2/patients/7")).Document()
	if got, want := told(d), []string{"zombie GET /api/v1/patients/{id}", "unjudged GET /api/v2/patients/{id}"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBounds(t *testing.T) {
	cfg := inventory.Config{Endpoints: 2, Hosts: 1, Parameters: 1, Callers: 1}
	other := asked(3, "GET", "/d", "/d")
	other.Host, other.Endpoint = "other.test", 5
	wordy := asked(4, "GET", "/a", "/a")
	wordy.Args = []call.Arg{{Key: 1, Name: "a", Where: call.InQuery}, {Key: 2, Name: "b", Where: call.InQuery}}
	v := observed(t, cfg, nil, asked(0, "GET", "/a", "/a"), asked(1, "GET", "/b", "/b"), asked(2, "GET", "/c", "/c"), other, wordy)
	d := v.Document()
	if len(d.Endpoints) != 2 || len(d.Hosts) != 1 || d.Left.Endpoints != 2 || d.Left.Parameters != 1 {
		t.Errorf("%d endpoints, %d hosts, left out %+v", len(d.Endpoints), len(d.Hosts), d.Left)
	}
	if e := d.Endpoints[0]; len(e.CallersShown) != 1 || e.Callers != 2 || len(e.Parameters) != 1 {
		t.Errorf("%+v", e)
	}
	for n := range 100_000 { // statuses, media types and addresses are anybody's to choose
		c := asked(n, "GET", "/a", "/a")
		c.Status, c.Server.Port, c.ContentType = 200+n%100, uint16(n), fmt.Sprintf("a/%d", n)
		v.Observe(c)
	}
	if e := v.Document().Endpoints[0]; len(e.Statuses) > 24 || len(e.ContentTypes) > 8 || v.Stats().Other == 0 {
		t.Errorf("%d statuses, %d media types, %+v", len(e.Statuses), len(e.ContentTypes), v.Stats())
	}
}

func TestNobodyIsNamed(t *testing.T) {
	c := asked(0, "GET", "/api/patients/MRN0012345/notes", "/api/patients/MRN0012345/notes")
	c.Objects = []call.Object{{Type: "patients", ID: "MRN0012345", Where: call.InPath, Patient: true}}
	c.Args = []call.Arg{{Key: 9, Name: "ravi.kumar@hospital.test", Where: call.InQuery}, {Key: 10, Name: "998877665", Where: call.InQuery}}
	d := observed(t, inventory.Defaults(), nil, c).Document()
	text, err := d.JSON()
	draft, err2 := d.OpenAPI()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, secret := range []string{"MRN0012345", "nurse.joy", "ravi.kumar", "998877665"} {
		if strings.Contains(string(text)+string(draft), secret) {
			t.Errorf("%s is in the inventory", secret)
		}
	}
}

// TestDraft has the draft judged by a library, and then takes it for the description of what it was drafted from.
func TestDraft(t *testing.T) {
	basic := asked(3, "POST", "/api/patients/{id}/notes/{id}", "/api/patients/7/notes/9")
	basic.Principal.Kind, basic.Status = call.Basic, 201
	basic.Args = []call.Arg{{Key: 1, Name: "dry-run", Where: call.InQuery}}
	soap := asked(4, "POST", "/ws/registry#Query", "/ws/registry")
	soap.ContentType = "application/soap+xml"
	none := asked(5, "GET", "/api/empty", "/api/empty")
	none.Status, none.ContentType = 204, ""
	calls := []*call.Call{asked(0, "GET", "/api/patients/{patients}", "/api/patients/7"), asked(1, "HEAD", "/api/patients/{patients}", "/api/patients/7"), basic, soap, none}
	d := observed(t, inventory.Defaults(), nil, calls...).Document()
	draft, err := d.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(draft)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v in\n%s", err, draft)
	}
	if op := doc.Paths.Value("/api/patients/{id}/notes/{id2}").Post; len(op.Parameters) != 3 || op.Responses.Value("201") == nil || (*op.Security)[0]["basic"] == nil {
		t.Errorf("operation %+v", op)
	}
	again := observed(t, inventory.Defaults(), described(t, string(draft)), calls...).Document()
	for _, line := range told(again) {
		if !strings.HasPrefix(line, "described ") || strings.Contains(line, ";") {
			t.Errorf("%s, of what it was drafted from", line)
		}
	}
	empty, err := observed(t, inventory.Defaults(), nil).Document().OpenAPI()
	if err == nil {
		doc, err = openapi3.NewLoader().LoadFromData(empty)
	}
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		t.Errorf("the draft of nothing: %v", err)
	}
}

func TestJSONHasNoNull(t *testing.T) {
	text, err := observed(t, inventory.Defaults(), described(t, wards)).Document().JSON()
	if err != nil || !json.Valid(text) || strings.Contains(string(text), "null") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestConfig(t *testing.T) {
	if err := inventory.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	bad := inventory.Defaults()
	bad.Hosts = 0
	if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), "hosts: ") {
		t.Errorf("hosts 0: %v", err)
	}
}

func usual() (calls []*call.Call) {
	for n := range 300 {
		c := asked(n, "GET", fmt.Sprintf("/api/%c/{id}", 'a'+n%25), "/api/x/77")
		c.Args = []call.Arg{{Key: 3, Name: "id", Where: call.InPath}, {Key: uint64(5 + n%2), Name: "fields", Where: call.InQuery}}
		calls = append(calls, c)
	}
	return calls
}

func TestAllocs(t *testing.T) {
	v, calls := inventory.New(inventory.Defaults(), described(t, wards), names(t)), usual()
	run := func() {
		for _, c := range calls {
			v.Observe(c)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations in %d calls", n, len(calls))
	}
}

func BenchmarkObserve(b *testing.B) {
	v, calls := inventory.New(inventory.Defaults(), nil, names(b)), usual()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v.Observe(calls[i%len(calls)])
	}
}
