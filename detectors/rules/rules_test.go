package rules

import (
	"errors"
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// sample is a DELETE by dr.rao on a Sunday at 23:00 UTC.
func sample() *call.Call {
	c := &call.Call{Method: "DELETE", Host: "ehr.hospital.test", Path: "/api/admin/users/7", Route: "/api/admin/users/{id}", Status: 204,
		UserAgent: "curl/8.5", RespDec: 120, Duration: clock.Time(1500 * time.Millisecond), Flags: call.Admin | call.Search,
		Principal: call.Principal{ID: "dr.rao", Kind: call.JWT, Role: "nurse", Scope: "user/*.read", Client: "portal", Strength: 90},
		PHI:       call.Found{Classes: phi.Name | phi.SSN, People: 3},
		Objects:   []call.Object{{Type: "users", ID: "7", Where: call.InPath}, {Type: "Patient", ID: "9", Where: call.InQuery, Patient: true}, {ID: "8", Where: call.InResponse, Patient: true}},
		Args:      []call.Arg{{Name: "debug"}, {Name: "reason"}}}
	c.Time = clock.Time(time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC).UnixNano())
	c.Client.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 9}
	c.Secure.Version = "1.2"
	return c
}

func TestFits(t *testing.T) {
	f := func(when string, want Verdict) {
		t.Helper()
		s, err := Compile([]Rule{{Name: "x", When: when}})
		if err != nil {
			t.Errorf("%s: %v", when, err)
			return
		}
		s.Look(sample())
		if got := s.Fits(0); got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	for _, when := range []string{
		`call.method == "DELETE" && call.route.startsWith("/api/admin") && !(call.principal.role in ["admin"])`,
		`call.principal.id == "dr.rao" && call.principal.kind == "jwt" && call.principal.strength > 50`,
		`call.principal.scope.contains("read") && call.principal.client == "portal" && !call.principal.service`,
		`call.hour >= 22 && call.weekday == 0`,
		`call.client_ip == "10.0.0.9" && call.server_port == 0`,
		`call.objects == 2 && call.patients == 1 && call.phi.people == 3`,
		`"ssn" in call.phi.classes && call.phi.classes.size() == 2`,
		`"debug" in call.args && call.args.exists(a, a.matches("^re"))`,
		`"admin" in call.flags && !("login" in call.flags)`,
		`call.duration_ms == 1500 && call.response.bytes == 120 && call.tls.version == "1.2"`,
		`call.ok && call.status == 204 && call.user_agent.startsWith("curl/")`,
		`call.host == "ehr.hospital.test" && call.path.matches("/users/[0-9]+$")`,
	} {
		f(when, Yes)
		f("!("+when+")", No)
	}
	f(`1 / (call.status - 204) == 1`, Failed)
	f(`call.args[9] == "x"`, Failed)
	const every = `["a","b","c","d","e","f","g","h","i","j"]`
	f(every+`.all(a, `+every+`.all(b, `+every+`.all(c, `+every+`.all(d, call.path != a + b + c + d))))`, Costly)
}

func TestLook(t *testing.T) {
	s, err := Compile([]Rule{{Name: "a", When: `call.method == "GET"`}, {Name: "b", When: `call.method == "DELETE"`}})
	if err != nil {
		t.Fatal(err)
	}
	get := sample()
	get.Method = "GET"
	for _, c := range []*call.Call{sample(), get, sample()} {
		s.Look(c)
		if a, b := s.Fits(0), s.Fits(1); (a == Yes) != (c.Method == "GET") || (b == Yes) == (c.Method == "GET") {
			t.Errorf("%s: %v, %v", c.Method, a, b)
		}
	}
}

func TestCompile_Bad(t *testing.T) {
	ok := `call.status == 200`
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{When: ok}, "rules[0].name: it needs one"},
		{Rule{Name: "x"}, "rules[0].when (x): it needs a condition"},
		{Rule{Name: "x", When: `call.stat == 200`}, "rules[0].when (x) line 1, column 5: undeclared reference to 'call.stat'"},
		{Rule{Name: "x", When: "call.ok &&\n  call.status == \"200\""}, "rules[0].when (x) line 2, column 15: found no matching overload"},
		{Rule{Name: "x", When: `call.ok && (`}, "line 1, column"},
		{Rule{Name: "x", When: `call.status`}, "it is a int, not true or false"},
		{Rule{Name: "x", When: `call.path.matches("(")`}, "rules[0].when (x) line 1"},
		{Rule{Name: "x", When: strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200)}, "rules[0].when (x)"},
		{Rule{Name: "x", When: ok + strings.Repeat(" ", maxText)}, "longer than 4096"},
		{Rule{Name: "x", When: ok, Per: "ward"}, "rules[0].per (x)"},
		{Rule{Name: "x", When: ok, Severity: "huge"}, "rules[0].severity (x)"},
		{Rule{Name: "x", When: ok, Count: "words", Window: time.Minute, AtLeast: 1}, "rules[0].count (x)"},
		{Rule{Name: "x", When: ok, Count: "calls"}, "rules[0].window (x)"},
		{Rule{Name: "x", When: ok, Window: time.Minute}, "rules[0].at_least (x): 0 is not positive"},
		{Rule{Name: "x", When: ok, Window: time.Minute, AtLeast: maxAtLeast + 1}, "rules[0].at_least (x)"},
		{Rule{Name: "x", When: ok, Window: 1000 * time.Hour, AtLeast: 1}, "rules[0].window (x)"},
	} {
		_, err := Compile([]Rule{c.rule})
		var wrong *Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+.80v: %v, want %q", c.rule, err, c.want)
		}
	}
	if _, err := Compile([]Rule{{Name: "x", When: ok}, {Name: "x", When: ok}}); err == nil || !strings.Contains(err.Error(), "rules[1].name (x): another rule has it") {
		t.Error(err)
	}
	if s, err := Compile(nil); s != nil || err != nil {
		t.Error(s, err)
	}
}

func TestWeekday(t *testing.T) {
	for day := range 800 {
		at := time.Date(2026, 1, 1+day, 23, 59, 59, 0, time.UTC)
		if got := weekday(at.UnixNano()); got != int64(at.Weekday()) {
			t.Fatalf("%v is a %d", at, got)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`call.method == "GET"`)
	f.Add(`call.args.exists(a, a.matches("x*"))`)
	f.Add(`[1,2].map(x, x * call.status).all(x, x > 0)`)
	f.Fuzz(func(t *testing.T, when string) {
		s, err := Compile([]Rule{{Name: "x", When: when}})
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !strings.Contains(when, "\n") {
				t.Fatalf("%q", err)
			}
			return
		}
		s.Look(sample())
		first := s.Fits(0)
		if second := s.Fits(0); first != second {
			t.Fatalf("%v, then %v", first, second)
		}
	})
}
