package ocsf_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"auscult/detectors"
	"auscult/internal/shared"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
)

var meta = ocsf.Meta{Version: "0.1.0", Tenant: "hosp-a", Sensor: "sensor-01", Inputs: []string{"span.pcap"}}

func names(t testing.TB, reveal bool) *pseudonym.Names {
	t.Helper()
	k, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Reveal: reveal, Keys: k}
}

// secrets are the identifiers in full.
var secrets = []string{"dr.rao", "P-10023", "patient-77", "77345612", "Ramesh", "sess9f3a", "night.nurse", "intern7"}

func principal(key uint64, id string) call.Principal {
	return call.Principal{Key: key, Kind: call.JWT, ID: id, Issuer: "https://idp.hospital.example", Client: "viewer", Token: key + 1}
}

func end(s string) packet.Endpoint {
	ap := netip.MustParseAddrPort(s)
	return packet.Endpoint{Addr: ap.Addr().As16(), Port: ap.Port()}
}

// full is an alert on several people with every field filled.
func full(detector string) alert.Alert {
	at := clock.Time(time.Date(2026, 1, 1, 10, 0, 0, 123456789, time.UTC).UnixNano())
	lead, second, third := principal(1, "dr.rao"), principal(2, "night.nurse"), principal(3, "intern7")
	s := detectors.Signal{
		Order: call.Order{Time: at, Flow: 3, Seq: 1}, Detector: detector, Principal: lead, Members: []call.Principal{lead, second, third},
		Client: "10.20.4.17", Route: "GET /fhir/Patient/{id}", Since: at - 6e10, Severity: detectors.High, Confidence: 91,
		Score: 14.25, Threshold: 11.5, Title: "{principal} and 2 more walked 412 patients, P-10023 first", Expected: "9 an hour",
		Observed: "412 in 6 minutes", Facts: []detectors.Fact{{Name: "first", Value: "P-10023"}, {Name: "stride", Value: "1"}},
		Calls: 412, Objects: 410, People: 137, Refusals: 2, Patients: []string{"P-10023", "patient-77", "77345612"},
	}
	for i, p := range []call.Principal{lead, second} {
		e := call.Call{Order: call.Order{Time: at, Flow: 3, Seq: uint32(i)}, Start: at, Conn: 77, Client: end("10.20.4.17:51022"),
			Server: end("10.20.9.5:80"), Version: 11, Method: "GET", Host: "ehr.hospital.example",
			Target: "/fhir/Patient/P-10023?name=Ramesh&token=sess9f3a&_count=5", Path: "/fhir/Patient/P-10023",
			Query: "name=Ramesh&token=sess9f3a&_count=5", Route: "/fhir/Patient/{id}", UserAgent: "curl/8.5", ContentType: "application/fhir+json",
			Status: 200, RespWire: 1800, RespDec: 9000, TTFB: 2_500_000, Duration: 5e6, Principal: p,
			Objects: []call.Object{{Type: "Patient", ID: "P-10023", Where: call.InPath}},
			PHI:     call.Found{People: 1, Records: 1, Bytes: 9000}, Loss: http.LossGap, Frames: packet.Where{File: 0, Offset: 1234}}
		s.Evidence = append(s.Evidence, detectors.Evidence{Order: e.Order, Call: e})
	}
	return alert.Alert{UID: "auscult-abcdefghijklmnopqrstuvwxyz", Sequence: 1, Activity: alert.Create, Time: at, First: at - 6e10, Last: at,
		Signal: s, Kinds: []string{detector, "oversized_phi"}}
}

// bare is the least an alert can be.
func bare() alert.Alert {
	return alert.Alert{UID: "u", Sequence: 2, Activity: alert.Close, Signal: detectors.Signal{Detector: "unheard_of", Severity: detectors.Low,
		Evidence: []detectors.Evidence{{}, {Call: call.Call{Method: "BREW", Client: end("[2001:db8::1]:1"), Server: end("10.0.0.1:2")}}}}}
}

