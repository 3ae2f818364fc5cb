package detectors

import (
	"strconv"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/openapi"
)

// shadow finds what serves and is in no inventory (OWASP API9:2023, CWE-1059): endpoints that a description of the API
// does not list, versions that were replaced and still answer, parameters that nobody wrote down. Without a description
// the calls themselves are the inventory. It speaks of endpoints and accuses nobody: who called is in the evidence.
type shadow struct {
	scene     *scene
	api       *openapi.API
	servers   *lru[served]
	endpoints *lru[offered]
	families  *lru[versions]
	seen      []bool // operations of the description that were called
	shown     Evidence
}

// served is what is known of one server.
type served struct {
	seen    clock.Time
	host    string // a described name under which it answers; it may be called by its address too
	matched int    // calls that a description without a host of its own lists
	answers int    // with patients' data
	aside   int    // of them, by paths that are not for everybody
	owners  [several]uint64
	n       int
}

// offered is one endpoint.
type offered struct {
	seen    clock.Time
	answers int
	params  int    // undocumented ones that were told
	who     uint64 // whom it answered first
	shared  bool
	late    bool // it first answered when its server was well known
}

const (
	undocumentedAnswers = 2  // without health data
	matchedAnswers      = 3  // calls by which a server is known to be the one of a description without a host
	parameterAnswers    = 3  // with a parameter whose name tells nothing
	parametersTold      = 5  // of one endpoint
	several             = 5  // principals that use a server
	orphanDays          = 7  // watched before an operation without a call is an orphan
	orphansNamed        = 10 // of them
)

func newShadow(s *scene) *shadow {
	d := &shadow{scene: s, api: s.cfg.API}
	d.servers = newLRU(s.cfg.Endpoints, func(v *served) bool { return v.answers < several }, nil)
	d.endpoints = newLRU(s.cfg.Endpoints, func(o *offered) bool { return o.answers < undocumentedAnswers }, nil)
	d.families = newLRU(s.cfg.Endpoints, func(*versions) bool { return true }, nil)
	if d.api != nil {
		d.seen = make([]bool, len(d.api.Operations()))
	}
	return d
}

func (*shadow) Name() string { return "shadow_api" }
func (*shadow) Key() Key     { return ByEndpoint }

func (d *shadow) count(st *Stats) {
	st.EvictedProfiles += d.servers.evicted + d.endpoints.evicted + d.families.evicted
}

// Forget frees what has not answered for long.
func (d *shadow) Forget(now clock.Time) {
	d.servers.dropOldest(func(v *served) bool { return now-v.seen > 2*contactHalf })
	d.endpoints.dropOldest(func(o *offered) bool { return now-o.seen > 2*contactHalf })
	d.families.dropOldest(func(v *versions) bool { return now-v.seen > 2*contactHalf })
}

// Observe folds one call.
func (d *shadow) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued || !c.OK() {
		return dst
	}
	switch c.Method {
	case "GET", "POST", "PUT", "PATCH", "DELETE":
	default:
		return dst
	}
	patients := c.PHI.People > 0 && c.PHI.Classes&personal != 0
	if d.api != nil {
		return d.described(dst, c, patients)
	}
	if !patients {
		return dst
	}
	return d.learned(dst, c)
}

// described compares an answer with the description.
func (d *shadow) described(dst []Signal, c *call.Call, patients bool) []Signal {
	v, _ := d.servers.use(serverKey(c))
	v.seen = d.scene.now
	host := c.Host
	if d.api.Names(host) {
		if v.host == "" {
			v.host = strings.Clone(host)
		}
	} else if v.host != "" {
		host = v.host
	}
	if op := d.api.Find(c.Method, host, c.Path); op != nil {
		v.matched++
		if !d.seen[op.Index] {
			d.seen[op.Index] = true
			d.shown = cloneEvidence(c)
		}
		return d.listed(dst, c, op, patients)
	}
	doc, named := d.api.Scope(host, c.Path, c.FHIR.Interaction != "")
	if doc < 0 || !named && v.matched < matchedAnswers {
		if !patients {
			return dst
		}
		if doc < 0 {
			dst = d.scene.serverPosture(dst, c, d.Name(), "server", func() Signal { return d.nowhere(c) })
		}
		return d.learned(dst, c)
	}
	if !patients {
		if c.Flags&(call.Health|call.Operator) != 0 || static(c) {
			return dst
		}
		o, _ := d.endpoints.use(c.Endpoint)
		o.seen = d.scene.now
		if o.answers++; o.answers < undocumentedAnswers {
			return dst
		}
	}
	return d.scene.posture(dst, c, d.Name(), "undescribed", func() Signal { return d.undescribed(c, host, doc) })
}

// listed judges an answer of a described operation.
func (d *shadow) listed(dst []Signal, c *call.Call, op *openapi.Operation, patients bool) []Signal {
	if op.Deprecated {
		dst = d.scene.posture(dst, c, d.Name(), "deprecated", func() Signal {
			return Signal{Severity: Low, Confidence: 90,
				Title:    c.Method + " " + op.Template + " is deprecated and still answers",
				Expected: "What a description calls deprecated is taken down once nobody needs it",
				Observed: "an answer with status " + strconv.Itoa(c.Status) + orPatients(c),
				Facts:    []Fact{{"described in", d.api.Title(op.Doc)}}}
		})
	}
	if !patients || len(c.Args) == 0 {
		return dst
	}
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InQuery || a.Kind == call.Secret || len(a.Name) > 40 || op.Takes(a.Name) {
			continue
		}
		dst = d.parameter(dst, c, op, a)
	}
	return dst
}

