package pipeline

import (
	"context"
	"errors"
	"sync"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/inventory"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

// queued is how many batches may stand between two goroutines: enough to smooth, small enough to stay in cache.
const queued = 2

// Run reads src to its end and writes what it finds to out. Cancelling ctx stops the source; what was read by
// then is finished and written. prog may be nil. The error is the first of the source's, joined with those of
// sinks: a sink that fails is closed and left out, the others go on.
func Run(ctx context.Context, cfg Config, src Source, out Output, prog *Progress) (Stats, error) {
	if err := cfg.Validate(); err != nil {
		return Stats{}, err
	}
	// A run that cannot write any more ends as a cancelled one does: the lanes end, and the rest drains.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lanes, err := src.Open(ctx, cfg.Workers)
	if err != nil {
		return Stats{}, err
	}

	memo, err := extract.NewMemo(cfg.Extract.MemoBytes)
	if err != nil {
		return Stats{}, err
	}
	defer memo.Close()

	var running sync.WaitGroup
	workers := make([]*worker, len(lanes))
	for i, lane := range lanes {
		w := &worker{
			lane:  lane,
			ex:    extract.New(cfg.Extract, cfg.Call, memo, i, len(lanes), cfg.EpochCalls),
			full:  make(chan batch, queued),
			empty: make(chan sheaf, 8*queued),
			due:   sampler{every: clock.Time(cfg.Sample)},
		}
		if i == 0 {
			w.prog = prog
		}
		workers[i] = w
		running.Go(w.run)
	}

	outbox := newWriter(out, prog, stop)
	outbox.keeper = cfg.Keeper
	running.Go(func() { outbox.run(context.WithoutCancel(ctx)) })

	o := newOwner(cfg)
	o.prog, o.publish, o.stop = prog, out.Publish, stop
	o.run(newMerger(workers), outbox)
	close(outbox.full)
	running.Wait()

	stats := o.stats(workers)
	errs := append(outbox.errs, o.err)
	for _, w := range workers {
		errs = append(errs, w.err)
	}
	return stats, errors.Join(errs...)
}

// owner holds all key partitions: it resolves calls, runs the detectors and folds signals into alerts. One
// goroutine: at about 2 µs a call it is far from being the limit.
type owner struct {
	*Site
	calls   uint64
	first   clock.Time // of them
	byKind  map[string]uint64
	found   map[Finding]uint64 // by all but its Count
	alerts  uint64
	grave   uint64 // incidents that ended with a severity of Medium or more
	prog    *Progress
	watcher Watcher
	rules   Rules
	publish Publisher            // nil: calls are judged here
	stop    func()               // ends the run when calls cannot be published any more
	err     error                // of publish
	apis    *inventory.Inventory // may be nil
	keeper  Keeper
}

func newOwner(cfg Config) *owner {
	site := cfg.Detection
	if site == nil {
		site = NewSite(cfg)
	}
	return &owner{
		Site:    site,
		byKind:  map[string]uint64{},
		found:   map[Finding]uint64{},
		watcher: cfg.Watcher,
		rules:   cfg.Rules,
		apis:    cfg.Inventory,
		keeper:  cfg.Keeper,
	}
}

func (o *owner) run(m *merger, w *writer) {
	for sampled, more := false, true; more; {
		p := w.take()
		sampled, more = m.next(&p)
		for _, calls := range p.runs {
			if o.publish != nil {
				o.forward(calls)
				continue
			}
			for i := range calls {
				p.alerts = o.observe(p.alerts, &calls[i])
			}
		}
		if sampled {
			p.alerts = o.sampled(p.alerts, &m.counted)
		}
		if o.publish != nil && more {
			o.failed(o.publish.Mark(m.heads[m.lowest()].mark))
		}
		if !more {
			if o.publish != nil {
				o.failed(o.publish.Close())
			}
			if o.keeper == nil {
				p.alerts = o.count(p.alerts, o.Close(p.alerts))
			} else {
				o.keep(&p, true)
				o.grave += o.folder.Grave(o.first)
			}
			if o.watcher != nil {
				p.alerts = o.count(p.alerts, o.watcher.Close(p.alerts, max(o.last, m.counted.at)))
			}
		}
		if more && o.keeper != nil && o.keeper.Due() {
			o.keep(&p, false)
		}
		w.give(p)
	}
}

func (o *owner) observe(dst []alert.Alert, c *call.Call) []alert.Alert {
	if c.Kind == call.HTTP && !c.Running {
		if o.calls++; o.calls == 1 {
			o.first = c.Time
		}
	}
	dst = o.count(dst, o.Observe(dst, c))
	if o.apis != nil {
		o.apis.Observe(c)
	}
	return dst
}

// count counts the alerts that after has beyond before, and returns after.
func (o *owner) count(before, after []alert.Alert) []alert.Alert {
	for i := len(before); i < len(after); i++ {
		o.alerts++
		switch a := &after[i]; {
		case a.Activity == alert.Create:
			o.byKind[a.Signal.Detector]++
			o.found[Finding{Detector: a.Signal.Detector, Severity: a.Signal.Severity}]++
		case a.Activity == alert.Close && a.Signal.Severity >= detectors.Medium:
			o.grave++
		}
	}
	return after
}
