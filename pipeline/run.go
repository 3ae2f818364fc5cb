package pipeline

import (
	"context"
	"errors"
	"sync"

	"auscult/detectors"
	"auscult/pipeline/alert"
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
			empty: make(chan []call.Call, 2*queued),
			due:   sampler{every: clock.Time(cfg.Sample)},
		}
		if i == 0 {
			w.prog = prog
		}
		workers[i] = w
		running.Go(w.run)
	}

	outbox := newWriter(out, prog, stop)
	running.Go(func() { outbox.run(context.WithoutCancel(ctx)) })

	o := newOwner(cfg)
	o.prog = prog
	o.run(newMerger(workers), outbox)
	close(outbox.full)
	running.Wait()

	stats := o.stats(workers)
	errs := outbox.errs
	for _, w := range workers {
		errs = append(errs, w.err)
	}
	return stats, errors.Join(errs...)
}

// owner holds all key partitions: it resolves calls, runs the detectors and folds signals into alerts. One
// goroutine: at about 2 µs a call it is far from being the limit.
type owner struct {
	resolver *call.Resolver
	engine   *detectors.Engine
	folder   *alert.Folder
	allow    []alert.Rule
	signals  []detectors.Signal
	tidy     clock.Time // when idle state is freed next
	last     clock.Time
	calls    uint64
	byKind   map[string]uint64
	found    map[Finding]uint64 // by all but its Count
	alerts   uint64
	grave    uint64 // incidents that ended with a severity of Medium or more
	prog     *Progress
	watcher  Watcher
}

// tidyEvery is how often idle state is freed: it changes memory, never a verdict.
const tidyEvery = 10 * 60 * 10 * clock.Grid

func newOwner(cfg Config) *owner {
	engine := cfg.Engine
	if engine == nil {
		engine = detectors.New(cfg.Detectors)
	}
	return &owner{
		resolver: call.NewResolver(cfg.Call),
		engine:   engine,
		folder:   alert.NewFolder(cfg.Alert),
		allow:    cfg.Alert.Allow,
		byKind:   map[string]uint64{},
		found:    map[Finding]uint64{},
		watcher:  cfg.Watcher,
	}
}

func (o *owner) run(m *merger, w *writer) {
	for sampled, more := false, true; more; {
		p := w.take()
		sampled, more = m.next(&p)
		for _, calls := range p.runs {
			for i := range calls {
				p.alerts = o.observe(p.alerts, &calls[i])
			}
		}
		if sampled {
			p.alerts = o.sampled(p.alerts, &m.counted)
		}
		if !more {
			o.signals = o.engine.Close(o.signals[:0])
			p.alerts = o.count(p.alerts, o.folder.Fold(p.alerts, o.signals))
			p.alerts = o.count(p.alerts, o.folder.Close(p.alerts, o.last))
			if o.watcher != nil {
				p.alerts = o.count(p.alerts, o.watcher.Close(p.alerts, max(o.last, m.counted.at)))
			}
		}
		w.give(p)
	}
}

func (o *owner) observe(dst []alert.Alert, c *call.Call) []alert.Alert {
	if o.tidy == 0 {
		o.tidy = c.Time.Floor() + tidyEvery
	}
	if c.Kind == call.HTTP && !c.Running {
		o.calls++
	}
	o.last = c.Time
	dst = o.count(dst, o.folder.Expire(dst, c.Time-1))
	if c.Kind == call.LinkOnly {
		return dst
	}
	o.resolver.Resolve(c)
	o.signals = o.engine.Observe(o.signals[:0], c)
	if len(o.signals) > 0 {
		dst = o.count(dst, o.folder.Fold(dst, o.signals))
		clear(o.signals)
	}
	if c.Time >= o.tidy {
		o.tidy = c.Time.Floor() + tidyEvery
		o.resolver.Forget(c.Time)
		o.engine.Forget(c.Time)
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
