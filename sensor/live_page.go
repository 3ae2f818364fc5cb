package main

import (
	"context"
	"errors"
	"slices"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/sink"
	"auscult/sensor/call"
	"auscult/sensor/page"
)

// state is how the run is doing, as the page shows it.
func (w *watch) state() page.State {
	stats, sample := w.src.Stats(), w.sample()
	s := page.State{Time: w.lanes.at().Millis(), Ready: w.unready(), Packets: w.prog.Packets.Load(), Bytes: w.prog.Bytes.Load(),
		Calls: w.prog.Calls.Load(), Alerts: w.prog.Alerts.Load(), Lag: w.lag().Seconds(), Ring: ringUse(&stats), Heap: heapBytes(),
		Flows: sample.Extract.Conns, Principals: sample.Detect.Principals, Open: sample.Open, Silenced: sample.Alert.Silenced,
		Rules: len(w.cfg.Alert.Allow)}
	if w.allowing != nil {
		s.Rules = w.allowing.Rules()
	}
	if lost := sample.Extract.TCP.LostBytes; lost > 0 {
		s.Missing = float64(lost) / float64(lost+sample.Extract.StreamBytes)
	}
	add := func(cause, unit string, n uint64) {
		if n > 0 {
			s.Lost = append(s.Lost, page.Lost{Cause: cause, Unit: unit, Count: n})
		}
	}
	for n := range stats.Interfaces {
		i := &stats.Interfaces[n]
		s.Dropped += i.Dropped + i.Missed
		s.Links = append(s.Links, page.Link{Name: i.Name, Up: i.Up, Packets: i.Packets, Dropped: i.Dropped + i.Missed})
		for _, c := range interfaceLosses {
			add(i.Name+": "+c.text, c.unit, *c.of(i))
		}
	}
	for _, c := range clockLosses {
		add(c.text, c.unit, *c.of(&stats))
	}
	for _, l := range sample.Ledger() {
		add(l.Cause, l.Unit, l.Count)
	}
	s.Sinks = targets(w.outbox)
	return s
}

// targets is where alerts are delivered to.
func targets(o *sink.Outbox) (list []page.Sink) {
	if o == nil {
		return nil
	}
	_, stats := o.Stats()
	for i := range stats {
		t := &stats[i]
		list = append(list, page.Sink{Name: t.Name, Waiting: uint64(t.Lag.Alerts), Age: t.Lag.Age.Seconds(), Failing: t.Failing})
	}
	return list
}

// show has the page see what the outputs are given.
func (w *watch) show(out *pipeline.Output) {
	if w.page == nil {
		return
	}
	out.Alerts = append(slices.Clip(out.Alerts), &onPage{w.page, w.sinks})
	out.Calls = &calling{w.page, out.Calls}
}

// onPage is the page as an output. It is none that a run goes on for.
type onPage struct {
	*page.Page
	others tallies
}

var errAlone = errors.New("page: every output has failed")

// Write shows a batch, unless nobody else writes any more.
func (s *onPage) Write(ctx context.Context, batch []alert.Alert) error {
	for _, o := range s.others {
		if !o.failed.Load() {
			return s.Page.Write(ctx, batch)
		}
	}
	return errAlone
}

// calling is the page before a log of calls, which may be nil.
type calling struct {
	*page.Page
	log pipeline.CallSink
}

// WriteCalls counts a batch and passes it on.
func (c *calling) WriteCalls(batch []call.Call) error {
	if err := c.Page.WriteCalls(batch); err != nil || c.log == nil {
		return err
	}
	return c.log.WriteCalls(batch)
}

// Close closes the log.
func (c *calling) Close() error {
	if c.log == nil {
		return nil
	}
	return c.log.Close()
}
