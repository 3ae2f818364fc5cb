// Package http2 reads HTTP/2 (RFC 9113) and the gRPC in it from the two byte streams of a TCP connection: in go
// the bytes, gaps and ends of each direction as they are learned, out come Exchanges, one for each stream. It is
// told nothing by the endpoints and asks nothing of them: what they would refuse is read on and marked, and what
// needs HPACK state that the capture does not hold is left out and said to be. Everything belongs to the
// goroutine of its Pool.
package http2

import (
	"encoding/binary"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// Parser reads one TCP connection.
type Parser struct {
	pool      *Pool
	handler   http.Handler
	dirs      [2]direction
	streams   []*record // open, by id
	oldest    *record   // of them, by when it was last heard of
	newest    *record
	highest   [2]uint32  // stream id opened by the client, by the server
	doubts    clock.Time // when streams whose end may be lost are looked at next
	flying    int        // streams that their client has reset
	lowest    uint32     // stream of the client that was heard of, from either side; 0 before
	top       uint32     // the highest
	told      uint32     // streams of the client that were yielded with what they asked for
	seq       uint32
	client    packet.Dir
	known     bool // client is
	midstream bool
	met       bool // a header section was placed: it is HTTP
	verdict   http.Verdict
}

// direction is one direction.
type direction struct {
	decoder *decoder // nil before the first header block
	section *section // the header section in progress
	rec     *record  // of the DATA frame in progress
	search  *search  // out of step
	began   clock.Time
	where   packet.Where
	left    int // bytes of the frame's payload before the padding
	pad     int
	id      uint32
	head    [9]byte // of a frame, or what stands before its payload
	have    uint8   // bytes of head, or of the preface
	want    uint8   // bytes that stand before the payload
	kind    kind
	flags   uint8
	phase   phase
	tail    bool // the preface began with its second half
	checked bool // a frame was read in step
	lossy   bool // frames of it were lost
}

// phase is what a direction reads next.
type phase uint8

const (
	opening phase = iota // the preface or a frame
	header               // a frame header
	prefix               // what stands before a payload: pad length, priority, …
	content              // of a DATA frame
	block                // of a header section
	padding              // or a payload that says nothing
	resync               // out of step: whatever begins like frames
	closed
)

const (
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113 section 3.4
	half2   = len("PRI * HTTP/2.0\r\n\r\n")      // HTTP/1 takes the first half for a request
)

// Bytes reads b, the next bytes of direction d, seen at t, and appends the exchanges that ended in it to dst.
// b is not kept. After a Verdict other than More the rest of the connection is not read.
func (p *Parser) Bytes(dst []*http.Exchange, d packet.Dir, t clock.Time, b []byte) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	s := &p.dirs[d]
	if t >= p.doubts {
		p.expire(t)
	}
	if s.phase == resync && Looks(b) && p.fits((*[9]byte)(b)) {
		p.found(s)
	}
	for len(b) > 0 && p.verdict == http.More {
		switch s.phase {
		case opening:
			b = p.opening(s, d, t, b)
		case header:
			b = p.header(s, d, t, b)
		case prefix:
			n := copy(s.head[s.have:s.want], b)
			s.have += uint8(n)
			b = b[n:]
			if s.have == s.want {
				p.payload(s, d, t)
			}
		case content:
			n := min(len(b), s.left)
			if s.rec != nil {
				p.data(s.rec, p.side(d), t, b[:n])
			}
			s.left -= n
			b = b[n:]
			p.passed(s, d, t)
		case block:
			n := min(len(b), s.left)
			p.fragment(s, b[:n])
			s.left -= n
			b = b[n:]
			p.passed(s, d, t)
		case padding:
			n := min(len(b), s.left+s.pad)
			inside := min(n, s.left)
			s.left -= inside
			s.pad -= n - inside
			b = b[n:]
			p.passed(s, d, t)
		case resync:
			b = p.seek(s, d, t, b)
		case closed:
			b = nil
		}
	}
	return p.take(), p.verdict
}

func (p *Parser) take() []*http.Exchange {
	out := p.pool.out
	p.pool.out = nil
	return out
}

// Ended is whether both directions have ended: everything was yielded.
func (p *Parser) Ended() bool { return p.dirs[0].phase == closed && p.dirs[1].phase == closed }

// Release takes back x, which this Parser or another of its Pool has yielded; others' exchanges are not its own.
func (p *Parser) Release(x *http.Exchange) {
	if r, ok := x.Storage.(*record); ok {
		p.pool.put(r)
	}
}

// side is which half of an exchange direction d carries; a guess while the client is not known.
func (p *Parser) side(d packet.Dir) http.Side {
	if d == p.client {
		return http.Request
	}
	return http.Response
}

