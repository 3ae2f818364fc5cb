package inspect

import (
	"context"
	"io"
	"slices"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

const maxIncidents = 10_000 // the newest message of each, some 20 KiB with its evidence at most

// Incidents keeps the newest message of each incident, with its numbers at the end.
type Incidents struct {
	names *pseudonym.Names
	limit int
	uid   string // empty for all
	at    map[string]int
	list  []alert.Alert
	more  uint64
}

// NewIncidents keeps at most 10,000 incidents, or the one that is called uid, and prints limit of them.
func NewIncidents(names *pseudonym.Names, limit int, uid string) *Incidents {
	return &Incidents{names: names.Clone(), limit: limit, uid: uid, at: map[string]int{}}
}

// Write takes messages, in order.
func (s *Incidents) Write(_ context.Context, batch []alert.Alert) error {
	for i := range batch {
		a := &batch[i]
		if s.uid != "" && a.UID != s.uid {
			continue
		}
		at, known := s.at[a.UID]
		switch {
		case known:
			s.list[at] = *a
		case len(s.list) < maxIncidents:
			s.at[a.UID] = len(s.list)
			s.list = append(s.list, *a)
		case a.Activity == alert.Create:
			s.more++
		}
	}
	return nil
}

// Close does nothing.
func (s *Incidents) Close() error { return nil }

// Alerts are the newest messages, in the order in which their incidents opened.
func (s *Incidents) Alerts() []alert.Alert { return s.list }

// Cards are the newest messages as if they opened their incidents, so that a terminal shows all of them.
func (s *Incidents) Cards() []alert.Alert {
	out := slices.Clone(s.list)
	for i := range out {
		out[i].Activity = alert.Create
	}
	return out
}

// Print writes the table, in lines of at most width columns; 0 is any width.
func (s *Incidents) Print(w io.Writer, width int) error {
	t := table{columns: []column{{name: "incident"}, {name: "first"}, {name: "last"}, {name: "severity"}, {name: "kind"}, {name: "who", cut: true},
		{name: "calls", right: true}, {name: "people", right: true}, {name: "what", cut: true}}}
	for i := range s.list[:min(len(s.list), s.limit)] {
		a := &s.list[i]
		p := &a.Signal
		who := "-"
		if p.Principal.ID != "" {
			who = string(s.names.User(nil, &p.Principal))
		}
		t.rows = append(t.rows, []string{a.UID, second(a.First), second(a.Last), p.Severity.String(), p.Detector, who, some(p.Calls), some(p.People),
			string(s.names.Text(nil, p.Title, &p.Principal, p.Patients))})
	}
	if err := t.print(w, width); err != nil {
		return err
	}
	return left(w, uint64(len(s.list)-len(t.rows))+s.more, "incidents")
}

// JSON writes the newest message of each incident that is held, as OCSF.
func (s *Incidents) JSON(w io.Writer, meta ocsf.Meta) error {
	var line []byte
	for i := range s.list {
		line = ocsf.Append(line[:0], &s.list[i], s.names, meta)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// During is true of the calls of an incident's principals from its first to its last; of one that accuses nobody, of the
// calls to its endpoint.
func During(a *alert.Alert) Want {
	keys := map[uint64]bool{}
	if p := &a.Signal.Principal; p.Key != 0 && p.ID != "" {
		keys[p.Key] = true
	}
	for i := range a.Signal.Members {
		keys[a.Signal.Members[i].Key] = true
	}
	endpoint, first, last := a.Signal.Endpoint, a.First, a.Last
	return func(c *call.Call) bool {
		if c.Time < first || c.Start > last {
			return false
		}
		if len(keys) == 0 {
			return c.Endpoint == endpoint
		}
		return keys[c.Principal.Key]
	}
}
