package http2

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/http"
)

const (
	// rapid is how soon after its request a stream is reset "at once". People who leave a page take longer; the
	// floods of CVE-2023-44487 reset in the same segment.
	rapid = 100 * time.Millisecond
	// patience is how long a stream may be silent whose end may have been among lost frames.
	patience = 30 * time.Second
	// flight is how long after its client has reset a stream the response may still arrive: it was sent before the
	// server knew, and what it tells was told.
	flight = time.Second
	// maxFlying is how many such streams a connection may have; those that are reset first are yielded first.
	maxFlying = 16
)

// place is where the stream id is in p.streams, or belongs.
func (p *Parser) place(id uint32) (int, bool) {
	return slices.BinarySearchFunc(p.streams, id, func(r *record, id uint32) int { return cmp.Compare(r.id, id) })
}

// find returns the open stream id, heard of at t; nil if there is none.
func (p *Parser) find(id uint32, t clock.Time) *record {
	i, ok := p.place(id)
	if !ok {
		return nil
	}
	r := p.streams[i]
	if r != p.newest {
		p.unlink(r)
		p.link(r)
	}
	r.heard = t
	return r
}

// open adds a stream, and gives up the one that was idle longest if there are too many.
func (p *Parser) open(r *record, t clock.Time) {
	if len(p.streams) >= p.pool.Config.Streams {
		p.pool.Stats.OverStreams++
		p.cutOff(p.oldest, t, http.LossTruncated)
	}
	r.heard = t
	if r.id&1 == 1 {
		if p.lowest == 0 || r.id < p.lowest {
			p.lowest = r.id
		}
		p.top = max(p.top, r.id)
	}
	i, _ := p.place(r.id)
	p.streams = slices.Insert(p.streams, i, r)
	p.link(r)
}

func (p *Parser) link(r *record) {
	r.prev = p.newest
	if p.newest != nil {
		p.newest.next = r
	} else {
		p.oldest = r
	}
	p.newest = r
}

func (p *Parser) unlink(r *record) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		p.oldest = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		p.newest = r.prev
	}
	r.prev, r.next = nil, nil
}

// endHalf ends one half of r in step.
func (p *Parser) endHalf(r *record, side http.Side, t clock.Time) {
	h, m := &r.half[side], r.x.Message(side)
	if h.state == over {
		return
	}
	h.state = over
	if side == http.Request {
		r.x.RequestEnd = t
	}
	bare := side == http.Response && (r.x.Status == 304 || string(r.x.Method) == "HEAD")
	if h.length > 0 && !bare && m.Wire+m.Lost != h.length-1 {
		r.x.Marks |= http.Ambiguous // a proxy that goes on in HTTP/1 sends another message than it got (RFC 9113 section 8.1.1)
	}
	h.body.End(r.x, side, m.Lost == 0 && !h.cut)
	if r.half[1-side].state == over || side == http.Response && r.half[http.Request].state == waiting && !p.awaits(r) {
		p.yield(r, t)
	}
}

// awaits is whether the request of r, whose response came first, may yet be seen: a mirror may swap directions.
func (p *Parser) awaits(r *record) bool {
	s := &p.dirs[p.client]
	return !p.midstream && s.checked && !s.lossy && s.phase != closed && r.id > p.highest[0]
}

// cutOff yields r before it is over.
func (p *Parser) cutOff(r *record, t clock.Time, why http.Loss) {
	if !r.flying && (r.half[http.Request].state != waiting || r.half[http.Response].state != over) {
		r.x.Loss |= why
	}
	p.yield(r, t)
}

// yield hands r out.
func (p *Parser) yield(r *record, t clock.Time) {
	i, _ := p.place(r.id)
	p.streams = slices.Delete(p.streams, i, i+1)
	p.unlink(r)
	if r.flying {
		p.flying--
	}
	for d := range p.dirs {
		if p.dirs[d].rec == r {
			p.dirs[d].rec = nil
		}
	}
	x, stats := r.x, &p.pool.Stats
	for side := range r.half {
		r.half[side].body.End(x, http.Side(side), false)
	}
	switch {
	case r.half[http.Request].state == waiting:
		stats.Orphans++
		if p.midstream {
			x.Loss |= http.LossMidstream
		} else if p.dirs[p.client].lossy {
			x.Loss |= http.LossGap
		}
	case x.ResponseStart == 0:
		stats.Unanswered++
	}
	x.End = t
	if r.id&1 == 1 && len(x.Method) > 0 && len(x.Target) > 0 {
		p.told++
	}
	if !r.borrowed { // else HTTP/1 has counted and numbered it
		stats.Exchanges++
		x.Seq = p.seq
		p.seq++
	}
	p.pool.out = append(p.pool.out, x)
}

