package detectors

import (
	"math"

	"auscult/detectors/stats"
)

// save writes a tally, or what stands for none.
func (t *tally) save(e *encoder) {
	if t == nil {
		t = &tally{}
	}
	for i, size := range grains {
		past := t.past(i)
		e.flag(past.N > 0)
		if past.N > 0 {
			e.rate(past)
		}
		held := t.drift != nil && t.drift[i].Since != 0
		e.flag(held)
		if held {
			e.real(t.drift[i].Mean)
			e.time(t.drift[i].Since)
		}
		var n [stats.Parts]uint32
		for place := range n {
			n[place] = t.part(i, uint32(place))
		}
		e.number(uint64(t.at / size))
		e.symbols(n[:])
		e.number(uint64(t.last / (size * stats.Parts)))
		e.number(uint64(t.n[i]))
	}
}

// lastGrain is the last that there can be.
const lastGrain = uint64(math.MaxInt64 / int64(grain))

// restoreTally reads what save wrote; nil stands for nothing counted. The times of the scales are one time.
func restoreTally(d *decoder) *tally {
	t := &tally{}
	any := false
	for i, size := range grains {
		if d.flag() {
			if t.hist == nil {
				t.hist = &[len(scales)]stats.Rate{}
			}
			t.hist[i] = d.rate()
			any = true
		}
		if d.flag() {
			if t.drift == nil {
				t.drift = &[len(scales)]stats.Drift{}
			}
			t.drift[i] = stats.Drift{Mean: d.real(), Since: d.time()}
			any = true
		}
		at := d.number()
		var n [stats.Parts]uint32
		d.symbols(n[:])
		last := d.number()
		t.n[i] = uint32(d.count(1<<31, 0))
		if i == 0 && at <= lastGrain && last <= lastGrain/stats.Parts {
			t.at, t.last = uint32(at), uint32(last*stats.Parts)
		}
		if at != uint64(t.at/size) || last != uint64(t.last/(size*stats.Parts)) {
			d.fail("says of a principal's counts what cannot be")
			return nil
		}
		for place, k := range n {
			if k > 0 {
				t.put(i, uint32(place), k)
			}
		}
		any = any || at != 0 || t.n[i] != 0
	}
	if !any {
		return nil
	}
	return t
}
