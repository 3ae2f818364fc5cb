package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// care remembers the patients whose first contact counted last: charts opened, and numbers looked up. Who then writes about a patient (a vaccination given, vital signs,
// a note) had a reason to open the chart, whatever no list says: it counts no more. Who reads to take away does not
// write, and one who wrote about each of hundreds would change their records for all to see.
type care struct {
	opened [8]uint64
	next   uint8
	reason uint8 // a bit each: it was explained already
}

// open remembers a first contact.
func (r *care) open(key uint64, explained bool) {
	i := r.next % uint8(len(r.opened))
	r.opened[i] = key
	r.reason &^= 1 << i
	if explained {
		r.reason |= 1 << i
	}
	r.next++
}

// had tells whether the contact at i was explained.
func (r *care) had(i int) bool { return r.reason>>i&1 != 0 }

// written tells how many of the contacts that led to key being written about for the first time were explained, and
// how many not: who looks a number up that no list gave, and opens the chart that was found, had one reason for both.
func (r *care) written(key uint64) (explained, not int) {
	for i, k := range r.opened {
		if k != key || key == 0 {
			continue
		}
		r.opened[i] = 0
		if !r.had(i) {
			return 0, 1
		}
		before := (i + len(r.opened) - 1) % len(r.opened)
		if r.opened[before] == 0 || r.had(before) {
			return 1, 0
		}
		r.opened[before] = 0
		return 1, 1
	}
	return 0, 0
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
		explained, not := p.care.written(o.Key)
		for range max(explained, not) { // a number looked up and its chart count once
			p.tallies[opened].take(s.now)
		}
		if not == 0 {
			continue
		}
		p.tallies[openedUnexplained].take(s.now)
		theta := p.theta(s.reasons(p))
		for i, one := range attackShares(theta) {
			p.plain[i].Add(-stats.Bernoulli(true, one, theta))
		}
	}
}
