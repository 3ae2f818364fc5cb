package page

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/pseudonym"
)

// maxGrowth is how many messages of an incident are drawn.
const maxGrowth = 48

// Incident is one incident as the list shows it. Names in it are pseudonyms, unless they are revealed. Times are
// milliseconds since 1970.
type Incident struct {
	UID       string    `json:"uid"`
	Severity  int       `json:"severity"` // 1 informational to 5 critical
	Title     string    `json:"title"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"` // of the kind
	Kinds     []string  `json:"kinds"`
	Who       string    `json:"who"` // empty: it is about a server
	WhoKind   string    `json:"whoKind"`
	Members   int64     `json:"members"` // accused, all together
	From      string    `json:"from"`    // address
	Where     string    `json:"where"`
	Open      bool      `json:"open"`
	Opened    int64     `json:"opened"`  // when it was known
	First     int64     `json:"first"`   // call
	Last      int64     `json:"last"`    // signal
	Changed   int64     `json:"changed"` // by the newest message
	Calls     int64     `json:"calls"`
	Objects   int64     `json:"objects"`
	People    int64     `json:"people"`
	Refusals  int64     `json:"refusals"`
	Growth    []Growth  `json:"growth"`
	Expected  *Expected `json:"expected"` // nil unless it was marked so
	Confident int64     `json:"confidence"`
}

// Growth is how large an incident was at a time.
type Growth struct {
	At     int64 `json:"at"`
	Calls  int64 `json:"calls"`
	People int64 `json:"people"`
}

// Expected is what an operator said about an incident.
type Expected struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
	From   int64  `json:"from"`
	Until  int64  `json:"until"`
}

// Detail is what opening an incident shows beside it.
type Detail struct {
	Incident
	Seen      string       `json:"seen"`
	Usual     string       `json:"usual"`
	Advice    string       `json:"advice"`
	Facts     []Fact       `json:"facts"`
	Tags      []Fact       `json:"tags"`
	Attacks   []ocsf.Label `json:"attacks"`
	Touched   []string     `json:"touched"`
	Community []string     `json:"community"`
	Shown     []Shown      `json:"shown"`
	Joined    []Joined     `json:"joined"`
	Rule      Scope        `json:"rule"`
}

// Fact is a name and what it is of.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Joined is a finding of another kind that joined.
type Joined struct {
	At    int64  `json:"at"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Seen  string `json:"seen"`
}

// Shown is one call that shows it.
type Shown struct {
	Who    string `json:"who"`
	From   string `json:"from"`
	Call   string `json:"call"` // method and target
	Status int64  `json:"status"`
	Bytes  int64  `json:"bytes"`
	At     int64  `json:"at"`
}

// Scope is what a rule of the allow-list may name of an incident, so that what it says of people are pseudonyms, whether
// names are revealed or not.
type Scope struct {
	Principal string `json:"principal"`
	Endpoint  string `json:"endpoint"`
	Detector  string `json:"detector"`
}

// entry is an incident that is kept.
type entry struct {
	Detail
	text []byte // of the Incident, as JSON
}

// fold takes a message about the incident in.
func (d *Detail) fold(a *alert.Alert, f *ocsf.Finding, names *pseudonym.Names) {
	leads := d.UID == "" || a.Activity == alert.Close || f.Severity > d.Severity || f.Info.Analytic.UID == d.Kind
	if d.UID == "" {
		d.UID, d.Opened = a.UID, f.Time
	}
	seen, usual := f.Observed()
	if leads {
		d.Title, d.Kind, d.Name = clean(f.Message), f.Info.Analytic.UID, f.Info.Analytic.Name
		d.Seen, d.Usual, d.Advice = clean(seen), clean(usual), f.Remediation.Desc
		d.Where, d.Confident = clean(f.Endpoint()), f.Confidence
		d.who(a, f, names)
		d.Facts, d.Tags, d.Attacks = nil, nil, nil
		for _, x := range f.Numbers.Facts {
			d.Facts = append(d.Facts, Fact{clean(x.Name), clean(x.Value)})
		}
		for _, x := range f.Info.Tags {
			d.Tags = append(d.Tags, Fact{x.Name, strings.Join(x.Values, ", ")})
		}
		for _, x := range f.Info.Attacks {
			l := x.Technique
			if x.SubTechnique.UID != "" {
				l = x.SubTechnique
			}
			d.Attacks = append(d.Attacks, l)
		}
	} else if len(d.Joined) < maxGrowth {
		d.Joined = append(d.Joined, Joined{f.Time, f.Info.Analytic.Name, clean(f.Message), clean(seen)})
	}
	d.Severity, d.Kinds, d.Open = f.Severity, f.Info.Types, a.Activity != alert.Close
	d.First, d.Last, d.Changed = f.Start, f.End, f.Time
	d.Calls, d.Objects, d.People, d.Refusals = f.Numbers.Calls, f.Numbers.Objects, f.Numbers.People, f.Numbers.Refusals
	d.Members = f.Numbers.Members
	d.grow()
	d.evidence(a, f)
}

func (d *Detail) who(a *alert.Alert, f *ocsf.Finding, names *pseudonym.Names) {
	p := &a.Signal.Principal
	name, _ := f.Principal()
	d.Who, d.WhoKind, d.From = clean(name), "", a.Signal.Client
	d.Rule = Scope{Detector: a.Signal.Detector, Endpoint: pattern(a.Signal.Route, f.Endpoint())}
	if p.ID == "" {
		d.Who = ""
		return
	}
	d.WhoKind = p.Kind.String()
	d.Rule.Principal = string(names.Keys.At(a.Time).Principal(nil, p))
}

// grow notes how large it is; of too many notes every other is dropped.
func (d *Detail) grow() {
	d.Growth = append(slices.Clip(d.Growth), Growth{d.Changed, d.Calls, d.People})
	if len(d.Growth) <= maxGrowth {
		return
	}
	kept := d.Growth[:0:0]
	for i, g := range d.Growth {
		if i%2 == 0 || i == len(d.Growth)-1 {
			kept = append(kept, g)
		}
	}
	d.Growth = kept
}

func (d *Detail) evidence(a *alert.Alert, f *ocsf.Finding) {
	d.Shown, d.Touched, d.Community = nil, f.Touched(), f.Communities()
	for i, c := range f.Calls() {
		target := c.Request.URL.Path
		if c.Request.URL.Query != "" {
			target += "?" + c.Request.URL.Query
		}
		s := Shown{Who: clean(c.Actor.User.UID), From: c.Src.IP, Call: clean(c.Request.Method + " " + target), Status: c.Response.Code, Bytes: c.Response.Length}
		if i < len(a.Signal.Evidence) {
			s.At = a.Signal.Evidence[i].Call.Start.Millis()
		}
		d.Shown = append(d.Shown, s)
	}
	for i := range d.Touched {
		d.Touched[i] = clean(d.Touched[i])
	}
}

// pattern is the endpoint as a rule may name it: a level that is not shown as it is fits anything.
func pattern(route, shown string) string {
	if route == shown {
		return route
	}
	a, b := strings.Split(route, "/"), strings.Split(shown, "/")
	if len(a) != len(b) {
		return ""
	}
	for i := range a {
		if a[i] != b[i] {
			a[i] = "*"
		}
	}
	return strings.Join(a, "/")
}

// clean replaces what does not print: what steers the direction of writing could make one name look like another.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r != ' ' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
