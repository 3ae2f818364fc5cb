package hl7

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// maxHead is how many bytes of a message are read for its header segments, if http.Config.HeadBytes allows as many.
const maxHead = 4 << 10

// Parser reads one TCP connection. Either end may send messages; each is acknowledged in the other direction. While
// no message is in progress and none waits it is all the memory that the connection costs.
type Parser struct {
	pool      *Pool
	handler   http.Handler
	streams   [2]stream // by direction
	waiting   [2]queue  // messages sent in a direction that have no acknowledgement yet
	searched  int64     // bytes passed over before the first message
	seq       uint32
	client    packet.Dir
	known     bool // client is
	midstream bool
	met       bool // a message was read
	paired    bool // a whole message was followed by its whole acknowledgement
	cutOff    bool // it ended otherwise than by FIN
	verdict   http.Verdict
}

// stream is one direction.
type stream struct {
	buf   *buffer // a head that is not all there
	rec   *record // whose message is in progress; nil while it is passed over
	began clock.Time
	where packet.Where
	side  http.Side // of rec
	phase phase
	held  uint8 // bytes of opening at the end of the last piece, which may begin the next message
	lost  bool  // a message of this direction may have been lost
}

// phase is what a stream reads next.
type phase uint8

const (
	between phase = iota // a start block, or nothing
	head                 // the header segments of a message
	content              // the rest of it
	closed
)

// opening is how a message begins when the one before it was not ended.
const opening = "\x0bMSH"

var _ http.Stream = (*Parser)(nil)

// Bytes reads b, the next bytes of direction d, seen at t, and appends the exchanges that ended in it to dst. b is
// not kept.
func (p *Parser) Bytes(dst []*http.Exchange, d packet.Dir, t clock.Time, b []byte) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	s := &p.streams[d]
	for len(b) > 0 && p.verdict == http.More {
		switch s.phase {
		case between:
			b = p.search(s, t, b)
		case head:
			b = p.head(s, d, t, b)
		case content:
			b = p.content(s, d, t, b)
		case closed:
			b = nil
		}
	}
	return p.take(), p.verdict
}

// Gap says that n bytes of direction d, learned of at t, were never seen.
func (p *Parser) Gap(dst []*http.Exchange, d packet.Dir, t clock.Time, n int) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More || n <= 0 {
		return dst, p.verdict
	}
	p.pool.out = dst
	s := &p.streams[d]
	if s.phase == head {
		p.force(s, d, t)
	}
	if s.phase == content {
		p.release(s)
		if r := s.rec; r != nil {
			r.body[s.side].Miss(&r.Exchange, s.side, int64(n))
		}
	}
	s.lost = true
	return p.take(), p.verdict
}

// End says that direction d ended at t. By FIN the other direction goes on; any other end ends both.
func (p *Parser) End(dst []*http.Exchange, d packet.Dir, t clock.Time, fin bool) ([]*http.Exchange, http.Verdict) {
	if p.verdict != http.More {
		return dst, p.verdict
	}
	p.pool.out = dst
	p.cutOff = p.cutOff || !fin
	p.end(d, t)
	if !fin {
		p.end(d.Other(), t)
	}
	return p.take(), p.verdict
}

func (p *Parser) end(d packet.Dir, t clock.Time) {
	s := &p.streams[d]
	if s.phase == head {
		p.force(s, d, t)
	}
	if s.phase == content {
		p.release(s)
		if s.rec != nil {
			s.rec.Loss |= http.LossTruncated
		}
		p.finish(s, d, t, false)
	}
	s.phase = closed
	p.flush(d.Other(), t)
}

// Ended is whether both directions have ended: everything was yielded.
func (p *Parser) Ended() bool { return p.streams[0].phase == closed && p.streams[1].phase == closed }

// Release takes back x, which this Parser or another of its Pool has yielded.
func (p *Parser) Release(x *http.Exchange) {
	if r, ok := x.Storage.(*record); ok {
		p.pool.put(r)
	}
}

// Idle is whether no message is in progress and none waits.
func (p *Parser) Idle() bool {
	for d := range p.streams {
		if s := &p.streams[d]; s.rec != nil || s.buf != nil || p.waiting[d].first != nil {
			return false
		}
	}
	return true
}

func (p *Parser) take() []*http.Exchange {
	out := p.pool.out
	p.pool.out = nil
	return out
}

