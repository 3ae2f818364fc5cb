package detectors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// script makes the calls of a few people, in order of time.
type script struct {
	calls []*call.Call
	now   clock.Time
	seq   uint32
}

func newScript() *script { return &script{now: epoch} }

func (s *script) wait(d time.Duration) *script { s.now += clock.Time(d); return s }

// who is a person with a JWT and an address of its own.
func who(n int) call.Principal {
	return call.Principal{Key: uint64(5000 + n), Kind: call.JWT, ID: fmt.Sprintf("person%d", n), Token: uint64(7000 + n), Strength: 90}
}

func (s *script) do(p call.Principal, method, route string, status int, more ...func(*call.Call)) *script {
	s.seq++
	c := &call.Call{Method: method, Host: "ehr", Route: route, Path: route, Target: route, Status: status, Principal: p, Start: s.now,
		Endpoint: text(method + " ehr" + route), UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/128.0.0.0 Safari/537.36"}
	c.Order = call.Order{Time: s.now, Flow: p.Key, Seq: s.seq}
	c.Client.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 20, 14: byte(p.Key >> 8), 15: byte(p.Key)}
	c.Server.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 10, 14: 0, 15: 10}
	for _, f := range more {
		f(c)
	}
	s.calls = append(s.calls, c)
	return s
}

// patient has the call name patient id, and answers with the patient's data when it succeeds.
func patient(id int) func(*call.Call) {
	return func(c *call.Call) {
		key := patientKeyOf(id)
		o := call.Object{Type: "Patient", ID: plainID(id), Key: key, Param: patientParam, Patient: true, Where: call.InPath}
		c.Objects = append(c.Objects, o)
		c.Flags |= call.HealthAPI
		c.Path = strings.Replace(c.Path, "{id}", o.ID, 1)
		c.Target = c.Path
		if c.OK() && c.Method == "GET" {
			o.Where = call.InResponse
			c.Objects = append(c.Objects, o)
			c.Delivered = append(c.Delivered, key)
			c.PHI.People = 1
		}
	}
}

func patientKeyOf(id int) uint64 { return call.PatientKey([]byte(plainID(id))) }

func flags(f call.Flags) func(*call.Call) { return func(c *call.Call) { c.Flags |= f } }

func aimed(format string, args ...any) func(*call.Call) {
	return func(c *call.Call) {
		c.Target = fmt.Sprintf(format, args...)
		c.Path, c.Query, _ = strings.Cut(c.Target, "?")
	}
}

func arg(name, text_ string) func(*call.Call) {
	return func(c *call.Call) {
		c.Args = append(c.Args, call.Arg{Name: name, Text: text_, Value: text(text_), Len: len(text_), Where: call.InBody})
	}
}

// said plays the calls through a whole engine and is what was said of kind, at which call: "12 Medium, 20 High".
func (s *script) said(t *testing.T, kind string) string {
	t.Helper()
	return s.saidBy(t, New(Defaults()), kind)
}

func (s *script) saidBy(t *testing.T, e *Engine, kind string) string {
	t.Helper()
	var got []string
	worst := Severity(0)
	for i, c := range s.calls {
		for _, sig := range e.Observe(nil, c) {
			if sig.Detector != kind {
				continue
			}
			if sig.Title == "" || sig.Expected == "" || sig.Observed == "" || len(sig.Evidence) == 0 || sig.Client == "" {
				t.Errorf("a finding without words or evidence: %+v", sig)
			}
			if sig.Severity >= Medium && !strings.Contains(sig.Title, "{principal}") {
				t.Errorf("nobody is named in %q", sig.Title)
			}
			if sig.Severity > worst {
				worst = sig.Severity
				got = append(got, fmt.Sprintf("%d %v", i+1, sig.Severity))
			}
		}
	}
	return strings.Join(got, ", ")
}

func TestWordList(t *testing.T) {
	l := wordList{"slot", "otp", "ed"}
	f := func(text, want string) {
		t.Helper()
		if got := l.in(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("/api/v2/slots/{id}", "slot")
	f("/otp-send", "otp")
	f("/sendOtp", "otp")
	f("/SENDOTP", "")
	f("/lookup/optimise", "")
	f("/education", "")
	f("ed nurse", "ed")
	f("nurse, ED", "ed")
	f("/timeslot", "")
	f("", "")
}
