package main

import (
	"fmt"
	"slices"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
)

// healthStep is how often, in packet time, the sensor's own health is judged; it is a multiple of the step of samples.
const healthStep = 10 * time.Second

// healthConfig is when a finding says that the sensor cannot be relied on.
type healthConfig struct {
	// Window is the stretch of packet time that is judged, every ten seconds.
	Window time.Duration `yaml:"window"`
	// Dropped is the share of packets, 0 to 1, that the kernel may drop within the window; above it a finding says so.
	Dropped float64 `yaml:"dropped"`
	// Missing is the share of bytes, 0 to 1, that may be missing within the window: they were acknowledged, or their
	// sender went past them, and were never seen.
	Missing float64 `yaml:"missing"`
	// OneSided is the share of new connections, 0 to 1, of which only one direction may be seen within the window.
	OneSided float64 `yaml:"one_sided"`
	// LeastBytes is how many bytes must pass within the window for what is missing to be judged.
	LeastBytes uint64 `yaml:"least_bytes"`
	// LeastFlows is how many connections must begin within the window for those of one side to be judged.
	LeastFlows uint64 `yaml:"least_flows"`
	// Silent is how long an interface may bring no packet; 0: for ever.
	Silent time.Duration `yaml:"silent"`
	// Healthy is how long nothing must be amiss until a finding is closed.
	Healthy time.Duration `yaml:"healthy"`
}

func healthDefaults() healthConfig {
	return healthConfig{Window: time.Minute, Dropped: 0.001, Missing: 0.01, OneSided: 0.2, LeastBytes: 1 << 20, LeastFlows: 50,
		Silent: 10 * time.Minute, Healthy: 10 * time.Minute}
}

// Validate names the first field that cannot be worked with.
func (c healthConfig) Validate() error {
	for _, f := range []struct {
		name  string
		share float64
	}{{"dropped", c.Dropped}, {"missing", c.Missing}, {"one_sided", c.OneSided}} {
		if !(f.share > 0 && f.share <= 1) {
			return fmt.Errorf("%s: %v is not above 0 and at most 1", f.name, f.share)
		}
	}
	switch {
	case c.Window < healthStep || c.Window > time.Hour:
		return fmt.Errorf("window: %v is not between %v and 1h", c.Window, healthStep)
	case c.LeastBytes < 1:
		return fmt.Errorf("least_bytes: %d is not positive", c.LeastBytes)
	case c.LeastFlows < 1:
		return fmt.Errorf("least_flows: %d is not positive", c.LeastFlows)
	case c.Silent < 0 || c.Silent > 0 && c.Silent < healthStep:
		return fmt.Errorf("silent: %v is neither 0 nor %v or more", c.Silent, healthStep)
	case c.Healthy < c.Window:
		return fmt.Errorf("healthy: %v is less than the window, %v", c.Healthy, c.Window)
	}
	return nil
}

// passed is what connections had carried by a time, and what of it was not seen.
type passed struct {
	at                                       clock.Time
	packets, bytes, missing, flows, oneSided uint64
}

// health judges what a run sees by what it cannot have seen. Of connections that is in a recording too, and a replay of
// it finds the same: interfaces are told apart in /metrics and the summary. What the kernel dropped, and silence, are of
// a live run's interfaces. It is a pipeline.Watcher: one goroutine.
type health struct {
	cfg   healthConfig
	links func() []capture.InterfaceStats // of a live run; nil in a replay

	last    clock.Time // when it was judged
	traffic []passed   // of the window, and one before; oldest first
	ports   []portHealth
	lacks   ailment // bytes
	halves  ailment // connections seen in one direction
}

// portHealth is one interface's.
type portHealth struct {
	past    []portCount // of the window, and one before; oldest first
	heard   clock.Time  // when it last brought something
	drops   ailment
	silence ailment
}

type portCount struct {
	at                         clock.Time
	received, dropped, freezes uint64
}

// Watch judges the sample, if it is one of the steps at which that is done.
func (h *health) Watch(dst []alert.Alert, s *pipeline.Sample) []alert.Alert {
	step := clock.Time(healthStep)
	if s.Time/step == h.last/step {
		return dst
	}
	h.last = s.Time
	dst = h.judgeTraffic(dst, s)
	if h.links != nil {
		dst = h.judgeLinks(dst, h.links(), s.Time)
	}
	return dst
}

