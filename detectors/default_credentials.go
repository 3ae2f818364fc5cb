package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/sensor/call"
)

// defaultCredentials finds logins with the user and password that a vendor ships (CWE-1392; ATT&CK T1078.001).
// One that succeeds is told at once; refused ones are tries like others, and a note on the server.
type defaultCredentials struct {
	*casebook[shipped]
	logins *logins
}

type shipped struct{ in, refused int }

func newDefaultCredentials(s *scene, l *logins) *defaultCredentials {
	d := &defaultCredentials{logins: l}
	d.casebook = newCasebook(s, s.cfg.Logins, d.describe)
	return d
}

func (*defaultCredentials) Name() string { return "default_credentials" }
func (*defaultCredentials) Key() Key     { return ByClient }

// Observe folds one call.
func (d *defaultCredentials) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Auth.Marks&call.VendorPair == 0 || c.Continued {
		return dst
	}
	a, ok := d.logins.read(c)
	if !ok || a.reset {
		return dst
	}
	if a.outcome == loginFailed {
		if f := d.find(clientKey(c)); f != nil {
			f.state.refused++
		}
		return d.scene.serverPosture(dst, c, d.Name(), "tried", triedDefaults)
	}
	if a.outcome != loginOK && (c.Status < 200 || c.Status >= 400 || len(c.Issued)+len(c.Handed) == 0) || a.basic && asset(c) {
		return dst
	}
	k := claimed(c)
	f := d.of(clientKey(c))
	f.state.in++
	d.note(f, k)
	return d.tell(dst, f, k)
}

// asset is whether an answer is a page's furniture, which nobody guards.
func asset(c *call.Call) bool {
	for _, t := range [...]string{"text/css", "image/", "font/", "text/javascript", "application/javascript"} {
		if strings.HasPrefix(c.ContentType, t) {
			return c.PHI.People == 0
		}
	}
	return false
}

// describe states the case of a client.
func (d *defaultCredentials) describe(f *dossier[shipped]) Signal {
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: 95, Score: float64(f.state.in), Threshold: 1}
	sig.Title = "{principal} got in with the user and password that the vendor ships"
	sig.Expected = "Shipped passwords are changed before a system is used"
	sig.Observed = fmt.Sprintf("%s taken with a well-known pair", count(f.state.in, "call"))
	sig.Facts = []Fact{{"accepted", strconv.Itoa(f.state.in)}, {"refused", strconv.Itoa(f.state.refused)},
		{"what would explain it", "a system that still has its shipped password: change it"}}
	return sig
}

func triedDefaults() Signal {
	return careless(Low, "Somebody tried a vendor's shipped password here, and was refused", "Nobody logs in with a shipped password", "a well-known pair, refused")
}

// close tells the cases that have grown since they were last told.