// opening reads the preface, whose first half HTTP/1 may have taken, or finds that frames begin at once.
func (p *Parser) opening(s *direction, d packet.Dir, t clock.Time, b []byte) []byte {
	if s.have == 0 {
		s.began, s.where = t, p.pool.Where
		switch b[0] {
		case preface[0]:
		case preface[half2]:
			s.tail = true
		default:
			s.phase = header
			return b
		}
	}
	want := preface[s.have:]
	if s.tail {
		want = preface[half2+int(s.have):]
	}
	n := 0
	for n < len(b) && n < len(want) && b[n] == want[n] {
		n++
	}
	s.have += uint8(n)
	switch {
	case n == len(want):
		p.client, p.known, p.midstream = d, true, false
		s.phase, s.have = header, 0
	case n < len(b):
		s.have = 0
		p.astray(s, d, t)
	}
	return b[n:]
}

// astray is called when a direction does not begin as HTTP/2 does.
func (p *Parser) astray(s *direction, d packet.Dir, t clock.Time) {
	if !p.midstream {
		p.notHTTP(t)
		return
	}
	p.lose(s, d, t)
}

// notHTTP gives the connection up.
func (p *Parser) notHTTP(t clock.Time) {
	p.flush(t)
	p.pool.Stats.NotHTTP++
	p.verdict = http.NotHTTP
}

// header reads a frame header (RFC 9113 section 4.1).
func (p *Parser) header(s *direction, d packet.Dir, t clock.Time, b []byte) []byte {
	if s.have == 0 {
		s.began, s.where = t, p.pool.Where
	}
	n := copy(s.head[s.have:], b)
	s.have += uint8(n)
	if int(s.have) < len(s.head) {
		return nil
	}
	s.have = 0
	if !s.checked && !plausible(s.head[:]) {
		p.astray(s, d, t)
		if s.phase == resync {
			p.seek(s, d, t, s.head[:])
		}
		return b[n:]
	}
	s.checked = true
	p.frame(s, d, t)
	return b[n:]
}

// frame begins the frame whose header is in s.head.
func (p *Parser) frame(s *direction, d packet.Dir, t clock.Time) {
	s.left = int(s.head[0])<<16 | int(s.head[1])<<8 | int(s.head[2])
	s.kind, s.flags = kind(s.head[3]), s.head[4]
	s.id = binary.BigEndian.Uint32(s.head[5:]) & (1<<31 - 1)
	s.pad, s.want, s.rec = 0, 0, nil
	if sec := s.section; sec != nil && (s.kind != continuationFrame || s.id != sec.id) {
		// Nothing may stand inside a header section (RFC 9113 section 6.10).
		sec.marks |= http.BadHeader
		p.endSection(s, d, t)
	}
	padded := uint8(0)
	if s.flags&flagPadded != 0 {
		padded = 1
	}
	switch s.kind {
	case dataFrame:
		s.want = padded
	case headersFrame:
		s.want = padded
		if s.flags&flagPriority != 0 {
			s.want += 5
		}
		p.beginSection(s)
	case pushFrame:
		s.want = padded + 4
		p.beginSection(s)
	case continuationFrame:
		if s.section == nil {
			p.forget(s, 0) // it may change the table
		} else {
			s.section.frames++
		}
	case resetFrame:
		s.want = 4
	case goAwayFrame:
		s.want = 8
	}
	if int(s.want) > s.left {
		s.want = 0
		s.kind = unknownFrame
		if s.section != nil {
			s.section.marks |= http.BadHeader
			p.endSection(s, d, t)
		}
	}
	s.left -= int(s.want)
	s.have = 0
	s.phase = prefix
	if s.want == 0 {
		p.payload(s, d, t)
	}
}

// payload begins the payload of a frame; what stands before it is in s.head.
func (p *Parser) payload(s *direction, d packet.Dir, t clock.Time) {
	s.have = 0
	at := 0
	if s.flags&flagPadded != 0 && (s.kind == dataFrame || s.kind == headersFrame || s.kind == pushFrame) {
		at = 1
		s.pad = min(int(s.head[0]), s.left)
		s.left -= s.pad
	}
	s.phase = padding
	switch s.kind {
	case dataFrame:
		s.phase = content
		p.beginData(s, p.side(d), t)
	case headersFrame, pushFrame, continuationFrame:
		if s.section == nil {
			break
		}
		s.phase = block
		if s.kind == pushFrame {
			s.section.promised = binary.BigEndian.Uint32(s.head[at:]) & (1<<31 - 1)
		}
	case resetFrame:
		p.reset(s, p.side(d), t)
	case goAwayFrame:
		if p.known && d != p.client {
			p.goAway(s, t)
		}
	}
	p.passed(s, d, t)
}

// passed ends the payload, and with its padding the frame, if no more of it is to come.
func (p *Parser) passed(s *direction, d packet.Dir, t clock.Time) {
	if s.left > 0 {
		return
	}
	if s.pad > 0 {
		s.phase = padding
		return
	}
	s.phase = header
	rec := s.rec
	s.rec = nil
	switch {
	case s.kind == dataFrame && s.flags&flagEndStream != 0 && rec != nil:
		p.endHalf(rec, p.side(d), t)
	case s.section != nil && s.flags&flagEndHeaders != 0:
		p.endSection(s, d, t)
	}
}
