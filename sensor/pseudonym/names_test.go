package pseudonym_test

import (
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// shown writes with every pseudonym as <class> and its first word as it would be for id, so that a case reads.
func shown(n *pseudonym.Names, s string, ids ...string) string {
	for _, id := range ids {
		s = strings.ReplaceAll(s, string(n.Keys.Append(nil, pseudonym.Object, id)), "<"+id+">")
	}
	return s
}

func TestPath(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	f := func(path, route, want string, ids ...string) {
		t.Helper()
		c := call.Call{Path: path, Route: route, Objects: []call.Object{{ID: "bob", Where: call.InPath}}}
		if got := shown(n, string(n.Path(nil, &c)), ids...); got != want {
			t.Errorf("%s by %s: got %s, want %s", path, route, got, want)
		}
		n.Reveal = true
		if got := string(n.Path(nil, &c)); got != path {
			t.Errorf("revealed %s as %s", path, got)
		}
		n.Reveal = false
	}
	f("/fhir/Patient/17", "/fhir/Patient/{id}", "/fhir/Patient/<17>", "17")
	f("/fhir/Patient/a%20b", "/fhir/Patient/{id}", "/fhir/Patient/<a b>", "a b")
	f("/fhir/Patient/17/_history/2", "/fhir/Patient/{id}/_history/{vid}", "/fhir/Patient/<17>/_history/<2>", "17", "2")
	f("/", "/", "/")
	f("*", "", "*")
	f("", "", "")
	f("/a/b", "", "/<a>/<b>", "a", "b")                          // no template: nothing is known to be harmless
	f("/a/b/c", "/a/{id}", "/a/<b>/<c>", "b", "c")               // past the template
	f("/x/b", "/a/b", "/<x>/b", "x")                             // another template's path
	f("/a//b", "/a/b", "/a//<b>", "b")                           // the template fits no more
	f("/users/bob", "/users/bob", "/users/<bob>", "bob")         // the template has not learned it yet
	f("/users/90417", "/users/90417", "/users/<90417>", "90417") // looks like an identifier
	f("/api/v2/x", "/api/v2/x", "/api/v2/x")
	f("host:443", "", "<host:443>", "host:443")

	deep := strings.Repeat("/s", 100_000)
	c := call.Call{Path: deep}
	if got := n.Path(nil, &c); len(got) > 8<<10 {
		t.Errorf("a deep path became %d bytes", len(got))
	}
}

func TestQuery(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	f := func(query, want string, ids ...string) {
		t.Helper()
		c := call.Call{Query: query}
		if got := shown(n, string(n.Query(nil, &c)), ids...); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	f("", "")
	f("_count=50&page=2&_sort=-date,name", "_count=50&page=2&_sort=-date,name")
	f("patient=17&_count=50", "patient=<17>&_count=50", "17")
	f("patient=Patient/17,Patient/18", "patient=<17>,<18>", "17", "18")
	f("identifier=urn:mrn%7C4711", "identifier=<4711>", "4711")
	f("_count=123456789012", "_count=<123456789012>", "123456789012") // an identity number where a count belongs
	f("rawtext", "<rawtext>", "rawtext")
	f("page&limit", "page&limit")
	f("a@b.example=1", "<a@b.example>=<1>", "a@b.example", "1")
	f("x=&&=y", "x=&&=<y>", "y")
	f("q=%zz%4", "q=<%zz%4>", "%zz%4")
	long := strings.Repeat("a=b&", 50_000)
	c := call.Call{Query: long}
	if got := n.Query(nil, &c); len(got) > 8<<10 {
		t.Errorf("a long query became %d bytes", len(got))
	}
	c.Query = "a=" + strings.Repeat("b,", 50_000)
	if got := n.Query(nil, &c); len(got) > 8<<10 {
		t.Errorf("a long value became %d bytes", len(got))
	}
}

func TestRoute(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	f := func(route, want string) {
		t.Helper()
		c := call.Call{Route: route, Objects: []call.Object{{ID: "bob", Where: call.InPath}}, Principal: call.Principal{ID: "eve"}}
		if got := string(n.Route(nil, &c)); got != want {
			t.Errorf("%s: got %s, want %s", route, got, want)
		}
	}
	f("/fhir/Patient/{id}/$everything", "/fhir/Patient/{id}/$everything")
	f("/users/bob", "/users/{id}")
	f("/users/eve/x", "/users/{id}/x")
	f("/users/12345678", "/users/{id}")
	f("/users/{a@b}", "/users/{id}")
	if got := string(n.Endpoint(nil, "GET /users/bob", &call.Principal{}, []string{"bob"})); got != "GET /users/{id}" {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	p := call.Principal{ID: "dr.rao"}
	user := string(n.User(nil, &p))
	f := func(text, want string, ids ...string) {
		t.Helper()
		got := strings.ReplaceAll(shown(n, string(n.Text(nil, text, &p, ids)), ids...), user, "<me>")
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	f("{principal} read 412 patients", "<me> read 412 patients", "412")
	f("dr.rao read P-17, P-171", "<me> read <P-17>, <P-171>", "P-17", "P-171")
	f("from 10001 to 10412", "from <10001> to <10412>", "10001", "10412")
	f("xP-17 P-17x", "xP-17 P-17x", "P-17")
	n.Reveal = true
	if got := string(n.Text(nil, "{principal} read P-17", &p, []string{"P-17"})); got != "dr.rao read P-17" {
		t.Error(got)
	}
}

func TestWords(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	f := func(got []byte, want string) {
		t.Helper()
		if want == "" && strings.HasPrefix(string(got), "txt:") {
			return
		}
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(n.Word(nil, "physician"), "physician")
	f(n.Word(nil, "10.1.2.3:8080"), "10.1.2.3:8080")
	f(n.Word(nil, "77345612"), "")
	f(n.Word(nil, "a@b.example"), "")
	f(n.Word(nil, "a\x1bb"), "")
	f(n.Agent(nil, "Mozilla/5.0 Gecko/20100101"), "Mozilla/5.0 Gecko/20100101")
	f(n.Agent(nil, "x 411122223333\x1b[0m"), "x #_[0m")
	f(n.Agent(nil, "bot bob@example.org"), "")
	f(n.Addresses(nil, "10.1.2.3, fe80::1"), "10.1.2.3, fe80::1")
	f(n.Addresses(nil, "for=bob"), "")
}

func FuzzURL(f *testing.F) {
	f.Add("/fhir/Patient/17", "patient=17&_count=5", "/fhir/Patient/{id}")
	f.Add("//", "=&=&%", "/{")
	f.Fuzz(func(t *testing.T, path, query, route string) {
		const secret = "zq7secret7qz"
		n := &pseudonym.Names{Keys: keyer(t, 1)}
		c := call.Call{Path: path + "/" + secret, Query: query + "&k=" + secret, Route: route,
			Objects: []call.Object{{ID: secret, Where: call.InPath}}}
		for _, got := range [][]byte{n.Path(nil, &c), n.Query(nil, &c), n.Route(nil, &c)} {
			if strings.Contains(string(got), secret) {
				t.Errorf("%q and %q by %q: %q", path, query, route, got)
			}
		}
	})
}
