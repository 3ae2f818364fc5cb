package detectors

import (
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/openapi"
)

// versions are the answers with patients' data of the versions of one interface: of /api/v1/… and /api/v2/… on one
// server.
type versions struct {
	seen clock.Time
	of   [4]struct{ number, answers int }
	n    int
}

const (
	takenOver  = 10   // answers of a newer version by which it may have taken over, and how many times the older's
	mainRoad   = 20   // answers of a server by which its usual paths are known
	wellKnown  = 2000 // answers of a server by which its endpoints are known
	lateKnown  = 500  // and when it was watched for a day
	lonelyUses = 3    // answers of an endpoint to one principal alone
)

// learned judges an answer with patients' data by those before it.
func (d *shadow) learned(dst []Signal, c *call.Call) []Signal {
	if c.Flags&call.Login != 0 {
		return dst
	}
	s := d.scene
	v, _ := d.servers.use(serverKey(c))
	v.seen = s.now
	v.answers++
	v.owner(c.Principal.Key)
	if start, end, number := openapi.Version(c.Path, c.FHIR.Interaction != ""); start >= 0 {
		dst = d.version(dst, c, number, c.Path[:start], c.Path[start:end])
	}
	if word := sideDoor(c.Route); word != "" {
		v.aside++
		if v.answers >= mainRoad && v.aside*takenOver <= v.answers {
			dst = s.posture(dst, c, d.Name(), "aside", func() Signal {
				return Signal{Severity: Low, Confidence: 60,
					Title:    c.Method + " " + c.Route + " serves patients' data beside the API that others use",
					Expected: "Interfaces for trials, debugging or other programs are not within reach of clients, and hold no real patients",
					Observed: "an answer with data of " + count(c.PHI.People, "patient") + ", by a path with " + word + " in it",
					Facts:    []Fact{{"word", word}, {"what would explain it", "an interface that is documented; give its description with --openapi"}}}
			})
		}
	}
	return d.late(dst, c, v)
}

// owner notes who uses a server, up to several.
func (v *served) owner(who uint64) {
	if v.n == len(v.owners) || who == 0 {
		return
	}
	for _, o := range v.owners[:v.n] {
		if o == who {
			return
		}
	}
	v.owners[v.n] = who
	v.n++
}

// version tells of an older version once a newer one has nine tenths of the answers.
func (d *shadow) version(dst []Signal, c *call.Call, number int, prefix, word string) []Signal {
	f, _ := d.families.use(serverKey(c) ^ stats.Mix(text(prefix)))
	f.seen = d.scene.now
	mine, newer := f.add(number)
	if newer < takenOver || newer < (takenOver-1)*mine {
		return dst
	}
	return d.scene.posture(dst, c, d.Name(), "version", func() Signal {
		return Signal{Severity: Low, Confidence: 75,
			Title:    "An old version still serves patients' data: " + c.Method + " " + c.Route,
			Expected: "A version that was replaced is taken down: what was mended in the new one is open in the old",
			Observed: "an answer of version " + strings.Clone(word) + orPatients(c) + ", after " + count(newer, "answer") + " of a newer one",
			Facts:    []Fact{{"version", strings.Clone(word)}}}
	})
}

// add counts an answer of a version, and returns its answers and those of newer ones. Versions past the fourth are
// counted with the last.
func (v *versions) add(number int) (mine, newer int) {
	at := -1
	for i := range v.of[:v.n] {
		if v.of[i].number == number {
			at = i
		}
	}
	if at < 0 {
		if v.n == len(v.of) {
			return 0, 0
		}
		at = v.n
		v.of[at].number = number
		v.n++
	}
	v.of[at].answers++
	for i := range v.of[:v.n] {
		if v.of[i].number > number {
			newer += v.of[i].answers
		}
	}
	return v.of[at].answers, newer
}

// late tells of an endpoint that came when its server was well known, and that only one principal uses.
func (d *shadow) late(dst []Signal, c *call.Call, v *served) []Signal {
	s := d.scene
	o, fresh := d.endpoints.use(c.Endpoint)
	o.seen = s.now
	if fresh {
		o.who = c.Principal.Key
		o.late = v.answers > wellKnown || v.answers > lateKnown && s.now-s.start > day
	}
	o.answers++
	o.shared = o.shared || o.who != c.Principal.Key
	if !o.late || o.shared || o.answers != lonelyUses || v.n < several || d.endpoints.evicted > 0 {
		return dst
	}
	return s.posture(dst, c, d.Name(), "late", func() Signal {
		return Signal{Severity: Informational, Confidence: 40,
			Title:    c.Method + " " + c.Route + " is new, serves patients' data, and has one user",
			Expected: "Endpoints are in an inventory before they serve; a new release would explain it",
			Observed: count(o.answers, "answer") + " with patients' data to one principal, on a server whose other endpoints many use",
			Facts:    []Fact{{"answers", strconv.Itoa(o.answers)}, {"users of the server", "at least " + strconv.Itoa(several)}}}
	})
}

// sideDoor is the word of a route that says that it is not for everybody.
func sideDoor(route string) string {
	for len(route) > 0 {
		word := route[1:]
		route = ""
		if i := strings.IndexByte(word, '/'); i >= 0 {
			word, route = word[:i], word[i:]
		}
		switch word {
		case "beta", "alpha", "dev", "staging", "debug", "internal", "_internal", "old", "legacy", "deprecated", "bak", "backup",
			"tmp", "test", "sandbox", "experimental", "v0", "hidden", "unsafe":
			return strings.Clone(word)
		}
	}
	return ""
}

// static is whether an answer is a part of a page, not of an API.
func static(c *call.Call) bool {
	for _, kind := range [...]string{"text/html", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "image/",
		"font/", "application/font", "application/wasm", "application/manifest+json"} {
		if strings.HasPrefix(c.ContentType, kind) {
			return true
		}
	}
	dot := strings.LastIndexByte(c.Path, '.')
	if dot < 0 || strings.IndexByte(c.Path[dot:], '/') >= 0 {
		return false
	}
	switch c.Path[dot:] {
	case ".js", ".css", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".woff", ".woff2", ".ttf", ".map", ".txt", ".webmanifest":
		return true
	}
	return false
}

// reveals is whether a parameter's name says that more comes back with it.
func reveals(name string) bool {
	if len(name) > 40 {
		return false
	}
	var buf [40]byte
	for i := range len(name) {
		buf[i] = name[i]
		if c := name[i]; c >= 'A' && c <= 'Z' {
			buf[i] = c | 0x20
		}
	}
	low := string(buf[:len(name)])
	for _, w := range [...]string{"debug", "include", "deleted", "verbose", "expand", "internal", "admin", "unmask", "mask", "raw", "full",
		"showall", "show_all", "all", "override", "bypass", "trace", "test", "hidden", "sensitive", "details", "export", "as_user", "impersonate"} {
		if strings.HasPrefix(low, w) || strings.HasSuffix(low, w) {
			return true
		}
	}
	return false
}

// harmless is whether a parameter only keeps caches from answering, or names a language, form or campaign.
func harmless(name string) bool {
	switch strings.TrimPrefix(name, "_") {
	case "", "t", "ts", "cb", "nocache", "cachebust", "timestamp", "lang", "locale", "format", "pretty", "callback", "v", "tz", "timezone",
		"requestId", "request_id", "correlationId", "dc":
		return true
	}
	return strings.HasPrefix(name, "utm_")
}
