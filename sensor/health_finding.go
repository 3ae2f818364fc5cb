package main

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/clock"
)

// sensorHealth is the kind of the findings about the sensor itself.
const sensorHealth = "sensor_health"

// What may be amiss.
const (
	missingBytes = "missing_bytes"
	oneSided     = "one_sided"
	kernelDrops  = "kernel_drops"
	silence      = "silence"
)

// measure is what is judged: part of whole within a window, or how long there was nothing.
type measure struct {
	at, since   clock.Time
	part, whole uint64
	freezes     uint64
	limit       float64 // of part/whole; a longer silence than allowed where that is not 0
	allowed     time.Duration
	down        bool // and why there was nothing
}

func (m *measure) amiss() bool {
	if m.allowed > 0 {
		return m.at.Sub(m.since) >= m.allowed
	}
	return float64(m.part) > m.limit*float64(m.whole)
}

// grown is how many times more is lost than that tells of one more message.
const grown = 4

// ailment is one thing that may be amiss, of one interface or of all that is seen. It is told of when it begins, when
// it has grown, and when nothing was amiss for a while: one incident, however long it lasts.
type ailment struct {
	cause, link string
	told        alert.Alert // the newest message; without a Sequence when nothing is amiss
	worst       measure
	size        uint64     // of the worst that was told
	bad         clock.Time // when it was amiss last
}

// judge takes in one measure and appends to dst what is to be said of it.
func (a *ailment) judge(dst []alert.Alert, m *measure, healthy time.Duration) []alert.Alert {
	open := a.told.Sequence > 0
	if !m.amiss() {
		if open && m.at.Sub(a.bad) >= healthy {
			return a.close(dst, m.at)
		}
		return dst
	}
	a.bad = m.at
	switch {
	case !open:
		a.worst, a.size = *m, m.part
		sum := sha256.Sum256(fmt.Appendf(nil, "v1|%s|%s|%s|%d", sensorHealth, a.cause, a.link, m.at))
		id := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
		a.told = alert.Alert{UID: "auscult-" + id[:26], First: m.since, Kinds: []string{sensorHealth}}
		return a.tell(dst, alert.Create, m.at)
	case m.allowed > 0 || m.part > a.worst.part:
		a.worst = *m
	}
	if m.allowed == 0 && a.worst.part >= grown*a.size {
		a.size = a.worst.part
		return a.tell(dst, alert.Update, m.at)
	}
	return dst
}

// close says that it is over, if it was told of.
func (a *ailment) close(dst []alert.Alert, at clock.Time) []alert.Alert {
	if a.told.Sequence == 0 {
		return dst
	}
	dst = a.tell(dst, alert.Close, max(at, a.bad))
	a.told = alert.Alert{}
	return dst
}

// tell is the next message of the incident.
func (a *ailment) tell(dst []alert.Alert, what alert.Activity, at clock.Time) []alert.Alert {
	t := &a.told
	t.Sequence++
	t.Activity, t.Time, t.Last = what, at, a.bad
	t.Signal = a.signal()
	t.Signal.Time = at
	return append(dst, *t)
}

// signal is what an analyst is told: what was lost, and what not to rely on.
func (a *ailment) signal() detectors.Signal {
	m := &a.worst
	s := detectors.Signal{Detector: sensorHealth, Severity: detectors.Low, Confidence: 100, Since: a.told.First}
	within := " within " + span(m.at.Sub(m.since))
	share := ""
	if m.whole > 0 {
		share = fmt.Sprintf("%.2g %%", 100*float64(m.part)/float64(m.whole))
	}
	counts := fmt.Sprintf("%s of %s", grouped(m.part), grouped(m.whole))
	rely := "; do not rely on the calls of that time being all there were, on counts of patients and records, which are lower bounds, " +
		"or on nothing else having been found"
	fact := func(name string, value any) {
		s.Facts = append(s.Facts, detectors.Fact{Name: name, Value: fmt.Sprint(value)})
	}
	fact("cause", a.cause)
	if a.link != "" {
		fact("interface", a.link)
	}
	switch a.cause {
	case kernelDrops:
		s.Title = "The sensor lost " + share + " of the packets of " + a.link + within
		s.Expected = fmt.Sprintf("at most %v %% of the packets dropped by the kernel", 100*m.limit)
		s.Observed = counts + " packets dropped, the ring full " + counted(m.freezes, "time") + rely
		fact("packets_dropped", m.part)
		fact("packets_received", m.whole)
		fact("ring_freezes", m.freezes)
	case missingBytes:
		s.Title = share + " of the bytes that passed" + within + " were not seen"
		s.Expected = fmt.Sprintf("at most %v %% of the bytes missing: the mirror port shows every packet", 100*m.limit)
		s.Observed = counts + " bytes were acknowledged, or sent past, and never seen" + rely
		fact("bytes_missing", m.part)
		fact("bytes_passed", m.whole)
	case oneSided:
		s.Title = "Only one direction was seen of " + share + " of the connections that began" + within
		s.Expected = fmt.Sprintf("at most %v %% of the connections seen in one direction: the mirror port shows both", 100*m.limit)
		s.Observed = counts + " connections have packets of one side only" + rely
		fact("connections_one_sided", m.part)
		fact("connections", m.whole)
	case silence:
		s.Title = "Nothing has come from " + a.link + " for " + span(m.at.Sub(m.since))
		s.Expected = "a packet at least every " + span(m.allowed)
		s.Observed = "the interface is up, and brought nothing: the mirror may be off, or the filter fit nothing"
		if m.down {
			s.Observed = "the interface is down or away"
		}
		fact("silent_seconds", int(m.at.Sub(m.since).Seconds()))
		fact("interface_down", m.down)
	}
	return s
}
