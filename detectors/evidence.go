package detectors

import (
	"slices"

	"auscult/sensor/call"
)

// copies makes the evidence of cases. A call is copied once, however many cases it is in, and the memory of cases
// that came to nothing, as most do, is used again.
type copies struct {
	of   *call.Call // whose copy last is, during one Observe
	last Evidence
	rest [len(rooms)][][]Evidence // cleared, by their size
}

// rooms are the sizes in which a case's evidence grows; resting is how many of each are kept.
var rooms = [...]int{1, 2, 4, 8, maxEvidence}

const resting = 32

// keep appends c to the evidence of f.
func (s *scene) keep(f *casefile, c *call.Call) {
	m := &s.copies
	if m.of != c {
		m.of, m.last = c, cloneEvidence(c)
	}
	if n := len(f.evidence); n == cap(f.evidence) {
		more := append(m.room(n+1), f.evidence...)
		m.release(f)
		f.evidence = more
	}
	f.evidence = append(f.evidence, m.last)
}

// room is an empty slice for at least n.
func (m *copies) room(n int) []Evidence {
	for i, size := range rooms {
		if size < n {
			continue
		}
		if k := len(m.rest[i]); k > 0 {
			r := m.rest[i][k-1]
			m.rest[i] = m.rest[i][:k-1]
			return r
		}
		return make([]Evidence, 0, size)
	}
	return make([]Evidence, 0, n)
}

// release takes back the memory of f's evidence, unless a signal has it.
func (m *copies) release(f *casefile) {
	i := slices.Index(rooms[:], cap(f.evidence))
	if i >= 0 && !f.lent && len(m.rest[i]) < resting {
		clear(f.evidence)
		m.rest[i] = append(m.rest[i], f.evidence[:0])
	}
	f.evidence, f.lent = nil, false
}