func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Bytes(t, "standards/ocsf/detection_finding-1.8.0+data_classification.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("finding.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("finding.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(a alert.Alert, reveal bool) {
		t.Helper()
		line := ocsf.Append(nil, &a, names(t, reveal), meta)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v\n%s", a.Signal.Detector, err, line)
		}
	}
	for _, kind := range kinds(t) {
		check(full(kind), false)
		check(full(kind), true)
	}
	check(bare(), false)
	for _, activity := range []alert.Activity{alert.Update, alert.Close} {
		a := full("bola_fanout")
		a.Activity = activity
		check(a, false)
	}
	var broken any
	if err := json.Unmarshal([]byte(`{"class_uid": 2004}`), &broken); err != nil {
		t.Fatal(err)
	}
	if schema.Validate(broken) == nil {
		t.Error("the schema accepts anything")
	}
}

// table is the published mapping of detectors.
type table struct {
	Detectors []struct {
		Detector string   `json:"detector"`
		OWASP    []string `json:"owasp_api"`
		CWE      []string `json:"cwe"`
		Attack   []string `json:"attack"`
		HIPAA    []string `json:"hipaa_45cfr"`
		GDPR     []string `json:"gdpr_art"`
		DPDP     []string `json:"dpdp"`
		ISO      []string `json:"iso27001_2022_annex_a"`
		Type     string   `json:"ocsf_analytic_type"`
	} `json:"detectors"`
}

