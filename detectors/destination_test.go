package detectors

import (
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/packet"
)

func at4(a, b, c, d byte) func(*call.Call) {
	return func(k *call.Call) { k.Client.Addr = packet.Addr{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d} }
}

func TestDestination(t *testing.T) {
	const kind, route = "exfil_destination", "/fhir/Patient/{id}"
	f := func(name, want string, cfg Config, s *script) {
		t.Helper()
		if got := s.saidBy(t, New(cfg), kind); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	inside := func(n int) *script {
		s := newScript()
		for i := range n {
			s.do(who(100+i), "GET", route, 200, patient(i))
		}
		return s
	}
	take := func(s *script, p call.Principal, n int, at func(*call.Call)) *script {
		for i := range n {
			s.wait(time.Second).do(p, "GET", route, 200, patient(1000+i), at)
		}
		return s
	}
	abroad := at4(203, 0, 113, 9)
	f("a hundred, from outside", "110 High", Defaults(), take(inside(10), who(1), 120, abroad))
	f("one patient, all day", "", Defaults(), func() *script {
		s := inside(10)
		for range 300 {
			s.wait(time.Minute).do(who(1), "GET", route, 200, patient(7), abroad)
		}
		return s
	}())
	f("some", "", Defaults(), take(inside(10), who(1), 80, abroad))
	f("inside", "", Defaults(), take(inside(10), who(1), 400, at4(192, 168, 7, 7)))
	f("a portal: everybody is outside", "", Defaults(), take(newScript(), who(1), 400, abroad))
	own := Defaults()
	own.Inside = []string{"203.0.113.0/24", "2001:db8::/32"}
	f("the hospital's own network", "", own, take(inside(10), who(1), 400, abroad))
	partner := who(1)
	partner.Service = true
	f("a partner's service", "11 Low", Defaults(), take(inside(10), partner, 400, abroad))

	home := inside(40)
	for i := range 6 {
		take(home, who(200+i), 60, at4(203, 0, byte(20+i), 9))
	}
	f("people who work at home", "", Defaults(), take(home, who(1), 300, abroad))

	portal := inside(20)
	for i := range 60 {
		take(portal, who(300+i), 2, at4(198, 51, byte(i), 9))
	}
	f("outside among patients at home", "240 High", Defaults(), take(portal, who(1), 120, abroad))

	sent := func(c *call.Call) {
		c.Server.Addr = packet.Addr{10: 0xff, 11: 0xff, 12: 198, 13: 51, 14: 100, 15: 1}
		c.Objects = []call.Object{{Type: "Patient", ID: "7", Key: patientKeyOf(7), Patient: true, Where: call.InBody}}
	}
	s := inside(3)
	for range 30 {
		s.do(who(1), "POST", "/partner/observations", 201, sent).do(who(1), "POST", "/partner/claims", 201, sent)
	}
	f("sent to a server outside", "4 Low", Defaults(), s)

	bad := Defaults()
	bad.Inside = []string{"203.0.113.0"}
	if bad.Validate() == nil {
		t.Error("an address without a length passed for a network")
	}
}

func TestLocal(t *testing.T) {
	e := New(Defaults())
	d := newDestination(&e.scene)
	f := func(a packet.Addr, want bool) {
		t.Helper()
		if d.local(&a) != want {
			t.Errorf("%v: %v", a.IP(), !want)
		}
	}
	v4 := func(a, b, c, d byte) packet.Addr { return packet.Addr{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d} }
	for _, a := range []packet.Addr{v4(10, 1, 2, 3), v4(172, 16, 0, 1), v4(172, 31, 0, 1), v4(192, 168, 0, 1), v4(127, 0, 0, 1), v4(169, 254, 1, 1),
		v4(100, 64, 0, 1), {0: 0xfd, 15: 1}, {0: 0xfe, 1: 0x80, 15: 1}, {15: 1}} {
		f(a, true)
	}
	for _, a := range []packet.Addr{v4(172, 32, 0, 1), v4(172, 15, 0, 1), v4(192, 169, 0, 1), v4(11, 0, 0, 1), v4(100, 128, 0, 1), {0: 0x20, 1: 0x01, 15: 1}} {
		f(a, false)
	}
}
