package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// A cursor's file has two slots, each in a page of its own: turn, number of the next record, CRC-32C of both. They
// are written in turn, so that a torn write leaves the other.
const (
	slotSize = 20
	slotPage = 4096
)

// Cursor is one sink's place in the outbox. One goroutine owns it; Lag may be asked by any.
type Cursor struct {
	log  *Log
	name string
	file file
	turn uint64
	mine bool // a sink of this run reads with it; else it only keeps what an earlier run's has not taken

	// Under the lock of the log.
	at     uint64    // number of the next record to deliver
	stored time.Time // when the record at at was stored, as far as that is known
	missed uint64    // records that were gone before they were read
	broken uint64    // times that the place could not be made durable

	// Where the reader stands: the record with number next, or the first behind it, is at off of the segment of that
	// name and version.
	next    uint64
	segment string
	version int
	off     int64
}

// Lag is what a sink has not taken yet.
type Lag struct {
	Alerts int
	Bytes  int64
	Age    time.Duration // of the oldest of them
	Missed uint64        // shed, expired or damaged before the sink had them
	Broken uint64        // times that the cursor could not be written: after a crash alerts would come again
}

func cursorFile(name string) string { return name + cursorSuffix }

// recoverCursors opens the cursors in the folder.
func (l *Log) recoverCursors(names []string) error {
	for _, file := range names {
		name, ok := strings.CutSuffix(file, cursorSuffix)
		if !ok {
			continue
		}
		c := &Cursor{log: l, name: name}
		var err error
		if c.file, err = l.disk.open(file); err != nil {
			return err
		}
		if err := c.load(); err != nil {
			return err
		}
		l.cursors = append(l.cursors, c)
		l.next = max(l.next, c.at)
	}
	return nil
}

// Cursor is the place of the sink called name (letters, digits, dashes): where it stood, or the oldest record for one
// that is new. Each name is taken once.
func (l *Log) Cursor(name string) (*Cursor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.cursors, func(c *Cursor) bool { return c.name == name })
	if i < 0 {
		c := &Cursor{log: l, name: name, at: 1}
		if len(l.segments) > 0 {
			c.at = l.segments[0].first
		} else {
			c.at = l.next
		}
		var err error
		if c.file, err = l.disk.create(cursorFile(name)); err != nil {
			return nil, err
		}
		// Both pages now, so that a full disk does not keep it from moving on.
		for range 2 {
			if err := c.write(c.at); err != nil {
				return nil, err
			}
		}
		if err := l.disk.sync(); err != nil {
			return nil, err
		}
		l.cursors = append(l.cursors, c)
		i = len(l.cursors) - 1
	}
	c := l.cursors[i]
	c.mine, c.next = true, c.at
	return c, nil
}

// Idle names the cursors of sinks that this run has not: what they have not taken is kept for them.
func (l *Log) Idle() (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.cursors {
		if !c.mine {
			names = append(names, c.name)
		}
	}
	return names
}

// passed is the number that every cursor has come to. Under the lock.
func (l *Log) passed() uint64 {
	at := l.next
	for _, c := range l.cursors {
		at = min(at, c.at)
	}
	return at
}

// load reads the newer of the slots that are whole. When none is, it begins at the oldest record: alerts come again,
// with the same uid, but none is left out.
func (c *Cursor) load() error {
	b := make([]byte, slotPage+slotSize)
	n, err := c.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.at = 1
	for _, slot := range [...][]byte{b[:slotSize], b[slotPage:]} {
		turn, at := binary.LittleEndian.Uint64(slot), binary.LittleEndian.Uint64(slot[8:])
		if n > 0 && checksum(slot[:16]) == binary.LittleEndian.Uint32(slot[16:]) && turn > c.turn {
			c.turn, c.at = turn, at
		}
	}
	return nil
}

func (c *Cursor) write(at uint64) error {
	var slot [slotSize]byte
	binary.LittleEndian.PutUint64(slot[:], c.turn+1)
	binary.LittleEndian.PutUint64(slot[8:], at)
	binary.LittleEndian.PutUint32(slot[16:], checksum(slot[:16]))
	if _, err := c.file.WriteAt(slot[:], int64(c.turn+1)%2*slotPage); err != nil {
		return err
	}
	if err := c.file.Sync(); err != nil {
		return err
	}
	c.turn++
	return nil
}

