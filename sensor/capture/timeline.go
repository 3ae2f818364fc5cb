package capture

import "auscult/sensor/clock"

// timeline makes packet time out of the stamps of a clock that people set. Forward it follows; when the clock goes
// back by step or more it goes on without it, and the shift stays until the clock is forward again. The reader's own.
type timeline struct {
	step clock.Time

	now    clock.Time // packet time at the last look: what the reader has seen cannot be later
	ticks  clock.Time // of a clock that nobody sets, then
	shift  clock.Time // what is added to stamps
	before clock.Time // what was added to them before the clock was set: some in the rings are older than that
	until  clock.Time // when those must have been read
	high   clock.Time // of what was handed over last

	held, ahead, steps uint64
}

// settle is how long packets may be in a ring.
const settle = 100 * clock.Grid

// look takes in the time of the clock, and of one that nobody sets.
func (t *timeline) look(wall, ticks clock.Time) {
	expected := t.now + ticks - t.ticks
	t.ticks = ticks
	off := wall + t.shift - expected
	switch {
	case off <= -t.step:
		t.set(t.shift - off)
		t.steps++
	case off >= t.step && t.shift > 0:
		t.set(max(0, t.shift-off))
	case t.now > t.until:
		t.before = t.shift
	}
	t.now = max(t.now, wall+t.shift)
}

func (t *timeline) set(shift clock.Time) {
	t.before, t.shift, t.until = t.shift, shift, t.now+settle
}

// stamp is the packet time of a stamp.
func (t *timeline) stamp(s clock.Time) clock.Time {
	at := s + t.shift
	if t.before != t.shift {
		if old := s + t.before; distance(old, t.now) < distance(at, t.now) {
			at = old
		}
	}
	if at > t.now+t.step {
		t.ahead++
		return t.now
	}
	return at
}

func distance(a, b clock.Time) clock.Time { return max(a-b, b-a) }

// pass is the time at which something stamped at is handed over.
func (t *timeline) pass(at clock.Time) clock.Time {
	if at < t.high {
		t.held++
		return t.high
	}
	t.high = at
	return at
}
