package main

import (
	"fmt"
	"runtime"
	"time"

	"auscult/detectors"
	"auscult/detectors/eval/world"
)

// cost measures the time and memory that the detectors take, and that a stream played again says the same. It runs
// alone, on one core; its figures are of the machine it runs on.
func cost(seed uint64, command string) string {
	const days = 10
	cfg := world.Default(seed)
	cfg.People = 1000
	w := world.New(cfg)
	calls := 0
	making := spent(func() {
		for range days {
			w.Day(nothing(&calls))
		}
	})

	watch := func() (*site, time.Duration) {
		s := newSite(cfg, detectors.Defaults())
		return s, spent(func() {
			for range days {
				s.day(nil)
			}
		})
	}
	before := heap()
	w = world.New(cfg)
	for range days {
		w.Day(nothing(&calls))
	}
	bare := heap() - before
	runtime.KeepAlive(w)
	w = nil
	before = heap()
	s, took := watch()
	full := heap() - before
	st := s.engine.Stats()
	again, _ := watch()

	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(s.calls) / 1000 }
	var d document
	d.title("Cost", command)
	d.text("%s calls of a hospital of %d staff in %d days, processor time of one thread, %s.", millions(s.calls), cfg.People, days, runtime.GOARCH)
	d.table("what", "figure")
	d.row("making a call", fmt.Sprintf("%.2f µs", per(making)))
	d.row("all detectors and the folder, a call", fmt.Sprintf("%.2f µs", per(took-making)))
	d.row("principals remembered", st.Principals)
	d.row("memory of the detectors", fmt.Sprintf("%.1f MB", float64(full-bare)/1e6))
	d.row("memory for each principal", fmt.Sprintf("%.1f kB", float64(full-bare)/1e3/float64(st.Principals)))
	d.row("alerts of the stream played again", map[bool]string{true: "the same, to the bit", false: "DIFFERENT"}[s.digest == again.digest && s.made == again.made])
	runtime.KeepAlive(s)
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
