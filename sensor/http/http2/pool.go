package http2

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Pool holds what the HTTP/2 connections of one flow partition share. An idle connection that has spoken holds
// its Parser and its header tables, nothing else. A Pool, its Parsers and what they yield belong to one goroutine.
type Pool struct {
	*http.Shared

	out      []*http.Exchange // the dst of the call under way
	parsers  spare.List[*Parser]
	records  spare.List[*record]
	sections spare.List[*section]
	tables   int64 // bytes of all header tables
}

// NewPool returns an empty Pool.
func NewPool(shared *http.Shared) *Pool { return &Pool{Shared: shared} }

// New returns a Parser for one connection, whose bodies are shown to h. The client sends in direction client if
// known; otherwise that is found by content. midstream says that the connection was joined after its start.
func (pool *Pool) New(h http.Handler, client packet.Dir, known, midstream bool) *Parser {
	p := spare.Take(&pool.parsers)
	streams := p.streams[:0]
	*p = Parser{pool: pool, handler: h, client: client, known: known, midstream: midstream, streams: streams, doubts: clock.Never}
	return p
}

// Upgraded returns a Parser that goes on with a connection after a 101 response to h2c (RFC 7540 section 3.2). x
// is the request that asked for it: it becomes stream 1, whose response fills it, and keeps its Seq, from which
// the others go on. It is released to the parser that made it. What its
// HTTP2-Settings bound, the parser learns from what is sent under them.
func (pool *Pool) Upgraded(h http.Handler, x *http.Exchange) *Parser {
	p := pool.New(h, x.ClientDir, true, false)
	p.seq, p.highest[0] = x.Seq+1, 1
	r := &record{x: x, id: 1, borrowed: true}
	x.Response = http.Message{}
	x.Version, x.Depth = 20, 1
	r.half[http.Request].state = over
	r.half[http.Request].body.Skip()
	p.open(r, x.Start)
	return p
}

// Free takes p back. Exchanges that it still holds are dropped, their Scanners closed as incomplete; those that
// it has yielded stay valid until they are released.
func (pool *Pool) Free(p *Parser) {
	p.account()
	for d := range p.dirs {
		s := &p.dirs[d]
		if s.section != nil {
			pool.unsection(s.section)
		}
		if s.decoder != nil {
			s.decoder.free()
		}
	}
	for i, r := range p.streams {
		pool.put(r)
		p.streams[i] = nil
	}
	*p = Parser{pool: pool, verdict: http.NotHTTP, streams: p.streams[:0]}
	pool.parsers.Push(p, pool.Config.Spare)
}

// state is how far one half of a stream is.
type state uint8

const (
	waiting state = iota // its header section was not seen
	open                 // content or trailers may follow
	over
)

// record is a stream: its Exchange, with what its borrowed bytes live in.
type record struct {
	x          *http.Exchange
	own        http.Exchange // what x points to, unless borrowed
	half       [2]half
	prev, next *record // by when they were last heard of
	heard      clock.Time
	id         uint32
	dropped    clock.Time // when its client has reset it, if flying
	flying     bool       // reset by its client, and its response may be under way
	suspect    bool       // frames were lost, and the end of it may have been among them
	borrowed   bool       // x is another parser's
}

// half is one message of a record.
type half struct {
	buf      []byte // header section
	trailer  []byte // trailer section
	body     http.Body
	messages counter
	length   int64 // what Content-Length says, plus one; 0 when it says nothing
	state    state
	begun    bool // the body has
	cut      bool // not all of its header section was seen
	grpc     bool // its content is gRPC messages
}

func (pool *Pool) record() *record {
	r := spare.Take(&pool.records)
	r.x = &r.own
	r.own.Storage = r
	return r
}

// put takes r back with its buffers; everything else is zeroed.
func (pool *Pool) put(r *record) {
	for s := range r.half {
		r.half[s].body.Discard()
	}
	if r.x.App != nil && pool.Drop != nil {
		pool.Drop(r.x)
	}
	if r.borrowed || len(pool.records) >= pool.Config.Spare {
		r.own.Storage = nil
		return
	}
	kept := record{own: r.own.Emptied()}
	for s := range r.half {
		if h := &r.half[s]; cap(h.buf)+cap(h.trailer) <= spare.MaxBuffer {
			kept.half[s].buf, kept.half[s].trailer = h.buf[:0], h.trailer[:0]
		}
	}
	*r = kept
	pool.records = append(pool.records, r)
}
