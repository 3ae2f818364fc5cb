package detectors

import (
	"math/rand"
	"testing"
	"time"

	"auscult/sensor/call"
)

const exhausted = "resource_exhaustion"

// limiting says that the server limits rates, so that only people are spoken of.
func limiting() *script {
	return newScript().do(who(99), "GET", "/limits", 200, func(c *call.Call) { c.Answer.Limited = true })
}

func TestExhaustion(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, exhausted); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	poll := func(n int, gap time.Duration, p call.Principal, status int) *script {
		s := limiting()
		for range n {
			s.wait(gap).do(p, "GET", "/api/v2/search", status, aimed("/api/v2/search?name=lee"))
		}
		return s
	}
	f("one request, ten times a second", "37 Medium", poll(200, 100*time.Millisecond, who(1), 200))
	f("fifty times a second", "37 Medium", poll(200, 20*time.Millisecond, who(1), 200))
	f("held back by the server: it is awake", "", poll(200, 100*time.Millisecond, who(1), 429))
	f("a server that is down, and a client that tries again", "", poll(250, 100*time.Millisecond, who(1), 503))
	f("a session that ended", "", poll(200, 100*time.Millisecond, who(1), 401))
	s := limiting()
	for i := range 300 {
		p := call.Principal{Key: uint64(i%30) + 50, Kind: call.Basic, ID: "n"}
		s.wait(100*time.Millisecond).do(p, "GET", "/session", 401, flags(call.Login), func(c *call.Call) {
			c.Auth.Scheme, c.Client.Addr = call.BasicAuth, limiting().calls[0].Client.Addr
		})
	}
	f("Basic credentials behind one address while a directory is down", "", s)
	f("the progress of a job, twice a second", "", poll(2000, 500*time.Millisecond, who(1), 200))
	f("a screen that polls", "", poll(2000, 2*time.Second, who(1), 200))
	service := who(1)
	service.Service = true
	f("a job", "", poll(2000, 10*time.Millisecond, service, 200))
	nat := call.Principal{Key: 3, Kind: call.Address, ID: "10.1.1.1", Shared: true}
	f("an address of many", "", poll(200, 100*time.Millisecond, nat, 200))
	tester := who(1)
	tester.ID = "svc-loadtest-2"
	f("an account made to test load", "37 Low", poll(2000, 100*time.Millisecond, tester, 200))

	s = limiting()
	for i := range 300 {
		s.wait(60*time.Millisecond).do(who(1), "GET", "/api/v2/search", 200, flags(call.Search), aimed("/api/v2/search?name=%d", i))
	}
	f("searches", "82 Medium", s)

	s = limiting()
	for i := range 100 {
		s.wait(100*time.Millisecond).do(who(1), "POST", "/api/v2/otp", 200, flags(call.Login), aimed("/api/v2/otp?%d", i))
	}
	f("codes asked for", "42 Medium", s)

	rng := rand.New(rand.NewSource(1))
	s = limiting()
	for range 60 { // pages of a hundred things, each read for a while
		for i := range 100 {
			s.wait(10*time.Millisecond).do(who(1), "GET", "/api/widgets/{id}", 200, aimed("/api/widgets/%d", i))
		}
		s.wait(time.Duration(3000+rng.Intn(20000)) * time.Millisecond)
	}
	f("pages", "", s)

	s = limiting()
	for i := range 60 {
		s.wait(90*time.Millisecond).do(who(1), "GET", "/api/rows/{id}", 200, aimed("/api/rows/%d", i))
	}
	f("the rows of a list, filled in one by one", "", s)

	s = limiting()
	for i := range 600 {
		s.wait(30*time.Millisecond).do(who(1), "GET", "/tiles/{id}", 200, aimed("/tiles/%d", i), func(c *call.Call) { c.ContentType = "image/jpeg" })
	}
	f("a viewer of images", "", s)

	s = limiting()
	for i := range 50 {
		s.wait(10*time.Millisecond).do(who(1), "POST", "/fhir/Observation", 201, flags(call.Create), aimed("/fhir/Observation#%d", i))
	}
	f("an outbox is emptied", "", s)

	s = limiting()
	for u := range 8 {
		for range 60 {
			s.wait(60*time.Millisecond).do(who(u), "GET", "/api/live", 200)
		}
		s.wait(time.Minute)
	}
	if got := s.said(t, exhausted); got != "37 Medium" {
		t.Errorf("the first of many who do alike: %q", got)
	}
	e := New(Defaults())
	n := 0
	for _, c := range s.calls {
		for _, sig := range e.Observe(nil, c) {
			if sig.Detector == exhausted && sig.Severity >= Medium && sig.Principal.Key != who(0).Key {
				n++
			}
		}
	}
	if n > 0 {
		t.Errorf("%d signals on those who do what another does", n)
	}
}

func TestExhaustionCostly(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, exhausted); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	graph := func(g call.Graph) func(*call.Call) {
		return func(c *call.Call) { c.Graph, c.Flags = g, c.Flags|call.GraphQL }
	}
	page := func(n int) func(*call.Call) { return func(c *call.Call) { c.Asked = n } }
	f("a query as deep as a well", "2 Medium", limiting().do(who(1), "POST", "/graphql", 200, graph(call.Graph{Depth: 60})))
	f("a thousand aliases", "2 Medium", limiting().do(who(1), "POST", "/graphql", 200, graph(call.Graph{Aliases: 1000})))
	f("introspection", "", limiting().do(who(1), "POST", "/graphql", 200, graph(call.Graph{Depth: 60, Introspection: true})))
	f("a program with one deep query", "", limiting().do(who(1), "POST", "/graphql", 200, graph(call.Graph{Depth: 18})).do(who(1), "POST", "/graphql", 200, graph(call.Graph{Depth: 18})))
	f("a program that takes all pages as one", "", limiting().do(who(1), "GET", "/list", 200, page(99999)).do(who(1), "GET", "/list", 200, page(99999)))
	f("who looks for the limit", "4 Medium", limiting().do(who(1), "GET", "/list", 200, page(20000)).do(who(1), "GET", "/list", 200, page(50000)).
		do(who(1), "GET", "/list", 200, page(1000000)))
	f("what colleagues do", "", limiting().do(who(2), "POST", "/graphql", 200, graph(call.Graph{Depth: 40})).
		do(who(1), "POST", "/graphql", 200, graph(call.Graph{Depth: 60})))
}

// TestExhaustionUnlimited holds that a server without limits is told of once, and nobody is accused by it.
func TestExhaustionUnlimited(t *testing.T) {
	s := newScript()
	for u := range 3 {
		for range 100 {
			s.wait(20*time.Millisecond).do(who(u), "GET", "/api/live", 200)
		}
	}
	e, n := New(Defaults()), 0
	for _, c := range s.calls {
		for _, sig := range e.Observe(nil, c) {
			if sig.Detector == exhausted && sig.Severity == Low {
				n++
				if sig.Principal.Key != 0 {
					t.Errorf("names %v", sig.Principal)
				}
			}
		}
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
}
