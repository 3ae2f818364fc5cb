package detectors

import (
	"fmt"
	"math"
	"slices"

	"auscult/detectors/stats"
)

// check counts what the engine says against its budget. The budget is a promise about traffic of which every null
// is true; a site whose work differs from all of them would hear more, and then all thresholds rise by themselves.
// True attacks count too: nobody has told them apart. Seven days and a million calls are asked for, an excess beyond
// chance, and no more than a factor of ten is ever taken back.
type check struct {
	stats.SelfCheck
	today stats.Tally
	told  stats.Recent // incidents, so that one that grows counts once
}

// maxTold bounds the incidents remembered; past it the oldest would count again.
const maxTold = 4096

// alarms counts the new incidents among sigs that wake somebody, and says in each when thresholds stand raised.
func (s *scene) alarms(sigs []Signal) {
	for i := range sigs {
		sig := &sigs[i]
		if sig.Severity < Medium {
			continue
		}
		key := stats.Mix(text(sig.Detector)^sig.Principal.Key^stats.Mix(sig.Endpoint)) ^ stats.Mix(uint64(sig.Since))
		if fresh, _ := s.check.told.Add(key, s.now, 7*day, maxTold); fresh {
			s.check.today.Alarms++
		}
		if s.check.Raise > 0 {
			sig.Facts = append(slices.Clip(sig.Facts), Fact{"thresholds",
				fmt.Sprintf("raised %.1f-fold: more alarms in 7 days than the budget allows", math.Exp(s.check.Raise))})
		}
	}
}

// selfCheck closes the day, and those that passed without a call.
func (s *scene) selfCheck() {
	s.check.Add(s.check.today, s.cfg.Budget)
	s.check.today = stats.Tally{}
	for range min(stats.CheckDays, (s.now-s.nextMark)/day) {
		s.check.Add(stats.Tally{}, s.cfg.Budget)
	}
	s.h = s.cfg.thresholds(s.check.Raise)
}

func (c *check) save(e *encoder) {
	for _, d := range append(c.Days[:len(c.Days):len(c.Days)], c.today) {
		e.number(d.Calls)
		e.number(d.Alarms)
	}
	e.count(c.Full)
	e.real(c.Raise)
}

func (c *check) restore(d *decoder) {
	for i := range c.Days {
		c.Days[i] = stats.Tally{Calls: uint64(d.count(1<<48, 0)), Alarms: uint64(d.count(1<<48, 0))}
	}
	c.today = stats.Tally{Calls: uint64(d.count(1<<48, 0)), Alarms: uint64(d.count(1<<48, 0))}
	c.Full = d.count(stats.CheckDays, 0)
	if c.Raise = d.real(); c.Raise > stats.MaxRaise {
		d.fail("raises thresholds beyond the bound")
		c.Raise = 0
	}
}
