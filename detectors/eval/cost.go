package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"auscult/detectors"
	"auscult/detectors/eval/world"
)

// costs are what the detectors took of one hospital.
type costs struct {
	calls        uint64
	staff, days  int
	making, took time.Duration // of making the calls, and of that and judging them
	principals   uint64
	bytes        int64
	same         bool             // played again, it said the same
	delays       [4]time.Duration // from a call to its alerts: median, 99 %, 99.99 %, longest
	passes       int
}

// perCall is the time of the detectors and the folder for each call.
func (c *costs) perCall() time.Duration { return (c.took - c.making) / time.Duration(c.calls) }

// cost measures the time and memory that the detectors take, and that a stream played again says the same. It runs
// alone, on one core; its figures are of the machine it runs on.
func cost(seed uint64) *costs {
	c := &costs{staff: 1000, days: 10, passes: 3}
	cfg := world.Default(seed)
	cfg.People = c.staff
	calls := 0
	var w *world.World
	for i := range c.passes { // the least of some, for other programs only add
		w = world.New(cfg)
		if t := spent(func() {
			for range c.days {
				w.Day(nothing(&calls))
			}
		}); i == 0 || t < c.making {
			c.making = t
		}
	}
	w = nil
	before := heap()
	w = world.New(cfg)
	for range c.days {
		w.Day(nothing(&calls))
	}
	bare := heap() - before
	runtime.KeepAlive(w)
	w = nil

	var digest, made uint64
	c.same = true
	for i := range c.passes {
		before = heap()
		s := newSite(cfg, detectors.Defaults())
		t := spent(func() {
			for range c.days {
				s.day(nil)
			}
		})
		if i == 0 {
			c.took, digest, made = t, s.digest, s.made
			c.bytes = heap() - before - bare
			c.calls, c.principals = s.calls, s.engine.Stats().Principals
		}
		c.took = min(c.took, t)
		c.same = c.same && s.digest == digest && s.made == made
		runtime.KeepAlive(s)
	}
	c.delay(cfg)
	return c
}

// delay measures how long each call of a stream is under way, from its hand-over to its alerts.
func (c *costs) delay(cfg world.Config) {
	s := newSite(cfg, detectors.Defaults())
	all := make([]time.Duration, 0, c.calls)
	s.timed = func(d time.Duration) { all = append(all, d) }
	for range c.days {
		s.day(nil)
	}
	slices.Sort(all)
	for i, q := range [...]float64{.5, .99, .9999, 1} {
		c.delays[i] = all[min(len(all)-1, int(q*float64(len(all))))]
	}
}

func costReport(c *costs, command string) string {
	micros := func(d time.Duration) string { return fmt.Sprintf("%.2f µs", float64(d.Nanoseconds())/1000) }
	var d document
	d.title("Cost", command)
	d.text("%s calls of a hospital of %d staff in %d days, processor time of one thread, the least of %d passes, %s.", millions(c.calls), c.staff, c.days, c.passes, runtime.GOARCH)
	d.table("what", "figure")
	d.row("making a call", micros(c.making/time.Duration(c.calls)))
	d.row("all detectors and the folder, a call", micros(c.perCall()))
	d.row("a call until its alerts are out, median", micros(c.delays[0]))
	d.row("… 99 %", micros(c.delays[1]))
	d.row("… 99.99 %", micros(c.delays[2]))
	d.row("… longest", micros(c.delays[3]))
	d.row("principals remembered", c.principals)
	d.row("memory of the detectors", fmt.Sprintf("%.1f MB", float64(c.bytes)/1e6))
	d.row("memory for each principal", fmt.Sprintf("%.1f kB", float64(c.bytes)/1e3/float64(c.principals)))
	d.row("alerts of the stream played again", map[bool]string{true: "the same, to the bit", false: "DIFFERENT"}[c.same])
	return d.String()
}

// heap is the live memory.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
