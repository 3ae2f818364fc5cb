package detectors

import (
	"strings"

	"auscult/sensor/call"
)

// copies makes the evidence of cases. A call is copied once, however many cases it is in, and the memory of copies
// that no case holds any more, as most come to nothing, is used again.
type copies struct {
	of   *call.Call // whose copy last is, during one Observe
	last *kept
	rest []*kept // that nobody holds, at most resting
}

// kept is a copy of a call. What a signal is given of it is copied once more, all but its strings and objects, which
// are never written to again.
type kept struct {
	Evidence
	route   string // its method and template
	holders int    // cases, and copies.last
}

const resting = 256

// keep appends c to the evidence of f.
func (s *scene) keep(f *casefile, c *call.Call) {
	m := &s.copies
	if m.of != c {
		if m.last != nil {
			m.release(m.last)
		}
		m.of, m.last = c, m.room()
		m.last.take(c)
		m.last.holders = 1
	}
	m.last.holders++
	f.evidence[f.kept] = m.last
	f.kept++
}

// room is a copy of nothing.
func (m *copies) room() *kept {
	n := len(m.rest)
	if n == 0 {
		return &kept{}
	}
	k := m.rest[n-1]
	m.rest = m.rest[:n-1]
	return k
}

// release tells that one holder of k is gone.
func (m *copies) release(k *kept) {
	if k.holders--; k.holders > 0 {
		return
	}
	*k = kept{}
	if len(m.rest) < resting {
		m.rest = append(m.rest, k)
	}
}

// drop takes the last call from the evidence of f.
func (m *copies) drop(f *casefile) {
	f.kept--
	m.release(f.evidence[f.kept])
	f.evidence[f.kept] = nil
}

// shown is the evidence of f as a signal tells it.
func (f *casefile) shown() []Evidence {
	if f.kept == 0 {
		return nil
	}
	list := make([]Evidence, f.kept)
	for i := range list {
		list[i] = f.evidence[i].Evidence
	}
	return list
}

// take copies a call without what its response held, its strings into one piece of memory.
func (e *kept) take(c *call.Call) {
	e.Order, e.Call = c.Order, *c
	k := &e.Call
	fields := [...]*string{&k.Host, &k.Target, &k.Path, &k.Query, &k.Forwarded, &k.UserAgent,
		&k.ContentType, &k.Principal.ID, &k.Principal.Issuer, &k.Principal.Client, &k.Principal.Role,
		&k.Principal.Scope, &k.FHIR.Interaction, &k.FHIR.Type, &k.FHIR.Operation}
	n := len(k.Method) + 1 + len(k.Route)
	for _, f := range fields {
		n += len(*f)
	}
	k.Objects, k.Delivered, k.Issued, k.Args, k.Handed, k.Link = nil, nil, nil, nil, nil, nil
	k.User, k.Auth, k.Answer = "", call.Auth{}, call.Answer{}
	k.Secure.JA4 = ""
	var named int
	for i := range c.Objects {
		if c.Objects[i].Where != call.InResponse {
			named++
			n += len(c.Objects[i].Type) + len(c.Objects[i].ID)
		}
	}
	var b strings.Builder
	b.Grow(n)
	take := func(s string) string {
		at := b.Len()
		b.WriteString(s)
		return b.String()[at:]
	}
	k.Method = take(c.Method)
	take(" ")
	k.Route = take(c.Route)
	e.route = b.String()
	for _, f := range fields {
		*f = take(*f)
	}
	if named > 0 {
		k.Objects = make([]call.Object, 0, named)
		for _, o := range c.Objects {
			if o.Where != call.InResponse {
				o.Type, o.ID = take(o.Type), take(o.ID)
				k.Objects = append(k.Objects, o)
			}
		}
	}
}

// cloneEvidence is a copy of a call that no case holds.
func cloneEvidence(c *call.Call) Evidence {
	var k kept
	k.take(c)
	return k.Evidence
}
