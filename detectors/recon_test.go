package detectors

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
)

func TestRecon(t *testing.T) {
	const kind = "recon_probe"
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, kind); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	agent := func(a string) func(*call.Call) { return func(c *call.Call) { c.UserAgent = a } }
	words := []string{"index", "login", "test", "old", "private", "data", "files", "logs", "docs", "upload", "media", "news"}

	s := newScript()
	for _, w := range words {
		s.wait(50*time.Millisecond).do(who(1), "GET", "/"+w, 404)
	}
	f("a word list", "7 Medium", s)

	s = newScript()
	for _, w := range []string{"/.env", "/.git/config", "/wp-login.php", "/actuator/env", "/phpmyadmin/"} {
		s.wait(time.Second).do(who(1), "GET", w, 404)
	}
	f("telling names", "4 Medium", s)

	s = newScript()
	for _, w := range []string{"/.env", "/.git/config", "/wp-login.php", "/backup.zip", "/phpmyadmin/"} {
		s.wait(time.Second).do(who(1), "GET", w, 404)
	}
	s.do(who(1), "GET", "/actuator/env", 200, flags(call.Operator), func(c *call.Call) { c.Answer.Set = exposure.Configuration })
	f("and one is there", "4 Medium, 6 High", s)

	s = newScript()
	for range 4 {
		s.wait(time.Second).do(who(1), "GET", "/api/search", 200, agent("sqlmap/1.7.2#stable (https://sqlmap.org)"))
	}
	f("a tool that names itself", "3 Medium", s)

	for _, a := range []string{"python-requests/2.34", "curl/8.5.0", "Go-http-client/1.1", "python-httpx/0.27", "Apache-HttpClient/4.5 (Java/21)",
		"Mozilla/5.0 zapier", "Zapfinder/2", "burpee-feeds/1.0", "PostmanRuntime/7.1"} {
		s = newScript()
		for range 30 {
			s.wait(time.Second).do(who(1), "GET", "/api/search", 200, agent(a))
		}
		f("a library: "+a, "", s)
	}

	s = newScript()
	for i := range 15 {
		s.wait(time.Second).do(who(1), "GET", "/api/v2/patients/{id}", 404, patient(73000+i*i*917%9000))
	}
	f("refused records", "10 Medium", s)

	s = newScript()
	for i := range 60 {
		status := 200
		if i%2 == 0 {
			status = 404
		}
		s.wait(7*time.Second).do(who(1), "GET", "/api/v2/patients/{id}", status, patient(73000+i*i*917%9000))
	}
	f("a list on paper, half of it mistyped", "", s)

	page := func(c *call.Call) { c.ContentType = "text/html; charset=utf-8" }
	s = newScript()
	for _, w := range []string{"/.env", "/.git/config", "/backup.sql", "/web.config", "/.htpasswd"} {
		s.wait(time.Second).do(who(1), "GET", w, 200, page)
	}
	f("files for which a page comes", "4 Medium", s)

	s = newScript()
	for i := range 60 {
		s.wait(time.Second).do(who(1), "GET", fmt.Sprintf("/ward/%d/list.jsp", i), 200, page)
	}
	f("pages of an old application", "", s)

	closed := func(c *call.Call) { c.Auth.Scheme = call.NoCredential }
	s = newScript()
	for i := range 40 {
		s.wait(time.Second).do(who(1), "GET", fmt.Sprint("/api/f", i), 401, closed)
	}
	f("a word list at a closed door", "28 Medium", s)

	s = newScript()
	for i := range 12 {
		s.wait(time.Second).do(who(1), "GET", fmt.Sprint("/api/f", i), 401, closed)
	}
	f("a page whose session has ended", "", s)

	s = newScript()
	for range 40 {
		s.wait(time.Second).do(who(1), "GET", "/api/news", 404).do(who(1), "GET", "/api/patients", 200)
	}
	f("a broken link", "", s)

	s = newScript()
	for _, w := range []string{"/favicon.ico", "/robots.txt", "/apple-touch-icon-120x120.png", "/app.js.map", "/assets/x1.css", "/assets/x2.js", "/fonts/a.woff2",
		"/.well-known/change-password", "/manifest.json", "/sw.js", "/browserconfig.xml", "/wpad.dat"} {
		s.do(who(1), "GET", w, 404)
	}
	f("what browsers ask for by themselves", "", s)

	s = newScript()
	for u := range 20 {
		for _, w := range words[:6] {
			s.wait(time.Second).do(who(u), "GET", "/api/"+w, 404, flags(call.HealthAPI))
		}
	}
	f("a service that is down, for everybody", "", s)

	s = newScript()
	for _, w := range words {
		s.do(who(9), "GET", "/api/"+w, 200)
	}
	for _, w := range words {
		s.wait(time.Second).do(who(1), "GET", "/api/"+w, 403)
	}
	f("what works for others", "", s)

	s = newScript()
	for _, w := range words {
		s.wait(time.Second).do(who(1), "GET", "/fhir/"+w, 403, flags(call.HealthAPI)).do(who(1), "GET", "/fhir/ok/"+w, 200)
	}
	f("an application that tries what it may", "", s)

	s = newScript()
	for _, w := range words {
		s.do(who(1), "POST", "/login/"+w, 404, flags(call.Login))
	}
	f("logins are not for this detector", "", s)

	s = newScript()
	for range 12 {
		s.wait(time.Minute).do(who(1), "GET", "/api/"+words[s.seq%12], 401)
	}
	f("a session that ended", "", s)
}

// TestReconFlood has an attacker who makes noise from many addresses: state stays in its bounds.
func TestReconFlood(t *testing.T) {
	cfg := Defaults()
	cfg.Suspects = 64
	e := New(cfg)
	s := newScript()
	for i := range 5000 {
		s.do(who(i), "GET", "/"+plainID(i), 404)
	}
	if got := s.saidBy(t, e, "recon_probe"); got != "" {
		t.Errorf("accused %s", got)
	}
	if st := e.Stats(); st.EvictedSuspects == 0 {
		t.Error("nothing was shed, or it was not counted")
	}
	for _, d := range e.watchers {
		if d, ok := d.(*recon); ok {
			if n := d.files.len() + d.ways.len(); n > 128 {
				t.Errorf("%d callers and paths are remembered", n)
			}
			d.Forget(epoch + 3*day)
			if d.files.len() != 0 {
				t.Errorf("%d callers are left", d.files.len())
			}
		}
	}
}

func FuzzReconWords(f *testing.F) {
	f.Add("/.GIT/config", "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None)")
	f.Add("/..%2f..%2fetc/passwd", "sqlmap/1.7")
	f.Add("", "")
	var m toolMemo
	f.Fuzz(func(t *testing.T, path, agent string) {
		_, _ = sensitive(path), usualFile(path) // whatever it holds
		first := m.of(agent)
		if again := m.of(agent); again != first || len(agent) >= 4 && first != toolNamed(agent) {
			t.Errorf("%q: %q, then %q", agent, first, again)
		}
	})
}