// Close closes what is amiss when the run ends.
func (h *health) Close(dst []alert.Alert, at clock.Time) []alert.Alert {
	for _, a := range h.ailments() {
		dst = a.close(dst, at)
	}
	return dst
}

// ailments is all that may be amiss, in order.
func (h *health) ailments() []*ailment {
	list := []*ailment{&h.lacks, &h.halves}
	for i := range h.ports {
		list = append(list, &h.ports[i].drops, &h.ports[i].silence)
	}
	return list
}

// judgeTraffic judges by the connections. Times without a packet are passed over: a recording does not have them.
func (h *health) judgeTraffic(dst []alert.Alert, s *pipeline.Sample) []alert.Alert {
	t := &s.Extract.TCP
	now := passed{s.Time, s.Extract.Packets, s.Extract.StreamBytes, t.LostBytes - min(t.LostBytes, s.Extract.CutBytes), t.Opened, t.OneSided}
	if n := len(h.traffic); n > 0 && h.traffic[n-1].packets == now.packets {
		return dst
	}
	if h.traffic == nil {
		h.lacks, h.halves = ailment{cause: missingBytes}, ailment{cause: oneSided}
		h.traffic = append(h.traffic, passed{}) // before the run there was nothing
	}
	h.traffic = append(h.traffic, now)
	from := s.Time.Add(-h.cfg.Window)
	if n := slices.IndexFunc(h.traffic, func(p passed) bool { return p.at > from }); n > 1 {
		h.traffic = slices.Delete(h.traffic, 0, n-1)
	}
	base := &h.traffic[0]
	since := max(base.at, from)
	// The counter of the missing can go back when bytes are known to have been cut, and only then.
	missing, bytes := now.missing-min(now.missing, base.missing), now.bytes-base.bytes
	m := measure{at: s.Time, since: since, part: missing, whole: missing + bytes, limit: h.cfg.Missing}
	dst = h.lacks.judge(dst, m.enough(h.cfg.LeastBytes), h.cfg.Healthy)
	m = measure{at: s.Time, since: since, part: now.oneSided - base.oneSided, limit: h.cfg.OneSided}
	m.whole = max(now.flows-base.flows, m.part)
	dst = h.halves.judge(dst, m.enough(h.cfg.LeastFlows), h.cfg.Healthy)
	return dst
}

// enough is m, or nothing amiss if too little passed to tell.
func (m *measure) enough(least uint64) *measure {
	if m.whole < least {
		m.part = 0
	}
	return m
}

// judgeLinks judges by what the kernel says of the interfaces.
func (h *health) judgeLinks(dst []alert.Alert, links []capture.InterfaceStats, at clock.Time) []alert.Alert {
	if h.ports == nil {
		for i := range links {
			name := links[i].Name
			h.ports = append(h.ports, portHealth{past: []portCount{{}}, heard: at, drops: ailment{cause: kernelDrops, link: name},
				silence: ailment{cause: silence, link: name}})
		}
	}
	for i := range h.ports {
		p, l := &h.ports[i], &links[i]
		now := portCount{at, l.Received, l.Dropped, l.Freezes}
		if now.received > p.past[len(p.past)-1].received {
			p.heard = at
		}
		p.past = append(p.past, now)
		from := at.Add(-h.cfg.Window)
		if n := slices.IndexFunc(p.past, func(c portCount) bool { return c.at > from }); n > 1 {
			p.past = slices.Delete(p.past, 0, n-1)
		}
		base := &p.past[0]
		m := measure{at: at, since: max(base.at, from), part: now.dropped - base.dropped, whole: now.received - base.received,
			freezes: now.freezes - base.freezes, limit: h.cfg.Dropped}
		dst = p.drops.judge(dst, &m, h.cfg.Healthy)
		if h.cfg.Silent > 0 {
			m = measure{at: at, since: p.heard, allowed: h.cfg.Silent, down: !l.Up}
			dst = p.silence.judge(dst, &m, h.cfg.Healthy)
		}
	}
	return dst
}