// Commit moves the cursor behind taken, records of the last Next from its first on: they are delivered. A place that
// cannot be made durable is counted: after a crash alerts would come again, with the same uid.
func (c *Cursor) Commit(taken []Record) {
	if len(taken) == 0 {
		return
	}
	at := taken[len(taken)-1].Number + 1
	err := c.write(at)
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		c.broken++
	}
	c.missed += at - c.at - uint64(len(taken))
	c.at, c.stored = at, time.Time{}
	l.broadcast()
}

// Lag is what is before the cursor.
func (c *Cursor) Lag() Lag {
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	lag := Lag{Missed: c.missed, Broken: c.broken}
	var oldest time.Time
	for _, g := range l.segments {
		if g.last < c.at {
			continue
		}
		n, size := g.records(), g.size
		if g.first < c.at { // partly passed: about as many bytes as records
			left := min(n, int(g.last-c.at)+1)
			n, size = left, size*int64(left)/int64(n)
		}
		if lag.Alerts == 0 {
			oldest = g.oldest
		}
		lag.Alerts += n
		lag.Bytes += size
	}
	if !c.stored.IsZero() {
		oldest = c.stored
	}
	if lag.Alerts > 0 {
		lag.Age = max(0, time.Since(oldest))
	}
	return lag
}

// Wait returns when there is a record to read, or with the error of ctx, or ErrClosed.
func (c *Cursor) Wait(ctx context.Context) error {
	l := c.log
	for {
		l.mu.Lock()
		changed, closing := l.changed, l.closing
		ready := len(l.segments) > 0 && l.segments[len(l.segments)-1].last >= c.at
		l.mu.Unlock()
		switch {
		case closing:
			return ErrClosed
		case ready:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Next appends to dst the records behind the last committed one: at most n, of at most size bytes in all, but one
// at least when there is one. The same come again until they are committed.
func (c *Cursor) Next(dst []Record, n, size int) ([]Record, error) {
	l := c.log
	l.files.RLock()
	defer l.files.RUnlock()
	if c.next != c.at {
		c.next, c.segment = c.at, "" // not all of what was read last was committed
	}
	start := len(dst)
	for len(dst)-start < n && size > 0 {
		g, ok := l.holding(c.next)
		if !ok {
			break
		}
		before, from := len(dst), c.next
		var err error
		if dst, err = c.read(dst, &g, n-(len(dst)-start), size, before == start); err != nil {
			return dst[:start], err
		}
		for i := range dst[before:] {
			size -= len(dst[before+i].Body)
		}
		if c.next == from {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(dst) > start {
		c.stored = dst[start].Stored
	} else if c.next > c.at { // nothing up to there can be read any more
		c.missed += c.next - c.at
		c.at = c.next
		l.broadcast()
	}
	return dst, nil
}

// holding is the segment with the record of this number, or the first behind it.
func (l *Log) holding(number uint64) (g segment, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.segments, func(g *segment) bool { return g.last >= number })
	if i < 0 {
		return g, false
	}
	return *l.segments[i], true
}

// read appends the records of g from c.next on.
func (c *Cursor) read(dst []Record, g *segment, n, size int, first bool) ([]Record, error) {
	if c.segment != g.name || c.version != g.version {
		c.segment, c.version, c.off = g.name, g.version, 0
	}
	b, err := c.log.readAll(g, c.off)
	switch {
	case errors.Is(err, fs.ErrNotExist): // somebody removed it
		c.next = g.last + 1
		return dst, nil
	case err != nil:
		return dst, err
	}
	s := scan{b: b, from: g.first}
	for n > 0 {
		was, off := s.off, c.off
		r, ok := s.next()
		if !ok {
			c.next = max(c.next, g.last+1) // its end cannot be read any more
			break
		}
		c.off = off + int64(s.off-was)
		if r.Number < c.next {
			continue
		}
		if size -= len(r.Body); size < 0 && !first {
			c.off = off
			break
		}
		first = false
		dst = append(dst, r)
		c.next = r.Number + 1
		n--
		if r.Number >= g.last {
			break
		}
	}
	c.log.found(g, &s)
	return dst, nil
}

// found counts damage in a segment that was written in this run; that of older ones was counted when it was opened.
func (l *Log) found(g *segment, s *scan) {
	if g.checked || s.repaired+s.damaged == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, own := range l.segments {
		if own.name == g.name && !own.checked {
			own.checked = true
			l.stats.Repaired += uint64(s.repaired)
			l.stats.Damaged += uint64(s.damaged)
		}
	}
}
