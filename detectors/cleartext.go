package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// cleartext finds health data and passwords that cross the network in the clear, or under a TLS that is broken
// (CWE-319; RFC 8996 deprecates 1.0 and 1.1). Behind a proxy where TLS ends that may be meant, so it is said once for
// a server and neutrally.
type cleartext struct {
	scene *scene
	told  stats.Set // by server and what was seen
}

func newCleartext(s *scene) *cleartext { return &cleartext{scene: s} }

func (*cleartext) Name() string      { return "cleartext_phi" }
func (*cleartext) Key() Key          { return ByEndpoint }
func (*cleartext) Forget(clock.Time) {}

// Observe folds one call.
func (d *cleartext) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Secure.Version == "1.3" || c.Secure.Version == "1.2" {
		return dst
	}
	what := ""
	switch {
	case c.PHI.People > 0 && c.PHI.Classes&personal != 0:
		what = "health data"
	case c.Auth.Scheme == call.BasicAuth, c.Flags&call.Login != 0 && c.Auth.Secret != 0:
		what = "passwords"
	case c.Method == "MLLP" && c.Flags&call.HealthAPI != 0:
		what = "HL7 messages"
	default:
		return dst
	}
	key := serverKey(c) ^ text(what)
	if d.told.Has(key) || c.Server.Addr.IP().IsLoopback() {
		return dst
	}
	if d.told.Len() >= d.scene.cfg.Postures {
		d.scene.stats.PosturesUntold++
		return dst
	}
	d.told.Add(key)
	return d.scene.posture(dst, c, d.Name(), what, func() Signal { return d.state(c, what) })
}

// state says what was seen of which server.
func (d *cleartext) state(c *call.Call, what string) Signal {
	how, ip := "without TLS", c.Server.Addr.IP()
	if c.Secure.Version != "" {
		how = "under TLS " + c.Secure.Version
	}
	sig := Signal{Severity: Informational, Confidence: 90}
	where := "inside"
	if !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
		sig.Severity, where = Low, "public address"
	}
	sig.Title = "Server " + ip.String() + " exchanges " + what + " " + how
	sig.Expected = "Health data and passwords travel under TLS 1.2 or later; behind a proxy that ends TLS, the way on is a network of its own"
	sig.Observed = "The first such call seen, " + c.Method + " " + c.Route + ", was readable to whoever shares its network"
	sig.Facts = []Fact{{"seen", what}, {"transport", how}, {"server", where}}
	return sig
}
