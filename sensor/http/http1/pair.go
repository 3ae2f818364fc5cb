package http1

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// enqueue puts a new request behind those that wait.
func (p *Parser) enqueue(r *record, t clock.Time) {
	r.Depth = p.queued
	if p.first == nil {
		p.first = r
	} else {
		if p.first.half[http.Response].body.Done() {
			r.Depth--
		}
		p.last.next = r
	}
	p.last = r
	p.queued++
	if p.queued > uint32(p.pool.Config.Pending) {
		p.giveUp(t)
	}
}

// giveUp yields the oldest request to which no response has begun. Its response may still come, and is then
// nobody's.
func (p *Parser) giveUp(t clock.Time) {
	p.pool.Stats.OverPending++
	old := p.first
	if !old.half[http.Response].begun {
		p.pop()
		p.shed++
		p.yield(old, t)
		return
	}
	second := old.next
	if second == nil || second == p.last {
		return
	}
	old.next = second.next
	p.queued--
	p.shed++
	p.yield(second, t)
}

func (p *Parser) pop() *record {
	r := p.first
	p.first = r.next
	r.next = nil
	if p.first == nil {
		p.last, p.unsure = nil, false
	}
	p.queued--
	return r
}

// suspect is asked before a new request is queued. A client that does not pipeline sends the next request when
// it has its answer: if bytes of the server were lost meanwhile, the answer was among them.
func (p *Parser) suspect(t clock.Time) {
	if !p.streams[p.client.Other()].lost || p.pipelined {
		return
	}
	for p.first != nil && !p.first.half[http.Response].begun {
		p.repair(t)
	}
}

// repair yields the oldest request, whose response must have been lost.
func (p *Parser) repair(t clock.Time) {
	r := p.pop()
	r.Loss |= http.LossGap
	p.pool.Stats.Repaired++
	p.yield(r, t)
}

// bind returns the record that the response now beginning on s belongs to: the oldest request that waits, or a
// new orphan.
func (p *Parser) bind(s *stream, t clock.Time) *record {
	if s.lost {
		s.lost, p.shed = false, 0
		p.realign(s.began, t)
	}
	if p.shed == 0 && p.first != nil && !p.first.half[http.Response].body.Done() {
		r := p.first
		p.pipelined = p.pipelined || r.next != nil && r.next.Start < s.began
		if p.unsure {
			r.Loss |= http.LossGap
		}
		return r
	}
	if p.shed > 0 {
		p.shed--
	} else {
		p.stray()
		// Its request may yet be seen, after it, when a mirror swaps the directions. It must not be given the
		// next response, so the server counts as out of step.
		s.lost = !p.midstream
	}
	p.pool.Stats.Orphans++
	r := p.pool.record()
	r.orphan = true
	r.half[http.Request].body.Skip()
	r.Start, r.Where, r.ClientDir = s.began, p.pool.Where, p.client
	return r
}

// realign drops the requests that were answered while the server's bytes were lost. Without pipelining that is
// all but the last that was sent before the response now beginning; with it, how many is not known, and one is
// the best guess.
func (p *Parser) realign(began, t clock.Time) {
	if p.pipelined {
		if p.first != nil && p.first.next != nil && !p.first.half[http.Response].begun {
			p.repair(t)
			p.unsure = true
		}
		return
	}
	for p.first != nil && !p.first.half[http.Response].begun && p.first.next != nil && p.first.next.Start <= began {
		p.repair(t)
	}
}

// settle yields the exchanges at the front of the queue that are over.
func (p *Parser) settle(t clock.Time) {
	gone := p.known && p.streams[p.client.Other()].phase == closed
	for p.first != nil {
		r := p.first
		if !r.half[http.Request].body.Done() || !r.half[http.Response].body.Done() && !gone {
			return
		}
		p.pop()
		p.yield(r, t)
	}
}

// flush yields all that waits, as no more will come.
func (p *Parser) flush(t clock.Time) {
	for p.first != nil {
		r := p.pop()
		for side := range r.half {
			r.finish(http.Side(side), false)
		}
		p.yield(r, t)
	}
}

// yield hands r out.
func (p *Parser) yield(r *record, t clock.Time) {
	p.settled(r, t)
	p.pool.out = append(p.pool.out, &r.Exchange)
}

// settled numbers r, of which HTTP/1 will see no more at t. Whether the connection is one-sided is for its owner
// to say, who sees packets without bytes.
func (p *Parser) settled(r *record, t clock.Time) {
	stats := &p.pool.Stats
	if p.probe != nil && p.probe.rec == r {
		p.unprobe()
	}
	if r.Marks&http.Ambiguous != 0 {
		stats.Ambiguous++
		if r.Marks&http.Smuggled != 0 {
			stats.Smuggled++
		}
	}
	r.End, r.Seq = t, p.seq
	p.seq++
	stats.Exchanges++
	if !r.orphan && r.ResponseStart == 0 {
		stats.Unanswered++
		if p.cutOff {
			r.Loss |= http.LossTruncated
		}
	}
	p.paired = p.paired || r.Request.Complete && r.Response.Complete
	if p.midstream && (!p.paired || r.orphan) {
		r.Loss |= http.LossMidstream
	}
}
