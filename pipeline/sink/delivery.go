package sink

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"auscult/pipeline/outbox"
)

const (
	batchAlerts = 500
	batchBytes  = 1 << 20
	retryFirst  = 100 * time.Millisecond
	retryLast   = 5 * time.Second
	retryFinal  = 30 * time.Second // when somebody has to change something first
	sayAgain    = 10 * time.Minute // a cause that was said is not said again for so long
)

// SinkStats is how one delivery stands.
type SinkStats struct {
	Name    string
	Sent    uint64         // alerts that were taken
	Cut     uint64         // of them those whose evidence was cut to fit
	Refused uint64         // alerts that will never be taken, and were passed over
	Retried uint64         // times that a batch was tried again
	Errors  [causes]uint64 // by Cause
	Failing string         // what is wrong now; empty when nothing is
	Lag     outbox.Lag
}

// delivery takes records from a cursor to a target, for as long as it takes.
type delivery struct {
	target Target
	cursor *outbox.Cursor
	say    func(line string)
	what   string // is delivered: alerts

	mu    sync.Mutex
	stats SinkStats
	last  *Failure  // nil when the last try went well
	moved time.Time // when alerts were last taken

	// What follows belongs to run.
	said map[Cause]time.Time
	told bool // that it fails
}

// run delivers until ctx ends or the outbox is closed.
func (d *delivery) run(ctx context.Context) {
	var batch []outbox.Record
	wait := retryFirst
	for d.cursor.Wait(ctx) == nil {
		var err error
		taken := 0
		if batch, err = d.cursor.Next(batch[:0], batchAlerts, batchBytes); err != nil {
			err = &Failure{Text: d.target.Name() + ": the outbox cannot be read: " + oneLiner(err.Error())}
		} else if len(batch) > 0 {
			taken, err = d.target.Send(ctx, batch)
		}
		skipped := 0
		if err != nil {
			if ctx.Err() != nil {
				d.cursor.Commit(batch[:taken])
				return
			}
			if f := d.failed(err); f.Skip && taken < len(batch) {
				skipped = 1
			}
		}
		d.cursor.Commit(batch[:taken+skipped])
		d.took(taken, skipped, err == nil || skipped > 0)
		if taken+skipped > 0 {
			wait = retryFirst
		}
		if err == nil || skipped > 0 {
			continue
		}
		if !d.pause(ctx, wait) {
			return
		}
		limit := retryLast
		if asFailure(err).Final {
			limit = retryFinal
		}
		wait = min(2*wait, limit)
	}
}

// pause waits about so long: not all sensors of a hospital come back at once.
func (d *delivery) pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait/2 + rand.N(wait/2+1)):
		return true
	}
}

// failed counts err, and says it where that is news.
func (d *delivery) failed(err error) *Failure {
	f := asFailure(err)
	d.mu.Lock()
	d.stats.Errors[f.Cause]++
	d.stats.Failing = f.Text
	if !f.Skip {
		d.stats.Retried++
	}
	d.last = f
	d.mu.Unlock()
	if now := time.Now(); now.Sub(d.said[f.Cause]) > sayAgain {
		d.said[f.Cause] = now
		d.told = d.told || !f.Skip
		d.say(f.Text)
	}
	return f
}

func (d *delivery) took(taken, skipped int, well bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.Sent += uint64(taken)
	d.stats.Refused += uint64(skipped)
	if taken+skipped > 0 {
		d.moved = time.Now()
	}
	if !well {
		return
	}
	d.last, d.stats.Failing = nil, ""
	if d.told && taken+skipped > 0 {
		d.told = false
		d.say(d.target.Name() + ": " + d.what + " are taken again")
	}
}

// look is its numbers, and the failure it is in, if it is in one.
func (d *delivery) look() (s SinkStats, f *Failure, moved time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s = d.stats
	s.Name, s.Lag = d.target.Name(), d.cursor.Lag()
	if c, ok := d.target.(interface{ CutAlerts() uint64 }); ok {
		s.Cut = c.CutAlerts()
	}
	return s, d.last, d.moved
}
