package detectors

import (
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
)

// verboseError finds answers that tell what the server is made of (CWE-209): messages of databases and parsers, stack
// traces, paths, pages for developers. It says so once for an endpoint and a product. Who provokes such answers on
// purpose is the matter of others.
type verboseError struct {
	scene   *scene
	servers stats.Set // whose versions were named, by server and product
}

func newVerboseError(s *scene) *verboseError { return &verboseError{scene: s} }

func (*verboseError) Name() string      { return "verbose_error" }
func (*verboseError) Key() Key          { return ByEndpoint }
func (*verboseError) Forget(clock.Time) {}

// innards are what an answer to a client has no use for.
const innards = exposure.DatabaseError | exposure.StackTrace | exposure.ServerPath | exposure.DebugPage | exposure.XMLError |
	exposure.LDAPError | exposure.TemplateError

// Observe folds one call.
func (d *verboseError) Observe(dst []Signal, c *call.Call) []Signal {
	set := c.Answer.Set & (innards | exposure.Version)
	if set == 0 {
		return dst
	}
	if set == exposure.Version { // the banner of a default page is the same on every path: once a server
		key := serverKey(c) ^ text(c.Answer.Product)
		if d.servers.Len() >= d.scene.cfg.Postures {
			d.scene.stats.PosturesUntold++
			return dst
		}
		if !d.servers.Add(key) {
			return dst
		}
	}
	return d.scene.posture(dst, c, d.Name(), c.Answer.Product, func() Signal { return d.state(c, set) })
}

// state says what the answer shows.
func (d *verboseError) state(c *call.Call, set exposure.Set) Signal {
	what := strings.Join(set.Names(), ", ")
	sig := Signal{Severity: Low, Confidence: 85}
	of := ""
	if c.Answer.Product != "" {
		of = " (" + c.Answer.Product + ")"
	}
	sig.Title = c.Method + " " + c.Route + " answers with internals of the server: " + what + of
	sig.Expected = "Errors say in general words what went wrong, and the server keeps the details in its own log"
	sig.Observed = "An answer of status " + strconv.Itoa(c.Status) + " with " + what + of
	switch {
	case set == exposure.Version:
		sig.Severity = Informational
		sig.Title = "An error page names the server's version" + of
	case c.Status < 400:
		sig.Confidence = 60 // it may be a text about errors
	}
	sig.Facts = []Fact{{"shows", what}, {"product", orNone(c.Answer.Product)}, {"status", strconv.Itoa(c.Status)}}
	return sig
}

func orNone(s string) string {
	if s == "" {
		return "not named"
	}
	return s
}
