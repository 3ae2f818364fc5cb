package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"auscult/pipeline/alert"
	"auscult/sensor/page"
)

// TestAccess: who may ask for what.
func TestAccess(t *testing.T) {
	local := options(t)
	public, revealed, closed := local, local, local
	public.Local = false
	revealed.Names = names(t, true)
	closed.Names, closed.Tokens = names(t, true), nil
	mark := `{"uid":"auscult-1","principal":true,"reason":"x","until":"2026-12-01"}`
	for _, c := range []struct {
		name         string
		o            page.Options
		method, path string
		token        string
		body         string
		header       []string
		want         int
		says         string
	}{
		{"anybody here may look", local, "GET", "/", "", "", nil, 200, "<h1>Auscult</h1>"},
		{"and open one", local, "GET", "/incident?uid=auscult-1", "", "", nil, 200, `"kind":"bola_fanout"`},
		{"one that is not there", local, "GET", "/incident?uid=auscult-2", "", "", nil, 404, ""},
		{"and follow", local, "GET", "/events", "", "", nil, 200, ""},
		{"but not act", local, "POST", "/expect", "", mark, nil, 403, "Only an operator"},
		{"nor may an analyst", local, "POST", "/expect", analyst, mark, nil, 403, "Only an operator"},
		{"an operator may", local, "POST", "/expect", operator, mark, []string{"Content-Type", "application/json"}, 409, "nobody can here"},
		{"not by a form", local, "POST", "/expect", operator, mark, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		{"not from elsewhere", local, "POST", "/expect", operator, mark, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"nor of another origin", local, "POST", "/expect", operator, mark, []string{"Content-Type", "application/json", "Origin", "http://evil.example"}, 403, "another site"},
		{"nor is a login", local, "POST", "/login", "", "token=" + operator, []string{"Origin", "http://evil.example"}, 403, "another site"},
		{"a wrong token is not none", local, "GET", "/events", "x" + analyst, "", nil, 401, ""},
		{"another name", local, "GET", "/", "", "", []string{"Host", "evil.example"}, 421, "127.0.0.1"},
		{"another name with a port", local, "GET", "/events", operator, "", []string{"Host", "evil.example:80"}, 421, ""},
		{"an address of a network", local, "GET", "/", "", "", []string{"Host", "10.0.0.1:9477"}, 421, ""},
		{"localhost", local, "GET", "/", "", "", []string{"Host", "localhost:8080"}, 200, ""},
		{"in six", local, "GET", "/", "", "", []string{"Host", "[::1]:9477"}, 200, ""},
		{"in six, alone", local, "GET", "/", "", "", []string{"Host", "[::1]"}, 200, ""},
		{"a page that is not there", local, "GET", "/nothing", "", "", nil, 404, ""},
		{"not to be posted", local, "POST", "/events", operator, "", nil, 405, ""},
		{"a stranger", public, "GET", "/", "", "", nil, 303, ""},
		{"and the events", public, "GET", "/events", "", "", nil, 401, "Log in"},
		{"and an incident", public, "GET", "/incident?uid=auscult-1", "", "", nil, 401, ""},
		{"and acting", public, "POST", "/expect", "", mark, nil, 401, ""},
		{"the login is for all", public, "GET", "/login", "", "", nil, 200, "<form"},
		{"and what it looks like", public, "GET", "/page.css", "", "", nil, 200, ":root"},
		{"any name", public, "GET", "/", analyst, "", []string{"Host", "sensor.hospital.example"}, 200, ""},
		{"an analyst", public, "GET", "/events", analyst, "", nil, 200, ""},
		{"names are for those with a token", revealed, "GET", "/events", "", "", nil, 401, ""},
		{"who then sees them", revealed, "GET", "/incident?uid=auscult-1", analyst, "", nil, 200, "dr.rao1"},
		{"without one there is no page", closed, "GET", "/", "", "", nil, 403, "--listen-tokens"},
		{"nor events", closed, "GET", "/events", "", "", nil, 403, "--listen-tokens"},
	} {
		p, s := served(t, c.o)
		show(t, p, incident(1, 1, alert.Create, 0))
		status, body, header := asked(t, s, c.method, c.path, c.token, c.body, c.header...)
		if status != c.want || !strings.Contains(body, c.says) {
			t.Errorf("%s: %s %s: status %d, want %d with %q in\n%.300s", c.name, c.method, c.path, status, c.want, c.says, body)
		}
		if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", c.name, csp)
		}
		if !c.o.Names.Reveal {
			for _, secret := range secrets {
				if strings.Contains(body, secret) {
					t.Errorf("%s: %s is in\n%s", c.name, secret, body)
				}
			}
		}
		n := p.Counts()
		refused := map[int]uint64{401: 1, 403: 1, 421: 1}[status]
		if got := n.Denied + n.Foreign; got != refused {
			t.Errorf("%s: %d refusals counted", c.name, got)
		}
	}
}

