package http2

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// Gap says that n bytes of direction d, learned of at t, were never seen.
func (p *Parser) Gap(dst []*http.Exchange, d packet.Dir, t clock.Time, n int) ([]*http.Exchange, http.Verdict) {
	s := &p.dirs[d]
	if p.verdict != http.More || n <= 0 || s.phase == closed {
		return dst, p.verdict
	}
	p.pool.out = dst
	switch s.phase {
	case prefix, content, block, padding:
		p.gapInFrame(s, d, t, n)
	case resync:
		*s.search = search{}
	default:
		p.lose(s, d, t)
	}
	return p.take(), p.verdict
}

// gapInFrame passes over n lost bytes, of which the first are in a frame whose length is known.
func (p *Parser) gapInFrame(s *direction, d packet.Dir, t clock.Time, n int) {
	if s.phase == prefix {
		// What was to be read from it is lost, and with padding so is where the payload ends.
		s.left += int(s.want - s.have)
		s.have = 0
		s.phase = padding
		if s.kind == dataFrame {
			s.phase = content
			p.beginData(s, p.side(d), t)
		}
	}
	inside := min(n, s.left)
	if s.phase == content && s.rec != nil {
		p.miss(s.rec, p.side(d), inside)
	}
	if s.section != nil {
		s.section.broken = true
		s.section.loss |= http.LossGap
		s.section.rest = s.section.rest[:0]
		p.forget(s, http.LossGap)
	}
	s.left -= inside
	n -= inside
	inside = min(n, s.pad)
	s.pad -= inside
	n -= inside
	p.passed(s, d, t)
	if n > 0 {
		p.lose(s, d, t)
	}
}

// forget takes the HPACK state of a direction as unknown from here, because of why.
func (p *Parser) forget(s *direction, why http.Loss) {
	if s.decoder == nil {
		s.decoder = &decoder{table: newTable(p.pool)}
	}
	s.decoder.lose(why)
	p.pool.Stats.LostTables++
}

// lose puts a direction out of step.
func (p *Parser) lose(s *direction, d packet.Dir, t clock.Time) {
	p.pool.Stats.Resyncs++
	why := http.LossGap
	if p.midstream && !s.checked {
		why = http.LossMidstream
	}
	if sec := s.section; sec != nil {
		sec.broken = true
		sec.loss |= why
		p.endSection(s, d, t)
	}
	p.forget(s, why)
	s.lossy = s.lossy || why == http.LossGap
	s.phase, s.rec, s.have = resync, nil, 0
	s.search = new(search)
	for _, r := range p.streams {
		r.suspect = true
		p.doubts = 0
	}
}

// End says that direction d ended at t. By FIN the other direction goes on; any other end ends both.
func (p *Parser) End(dst []*http.Exchange, d packet.Dir, t clock.Time, fin bool) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	p.close(d, t)
	if !fin {
		p.close(d.Other(), t)
	}
	if p.Ended() || p.known && p.dirs[p.client.Other()].phase == closed {
		p.flush(t)
	}
	return p.take(), p.verdict
}

// close ends a direction.
func (p *Parser) close(d packet.Dir, t clock.Time) {
	s := &p.dirs[d]
	if s.phase == closed {
		return
	}
	if sec := s.section; sec != nil {
		sec.broken = true
		sec.loss |= http.LossTruncated
		p.endSection(s, d, t)
	}
	if s.decoder != nil {
		s.decoder.free()
	}
	*s = direction{phase: closed, checked: s.checked, lossy: s.lossy}
	if !p.known || d != p.client {
		return
	}
	for i := 0; i < len(p.streams); {
		r := p.streams[i]
		switch req, resp := &r.half[http.Request], &r.half[http.Response]; {
		case req.state == open && resp.state == over, req.state == waiting && resp.state == over:
			p.cutOff(r, t, http.LossTruncated)
			continue
		case req.state == open:
			req.state = over
			r.x.Loss |= http.LossTruncated
			req.body.End(r.x, http.Request, false)
		}
		i++
	}
}

// account counts, when the connection is over, the requests that were lost with frames of its client. Clients
// number their streams without leaving any out, though they might (RFC 9113 section 5.1.1).
func (p *Parser) account() {
	if !p.known || !p.dirs[p.client].lossy || p.lowest == 0 {
		return
	}
	if opened := (p.top-p.lowest)/2 + 1; opened > p.told {
		p.pool.Stats.LostRequests += uint64(opened - p.told)
	}
}
