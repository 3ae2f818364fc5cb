package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"auscult/pipeline/inventory"
)

// apiRow is an endpoint of the inventory.
type apiRow struct {
	Name, Host, State, Why, Calls, Signed, Seen string
	Callers                                     string
	Classes                                     []string
}

// apis is the inventory as the page shows it.
type apis struct {
	Summary string
	Judged  bool // there were descriptions to compare with
	Rows    []apiRow
	Left    int
	Orphans []string // operations that nobody called
	Unseen  int      // more of them
}

// stateWords say what a description knows of an endpoint.
var stateWords = map[inventory.State]string{
	inventory.Unjudged: "", inventory.Described: "described", inventory.Shadow: "in no description (shadow)",
	inventory.Zombie: "should be gone (zombie)", inventory.Outside: "on a server that no description is about", inventory.Page: "part of a page",
}

// signedWords say how the callers of an endpoint had shown who they are.
var signedWords = map[string]string{"none": "nothing", "jwt": "access token", "session": "session", "api_key": "API key", "basic": "password",
	"mtls": "certificate", "custom": "header of the site"}

const mostOrphans = 30

// inventory shows d: what is wrong first, then what gives away most classes of data, then what is called most.
func (c *Collector) inventory(d *inventory.Document) *apis {
	if d == nil || len(d.Endpoints) == 0 {
		return nil
	}
	s := &d.Summary
	a := &apis{Judged: len(d.Descriptions) > 0}
	a.Summary = fmt.Sprintf("%s on %s answered.", plural(uint64(s.Endpoints), "endpoint", "endpoints"), plural(uint64(s.Hosts), "host", "hosts"))
	if a.Judged {
		a.Summary += fmt.Sprintf(" Compared with the descriptions given: %d described, %d in use but in no description (shadow), %d deprecated or old and still answering (zombie), %d described but never called, %d that differ from their description.",
			s.Described, s.Shadow, s.Zombie, s.Orphan, s.Drifting)
	} else {
		a.Summary += " No description of the APIs (OpenAPI) was given to compare them with; --openapi does so."
	}
	list := slices.Clone(d.Endpoints)
	grave := func(e *inventory.Endpoint) int {
		switch e.State {
		case inventory.Zombie, inventory.Shadow:
			return 0
		case inventory.Page:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(list, func(x, y inventory.Endpoint) int {
		return cmp.Or(cmp.Compare(grave(&x), grave(&y)), cmp.Compare(len(y.Classes), len(x.Classes)), cmp.Compare(y.Calls, x.Calls))
	})
	a.Left = max(0, len(list)-c.cfg.MaxEndpoints)
	for i := range list[:len(list)-a.Left] {
		e := &list[i]
		r := apiRow{Name: e.Method + " " + e.Route, Host: e.Host, State: stateWords[e.State], Why: e.Why, Calls: grouped(e.Calls), Callers: grouped(uint64(e.Callers)),
			Classes: classList(e.Classes), Seen: day(e.First) + " to " + day(e.Last)}
		var signed []string
		for _, k := range e.Authentication {
			if signed = append(signed, signedWords[k.Name]); signedWords[k.Name] == "" {
				signed[len(signed)-1] = k.Name
			}
		}
		r.Signed = strings.Join(signed, ", ")
		for _, drift := range e.Drift {
			r.Why += fmt.Sprintf(" %s: %s, described: %s.", strings.ReplaceAll(drift.Kind, "_", " "), drift.Seen, drift.Expected)
		}
		a.Rows = append(a.Rows, r)
	}
	a.Unseen = max(0, len(d.Orphans)-mostOrphans)
	for _, o := range d.Orphans[:len(d.Orphans)-a.Unseen] {
		a.Orphans = append(a.Orphans, o.Method+" "+o.Template)
	}
	return a
}

// day is a time of RFC 3339 to the second.
func day(stamp string) string {
	if len(stamp) < len("2006-01-02T15:04:05") {
		return stamp
	}
	return strings.Replace(stamp[:len("2006-01-02T15:04:05")], "T", " ", 1)
}
