package cluster

import (
	"fmt"
	"sync/atomic"

	"auscult/pipeline/alert"
	"auscult/pipeline/outbox"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// Origin is whose calls are published.
type Origin struct {
	Site, Sensor string
	Run          uint64 // tells this run of the sensor from its earlier ones, by a greater number
	Replay       bool   // of a capture
}

// Spool keeps what is to be sent until it is.
type Spool interface {
	Append(batch []outbox.Record) error
	Close() error
}

// Published counts what was handed to the spool.
type Published struct {
	Calls, Batches atomic.Uint64
	Raw, Sealed    atomic.Uint64 // bytes: encoded, and as they travel
}

// Publisher sends the calls of a run to where they are judged. It is a pipeline.Publisher: one goroutine encodes, and
// another compresses, seals and waits for the disk.
type Publisher struct {
	Count Published

	cfg    Config
	origin Origin
	record record
	spool  Spool
	linger clock.Time

	buf   []byte // calls of the batch that is being filled
	head  batch
	seq   uint64
	since clock.Time // mark of the last batch
	mark  clock.Time

	full  chan filled
	empty chan []byte
	ended chan struct{}
	err   atomic.Pointer[error] // of the spool
}

// filled is a batch on its way to the spool.
type filled struct {
	head  batch
	calls []byte
}

// queued is how many batches may wait to be sealed.
const queued = 2

// NewPublisher is a publisher into spool, which it closes. The first batch, which is empty, says at once that there are
// calls to wait for.
func NewPublisher(cfg Config, origin Origin, keys *pseudonym.Keyer, spool Spool) (*Publisher, error) {
	if !isName(origin.Site) {
		return nil, fmt.Errorf("%q cannot be the name of a site whose calls are published: letters, digits, dots, dashes", origin.Site)
	}
	if origin.Sensor == "" || len(origin.Sensor) > maxName {
		return nil, fmt.Errorf("%q cannot be the name of a sensor whose calls are published", origin.Sensor)
	}
	seal, err := newSeal(keys, callsPurpose)
	if err != nil {
		return nil, err
	}
	p := &Publisher{cfg: cfg, origin: origin, spool: spool, linger: clock.Time(cfg.Linger),
		full: make(chan filled, queued), empty: make(chan []byte, queued+1), ended: make(chan struct{})}
	if origin.Replay { // nobody waits for it, but others for its marks: the spool should not be one fsync a batch
		p.linger = max(p.linger, clock.Time(cfg.Lag/4))
	}
	for range queued + 1 {
		p.empty <- nil
	}
	p.begin()
	go p.run(seal)
	p.flush(more)
	return p, nil
}

func (p *Publisher) begin() {
	p.seq++
	p.head = batch{Site: p.origin.Site, Sensor: p.origin.Sensor, Run: p.origin.Run, Seq: p.seq, Sensors: p.cfg.Sensors, Replay: p.origin.Replay}
}

// Publish takes calls, which are in order.
func (p *Publisher) Publish(calls []call.Call) error {
	for i := range calls {
		c := &calls[i]
		was := len(p.buf)
		p.buf = p.record.encode(p.buf, c)
		if len(p.buf) > p.cfg.BatchBytes && was > 0 { // all before this one
			last := p.buf[was:]
			p.buf = p.buf[:was]
			p.mark = max(p.mark, c.Time)
			p.flush(more)
			p.buf = append(p.buf, last...)
		}
		if p.head.Calls == 0 {
			p.head.First = c.Time
		}
		p.head.Calls++
	}
	p.Count.Calls.Add(uint64(len(calls)))
	return p.failed()
}

// Mark says that all calls before t were published.
func (p *Publisher) Mark(t clock.Time) error {
	if t == clock.Never {
		return p.failed() // the end says it
	}
	p.mark = max(p.mark, t)
	if p.mark-p.since >= p.linger {
		p.flush(more)
	}
	return p.failed()
}

// Close sends what is left, and waits until the spool is closed.
func (p *Publisher) Close() error {
	if p.origin.Replay {
		p.mark = clock.Never
		p.flush(ended)
	} else {
		if p.head.Calls > 0 {
			p.mark = max(p.mark, p.head.First) // and the calls of after are released as the sensor leaves
		}
		p.flush(left)
	}
	close(p.full)
	<-p.ended
	err := p.failed()
	if cerr := p.spool.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("publish calls: %w", cerr)
	}
	return err
}

func (p *Publisher) failed() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// flush hands on what there is, and begins the next batch.
func (p *Publisher) flush(k kind) {
	p.head.Kind, p.head.Mark = k, p.mark
	p.full <- filled{p.head, p.buf}
	p.buf = (<-p.empty)[:0]
	p.since = p.mark
	p.begin()
}

// run seals and stores.
func (p *Publisher) run(seal *seal) {
	defer close(p.ended)
	for f := range p.full {
		body, err := seal.appendBatch(nil, &f.head, f.calls)
		if err == nil && p.failed() == nil {
			r := outbox.Record{UID: f.head.Site, Sequence: int(int32(f.head.Seq)), Activity: alert.Update, Time: f.head.Mark, Body: body}
			if f.head.Calls == 0 && f.head.Kind != more || f.head.Seq == 1 {
				r.Activity = alert.Create // never shed while calls can go
			}
			err = p.spool.Append([]outbox.Record{r})
		}
		if err != nil && p.failed() == nil {
			err = fmt.Errorf("publish calls: %w", err)
			p.err.Store(&err)
		}
		p.Count.Batches.Add(1)
		p.Count.Raw.Add(uint64(len(f.calls)))
		p.Count.Sealed.Add(uint64(len(body)))
		p.empty <- f.calls
	}
}
