package call_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// site builds and resolves calls one after another.
type site struct {
	builder  *call.Builder
	resolver *call.Resolver
	arena    call.Arena
	now      clock.Time
}

func newSite(change func(*call.Config)) *site {
	cfg := call.Defaults()
	if change != nil {
		change(&cfg)
	}
	return &site{builder: call.NewBuilder(cfg, new(call.Direct)), resolver: call.NewResolver(cfg), now: 1e18}
}

// do is one call; login is its request body and response body.
func (s *site) do(method, target string, status int, login []string, headers ...string) call.Call {
	x := exchange(method, target, status, headers...)
	s.now += 1e9
	x.Start, x.ResponseStart, x.End = s.now, s.now+1, s.now+2
	cn := conn()
	if login != nil {
		cn.Texts = new(call.Texts)
		cn.Texts.Side(http.Request).Scan([]byte(login[0]))
		cn.Texts.Side(http.Response).Scan([]byte(login[1]))
	}
	var c call.Call
	s.builder.Build(&c, &s.arena, x, cn, nil, nil)
	s.resolver.Resolve(&c)
	return c
}

func TestResolver_Login(t *testing.T) {
	s := newSite(nil)
	cookie := "Cookie: JSESSIONID=c1caad27933165724a259b66498bfb93"
	before := s.do("GET", "/x", 200, nil, cookie)
	s.do("POST", "/api/v2/login", 200, []string{`{"username":"v.costa49","password":"p"}`, `{}`},
		"<Set-Cookie: JSESSIONID=c1caad27933165724a259b66498bfb93; Path=/; HttpOnly")
	after := s.do("GET", "/x", 200, nil, cookie)
	if before.Principal.ID != "c1caad27933165724a259b66498bfb93" || after.Principal.ID != "v.costa49" ||
		after.Principal.Kind != call.Session || after.Principal.Strength <= before.Principal.Strength {
		t.Errorf("before %+v, after %+v", before.Principal, after.Principal)
	}
	s.do("POST", "/oauth/token", 200, []string{"grant_type=password&username=asha&password=p", `{"access_token":"opaque-token-1"}`})
	if p := s.do("GET", "/x", 200, nil, "Authorization: Bearer opaque-token-1").Principal; p.ID != "asha" || p.Service {
		t.Errorf("%+v", p)
	}
	s.do("POST", "/oauth/token", 200, []string{"grant_type=client_credentials&client_id=lab", `{"access_token":"opaque-token-2","expires_in":300}`})
	if p := s.do("GET", "/x", 200, nil, "Authorization: Bearer opaque-token-2").Principal; p.ID != "lab" || !p.Service {
		t.Errorf("%+v", p)
	}
	token := jwt(nurse)
	s.do("POST", "/oauth/token", 200, []string{"grant_type=client_credentials", `{"access_token":"` + token + `"}`})
	if p := s.do("GET", "/x", 200, nil, "Authorization: Bearer "+token).Principal; p.ID != "g.ivanov59" || !p.Service {
		t.Errorf("%+v", p)
	}
	s.do("GET", "/openmrs/ws/rest/v1/session", 200, nil, "Authorization: Basic YWRtaW46cHc=", "<Set-Cookie: JSESSIONID=ABCDEF0123456789; Path=/openmrs")
	if p := s.do("GET", "/x", 200, nil, "Cookie: JSESSIONID=ABCDEF0123456789").Principal; p.ID != "admin" {
		t.Errorf("%+v", p)
	}
}

// TestResolver_NoFraming holds that a login which was refused, or that hands out nothing, puts no session in
// another's name.
func TestResolver_NoFraming(t *testing.T) {
	s := newSite(nil)
	mine := "Cookie: JSESSIONID=aaaaaaaaaaaaaaaa1111"
	body := []string{"username=victim&password=guess", ""}
	s.do("POST", "/login", 401, body, mine, "<Set-Cookie: JSESSIONID=aaaaaaaaaaaaaaaa1111")
	s.do("POST", "/login", 302, body, mine, "<Location: /login?error", "<Set-Cookie: JSESSIONID=aaaaaaaaaaaaaaaa1111")
	s.do("POST", "/login", 200, body, mine)
	s.do("GET", "/x", 200, nil, mine, "Authorization: Basic dmljdGltOng=")
	if p := s.do("GET", "/x", 200, nil, mine).Principal; p.ID != "aaaaaaaaaaaaaaaa1111" {
		t.Errorf("the session became %s", p.ID)
	}
}

func TestResolver_Bounded(t *testing.T) {
	s := newSite(func(c *call.Config) { c.Sessions, c.SessionTTL = 2, time.Hour })
	login := func(i int) {
		s.do("POST", "/login", 200, []string{fmt.Sprintf("username=u%d&password=p", i), ""}, fmt.Sprintf("<Set-Cookie: sid=session-%d", i))
	}
	who := func(i int) string {
		return s.do("GET", "/x", 200, nil, fmt.Sprintf("Cookie: sid=session-%d", i)).Principal.ID
	}
	login(1)
	login(2)
	who(1)
	login(3)
	if who(1) != "u1" || who(2) != "session-2" || who(3) != "u3" || s.resolver.Stats.Sessions != 1 {
		t.Errorf("%s %s %s, %d forgotten", who(1), who(2), who(3), s.resolver.Stats.Sessions)
	}
	s.now += clock.Time(time.Hour)
	if who(1) != "session-1" {
		t.Error("a session outlived its time")
	}
	s.resolver.Forget(s.now)
	login(4)
	if who(4) != "u4" {
		t.Error("a session after Forget is not known")
	}
}

