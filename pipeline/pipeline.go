// Package pipeline runs the sensor on many cores in one order: lanes of packets go through 64 flow partitions,
// owned by the workers, into calls; the calls of all workers are merged into the one total order, and one
// goroutine that owns all key partitions resolves them, runs the detectors and folds signals into alerts.
package pipeline

import (
	"context"
	"sync/atomic"

	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/packet"
)

// Lane is one worker's view of the packets, in order of time. A worker may be shown packets of partitions that
// it does not own; it skips them.
type Lane interface {
	// Next returns the next packet, valid until the call after; io.EOF ends the lane.
	Next() (packet.Raw, error)
}

// Source opens one lane for each worker. Every lane sees the same times.
type Source interface {
	Open(ctx context.Context, workers int) ([]Lane, error)
}

// Sink takes alerts, in order.
type Sink interface {
	Write(ctx context.Context, batch []alert.Alert) error
	Close() error
}

// CallSink takes calls, in order. The calls are borrowed until it returns.
type CallSink interface {
	WriteCalls(batch []call.Call) error
	Close() error
}

// Output is where a run's results go. Calls and Links may be nil; both are given every record and take what is
// theirs.
type Output struct {
	Alerts []Sink
	Calls  CallSink // HTTP calls
	Links  CallSink // connections of TLS and MLLP
	// Publish, when it is not nil, takes every call to where it is judged: this run does not.
	Publish Publisher
}

// Progress is what a run has done so far; it may be read while it runs.
type Progress struct {
	Packets, Bytes, Calls, Alerts atomic.Uint64

	sample atomic.Pointer[Sample]
}
