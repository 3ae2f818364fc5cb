package pipeline

import (
	"context"
	"fmt"

	"auscult/pipeline/alert"
	"auscult/sensor/call"
)

// parcel is one stretch of the total order with what was said about it.
type parcel struct {
	runs   [][]call.Call // parts of the workers' batches
	done   []used        // batches whose last part is here
	alerts []alert.Alert
	state  kept // behind the alerts
}

// used is a batch that nobody needs any more once the parcel is written, and where it goes.
type used struct {
	sheaf
	empty chan<- sheaf
}

// back gives the batches to their workers, and the parcel's own memory to whoever fills it next.
func (p *parcel) back() parcel {
	for _, u := range p.done {
		if len(u.calls) > 2*handful {
			clear(u.calls) // what they hold beside their arena is not bounded by how many there usually are
		}
		u.arena.Reset()
		select {
		case u.empty <- sheaf{u.calls[:0], u.arena}:
		default:
		}
	}
	clear(p.runs)
	clear(p.done)
	clear(p.alerts)
	return parcel{runs: p.runs[:0], done: p.done[:0], alerts: p.alerts[:0]}
}

// writer takes parcels to the sinks, on its own goroutine, so that encoding and disks do not hold up detection.
type writer struct {
	out    Output
	prog   *Progress
	stop   func() // ends the run when nothing can be written any more
	full   chan parcel
	empty  chan parcel
	keeper Keeper  // may be nil
	errs   []error // read after run returned
}

func newWriter(out Output, prog *Progress, stop func()) *writer {
	w := &writer{out: out, prog: prog, stop: stop, full: make(chan parcel, queued), empty: make(chan parcel, queued+1)}
	for range queued + 1 {
		w.empty <- parcel{}
	}
	return w
}

// take waits for a parcel to fill: there are only so many, which bounds what is in memory.
func (w *writer) take() parcel  { return <-w.empty }
func (w *writer) give(p parcel) { w.full <- p }

func (w *writer) run(ctx context.Context) {
	sinks := w.out.Alerts
	logs := [...]struct {
		CallSink
		name string
	}{{w.out.Calls, "call log"}, {w.out.Links, "connection log"}}
	for p := range w.full {
		for i, log := range logs {
			if log.CallSink == nil {
				continue
			}
			for _, calls := range p.runs {
				if err := log.WriteCalls(calls); err != nil {
					w.fail(fmt.Errorf("%s: %w", log.name, err))
					w.fail(log.Close())
					logs[i].CallSink = nil
					break
				}
			}
		}
		if len(p.alerts) > 0 {
			kept := sinks[:0:0]
			for _, s := range sinks {
				if err := s.Write(ctx, p.alerts); err != nil {
					w.fail(err)
					w.fail(s.Close())
					continue
				}
				kept = append(kept, s)
			}
			if sinks = kept; len(sinks) == 0 && len(w.out.Alerts) > 0 {
				w.stop()
			}
		}
		if k := &p.state; k.there {
			w.keeper.Keep(k.image, k.err, k.ended)
		}
		if w.prog != nil {
			for _, calls := range p.runs {
				w.prog.Calls.Add(finished(calls))
			}
			w.prog.Alerts.Add(uint64(len(p.alerts)))
		}
		w.empty <- p.back()
	}
	for _, log := range logs {
		if log.CallSink != nil {
			w.fail(log.Close())
		}
	}
	for _, s := range sinks {
		w.fail(s.Close())
	}
}

// finished is how many of a stretch are HTTP calls that are over.
func finished(calls []call.Call) (n uint64) {
	for i := range calls {
		if calls[i].Kind == call.HTTP && !calls[i].Running {
			n++
		}
	}
	return n
}

func (w *writer) fail(err error) {
	if err != nil {
		w.errs = append(w.errs, err)
	}
}
