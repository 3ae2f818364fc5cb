package detectors

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"auscult/sensor/call"
)

func TestFlow(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "business_flow_abuse"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	run := func(p call.Principal, method, route string, n int, every func(i int) time.Duration) *script {
		s := limiting()
		for i := range n {
			s.wait(every(i)).do(p, method, route, 201, aimed("%s#%d", route, i))
		}
		return s
	}
	steady := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	rng := rand.New(rand.NewSource(3))
	uneven := func(mean time.Duration) func(int) time.Duration {
		return func(int) time.Duration { return time.Duration(rng.ExpFloat64()*float64(mean)) + mean/8 }
	}
	const book = "/api/v2/appointments"
	f("slots grabbed, one a second", "21 Medium", run(who(1), "POST", book, 40, steady(time.Second)))
	f("as even as a clock", "21 Medium", run(who(1), "POST", book, 40, steady(25*time.Second)))
	f("a desk", "", run(who(1), "POST", book, 400, uneven(40*time.Second)))
	f("a series of weekly appointments", "", run(who(1), "POST", book, 52, steady(120*time.Millisecond)))
	f("a day's claims, sent off", "", run(who(1), "POST", "/claims", 50, steady(time.Second)))
	f("a thousand claims", "61 Medium", run(who(1), "POST", "/claims", 1000, steady(time.Second)))
	f("those who did not come, ticked off", "", run(who(1), "PATCH", book+"/{id}", 50, steady(time.Second)))
	f("a search", "", run(who(1), "POST", book+"/search", 400, steady(time.Second)))
	f("no flow", "", run(who(1), "POST", "/fhir/Observation", 400, steady(time.Second)))
	job := who(1)
	job.Service = true
	f("a job", "", run(job, "POST", book, 400, steady(time.Second)))
	key := call.Principal{Key: 9, Kind: call.APIKey, ID: "kiosk-3"}
	f("a kiosk", "", run(key, "POST", book, 400, steady(time.Second)))
	booked := func(p call.Principal, n int, gap time.Duration, patient func(i int) string) *script {
		s := limiting()
		for i := range n {
			s.wait(gap).do(p, "POST", book, 201, flags(call.Create), func(c *call.Call) {
				id := patient(i)
				c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: id, Key: text(id), Param: 7, Where: call.InBody, Patient: true})
			})
		}
		return s
	}
	f("slots grabbed by a key, all for one patient", "61 Medium", booked(key, 110, 900*time.Millisecond, func(int) string { return "1230" }))
	f("a kiosk that books for one after another", "", booked(key, 400, time.Second, func(i int) string { return fmt.Sprint(i) }))
	f("a patient's appointments of a year, moved at once", "", booked(key, 150, 100*time.Millisecond, func(int) string { return "1230" }))
	f("registrations of a mass casualty", "", run(who(1), "POST", "/registrations", 150, uneven(20*time.Second)))

	s := limiting()
	for i := range 20 {
		s.wait(2*time.Second).do(who(1), "POST", "/otp/send", 200, flags(call.Login), arg("mobile", fmt.Sprintf("98765%05d", i)))
	}
	f("codes to many", "11 Medium", s)
	s = limiting()
	for i := range 30 {
		s.wait(90*time.Second).do(who(1), "POST", "/otp/send", 200, arg("mobile", fmt.Sprintf("98765%05d", i)))
	}
	f("a desk that links accounts", "", s)
	s = limiting()
	for range 12 {
		s.wait(8*time.Second).do(who(1), "POST", "/otp/send", 200, arg("mobile", "9876512345"))
	}
	f("a code that does not come", "", s)
}
