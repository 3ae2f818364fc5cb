package detectors

import (
	"testing"
	"time"

	"auscult/sensor/call"
)

func TestBreakGlass(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "break_glass_abuse"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const route = "/fhir/Patient/{id}"
	glass := flags(call.BreakGlass)
	ward := func(n int) *script { // others at work, n of them
		s := newScript()
		for i := range n {
			s.do(who(100+i), "GET", route, 200, patient(9000+i))
		}
		return s
	}
	breaks := func(s *script, p call.Principal, n int, every time.Duration) *script {
		for i := range n {
			s.wait(every).do(p, "GET", route, 200, patient(500+37*i), glass)
		}
		return s
	}
	f("three where nobody does", "18 Medium", breaks(ward(15), who(1), 3, time.Minute))
	f("two", "", breaks(ward(15), who(1), 2, time.Minute))
	f("three in a day", "", breaks(ward(15), who(1), 3, 5*time.Hour))
	f("six, with nobody to compare with", "6 Medium", breaks(newScript(), who(1), 7, time.Minute))
	one := ward(15)
	for range 50 {
		one.wait(time.Minute).do(who(1), "GET", route, 200, patient(500), glass)
	}
	f("one chart, all day", "", one)
	refused := ward(15)
	for i := range 9 {
		refused.do(who(1), "GET", route, 403, patient(500+i), glass)
	}
	f("refused", "", refused)

	ed := ward(15)
	for h := range 8 {
		for u := range 5 {
			p := who(u)
			p.Role = "ED nurse"
			for i := range 4 {
				ed.wait(time.Minute).do(p, "GET", route, 200, patient(10000+h*100+u*10+i), glass)
			}
		}
	}
	f("an emergency department", "", ed)

	usual := newScript()
	for u := range 12 { // where everybody does, without a role
		breaks(usual, who(u), 2, 20*time.Minute)
	}
	f("the way of the house", "", breaks(usual, who(3), 5, 10*time.Minute))

	board := ward(15)
	list := func(c *call.Call) {
		c.Flags |= call.Search
		for i := range 9 {
			c.Delivered = append(c.Delivered, patientKeyOf(500+37*i))
		}
	}
	f("patients of a board", "", breaks(board.do(who(1), "GET", "/board", 200, list), who(1), 9, 5*time.Minute))
}
