package stats

import "auscult/sensor/clock"

// Parts is the number of sub-buckets of a sliding window: its edge is off by at most one part.
const Parts = 12

// Window counts over the last width of packet time. The zero value is empty.
type Window struct {
	n  [Parts]uint32
	at int64 // part of the newest bucket
}

// Add counts k at now and returns the sum over the window.
func (w *Window) Add(now, width clock.Time, k uint32) int {
	w.slide(now, width)
	w.n[w.at%Parts] += k
	return w.sum()
}

// Sum is the count over the window that ends at now.
func (w *Window) Sum(now, width clock.Time) int {
	w.slide(now, width)
	return w.sum()
}

// Take counts one less, in the newest bucket that has any.
func (w *Window) Take(now, width clock.Time) {
	w.slide(now, width)
	for i := range int64(Parts) {
		if n := &w.n[(w.at+Parts-i)%Parts]; *n > 0 {
			*n--
			return
		}
	}
}

func (w *Window) sum() int {
	s := 0
	for _, n := range w.n {
		s += int(n)
	}
	return s
}

func (w *Window) slide(now, width clock.Time) {
	part := int64(now) / (int64(width) / Parts)
	if part < 0 {
		part = 0
	}
	if part-w.at >= Parts {
		w.n = [Parts]uint32{}
		w.at = part
		return
	}
	for w.at < part {
		w.at++
		w.n[w.at%Parts] = 0
	}
}

// Parts are its buckets, and the place in time of the newest: to be saved, and filled before Restore.
func (w *Window) Parts() (n []uint32, at int64) { return w.n[:], w.at }

// Restore takes the place in time of the newest bucket.
func (w *Window) Restore(at int64) { w.at = at }
