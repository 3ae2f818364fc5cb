package inspect

import (
	"cmp"
	"context"
	"io"
	"slices"

	"auscult/detectors/stats"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

const (
	maxPrincipals = 10_000 // a KiB each and, of those who touch very many patients, up to 16 more
	maxNamed      = 8      // addresses and incidents of one
)

// Principal is somebody, or something, that made calls.
type Principal struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Issuer    string   `json:"issuer,omitempty"`
	Client    string   `json:"client,omitempty"` // the application
	Role      string   `json:"role,omitempty"`
	Addresses []string `json:"addresses"` // the first 8
	First     string   `json:"first_seen"`
	Last      string   `json:"last_seen"`
	Calls     uint64   `json:"calls"`
	Refusals  uint64   `json:"refusals"`
	Errors    uint64   `json:"errors"`
	Endpoints int      `json:"endpoints"`   // distinct; estimated past 1024
	Patients  int      `json:"patient_ids"` // in requests and answers, distinct, of which a person may have several; estimated past 1024
	Classes   []string `json:"data_classes"`
	Incidents []string `json:"incidents"` // the first 8
}

type person struct {
	Principal
	first, last         clock.Time
	endpoints, patients stats.Distinct
	classes             phi.Class
}

// Principals keeps who made calls, and in which incidents they are.
type Principals struct {
	names  *pseudonym.Names
	limit  int
	people map[uint64]*person
	list   []*person
	past   stats.Distinct
}

// NewPrincipals keeps at most 10,000 principals, and prints limit of them.
func NewPrincipals(names *pseudonym.Names, limit int) *Principals {
	return &Principals{names: names.Clone(), limit: limit, people: map[uint64]*person{}}
}

// WriteCalls takes calls, in order.
func (s *Principals) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c := &batch[i]
		if c.Kind == call.LinkOnly || c.Running || c.Principal.Key == 0 {
			continue
		}
		p := s.people[c.Principal.Key]
		if p == nil {
			if len(s.list) == maxPrincipals {
				s.past.Add(c.Principal.Key)
				continue
			}
			p = s.newPerson(c)
			s.people[c.Principal.Key] = p
			s.list = append(s.list, p)
		}
		p.take(s.names, c)
	}
	return nil
}

func (s *Principals) newPerson(c *call.Call) *person {
	n, o := s.names, &c.Principal
	p := &person{first: c.Start, last: c.Start}
	p.ID, p.Kind = string(n.User(nil, o)), o.Kind.String()
	p.Issuer, p.Role = string(n.Word(nil, o.Issuer)), string(n.Word(nil, o.Role))
	if o.Client != "" {
		p.Client = string(n.App(nil, o.Client))
	}
	return p
}

func (p *person) take(names *pseudonym.Names, c *call.Call) {
	p.first, p.last = min(p.first, c.Start), max(p.last, c.Start)
	p.Calls++
	switch {
	case c.Refused():
		p.Refusals++
	case c.Status >= 500:
		p.Errors++
	}
	p.endpoints.Add(c.Endpoint)
	p.classes |= c.PHI.Classes
	for i := range c.Objects {
		if c.Objects[i].Patient {
			p.patients.Add(c.Objects[i].Key)
		}
	}
	if len(p.Addresses) < maxNamed {
		if a := c.Client.Addr.IP().String(); !slices.Contains(p.Addresses, a) {
			p.Addresses = append(p.Addresses, a)
		}
	}
}

// Close does nothing.
func (s *Principals) Close() error { return nil }

// Write takes the incidents that principals are in.
func (s *Principals) Write(_ context.Context, batch []alert.Alert) error {
	for i := range batch {
		a := &batch[i]
		s.accuse(a.Signal.Principal.Key, a.UID)
		for j := range a.Signal.Members {
			s.accuse(a.Signal.Members[j].Key, a.UID)
		}
	}
	return nil
}

func (s *Principals) accuse(key uint64, uid string) {
	if p := s.people[key]; p != nil && len(p.Incidents) < maxNamed && !slices.Contains(p.Incidents, uid) {
		p.Incidents = append(p.Incidents, uid)
	}
}

// Principals are those who touched most patients first, then those with most calls.
func (s *Principals) Principals() []Principal {
	slices.SortFunc(s.list, func(a, b *person) int {
		return cmp.Or(-cmp.Compare(a.patients.Len(), b.patients.Len()), -cmp.Compare(a.Calls, b.Calls), cmp.Compare(a.ID, b.ID))
	})
	out := make([]Principal, len(s.list))
	for i, p := range s.list {
		p.First, p.Last, p.Endpoints, p.Patients = rfc3339(p.first), rfc3339(p.last), p.endpoints.Len(), p.patients.Len()
		p.Classes = append([]string{}, p.classes.Names()...)
		out[i] = p.Principal
		out[i].Incidents = append([]string{}, p.Incidents...)
	}
	return out
}

// Print writes the table, in lines of at most width columns; 0 is any width.
func (s *Principals) Print(w io.Writer, width int) error {
	t := table{columns: []column{{name: "who", cut: true}, {name: "kind"}, {name: "role", cut: true}, {name: "from"}, {name: "first"}, {name: "last"}, {name: "calls", right: true},
		{name: "refused", right: true}, {name: "endpoints", right: true}, {name: "patient ids", right: true}, {name: "data", cut: true}, {name: "incidents", cut: true}}}
	for i, p := range s.Principals()[:min(len(s.list), s.limit)] {
		from := p.Addresses[0]
		if n := len(p.Addresses); n > 1 {
			from += " +" + some(n-1)
		}
		t.rows = append(t.rows, []string{p.ID, p.Kind, cmp.Or(p.Role, "-"), from, second(s.list[i].first), second(s.list[i].last), some(p.Calls), some(p.Refusals), some(p.Endpoints), some(p.Patients),
			dashed(p.Classes), dashed(p.Incidents)})
	}
	if err := t.print(w, width); err != nil {
		return err
	}
	return left(w, uint64(len(s.list)-len(t.rows)+s.past.Len()), "principals")
}

// JSON writes each principal that is held as a line.
func (s *Principals) JSON(w io.Writer) error { return lines(w, s.Principals()) }
