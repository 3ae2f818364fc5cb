package detectors

import (
	"fmt"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
)

// management finds what is for operators and answers whoever can reach it: consoles, metrics, settings, listings,
// descriptions of the API (CWE-749, CWE-538). Of an endpoint it is said once. Who was given secrets there is named:
// those must be changed, whoever it was.
type management struct {
	scene   *scene
	clients *casebook[fetches]
}

// fetches is what a client was given.
type fetches struct {
	shown   exposure.Set
	product string
}

func newManagement(s *scene) *management {
	d := &management{scene: s}
	d.clients = newCasebook(s, s.cfg.Endpoints, d.describe)
	return d
}

func (*management) Name() string { return "exposed_management" }
func (*management) Key() Key     { return ByClient }

// Forget frees the clients that have done nothing of the kind for long.
func (d *management) Forget(now clock.Time) { d.clients.forget(now, day) }

// operators is what only operators have a use for.
const operators = exposure.Management | exposure.Configuration | exposure.Secret | exposure.Listing | exposure.Description |
	exposure.Introspection

// Observe folds one call.
func (d *management) Observe(dst []Signal, c *call.Call) []Signal {
	set := c.Answer.Set & operators
	if set == 0 && c.Flags&call.Operator == 0 || !c.OK() || c.Continued || c.Flags&call.Health != 0 {
		return dst
	}
	// An application that draws its pages itself answers every path with the same page.
	if set == 0 && (c.RespDec == 0 || strings.HasPrefix(c.ContentType, "text/html") || c.Method == "OPTIONS" || c.Method == "HEAD") {
		return dst
	}
	if set&exposure.Secret != 0 && (set&exposure.Configuration != 0 || c.Flags&call.Operator != 0) && !d.usual(c) {
		f := d.clients.of(clientKey(c))
		f.state.shown |= set
		if f.state.product == "" {
			f.state.product = c.Answer.Product
		}
		d.clients.note(f, c)
		dst = d.clients.tell(dst, f, c)
	}
	return d.scene.posture(dst, c, d.Name(), "", func() Signal { return d.state(c, set) })
}

// usual is whether the client is a program that fetches settings because they are its own: a service account, or a
// configuration client.
func (d *management) usual(c *call.Call) bool {
	return c.Principal.Service || strings.HasPrefix(c.UserAgent, "git/")
}

// describe states the case of a client that was given secrets.
func (d *management) describe(f *dossier[fetches]) Signal {
	what := strings.Join((f.state.shown & operators).Names(), ", ")
	return Signal{Detector: d.Name(), Severity: Medium, Confidence: 80,
		Title:    fmt.Sprintf("{principal} was given secrets of a server by %s", f.route()),
		Expected: "Settings, keys and passwords of a server are not served to clients; a deployment tool with an account of its own would explain it",
		Observed: fmt.Sprintf("%s of settings with secrets in them, answered in full: change what was shown", count(f.calls, "call")),
		Facts:    []Fact{{"shows", what}, {"product", orNone(f.state.product)}},
	}
}

func (d *management) count(st *Stats) { d.clients.count(st) }

// close tells the cases that have grown.
func (d *management) close(dst []Signal) []Signal { return d.clients.close(dst) }

// state says what an endpoint shows.
func (d *management) state(c *call.Call, set exposure.Set) Signal {
	sig := Signal{Severity: Low, Confidence: 80}
	what := "an interface for operators"
	switch {
	case set&exposure.Secret != 0:
		what, sig.Confidence = "keys or passwords of the server", 90
	case set&exposure.Configuration != 0:
		what, sig.Confidence = "the server's settings", 90
	case set&exposure.Introspection != 0:
		what = "the whole schema of its GraphQL service"
	case set&exposure.Listing != 0:
		what = "the list of a directory"
	case set&exposure.Management != 0 && c.Answer.Product != "Prometheus":
		what, sig.Confidence = "an interface for operators", 90
	case set&exposure.Description != 0:
		what, sig.Severity = "a description of the API", Informational
	default:
		sig.Severity = Informational // metrics for a collector, or a path that only sounds like it
	}
	of := ""
	if c.Answer.Product != "" {
		of = " (" + c.Answer.Product + ")"
	}
	sig.Title = c.Method + " " + c.Route + " shows " + what + of
	sig.Expected = "What operators need is reached from their own network, or with an account of theirs"
	sig.Observed = "It answered a client at " + c.Client.Addr.IP().String() + " in full"
	sig.Facts = []Fact{{"shows", orNone(strings.Join(set.Names(), ", "))}, {"product", orNone(c.Answer.Product)}, {"credential", yes(c.Auth.Scheme != call.NoCredential)}}
	return sig
}
