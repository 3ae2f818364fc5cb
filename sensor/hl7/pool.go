package hl7

import (
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Stats counts what the parsers of one pool met. It belongs to the pool's goroutine.
type Stats struct {
	Messages   uint64 // message heads read
	Acks       uint64 // acknowledgements and query responses
	Interim    uint64 // commit acknowledgements of queries whose response is still to come
	Exchanges  uint64 // yielded, orphans included
	Orphans    uint64 // acknowledgements of what was not seen
	Unanswered uint64 // messages yielded without an acknowledgement
	Resyncs    uint64 // messages given up because what followed began no message, or their head was lost
	Unended    uint64 // messages that the next one cut off
	Skipped    uint64 // bytes between messages
	OverHead   uint64 // heads longer than http.Config.HeadBytes
	OverPend   uint64 // messages given up because http.Config.Pending others waited
	GivenUp    uint64 // connections in which http.Config.ResyncBytes held no message
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Messages += o.Messages
	s.Acks += o.Acks
	s.Interim += o.Interim
	s.Exchanges += o.Exchanges
	s.Orphans += o.Orphans
	s.Unanswered += o.Unanswered
	s.Resyncs += o.Resyncs
	s.Unended += o.Unended
	s.Skipped += o.Skipped
	s.OverHead += o.OverHead
	s.OverPend += o.OverPend
	s.GivenUp += o.GivenUp
}

// Pool holds what the MLLP connections of one flow partition share: exchanges and the buffers of heads. An idle
// connection holds none of them. The limits are those of HTTP that mean the same: HeadBytes for a message's header
// segments, Pending for messages that wait, ResyncBytes for what is searched before the first message, Spare.
type Pool struct {
	Stats Stats

	shared  *http.Shared
	out     []*http.Exchange // the dst of the call under way
	parsers spare.List[*Parser]
	records spare.List[*record]
	buffers spare.List[*buffer]
}

// NewPool returns an empty Pool.
func NewPool(shared *http.Shared) *Pool { return &Pool{shared: shared} }

// New returns a Parser for one connection, whose messages are shown to h. The end that opened the connection sends
// in direction client, if known. midstream says that the connection was joined after its start.
func (pool *Pool) New(h http.Handler, client packet.Dir, known, midstream bool) *Parser {
	p := spare.Take(&pool.parsers)
	*p = Parser{pool: pool, handler: h, client: client, known: known, midstream: midstream}
	return p
}

// Free takes p back. Exchanges that it still holds are dropped, their Scanners closed as incomplete; those that it
// has yielded stay valid until they are released.
func (pool *Pool) Free(p *Parser) {
	for d := range p.streams {
		s := &p.streams[d]
		p.unbuffer(s)
		if r := s.rec; r != nil && r.answered { // any other is in a queue
			if o := &p.streams[d^1]; o.rec == r {
				o.rec = nil
			}
			pool.put(r)
		}
		for r := p.waiting[d].first; r != nil; {
			next := r.next
			pool.put(r)
			r = next
		}
	}
	*p = Parser{pool: pool, verdict: http.NotHTTP}
	pool.parsers.Push(p, pool.shared.Config.Spare)
}

// record is an Exchange with what its borrowed bytes live in.
type record struct {
	http.Exchange
	next     *record
	text     [2][]byte // target and names of each message
	control  []byte    // MSH-10 of the request, in text
	body     [2]http.Body
	query    bool
	orphan   bool // an acknowledgement of nothing that was seen
	ended    bool // the request is over
	answered bool // its answer has begun: it no longer waits
}

// buffer holds a head that is not in one segment.
type buffer struct{ b []byte }

func (pool *Pool) record() *record {
	r := spare.Take(&pool.records)
	r.Storage = r
	return r
}

// put takes r back with its buffers; everything else is zeroed.
func (pool *Pool) put(r *record) {
	for s := range r.body {
		r.body[s].Discard()
	}
	if r.App != nil && pool.shared.Drop != nil {
		pool.shared.Drop(&r.Exchange)
	}
	if len(pool.records) >= pool.shared.Config.Spare {
		r.Storage = nil
		return
	}
	*r = record{Exchange: r.Emptied(), text: [2][]byte{r.text[0][:0], r.text[1][:0]}}
	pool.records = append(pool.records, r)
}