// flush yields all streams, as no more will come of them.
func (p *Parser) flush(t clock.Time) {
	for len(p.streams) > 0 {
		p.cutOff(p.streams[0], t, http.LossTruncated)
	}
}

// expire yields streams whose end was likely lost, or of which no more will come.
func (p *Parser) expire(t clock.Time) {
	p.doubts = t.Floor() + clock.Grid
	left := false
	for i := 0; i < len(p.streams); {
		r := p.streams[i]
		switch {
		case r.flying && t.Sub(r.dropped) > flight:
			p.yield(r, t)
			continue
		case r.suspect && t-r.heard > clock.Time(patience):
			p.cutOff(r, t, http.LossGap)
			continue
		}
		left = left || r.suspect || r.flying
		i++
	}
	if !left {
		p.doubts = clock.Never
	}
}

// reset ends a stream by RST_STREAM (RFC 9113 section 6.4) with what is there of it. One that the client resets may
// have its response under way.
func (p *Parser) reset(s *direction, side http.Side, t clock.Time) {
	r := p.find(s.id, t)
	if r == nil {
		return
	}
	p.pool.Stats.Resets++
	if side == http.Request && r.half[http.Request].state != waiting && r.half[http.Response].state == waiting &&
		r.x.Marks&http.Pushed == 0 && t.Sub(r.x.Start) < rapid {
		r.x.Marks |= http.RapidReset
		p.pool.Stats.RapidResets++
	}
	if side == http.Response || r.half[http.Request].state == waiting || r.half[http.Response].state == over {
		p.yield(r, t)
		return
	}
	if r.flying {
		return
	}
	h := &r.half[http.Request]
	if h.state == open {
		h.state = over
		h.body.End(r.x, http.Request, false)
	}
	r.flying, r.dropped = true, t
	p.doubts = min(p.doubts, t.Floor()+clock.Grid)
	if p.flying++; p.flying > maxFlying {
		var first *record
		for o := p.oldest; o != nil; o = o.next {
			if o.flying && (first == nil || o.dropped < first.dropped) {
				first = o
			}
		}
		p.yield(first, t)
	}
}

// goAway ends the streams that a server says it will not answer (RFC 9113 section 6.8).
func (p *Parser) goAway(s *direction, t clock.Time) {
	last := binary.BigEndian.Uint32(s.head[:]) & (1<<31 - 1)
	i, ok := p.place(last)
	if ok {
		i++
	}
	for i < len(p.streams) {
		if r := p.streams[i]; r.id&1 == 1 && r.half[http.Response].state == waiting {
			p.yield(r, t)
			continue
		}
		i++
	}
}

// beginData begins a DATA frame.
func (p *Parser) beginData(s *direction, side http.Side, t clock.Time) {
	r := p.find(s.id, t)
	if r == nil || r.half[side].state != open {
		p.pool.Stats.LateFrames++
		return
	}
	s.rec = r
}

// data takes content.
func (p *Parser) data(r *record, side http.Side, t clock.Time, b []byte) {
	h := p.body(r, side)
	h.body.Write(r.x, side, b)
	if h.grpc {
		r.x.Messages[side] += h.messages.count(b)
	}
	if side == http.Request {
		r.x.RequestEnd = t
	}
}

// miss counts n bytes of content as lost.
func (p *Parser) miss(r *record, side http.Side, n int) {
	if n == 0 {
		return
	}
	h := p.body(r, side)
	h.body.Miss(r.x, side, int64(n))
	h.messages.miss(int64(n))
}

// body returns the half of r whose content has begun, or begins now.
func (p *Parser) body(r *record, side http.Side) *half {
	h := &r.half[side]
	if !h.begun {
		h.begun = true
		h.body.Begin(p.pool.Shared, p.handler, r.x, side)
	}
	return h
}
