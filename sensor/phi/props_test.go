package phi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// propsOf is the properties of a body, one a word: name, classes, =value.
func propsOf(s *Scanner, form Form, pieces ...string) string {
	scan(s, form, pieces...)
	var out []string
	for _, p := range s.Report().Props() {
		w := string(p.Name)
		if n := p.Class.Names(); len(n) > 0 {
			w += ":" + strings.Join(n, "+")
		}
		if p.Value != nil {
			w += "=" + string(p.Value)
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

func TestProps(t *testing.T) {
	f := func(form Form, body, want string) {
		t.Helper()
		s := New(Defaults())
		if got := propsOf(s, form, body); got != want {
			t.Errorf("%.60s:\n got %s\nwant %s", body, got, want)
		}
		for i := range len(body) { // the same in any cut
			if got := propsOf(s, form, body[:i], body[i:]); got != want {
				t.Fatalf("%.60s, cut at %d:\n got %s\nwant %s", body, i, got, want)
			}
		}
	}
	f(JSON, `{"name":"Asha Rao","role":"admin","isAdmin":true,"balance":-12.5,"note":"x"}`, "name:name role=admin isAdmin=true balance=-12.5 note")
	f(JSON, `[{"id":1,"status":"open"},{"id":2,"status":"done","ssn":"536-90-4399"}]`, "id status=open ssn:ssn")
	f(JSON, `{"roles":["nurse","admin"],"status":null,"owner":{"id":"7"},"verified":false}`, "roles=nurse status=null owner id verified=false")
	f(JSON, `{"role":"a\"b","passwordHash":"$2b$10$abcdefgh","mfaSecret":"JBSWY3DP"}`, `role=a"b passwordHash:credential mfaSecret:credential`)
	f(JSON, `{"status":"`+strings.Repeat("x", 65)+`","price":1}`, "status price=1")
	f(JSON, `{"role":{"status":1},"status":2}`, "role status=1")
	f(XML, `<user><name>Asha</name><role>admin</role><active>true</active></user>`, "user name:name role=admin active=true")
	f(URLEncoded, "name=Asha&role=admin&is_admin=1", "name:name role=admin is_admin=1")
	f(JSON, `{"resourceType":"Patient","active":true,"gender":"female","text":{"div":"x"}}`, "resourceType active=true gender text")
}

// TestProps_Bound has a body of names without end, which push one another out of the memo: each is noted once, up to
// the bound, and the next body begins anew.
func TestProps_Bound(t *testing.T) {
	var b strings.Builder
	b.WriteString("[")
	for round := range 3 {
		for i := range 600 {
			fmt.Fprintf(&b, `{"name%d":%d},`, i, round)
		}
	}
	b.WriteString(`{}]`)
	s := New(Defaults())
	for range 3 {
		scan(s, JSON, b.String())
		props := s.Report().Props()
		names := map[string]bool{}
		for _, p := range props {
			names[string(p.Name)] = true
		}
		if len(props) != Defaults().Props || len(names) != len(props) {
			t.Fatalf("%d properties, %d names", len(props), len(names))
		}
	}
	if s.Stats().MoreProps == 0 {
		t.Error("nothing was counted")
	}
	if got := propsOf(s, JSON, `{"name1":1}`); got != "name1" {
		t.Error(got)
	}
}

// TestProps_Turn has the counter of bodies come around: a name met four billion bodies ago is new again.
func TestProps_Turn(t *testing.T) {
	s := New(Defaults())
	scan(s, JSON, `{"a":1}`)
	s.memo.met.body = ^uint32(0) - 1
	for range 4 {
		if got := propsOf(s, JSON, `{"a":1}`); got != "a" {
			t.Fatalf("body %d: %q", s.memo.met.body, got)
		}
	}
}

func TestHidden(t *testing.T) {
	f := func(body string, want bool) {
		t.Helper()
		s := New(Defaults())
		scan(s, JSON, body)
		if got := slices.Contains(s.Report().Classes.Names(), "credential"); got != want {
			t.Errorf("%s: credential %v", body, got)
		}
	}
	f(`{"password":"hunter2hunter2"}`, true)
	f(`{"passwordHash":"$2b$10$N9qo8uLOickgx2ZMRZoMye"}`, true)
	f(`{"password":"********"}`, false)
	f(`{"password":"[REDACTED]"}`, false)
	f(`{"password":null}`, false)
	f(`{"pin":"560001","token":"OPD-14"}`, false) // India's postal code, and a place in a queue
}
