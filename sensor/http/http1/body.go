package http1

import (
	"bytes"
	"slices"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// body reads what follows a head.
func (p *Parser) body(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	r, side := s.rec, p.side(d)
	if side == http.Request {
		r.RequestEnd = t
	} else if s.doubt || (r.orphan || p.unsure) && !r.judged && r.Response.Wire == 0 && s.phase <= chunkSize {
		if rest, done := p.contentless(s, d, t, b); done {
			return rest
		}
	}
	switch s.phase {
	case toEnd:
		r.content(side, b)
		return nil
	case length:
		if side == http.Request && p.unsent(r, b) {
			s.phase, s.rec = idle, nil
			p.done(r, side, t, true)
			return b
		}
		if side == http.Request {
			p.suspicious(r, b)
		}
		n := int(min(int64(len(b)), s.remain))
		r.content(side, b[:n])
		if s.remain -= int64(n); s.remain == 0 {
			p.complete(s, side, t)
		}
		return b[n:]
	case chunkData:
		n := int(min(int64(len(b)), s.remain))
		r.content(side, b[:n])
		if s.remain -= int64(n); s.remain == 0 {
			s.phase = chunkEnd
		}
		return b[n:]
	case chunkEnd:
		return p.chunkEnd(s, d, t, b)
	case chunkSize:
		return p.chunkSize(s, d, t, b)
	}
	return p.trailer(s, d, t, b)
}

// unsent is whether b is not the body of r but the next request: a client that asked with Expect whether it may
// send the body and was refused may leave it out (RFC 9110 section 10.1.1).
func (p *Parser) unsent(r *record, b []byte) bool {
	if !r.waits || r.Request.Wire > 0 || !r.half[http.Response].body.Done() {
		return false
	}
	nl := bytes.IndexByte(b, '\n')
	if nl < 0 {
		return false
	}
	st, ok := parseStart(chomp(b[:nl]), true)
	return ok && !st.response
}

// contentless finds out whether what comes, where the content of a response may begin, is not that but the next
// response: the request was lost, and it was a HEAD, whose response says how long the content would have been. What
// is not enough to tell is held. rest is what of b is still to be read; done is false when b is content.
func (p *Parser) contentless(s *stream, d packet.Dir, t clock.Time, b []byte) (rest []byte, done bool) {
	r := s.rec
	view, old := b, 0
	if s.doubt {
		old = len(s.buf.b)
		s.buf.b = append(s.buf.b, b...)
		view = s.buf.b
	}
	switch beginsResponse(view, p.pool.Config.ChunkLine) {
	case maybe:
		if !s.doubt {
			s.doubt = true
			s.buf = spare.Take(&p.pool.buffers)
			s.buf.b = append(s.buf.b[:0], b...)
		}
		return nil, true
	case response:
		s.phase, s.rec = idle, nil
		p.done(r, http.Response, t, true)
		if s.doubt { // its head has begun
			s.doubt, s.buf.b = false, s.buf.b[:old]
			s.phase, s.began, s.strict = head, t, false
		}
		return b, true
	}
	r.judged = true
	if !s.doubt {
		return b, false
	}
	s.buf.b = s.buf.b[:old]
	p.undoubt(s, d, t)
	return b, true
}

// undoubt takes what was held for content.
func (p *Parser) undoubt(s *stream, d packet.Dir, t clock.Time) {
	if !s.doubt || s.rec == nil {
		return
	}
	held := s.buf
	s.doubt, s.buf = false, nil
	s.rec.judged = true
	p.feed(s, d, t, held.b)
	p.pool.unbuffer(held)
}

// beginsResponse judges whether b begins with the status line of a response: neither, maybe or response. A line is no
// longer than limit.
func beginsResponse(b []byte, limit int) kind {
	const name = "http/1."
	n := min(len(b), len(name))
	if !http.EqualFold(b[:n], name[:n]) {
		return neither
	}
	nl := bytes.IndexByte(b, '\n')
	switch {
	case nl < 0 && len(b) <= limit:
		return maybe
	case nl < 0 || nl > limit:
		return neither
	}
	if st, ok := parseStart(chomp(b[:nl]), true); !ok || !st.response {
		return neither
	}
	return response
}

// complete ends the message in progress on s, in step.
func (p *Parser) complete(s *stream, side http.Side, t clock.Time) {
	r := s.rec
	s.phase, s.rec = idle, nil
	if p.probe != nil && p.probe.rec == r && side == http.Request {
		p.probe.over = true
	}
	p.done(r, side, t, r.Message(side).Lost == 0)
}

// abandon ends the message in progress on s, out of step.
func (p *Parser) abandon(s *stream, d packet.Dir, t clock.Time) {
	r := s.rec
	p.lose(s)
	p.done(r, p.side(d), t, false)
}

// miss counts n bytes of content of r as lost.
func (r *record) miss(side http.Side, n int64) { r.half[side].body.Miss(&r.Exchange, side, n) }

// gapInBody passes over n lost bytes where the length is known.
func (p *Parser) gapInBody(s *stream, d packet.Dir, t clock.Time, n int64) {
	side := p.side(d)
	inside := min(n, s.remain)
	s.rec.miss(side, inside)
	s.remain -= inside
	chunked := s.phase == chunkData
	switch {
	case s.remain > 0:
	case chunked && n == inside:
		s.phase = chunkEnd
	case chunked:
		p.abandon(s, d, t)
		s.lost = side == http.Response && !p.pipelined // where the body ended is not known, nor what came behind it
	default:
		p.complete(s, side, t)
		if n > inside {
			p.miss(d, n-inside)
			s.lost = side == http.Response && (p.first != nil || !p.pipelined)
			p.lose(s)
		}
	}
}

// line returns the next line of b without its LF, and what follows it; ok is false when it is not all there
// (rest is empty then, the line kept) or too long (rest is what follows the limit).
func (p *Parser) line(s *stream, b []byte) (line, rest []byte, ok bool) {
	nl := bytes.IndexByte(b, '\n')
	if s.buf == nil && nl >= 0 && nl <= p.pool.Config.ChunkLine {
		return b[:nl], b[nl+1:], true
	}
	if s.buf == nil {
		s.buf = spare.Take(&p.pool.buffers)
	}
	n := len(b)
	if nl >= 0 {
		n = nl
	}
	if room := p.pool.Config.ChunkLine - len(s.buf.b); n > room {
		s.buf.b = append(s.buf.b, b[:room]...)
		return nil, b[room:], false
	}
	s.buf.b = append(s.buf.b, b[:n]...)
	if nl < 0 {
		return nil, nil, false
	}
	return s.buf.b, b[nl+1:], true
}

// chunkSize reads a chunk-size line with its extensions (RFC 9112 section 7.1).
func (p *Parser) chunkSize(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	line, rest, ok := p.line(s, b)
	if !ok {
		if len(rest) > 0 {
			p.badChunk(s, d, t)
		}
		return rest
	}
	r, side := s.rec, p.side(d)
	if n := len(line); n == 0 || line[n-1] != '\r' {
		r.bareLF(side)
	} else {
		line = line[:n-1]
	}
	cr := bytes.IndexByte(line, '\r') >= 0
	line = http.TrimSpace(line)
	size, clean := hex(line)
	blank := len(line) == 0
	if s.buf != nil {
		p.pool.unbuffer(s.buf)
		s.buf = nil
	}
	switch {
	case blank: // a stray line end before the size; clients read on
		r.Marks |= http.BadChunk
		r.doubt(side)
	case size < 0:
		p.badChunk(s, d, t)
	case size == 0:
		s.phase = trailer
	default:
		s.phase, s.remain = chunkData, size
	}
	if cr || !clean {
		r.doubt(side)
	}
	return rest
}

// bareLF marks side of r for a line in its content that ends in LF alone. Where all others end in CRLF, some
// readers do not see it end.
func (r *record) bareLF(side http.Side) {
	r.Marks |= http.BareLF
	if r.half[side].crlf {
		r.doubt(side)
	}
}

// badChunk ends a body whose next chunk cannot be found. Servers close; searching on shows what was smuggled.
func (p *Parser) badChunk(s *stream, d packet.Dir, t clock.Time) {
	s.rec.Marks |= http.BadChunk
	s.rec.doubt(p.side(d))
	p.pool.Stats.BadChunks++
	p.abandon(s, d, t)
}

// hex reads the size at the start of a trimmed chunk-size line; it must fit in 63 bits, else it is -1. clean is
// whether nothing but an extension follows it.
func hex(line []byte) (n int64, clean bool) {
	i := 0
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		case i > 0 && (c == ';' || c == ' ' || c == '\t'):
			rest := http.TrimSpace(line[i:])
			return n, i <= maxHex && (len(rest) == 0 || rest[0] == ';')
		default:
			return -1, false
		}
		if n > (1<<63-1)>>4 {
			return -1, false
		}
		n = n<<4 | int64(c)
	}
	if i == 0 {
		n = -1
	}
	return n, i <= maxHex
}

