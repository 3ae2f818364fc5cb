package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/sink"
)

// Bits of a worker's standing.
const (
	idle uint32 = 1 << iota // all was read, and every site is at its end
	seen                    // there was a site
)

// worker reads one partition for as long as it is ours. One goroutine, and another for its checkpoints.
type worker struct {
	m          *Member
	id         int
	generation *kafka.Generation
	done       chan struct{}
	standing   atomic.Uint32
	count      atomic.Pointer[Counts]
	p          *partition
	opener     *opener
	calls      *sink.Kafka
	store      store
	saving     sync.WaitGroup
	busy       atomic.Bool // a checkpoint is being written
	saved      int64       // offset of the newest that was begun
}

func (w *worker) counted() Counts {
	if c := w.count.Load(); c != nil {
		return *c
	}
	return Counts{}
}

// errWrite is what a worker ends the member with: alerts cannot be made durable.
var errWrite = errors.New("alerts cannot be written")

// run reads and judges until ctx ends.
func (w *worker) run(ctx context.Context) error {
	var err error
	if w.calls, err = sink.NewRaw(w.m.kafka, "calls", w.m.cfg.Topic, w.id, false); err != nil {
		return err
	}
	defer w.calls.Close()
	states, err := sink.NewRaw(w.m.kafka, "states", w.m.cfg.StateTopic, w.id, true)
	if err != nil {
		return err
	}
	defer states.Close()
	w.store = store{topic: states, partition: w.id, piece: w.m.kafka.MaxBytes - 4<<10, writer: fmt.Sprintf("%s-%d-%d", w.m.writer, w.generation.ID, w.id)}
	if err := w.begin(ctx); err != nil {
		return err
	}
	defer w.saving.Wait()
	if err := w.read(ctx); err != nil {
		return err
	}
	w.saving.Wait()
	if w.p == nil {
		return nil
	}
	// The last one, so that whoever comes next has nothing to judge again: the group waits for it before it shares anew.
	// If it has not waited, it does no harm: a checkpoint is right whoever makes it, and that which covers most counts.
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(lastCheckpoint, 2*w.m.cfg.Session))
	defer cancel()
	w.checkpoint(over)
	w.saving.Wait()
	return nil
}

// lastCheckpoint is how long it may take.
const lastCheckpoint = 5 * time.Second

// begin takes up the newest checkpoint.
func (w *worker) begin(ctx context.Context) error {
	b, err := w.try(ctx, w.store.load)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if w.opener, err = newOpener(w.m.bench.Keys); err != nil {
		return err
	}
	p := newPartition(&w.m.cfg, w.m.bench, w.m.say)
	if b != nil {
		cp, err := w.opener.heads.checkpoint(b)
		if err == nil {
			err = p.restore(&cp)
		}
		if err != nil {
			w.m.say(fmt.Sprintf("%s: the checkpoint cannot be used, and all that the topic holds is judged again: %v", w.m.name(w.id), err))
			p = newPartition(&w.m.cfg, w.m.bench, w.m.say)
		}
	}
	w.p, w.saved = p, p.next
	return nil
}

// try asks again for as long as brokers do not answer.
func (w *worker) try(ctx context.Context, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	for outage := (trouble{}); ; {
		b, err := ask(ctx)
		var f *sink.Failure
		if err == nil || ctx.Err() != nil || errors.As(err, &f) && f.Final {
			return b, err
		}
		if outage.lasts() {
			w.m.complain(err.Error())
		}
		rest(ctx, retryAfter)
	}
}

// retryAfter is how long a worker waits for brokers that do not answer.
const retryAfter = 300 * time.Millisecond

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// arrival is some messages on their way to who judges them.
type arrival struct {
	batch      []opened
	begin, end int64 // of the partition
}

