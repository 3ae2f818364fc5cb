package call_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// told writes all that a route says.
func told(r *call.Route) string {
	ids := ""
	for _, id := range r.IDs {
		ids += fmt.Sprintf(" %q %q %v", id.Type, id.Value, id.Sub)
	}
	u := &r.FHIR
	return fmt.Sprintf("%q%s | %q | %v %d %v %q %q %q %q %q | %v %v %v %q %v", r.Template, ids, r.Collection, u.Shape, u.Base, u.Sure, u.Type, u.ID,
		u.Version, u.Within, u.Op, r.DICOM, r.ABDM, r.Words, r.Session, r.Over)
}

// FuzzRoutes has paths with identifiers of the same kind in the same places: what is remembered of one must be what the
// other says.
func FuzzRoutes(f *testing.F) {
	for _, s := range []string{"/fhir/Patient/\x00", "/fhir/Patient/\x00/Observation", "/fhir/Patient/\x00/_history/\x00", "/api/v2/patients/\x00/summary",
		"/\x00", "/\x00/\x00", "/api/\x00/x", "/epic/\x00/x", "/studies/1.2/series/\x00/frames/\x00", "/ws/rest/v1/patient/\x00", "/a/\x00/../b",
		"/a/\x00;jsessionid=\x00/b", "/Patients(\x00)", "/a//\x00/", "/users/\x00/password", "/fhir/\x00/Patient/\x00", "/x/%2e/\x00", "/health/\x00"} {
		f.Add([]byte(s), uint32(1234), uint32(777777))
		f.Add([]byte(s), uint32(0), uint32(2019))
	}
	f.Fuzz(func(t *testing.T, form []byte, a, b uint32) {
		var routes call.Routes
		path := func(n uint32, uuid bool) []byte {
			var out []byte
			for i, c := range form {
				switch {
				case c != 0:
					out = append(out, c)
				case uuid:
					out = fmt.Appendf(out, "%08x-0000-4abc-9def-%08x%04x", n, n, uint16(i))
				default:
					out = fmt.Appendf(out, "%d", n+uint32(i))
				}
			}
			return out
		}
		for _, p := range [][]byte{path(a, false), path(a, true), path(b, false), path(b, true), path(a, false), path(b, false), path(b, true)} {
			before := bytes.Clone(p)
			want := call.ParseRoute(p)
			got := routes.Route(p)
			if told(got) != told(&want) {
				t.Fatalf("%q: %s, want %s", p, told(got), told(&want))
			}
			if got.Name != "" && got.Name != string(want.Template) {
				t.Fatalf("%q is called %q", p, got.Name)
			}
			if !bytes.Equal(p, before) {
				t.Fatal("the path was written to")
			}
		}
	})
}

func TestRoutes_Allocs(t *testing.T) {
	var routes call.Routes
	paths := [][]byte{[]byte("/fhir/Patient/1234"), []byte("/api/v2/patients/b9caa87a-6f0f-4a62-88d5-c08317bf8ed2/visits/4711"), []byte("/fhir/metadata")}
	run := func() {
		for _, p := range paths {
			routes.Route(p)
		}
	}
	run()
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzHabit has a request whose header fields are known to be those of earlier ones: the same call must be made of it
// as by a builder that remembers nothing, at any time.
func FuzzHabit(f *testing.F) {
	f.Add("GET", "/fhir/Observation?patient=Patient/1", "Authorization", "Bearer "+jwt(nurse), "User-Agent", "go")
	f.Add("POST", "http://h:80/login?x", "Cookie", "JSESSIONID=abc; b=<", "x-forwarded-for", "10.1.1.1, 10.2.2.2")
	f.Add("GET", "/x?access_token="+jwt(nurse), "Authorization", "Basic YWRtaW46YWRtaW4=", "X-API-Key", "sk_12345678")
	f.Add("GET", "/x?sid=0123456789abcdef0", "X-Patient-Id", "77", "X-Purpose-Of-Use", "BTG")
	f.Add("GET", "http:///x", "Authorization", "Bearer eyJx.eyJ.", "Referer", "http://a/'")
	f.Add("GET", "/a;jsessionid=0123456789abcdef0/b", "Authorization", "Digest x", "Forwarded", "for=1.2.3.4")
	f.Fuzz(func(t *testing.T, method, target, name1, value1, name2, value2 string) {
		cfg := call.Defaults()
		cfg.TrustedProxies = []string{"10.20.8.0/24"}
		b := call.NewBuilder(cfg, new(call.Direct))
		report := &phi.Report{People: 1, Form: phi.JSON, IDs: []phi.ID{{Kind: phi.Patient, Type: "Patient", Value: []byte("1")}}}
		cn := conn()
		for i := range 5 {
			x := exchange(method, target, 200, name1+": "+value1, name2+": "+value2)
			x.Start += clock.Time(i%3) * 897_000_000 * 1e9
			switch i {
			case 3:
				x.Target = []byte("/other?patient=5")
			case 4:
				cn.MTLS = "CN=gateway"
			}
			var want, got call.Call
			call.NewBuilder(cfg, new(call.Direct)).Build(&want, new(call.Arena), x, cn, nil, report)
			x.Request.Known = 7
			if b.Build(&got, new(call.Arena), x, cn, nil, report); !reflect.DeepEqual(got, want) {
				t.Fatalf("call %d: %+v, want %+v", i, got, want)
			}
		}
	})
}

// TestHabit_Others holds that what is known of one client is not said of another.
func TestHabit_Others(t *testing.T) {
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	for i := range 4000 {
		user := fmt.Sprintf("user-%d", i%1000)
		x := exchange("GET", "/x", 200, "Authorization: Bearer "+jwt(`{"sub":"`+user+`"}`))
		x.Request.Known = uint64(1 + i%1000)
		var c call.Call
		if b.Build(&c, new(call.Arena), x, conn(), nil, nil); c.Principal.ID != user || c.Host != "ehr.hospital.test" {
			t.Fatalf("call %d is of %q to %q", i, c.Principal.ID, c.Host)
		}
	}
}