// maxHex is how many digits of a size every reader keeps, zeros in front included.
const maxHex = 16

// framed is whether h says how content is delimited, which a trailer must not: some readers add it to the head.
func framed(h http.Header) bool { return framingName(h.Name) }

// unended marks r if what was read as its trailers begins like a request: the empty line before it is missing.
func (p *Parser) unended(r *record, trailers []byte) {
	if st, ok := parseStart(chomp(trailers[:bytes.IndexByte(trailers, '\n')]), true); ok && !st.response {
		r.doubt(http.Request)
		if r.Marks&http.Ambiguous != 0 {
			r.Marks |= http.Smuggled
		}
	}
}

// chunkEnd reads the line end after a chunk. remain is 1 once its CR was read.
func (p *Parser) chunkEnd(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	switch {
	case b[0] == '\r' && s.remain == 0:
		s.remain = 1
		return b[1:]
	case b[0] == '\n':
		if s.remain == 0 {
			s.rec.bareLF(p.side(d))
		}
		s.phase, s.remain = chunkSize, 0
		return b[1:]
	}
	p.badChunk(s, d, t)
	return b
}

// trailer reads the trailer section, which is most often just an empty line.
func (p *Parser) trailer(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	limit := p.pool.Config.HeadBytes
	view, old := s.view(b, limit)
	n := -1
	switch {
	case view[0] == '\n':
		n = 1
	case len(view) > 1 && view[0] == '\r' && view[1] == '\n':
		n = 2
	case len(view) > 1:
		n = headEnd(view, old)
	}
	if n < 0 && len(view) < limit {
		return p.hold(s, view)
	}
	r, side := s.rec, p.side(d)
	if n < 0 {
		r.Marks |= http.OverHead
		p.pool.Stats.OverHead++
		p.abandon(s, d, t)
		return b[limit-old:]
	}
	if n > 2 {
		h, m := &r.half[side], r.Message(side)
		at := len(h.buf)
		h.buf = append(h.buf, view[:n]...) // header slices keep the old array if it grows
		var sec section
		m.Trailers, sec = fields(m.Trailers[:0], h.buf[at:], p.pool.Config.Headers)
		sec.judge(view[:n])
		r.Marks |= sec.marks
		p.pool.Stats.OverHeaders += uint64(sec.dropped)
		if sec.doubt || h.crlf && sec.bare > 0 || slices.ContainsFunc(m.Trailers, framed) {
			r.doubt(side)
		}
		if side == http.Request {
			p.unended(r, view[:n])
		}
	} else if n == 1 {
		r.bareLF(side)
	}
	if s.buf != nil {
		p.pool.unbuffer(s.buf)
		s.buf = nil
	}
	p.complete(s, side, t)
	return b[n-old:]
}
