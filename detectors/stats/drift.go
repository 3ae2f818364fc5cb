package stats

import "auscult/sensor/clock"

// Drift holds what is usual to a growth of DriftWeek in a week: who raises his takings slowly does not thereby make
// them usual. The zero value has not begun.
type Drift struct {
	Mean  float64
	Since clock.Time
}

// DriftWeek is the most by which what is usual may grow in a week.
const DriftWeek = 1.3

const week = clock.Time(7 * 24 * 3600 * 1e9)

// Hold returns mean, at most DriftWeek a week above what it was, and begins to hold when it never did.
func (d *Drift) Hold(mean float64, now clock.Time) float64 {
	if d.Since == 0 {
		d.Mean, d.Since = mean, now
		return mean
	}
	for now-d.Since >= week {
		d.Since += week
		if now-d.Since >= 52*week { // unseen for a year: it begins anew
			d.Mean, d.Since = mean, now
			return mean
		}
		d.Mean = min(d.Mean*DriftWeek, max(mean, d.Mean/DriftWeek))
	}
	part := float64(max(0, now-d.Since)) / float64(week)
	return min(mean, d.Mean*(1+float64((DriftWeek-1)*part)))
}