func published(t *testing.T) table {
	var m table
	if err := json.Unmarshal(shared.Bytes(t, "standards/mappings/detector_map.json"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func kinds(t *testing.T) []string {
	var out []string
	for _, d := range published(t).Detectors {
		out = append(out, d.Detector)
	}
	return out
}

type finding struct {
	Time        int64 `json:"time"`
	FindingInfo struct {
		UID      string `json:"uid"`
		Analytic struct{ UID, Type string }
		Types    []string
		Tags     []struct {
			Name   string
			Values []string
		}
		Attacks []struct {
			Version      string
			Technique    struct{ UID, Name string }
			SubTechnique struct{ UID, Name string } `json:"sub_technique"`
		}
	} `json:"finding_info"`
	Evidences []struct {
		Actor struct{ User struct{ UID string } }
		Src   struct {
			IP   string
			Port int
		} `json:"src_endpoint"`
		Conn struct {
			Community string `json:"community_uid"`
		} `json:"connection_info"`
		API  struct{ Operation string }
		Data struct {
			Capture struct{ File, Offset int }
			Loss    []string
		}
	}
	Metadata struct {
		UID      string
		Sequence int
	}
	Severity int `json:"severity_id"`
	Activity int `json:"activity_id"`
}

func decode(t *testing.T, line []byte) (f finding) {
	t.Helper()
	if err := json.Unmarshal(line, &f); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return f
}

func TestMapping(t *testing.T) {
	for _, d := range published(t).Detectors {
		a := full(d.Detector)
		f := decode(t, ocsf.Append(nil, &a, names(t, false), meta))
		want := map[string][]string{"owasp.api": d.OWASP, "cwe": d.CWE, "hipaa": prefixed("45CFR", d.HIPAA), "gdpr": prefixed("Art. ", d.GDPR),
			"dpdp": d.DPDP, "iso27001:2022": prefixed("A.", d.ISO)}
		for _, tag := range f.FindingInfo.Tags {
			if w, ok := want[tag.Name]; ok && !slices.Equal(w, tag.Values) {
				t.Errorf("%s: %s is %v, want %v", d.Detector, tag.Name, tag.Values, w)
			}
			delete(want, tag.Name)
		}
		if len(want) > 0 || f.FindingInfo.Analytic.UID != d.Detector || f.FindingInfo.Analytic.Type != d.Type {
			t.Errorf("%s: missing %v, analytic %+v", d.Detector, want, f.FindingInfo.Analytic)
		}
		var ids []string
		for _, x := range f.FindingInfo.Attacks {
			id := x.Technique.UID
			if x.SubTechnique.UID != "" {
				id = x.SubTechnique.UID
			}
			ids = append(ids, id)
			if x.Version != "19.2" || x.Technique.Name == "" {
				t.Errorf("%s: %+v", d.Detector, x)
			}
		}
		if !slices.Equal(ids, d.Attack) {
			t.Errorf("%s: techniques %v, want %v", d.Detector, ids, d.Attack)
		}
	}
}

// TestWireMapping has the kinds of finding that are about how bytes were sent, which the published table lacks.
func TestWireMapping(t *testing.T) {
	for _, kind := range []struct{ detector, cwe string }{{"request_smuggling", "CWE-444"}, {"desync_evasion", "CWE-693"}} {
		name, owasp, cwe, attack := ocsf.Labels(kind.detector)
		if name == kind.detector || !slices.Equal(owasp, []string{"API8:2023"}) || !slices.Equal(cwe, []string{kind.cwe}) || len(attack) == 0 {
			t.Errorf("%s: %s %v %v %v", kind.detector, name, owasp, cwe, attack)
		}
	}
}

func prefixed(p string, in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = p + s
	}
	return out
}

func TestFinding(t *testing.T) {
	a := full("distributed_enumeration")
	n := names(t, true)
	line := ocsf.Append(nil, &a, n, meta)
	f := decode(t, line)
	var users []string
	for _, e := range f.Evidences {
		users = append(users, e.Actor.User.UID)
	}
	if !slices.Equal(users, []string{"dr.rao", "night.nurse", "intern7"}) {
		t.Errorf("accused %v", users)
	}
	e := f.Evidences[0]
	if e.Src.IP != "10.20.4.17" || e.Src.Port != 51022 || !strings.HasPrefix(e.Conn.Community, "1:") ||
		e.API.Operation != "GET /fhir/Patient/{id}" || e.Data.Capture.Offset != 1234 || !slices.Equal(e.Data.Loss, []string{"gap"}) {
		t.Errorf("evidence %+v", e)
	}
	if f.Time != 1767261600123 || f.Severity != 4 || f.Activity != 1 || f.Metadata.UID != a.UID+"-1" || f.Metadata.Sequence != 1 {
		t.Errorf("%+v", f)
	}
	if again := ocsf.Append(nil, &a, n, meta); !bytes.Equal(line, again) {
		t.Error("two encodings differ")
	}
}

func TestFindingHidesIdentifiers(t *testing.T) {
	a := full("sequential_enumeration")
	line := string(ocsf.Append(nil, &a, names(t, false), meta))
	for _, s := range secrets {
		if strings.Contains(line, s) {
			t.Errorf("%q is in the clear: %s", s, line)
		}
	}
	clear := string(ocsf.Append(nil, &a, names(t, true), meta))
	for _, s := range secrets {
		if !strings.Contains(clear, s) {
			t.Errorf("%q was to be revealed", s)
		}
	}
}

// The golden finding is read in review: AUSCULT_UPDATE=1 rewrites it.
func TestGolden(t *testing.T) {
	a, b := full("bola_fanout"), bare()
	line := ocsf.Append(ocsf.Append(nil, &a, names(t, false), meta), &b, names(t, false), ocsf.Meta{})
	path := filepath.Join("testdata", "findings.jsonl")
	if os.Getenv("AUSCULT_UPDATE") != "" {
		if err := os.WriteFile(path, line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(line, want) {
		t.Errorf("got:\n%s\nwant:\n%s", line, want)
	}
}

func FuzzFinding(f *testing.F) {
	f.Add("GET", "/a", "b=c", "dr", "{principal} x", "P-1", 1.5, false)
	f.Add("\"", "\x00\xff", "&&", "\u2028", "{", "", -1e300, true)
	f.Fuzz(func(t *testing.T, method, path, query, id, title, patient string, score float64, reveal bool) {
		a := full("bola_fanout")
		s := &a.Signal
		s.Title, s.Expected, s.Facts[0].Value, s.Principal.ID, s.Patients[0], s.Score = title, title, title, id, patient, score
		c := &s.Evidence[0].Call
		c.Method, c.Path, c.Query, c.Target, c.Host, c.UserAgent, c.Principal.ID = method, path, query, path, title, query, id
		line := ocsf.Append(nil, &a, names(t, reveal), meta)
		if !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%q", line)
		}
	})
}
