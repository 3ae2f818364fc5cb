package detectors

import (
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// cors finds endpoints that let pages of any origin read what they answer (CWE-942; Fetch standard, section 3.3). An
// origin that is reflected may stand on a list of those allowed, so one proves nothing: two of other sites do.
type cors struct {
	scene   *scene
	origins map[uint64]uint64 // by server: the first origin of another site that it let in with credentials
}

func newCORS(s *scene) *cors { return &cors{scene: s, origins: map[uint64]uint64{}} }

func (*cors) Name() string      { return "cors_misconfig" }
func (*cors) Key() Key          { return ByEndpoint }
func (*cors) Forget(clock.Time) {}

// Observe folds one call.
func (d *cors) Observe(dst []Signal, c *call.Call) []Signal {
	o := c.Answer.CORS
	if o == 0 || c.Method == "OPTIONS" || !c.OK() {
		return dst
	}
	guarded := c.PHI.Classes != 0 || len(c.Handed) > 0 || c.Flags&(call.HealthAPI|call.Login|call.Token) != 0
	switch {
	case !guarded:
		return dst
	case o&call.WithCredents == 0:
		if o&(call.AnyOrigin|call.Reflected) != 0 && c.Auth.Scheme == call.NoCredential && c.PHI.People > 0 {
			return d.tell(dst, c, "open", Informational, "any origin", "which needs no credential")
		}
	case o&call.NullOrigin != 0:
		return d.tell(dst, c, "null", Low, "the origin null, which any page can take,", "with the user's cookies")
	case o&call.AnyOrigin != 0:
		return d.tell(dst, c, "any", Low, "any origin", "and asks for the user's cookies with it (browsers refuse that; some clients do not)")
	case o&call.Reflected != 0 && d.anyone(c):
		return d.tell(dst, c, "reflected", Low, "whatever origin asks", "with the user's cookies")
	}
	return dst
}

// anyone is whether the server has let origins of two other sites read.
func (d *cors) anyone(c *call.Call) bool {
	site := siteOf(c.Answer.Origin)
	if site == siteOf(c.Host) {
		return false
	}
	server, origin := serverKey(c), stats.Mix(text(site))
	first, known := d.origins[server]
	switch {
	case known:
	case len(d.origins) >= d.scene.cfg.Postures:
		d.scene.stats.PosturesUntold++
	default:
		d.origins[server] = origin
	}
	return known && first != origin
}

func (d *cors) tell(dst []Signal, c *call.Call, class string, severity Severity, who, how string) []Signal {
	return d.scene.posture(dst, c, d.Name(), class, func() Signal {
		return Signal{Severity: severity, Confidence: 80,
			Title:    c.Method + " " + c.Route + " lets pages of " + who + " read its answer",
			Expected: "Answers with health data or credentials are for the hospital's own pages: a list of origins, compared whole",
			Observed: "Access-Control-Allow-Origin admits " + who + " " + how,
			Facts:    []Fact{{"admits", class}, {"credentials", yes(c.Answer.CORS&call.WithCredents != 0)}},
		}
	})
}

// siteOf is the part of an origin or a host that one owner has: the last two labels of a name, three where the second
// is short (co.in, gov.in, org.uk), an address whole. It is a rule of thumb for the public suffix list.
func siteOf(origin string) string {
	_, host, ok := strings.Cut(origin, "://")
	if !ok {
		host = origin
	}
	if i := strings.IndexAny(host, "/"); i >= 0 {
		host = host[:i]
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	if host == "" || host[0] == '[' || host[len(host)-1]-'0' <= 9 {
		return host
	}
	last := strings.LastIndexByte(host, '.')
	if last < 0 {
		return host
	}
	second := strings.LastIndexByte(host[:last], '.')
	if second >= 0 && last-second <= 4 && len(host)-last <= 3 {
		second = strings.LastIndexByte(host[:second], '.')
	}
	return host[second+1:]
}
