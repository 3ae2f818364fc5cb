package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// A posture finding says something of an endpoint, not of a person: an error page that tells too much, health data
// in the clear. It is told once for an endpoint and a class, ever, and accuses nobody.

// perServer bounds the endpoints of one server that are named for one class; more are counted.
const perServer = 50

// postures remembers what was told. It is never forgotten, or it would be told again.
type postures struct {
	told   stats.Set
	server map[uint64]int // how many were told, by server and class
}

// posture appends the finding that make states of the endpoint of c, unless one of that kind and class was made
// before. class tells findings of one kind apart, the product that gave itself away, say.
func (s *scene) posture(dst []Signal, c *call.Call, kind, class string, make func() Signal) []Signal {
	key := c.Endpoint ^ text(kind) ^ stats.Mix(text(class))
	if s.postures.told.Has(key) {
		return dst
	}
	server := serverKey(c) ^ text(kind) ^ stats.Mix(text(class))
	if s.postures.told.Len() >= s.cfg.Postures || s.postures.server[server] >= perServer {
		s.stats.PosturesUntold++
		return dst
	}
	s.postures.told.Add(key)
	if s.postures.server == nil {
		s.postures.server = map[uint64]int{}
	}
	s.postures.server[server]++
	sig := make()
	f := casefile{}
	s.note(&f, c)
	sig.Detector = kind
	sig.Order, sig.Since, sig.Client = c.Order, f.since, f.client.IP().String()
	sig.Endpoint, sig.Route = f.endpoint, f.route()
	sig.Calls, sig.Evidence = 1, f.shown()
	s.close(&f)
	if c.PHI.People > 0 {
		sig.People = c.PHI.People
	}
	return append(dst, sig)
}
