package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

const (
	machineAgent = "etl-runner/3.4 (go)"
	chromeAgent  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
)

var etl = call.Principal{Key: 31, Kind: call.JWT, ID: "etl", Service: true}

// job is a run of the nightly load: n calls from an address by a program.
func (w *smallWorld) job(at clock.Time, n int, agent string, host byte) (out []*call.Call) {
	for i := range n {
		c := w.open(at+clock.Time(i)*second/4, etl, opaque(w), 200)
		c.UserAgent, c.Client.Addr[15] = agent, host
		out = append(out, c)
	}
	return out
}

func TestService(t *testing.T) {
	f := func(name, want string, severity Severity, make func(w *smallWorld) []*call.Call) {
		t.Helper()
		w := newSmallWorld(5, 15)
		sigs, _ := run(append(w.benign(2), make(w)...))
		said := ""
		for _, s := range sigs {
			if s.Detector != "service_account_misuse" || s.Principal.Key != etl.Key {
				continue
			}
			said = s.Title
			if s.Severity != severity || !strings.Contains(s.Title, "{principal}") || s.Expected == "" || s.Observed == "" {
				t.Errorf("%s: %v %q %q %q", name, s.Severity, s.Title, s.Expected, s.Observed)
			}
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%s: said %q, want %q", name, said, want)
		}
	}
	nights := func(w *smallWorld, n, calls int) (out []*call.Call) {
		for i := range n {
			out = append(out, w.job(epoch+clock.Time(i)*day, calls, machineAgent, 9)...)
		}
		return out
	}
	f("a token taken into a browser", "used in a browser", High, func(w *smallWorld) []*call.Call {
		return append(w.job(epoch, 200, machineAgent, 9), w.job(epoch+hour, 3, chromeAgent, 77)...)
	})
	f("its own work", "", 0, func(w *smallWorld) []*call.Call { return w.job(epoch, 2000, machineAgent, 9) })
	f("a browser from the first call on", "", 0, func(w *smallWorld) []*call.Call { return w.job(epoch, 300, chromeAgent, 9) })
	f("a library that calls itself Mozilla", "", 0, func(w *smallWorld) []*call.Call {
		return append(w.job(epoch, 200, machineAgent, 9), w.job(epoch+hour, 20, "Mozilla/4.0 (compatible; MSIE 6.0)", 9)...)
	})
	f("an update", "", 0, func(w *smallWorld) []*call.Call {
		return append(nights(w, 6, 500), w.job(epoch+6*day, 500, "etl-runner/4.0 (go)", 9)...)
	})
	f("a second host of the same program", "", 0, func(w *smallWorld) []*call.Call {
		return append(nights(w, 6, 500), w.job(epoch+6*day, 500, machineAgent, 10)...)
	})
	f("from elsewhere by curl", "new address with a program", Medium, func(w *smallWorld) []*call.Call {
		return append(nights(w, 6, 500), w.job(epoch+6*day, 20, "curl/8.5.0", 66)...)
	})
	f("ten times the patients of any day", "at most 400 on any day before", Medium, func(w *smallWorld) []*call.Call {
		return append(nights(w, 8, 400), w.job(epoch+8*day, 6000, machineAgent, 9)...)
	})
	f("twice the patients", "", 0, func(w *smallWorld) []*call.Call {
		return append(nights(w, 8, 400), w.job(epoch+8*day, 800, machineAgent, 9)...)
	})
}

// TestShift finds the machine that no token says is one, by its hours; the nights of a person who works long, and an
// attacker who is accused, make nobody a machine.
func TestShift(t *testing.T) {
	w := newSmallWorld(1, 3)
	e := New(Defaults())
	engine := call.Principal{Key: 40, Kind: call.APIKey, ID: "engine"}
	doctor := call.Principal{Key: 41, Kind: call.JWT, ID: "doctor"}
	seq := 0
	for i := range 4*24*6 + 10 {
		at := epoch + clock.Time(i)*10*minute
		seq++
		id := fmt.Sprintf("m-%d", seq)
		e.Observe(nil, w.list(at, engine, []string{id}, false))
		e.Observe(nil, w.open(at+second, engine, id, 200))
		if i%144 < 90 {
			e.Observe(nil, w.list(at, doctor, []string{id}, false))
			e.Observe(nil, w.open(at+2*second, doctor, id, 200))
		}
	}
	if !e.scene.principals.find(engine.Key).service {
		t.Error("what calls in every hour for four days, of 144 patients each, is no machine")
	}
	if e.scene.principals.find(doctor.Key).service {
		t.Error("fifteen hours a day make a machine")
	}
}
