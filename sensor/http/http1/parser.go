// Package http1 reads HTTP/0.9, 1.0 and 1.1 (RFC 9112) from the two byte streams of a TCP connection: in go the
// bytes, gaps and ends of each direction as they are learned, out come Exchanges, each a request paired with its
// final response by order. It is as tolerant as servers are and marks what a careful reader should know.
// Everything belongs to the goroutine of its Pool.
package http1

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Parser reads one TCP connection. While no message is in progress it is all the memory the connection costs.
type Parser struct {
	pool        *Pool
	handler     http.Handler
	streams     [2]stream // by direction
	first, last *record   // requests whose exchange is not over, in order
	searched    int64     // bytes passed over before the first message
	queued      uint32    // from first to last
	shed        uint32    // responses to come whose requests were given up
	seq         uint32
	client      packet.Dir
	known       bool // client is
	midstream   bool
	met         bool // a message was read: it is HTTP
	paired      bool // a whole request was followed by its whole response
	pipelined   bool // the client was seen to send before it had been answered
	unsure      bool // a response was lost among pipelined ones: pairs may be off until the queue is empty
	cutOff      bool // it ended otherwise than by FIN
	heard       [2]bool
	verdict     http.Verdict
	held        *held  // of a client that waits for the answer to its request to switch
	probe       *probe // of the other reading of a request
	sent        int64  // bytes of the requests read
	missed      int64  // lost bytes of the client that no stray explains
	requests    uint32
	strays      uint32 // responses without a request that no lost bytes explain
}

// stream is one direction.
type stream struct {
	buf    *buffer // a head or line that is not all there
	rec    *record // the message in progress
	remain int64   // bytes left of a body or chunk
	began  clock.Time
	phase  phase
	lineOK bool // the start line in buf was accepted
	strict bool // the head was found by searching
	doubt  bool // buf is content, or the next response
	inLine bool // searching, and not at the start of a line
	lost   bool // of the server: the response that is waited for may have been lost
}

// phase is what a stream reads next.
type phase uint8

const (
	idle      phase = iota // a message or nothing
	head                   // the rest of a head
	length                 // remain bytes of body
	toEnd                  // a body that the end of the direction ends
	chunkSize              // a chunk-size line
	chunkData              // remain bytes of a chunk
	chunkEnd               // the line end after a chunk
	trailer                // the trailer section
	resync                 // out of step: whatever begins like a message
	closed
)

// Bytes reads b, the next bytes of direction d, seen at t, and appends the exchanges that ended in it to dst.
// b is not kept. After a Verdict other than More the rest of the connection is not read: see Switched.
func (p *Parser) Bytes(dst []*http.Exchange, d packet.Dir, t clock.Time, b []byte) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	p.heard[d] = p.heard[d] || len(b) > 0
	s := &p.streams[d]
	p.segment(s, d, b)
	if b = p.feed(s, d, t, b); p.verdict != http.More {
		p.pool.turn(p)
		p.pool.rest = b
	}
	return p.take(), p.verdict
}

// feed reads b until it is read or the verdict falls, and returns what is left of it.
func (p *Parser) feed(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	for len(b) > 0 && p.verdict == http.More {
		all := b
		if p.probe != nil && d == p.client && (s.phase == idle || s.phase == head && s.buf == nil) {
			p.ahead(b)
		}
		switch s.phase {
		case idle:
			if d == p.client && p.waits() {
				b = p.wait(d, t, b)
				continue
			}
			b = p.between(s, d, t, b)
		case head:
			b = p.head(s, d, t, b)
		case resync:
			b = p.search(s, d, t, b)
		case closed:
			b = nil
		default:
			b = p.body(s, d, t, b)
		}
		if p.probe != nil && d == p.client {
			p.track(all[:len(all)-len(b)])
		}
		if p.held != nil && !p.waits() && p.verdict == http.More {
			p.resume()
		}
	}
	return b
}

// Gap says that n bytes of direction d, learned of at t, were never seen.
func (p *Parser) Gap(dst []*http.Exchange, d packet.Dir, t clock.Time, n int) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More || n <= 0 {
		return dst, p.verdict
	}
	p.pool.out = dst
	p.gap(&p.streams[d], d, t, n)
	if p.held != nil && !p.waits() && p.verdict == http.More {
		p.resume()
	}
	return p.take(), p.verdict
}

func (p *Parser) gap(s *stream, d packet.Dir, t clock.Time, n int) {
	p.undoubt(s, d, t)
	switch s.phase {
	case idle:
		if d == p.client && p.waits() {
			h := p.holding()
			if h.lost == 0 {
				h.lostAt = t
			}
			h.lost += n
			return
		}
		s.lost = p.first != nil && p.side(d) == http.Response
		p.miss(d, int64(n))
		p.lose(s)
	case head:
		if !s.lineOK && s.buf != nil {
			p.miss(d, int64(n+len(s.buf.b)))
		}
		p.cut(s, d, t, 0, http.LossGap)
		p.lose(s)
	case resync:
		s.lost = s.lost || p.first != nil && p.side(d) == http.Response
		p.miss(d, int64(n))
		p.unbuffer(s)
	case length, chunkData:
		p.gapInBody(s, d, t, int64(n))
	case toEnd:
		s.rec.miss(p.side(d), int64(n))
	case chunkSize, chunkEnd, trailer:
		s.rec.miss(p.side(d), 0)
		p.abandon(s, d, t)
	}
}

