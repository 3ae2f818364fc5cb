package http1

import (
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Pool holds what the connections of one flow partition share: buffers, exchanges and decoders. An idle
// connection holds none of them. A Pool, its Parsers and what they yield belong to one goroutine.
type Pool struct {
	*http.Shared
	Heads *Heads // what the Pools of one goroutine share; nil remembers nothing

	out []*http.Exchange // the dst of the call under way

	// What Switched gives next: it is asked at once, so Parsers need not hold it.
	turned   *Parser
	switched *record
	rest     []byte

	parsers spare.List[*Parser]
	records spare.List[*record]
	buffers spare.List[*buffer]
	helds   spare.List[*held]
	probes  spare.List[*probe]
}

// NewPool returns an empty Pool.
func NewPool(shared *http.Shared) *Pool { return &Pool{Shared: shared} }

// New returns a Parser for one connection, whose bodies are shown to h. The client sends in direction client if
// known; otherwise that is found by content. midstream says that the connection was joined after its start.
func (pool *Pool) New(h http.Handler, client packet.Dir, known, midstream bool) *Parser {
	p := spare.Take(&pool.parsers)
	*p = Parser{pool: pool, handler: h, client: client, known: known, midstream: midstream}
	if midstream {
		p.streams[0].phase, p.streams[1].phase = resync, resync
	}
	return p
}

// Free takes p back. Exchanges that it still holds are dropped, their Scanners closed as incomplete; those that
// it has yielded stay valid until they are released.
func (pool *Pool) Free(p *Parser) {
	p.account()
	for d := range p.streams {
		p.drop(&p.streams[d])
	}
	if p.probe != nil {
		p.unprobe()
	}
	if p.held != nil {
		pool.unhold(p.held)
	}
	if pool.turned == p {
		pool.unturn()
	}
	for r := p.first; r != nil; {
		next := r.next
		pool.put(r)
		r = next
	}
	*p = Parser{pool: pool, verdict: http.NotHTTP}
	pool.parsers.Push(p, pool.Config.Spare)
}

// Release takes back x, which a Parser of this Pool has yielded or handed over; what another parser has made is
// passed by.
func (pool *Pool) Release(x *http.Exchange) {
	if r, ok := x.Storage.(*record); ok {
		pool.put(r)
	}
}

// record is an Exchange with what its borrowed bytes live in.
type record struct {
	http.Exchange
	next   *record
	half   [2]half
	old    bool // HTTP/0.9: the response is bare content
	orphan bool // a response without a request
	judged bool // its content is its content
	waits  bool // the request said Expect: 100-continue

	switches bool // the request asks for another protocol, and its client has not gone on in HTTP/1
}

// half is one message of a record.
type half struct {
	buf   []byte        // head and trailers
	own   []http.Header // memory for the headers in it
	body  http.Body
	begun bool
	found bool // by searching: it may be the middle of another
	crlf  bool // all lines of its head ended in CRLF
}

// buffer holds a head or line that is not in one segment.
type buffer struct{ b []byte }

func (pool *Pool) record() *record {
	r := spare.Take(&pool.records)
	r.Storage = r
	return r
}

// put takes r back with its buffers; everything else is zeroed.
func (pool *Pool) put(r *record) {
	for s := range r.half {
		h := &r.half[s]
		h.body.Discard()
		if cap(h.buf) > spare.MaxBuffer {
			h.buf = nil
		}
	}
	if r.App != nil && pool.Drop != nil {
		pool.Drop(&r.Exchange)
	}
	if len(pool.records) >= pool.Config.Spare {
		r.Storage = nil
		return
	}
	// In its place: to make an empty one and to copy it took twice as long.
	reqBuf, respBuf, reqOwn, respOwn := r.half[0].buf[:0], r.half[1].buf[:0], r.half[0].own[:0], r.half[1].own[:0]
	reqTrailers, respTrailers := r.Request.Trailers[:0], r.Response.Trailers[:0]
	*r = record{}
	r.half[0].buf, r.half[1].buf, r.half[0].own, r.half[1].own = reqBuf, respBuf, reqOwn, respOwn
	r.Request.Trailers, r.Response.Trailers = reqTrailers, respTrailers
	pool.records = append(pool.records, r)
}

func (pool *Pool) unbuffer(b *buffer) {
	if cap(b.b) > spare.MaxBuffer {
		return
	}
	b.b = b.b[:0]
	pool.buffers.Push(b, pool.Config.Spare)
}

func (pool *Pool) unhold(h *held) {
	if cap(h.b) > spare.MaxBuffer {
		return
	}
	*h = held{b: h.b[:0], pieces: h.pieces[:0]}
	pool.helds.Push(h, pool.Config.Spare)
}
