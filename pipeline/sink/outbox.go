package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
	"auscult/sensor/pseudonym"
)

// Outbox makes alerts durable, and then has them delivered to every target at its own pace: what a target has not
// taken when the run ends waits for the next one. Write belongs to one goroutine; Stats may be asked by any.
type Outbox struct {
	cfg        outbox.Config
	log        *outbox.Log
	names      *pseudonym.Names
	meta       ocsf.Meta
	say        func(line string)
	what       string // is delivered: alerts
	discard    bool   // take the folder away once all is delivered
	deliveries []*delivery
	stop       context.CancelFunc
	running    sync.WaitGroup
	buf        []byte
	batch      []outbox.Record

	// Ending is called when Close begins: what it gives to Append or Checkpoint is still delivered. It may be nil.
	Ending func()
}

// OpenOutbox opens the outbox in cfg.Dir and begins to deliver what is in it. What a target cannot take is said, one
// line each. With discard the folder goes away at the end when nothing in it is undelivered. It closes the targets.
func OpenOutbox(cfg outbox.Config, names *pseudonym.Names, meta ocsf.Meta, discard bool, say func(line string), targets ...Target) (*Outbox, error) {
	o, err := OpenSpool(cfg, "alerts", discard, say, targets...)
	if err == nil {
		o.names, o.meta = names.Clone(), meta
	}
	return o, err
}

// OpenSpool is an Outbox of what others encode, which is only given to Append; what is a noun for it.
func OpenSpool(cfg outbox.Config, what string, discard bool, say func(line string), targets ...Target) (*Outbox, error) {
	log, err := outbox.Open(cfg)
	if err != nil {
		closeAll(targets)
		return nil, err
	}
	o := &Outbox{cfg: cfg, log: log, say: say, discard: discard, what: what}
	for _, t := range targets {
		c, err := log.Cursor(t.Name())
		if err != nil {
			closeAll(targets)
			log.Close()
			return nil, fmt.Errorf("outbox %s: %w", cfg.Dir, err)
		}
		o.deliveries = append(o.deliveries, &delivery{target: t, cursor: c, say: say, what: what, said: map[Cause]time.Time{}, moved: time.Now()})
	}
	if s := log.Stats(); s.Damaged > 0 {
		say(fmt.Sprintf("outbox %s: %d stretches were damaged; what they held is lost, and the rest is whole", cfg.Dir, s.Damaged))
	}
	for _, name := range log.Idle() {
		say(fmt.Sprintf("outbox %s: %s are kept for %s, which is not configured; remove %s.cursor to end that", cfg.Dir, what, name, name))
	}
	var ctx context.Context
	ctx, o.stop = context.WithCancel(context.Background())
	for _, d := range o.deliveries {
		o.running.Go(func() { d.run(ctx) })
	}
	return o, nil
}

func closeAll(targets []Target) {
	for _, t := range targets {
		t.Close()
	}
}

// Write encodes alerts and makes them durable, in order. The end of ctx does not stop it: a run that is told to end
// still says what it found.
func (o *Outbox) Write(_ context.Context, batch []alert.Alert) error {
	o.buf, o.batch = Encode(o.buf[:0], o.batch[:0], batch, o.names, o.meta)
	return o.Append(o.batch)
}

// Encode appends alerts to dst as the outbox holds them, their bodies in buf, which it extends.
func Encode(buf []byte, dst []outbox.Record, batch []alert.Alert, names *pseudonym.Names, meta ocsf.Meta) ([]byte, []outbox.Record) {
	first, from := len(dst), len(buf)
	for i := range batch {
		a := &batch[i]
		buf = ocsf.Append(buf, a, names, meta)
		dst = append(dst, outbox.Record{UID: a.UID, Sequence: a.Sequence, Activity: a.Activity, Severity: a.Signal.Severity, Time: a.Time,
			Body: buf[from : len(buf)-1]})
		from = len(buf)
	}
	// The body of each as it lies in what buf has become.
	end := len(buf)
	for i := len(dst) - 1; i >= first; i-- {
		n := len(dst[i].Body)
		dst[i].Body = buf[end-1-n : end-1 : end-1]
		end -= n + 1
	}
	return buf, dst
}

// Append makes records durable that somebody else has encoded, in order. Nothing of them is kept.
func (o *Outbox) Append(batch []outbox.Record) error {
	if err := o.log.Append(batch); err != nil {
		return fmt.Errorf("outbox %s: %w", o.cfg.Dir, err)
	}
	return nil
}

// Place is the number of the next record, and the number that every target has come to: once passed has reached what
// next was, all that was written by then is delivered.
func (o *Outbox) Place() (next, passed uint64) { return o.log.Place() }

// Stats is how the outbox and each delivery stand.
func (o *Outbox) Stats() (outbox.Stats, []SinkStats) {
	out := make([]SinkStats, len(o.deliveries))
	for i, d := range o.deliveries {
		out[i], _, _ = d.look()
	}
	return o.log.Stats(), out
}

// Close waits for the targets to take what is left, as long as the configuration says, and ends. What a replay could
// not deliver is an error; what a live run could not waits for the next, and is said.
func (o *Outbox) Close() error {
	if o.Ending != nil {
		o.Ending()
	}
	begun := time.Now()
	for o.waiting(begun) {
		time.Sleep(10 * time.Millisecond)
	}
	o.stop()
	o.running.Wait()
	var errs []error
	for _, d := range o.deliveries {
		s, f, _ := d.look()
		if s.Lag.Alerts > 0 || s.Lag.Missed+s.Refused > 0 && !o.cfg.Live {
			errs = append(errs, errors.New(o.undelivered(s, f)))
		}
		if err := d.target.Close(); err != nil {
			errs = append(errs, err)
		}
	}
	all := o.log.Delivered()
	if err := o.log.Close(); err != nil {
		errs = append(errs, err)
	} else if all && o.discard {
		errs = append(errs, o.log.Remove())
	}
	err := errors.Join(errs...)
	if err != nil && o.cfg.Live {
		o.say(oneLiner(err.Error()))
		return nil
	}
	return err
}

// undelivered says what a target has not taken, and why.
func (o *Outbox) undelivered(s SinkStats, f *Failure) string {
	why := "no time was left"
	if f != nil {
		why = f.Text
	}
	lost := ""
	if n := s.Lag.Missed + s.Refused; n > 0 {
		lost = fmt.Sprintf(", and %d are lost", n)
	}
	return fmt.Sprintf("%s: %d %s were not delivered%s (%s); outbox %s holds them", s.Name, s.Lag.Alerts, o.what, lost, why, o.cfg.Dir)
}

// waiting is whether there is something to deliver that it is worth waiting for.
func (o *Outbox) waiting(begun time.Time) bool {
	for _, d := range o.deliveries {
		s, f, moved := d.look()
		if s.Lag.Alerts == 0 || f != nil && f.Final {
			continue
		}
		since := begun
		if !o.cfg.Live && moved.After(begun) {
			since = moved
		}
		if time.Since(since) < o.cfg.Drain {
			return true
		}
	}
	return false
}
