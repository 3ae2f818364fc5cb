package capture

import (
	"time"

	"auscult/sensor/clock"
)

// Abandon sets how long after its end a run waits for lanes that nobody reads.
func (s *Source) Abandon(after time.Duration) { s.abandon = after }

// EachRing returns what gives the packets that have come to each ring since it was called last, by the ring's number,
// without anything behind the rings.
func (s *Source) EachRing() func(f func(ring int, frame []byte)) {
	rings := s.rings()
	return func(f func(ring int, frame []byte)) {
		for i, r := range rings {
			for r.forward(&timeline{now: clock.Never / 2}) {
				f(i, r.raw.Frame)
			}
		}
	}
}
