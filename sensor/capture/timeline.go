package capture

import "auscult/sensor/clock"

// timeline makes packet time out of the stamps of a clock that people set. Forward it follows; when the clock goes
// back by step or more it goes on without it, and the shift stays until the clock is forward again. The reader's own.
type timeline struct {
	step clock.Time

	now    clock.Time // the clock's time at the last look, shifted: what the reader has seen cannot be later
	shift  clock.Time // what is added to stamps
	before clock.Time // what was added before the last step: some packets in the rings are older than it
	high   clock.Time // of what was handed over last

	held, ahead, steps uint64
}

// look takes in the clock's time.
func (t *timeline) look(wall clock.Time) {
	switch {
	case wall+t.shift <= t.now-t.step:
		t.before, t.shift = t.shift, t.now-wall
		t.steps++
	case t.shift > 0 && wall >= t.now+t.step: // set right again
		t.before, t.shift = t.shift, 0
	}
	t.now = max(t.now, wall+t.shift)
}

// stamp is the packet time of a stamp.
func (t *timeline) stamp(s clock.Time) clock.Time {
	at := s + t.shift
	if at <= t.now+t.step {
		return at
	}
	if t.before < t.shift && s+t.before <= t.now+t.step {
		return s + t.before
	}
	t.ahead++
	return t.now
}

// pass is the time at which something stamped at is handed over.
func (t *timeline) pass(at clock.Time) clock.Time {
	if at < t.high {
		t.held++
		return t.high
	}
	t.high = at
	return at
}
