package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
)

func TestSSRF(t *testing.T) {
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got := saidOf(t, "ssrf_param", calls); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	url := func(at int, who uint64, u string, status int) *call.Call { return valued(at, who, "url", u, status) }
	named := func(at int, who uint64, name, u string) *call.Call { return valued(at, who, name, u, 200) }
	fhir := func(c *call.Call) *call.Call {
		c.FHIR.Interaction, c.FHIR.Type, c.Args[0].Where = "create", "DocumentReference", call.InBody
		return c
	}
	header := func(c *call.Call) *call.Call { c.Args[0].Where = call.InHeader; return c }
	f("metadata, followed", "u1 High", url(1, 1, "http://169.254.169.254/latest/meta-data/", 200))
	f("metadata, refused", "u1 Medium", url(1, 1, "http://169.254.169.254/latest/meta-data/", 400))
	f("a disguised loopback", "u1 High", url(1, 1, "http://2130706433:8080/", 202))
	f("a file", "u1 High", url(1, 1, "file:///etc/passwd", 200))
	f("one inner host", "", url(1, 1, "http://10.0.0.9/x", 200))
	f("three of them", "u1 Medium", url(1, 1, "http://10.0.0.9/x", 200), url(2, 1, "http://10.0.0.10/x", 500), url(3, 1, "http://10.0.0.11/x", 504))
	f("ports of the server itself", "u1 Medium", url(1, 1, "http://localhost:22/", 500), url(2, 1, "http://localhost:5432/", 500), url(3, 1, "http://localhost:6379/", 500))
	f("one host again and again", "", url(1, 1, "http://10.0.0.9/a", 200), url(2, 1, "http://10.0.0.9/b", 200), url(3, 1, "http://10.0.0.9/c", 200), url(4, 1, "http://10.0.0.9/d", 200))
	f("three in a day", "", url(1, 1, "http://10.0.0.9/x", 200), url(4000, 1, "http://10.0.0.10/x", 500), url(8000, 1, "http://10.0.0.11/x", 504))
	f("where others go outside", "u9 Medium", url(1, 1, "https://a.example/x", 200), url(2, 2, "https://b.example/x", 200), url(3, 3, "https://c.example/x", 200), url(4, 9, "http://10.0.0.9/x", 200))
	f("what colleagues do", "", url(1, 1, "http://pacs.local/a", 200), url(2, 2, "http://pacs.local/b", 200), url(3, 3, "http://ris.local/", 200), url(4, 3, "http://lis.local/", 200), url(5, 3, "http://adt.local/", 200))
	f("bare addresses are data", "", named(1, 1, "ip", "10.0.0.1"), named(2, 1, "ip", "10.0.0.2"), named(3, 1, "ip", "10.0.0.3"), named(4, 1, "ip", "10.0.0.4"))
	f("redirects of a login", "", named(1, 1, "redirect_uri", "http://localhost:3000/cb"), named(2, 1, "redirect_uri", "http://localhost:3001/cb"), named(3, 1, "redirect_uri", "http://localhost:3002/cb"), named(4, 1, "iss", "http://hapi:8080/fhir"))
	f("systems of identifiers", "", named(1, 1, "identifier.system", "http://hospital.local/mrn"), named(2, 1, "identifier.system", "http://lab.local/mrn"), named(3, 1, "system", "http://ward.local/mrn"), named(4, 1, "identifier", "http://x.local/mrn|1"))
	f("webhooks", "", named(1, 1, "channel.endpoint", "http://a.local/h"), named(2, 1, "channel.endpoint", "http://b.local/h"), named(3, 1, "channel.endpoint", "http://c.local/h"), named(4, 1, "channel.endpoint", "http://d.local/h"))
	f("links in a resource", "", fhir(named(1, 1, "content.attachment.url", "http://pacs.local/1")), fhir(named(2, 1, "content.attachment.url", "http://ris.local/1")), fhir(named(3, 1, "content.attachment.url", "http://vna.local/1")), fhir(named(4, 1, "content.attachment.url", "file:///C:/scan.pdf")))
	f("headers", "", header(named(1, 1, "Referer", "http://10.0.0.1/")), header(named(2, 1, "Referer", "http://10.0.0.2/")), header(named(3, 1, "Referer", "http://10.0.0.3/")))
}

// TestSSRFBounds has more parameters and people than are kept.
func TestSSRFBounds(t *testing.T) {
	cfg := Defaults()
	cfg.Profiles, cfg.Principals = 16, 16
	e := New(cfg)
	for i := range 500 {
		e.Observe(nil, valued(i, uint64(1+i), fmt.Sprint("p", i), fmt.Sprintf("http://10.0.%d.%d/", i/250, i%250), 200))
		e.Observe(nil, valued(i, uint64(1+i), fmt.Sprint("o", i), "https://a.example/", 200))
	}
	for _, w := range e.watchers {
		if d, ok := w.(*ssrf); ok {
			if d.profiles.len() > 16 || d.cases.files.len() > 16 {
				t.Errorf("%d profiles, %d cases", d.profiles.len(), d.cases.files.len())
			}
			d.Forget(epoch + 60*day)
			if d.profiles.len() != 0 || d.cases.files.len() != 0 {
				t.Errorf("%d profiles and %d cases are left", d.profiles.len(), d.cases.files.len())
			}
		}
	}
}
