package report

import "auscult/sensor/clock"

const buckets = 240

// volume counts calls over time in at most 240 steps of equal length, which doubles as time goes on.
type volume struct {
	start, step clock.Time
	bins        []bin
}

type bin struct{ calls, refusals uint64 }

func (v *volume) add(at clock.Time, refused bool) {
	if v.step == 0 {
		v.start, v.step = at.Floor(), 10*clock.Grid
	}
	for (at-v.start)/v.step >= buckets {
		for i := range (len(v.bins) + 1) / 2 {
			sum := v.bins[2*i]
			if 2*i+1 < len(v.bins) {
				sum.calls += v.bins[2*i+1].calls
				sum.refusals += v.bins[2*i+1].refusals
			}
			v.bins[i] = sum
		}
		v.bins, v.step = v.bins[:(len(v.bins)+1)/2], 2*v.step
	}
	i := int(max(0, at-v.start) / v.step)
	for len(v.bins) <= i {
		v.bins = append(v.bins, bin{})
	}
	v.bins[i].calls++
	if refused {
		v.bins[i].refusals++
	}
}
