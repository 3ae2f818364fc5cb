package detectors

import (
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// marked is a call at the given second from client number from.
func marked(at int, from byte, marks http.Marks, flags call.Flags) *call.Call {
	c := &call.Call{Method: "POST", Route: "/api/{id}", Status: 200, Marks: marks, Flags: flags,
		Principal: call.Principal{Key: uint64(100 + at%7), Kind: call.Session, ID: "s"}}
	c.Time = epoch + clock.Time(at)*second
	c.Client.Addr[15] = from
	return c
}

func TestSmuggling(t *testing.T) {
	const doubt, proof = http.Ambiguous | http.TEAndCL, http.Ambiguous | http.Smuggled | http.TEAndCL
	f := func(name string, want string, calls ...*call.Call) {
		t.Helper()
		e := New(Defaults())
		var got []string
		first := map[clock.Time]uint64{}
		for _, c := range calls {
			for _, s := range e.Observe(nil, c) {
				got = append(got, s.Detector+" "+s.Severity.String())
				if len(s.Evidence) == 0 || s.Calls == 0 || s.Title == "" || s.Client == "" {
					t.Errorf("%s: empty signal %+v", name, s)
				}
				if was, ok := first[s.Since]; ok && was != s.Principal.Key {
					t.Errorf("%s: one client is two principals", name)
				}
				first[s.Since] = s.Principal.Key
			}
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("one with proof", "request_smuggling High", marked(0, 1, proof, 0))
	f("in a login", "request_smuggling High", marked(0, 1, proof, call.Login))
	f("one without", "", marked(0, 1, doubt, 0))
	f("two without", "", marked(0, 1, doubt, 0), marked(1, 1, doubt, 0))
	f("three without", "request_smuggling Medium", marked(0, 1, doubt, 0), marked(1, 1, doubt, 0), marked(2, 1, doubt, 0))
	f("three of three clients", "", marked(0, 1, doubt, 0), marked(1, 2, doubt, 0), marked(2, 3, doubt, 0))
	f("three in an hour", "", marked(0, 1, doubt, 0), marked(1200, 1, doubt, 0), marked(2400, 1, doubt, 0))
	f("then with proof", "request_smuggling Medium, request_smuggling High",
		marked(0, 1, doubt, 0), marked(1, 1, doubt, 0), marked(2, 1, doubt, 0), marked(3, 1, proof, 0), marked(4, 1, proof, 0))
	f("a server's own", "", marked(0, 1, http.AmbiguousResponse|http.BareLF, 0), marked(1, 1, http.AmbiguousResponse, 0), marked(2, 1, http.AmbiguousResponse, 0))
	f("odd but clear", "", marked(0, 1, http.BareLF|http.ObsFold, 0), marked(1, 1, http.BareLF, 0), marked(2, 1, http.BareLF, 0))
	f("conflict", "desync_evasion Medium", marked(0, 1, http.Conflict, 0))
	f("both", "request_smuggling High, desync_evasion Medium", marked(0, 1, http.Conflict|proof, 0))
	f("a day later", "request_smuggling High, request_smuggling High", marked(0, 1, proof, 0), marked(90000, 1, proof, 0))
	part := marked(1, 1, proof, 0)
	part.Continued = true
	f("a part told again", "request_smuggling High", marked(0, 1, proof, 0), part)
}

// TestSmugglingFlood has a client that does nothing else: it is told at each doubling, and costs a bounded memory.
func TestSmugglingFlood(t *testing.T) {
	cfg := Defaults()
	cfg.Principals = 8
	e := New(cfg)
	n := 0
	for i := range 1000 {
		for _, s := range e.Observe(nil, marked(i, 1, http.Ambiguous|http.Smuggled, 0)) {
			n++
			if len(s.Evidence) > 10 {
				t.Fatalf("%d calls kept", len(s.Evidence))
			}
		}
	}
	if n != 10 {
		t.Errorf("told %d times, want 10: at 1, 2, 4, … 512", n)
	}
	for i := range 100 {
		e.Observe(nil, marked(1000, byte(i), http.Ambiguous, 0))
	}
	for _, d := range e.detectors {
		if d, ok := d.(*smuggling); ok {
			if d.clients.len() > 8 || d.clients.evicted == 0 {
				t.Errorf("%d clients, %d evicted", d.clients.len(), d.clients.evicted)
			}
			d.Forget(epoch + 3*day)
			if d.clients.len() != 0 || e.scene.runs != 0 {
				t.Errorf("%d clients and %d runs are left", d.clients.len(), e.scene.runs)
			}
		}
	}
}

// TestSmugglingAllocs holds the honest call, which has no marks, to no cost.
func TestSmugglingAllocs(t *testing.T) {
	e := New(Defaults())
	d := newSmuggling(&e.scene)
	c := marked(0, 1, http.BareLF, 0)
	if n := testing.AllocsPerRun(100, func() { d.Observe(nil, c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
