// Package clock is event time: an instant that only a packet can give. Nothing downstream of a source reads
// the machine's clock, so a capture replayed a year later means the same.
package clock

import "time"

// Time is nanoseconds since the Unix epoch, stamped once by the source that read the packet. The Times that
// one source hands out never go back.
type Time int64

// Grid is the step of packet time at which silence is noticed and batches are handed over.
const Grid = Time(100 * time.Millisecond)

// Never is later than any packet: the deadline of what cannot time out, and the watermark of an ended source.
const Never = Time(1<<63 - 1)

// Floor is the last grid mark at or before t.
func (t Time) Floor() Time {
	r := t % Grid
	if r < 0 {
		r += Grid
	}
	return t - r
}

// Add is t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub is the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// UTC is t as a standard time, for what people read.
func (t Time) UTC() time.Time { return time.Unix(0, int64(t)).UTC() }

// Millis is t in milliseconds since the Unix epoch, as OCSF writes times.
func (t Time) Millis() int64 { return int64(t) / int64(time.Millisecond) }
