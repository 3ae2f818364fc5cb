package detectors

import (
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
)

func TestBulkWrite(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "bulk_write_delete"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	many := func(p call.Principal, method, route string, n int, every time.Duration) *script {
		s := newScript()
		for i := range n {
			s.wait(every).do(p, method, route, 200, patient(500+i*37))
		}
		return s
	}
	const route = "/api/patients/{id}"
	f("charts deleted", "10 High", many(who(1), "DELETE", route, 12, 5*time.Second))
	f("a few in a day", "", many(who(1), "DELETE", route, 20, 20*time.Minute))
	f("nine", "", many(who(1), "DELETE", route, 9, time.Second))
	f("charts changed", "24 Medium, 80 High", many(who(1), "PATCH", route, 90, 2*time.Second))
	f("a vaccination day", "", many(who(1), "PUT", route, 200, 40*time.Second))
	f("appointments of a clinic that falls out", "", many(who(1), "DELETE", "/api/appointments/{id}", 50, time.Second))
	job := who(1)
	job.Service = true
	f("a job", "", many(job, "DELETE", route, 500, time.Second))

	s := newScript()
	for i := range 30 {
		s.wait(time.Second).do(who(1), "POST", "/api/patients", 201, flags(call.Create), func(c *call.Call) {
			c.Delivered = append(c.Delivered, patientKeyOf(i))
			c.Objects = append(c.Objects, call.Object{Type: "Patient", ID: plainID(i), Key: patientKeyOf(i), Patient: true, Where: call.InResponse})
		})
	}
	for i := range 30 {
		s.wait(time.Second).do(who(1), "DELETE", route, 200, patient(i))
	}
	f("one's own undone", "", s)

	s = newScript()
	s.do(who(1), "GET", "/results", 200, flags(call.Search), func(c *call.Call) {
		for i := range 100 {
			c.Delivered = append(c.Delivered, patientKeyOf(i))
		}
	})
	for i := range 100 {
		s.wait(time.Second).do(who(1), "PATCH", "/api/results/{id}/verify", 200, patient(i))
	}
	f("a list of results, signed off", "", s)

	s = newScript()
	for range 100 {
		s.wait(time.Second).do(who(1), "PUT", route, 200, patient(7))
	}
	f("one chart saved again and again", "", s)
	f("refused", "", func() *script {
		s := newScript()
		for i := range 50 {
			s.wait(time.Second).do(who(1), "DELETE", route, 403, patient(i))
		}
		return s
	}())
}

// TestDeletedNotOpened says of records that were deleted that they were, whoever tells it.
func TestDeletedNotOpened(t *testing.T) {
	s := &scene{}
	f := &casefile{calls: 3, deletes: 3, reasonless: 3}
	for i := range 3 {
		f.objects.Add(uint64(i + 1))
	}
	var sig Signal
	s.describeFanout(&sig, f)
	if !strings.Contains(sig.Title, "deleted records of 3 patients") || strings.Contains(sig.Title, "opened") {
		t.Error(sig.Title)
	}
	f.deletes = 1
	if s.describeFanout(&sig, f); !strings.Contains(sig.Title, "opened 3 patients") {
		t.Error(sig.Title)
	}
}
