package detectors

import "auscult/sensor/clock"

// burst recognises the act of a program that fetches a page of charts ahead: first contacts so close together that
// no person clicked them, and no more of them than a page holds. It counts as the one act that it is. What goes on
// past a page was no page, and then everything held back counts at once.
type burst struct {
	n     uint8      // place in the burst
	held  uint8      // contacts not yet counted
	acts  uint8      // bursts without a reason in the hour since began
	began clock.Time // of the count of acts
}

const (
	burstGap  = minute / 200 // 300 ms: applications fetch ahead within tens of milliseconds, scripts too
	burstPage = 25           // the largest page that applications commonly fetch ahead
	burstActs = 3            // in an hour, without a reason: more count in full
)

// take folds one first contact that comes gap after the one before, and returns how many contacts are to be
// counted now: none while a burst is no longer than a page, all that were held once it is longer.
func (b *burst) take(now, gap clock.Time, reason bool) int {
	if gap >= burstGap {
		b.n, b.held = 0, 0
		return 1
	}
	if b.n < burstPage {
		b.n++
	}
	if b.n == 1 && !reason {
		if now-b.began > hour {
			b.began, b.acts = now, 0
		}
		b.acts = min(b.acts+1, burstActs+1)
	}
	switch {
	case b.n >= burstPage:
		n := 1 + int(b.held)
		b.held = 0
		return n
	case b.acts > burstActs && !reason:
		return 1
	}
	b.held++
	return 0
}
