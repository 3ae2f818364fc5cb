package pseudonym_test

import (
	"regexp"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

var masked = regexp.MustCompile(`(usr|obj|app|tok|txt):[a-z2-7]{6}:[a-z2-7]{20}`)

// A level behind a word for people is a person, unless it is known to be what an API has of them.
func TestPeopleInPaths(t *testing.T) {
	n := &pseudonym.Names{Keys: keyer(t, 1)}
	f := func(path, shown, template string) {
		t.Helper()
		c := call.Call{Path: path, Route: path}
		if got := masked.ReplaceAllString(string(n.Path(nil, &c)), "*"); got != shown {
			t.Errorf("path %s: %s, want %s", path, got, shown)
		}
		if got := string(n.Route(nil, &c)); got != template {
			t.Errorf("template %s: %s, want %s", path, got, template)
		}
		text := n.Text(nil, "GET "+path+", seen twice", &call.Principal{}, nil)
		if want := "GET " + template + ", seen twice"; string(text) != want {
			t.Errorf("text %q, want %q", text, want)
		}
	}
	same := func(path string) { t.Helper(); f(path, path, path) }
	f("/api/v1/patients/krishnamurthy", "/api/v1/patients/*", "/api/v1/patients/{id}")
	f("/api/v1/Patients/Meera/notes", "/api/v1/Patients/*/notes", "/api/v1/Patients/{id}/notes")
	f("/users/m.rao/inbox", "/users/*/inbox", "/users/{id}/inbox")
	f("/people/krishnamurthy.html", "/people/*", "/people/{id}")
	f("/export/Rao_19570314.pdf", "/export/*", "/export/{id}")
	same("/api/v1/patients/search")
	same("/api/v1/users/me/profile")
	same("/patients/index.html")
	same("/api/patients/feed")
	same("/user/_search")
	same("/api/v2/widgets/labs")
	o := call.Object{Type: "krishnamurthy", ID: "17", Where: call.InPath}
	c := call.Call{Path: "/people/krishnamurthy/17", Route: "/people/krishnamurthy/{id}"}
	if got := string(n.Type(nil, &c, &o)); got != "record" {
		t.Errorf("the type of what stands behind a name is %q", got)
	}
	o.Type = "widgets"
	if got := string(n.Type(nil, &c, &o)); got != "widgets" {
		t.Errorf("a type is %q", got)
	}
}
