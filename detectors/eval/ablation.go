package main

import (
	"fmt"

	"auscult/detectors"
	"auscult/detectors/eval/world"
)

// ablation takes a part away, by what a configuration can.
type ablation struct {
	name      string
	world     func(*world.Config)
	detectors func(*detectors.Config)
}

// tiny is a share of the budget that buys no alarm.
const tiny = 1e-300

// only leaves one stream its share and takes those of the others.
func only(keep func(*detectors.Config) *float64) func(*detectors.Config) {
	return func(c *detectors.Config) {
		p := keep(c)
		share := *p
		c.ShareUnexplained, c.ShareLattice, c.ShareRefused, c.ShareVolume, c.ShareAcross, c.ShareOversize = tiny, tiny, tiny, tiny, tiny, tiny
		*p = share
		if p != &c.ShareVolume {
			c.VolumeTail = tiny
		}
	}
}

// outOfSight is the ablation that a target is about.
const outOfSight = "no provenance: lists out of sight"

var ablations = []ablation{
	{"as shipped", nil, nil},
	{outOfSight, func(c *world.Config) { c.Unseen = true }, nil},
	{"no peers: colleagues forgotten", nil, func(c *detectors.Config) { c.Objects = 16 }},
	{"no peers: roles unknown", func(c *world.Config) { c.Roles = false }, nil},
	{"no learning: site never known", nil, func(c *detectors.Config) { c.WarmDays = 36_500 }},
	{"only unexplained contacts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareUnexplained })},
	{"only walks", nil, only(func(c *detectors.Config) *float64 { return &c.ShareLattice })},
	{"only counts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareVolume })},
	{"only walks across accounts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareAcross })},
}

// ablate measures the false alarms of each ablation on the honest traffic of the first hospital.
func ablate(r *runner, calls float64, first uint64, command string) string {
	type part struct {
		calls uint64
		told  int
	}
	const days = 40
	seeds := max(1, int(calls/float64(len(ablations))/(days*400*perPersonDay)))
	parts := make([]part, len(ablations)*seeds)
	r.each("ablation", len(parts), func(i int) string {
		a := &ablations[i/seeds]
		w, cfg := world.Default(first+uint64(i%seeds)), detectors.Defaults()
		if a.world != nil {
			a.world(&w)
		}
		if a.detectors != nil {
			a.detectors(&cfg)
		}
		s := newSite(w, cfg)
		for range days {
			s.day(nil)
		}
		parts[i] = part{s.calls, len(s.incidents)}
		return a.name
	})
	var d document
	d.title("What each part costs in false alarms", command)
	d.text("A hospital of 400 for %d days, %d seeds each. What it is worth stands in attacks.md. The detectors have no switch for a single test within a stream, nor for the filter of deliveries: lists out of sight stand for the latter.", days, seeds)
	d.table("detectors", "calls", "incidents", "per million", "95 %")
	for i := range ablations {
		var p part
		for _, x := range parts[i*seeds : (i+1)*seeds] {
			p.calls, p.told = p.calls+x.calls, p.told+x.told
		}
		mean, low, high := rate(p.told, p.calls)
		d.row(ablations[i].name, millions(p.calls), p.told, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	return d.String()
}
