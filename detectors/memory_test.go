package detectors

import (
	"runtime"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// What a principal may take of the heap, in bytes, all tables of all detectors with it: after one call, and after a
// shift with a dozen patients whom lists gave.
const (
	boundOnce  = 3328
	boundShift = 4992
)

// shiftwork is people who come from addresses of their own.
type shiftwork struct {
	h  *hospital
	e  *Engine
	at clock.Time
}

// round has everyone open one patient by a few endpoints, with a list before if listed, over the given time.
func (c *shiftwork) round(n int, listed bool, calls int, over clock.Time) {
	for i := range c.h.people {
		c.at += over / clock.Time(len(c.h.people))
		id, who := plainID((i*7919+n*104729)%200000), c.h.people[i].who
		observe := func(k *call.Call, endpoint int) {
			k.Endpoint += uint64(endpoint)
			k.Client.Addr[10], k.Client.Addr[11], k.Client.Addr[12] = 0xff, 0xff, 10
			k.Client.Addr[13], k.Client.Addr[14], k.Client.Addr[15] = byte(i>>16), byte(i>>8), byte(i)
			c.e.Observe(nil, k)
		}
		if listed {
			observe(c.h.list(c.at, who, []string{id}, false), 0)
		}
		for endpoint := range calls {
			observe(c.h.open(c.at+clock.Time(1+endpoint)*second, who, id, 200), endpoint)
		}
	}
}

// memoryOf is what each of n principals takes beyond those that fill what is bounded, after one call, and after a shift.
func memoryOf(n int) (once, shift int) {
	const few = 1000
	cfg := Defaults()
	cfg.Runs = few / 10 // evidence has a bound of its own
	take := func(people, rounds, calls int, listed bool) (total, each int64) {
		c := &shiftwork{h: newHospital(1, people, 200000), e: New(cfg), at: epoch}
		before := live()
		for n := range rounds {
			c.round(n, listed, calls, hour/2)
		}
		total = live() - before
		runtime.KeepAlive(c)
		return total, int64(len(c.h.people))
	}
	further := func(rounds, calls int, listed bool) int {
		less, some := take(few, rounds, calls, listed)
		more, all := take(few+n, rounds, calls, listed)
		return int((more - less) / (all - some))
	}
	return further(1, 1, true), further(12, 4, true)
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemory holds that a principal takes no more than is stated, and one that was seen once far less.
func TestMemory(t *testing.T) {
	if once, shift := memoryOf(2000); once > boundOnce || shift > boundShift {
		t.Errorf("a principal takes %d bytes after one call, at most %d are stated; %d after a shift, at most %d", once, boundOnce, shift, boundShift)
	}
}

// BenchmarkMemory is the same with as many as a large group of hospitals has.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		once, shift := memoryOf(200000)
		b.ReportMetric(float64(once), "B/principal-once")
		b.ReportMetric(float64(shift), "B/principal-shift")
	}
}
