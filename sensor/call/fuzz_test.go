package call_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// FuzzURL holds that a path has one route, whatever was parsed before it, within the bounds.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"/fhir/Patient/1/_history/2", "//a/../%2e%2E/;jsessionid=A/1.2.3", "/studies/1.2.3/series/1.2.4",
		"/ws/rest/v1/patient/x", "/Patients('7')", "%", "/%zz/%4", "/fhir/Patient/1/$everything"} {
		f.Add([]byte(s))
	}
	var d call.Direct
	f.Fuzz(func(t *testing.T, path []byte) {
		before := bytes.Clone(path)
		want := call.ParseRoute(path)
		got := d.Route(path)
		if string(got.Template) != string(want.Template) || !reflect.DeepEqual(append([]call.PathID{}, got.IDs...), append([]call.PathID{}, want.IDs...)) {
			t.Fatalf("%q: %s, then %s", path, want.Template, got.Template)
		}
		if len(got.Template) == 0 || got.Template[0] != '/' || len(got.IDs) > 8 || len(got.Template) > 2*len(path)+200 {
			t.Fatalf("%q: template %q, %d ids", path, got.Template, len(got.IDs))
		}
		if !bytes.Equal(path, before) {
			t.Fatal("the path was written to")
		}
	})
}

// FuzzClaims holds that a token has the same claims whatever was parsed before it.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(nurse))
	f.Add([]byte(`{"sub":"\u00e9\ud83d","scp":["a",["b"],{}],"exp":1e9}`))
	f.Add([]byte(`{"sub":"x","sub":"y","aud":[`))
	var d call.Direct
	f.Fuzz(func(t *testing.T, claims []byte) {
		for _, token := range [][]byte{claims, []byte(jwt(string(claims)))} {
			want, ok := call.ParseClaims(token)
			got := d.Claims(token)
			if ok != (got != nil) {
				t.Fatal("two answers for one token")
			}
			if ok && (string(got.Subject) != string(want.Subject) || string(got.Scope) != string(want.Scope) || got.Expires != want.Expires) {
				t.Fatalf("%s, then %s", want.Subject, got.Subject)
			}
			if ok && len(got.Subject) == 0 {
				t.Fatal("names nobody")
			}
		}
	})
}

// FuzzBuild holds that any exchange gives one call, within the bounds, and that its strings outlive the exchange.
func FuzzBuild(f *testing.F) {
	f.Add("GET", "/fhir/Observation?patient=Patient/1&_count=5", "Authorization: Bearer "+jwt(nurse), "patient", "7", 200)
	f.Add("POST", "http://h:80/login?x", "Cookie: JSESSIONID=abc; b", "", "", 302)
	f.Add("GET", "//?%=%&&=1&a[=2&a]=3&[]=4&subject:Patient.identifier=|", "X-Forwarded-For: , ,1", "id", "Patient/", 0)
	f.Add("", "://", ": ", "Patient", "//", -1)
	f.Fuzz(func(t *testing.T, method, target, header, idType, id string, status int) {
		x := exchange(method, target, status, header, "<Set-Cookie: "+header)
		report := &phi.Report{IDs: []phi.ID{{Kind: phi.Kind(len(id) % 3), Type: idType, Value: []byte(id)}}, Form: phi.JSON}
		bodies := new(call.Texts)
		bodies.Side(http.Request).Scan([]byte(header))
		bodies.Side(http.Response).Scan([]byte(target))
		cn := conn()
		cn.Texts = bodies
		b := call.NewBuilder(call.Defaults(), new(call.Direct))
		var first, second call.Call
		b.Build(&first, new(call.Arena), x, cn, report, report)
		r := call.NewResolver(call.Defaults())
		r.Resolve(&first)
		kept := strings.Clone(first.Target + first.Route + first.Principal.ID + objects(first))
		if len(first.Objects) > 256+32 || first.Endpoint == 0 || first.Principal.Key == 0 {
			t.Fatalf("%+v", first)
		}
		b.Build(&second, new(call.Arena), x, cn, report, report)
		call.NewResolver(call.Defaults()).Resolve(&second)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v, then %+v", first, second)
		}
		for _, h := range x.Request.Headers {
			clear(h.Value)
		}
		clear(x.Target)
		if first.Target+first.Route+first.Principal.ID+objects(first) != kept {
			t.Fatal("the call changed with its exchange")
		}
	})
}

// TestBuild_CutAnywhere builds what is left of a target and of a token after each cut.
func TestBuild_CutAnywhere(t *testing.T) {
	target := "http://h:8/fhir/Patient/1%2f2/Observation?subject:Patient.identifier=u%7c1,2&a[b]=%41&_count=7#x"
	token := jwt(nurse)
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	for i := range target {
		var c call.Call
		b.Build(&c, new(call.Arena), exchange("GET", target[:i], 200), conn(), nil, nil)
		if c.Target != target[:i] || !strings.HasSuffix(c.Target, c.Query) && !strings.Contains(c.Target, "#") {
			t.Errorf("%q became %q and %q", target[:i], c.Path, c.Query)
		}
	}
	for i := 1; i <= len(token); i++ {
		var c call.Call
		b.Build(&c, new(call.Arena), exchange("GET", "/", 200, "Authorization: Bearer "+token[:i]), conn(), nil, nil)
		if id := c.Principal.ID; id != "g.ivanov59" && id != token[:i] {
			t.Errorf("a token cut to %d is %q", i, id)
		}
	}
}
