// Package extract turns one worker's packets into calls: it calls packet, tcp, tls, the parsers of HTTP and of what
// travels like it, phi and call in a row, on one goroutine, over the flow partitions that the worker owns. It owns every byte until Take hands the calls
// over; their strings live in the arena that Carve gave, or in one that is never written again.
package extract

import (
	"errors"
	"fmt"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/http/http2"
	"auscult/sensor/http/websocket"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
	"auscult/sensor/spare"
	"auscult/sensor/tcp"
	"auscult/sensor/tls"
)

// Partitions is the fixed number of flow partitions, chosen by a symmetric hash of the connection.
const Partitions = 64

// Config holds the stages' own.
type Config struct {
	Packet packet.Config `yaml:"packet"`
	TCP    tcp.Config    `yaml:"tcp"`
	TLS    tls.Config    `yaml:"tls"`
	HTTP   http.Config   `yaml:"http"`
	PHI    phi.Config    `yaml:"phi"`
	// Scanners bounds the bodies that one flow partition scans at once; the content of further ones is counted
	// and not scanned.
	Scanners int `yaml:"scanners"`
	// Texts bounds the bytes of bodies that one flow partition keeps at once to read their values and what they give
	// away; of further ones no values are known.
	Texts int `yaml:"texts"`
	// MemoBytes bounds the memory of the memo of what tokens claim; 0 remembers nothing.
	MemoBytes int64 `yaml:"memo_bytes"`
	// Repeats bounds in bytes the memory of what bodies of responses came to, so that one that comes again need not be
	// decoded and scanned again; 0 remembers nothing. It changes speed, never results.
	Repeats int64 `yaml:"repeats"`
	// Held bounds the bytes of bodies that one flow partition holds back to know them again; further ones are read as
	// they come.
	Held int `yaml:"held"`
	// StreamReport is how often an exchange that goes on (WebSocket, server-sent events, long downloads) is told to
	// the detectors while it runs.
	StreamReport time.Duration `yaml:"stream_report"`

	// Secrets opens TLS connections, beside what captures bring themselves. It may be nil. Follow says that it may
	// have more while it is used.
	Secrets tls.Secrets `yaml:"-"`
	Follow  bool        `yaml:"-"`
}