func TestResolver_Shared(t *testing.T) {
	s := newSite(nil)
	for i, agent := range []string{"a", "b", "b", "c"} {
		p := s.do("GET", "/x", 200, nil, "User-Agent: "+agent).Principal
		if p.Shared != (i == 3) {
			t.Errorf("after user agent %d shared is %v", i, p.Shared)
		}
	}
	s.now += clock.Time(25 * time.Hour)
	if s.do("GET", "/x", 200, nil, "User-Agent: a").Principal.Shared {
		t.Error("still shared a day later")
	}
	s = newSite(nil)
	keys := map[uint64]bool{}
	for i := range 3 {
		p := s.do("GET", "/x", 200, nil, fmt.Sprintf("Cookie: sid=session-%d", i)).Principal
		keys[p.Key] = true
		if p.Shared {
			t.Error("a session is shared because its address is")
		}
	}
	if len(keys) != 3 {
		t.Error("sessions behind one address became one")
	}
	if p := s.do("GET", "/x", 200, nil).Principal; !p.Shared || p.Strength != 10 {
		t.Errorf("%+v", p)
	}
}

func TestResolver_Templates(t *testing.T) {
	s := newSite(func(c *call.Config) { c.TemplateFanout = 5 })
	names := strings.Fields("anna bela cora dora ella fina gina hana")
	for range 20 {
		s.do("GET", "/api/patients/search", 200, nil)
	}
	for i := range 40 {
		s.do("GET", fmt.Sprintf("/api/patients/guess%c%c", 'a'+i/26, 'a'+i%26), 404, nil)
	}
	var last call.Call
	for _, n := range names {
		last = s.do("GET", "/api/patients/"+n+"/chart", 200, nil)
	}
	if last.Route != "/api/patients/{name}/chart" || objects(last) != "path:patients=hana*" {
		t.Errorf("%s with %s", last.Route, objects(last))
	}
	next := s.do("GET", "/api/patients/ivy/chart", 404, nil)
	if next.Endpoint != last.Endpoint || next.Objects[0].Key != call.PatientKey([]byte("ivy")) {
		t.Errorf("%s is another endpoint than %s", next.Route, last.Route)
	}
	if c := s.do("GET", "/api/patients/search", 200, nil); c.Route != "/api/patients/search" {
		t.Errorf("a familiar word became %s", c.Route)
	}
	if s.resolver.Stats.Merged != 1 {
		t.Errorf("%d levels merged", s.resolver.Stats.Merged)
	}
	s = newSite(func(c *call.Config) { c.TemplateNodes = 10 })
	for i := range 100 {
		s.do("GET", fmt.Sprintf("/a%c%c/b", 'a'+i/26, 'a'+i%26), 200, nil)
	}
	if s.resolver.Stats.Nodes == 0 {
		t.Error("the bound on segments was not counted")
	}
}

// TestDeterminism holds that the same calls resolve the same twice, and that a Builder forgets: the order in
// which it builds them is nothing to it.
func TestDeterminism(t *testing.T) {
	targets := []string{"/fhir/Patient/1?x=1", "/api/v2/patients?ids=1,2", "/a/b/c", "/oauth/token", "/fhir/Observation?patient=Patient/3"}
	run := func(reverse bool) []call.Call {
		b := call.NewBuilder(call.Defaults(), new(call.Direct))
		out := make([]call.Call, len(targets))
		for i := range targets {
			if reverse {
				i = len(targets) - 1 - i
			}
			b.Build(&out[i], new(call.Arena), exchange("GET", targets[i], 200, "Authorization: Bearer "+jwt(nurse)), conn(), nil, nil)
		}
		r := call.NewResolver(call.Defaults())
		for i := range out {
			r.Resolve(&out[i])
		}
		return out
	}
	if a, b := run(false), run(true); !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
}

func TestConfig(t *testing.T) {
	if err := call.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	f := func(want string, change func(*call.Config)) {
		t.Helper()
		c := call.Defaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %s", err, want)
		}
	}
	f("params: 0", func(c *call.Config) { c.Params = 0 })
	f("session_ttl: 0s", func(c *call.Config) { c.SessionTTL = 0 })
	f(`hosts[0].host: "["`, func(c *call.Config) { c.Hosts = []call.HostRule{{Host: "[", Header: "x"}} })
	f(`trusted_proxies[0]: "10"`, func(c *call.Config) { c.TrustedProxies = []string{"10"} })
	f("shared_after: 1", func(c *call.Config) { c.SharedAfter = 1 })
}
