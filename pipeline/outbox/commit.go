package outbox

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

// commit is the one goroutine that writes: whatever waits goes to the disk with one fsync.
func (l *Log) commit() {
	defer close(l.ended)
	sweep := time.NewTicker(min(sweepEvery, l.cfg.MaxAge/4))
	defer sweep.Stop()
	for {
		if !l.load() {
			select {
			case <-l.wake:
			case <-sweep.C:
				l.trim(time.Now())
			case <-l.quit:
				if !l.load() {
					l.rest()
					return
				}
			}
			continue
		}
		n, err := l.store()
		if err != nil {
			// A failed fsync may have dropped what was written, and the next one would not say so: what counts is
			// written again, to another file. github.com/tikv/raft-engine/pull/131 tells the story.
			n, err = l.store()
		}
		l.settle(n, err)
		l.trim(time.Now()) // of a full disk too: what the sinks have taken makes room
		if err == nil {
			continue
		}
		select {
		case <-time.After(l.cfg.retry):
		case <-l.quit:
			l.rest()
			return
		}
	}
}

// load moves what is pending into flight, as far as one write goes, unless something is in flight already. It is
// whether there is anything in flight now.
func (l *Log) load() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resting = false
	l.buf = l.buf[:0]
	for i := range l.flight { // as some may have been shed
		l.buf = appendFrame(l.buf, &l.flight[i])
	}
	if len(l.flight) > 0 {
		return true
	}
	n := 0
	for n < len(l.pending) && len(l.buf) < flightSize {
		r := l.pending[n]
		r.Number = l.next
		l.next++
		l.buf = appendFrame(l.buf, &r)
		l.flight = append(l.flight, r)
		n++
	}
	kept := copy(l.pending, l.pending[n:])
	clear(l.pending[kept:])
	l.pending = l.pending[:kept]
	return n > 0
}

// store writes the flight behind what is durable, and syncs it: all of it, or what l.part says after a failure, as a
// disk that is nearly full has room for less. It is how many records are durable now.
func (l *Log) store() (n int, err error) {
	if l.active != nil && l.current.size >= int64(l.cfg.SegmentBytes) {
		l.rest()
	}
	if l.active == nil {
		if err := l.begin(l.flight[0].Number); err != nil {
			return 0, err
		}
	}
	size := 0
	for n < len(l.flight) && n < l.part {
		size += l.flight[n].frameSize()
		n++
	}
	_, err = l.active.WriteAt(l.buf[:size], l.current.size)
	if err == nil {
		err = l.active.Sync()
	}
	if err != nil {
		l.part = max(1, n/2)
		l.mu.Lock()
		l.stats.Failures++
		l.mu.Unlock()
		_ = l.active.Truncate(l.current.size) // what stays is read at most as what it is: the same records, again
		l.rest()
		return 0, err
	}
	l.part = min(2*max(l.part, n), flightSize)
	return n, nil
}

// begin makes the file of a new segment.
func (l *Log) begin(first uint64) error {
	g := newSegment(first)
	f, err := l.disk.create(g.name)
	if errors.Is(err, fs.ErrExist) { // of a write that failed
		if err = l.disk.remove(g.name); err == nil {
			f, err = l.disk.create(g.name)
		}
	}
	if err == nil {
		if err = l.disk.sync(); err == nil {
			l.active, l.current = f, g
			return nil
		}
		f.Close()
	}
	l.mu.Lock()
	l.stats.Failures++
	l.mu.Unlock()
	return err
}

// rest lets go of the active segment: what comes next begins another.
func (l *Log) rest() {
	if l.active != nil {
		l.active.Close()
		l.active, l.current = nil, nil
	}
}

// settle tells what became of the first n records of the flight, or of all when err is why they are not durable.
func (l *Log) settle(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.broadcast()
	if l.failing = err; err != nil {
		l.resting = true
		return
	}
	g := l.current
	if g.records() == 0 {
		l.segments = append(l.segments, g)
	}
	size := 0
	for i := range l.flight[:n] {
		g.add(&l.flight[i])
		size += l.flight[i].frameSize()
	}
	g.size += int64(size)
	l.stats.Syncs++
	l.stats.Appended += uint64(n)
	l.done += uint64(n)
	l.waiting -= size
	l.flight = slices.Delete(l.flight, 0, n)
	l.buf = append(l.buf[:0], l.buf[size:]...)
	if len(l.pending)+len(l.flight) == 0 {
		l.late = false
	}
}
