package detectors

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/phi"
)

func TestBFLA(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "bfla"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	work := func(s *script, p call.Principal, n int) *script {
		for range n {
			s.wait(10*time.Second).do(p, "GET", "/api/ward", 200)
		}
		return s
	}
	admin := flags(call.Admin)
	f("a change by a nurse", "26 Medium", work(newScript(), who(1), 25).do(who(1), "POST", "/admin/users", 201, admin))
	f("refused before", "26 High", work(newScript(), who(1), 24).do(who(1), "GET", "/admin/keys", 403, admin).do(who(1), "POST", "/admin/users", 201, admin))
	f("one page read", "", work(newScript(), who(1), 25).do(who(1), "GET", "/admin/users", 200, admin).do(who(1), "GET", "/admin/users", 200, admin))
	f("two pages read", "27 Medium", work(newScript(), who(1), 25).do(who(1), "GET", "/admin/users", 200, admin).do(who(1), "GET", "/admin/audit", 200, admin))
	f("rights given, without the word", "26 Medium", work(newScript(), who(1), 25).do(who(1), "PUT", "/api/staff/{id}/roles", 200))
	f("an account deleted", "26 Medium", work(newScript(), who(1), 25).do(who(1), "DELETE", "/api/users/{id}", 204))
	f("one's own", "", work(newScript(), who(1), 25).do(who(1), "DELETE", "/api/users/me/sessions", 204).do(who(1), "PUT", "/api/users/me/roles", 200))

	s := newScript()
	for i := range 30 {
		s.wait(time.Minute).do(who(1), "POST", fmt.Sprintf("/admin/f%d", i), 200, admin)
		work(s, who(1), 1)
	}
	f("an administrator, from the beginning", "", s)
	chief := who(1)
	chief.Role = "IT Administrator"
	f("one whose role says so", "", work(s, chief, 30).do(chief, "DELETE", "/admin/users/{id}", 204, admin))
	s = newScript()
	for i := range 40 {
		s.wait(time.Minute).do(who(50+i%5), "POST", "/admin/users", 201, admin)
	}
	f("what five administrators do all day is not for a nurse", "66 Medium", work(s, who(1), 25).do(who(1), "POST", "/admin/users", 201, admin))
	job := who(1)
	job.Service = true
	f("a job", "", work(newScript(), job, 30).do(job, "DELETE", "/admin/users/{id}", 204, admin))

	s = newScript()
	for u := range 10 {
		work(s, who(u), 25).do(who(u), "GET", "/admin/news", 200, admin).do(who(u), "GET", "/admin/help", 200, admin)
	}
	again := work(newScript(), who(1), 25).do(who(1), "GET", "/admin/users", 200, admin).do(who(1), "GET", "/admin/audit", 200, admin)
	for range 5 {
		again.wait(26*time.Hour).do(who(1), "GET", "/admin/users", 200, admin).do(who(1), "GET", "/admin/audit", 200, admin)
	}
	f("the same two pages day after day: told once", "27 Medium", again)
	first := s.said(t, "bfla")
	if first != "27 Medium" {
		t.Errorf("pages of everybody's: %q", first)
	}

	nurse := func(n int) call.Principal { p := who(n); p.Role = "nurse"; return p }
	s = work(work(newScript(), chief, 3).do(chief, "POST", "/admin/a", 201, admin), nurse(9), 3)
	for u := 10; u < 16; u++ {
		work(s, nurse(u), 4)
	}
	n := len(s.calls)
	f("a nurse who begins with it", fmt.Sprintf("%d Medium", n+4), work(s, nurse(20), 3).do(nurse(20), "POST", "/admin/users", 201, admin))

	hashes := func(c *call.Call) {
		c.Flags |= call.Admin
		c.PHI.Classes, c.RespDec = phi.Credential, 900
		c.Answer.Props = []call.Prop{{Key: 1, Name: "login"}, {Key: 2, Name: "passwordHash", Class: phi.Credential}}
	}
	f("hashes of passwords read by a nurse, cold", "1 Medium", newScript().do(nurse(1), "GET", "/api/admin/users", 200, hashes))
	f("hashes read by who did other work", "26 Medium", work(newScript(), who(1), 25).do(who(1), "GET", "/api/admin/users", 200, hashes))
	f("hashes read by an administrator", "", work(newScript(), chief, 25).do(chief, "GET", "/api/admin/users", 200, hashes))
	f("one page read by a nurse", "", newScript().do(nurse(1), "GET", "/api/admin/users", 200, admin))
	f("a nurse who is an administrator too", "", func() *script {
		both := who(1)
		both.Role = "nurse unit-admin"
		return newScript().do(both, "GET", "/api/admin/users", 200, hashes).do(both, "POST", "/api/admin/users", 201, admin)
	}())
	f("a description of the API, read by a programmer", "", work(newScript(), who(1), 25).do(who(1), "GET", "/swagger/v1/swagger.json", 200, flags(call.Operator)).
		do(who(1), "GET", "/v3/api-docs", 200, flags(call.Operator)))
	s = newScript()
	for i := range 6 {
		s.wait(time.Minute).do(who(1), "GET", fmt.Sprintf("/admin/f%d", i), 403, admin)
	}
	f("functions tried", "5 Medium", s)
	s = newScript()
	for range 20 {
		s.wait(time.Minute).do(who(1), "GET", "/admin/menu", 403, admin)
	}
	f("one menu that is not for everybody", "", s)
	s = newScript()
	for i := range 8 {
		s.wait(time.Hour).do(who(1), "GET", fmt.Sprintf("/admin/f%d", i), 403, admin)
	}
	f("now and then", "", s)
}

func TestCrowded(t *testing.T) {
	var in [everybody]uint64
	for i, want := range []bool{false, false, true, true, true} {
		if got := crowded(&in, uint64(i+1)); got != want {
			t.Errorf("caller %d: %v", i+1, got)
		}
	}
	in = [everybody]uint64{}
	for range 5 {
		if crowded(&in, 7) {
			t.Error("one is no crowd")
		}
	}
}
