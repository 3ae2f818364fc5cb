package detectors

import "auscult/sensor/call"

// copies makes the evidence of cases. A call is copied once, however many cases it is in, and the memory of copies
// that no case holds any more, as most come to nothing, is used again.
type copies struct {
	of   *call.Call `snapshot:"-"` // whose copy last is, during one Observe
	last *kept
	rest []*kept `snapshot:"-"` // that nobody holds, at most resting
}

// kept is a copy of a call. Its strings are bytes until a signal tells it, for most are never told: what a signal is
// given is copied once more, all but strings and objects, which are never written to again.
type kept struct {
	Evidence
	text    []byte // method, blank, template, the other texts, then those of objects, one after the other
	ends    [texts]uint32
	objects []call.Object // that the request named, without their texts
	named   []uint32      // where in text the type and the id of each end
	shown   bool          // the strings were made
	holders int           // cases, and copies.last
}

const (
	resting  = 256
	textRoom = 4096 // bytes that a copy at rest may hold
	texts    = 17   // of a call
)

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
	if f.evidence == nil {
		f.evidence = new([maxEvidence]*kept)
	}
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
	if len(m.rest) < resting && cap(k.text) <= textRoom {
		*k = kept{text: k.text[:0], objects: k.objects[:0], named: k.named[:0]}
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
		list[i] = *f.evidence[i].show()
	}
	return list
}

// textsOf are the texts of a call that are kept.
func textsOf(k *call.Call) [texts]*string {
	return [...]*string{&k.Method, &k.Route, &k.Host, &k.Target, &k.Path, &k.Query, &k.Forwarded, &k.UserAgent,
		&k.ContentType, &k.Principal.ID, &k.Principal.Issuer, &k.Principal.Client, &k.Principal.Role,
		&k.Principal.Scope, &k.FHIR.Interaction, &k.FHIR.Type, &k.FHIR.Operation}
}

// take copies a call without what its response held.
func (e *kept) take(c *call.Call) {
	e.Order, e.Call = c.Order, *c
	k := &e.Call
	k.Objects, k.Delivered, k.Issued, k.Args, k.Handed, k.Link = nil, nil, nil, nil, nil, nil
	k.User, k.Auth, k.Answer = "", call.Auth{}, call.Answer{}
	k.Secure.JA4 = ""
	for i, s := range textsOf(k) {
		if e.text = append(e.text, *s...); i == 0 {
			e.text = append(e.text, ' ')
		}
		e.ends[i] = uint32(len(e.text))
		*s = ""
	}
	for i := range c.Objects {
		o := &c.Objects[i]
		if o.Where == call.InResponse {
			continue
		}
		e.text = append(e.text, o.Type...)
		e.named = append(e.named, uint32(len(e.text)))
		e.text = append(e.text, o.ID...)
		e.named = append(e.named, uint32(len(e.text)))
		e.objects = append(e.objects, *o)
		e.objects[len(e.objects)-1].Type, e.objects[len(e.objects)-1].ID = "", ""
	}
}

// show makes the strings, in one piece of memory.
func (e *kept) show() *Evidence {
	if e.shown {
		return &e.Evidence
	}
	e.shown = true
	text, at := string(e.text), uint32(0)
	for i, s := range textsOf(&e.Call) {
		*s = text[at:e.ends[i]]
		at = e.ends[i]
	}
	e.Call.Method = text[:e.ends[0]-1]
	if len(e.objects) == 0 {
		return &e.Evidence
	}
	e.Call.Objects = append([]call.Object(nil), e.objects...)
	for i := range e.Call.Objects {
		o := &e.Call.Objects[i]
		o.Type, o.ID = text[at:e.named[2*i]], text[e.named[2*i]:e.named[2*i+1]]
		at = e.named[2*i+1]
	}
	return &e.Evidence
}

// route is the method and the template.
func (e *kept) route() string { return string(e.text[:e.ends[1]]) }

// cloneEvidence is a copy of a call that no case holds.
func cloneEvidence(c *call.Call) Evidence {
	var k kept
	k.take(c)
	return *k.show()
}
