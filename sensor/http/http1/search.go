package http1

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// junk passes over view, which was to be a message and is not one, and goes on searching in rest.
func (p *Parser) junk(s *stream, d packet.Dir, t clock.Time, view, rest []byte) []byte {
	if r := p.first; r != nil && r.old && !r.half[http.Response].body.Done() && p.side(d) == http.Response {
		p.bare(s, r, t)
		r.content(http.Response, view)
		p.unbuffer(s)
		return rest
	}
	// One direction alone does not decide that this is not HTTP: an attacker would open with a line that we
	// refuse and the server answers. When the other too began with something else, nobody here speaks it.
	if other := &p.streams[d.Other()]; !p.met && !p.midstream && !s.strict && other.phase == resync && p.heard[d.Other()] {
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

// segment is asked at the start of each segment b. A sender begins a message there more often than not: while
// searching, the start of a segment is as good as the start of a line, and a start line that stands there is
// better than what remained of the segment before.
func (p *Parser) segment(s *stream, d packet.Dir, b []byte) {
	s.inLine = false
	if s.phase != head || !s.strict || s.lineOK {
		return
	}
	nl := bytes.IndexByte(b, '\n')
	if nl < 0 {
		return
	}
	if st, ok := parseStart(chomp(b[:nl]), true); ok && p.fits(d, st.kind()) {
		p.skip(len(s.buf.b))
		p.unbuffer(s)
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

// cut ends a head that is not all there, with the mark and the loss that say why. What was read of it still
// makes a message if its start line was.
func (p *Parser) cut(s *stream, d packet.Dir, t clock.Time, mark http.Marks, loss http.Loss) {
	if s.buf == nil || !s.lineOK {
		return
	}
	view := s.buf.b[:bytes.LastIndexByte(s.buf.b, '\n')+1]
	st, _ := parseStart(chomp(view[:bytes.IndexByte(view, '\n')]), s.strict)
	st.marks |= mark
	st.loss |= loss
	p.message(s, d, t, view, st, false)
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
	p.undoubt(s, d, t)
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
