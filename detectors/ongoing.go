package detectors

import (
	"slices"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// ongoing is what was made so far of an exchange that is told in parts while it runs. Its request is judged with
// the first part; each later one adds only what it brought.
type ongoing struct {
	people  int                  // of the parts before
	why     string               // why the answer is too large, once it is
	weighed bool                 // its size was weighed as mild or not
	noted   [families]clock.Time // since of the case that it was last noted in
	shown   []uint64             // patients that it showed, the first maxShown
}

// maxShown bounds the patients that a stream is taken to go on showing: a ward's monitors, not a list.
const maxShown = 64

// resume finds what was made so far of the exchange that c tells a part of; nil when c tells all of one, or its
// beginning was forgotten.
func (s *scene) resume(c *call.Call) *ongoing {
	if !c.Running && !c.Continued {
		return nil
	}
	key := partKey(c)
	if c.Continued {
		o := s.ongoing.find(key)
		if o == nil {
			s.stats.LostParts++
			return nil
		}
		s.ongoing.use(key)
		return o
	}
	o, _ := s.ongoing.use(key)
	*o = ongoing{shown: o.shown[:0]}
	return o
}

// part remembers what a part told, once all have judged it.
func (s *scene) part(c *call.Call) {
	o := s.run
	if o == nil {
		return
	}
	o.people = max(o.people, c.PHI.People)
	if !c.Running {
		s.ongoing.remove(partKey(c))
		s.run = nil
		return
	}
	if o.why != "" || !c.OK() {
		return
	}
	for i := range c.Objects {
		if k := &c.Objects[i]; k.Patient && k.Where == call.InResponse && len(o.shown) < maxShown {
			o.shown = append(o.shown, k.Key)
		}
	}
	// What shows a patient since yesterday has delivered that patient today, however much came between.
	for _, key := range o.shown {
		s.p.delivered.Add(key, s.now, deliveredHalf, s.cfg.Delivered)
	}
}

func partKey(c *call.Call) uint64 { return stats.Mix(c.Flow ^ stats.Mix(uint64(c.Seq)+1)) }

// toldBefore is whether an earlier part listed o: only what is new stands in Delivered too.
func toldBefore(c *call.Call, o *call.Object) bool {
	return c.Continued && !slices.Contains(c.Delivered, o.Key)
}

// newcomers is how many of the patients that a part brought the principal had not been given before; fresh is how
// many of those listed in it.
func (s *scene) newcomers(c *call.Call, fresh, listed int) int {
	if s.run == nil {
		return fresh // how many were counted before is forgotten
	}
	people := max(0, c.PHI.People-s.run.people)
	if people > 0 && listed == 0 { // the list was full of those told before
		for _, key := range c.Delivered {
			if !s.p.delivered.Has(key, s.now, deliveredHalf) {
				fresh++
			}
		}
		listed = len(c.Delivered)
	}
	if listed == 0 {
		return 0
	}
	return (fresh*people + listed - 1) / listed
}

// weigh is whether the size of an answer is to be weighed now: once, as large as soon as it is, else at its end.
func (o *ongoing) weigh(large, last bool) bool {
	if o == nil {
		return true
	}
	if o.weighed || !large && !last {
		return false
	}
	o.weighed = true
	return true
}