// TestLogin: a cookie stands for the token, for a while.
func TestLogin(t *testing.T) {
	o := options(t)
	o.Local = false
	o.Config.Sessions, o.Config.Session = 2, time.Hour
	p, s := served(t, o)
	login := func(token string) (int, string) {
		status, _, header := asked(t, s, "POST", "/login", "", url.Values{"token": {token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return status, header.Get("Set-Cookie")
	}
	if status, cookie := login("guess"); status != 401 || cookie != "" {
		t.Errorf("a guess: status %d, cookie %q", status, cookie)
	}
	var cookies []string
	for range 3 {
		status, cookie := login(analyst)
		if status != 303 || !strings.Contains(cookie, "; HttpOnly; SameSite=Strict") || !strings.Contains(cookie, "Max-Age=3600") || strings.Contains(cookie, analyst) {
			t.Fatalf("status %d, cookie %q", status, cookie)
		}
		cookies = append(cookies, strings.Split(cookie, ";")[0])
	}
	for i, want := range []int{401, 200, 200} { // of three, two may be there
		if status, _, _ := asked(t, s, "GET", "/events", "", "", "Cookie", cookies[i]); status != want {
			t.Errorf("login %d: status %d, want %d", i, status, want)
		}
	}
	if status, _, header := asked(t, s, "POST", "/logout", "", "", "Cookie", cookies[2]); status != 303 || !strings.Contains(header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout: status %d, %q", status, header.Get("Set-Cookie"))
	}
	if status, _, _ := asked(t, s, "GET", "/events", "", "", "Cookie", cookies[2]); status != 401 {
		t.Errorf("after the logout: status %d", status)
	}
	if n := p.Counts(); n.Logins != 3 || n.Denied != 3 {
		t.Errorf("counted %+v", n)
	}
}

func TestParseTokens(t *testing.T) {
	list, err := page.ParseTokens("analyst " + analyst + "\r\n  operator\t" + operator + "  Asha   Rao\n#x\n")
	if err != nil || len(list) != 2 || list[0].Role != page.Analyst || list[1].Role != page.Operator || list[1].Name != "Asha Rao" {
		t.Errorf("%+v, %v", list, err)
	}
	for text, want := range map[string]string{
		"":                  "no token in it",
		"# nobody\n":        "no token in it",
		"root " + analyst:   "line 1 begins with neither",
		"nobody " + analyst: "line 1 begins with neither",
		"\noperator short":  "line 2: a token has at least 32",
		"operator":          "line 1: a token has at least 32",
		"analyst " + analyst + "\noperator " + analyst:              "line 2: the token stands above too",
		"analyst " + analyst + " " + strings.Repeat("x", 65):        "more than 64 bytes",
		strings.Repeat("analyst "+analyst+"\n", 1) + "x " + analyst: "line 2 begins",
	} {
		if _, err := page.ParseTokens(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), analyst) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestRequests: more than so many at a time are refused, and nothing large is read.
func TestRequests(t *testing.T) {
	p, s := served(t, options(t))
	if status, _, _ := asked(t, s, "POST", "/expect", operator, `{"reason":"`+strings.Repeat("x", 1<<20), "Content-Type", "application/json"); status != http.StatusConflict {
		t.Errorf("status %d", status) // refused before it was read
	}
	if n := p.Counts(); n.Full != 0 {
		t.Errorf("%d were too many", n.Full)
	}
}
