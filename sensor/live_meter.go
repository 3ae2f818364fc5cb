package main

import (
	"context"
	"sync"
	"sync/atomic"

	"auscult/detectors"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// metered is a source that knows how far each of its lanes was read, in packet time, to a step of the grid.
type metered struct {
	pipeline.Source
	reached atomic.Pointer[[]atomic.Int64]
}

// Open opens the lanes of the source within.
func (m *metered) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	lanes, err := m.Source.Open(ctx, workers)
	if err != nil {
		return nil, err
	}
	reached := make([]atomic.Int64, len(lanes))
	for i, l := range lanes {
		lanes[i] = &meteredLane{Lane: l, at: &reached[i]}
	}
	m.reached.Store(&reached)
	return lanes, nil
}

// at is the time that all lanes have reached; zero before the first packet of one of them.
func (m *metered) at() clock.Time {
	reached := m.reached.Load()
	if reached == nil {
		return 0
	}
	least := clock.Never
	for i := range *reached {
		least = min(least, clock.Time((*reached)[i].Load()))
	}
	return least
}

type meteredLane struct {
	pipeline.Lane
	at   *atomic.Int64
	next clock.Time // when to tell again: not at every packet
}

// Next is the lane's. That it was called again says that what came before was taken.
func (l *meteredLane) Next() (packet.Raw, error) {
	raw, err := l.Lane.Next()
	if raw.Time >= l.next {
		l.next = raw.Time.Floor() + clock.Grid
		l.at.Store(int64(raw.Time))
	}
	return raw, err
}

// tally counts what a sink was given, knows whether it failed, and lets others than the pipeline open its file anew.
type tally struct {
	pipeline.Sink
	mu     sync.Mutex // of the sink: who uses it has it
	closed bool
	given  [detectors.Critical + 1]atomic.Uint64 // messages, by severity
	failed atomic.Bool
}

// Write passes a batch on.
func (t *tally) Write(ctx context.Context, batch []alert.Alert) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range batch {
		t.given[min(batch[i].Signal.Severity, detectors.Critical)].Add(1)
	}
	err := t.Sink.Write(ctx, batch)
	if err != nil {
		t.failed.Store(true)
	}
	return err
}

// Close closes the sink.
func (t *tally) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	return t.Sink.Close()
}

func (t *tally) reopen() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return reopened(t.Sink, t.closed)
}

// reopened opens the file of an output anew, if it is one.
func reopened(output any, closed bool) error {
	if r, ok := output.(interface{ Reopen() error }); ok && !closed {
		return r.Reopen()
	}
	return nil
}

// lockedLog is a log of calls whose file others than the pipeline may open anew.
type lockedLog struct {
	pipeline.CallSink
	mu     sync.Mutex // of the log: who uses it has it
	closed bool
}

// WriteCalls passes a batch on.
func (l *lockedLog) WriteCalls(batch []call.Call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.CallSink.WriteCalls(batch)
}

// Close closes the log.
func (l *lockedLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.CallSink.Close()
}

func (l *lockedLog) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return reopened(l.CallSink, l.closed)
}

// locked puts a lock before every log of out.
func locked(out *pipeline.Output) (list []*lockedLog) {
	for _, log := range []*pipeline.CallSink{&out.Calls, &out.Links} {
		if *log != nil {
			l := &lockedLog{CallSink: *log}
			list, *log = append(list, l), l
		}
	}
	return list
}

// tallies is all sinks of a run. Each is given every alert until it fails.
type tallies []*tally

// tallied puts a tally before every sink of out.
func tallied(out *pipeline.Output) tallies {
	var list tallies
	for i, s := range out.Alerts {
		t := &tally{Sink: s}
		list, out.Alerts[i] = append(list, t), t
	}
	return list
}

// alerts is how many messages of a severity there were.
func (l tallies) alerts(s detectors.Severity) (n uint64) {
	for _, t := range l {
		n = max(n, t.given[s].Load())
	}
	return n
}

// open is whether no sink has failed.
func (l tallies) open() bool {
	for _, t := range l {
		if t.failed.Load() {
			return false
		}
	}
	return true
}
