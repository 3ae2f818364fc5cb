package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/phi"
)

// answerOf is a call at a second by person number who, answered with 200 from 10.0.0.4.
func answerOf(at, who int, method, route string) *call.Call {
	c := &call.Call{Method: method, Route: route, Path: route, Status: 200, RespDec: 800, ContentType: "application/json", Host: "ehr.example.org",
		Endpoint:  text(method + route),
		Principal: call.Principal{Key: uint64(100 + who), Kind: call.JWT, ID: fmt.Sprintf("u%d", who), Token: uint64(900 + who)}}
	c.Auth.Scheme = call.Bearer
	c.Secure.Version = "1.3"
	c.Time = epoch + clock.Time(at)*second
	c.Start = c.Time
	c.Client.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 0, 15: byte(who)}
	c.Server.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 0, 14: 0, 15: 4}
	return c
}

// told is what a new engine says of kind, as severities, and the signals.
func told(t *testing.T, kind string, calls ...*call.Call) (string, []Signal) {
	t.Helper()
	e := New(Defaults())
	var words []string
	var out []Signal
	for _, c := range calls {
		for _, s := range e.Observe(nil, c) {
			if s.Detector != kind {
				continue
			}
			words, out = append(words, s.Severity.String()), append(out, s)
			if s.Title == "" || s.Expected == "" || s.Observed == "" || len(s.Facts) == 0 || s.Confidence == 0 || len(s.Evidence) == 0 {
				t.Errorf("an empty signal: %+v", s)
			}
			if named := s.Principal.Key != 0; named != strings.Contains(s.Title, "{principal}") || s.Severity > Low && !named {
				t.Errorf("%s accuses %q: %s", s.Severity, s.Principal.ID, s.Title)
			}
		}
	}
	return strings.Join(words, " "), out
}