// parameter judges a parameter that is not described: at once when its name says that more comes back with it, else
// when it comes again.
func (d *shadow) parameter(dst []Signal, c *call.Call, op *openapi.Operation, a *call.Arg) []Signal {
	if harmless(a.Name) {
		return dst
	}
	e, _ := d.endpoints.use(c.Endpoint)
	e.seen = d.scene.now
	if e.params >= parametersTold {
		return dst
	}
	if !reveals(a.Name) {
		o, _ := d.endpoints.use(c.Endpoint ^ a.Key)
		o.seen = d.scene.now
		if o.answers++; o.answers < parameterAnswers {
			return dst
		}
	}
	n := len(dst)
	dst = d.scene.posture(dst, c, d.Name(), "parameter "+strings.ToLower(a.Name), func() Signal {
		return Signal{Severity: Informational, Confidence: 70,
			Title:    c.Method + " " + op.Template + " takes the parameter " + strings.Clone(a.Name) + ", which its description does not list",
			Expected: "Parameters that change what comes back are described, so that they are tested",
			Observed: "an answer with patients' data to a request that had it",
			Facts:    []Fact{{"parameter", strings.Clone(a.Name)}, {"described in", d.api.Title(op.Doc)}}}
	})
	e.params += len(dst) - n
	return dst
}

// undescribed states the finding on an endpoint that the description does not list.
func (d *shadow) undescribed(c *call.Call, host string, doc int) Signal {
	sig := Signal{Severity: Low, Confidence: 85,
		Title:    c.Method + " " + c.Route + " answers and is not in the API's description",
		Expected: "What serves is in the description, so that somebody owns and tests it",
		Observed: "an answer with status " + strconv.Itoa(c.Status) + orPatients(c),
		Facts:    []Fact{{"described in", d.api.Title(doc)}}}
	other, older := d.api.OtherVersion(host, c.Path)
	switch {
	case other != "" && older:
		sig.Title = "An old version still serves: " + c.Method + " " + c.Route
		sig.Expected = "A version that was replaced is taken down: what was mended in the new one is open in the old"
	case other != "":
		sig.Title = "A version that is not described serves: " + c.Method + " " + c.Route
	case d.api.Template(host, c.Path) != "":
		sig.Title = c.Method + " " + c.Route + " answers; the description has the path, not the method"
	}
	if other != "" {
		sig.Facts = append(sig.Facts, Fact{"the description has", other})
	}
	return sig
}

// nowhere states the finding on a server of which no description speaks.
func (d *shadow) nowhere(c *call.Call) Signal {
	return Signal{Severity: Informational, Confidence: 60,
		Title:    "Server " + c.Server.Addr.IP().String() + " serves patients' data by an API that no description lists",
		Expected: "Each API that serves patients' data is described",
		Observed: "the first such call seen was " + c.Method + " " + c.Route,
		Facts:    []Fact{{"what would explain it", "a description that was not given with --openapi"}}}
}

func orPatients(c *call.Call) string {
	if c.PHI.People == 0 {
		return ""
	}
	return " and data of " + count(c.PHI.People, "patient")
}

// close tells the operations that nobody has called, of each description once.
func (d *shadow) close(dst []Signal) []Signal {
	s := d.scene
	if d.api == nil || s.now-s.start < orphanDays*day || d.shown.Call.Method == "" {
		return dst
	}
	var lists [][]string
	counts, totals := []int{}, []int{}
	for _, op := range d.api.Operations() {
		for op.Doc >= len(lists) {
			lists, counts, totals = append(lists, nil), append(counts, 0), append(totals, 0)
		}
		totals[op.Doc]++
		if op.FHIR || d.seen[op.Index] { // a CapabilityStatement lists what the software can do
			continue
		}
		if counts[op.Doc]++; len(lists[op.Doc]) < orphansNamed {
			lists[op.Doc] = append(lists[op.Doc], op.Method+" "+op.Template)
		}
	}
	for i, names := range lists {
		if len(names) == 0 || counts[i] == totals[i] { // of one of which nothing was seen, the server was not watched
			continue
		}
		e := d.shown
		dst = append(dst, Signal{Order: e.Order, Detector: d.Name(), Severity: Informational, Confidence: 60,
			Endpoint: text("orphans of " + d.api.Title(i)), Client: e.Call.Client.Addr.IP().String(), Since: s.start, Calls: 1,
			Title:    count(counts[i], "described operation") + " of " + d.api.Title(i) + " were never called",
			Expected: "What nobody uses is taken down",
			Observed: "no successful call in " + strconv.Itoa(int((s.now-s.start)/day)) + " days: " + strings.Join(names, ", "),
			Facts:    []Fact{{"operations", strconv.Itoa(totals[i])}, {"never called", strconv.Itoa(counts[i])}},
			Evidence: []Evidence{e}})
	}
	return dst
}
