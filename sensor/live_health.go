package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
)

// sensorHealth is the kind of the findings about the sensor itself.
const sensorHealth = "sensor_health"

// healthSamples is how many counts, one a second, make the minute that is judged.
const healthSamples = 60

// healthConfig is when a finding says that the sensor cannot be relied on.
type healthConfig struct {
	// Dropped is the share of packets, 0 to 1, that the kernel may drop within a minute; above it a finding says so.
	Dropped float64 `yaml:"dropped"`
	// Every is how long after such a finding there is no other about the same interface.
	Every time.Duration `yaml:"every"`
}

// Validate names the first field that cannot be worked with.
func (c healthConfig) Validate() error {
	switch {
	case !(c.Dropped > 0 && c.Dropped <= 1):
		return fmt.Errorf("dropped: %v is not above 0 and at most 1", c.Dropped)
	case c.Every < time.Minute:
		return fmt.Errorf("every: %v is less than a minute", c.Every)
	}
	return nil
}

// health judges the interfaces of a live run by what the kernel dropped. One goroutine.
type health struct {
	cfg   healthConfig
	ports []portHealth
	told  uint64 // findings
}

type portHealth struct {
	past  [healthSamples]capture.InterfaceStats // a ring
	looks int
	last  time.Time // of the last finding
}

// look takes the counters, once a second, and returns what is to be said of them. at is the packet time.
func (h *health) look(stats *capture.Stats, at clock.Time, now time.Time) (found []alert.Alert) {
	if at == 0 { // no packet has come through yet
		at = clock.Time(now.UnixNano())
	}
	if h.ports == nil {
		h.ports = make([]portHealth, len(stats.Interfaces))
	}
	for n := range h.ports {
		p, i := &h.ports[n], &stats.Interfaces[n]
		slot := &p.past[p.looks%healthSamples]
		var before capture.InterfaceStats // of a run that began within the minute: nothing
		if p.looks >= healthSamples {
			before = *slot
		}
		*slot = *i
		p.looks++
		received, dropped := i.Received-before.Received, i.Dropped-before.Dropped
		if float64(dropped) <= h.cfg.Dropped*float64(received) || !p.last.IsZero() && now.Sub(p.last) < h.cfg.Every {
			continue
		}
		p.last = now
		h.told++
		found = append(found, h.finding(i.Name, received, dropped, i.Freezes-before.Freezes, at))
	}
	return found
}

// finding is what an analyst is told: what was lost, and what not to rely on.
func (h *health) finding(name string, received, dropped, freezes uint64, at clock.Time) alert.Alert {
	since := at.Add(-time.Minute)
	share := fmt.Sprintf("%.2g %%", 100*float64(dropped)/float64(received))
	sum := sha256.Sum256(fmt.Appendf(nil, "v1|%s|%s|%d", sensorHealth, name, at))
	id := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	s := detectors.Signal{
		Detector: sensorHealth, Severity: detectors.Low, Confidence: 100, Since: since,
		Title:    "The sensor lost " + share + " of the packets of " + name + " within a minute",
		Expected: fmt.Sprintf("at most %v %% of the packets dropped by the kernel within a minute", 100*h.cfg.Dropped),
		Observed: fmt.Sprintf("%s of %s packets dropped, the ring full %s; do not rely on the calls of that time being all there were, "+
			"on counts of patients and records, which are lower bounds, or on nothing else having been found",
			grouped(dropped), grouped(received), counted(freezes, "time")),
		Facts: []detectors.Fact{{Name: "interface", Value: name}, {Name: "packets_dropped", Value: fmt.Sprint(dropped)},
			{Name: "packets_received", Value: fmt.Sprint(received)}, {Name: "ring_freezes", Value: fmt.Sprint(freezes)}},
	}
	s.Time = at
	return alert.Alert{UID: "auscult-" + id[:26], Sequence: 1, Activity: alert.Create, Time: at, First: since, Last: at,
		Signal: s, Kinds: []string{sensorHealth}}
}

// watchHealth looks at the interfaces until over ends, and gives what it finds to the sinks.
func (w *watch) watchHealth(over context.Context, h *health) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-over.Done():
			return
		case now := <-tick.C:
			stats := w.src.Stats()
			w.sinks.aside(over, h.look(&stats, w.lanes.at(), now))
		}
	}
}

// amend adds the findings to the report of a run.
func (h *health) amend(r *report) {
	if h.told > 0 {
		r.Alerts += h.told
		r.Incidents = append(r.Incidents, count{sensorHealth, h.told})
	}
}