func TestVerboseError(t *testing.T) {
	shows := func(at, who, status int, route string, set exposure.Set, product string) *call.Call {
		c := answerOf(at, who, "GET", route)
		c.Status, c.Answer.Set, c.Answer.Product = status, set, product
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := told(t, "verbose_error", calls...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("a database", "Low", shows(0, 1, 500, "/a", exposure.DatabaseError, "PostgreSQL"))
	f("twice", "Low", shows(0, 1, 500, "/a", exposure.DatabaseError, "PostgreSQL"), shows(1, 2, 500, "/a", exposure.DatabaseError|exposure.StackTrace, "PostgreSQL"))
	f("another product", "Low Low", shows(0, 1, 500, "/a", exposure.DatabaseError, "PostgreSQL"), shows(1, 1, 500, "/a", exposure.StackTrace, "Java"))
	f("another endpoint", "Low Low", shows(0, 1, 500, "/a", exposure.StackTrace, "Java"), shows(1, 1, 500, "/b", exposure.StackTrace, "Java"))
	f("a banner on every path", "Informational", shows(0, 1, 404, "/a", exposure.Version, "nginx"), shows(1, 1, 404, "/b", exposure.Version, "nginx"))
	f("what is another's", "", shows(0, 1, 200, "/a", exposure.SystemFile|exposure.CommandOutput|exposure.Management, "Unix"))
	f("nothing", "", shows(0, 1, 500, "/a", 0, ""))
	flood := make([]*call.Call, 0, 300)
	for i := range 300 {
		flood = append(flood, shows(i, 1, 500, fmt.Sprintf("/%d", i), exposure.StackTrace, "Java"))
	}
	if _, sigs := told(t, "verbose_error", flood...); len(sigs) != perServer {
		t.Errorf("%d endpoints of one server are named", len(sigs))
	}
}

func TestCORS(t *testing.T) {
	asks := func(at int, origin string, allows call.CORS) *call.Call {
		c := answerOf(at, 1, "GET", "/api/patients/{id}")
		c.Answer.CORS, c.Answer.Origin = allows, origin
		c.PHI = call.Found{Classes: phi.MRN | phi.Name, People: 1, Records: 1}
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := told(t, "cors_misconfig", calls...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const with = call.WithCredents
	f("null", "Low", asks(0, "null", call.NullOrigin|with))
	f("any with credentials", "Low", asks(0, "https://a.example", call.AnyOrigin|with))
	f("two sites", "Low", asks(0, "https://evil.example", call.Reflected|with), asks(1, "https://portal.example.net", call.Reflected|with))
	f("a list", "", asks(0, "https://app.example.org", call.Reflected|with), asks(1, "https://portal.example.org", call.Reflected|with))
	f("a partner", "", asks(0, "https://app.partner.net", call.Reflected|with), asks(1, "https://app.partner.net", call.Reflected|with))
	f("any, with a bearer token", "", asks(0, "https://a.example", call.AnyOrigin))
	open := asks(0, "https://a.example", call.AnyOrigin)
	open.Auth.Scheme = call.NoCredential
	f("any, and needs nothing", "Informational", open)
	public := asks(0, "https://a.example", call.AnyOrigin|with)
	public.PHI = call.Found{}
	f("nothing to read", "", public)
}

func TestSiteOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://app.example.org:8443": "example.org", "example.org": "example.org", "http://a.b.hospital.co.in": "hospital.co.in",
		"http://10.1.2.3:80": "10.1.2.3", "https://[2001:db8::1]:443": "[2001:db8::1]", "localhost:3000": "localhost", "null": "null",
		"": "", "http://x.y/z": "x.y", "https://portal.nhs.uk": "portal.nhs.uk",
	} {
		if got := siteOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCleartext(t *testing.T) {
	clear := func(at int, version string, people int) *call.Call {
		c := answerOf(at, 1, "GET", fmt.Sprintf("/r%d", at))
		c.Secure.Version = version
		c.PHI = call.Found{Classes: phi.MRN | phi.Name, People: people, Records: people}
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := told(t, "cleartext_phi", calls...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("inside", "Informational", clear(0, "", 1), clear(1, "", 3), clear(2, "1.0", 3))
	f("old", "Informational", clear(0, "1.1", 1))
	f("sealed", "", clear(0, "1.2", 1), clear(1, "1.3", 1))
	f("nobody's", "", clear(0, "", 0))
	outside := clear(0, "", 1)
	outside.Server.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 203, 13: 0, 14: 113, 15: 9}
	f("a public address", "Low", outside)
	local := clear(0, "", 1)
	local.Server.Addr = [16]byte{15: 1}
	f("loopback", "", local)
	login := clear(0, "", 0)
	login.Flags, login.Auth.Secret = call.Login, 7
	basic := clear(1, "", 0)
	basic.Auth.Scheme = call.BasicAuth
	f("passwords", "Informational", login, basic)
	f("both", "Informational Informational", login, clear(1, "", 1))
	hl7 := clear(0, "", 0)
	hl7.Method, hl7.Flags = "MLLP", call.HealthAPI
	f("HL7", "Informational", hl7)
}

func TestPHIInURL(t *testing.T) {
	asks := func(at int, route string, args ...string) *call.Call {
		c := answerOf(at, 1, "GET", route)
		for i := 0; i < len(args); i += 2 {
			c.Args = append(c.Args, call.Arg{Key: text(args[i]), Name: args[i], Text: args[i+1], Len: len(args[i+1]), Where: call.InQuery})
		}
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		got, sigs := told(t, "phi_in_url", calls...)
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		for _, s := range sigs {
			for _, c := range calls {
				for _, a := range c.Args {
					if strings.Contains(s.Title+s.Observed+fmt.Sprint(s.Facts), a.Text) {
						t.Errorf("%s: the value %q is told", name, a.Text)
					}
				}
			}
		}
	}
	f("a record number", "Informational", asks(0, "/a", "mrn", "MRN-004411"), asks(1, "/a", "mrn", "MRN-004412"))
	f("a national number", "Informational", asks(0, "/a", "ssn", "536-90-4399"))
	f("a phone", "Informational", asks(0, "/a", "mobile", "+91 98765 43210"))
	f("an e-mail address", "Informational", asks(0, "/a", "email", "asha@example.org"))
	f("name and birth date", "Informational", asks(0, "/a", "name", "Asha Rao", "birthdate", "1980-01-02"))
	f("a name alone", "", asks(0, "/a", "name", "Asha Rao"))
	f("a birth date alone", "", asks(0, "/a", "birthdate", "1980-01-02"))
	f("an id", "", asks(0, "/a", "patientId", "4711", "id", "12345", "_count", "1000"))
	f("a choice", "", asks(0, "/a", "phone", "verified", "email", "primary", "mrn", "none"))
	patient := asks(0, "/fhir/Patient", "identifier", "http://hospital|MRN-004411")
	patient.FHIR = call.FHIR{Interaction: "search-type", Type: "Patient"}
	f("a FHIR identifier", "Informational", patient)
	encounter := asks(0, "/fhir/Encounter", "identifier", "http://hospital|V-004411")
	encounter.FHIR = call.FHIR{Interaction: "search-type", Type: "Encounter"}
	f("that of a visit", "", encounter)
	refused := asks(0, "/a", "mrn", "MRN-004411")
	refused.Status = 404
	f("refused", "", refused)
	body := asks(0, "/a", "mrn", "MRN-004411")
	body.Args[0].Where = call.InBody
	f("in the body", "", body)
}
