package http1

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// junk passes over view, which was to be a message and is not one, and goes on searching in rest.
func (p *Parser) junk(s *stream, d packet.Dir, t clock.Time, view, rest []byte) []byte {
	if r := p.first; r != nil && r.old && !r.half[http.Response].done && p.side(d) == http.Response {
		p.bare(s, r, t)
		p.content(r, http.Response, view)
		p.unbuffer(s)
		return rest
	}
	// The first bytes of a client decide what the connection is. A server may greet first in a protocol that
	// goes on as HTTP (a proxy's banner), so its first bytes alone decide nothing.
	if !p.met && !p.midstream && !s.strict && (!p.known || d == p.client) {
		p.pool.Stats.NotHTTP++
		p.verdict = http.NotHTTP
		p.unbuffer(s)
		return nil
	}
	ended := view[len(view)-1] == '\n'
	p.skip(len(view))
	p.lose(s)
	s.inLine = !ended
	return rest
}

// lose puts s out of step.
func (p *Parser) lose(s *stream) {
	if s.phase != resync && !s.strict {
		p.pool.Stats.Resyncs++
	}
	p.unbuffer(s)
	s.phase, s.rec = resync, nil
}

// skip counts n bytes passed over, and gives up a connection that has shown nothing but such.
func (p *Parser) skip(n int) {
	p.pool.Stats.Skipped += uint64(n)
	if p.met {
		return
	}
	p.searched += int64(n)
	if p.searched > p.pool.Config.ResyncBytes && p.verdict == http.More {
		p.pool.Stats.GivenUp++
		p.pool.Stats.NotHTTP++
		p.verdict = http.NotHTTP
	}
}

// search looks for a start line at the start of each line of b, and of b itself. Only one that nothing but HTTP
// would say is taken, as what is searched may be the middle of a body.
func (p *Parser) search(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	for at := 0; at < len(b); {
		line := b[at:]
		nl := bytes.IndexByte(line, '\n')
		if !s.inLine && p.fits(d, kindOf(line)) {
			found := nl < 0 && len(line) < p.pool.Config.HeadBytes
			if nl >= 0 {
				st, ok := parseStart(chomp(line[:nl]), true)
				found = ok && p.fits(d, st.kind())
			}
			if found {
				p.skip(at)
				s.phase, s.began, s.strict = head, t, true
				return line
			}
		}
		s.inLine = nl < 0
		if nl < 0 {
			break
		}
		at += nl + 1
	}
	p.skip(len(b))
	return nil
}

// cut ends a head that is not all there with the mark and the loss that say why, and searches on. What was read
// of it still makes a message if its start line was.
func (p *Parser) cut(s *stream, d packet.Dir, t clock.Time, mark http.Marks, loss http.Loss) {
	if s.buf == nil || !s.lineOK {
		p.lose(s)
		return
	}
	view := s.buf.b[:bytes.LastIndexByte(s.buf.b, '\n')+1]
	st, _ := parseStart(chomp(view[:bytes.IndexByte(view, '\n')]), s.strict)
	st.marks |= mark
	st.loss |= loss
	p.message(s, d, t, view, st, false)
	p.lose(s)
}

// drop lets go of what s holds without an Exchange.
func (p *Parser) drop(s *stream) {
	phase := s.phase
	if r := s.rec; r != nil && r.orphan {
		p.pool.put(r)
	}
	s.rec = nil
	p.unbuffer(s)
	s.phase = phase
}

// end ends direction d at t.
func (p *Parser) end(d packet.Dir, t clock.Time, fin bool) {
	s := &p.streams[d]
	switch s.phase {
	case closed:
		return
	case head:
		p.cut(s, d, t, 0, http.LossTruncated)
	case toEnd:
		if !fin {
			s.rec.Loss |= http.LossTruncated
		}
		p.done(s.rec, p.side(d), t, fin)
	case length, chunkSize, chunkData, chunkEnd, trailer:
		s.rec.Loss |= http.LossTruncated
		p.done(s.rec, p.side(d), t, false)
	}
	s.rec = nil
	p.unbuffer(s)
	s.phase = closed
}
