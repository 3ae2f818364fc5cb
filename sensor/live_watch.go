package main

import (
	"errors"
	"fmt"
	usage "runtime/metrics"
	"strings"
	"sync"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/sink"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
	"auscult/sensor/page"
)

// stalled is how long the pipeline may stand still until it counts as dead. On an idle line packet time goes on, so it
// moves several times a second.
const stalled = 30 * time.Second

// watchEvery is how often it is looked at.
const watchEvery = time.Second

// watch knows how a live run is doing. Any goroutine may ask.
type watch struct {
	src      interface{ Stats() capture.Stats }
	lanes    *metered
	sinks    tallies
	memory   *memorySaver // nil when nothing is kept over a restart
	outbox   *sink.Outbox // nil when alerts are delivered to nobody
	out      *outputs     // nil in tests of one part
	logs     []*lockedLog
	cfg      *pipeline.Config // for the bounds of tables
	page     *page.Page       // nil when there is none
	allowing *page.Allowing   // nil where nothing can be marked as expected
	prog     pipeline.Progress

	mu      sync.Mutex
	ready   bool      // the interfaces are open, and privileges are given up
	ending  bool      // it was told to end
	moved   time.Time // when the pipeline was last seen to move
	at      clock.Time
	packets uint64
	since   time.Time // when the rate was last taken
	before  uint64    // packets then
	rate    float64   // packets a second
}

// begin starts the clocks: from now on the pipeline is expected to move.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.ready, w.moved, w.since = true, now, now
}

// end says that no new packets are taken.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ending = true
}

// alive is whether the pipeline has moved within the last half minute. It must be asked more often than that.
func (w *watch) alive() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at, n := w.lanes.at(), w.prog.Packets.Load(); at != w.at || n != w.packets {
		w.at, w.packets, w.moved = at, n, time.Now()
	}
	return !w.ready || time.Since(w.moved) < stalled
}

// reopen lets every output that is a file go on in a new one.
func (w *watch) reopen() (err error) {
	for _, s := range w.sinks {
		err = errors.Join(err, s.reopen())
	}
	for _, l := range w.logs {
		err = errors.Join(err, l.reopen())
	}
	return err
}

// unready is why it is not capturing and writing; empty when it is.
func (w *watch) unready() string {
	w.mu.Lock()
	ready, ending := w.ready, w.ending
	w.mu.Unlock()
	switch {
	case !ready:
		return "starting"
	case ending:
		return "ending"
	case !w.sinks.open():
		return "an output has failed"
	}
	for _, i := range w.src.Stats().Interfaces {
		if !i.Up {
			return "interface " + i.Name + " is down"
		}
	}
	return ""
}

// lag is how far packet time is behind the clock.
func (w *watch) lag() time.Duration {
	at := w.lanes.at()
	if at == 0 {
		return 0
	}
	return max(0, clock.Time(time.Now().UnixNano()).Sub(at))
}

// point is how far the run has come. Its rate is of the last second or more: packets are counted in steps of the grid.
func (w *watch) point() point {
	stats := w.src.Stats()
	p := point{packets: w.prog.Packets.Load(), calls: w.prog.Calls.Load(), alerts: w.prog.Alerts.Load(),
		live: &livePoint{dropped: stats.Dropped(), lag: w.lag(), ring: ringUse(&stats), heap: heapBytes()}}
	s := w.sample()
	p.live.flows, p.live.principals = s.Extract.Conns, s.Detect.Principals
	if lost := s.Extract.TCP.LostBytes; lost > 0 {
		p.live.missing = float64(lost) / float64(lost+s.Extract.StreamBytes)
	}
	if len(stats.Interfaces) > 1 {
		for _, l := range tookIn(stats, &s.Extract.TCP).links {
			if l.Dropped+l.Missed+l.Gaps+l.OneSided+l.Duplicates > 0 {
				p.live.links = append(p.live.links, l.String())
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if s := now.Sub(w.since).Seconds(); s >= 1 {
		w.rate = float64(p.packets-w.before) / s
		w.since, w.before = now, p.packets
	}
	p.live.rate = w.rate
	return p
}

// livePoint is what a point of a live run has beyond that of a replay.
type livePoint struct {
	rate              float64 // packets a second of late
	dropped           uint64  // by the kernel
	lag               time.Duration
	flows, principals uint64   // known now
	missing           float64  // share of the bytes, 0 to 1
	ring              float64  // share of the blocks that the kernel cannot fill, of the fullest interface
	heap              uint64   // bytes of objects
	links             []string // of several interfaces, those that lack something
}

// ringUse is how full the fullest interface's rings are, 0 to 1.
func ringUse(stats *capture.Stats) (use float64) {
	for i := range stats.Interfaces {
		if l := &stats.Interfaces[i]; l.Blocks > 0 {
			use = max(use, float64(l.Waiting)/float64(l.Blocks))
		}
	}
	return use
}

// heapBytes is what objects take, by a counter that stops nothing.
func heapBytes() uint64 {
	s := []usage.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	usage.Read(s)
	return s[0].Value.Uint64()
}

func (l *livePoint) line(p point) string {
	line := fmt.Sprintf("%s packets  %s packets/s  %s  %s  %s dropped  lag %.1f s  %s  %s  missing %.2g %%  ring %.0f %%  heap %sB", grouped(p.packets),
		strings.TrimSpace(scaled(l.rate)), counted(p.calls, "call"), counted(p.alerts, "alert"), grouped(l.dropped), l.lag.Seconds(),
		counted(l.flows, "flow"), counted(l.principals, "principal"), 100*l.missing, 100*l.ring, scaled(float64(l.heap)))
	return strings.Join(append([]string{line}, l.links...), "  ")
}