// fetch reads from offset on, ahead of who judges by one arrival, until ctx ends.
func (w *worker) fetch(ctx context.Context, offset int64, to chan<- arrival) {
	defer close(to)
	var batch []sink.Message
	var outage trouble
	for ctx.Err() == nil {
		var a arrival
		var err error
		if batch, a.begin, a.end, err = w.calls.Fetch(ctx, batch[:0], w.id, offset); err != nil {
			if ctx.Err() == nil && outage.lasts() {
				w.m.complain(err.Error())
			}
			rest(ctx, retryAfter)
			continue
		}
		outage = trouble{}
		offset = max(offset, a.begin)
		for from := 0; from == 0 || from < len(batch); from += handful {
			part := a
			for _, m := range batch[from:min(from+handful, len(batch))] {
				part.batch = append(part.batch, w.opener.open(m.Offset, m.Value))
				offset = m.Offset + 1
			}
			select {
			case to <- part:
			case <-ctx.Done():
				return
			}
		}
	}
}

// handful is how many batches are handed over at once: some megabytes.
const handful = 4

// read judges what comes.
func (w *worker) read(ctx context.Context) error {
	if w.p == nil {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	arrivals := make(chan arrival, 1)
	var beside sync.WaitGroup
	beside.Go(func() { w.fetch(ctx, w.p.next, arrivals) })
	defer beside.Wait()
	defer stop()
	next := time.Now().Add(w.m.cfg.Checkpoint)
	for a := range arrivals {
		if w.p.next < a.begin {
			if w.p.next > 0 {
				w.m.say(fmt.Sprintf("%s: the topic has dropped what was not judged yet, up to offset %d; keep calls for longer (retention.ms)", w.m.name(w.id), a.begin))
			}
			w.p.next = a.begin
		}
		for i := range a.batch {
			if ctx.Err() != nil {
				return nil
			}
			if err := w.p.take(&a.batch[i]); err != nil {
				return fmt.Errorf("%w: %w", errWrite, err)
			}
		}
		w.stand(a.end)
		if now := time.Now(); now.After(next) {
			w.checkpoint(ctx)
			next = now.Add(w.m.cfg.Checkpoint)
		}
	}
	return nil
}

// stand tells how far it is.
func (w *worker) stand(end int64) {
	any, all := w.p.over()
	s := uint32(0)
	if all && w.p.next >= end {
		s |= idle
	}
	if any {
		s |= seen
	}
	w.standing.Store(s)
	c := w.p.total()
	w.count.Store(&c)
}

// checkpoint has the state of now stored, once the alerts from before are delivered: so nothing that it covers can be
// lost with this machine. One at a time; while targets are away, the older one stands.
func (w *worker) checkpoint(ctx context.Context) {
	if w.p.next == w.saved || !w.busy.CompareAndSwap(false, true) {
		return
	}
	cp := w.p.snapshot()
	w.saved = w.p.next
	place, _ := w.m.bench.Place()
	w.saving.Go(func() {
		defer w.busy.Store(false)
		b, err := cp.encode(w.m.cfg.MaxState)
		if err != nil {
			w.m.complain(fmt.Sprintf("%s: no checkpoint: %v", w.m.name(w.id), err))
			return
		}
		for _, passed := w.m.bench.Place(); passed < place; _, passed = w.m.bench.Place() {
			if rest(ctx, 20*time.Millisecond); ctx.Err() != nil {
				return
			}
		}
		if err := w.store.save(ctx, b, cp.Through); err != nil {
			if ctx.Err() == nil {
				w.m.say(fmt.Sprintf("%s: no checkpoint: %v", w.m.name(w.id), err))
			}
			return
		}
		// For tools that show how far a group is; what counts is in the checkpoint.
		_ = w.generation.CommitOffsets(map[string]map[int]int64{w.m.cfg.Topic: {w.id: cp.Offset}})
		w.m.mu.Lock()
		w.m.states++
		w.m.mu.Unlock()
		w.m.bytes.Add(uint64(len(b)))
	})
}
