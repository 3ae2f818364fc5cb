package page

import (
	"context"
	"time"
)

// State is how a run is doing. Numbers are since its start where nothing else is said.
type State struct {
	Time       int64   `json:"time"`  // packet time, in milliseconds since 1970
	Ready      string  `json:"ready"` // why it does not watch; empty when it does
	Packets    uint64  `json:"packets"`
	Bytes      uint64  `json:"bytes"`
	Calls      uint64  `json:"calls"`
	Alerts     uint64  `json:"alerts"`
	Dropped    uint64  `json:"dropped"`    // by the kernel or the card
	Lag        float64 `json:"lag"`        // seconds
	Ring       float64 `json:"ring"`       // share of the fullest ring, 0 to 1
	Missing    float64 `json:"missing"`    // share of the bytes that never came, 0 to 1
	Heap       uint64  `json:"heap"`       // bytes
	Flows      uint64  `json:"flows"`      // known now
	Principals uint64  `json:"principals"` // known now
	Open       uint64  `json:"open"`       // incidents
	Silenced   uint64  `json:"silenced"`   // signals, by the allow-list
	Rules      int     `json:"rules"`      // of the allow-list
	Links      []Link  `json:"links"`
	Lost       []Lost  `json:"lost"`
	Sinks      []Sink  `json:"sinks"`
}

// Link is an interface.
type Link struct {
	Name    string `json:"name"`
	Up      bool   `json:"up"`
	Packets uint64 `json:"packets"`
	Dropped uint64 `json:"dropped"`
}

// Lost is something that was lost, or not taken as it was.
type Lost struct {
	Cause string `json:"cause"`
	Unit  string `json:"unit"`
	Count uint64 `json:"count"`
}

// Sink is where alerts are delivered to.
type Sink struct {
	Name    string  `json:"name"`
	Waiting uint64  `json:"waiting"` // alerts
	Age     float64 `json:"age"`     // of the oldest of them, in seconds
	Failing string  `json:"failing"`
}

// Point is the traffic of a second.
type Point struct {
	At      int64   `json:"at"` // by the clock, in milliseconds since 1970
	Packets float64 `json:"packets"`
	Bits    float64 `json:"bits"`
	Calls   float64 `json:"calls"`
	Dropped float64 `json:"dropped"`
	Lag     float64 `json:"lag"` // seconds
}

// beat is a message of every second.
type beat struct {
	Point Point `json:"point"`
	State State `json:"state"`
}

const (
	beatEvery = time.Second
	topEvery  = 2           // beats
	kept      = 5 * 60      // points
	topKept   = 10          // principals that are shown
	slowest   = time.Minute // between beats that still are one point
)

// Run tells how the run is doing, every second, until ctx ends. The page is there without it, but stands still.
func (p *Page) Run(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.beat(now, n%topEvery == 0)
		}
	}
}

// beat takes the state at now.
func (p *Page) beat(now time.Time, top bool) {
	s := p.opt.State()
	var list []Principal
	if top {
		list = p.top.list(topKept)
	}
	p.gate.expire(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if seconds := now.Sub(p.at).Seconds(); !p.at.IsZero() && seconds > 0 && seconds < slowest.Seconds() {
		rate := func(a, b uint64) float64 { return float64(b-min(a, b)) / seconds }
		p.history = append(p.history, Point{now.UnixMilli(), rate(p.last.Packets, s.Packets), 8 * rate(p.last.Bytes, s.Bytes),
			rate(p.last.Calls, s.Calls), rate(p.last.Dropped, s.Dropped), s.Lag})
		if len(p.history) > kept {
			p.history = append(p.history[:0], p.history[1:]...)
		}
		p.tell("beat", beat{p.history[len(p.history)-1], s})
	}
	p.last, p.at = s, now
	if top {
		p.tell("top", list)
	}
}
