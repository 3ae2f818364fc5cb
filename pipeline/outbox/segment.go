package outbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"auscult/pipeline/alert"
)

const (
	segmentSuffix = ".alerts"
	cursorSuffix  = ".cursor"
	freshSuffix   = ".new" // a file that is being written, to be renamed
)

// segment is one file of the log.
type segment struct {
	name    string
	first   uint64 // no record in it has a lower number
	last    uint64 // of its last record
	size    int64  // of what is durable and readable
	version int    // grows when the file is written anew
	counts  [alert.Close + 1]int
	oldest  time.Time // when its first record was stored
	newest  time.Time
	checked bool // its damage is counted
}

func newSegment(first uint64) *segment {
	return &segment{name: fmt.Sprintf("%020d%s", first, segmentSuffix), first: first}
}

func (g *segment) records() int {
	return g.counts[alert.Create] + g.counts[alert.Update] + g.counts[alert.Close]
}

func (g *segment) add(r *Record) {
	if g.records() == 0 {
		g.oldest = r.Stored
	}
	g.last = r.Number
	g.counts[r.Activity]++
	if r.Stored.After(g.newest) {
		g.newest = r.Stored
	}
}

// recover finds what is in the folder.
func (l *Log) recover() error {
	names, err := l.disk.list()
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, freshSuffix) {
			if err := l.disk.remove(name); err != nil {
				return err
			}
			continue
		}
		number, ok := strings.CutSuffix(name, segmentSuffix)
		first, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil || first == 0 {
			continue
		}
		g := &segment{name: name, first: first, checked: true}
		b, err := l.readAll(g, 0)
		if err != nil {
			return err
		}
		s := scan{b: b, from: first}
		for r, ok := s.next(); ok; r, ok = s.next() {
			g.add(&r)
		}
		g.size = int64(s.off)
		l.stats.Repaired += uint64(s.repaired)
		l.stats.Damaged += uint64(s.damaged)
		l.stats.Torn += uint64(len(b) - s.off)
		if g.records() == 0 {
			if err := l.disk.remove(name); err != nil {
				return err
			}
			continue
		}
		l.segments = append(l.segments, g)
		l.next = max(l.next, g.last+1)
	}
	return l.recoverCursors(names)
}

// readAll reads what is in the file of g from off on, as far as it is durable; all of it when that is not known.
func (l *Log) readAll(g *segment, off int64) ([]byte, error) {
	f, err := l.disk.open(g.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := g.size
	if size == 0 {
		if size, err = f.Size(); err != nil {
			return nil, err
		}
	}
	b := make([]byte, max(0, size-off))
	n, err := f.ReadAt(b, off)
	if n == len(b) {
		err = nil
	}
	return b[:n], err
}

// trim gives back the space of what every cursor has passed, of what is too old, and what the log holds too much.
// Only the committer calls it.
func (l *Log) trim(now time.Time) {
	l.mu.Lock()
	passed := l.passed()
	var gone []*segment
	for len(l.segments) > 0 {
		g := l.segments[0]
		old := now.Sub(g.newest) > l.cfg.MaxAge
		if g.last >= passed && !old || g == l.current && !old {
			break
		}
		gone = append(gone, g)
		l.segments = l.segments[1:]
	}
	l.mu.Unlock()
	for _, g := range gone {
		if g == l.current {
			l.rest()
		}
		var expired Kinds
		if g.last >= passed {
			l.each(g, func(r *Record) {
				if r.Number >= passed {
					expired.add(r.Activity, 1)
				}
			})
		}
		l.files.Lock()
		err := l.disk.remove(g.name)
		l.files.Unlock()
		l.mu.Lock()
		l.stats.Expired.merge(expired)
		if err != nil {
			l.stats.Failures++
		}
		l.mu.Unlock()
	}
	l.shed(passed)
}

// each reads the records of g, in order. What cannot be read is as if it was not there: it is gone either way.
func (l *Log) each(g *segment, f func(*Record)) error {
	b, err := l.readAll(g, 0)
	s := scan{b: b, from: g.first}
	for r, ok := s.next(); ok; r, ok = s.next() {
		f(&r)
	}
	return err
}

func (k *Kinds) merge(o Kinds) {
	k.Openings += o.Openings
	k.Updates += o.Updates
	k.Closings += o.Closings
}
