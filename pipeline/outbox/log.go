package outbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"auscult/pipeline/alert"
)

const (
	lockName   = "lock"
	flightSize = 1 << 20         // bytes that are written and synced at once, about
	sweepEvery = 5 * time.Second // how often age is looked at when nothing comes
)

// ErrClosed is what an outbox says after Close.
var ErrClosed = errors.New("outbox: closed")

// Log is an outbox. Any goroutine may append and read; each cursor belongs to one. Who opens it closes it.
type Log struct {
	cfg  Config
	disk disk
	lock *os.File // with root nil in tests without a folder
	root *os.Root

	mu       sync.Mutex
	changed  chan struct{} // closed, and made anew, when anything changes that somebody may wait for
	segments []*segment    // oldest first; only durable ones
	next     uint64        // number of the record that is taken from pending next
	pending  []Record      // not yet taken by the committer
	waiting  int           // bytes of pending and of flight
	taken    uint64        // records that Append was given
	done     uint64        // of them, in their order, those that are durable
	late     bool          // the disk does not keep up, and Append does not wait for it
	failing  error         // of the disk, now
	closing  bool
	resting  bool // the committer waits for a disk that failed, and flight may be shed too
	cursors  []*Cursor
	stats    Stats

	files sync.RWMutex // held while a segment is read, and to rename or remove one

	// What follows belongs to the committer.
	active  file     // nil: the next batch begins a new segment
	current *segment // of active
	flight  []Record // being written; while it rests, of whoever has mu
	buf     []byte   // flight as frames
	part    int      // records of it to write at once
	wake    chan struct{}
	quit    chan struct{}
	ended   chan struct{}
}

// Open opens the outbox in cfg.Dir, making the folder if it is missing, and finds the end of what is durable in it.
// Its errors name the folder.
func Open(cfg Config) (*Log, error) {
	failed := func(err error) (*Log, error) { return nil, fmt.Errorf("outbox %s: %w", cfg.Dir, err) }
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return failed(err)
	}
	root, err := os.OpenRoot(cfg.Dir)
	if err != nil {
		return failed(err)
	}
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		root.Close()
		return failed(err)
	}
	l := (*Log)(nil)
	if err = lock(f); err != nil {
		err = fmt.Errorf("another process uses it (%w)", err)
	} else {
		l, err = open(cfg, folder{root})
	}
	if err != nil {
		f.Close()
		root.Close()
		return failed(err)
	}
	l.lock, l.root = f, root
	return l, nil
}

func open(cfg Config, d disk) (*Log, error) {
	l := &Log{cfg: cfg, disk: d, next: 1, part: flightSize, changed: make(chan struct{}), wake: make(chan struct{}, 1),
		quit: make(chan struct{}), ended: make(chan struct{})}
	if err := l.recover(); err != nil {
		return nil, err
	}
	// That nothing can be written is better known now than at the first alert.
	f, err := d.create("try" + freshSuffix)
	if err != nil {
		return nil, err
	}
	f.Close()
	if err := d.remove("try" + freshSuffix); err != nil {
		return nil, err
	}
	go l.commit()
	return l, nil
}

// Append makes batch durable, in its order, and returns when it is. Of a live log it returns sooner when the disk
// takes longer than the patience of the configuration: the records wait in memory then, and are shed when they get
// too many. Nothing of batch is kept. An error says that batch may not be durable.
func (l *Log) Append(batch []Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for i := range batch {
		r := batch[i]
		if r.frameSize() > frameHead+maxPayload || len(r.UID) > 1<<16-1 {
			l.stats.TooLarge++
			continue
		}
		r.Stored, r.Body = now, append([]byte(nil), r.Body...)
		if err := l.room(r.frameSize()); err != nil {
			return err
		}
		l.pending = append(l.pending, r)
		l.waiting += r.frameSize()
		l.taken++
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return l.await(l.taken)
}

// room waits, or in a live log sheds, until n more bytes may be pending.
func (l *Log) room(n int) error {
	for l.waiting > 0 && l.waiting+n > l.cfg.MaxPending {
		switch {
		case l.closing:
			return ErrClosed
		case l.cfg.Live:
			if !l.shedPending(n) {
				return nil // all that may go is being written
			}
		case l.failing != nil:
			return l.failing
		default:
			l.pause(nil)
		}
	}
	if l.closing {
		return ErrClosed
	}
	return nil
}

// await waits until the first n records ever given are durable.
func (l *Log) await(n uint64) error {
	var over <-chan time.Time
	if l.cfg.Live {
		if l.late {
			l.stats.Late++
			return nil
		}
		t := time.NewTimer(l.cfg.Patience)
		defer t.Stop()
		over = t.C
	}
	for l.done < n {
		if l.failing != nil && !l.cfg.Live {
			return l.failing
		}
		if !l.pause(over) || l.failing != nil && l.cfg.Live {
			l.late = true
			l.stats.Late++
			return nil
		}
	}
	return nil
}

// pause lets others have the lock until something changes. It is false when over came first.
func (l *Log) pause(over <-chan time.Time) bool {
	changed := l.changed
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-changed:
		return true
	case <-over:
		return false
	}
}

func (l *Log) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Stats is how it stands.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Pending = l.waiting
	for _, g := range l.segments {
		s.Bytes += g.size
		s.Records += g.records()
	}
	if l.failing != nil {
		s.Failing = l.failing.Error()
	}
	return s
}

// Close makes what is pending durable, if the disk lets it, and says how much is not.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		return nil
	}
	l.closing = true
	l.broadcast()
	l.mu.Unlock()
	close(l.quit)
	<-l.ended
	for _, c := range l.cursors {
		c.file.Close()
	}
	var err error
	if n := len(l.pending) + len(l.flight); n > 0 {
		err = fmt.Errorf("outbox %s: %d alerts are not durable: %w", l.cfg.Dir, n, l.failing)
	}
	if l.lock != nil {
		l.lock.Close()
		l.root.Close()
	}
	return err
}

// Delivered is whether every cursor in the folder, that of a sink of an earlier run too, has passed all records.
func (l *Log) Delivered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting == 0 && l.passed() >= l.next
}

// Place is the number of the next record, and the number that every cursor has come to.
func (l *Log) Place() (next, passed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next, l.passed()
}

// Remove takes a closed outbox away, with all that is in it.
func (l *Log) Remove() error { return os.RemoveAll(l.cfg.Dir) }

// shedPending drops records that are not durable for n more bytes: updates, oldest first, then closings, then
// openings. It is false when there were none. What is being written stays; as it may hold updates that can go when
// that fails, the rest may take twice the bound until then.
func (l *Log) shedPending(n int) (any bool) {
	for _, kind := range shedOrder {
		bound := l.cfg.MaxPending
		if kind != alert.Update && len(l.flight) > 0 && !l.resting {
			bound *= 2
		}
		drop := func(r Record) bool {
			if r.Activity != kind || l.waiting+n <= bound {
				return false
			}
			l.waiting -= r.frameSize()
			l.stats.Shed.add(kind, 1)
			l.done++
			any = true
			return true
		}
		if l.resting {
			l.flight = slices.DeleteFunc(l.flight, drop)
		}
		l.pending = slices.DeleteFunc(l.pending, drop)
	}
	return any
}

// shedOrder is what goes first.
var shedOrder = [...]alert.Activity{alert.Update, alert.Close, alert.Create}

func (k *Kinds) add(a alert.Activity, n uint64) {
	switch a {
	case alert.Create:
		k.Openings += n
	case alert.Update:
		k.Updates += n
	case alert.Close:
		k.Closings += n
	}
}
