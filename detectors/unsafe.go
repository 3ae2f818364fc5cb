package detectors

import (
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// unsafeConsumption finds calls from inside to services outside that anybody between can read or change (OWASP
// API10:2023, CWE-319): without TLS, or under one that is broken (RFC 8996). It is said once of a server.
type unsafeConsumption struct {
	scene *scene
	local func(*packet.Addr) bool // of the hospital's own networks
}

func newUnsafe(s *scene, local func(*packet.Addr) bool) *unsafeConsumption {
	return &unsafeConsumption{scene: s, local: local}
}

func (*unsafeConsumption) Name() string      { return "unsafe_consumption" }
func (*unsafeConsumption) Key() Key          { return ByEndpoint }
func (*unsafeConsumption) Forget(clock.Time) {}

// Observe folds one call.
func (d *unsafeConsumption) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Secure.Version == "1.3" || c.Secure.Version == "1.2" || d.local(&c.Server.Addr) {
		return dst
	}
	if c.Continued || c.Status == 0 || c.Method == "CONNECT" || c.Method == "MLLP" || !d.local(&c.Client.Addr) {
		return dst
	}
	what := carries(c)
	if what == "" {
		return dst
	}
	return d.scene.serverPosture(dst, c, d.Name(), what, func() Signal { return d.state(c, what) })
}

// carries says what of a call is worth protecting; nothing for the web at large: pages, updates, revocation lists.
func carries(c *call.Call) string {
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Patient && o.Where != call.InResponse {
			return "patients' data"
		}
	}
	switch {
	case c.PHI.People > 0 && c.PHI.Classes&personal != 0:
		return "patients' data"
	case c.Auth.Scheme != call.NoCredential:
		return "credentials"
	case c.OK() && (strings.HasPrefix(c.ContentType, "application/json") || strings.HasPrefix(c.ContentType, "application/fhir")):
		return "answers that programs rely on"
	}
	return ""
}

func (d *unsafeConsumption) state(c *call.Call, what string) Signal {
	how := "without TLS"
	if c.Secure.Version != "" {
		how = "under TLS " + strings.Clone(c.Secure.Version)
	}
	sig := Signal{Severity: Low, Confidence: 80,
		Title:    "The service outside at " + c.Server.Addr.IP().String() + " is used " + how + ", with " + what + " in the calls",
		Expected: "Services outside are called under TLS 1.2 or later, and their certificates checked",
		Observed: "The first such call seen: " + c.Method + " " + c.Route,
		Facts:    []Fact{{"in the calls", what}, {"transport", how}},
	}
	if what == "answers that programs rely on" {
		sig.Severity = Informational
	}
	return sig
}
