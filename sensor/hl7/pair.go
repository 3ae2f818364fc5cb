package hl7

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// queue is messages of one direction that wait for an acknowledgement, in order.
type queue struct {
	first, last *record
	n           uint32
}

func (q *queue) push(r *record) {
	if q.first == nil {
		q.first = r
	} else {
		q.last.next = r
	}
	q.last = r
	q.n++
}

func (q *queue) pop() *record {
	r := q.first
	q.first = r.next
	r.next = nil
	if q.first == nil {
		q.last = nil
	}
	q.n--
	return r
}

// request begins a message that asks for an acknowledgement.
func (p *Parser) request(s *stream, d packet.Dir, t clock.Time, h *header) {
	p.pool.Stats.Messages++
	if !p.known {
		p.client, p.known = d, true
	}
	q := &p.waiting[d]
	r := p.pool.record()
	r.Start, r.RequestEnd, r.Where, r.ClientDir, r.Depth = s.began, t, s.where, d, q.n
	r.query = h.query()
	r.fill(http.Request, h)
	q.push(r)
	if q.n > uint32(p.pool.shared.Config.Pending) {
		p.pool.Stats.OverPend++
		p.yield(q.pop(), t)
	}
	s.rec, s.side = r, http.Request
	r.body[http.Request].Begin(p.pool.shared, p.handler, &r.Exchange, http.Request)
}

// fill copies what a head says into the message of r on side.
func (r *record) fill(side http.Side, h *header) {
	const method, contentType, mediaType = "MLLP", "content-type", "application/hl7-v2"
	const sender, receiver = "mllp-sender", "mllp-receiver"
	b := r.text[side][:0]
	b = append(b, method+contentType+mediaType+sender+receiver...)
	fixed := len(b)
	b = appendType(b, h)
	target := len(b)
	b = appendPair(b, h.sender, h.senderSite)
	from := len(b)
	b = appendPair(b, h.receiver, h.receiverSite)
	to := len(b)
	b = append(b, h.control[:min(len(h.control), maxControl)]...)
	r.text[side] = b

	next := 0
	word := func(n int) []byte {
		next += n
		return b[next-n : next : next]
	}
	m := r.Message(side)
	m.Seen = true
	name := word(len(method))
	m.Headers = append(m.Headers[:0], http.Header{Name: word(len(contentType)), Value: word(len(mediaType))})
	fromName, toName := word(len(sender)), word(len(receiver))
	if from > target {
		m.Headers = append(m.Headers, http.Header{Name: fromName, Value: b[target:from:from]})
	}
	if to > from {
		m.Headers = append(m.Headers, http.Header{Name: toName, Value: b[from:to:to]})
	}
	if side == http.Request {
		r.Method, r.Target, r.control = name, b[fixed:target:target], b[to:]
	}
}

// acknowledges begins a message that answers one of the other direction, and says whether it does. One that
// carries an answer of its own accord, of the end that opened the connection, is a message like any other: a
// deferred response (HL7 v2.5 section 2.9.3).
func (p *Parser) acknowledges(s *stream, d packet.Dir, t clock.Time, h *header) bool {
	bare := string(h.kind) == "ACK" || string(h.kind) == "MCF"
	if len(h.ack) == 0 && !bare {
		return false
	}
	r := p.match(d.Other(), t, h)
	switch {
	case r != nil:
	case !bare && (p.known && d == p.client || !p.known && !p.midstream):
		return false
	default:
		p.pool.Stats.Acks++
		p.orphan(s, d, h)
		return true
	}
	p.pool.Stats.Acks++
	r.Status = status(h.ack)
	if bare && r.query && r.Status == 200 && h.ack[0] == 'C' {
		p.pool.Stats.Interim++ // it was taken in; what was asked for is still to come
		s.rec = nil
		return true
	}
	p.waiting[d.Other()].pop()
	r.ResponseStart, r.answered = s.began, true
	r.fill(http.Response, h)
	s.rec, s.side = r, http.Response
	r.body[http.Response].Begin(p.pool.shared, p.handler, &r.Exchange, http.Response)
	return true
}

// orphan begins an acknowledgement of what was not seen: it is counted and shown to nobody.
func (p *Parser) orphan(s *stream, d packet.Dir, h *header) {
	p.pool.Stats.Orphans++
	r := p.pool.record()
	r.orphan, r.ended, r.answered = true, true, true
	r.Start, r.ResponseStart, r.Where, r.ClientDir = s.began, s.began, s.where, d.Other()
	r.Status = status(h.ack)
	r.fill(http.Response, h)
	r.body[http.Request].Skip()
	s.rec, s.side = r, http.Response
}

// match is the message of direction d that h acknowledges, now the first that waits: by its control id, or because
// no other waits. A sender must not go on before it has its answer (MLLP release 2 section 3), and engines that do
// answer in order, so those before it will have none.
func (p *Parser) match(d packet.Dir, t clock.Time, h *header) *record {
	q := &p.waiting[d]
	ours := h.acked[:min(len(h.acked), maxControl)]
	hit := q.first
	for hit != nil && (len(ours) == 0 || string(hit.control) != string(ours)) {
		hit = hit.next
	}
	if hit == nil {
		if q.first == nil || !q.first.ended || len(ours) > 0 && (q.n != 1 || p.streams[d].lost) {
			return nil
		}
		return q.first
	}
	lost := p.streams[d.Other()].lost
	p.streams[d.Other()].lost, p.streams[d].lost = false, false
	for q.first != hit {
		r := q.pop()
		if lost {
			r.Loss |= http.LossGap
		}
		p.yield(r, t)
	}
	return hit
}

// finish ends the message in progress on s.
func (p *Parser) finish(s *stream, d packet.Dir, t clock.Time, complete bool) {
	r := s.rec
	s.rec, s.phase = nil, between
	if r == nil {
		return
	}
	m := r.Message(s.side)
	r.body[s.side].End(&r.Exchange, s.side, complete && m.Lost == 0)
	if s.side == http.Request {
		r.RequestEnd, r.ended = t, true
		switch {
		case r.body[http.Response].Done():
			p.yield(r, t)
		case p.streams[d.Other()].phase == closed:
			p.flush(d, t)
		}
		return
	}
	if r.ended {
		p.yield(r, t)
	}
}

// flush yields what waits in direction d and will have no answer. The message in progress comes when it ends.
func (p *Parser) flush(d packet.Dir, t clock.Time) {
	q := &p.waiting[d]
	for q.first != nil && q.first.ended {
		p.yield(q.pop(), t)
	}
}

// yield hands r out.
func (p *Parser) yield(r *record, t clock.Time) {
	stats := &p.pool.Stats
	r.End, r.Seq = t, p.seq
	p.seq++
	stats.Exchanges++
	if !r.answered {
		stats.Unanswered++
		if p.cutOff {
			r.Loss |= http.LossTruncated
		}
	}
	p.paired = p.paired || r.Request.Complete && r.Response.Complete
	if p.midstream && (!p.paired || r.orphan) {
		r.Loss |= http.LossMidstream
	}
	p.pool.out = append(p.pool.out, &r.Exchange)
}
