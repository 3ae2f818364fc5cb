package http2

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

var hostName = []byte("host")

// beginSection begins the header section of the frame at hand.
func (p *Parser) beginSection(s *direction) {
	if s.decoder == nil {
		s.decoder = &decoder{table: newTable(p.pool)}
		if p.midstream {
			s.decoder.lose(http.LossMidstream)
		}
	}
	s.decoder.begin()
	sec := p.pool.section()
	sec.id, sec.began, sec.where = s.id, s.began, s.where
	sec.last = s.kind == headersFrame && s.flags&flagEndStream != 0
	s.section = sec
}

// fragment reads the next bytes of a header block.
func (p *Parser) fragment(s *direction, b []byte) {
	sec := s.section
	sec.wire += len(b)
	if len(sec.rest) == 0 {
		sec.rest = append(sec.rest, s.decoder.decode(sec, b)...)
		return
	}
	sec.rest = append(sec.rest, b...)
	if rest := s.decoder.decode(sec, sec.rest); len(rest) < len(sec.rest) {
		sec.rest = sec.rest[:copy(sec.rest, rest)]
	}
}

// endSection ends a header section and takes it for what it is: a request, a response, trailers or a promise.
func (p *Parser) endSection(s *direction, d packet.Dir, t clock.Time) {
	sec, stats := s.section, &p.pool.Stats
	s.section = nil
	if !sec.broken && (len(sec.rest) > 0 || !s.decoder.whole()) {
		sec.broken = true
		sec.marks |= http.BadHeader
		p.forget(s, 0)
	}
	if sec.over {
		sec.marks |= http.OverHead
		stats.OverHead++
	}
	if sec.frames > p.pool.Config.Headers || sec.wire > p.pool.Config.HeadBytes {
		stats.Floods++
	}
	if sec.marks&http.HeaderState != 0 {
		stats.HeaderStates++
	}
	if p.known || p.tell(sec, d) {
		p.met = true
		switch side := p.side(d); {
		case sec.promised != 0 && side == http.Response:
			p.promise(sec, t)
		case sec.promised != 0:
			stats.LateFrames++
		case side == http.Request:
			p.request(sec, t)
		default:
			p.response(sec, t)
		}
	}
	p.pool.unsection(sec)
}

// tell finds out who the client is by a header section.
func (p *Parser) tell(sec *section, d packet.Dir) bool {
	client, known := d.Other(), sec.promised != 0
	for i := range sec.fields {
		switch string(sec.fields[i].Name) {
		case ":method", ":path", ":scheme", ":authority":
			client, known = d, true
		case ":status":
			known = true
		}
	}
	if known {
		p.client, p.known = client, true
	}
	return known
}

// request takes a header section of the client: a new stream, or trailers.
func (p *Parser) request(sec *section, t clock.Time) {
	r := p.find(sec.id, t)
	switch {
	case r == nil:
		if sec.id <= p.highest[0] || sec.id&1 == 0 {
			p.pool.Stats.LateFrames++
			return
		}
		r = p.pool.record()
		r.id = sec.id
		p.open(r, t)
		p.begin(r, sec, t)
	case r.half[http.Request].state == waiting:
		p.begin(r, sec, t)
	case r.half[http.Request].state == open:
		p.trailers(r, http.Request, sec)
	default:
		p.pool.Stats.LateFrames++
		return
	}
	if sec.last {
		p.endHalf(r, http.Request, t)
	}
}

// begin begins the exchange of r with its request.
func (p *Parser) begin(r *record, sec *section, t clock.Time) {
	x := r.x
	x.Start, x.RequestEnd, x.Where, x.ClientDir = sec.began, t, sec.where, p.client
	x.Version, x.Depth = 20, r.id
	p.highest[1-r.id&1] = max(p.highest[1-r.id&1], r.id)
	p.pool.Stats.Requests++
	p.fields(r, http.Request, sec)
	if r.half[http.Request].grpc {
		x.GRPC = http.GRPCUnknown
	}
}

