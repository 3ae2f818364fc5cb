package evidence

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"auscult/pipeline/alert"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// longest is how long what shows an incident waits for more of the same connection: then it is cut out as it is.
const longest = 30 * time.Second

// Live keeps the packets that came last, and cuts out of them what alerts show once it is over. Write belongs to the
// goroutine of the alerts and Read to its own; the slices are cut and written by a third, so that no disk holds up
// packets. An incident that goes on gets a further slice for what is new in it.
type Live struct {
	// Say is told once when no more can be written. It is set before the first packet.
	Say func(string)

	cfg    Config
	frames packet.Config
	store  *Store
	links  []Interface // by packet.Where.File; their Link is the packet's

	ring  *ring      // Read's, and Close's
	looks clock.Time // when Read looks again for what is over
	jobs  chan job   // to who writes
	wrote sync.WaitGroup

	failed  error // of the store, then no more is written; who writes has it, and refused
	refused int   // slices past MaxDisk, or of which the store failed

	mu      sync.Mutex
	waiting *Collector // what was noted, and which calls of each incident were
}

// job is what one look found to be over.
type job struct {
	notes *Collector
	from  snapshot
}

// NewLive writes to store, which it closes, what comes over links.
func NewLive(cfg Config, frames packet.Config, store *Store, links []Interface) *Live {
	l := &Live{cfg: cfg, frames: frames, store: store, links: links, ring: newRing(cfg.RingBytes), jobs: make(chan job, 1), waiting: NewCollector(cfg)}
	store.numbered = true
	l.wrote.Go(func() {
		for j := range l.jobs {
			l.cut(j)
		}
	})
	return l
}

// Write notes what alerts show.
func (l *Live) Write(ctx context.Context, batch []alert.Alert) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range batch {
		l.waiting.forget(batch[i].UID)
		if err := l.waiting.Write(ctx, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// Read keeps the packets that next gives, to its end.
func (l *Live) Read(next func() (packet.Raw, error)) {
	for {
		raw, err := next()
		if err != nil {
			return // what the lane's end means is told by who reads for the alerts
		}
		if raw.Frame != nil {
			l.ring.put(&raw)
		}
		if raw.Time >= l.looks {
			l.looks = raw.Time.Floor() + clock.Grid
			l.look(raw.Time)
		}
	}
}

// look hands over what is over by now. While the last is being written, it waits.
func (l *Live) look(now clock.Time) {
	if len(l.jobs) > 0 {
		return
	}
	l.mu.Lock()
	notes := l.waiting.over(now)
	l.mu.Unlock()
	if notes != nil {
		l.jobs <- job{notes, l.ring.snapshot()}
	}
}

// cut writes the slices of j. What cannot be written is told by put: the slicer itself does not fail.
func (l *Live) cut(j job) {
	defer j.from.release()
	slicer := NewSlicer(j.notes, l.frames, l.put)
	slicer.gone = j.from.gone
	j.from.each(func(raw *packet.Raw) {
		in := Interface{}
		if i := int(raw.Where.File); i < len(l.links) {
			in = l.links[i]
		}
		in.Link = raw.Link
		slicer.Packet(raw, in)
	})
	slicer.Close()
}

// put writes a slice, while the disk and the bound let it, and is nil.
func (l *Live) put(sl *Slice) error {
	if l.failed != nil || l.store.Stats.Bytes+sl.bytes > l.cfg.MaxDisk {
		l.refused++
		return nil
	}
	if l.failed = l.store.Put(sl); l.failed != nil {
		l.refused++
		if l.Say != nil {
			l.Say(l.failed.Error() + "; no more of it is written")
		}
	}
	return nil
}

// Close cuts out what is left, when Read has come to its end and no alert comes any more, and says what was written. The
// error is the first that there was: what came after it was not written.
func (l *Live) Close() (Stats, error) {
	if notes := l.waiting.over(clock.Never); notes != nil {
		l.jobs <- job{notes, l.ring.snapshot()}
	}
	close(l.jobs)
	l.wrote.Wait()
	l.store.Stats.Refused = l.refused + l.waiting.Refused()
	return l.store.Stats, errors.Join(l.failed, l.store.Close())
}

// over takes out what nothing can be added to by now: connections whose window has passed, or that have waited too
// long. It is nil when there is none. Which calls were noted stays known.
func (c *Collector) over(now clock.Time) *Collector {
	var out *Collector
	for _, in := range c.incidents {
		var conns []*connection
		in.conns = slices.DeleteFunc(in.conns, func(conn *connection) bool {
			done := now > conn.to || now > conn.noted.Add(longest)
			if done {
				conns = append(conns, conn)
			}
			return done
		})
		if len(conns) == 0 {
			continue
		}
		if out == nil {
			out = NewCollector(c.cfg)
		}
		if len(in.shown) > maxRefused { // what is noted again is shown again
			clear(in.shown)
		}
		own := &incident{uid: in.uid, conns: conns, more: in.more, calls: in.fresh}
		in.fresh, in.more = 0, map[uint64]bool{}
		for id, conn := range in.byID {
			if slices.Contains(conns, conn) {
				delete(in.byID, id)
			}
		}
		out.incidents = append(out.incidents, own)
	}
	return out
}

// forget makes room for the incident uid, if it is new and there is none: the oldest of which nothing waits goes.
func (c *Collector) forget(uid string) {
	if c.byUID[uid] != nil || len(c.incidents) < c.cfg.MaxIncidents {
		return
	}
	for i, in := range c.incidents {
		if len(in.conns) == 0 {
			delete(c.byUID, in.uid)
			c.incidents = slices.Delete(c.incidents, i, i+1)
			return
		}
	}
}
