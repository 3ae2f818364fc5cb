package http1

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// preface begins every HTTP/2 connection (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0"

// request takes a request head.
func (p *Parser) request(s *stream, d packet.Dir, t clock.Time, b []byte, st start, whole bool) {
	if p.first == nil && bytes.HasPrefix(b, []byte(preface)) {
		p.pool.Stats.HTTP2++
		p.verdict = http.HTTP2
		return
	}
	p.client, p.known, p.met = d, true, true
	p.pool.Stats.Requests++
	p.suspect(t)
	r := p.pool.record()
	r.Start, r.RequestEnd, r.Where, r.ClientDir = s.began, t, p.pool.Where, d
	r.Version, r.old, r.Loss = st.version, st.old, st.loss
	r.half[http.Request].found = st.found
	p.requests++
	p.weigh(int64(len(b)))
	p.enqueue(r, t)
	head := p.read(r, http.Request, b, st)
	r.Method = head[:st.method:st.method]
	r.Target = head[st.target[0]:st.target[1]:st.target[1]]
	if !whole {
		p.done(r, http.Request, t, false)
		return
	}
	f := p.frame(r, http.Request, st.version)
	r.waits, r.switches = f.expect, switching(r)
	p.follow(r, f)
	p.begin(s, r, http.Request, t, f)
}

// response takes a response head; an interim one is passed over (RFC 9110 section 15.2).
func (p *Parser) response(s *stream, d packet.Dir, t clock.Time, b []byte, st start, whole bool) {
	p.client, p.known, p.met = d.Other(), true, true
	if st.status < 200 && st.status != 101 {
		p.pool.Stats.Interim++
		return
	}
	p.pool.Stats.Responses++
	r := p.bind(s, t)
	if r.orphan {
		r.Version = st.version
	}
	r.Status, r.ResponseStart = st.status, s.began
	r.Loss |= st.loss
	r.half[http.Response].begun = true
	r.half[http.Response].found = st.found
	p.read(r, http.Response, b, st)
	switch {
	case st.loss&http.LossTruncated == 0 && (st.status == 101 || st.status < 300 && string(r.Method) == "CONNECT"):
		p.upgrade(r, t) // whatever Content-Length a 2xx to CONNECT has (RFC 9110 section 9.3.6)
	case !whole:
		p.done(r, http.Response, t, false)
	default:
		p.begin(s, r, http.Response, t, p.frame(r, http.Response, st.version))
	}
}

// read copies a head into r and reads its fields. It returns the copy.
func (p *Parser) read(r *record, side http.Side, b []byte, st start) []byte {
	h, m := &r.half[side], r.Message(side)
	m.Seen = true
	if heads := p.pool.Heads; heads != nil && heads.ready {
		if heads.hit != nil {
			b = b[:len(b)-len(heads.hit.text)]
		}
		h.buf = append(h.buf[:0], b...)
		h.own = heads.take(m, h.buf, h.own)
		h.crlf = true
		r.Marks |= st.marks
		return h.buf
	}
	h.buf = append(h.buf[:0], b...)
	nl := bytes.IndexByte(h.buf, '\n') + 1
	var sec section
	h.own, sec = fields(h.own[:0], h.buf[nl:], p.pool.Config.Headers)
	m.Headers = h.own
	sec.lines++
	if nl < 2 || h.buf[nl-2] != '\r' {
		sec.bare++
	}
	h.crlf = sec.bare == 0
	sec.judge(b)
	if sec.dropped > 0 {
		sec.marks |= http.OverHead
		p.pool.Stats.OverHeaders += uint64(sec.dropped)
	}
	r.Marks |= st.marks | sec.marks
	if sec.doubt {
		r.doubt(side)
	}
	return h.buf
}

// doubt marks side of r as a message that careful readers delimit differently, if it is known to begin where it
// was found to begin.
func (r *record) doubt(side http.Side) {
	switch {
	case r.half[side].found || r.Loss&http.LossGap != 0:
	case side == http.Request:
		r.Marks |= http.Ambiguous
	default:
		r.Marks |= http.AmbiguousResponse
	}
}

// begin begins the content of a message, if it has any.
func (p *Parser) begin(s *stream, r *record, side http.Side, t clock.Time, f framing) {
	if f.doubt {
		r.doubt(side)
	}
	if f.phase == idle {
		p.done(r, side, t, true)
		return
	}
	s.phase, s.remain, s.rec = f.phase, f.length, r
	r.half[side].body.Begin(p.pool.Shared, p.handler, &r.Exchange, side)
}

// bare begins the response to an HTTP/0.9 request: content from its first byte to the end.
func (p *Parser) bare(s *stream, r *record, t clock.Time) {
	r.ResponseStart = t
	r.half[http.Response].begun = true
	p.begin(s, r, http.Response, t, framing{phase: toEnd})
}

// content takes the next bytes of a message's content.
func (r *record) content(side http.Side, b []byte) { r.half[side].body.Write(&r.Exchange, side, b) }

// finish ends the content of one half of r.
func (r *record) finish(side http.Side, complete bool) {
	r.half[side].body.End(&r.Exchange, side, complete)
}

// done ends one half of r at t, and the exchange if the other half has ended too.
func (p *Parser) done(r *record, side http.Side, t clock.Time, complete bool) {
	r.finish(side, complete)
	if side == http.Request {
		r.RequestEnd = t
		p.weigh(r.Request.Wire + r.Request.Lost)
	}
	if r.orphan {
		p.yield(r, t)
		return
	}
	p.settle(t)
}
