package http1

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Switched is what the owner of a connection takes over after Verdict Upgrade or HTTP2. x is the exchange that
// switched, nil for HTTP2: its request is over and its response head was read; the response has no content yet,
// is not Complete and was not yielded. It is the owner's from now on, who says when it ends (End, Response) and
// gives it to Release; of a protocol that nobody reads it becomes a call at once. It is to be asked before
// another Parser of the Pool is called; a second call returns nothing.
// rest is the tail of the last Bytes that was not read, valid as long as those are. After HTTP2 it begins behind
// the empty line of the preface, at "SM".
func (p *Parser) Switched() (x *http.Exchange, rest []byte) {
	if p.pool.turned != p {
		return nil, nil
	}
	if r := p.pool.switched; r != nil {
		x = &r.Exchange
	}
	rest = p.pool.rest
	p.pool.turned, p.pool.switched, p.pool.rest = nil, nil, nil
	return x, rest
}

// turn makes p the parser whose owner is to ask what it has switched to.
func (pool *Pool) turn(p *Parser) {
	if pool.turned != p {
		pool.unturn()
		pool.turned = p
	}
}

// unturn drops what no owner has asked for.
func (pool *Pool) unturn() {
	if pool.switched != nil {
		pool.put(pool.switched)
	}
	pool.turned, pool.switched, pool.rest = nil, nil, nil
}

// Held is what direction d had sent of the new protocol before the switch was known, in order and before the
// rest that Switched returns: a client need not wait for its 101. lost is how many bytes behind b were not seen
// or not kept (Config.HeadBytes). b is valid until the Parser is freed.
func (p *Parser) Held(d packet.Dir) (b []byte, lost int) {
	if h := p.held; h != nil && d == p.client {
		return h.b, h.lost
	}
	if s := &p.streams[d]; s.buf != nil && s.phase == head {
		return s.buf.b, 0
	}
	return nil, 0
}

// Closed is whether direction d has ended, so that who takes over need not wait for its End.
func (p *Parser) Closed(d packet.Dir) bool {
	return p.streams[d].phase == closed || p.held != nil && p.held.ended && d == p.client
}

// held are bytes of a client behind a request to switch to another protocol that was not answered yet. They
// belong to that protocol if the server agrees, and are the next request if it does not.
type held struct {
	b       []byte
	pieces  []piece
	lost    int // bytes missing behind b
	lostAt  clock.Time
	endedAt clock.Time
	foreign bool // they cannot be a request
	ended   bool // by FIN, behind b and lost
}

// piece is where and when the bytes from at on were seen.
type piece struct {
	at    int
	time  clock.Time
	where packet.Where
}

// maxPieces is how many times are kept apart; what is sent after so many counts as sent with the last.
const maxPieces = 64

// waits is whether the client's next bytes may be of another protocol.
func (p *Parser) waits() bool {
	r := p.last
	return r != nil && r.switches && r.half[http.Request].body.Done() && !r.half[http.Response].begun
}

// switching is whether the request r asks to leave HTTP/1 (RFC 9110 sections 7.8 and 9.3.6).
func switching(r *record) bool {
	return string(r.Method) == "CONNECT" || !r.Request.Lacks(http.UpgradeName) && r.Request.Get("upgrade") != nil
}

// wait holds b, bytes of a client that waits. What can only be the next request is read at once: the server's
// side may not be in the capture, or it has said no where it was not seen.
func (p *Parser) wait(d packet.Dir, t clock.Time, b []byte) []byte {
	h := p.holding()
	if h.lost > 0 {
		if nl := bytes.IndexByte(b, '\n'); nl >= 0 && p.goesOn(b[:nl+1]) == request {
			p.resume()
			return b
		}
		h.lost += len(b)
		return nil
	}
	n := min(len(b), p.pool.Config.HeadBytes-len(h.b))
	if len(h.pieces) < maxPieces && n > 0 {
		h.pieces = append(h.pieces, piece{len(h.b), t, p.pool.Where})
	}
	h.b = append(h.b, b[:n]...)
	if !h.foreign && (bytes.IndexByte(b[:n], '\n') >= 0 || len(h.b) <= 2*maxMethod) {
		switch p.goesOn(h.b) {
		case request:
			p.resume()
			return b[n:]
		case neither:
			h.foreign = true
		}
	}
	if n < len(b) {
		p.pool.Stats.OverHeld++
		h.lost, h.lostAt = len(b)-n, t
	}
	return nil
}

func (p *Parser) holding() *held {
	if p.held == nil {
		p.held = spare.Take(&p.pool.helds)
	}
	return p.held
}

// goesOn judges whether b, behind a request that waits, begins with another request of HTTP/1: neither, maybe or
// request. Inside a tunnel requests are the tunnel's own, but for a CONNECT that is tried again.
func (p *Parser) goesOn(b []byte) kind {
	for i := 0; i < 4 && len(b) > 0 && (b[0] == '\r' || b[0] == '\n'); i++ { // more line ends than that are no habit
		b = b[1:]
	}
	k := kindOf(b)
	nl := bytes.IndexByte(b, '\n')
	switch {
	case k == response, k == neither:
		return neither
	case nl < 0:
		return maybe
	}
	st, ok := parseStart(chomp(b[:nl]), true)
	if !ok || st.response || bytes.HasPrefix(b, []byte(preface)) {
		return neither
	}
	if string(p.last.Method) == "CONNECT" && string(b[:st.method]) != "CONNECT" {
		return neither
	}
	return request
}

// resume reads what was held as HTTP/1, at the times at which it was seen.
func (p *Parser) resume() {
	h, d := p.held, p.client
	p.held = nil
	if p.last != nil {
		p.last.switches = false
	}
	s, where := &p.streams[d], p.pool.Where
	for i, piece := range h.pieces {
		end := len(h.b)
		if i+1 < len(h.pieces) {
			end = h.pieces[i+1].at
		}
		p.pool.Where = piece.where
		p.segment(s, d, h.b[piece.at:end])
		p.feed(s, d, piece.time, h.b[piece.at:end])
	}
	p.pool.Where = where
	if h.lost > 0 && p.verdict == http.More {
		p.gap(s, d, h.lostAt, h.lost)
	}
	if h.ended && p.verdict == http.More {
		p.end(d, h.endedAt, true)
		p.settle(h.endedAt)
	}
	p.pool.unhold(h)
}

// upgrade ends HTTP/1 on the connection with r, which becomes the owner's. Requests behind it get no answer.
func (p *Parser) upgrade(r *record, t clock.Time) {
	p.pool.Stats.Upgrades++
	r.finish(http.Request, r.Request.Complete)
	if !r.orphan {
		p.pop()
	}
	p.settled(r, t)
	p.pool.turn(p)
	p.pool.switched = r
	p.flush(t)
	p.streams[0].rec, p.streams[1].rec = nil, nil
	p.verdict = http.Upgrade
}