// promise takes the request of a server push (RFC 9113 section 8.4).
func (p *Parser) promise(sec *section, t clock.Time) {
	if sec.promised&1 == 1 || sec.promised <= p.highest[1] {
		p.pool.Stats.LateFrames++
		return
	}
	p.pool.Stats.Pushes++
	r := p.pool.record()
	r.id = sec.promised
	p.open(r, t)
	p.begin(r, sec, t)
	r.x.Marks |= http.Pushed
	p.endHalf(r, http.Request, t)
}

// response takes a header section of the server: an interim or the final response, or trailers.
func (p *Parser) response(sec *section, t clock.Time) {
	r := p.find(sec.id, t)
	if r == nil {
		missed := p.midstream || p.dirs[p.client].lossy
		if sec.id == 0 || sec.id <= p.highest[1-sec.id&1] && !missed {
			p.pool.Stats.LateFrames++
			return
		}
		r = p.pool.record()
		r.id = sec.id
		r.x.Start, r.x.Where, r.x.ClientDir = sec.began, sec.where, p.client
		r.x.Version, r.x.Depth = 20, r.id
		p.open(r, t)
		if missed && sec.last && !sec.has(":status") && sec.marks&http.HeaderState == 0 {
			r.half[http.Response].state = open // what is left of it are trailers
		}
	}
	switch r.half[http.Response].state {
	case over:
		p.pool.Stats.LateFrames++
		return
	case open:
		p.trailers(r, http.Response, sec)
	case waiting:
		status := sec.status()
		if 100 <= status && status < 200 {
			p.pool.Stats.Interim++
			r.x.Marks |= sec.marks
			break
		}
		p.pool.Stats.Responses++
		r.x.Status, r.x.ResponseStart = status, sec.began
		p.fields(r, http.Response, sec)
	}
	if sec.last {
		p.endHalf(r, http.Response, t)
	}
}

// has is whether s has the field name.
func (s *section) has(name string) bool {
	for i := range s.fields {
		if string(s.fields[i].Name) == name {
			return true
		}
	}
	return false
}

// status is the status code in a section; 0 if there is none.
func (s *section) status() int {
	for i := range s.fields {
		if f := &s.fields[i]; string(f.Name) == ":status" && len(f.Value) == 3 {
			code := 0
			for _, c := range f.Value {
				if c < '0' || c > '9' {
					return 0
				}
				code = code*10 + int(c-'0')
			}
			return code
		}
	}
	return 0
}

// fields makes the section the header section of one half of r, which it begins.
func (p *Parser) fields(r *record, side http.Side, sec *section) {
	h, m := &r.half[side], r.x.Message(side)
	h.buf, sec.buf = sec.buf, h.buf
	m.Headers, sec.fields = sec.fields, m.Headers[:0]
	m.Seen, h.state, h.cut = true, open, sec.broken || sec.over
	sec.check(r.x, side, m, h)
	r.x.Marks |= sec.marks
	r.x.Loss |= sec.loss
	h.grpc = isGRPC(m)
	if side == http.Response && r.x.GRPC != 0 {
		r.status(m.Headers) // a response that has only trailers
	}
}

// trailers makes the section the trailer section of one half of r.
func (p *Parser) trailers(r *record, side http.Side, sec *section) {
	h, m := &r.half[side], r.x.Message(side)
	h.trailer, sec.buf = sec.buf, h.trailer
	m.Trailers, sec.fields = sec.fields, m.Trailers[:0]
	for i := range m.Trailers {
		sec.marks |= checkField(&m.Trailers[i])
		if len(m.Trailers[i].Name) > 0 && m.Trailers[i].Name[0] == ':' {
			sec.marks |= http.BadHeader
		}
	}
	if !sec.last {
		sec.marks |= http.BadHeader // RFC 9113 section 8.1
	}
	r.x.Marks |= sec.marks
	r.x.Loss |= sec.loss
	h.cut = h.cut || sec.broken || sec.over
	if side == http.Response && r.x.GRPC != 0 {
		r.status(m.Trailers)
	}
}
