package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// care remembers the charts that were opened last. Who then writes about a patient (a vaccination given, vital signs,
// a note) had a reason to open the chart, whatever no list says: it counts no more. Who reads to take away does not
// write, and one who wrote about each of hundreds would change their records for all to see.
type care struct {
	opened [8]uint64 // charts whose first contact counted
	next   uint8
	reason [8]bool // it was explained already
}

// open remembers a first contact.
func (r *care) open(key uint64, explained bool) {
	i := r.next % uint8(len(r.opened))
	r.opened[i], r.reason[i] = key, explained
	r.next++
}

// written tells whether key was opened lately and is written about for the first time, and whether its opening was
// explained.
func (r *care) written(key uint64) (first, explained bool) {
	for i, k := range r.opened {
		if k == key && key != 0 {
			r.opened[i] = 0
			return true, r.reason[i]
		}
	}
	return false, false
}

// wrote tells whether c changes something: POST, PUT or PATCH, and it was done. A search by POST changes nothing.
func wrote(c *call.Call) bool {
	return len(c.Method) > 0 && c.Method[0] == 'P' && c.OK() && c.Flags&call.Search == 0 && !c.Continued
}

// cared takes back what the openings of the patients that c writes about have counted for.
func (d *fanout) cared(c *call.Call) {
	s, p := d.scene, d.scene.p
	for i := range c.Objects {
		o := &c.Objects[i]
		if !o.Patient || o.Where == call.InResponse {
			continue
		}
		first, explained := p.care.written(o.Key)
		if !first {
			continue
		}
		p.tallies[opened].take(s.now)
		if explained {
			continue
		}
		p.tallies[openedUnexplained].take(s.now)
		theta := p.theta(s.reasons(p))
		for i, one := range attackShares(theta) {
			p.plain[i].Add(-stats.Bernoulli(true, one, theta))
		}
	}
}