// search passes over what stands before a start block. Only line ends do so in good order.
func (p *Parser) search(s *stream, t clock.Time, b []byte) []byte {
	i := bytes.IndexByte(b, startBlock)
	junk := b
	if i >= 0 {
		junk = b[:i]
	}
	junk = bytes.TrimLeft(junk, "\r\n")
	p.pool.Stats.Skipped += uint64(len(junk))
	if !p.met {
		p.searched += int64(len(junk))
		if p.searched > p.pool.shared.Config.ResyncBytes {
			p.pool.Stats.GivenUp++
			p.verdict = http.NotHTTP
		}
	}
	if i < 0 {
		return nil
	}
	p.open(s, t)
	return b[i+1:]
}

// open begins a head.
func (p *Parser) open(s *stream, t clock.Time) {
	s.phase, s.began, s.where = head, t, p.pool.shared.Where
}

// head reads header segments, from b alone if they are all there, else by way of a buffer.
func (p *Parser) head(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	limit := min(maxHead, p.pool.shared.Config.HeadBytes)
	stop := bytes.IndexAny(b, "\x0b\x1c")
	piece := b
	if stop >= 0 {
		piece = b[:stop]
	}
	view, old := piece, 0
	if s.buf != nil {
		old = len(s.buf.b)
		piece = piece[:min(len(piece), limit-old)]
		s.buf.b = append(s.buf.b, piece...)
		view = s.buf.b
	} else if len(view) > limit {
		view = view[:limit]
	}
	rest := b[len(view)-old:]
	full := len(view) == limit
	final := full || stop >= 0
	ok, more := begins(view)
	switch {
	case !ok || more && final:
		p.drop(s)
		p.pool.Stats.Skipped += uint64(len(view))
		return rest
	case more:
		return p.hold(s, view)
	}
	h, done := readHeader(view, false)
	switch {
	case !done && !final:
		return p.hold(s, view)
	case !done:
		if h, _ = readHeader(view, true); stop >= 0 && len(h.kind) == 0 { // its header breaks off before its type
			p.drop(s)
			p.pool.Stats.Skipped += uint64(len(view))
			return rest
		}
	}
	if full && !h.found {
		p.pool.Stats.OverHead++
	}
	p.message(s, d, t, view, &h)
	return rest
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
	if s.buf == nil {
		return
	}
	if cap(s.buf.b) <= spare.MaxBuffer {
		s.buf.b = s.buf.b[:0]
		p.pool.buffers.Push(s.buf, p.pool.shared.Config.Spare)
	}
	s.buf = nil
}

// drop gives up the head in progress.
func (p *Parser) drop(s *stream) {
	p.pool.Stats.Resyncs++
	p.unbuffer(s)
	s.phase, s.lost = between, true
}

// force makes a message of what there is of its head, or gives it up.
func (p *Parser) force(s *stream, d packet.Dir, t clock.Time) {
	var h header
	if s.buf != nil {
		h, _ = readHeader(s.buf.b, true)
	}
	if len(h.kind) == 0 {
		p.drop(s)
		return
	}
	p.message(s, d, t, s.buf.b, &h)
}

// message begins the message whose head is view, all of which is content too.
func (p *Parser) message(s *stream, d packet.Dir, t clock.Time, view []byte, h *header) {
	p.met = true
	s.phase = content
	if !p.acknowledges(s, d, t, h) {
		p.request(s, d, t, h)
	}
	p.write(s, view)
	p.unbuffer(s)
}

// content reads the rest of a message, up to its end block or to the start of another message.
func (p *Parser) content(s *stream, d packet.Dir, t clock.Time, b []byte) []byte {
	for len(b) > 0 {
		if s.held > 0 {
			for int(s.held) < len(opening) && len(b) > 0 && b[0] == opening[s.held] {
				s.held++
				b = b[1:]
			}
			if int(s.held) == len(opening) {
				s.held = 0
				p.pool.Stats.Unended++
				p.finish(s, d, t, false)
				p.open(s, t)
				p.hold(s, []byte(opening[1:]))
				return b
			}
			if len(b) == 0 {
				return nil
			}
			p.release(s)
		}
		i := bytes.IndexAny(b, "\x0b\x1c")
		if i < 0 {
			p.write(s, b)
			return nil
		}
		p.write(s, b[:i])
		if b[i] == endBlock {
			p.finish(s, d, t, true)
			return b[i+1:]
		}
		s.held = 1
		b = b[i+1:]
	}
	return nil
}

// release writes what might have begun another message and does not.
func (p *Parser) release(s *stream) {
	if n := s.held; n > 0 {
		s.held = 0
		p.write(s, []byte(opening[:n]))
	}
}

func (p *Parser) write(s *stream, b []byte) {
	if r := s.rec; r != nil && len(b) > 0 {
		r.body[s.side].Write(&r.Exchange, s.side, b)
	}
}