// Defaults suits a hospital's core switch.
func Defaults() Config {
	return Config{
		Packet: packet.Defaults(), TCP: tcp.Defaults(), TLS: tls.Defaults(), HTTP: http.Defaults(), PHI: phi.Defaults(),
		Scanners: 512, Texts: 512 << 10, MemoBytes: 8 << 20, Repeats: 24 << 20, Held: 1 << 20, StreamReport: 10 * time.Second,
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	if c.Scanners < 1 {
		return fmt.Errorf("scanners: %d is not positive", c.Scanners)
	}
	if c.Texts < 1<<10 || c.Texts > 1<<30 {
		return fmt.Errorf("texts: %d is not between 1024 and %d", c.Texts, 1<<30)
	}
	if c.MemoBytes < 0 {
		return fmt.Errorf("memo_bytes: %d is negative", c.MemoBytes)
	}
	if c.Repeats < 0 {
		return fmt.Errorf("repeats: %d is negative", c.Repeats)
	}
	if c.Held < 0 || c.Held > 1<<30 {
		return fmt.Errorf("held: %d is not between 0 and %d", c.Held, 1<<30)
	}
	if c.StreamReport < time.Second {
		return fmt.Errorf("stream_report: %v is below 1s", c.StreamReport)
	}
	return errors.Join(c.Packet.Validate(), c.TCP.Validate(), c.TLS.Validate(), c.HTTP.Validate(), c.PHI.Validate())
}

// Extractor is one worker's. It is for one goroutine.
type Extractor struct {
	cfg        Config
	index      int // of this worker, among workers
	workers    int
	epochCalls int
	report     clock.Time
	listed     int // objects of a response that a call may list
	keys       *tls.Table
	version    uint64 // of keys, that was last asked

	decoder  *packet.Decoder
	segment  packet.Segment
	parts    [Partitions]*partition // nil: another worker's
	builder  *call.Builder
	memo     *lookup
	repeats  *repeats
	arena    *call.Arena
	scanners []*phi.Scanner           // all that were made
	spare    spare.List[*phi.Scanner] // those at rest
	idle     spare.List[*bodies]      // and what held them
	texts    spare.List[*call.Texts]
	covers   spare.List[*call.Envelope]
	streams  spare.List[*stream]
	media    [2]media // of the latest content, by side

	// what is at hand
	now    clock.Time
	part   *partition
	conn   *tcp.Conn
	stream *stream
	due    []*bodies // of exchanges that are to be told while they run

	events []tcp.Event
	plain  []tls.Chunk
	done   []*http.Exchange
	calls  []call.Call
	stats  Stats
}

// partition is one flow partition: all state that a connection's fate depends on, and the limits on it.
type partition struct {
	owner    *Extractor
	table    *tcp.Table
	shared   *http.Shared
	http1    *http1.Pool
	http2    *http2.Pool
	sockets  *websocket.Pool
	hl7      *hl7.Pool
	tls      *tls.Pool
	waiting  []waiter
	scanning int // scanners out
	purse    call.Purse
	held     int // bytes of buffers that hold bodies back
	calls    int // since the last Take
}

// New returns the extractor of worker index of workers. memo must be a memo of pure functions: what it forgets
// changes speed only.
func New(cfg Config, calls call.Config, memo *Memo, index, workers, epochCalls int) *Extractor {
	e := &Extractor{
		cfg: cfg, index: index, workers: workers, epochCalls: epochCalls, report: clock.Time(cfg.StreamReport), listed: calls.ResponseObjects,
		keys:    tls.NewTable(cfg.TLS.Secrets, cfg.Secrets),
		decoder: packet.New(cfg.Packet), arena: new(call.Arena),
		memo: newLookup(memo), repeats: newRepeats(cfg.Repeats / int64(workers)),
	}
	e.builder = call.NewBuilder(calls, e.memo)
	heads := http1.NewHeads()
	for p := index; p < Partitions; p += workers {
		shared := http.NewShared(cfg.HTTP)
		part := &partition{
			owner: e, table: tcp.New(cfg.TCP), shared: shared, http1: http1.NewPool(shared), http2: http2.NewPool(shared),
			sockets: websocket.NewPool(shared), hl7: hl7.NewPool(shared), tls: tls.NewPool(cfg.TLS, e.keys),
		}
		part.http1.Heads = heads
		shared.Drop = part.drop
		part.purse.Left = cfg.Texts
		part.tls.Follow = cfg.Follow
		e.parts[p] = part
	}
	return e
}

// Packet takes one frame. What is not TCP, or belongs to another worker's partition, ends here.
func (e *Extractor) Packet(r *packet.Raw) {
	if v := e.keys.Version(); v != e.version {
		e.version = v
		for _, part := range e.parts {
			if part != nil {
				e.retry(part, r.Time)
			}
		}
	}
	reason := e.decoder.Decode(&e.segment, r)
	if reason != packet.OK {
		if e.index == 0 { // it has no partition: one worker counts for all
			e.stats.packet(r)
			e.stats.Reasons[reason]++
		}
		return
	}
	part := e.parts[e.segment.Flow.Hash()%Partitions]
	if part == nil {
		return
	}
	e.stats.packet(r)
	e.stats.CutBytes += uint64(e.segment.Cut)
	part.shared.Where = r.Where
	part.table.Input = uint8(min(r.Where.File, tcp.MaxInputs-1))
	e.events = part.table.Segment(e.events[:0], r.Time, &e.segment)
	e.handle(part)
}

// Expire lets happen what silence up to and including mark has decided.
func (e *Extractor) Expire(mark clock.Time) {
	for _, part := range e.parts {
		if part == nil {
			continue
		}
		e.events = part.table.Expire(e.events[:0], mark)
		e.handle(part)
		if len(part.waiting) > 0 {
			e.retry(part, mark)
		}
	}
}

// Close ends every connection, as the capture has ended at now.
func (e *Extractor) Close(now clock.Time) {
	for _, part := range e.parts {
		if part == nil {
			continue
		}
		e.events = part.table.Close(e.events[:0], now)
		e.handle(part)
		e.retry(part, now)
		e.giveUp(part, now)
		part.shared.Close()
		part.sockets.Close()
	}
}

// handle takes the events at hand through HTTP.
func (e *Extractor) handle(part *partition) {
	for i := range e.events {
		e.event(part, &e.events[i])
	}
}

// Take hands over the calls since the last one taken, in no order, and goes on in spare. It ends a step of the grid.
func (e *Extractor) Take(spare []call.Call) []call.Call {
	for _, part := range e.parts {
		if part != nil {
			part.calls = 0
		}
	}
	return e.TakeSome(spare)
}

// TakeSome is Take within a step of the grid.
func (e *Extractor) TakeSome(spare []call.Call) []call.Call {
	calls := e.calls
	e.calls = spare[:0]
	return calls
}

// Carve has the calls to come carved from a. Those before stay valid until their own arena is reset.
func (e *Extractor) Carve(a *call.Arena) { e.arena = a }

// Ready is how many calls there are to take.
func (e *Extractor) Ready() int { return len(e.calls) }

// Settled is whether all is known that can become known before now, the time of the packet that is next.
func (e *Extractor) Settled(now clock.Time) bool {
	for _, part := range e.parts {
		if part != nil && part.table.Due(now) < now {
			return false
		}
	}
	return true
}