// End says that direction d ended at t. By FIN the other direction goes on; any other end ends both.
func (p *Parser) End(dst []*http.Exchange, d packet.Dir, t clock.Time, fin bool) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	if h := p.held; h != nil && fin && d == p.client {
		h.ended, h.endedAt = true, t
		return p.take(), p.verdict
	}
	if p.held != nil { // no answer will come
		p.resume()
	}
	p.cutOff = p.cutOff || !fin
	p.end(d, t, fin)
	if !fin {
		p.end(d.Other(), t, false)
	}
	p.settle(t)
	if p.Ended() {
		p.flush(t)
	}
	return p.take(), p.verdict
}

// Ended is whether both directions have ended: everything was yielded.
func (p *Parser) Ended() bool { return p.streams[0].phase == closed && p.streams[1].phase == closed }

// Release takes back x, which this Parser or another of its Pool has yielded.
func (p *Parser) Release(x *http.Exchange) { p.pool.Release(x) }

// Idle is whether no message is in progress and none is waited for.
func (p *Parser) Idle() bool {
	for d := range p.streams {
		if s := &p.streams[d]; s.rec != nil || s.buf != nil {
			return false
		}
	}
	return p.first == nil
}

func (p *Parser) take() []*http.Exchange {
	out := p.pool.out
	p.pool.out = nil
	return out
}

// side is which half of an exchange direction d carries; a guess while the client is not known.
func (p *Parser) side(d packet.Dir) http.Side {
	if d == p.client {
		return http.Request
	}
	return http.Response
}

// between skips the line ends that may stand before a message (RFC 9112 section 2.2) and begins its head.
func (p *Parser) between(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	if r := p.first; r != nil && r.old && !r.half[http.Response].body.Done() && p.side(d) == http.Response {
		if n := min(len(b), 5); !http.EqualFold(b[:n], "http/"[:n]) {
			p.bare(s, r, t)
			return b
		}
	}
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	if len(b) > 0 {
		s.phase, s.began, s.strict = head, t, false
	}
	return b
}

// view is what s has of a head or of trailers with b, up to limit bytes; old of them are of earlier calls.
func (s *stream) view(b []byte, limit int) (view []byte, old int) {
	if s.buf == nil {
		return b[:min(len(b), limit)], 0
	}
	old = len(s.buf.b)
	s.buf.b = append(s.buf.b, b[:min(len(b), limit-old)]...)
	return s.buf.b, old
}

// head reads a head, from b alone if it is all there, else by way of a buffer.
func (p *Parser) head(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	limit := p.pool.Config.HeadBytes
	view, old := s.view(b, limit)
	var st start
	if !s.lineOK {
		nl := bytes.IndexByte(view[old:], '\n')
		if nl < 0 {
			if len(view) == limit || !p.fits(d, kindOf(view)) {
				return p.junk(s, d, t, view, b[len(view)-old:])
			}
			return p.hold(s, view)
		}
		nl += old
		var ok bool
		if st, ok = parseStart(chomp(view[:nl]), s.strict); !ok || !p.fits(d, st.kind()) {
			return p.junk(s, d, t, view[:nl+1], b[nl+1-old:])
		}
		s.lineOK = true
		if st.old {
			p.message(s, d, t, view[:nl+1], st, true)
			return b[nl+1-old:]
		}
		if h := p.pool.Heads; h != nil && s.buf == nil {
			side := http.Request
			if st.response {
				side = http.Response
			}
			if n := h.head(view, nl, side, p.pool.Config.Headers); n > 0 {
				p.message(s, d, t, view[:n], st, true)
				h.ready = false
				return b[n:]
			}
		}
	}
	n := headEnd(view, old)
	if n < 0 {
		if len(view) < limit {
			return p.hold(s, view)
		}
		p.hold(s, view)
		p.pool.Stats.OverHead++
		p.cut(s, d, t, http.OverHead, 0)
		p.lose(s)
		return b[limit-old:]
	}
	if st.version == 0 { // its start line came in an earlier call
		st, _ = parseStart(chomp(view[:bytes.IndexByte(view, '\n')]), s.strict)
	}
	p.message(s, d, t, view[:n], st, true)
	return b[n-old:]
}

// hold keeps view, all that there is of a head.
func (p *Parser) hold(s *stream, view []byte) []byte {
	if s.buf == nil {
		s.buf = spare.Take(&p.pool.buffers)
		s.buf.b = append(s.buf.b[:0], view...)
	}
	return nil
}

func (p *Parser) unbuffer(s *stream) {
	if s.buf != nil {
		p.pool.unbuffer(s.buf)
		s.buf = nil
	}
	s.lineOK, s.doubt = false, false
	if s.phase == head {
		s.phase = resync
	}
}

// message takes a head, which it copies. whole is false for one that was cut off.
func (p *Parser) message(s *stream, d packet.Dir, t clock.Time, b []byte, st start, whole bool) {
	st.found = s.strict
	s.phase, s.strict = idle, false
	if st.response {
		p.response(s, d, t, b, st, whole)
	} else {
		p.request(s, d, t, b, st, whole)
	}
	if s.buf != nil {
		p.pool.unbuffer(s.buf)
		s.buf = nil
	}
	s.lineOK = false
}

// fits is whether a message of kind k can stand in direction d.
func (p *Parser) fits(d packet.Dir, k kind) bool {
	switch {
	case k == neither:
		return false
	case k == maybe || !p.known:
		return true
	}
	return (k == response) == (d != p.client)
}

func (st *start) kind() kind {
	if st.response {
		return response
	}
	return request
}

func chomp(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
