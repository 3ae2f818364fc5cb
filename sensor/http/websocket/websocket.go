// Package websocket reads what follows the 101 of a WebSocket opening (RFC 6455): bytes of both directions go in,
// the contents of their messages come out to the Scanners of the exchange that opened it, which stays one
// exchange however many messages pass.
package websocket

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Pool holds what the WebSockets of one flow partition share. It belongs to one goroutine.
type Pool struct {
	*http.Shared
	Stats Stats

	conns     []*Conn
	inflaters spare.List[*inflater]
	open      int // inflaters in use
	plain     [8 << 10]byte
	mark, end [1]byte
}

// Stats counts what the WebSockets of a pool met.
type Stats struct {
	Conns        uint64
	Messages     uint64 // data messages that began
	Controls     uint64 // close, ping and pong frames
	Unmasked     uint64 // frames of a client without a mask, which servers must refuse (RFC 6455 section 5.1)
	Masked       uint64 // frames of a server with a mask
	BadFrames    uint64 // frames that RFC 6455 section 5 forbids, each read as far as its length allows
	LostStep     uint64 // directions in which the next frame could not be found any more
	Resyncs      uint64 // of them, those in which a later frame was recognised
	Unread       uint64 // messages that were counted and not shown
	BadDeflate   uint64 // directions or messages that do not inflate
	OverDecoded  uint64 // messages past http.Config.DecodedBytes
	OverRatio    uint64 // directions past http.Config.Ratio
	OverDecoders uint64 // messages that began while DecoderBytes was taken
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Conns += o.Conns
	s.Messages += o.Messages
	s.Controls += o.Controls
	s.Unmasked += o.Unmasked
	s.Masked += o.Masked
	s.BadFrames += o.BadFrames
	s.LostStep += o.LostStep
	s.Resyncs += o.Resyncs
	s.Unread += o.Unread
	s.BadDeflate += o.BadDeflate
	s.OverDecoded += o.OverDecoded
	s.OverRatio += o.OverRatio
	s.OverDecoders += o.OverDecoders
}

// NewPool returns an empty Pool under the limits of shared.
func NewPool(shared *http.Shared) *Pool {
	return &Pool{Shared: shared, mark: [1]byte{RecordMark}, end: [1]byte{'\n'}}
}

// Close lets the decoders at rest go, after all Conns were freed.
func (pool *Pool) Close() { pool.inflaters = nil }

// RecordMark stands before every message that a Scanner is shown, as before every text of a JSON text sequence
// (RFC 7464): it can stand in no JSON text, so a message that is broken spoils no other.
const RecordMark = 0x1e

// Is tells whether x opened a WebSocket: its response is a 101 that upgrades to one (RFC 6455 section 4.2.2).
func Is(x *http.Exchange) bool {
	if x.Status != 101 {
		return false
	}
	for i := range x.Response.Headers {
		if h := &x.Response.Headers[i]; http.EqualFold(h.Name, "upgrade") {
			for list := h.Value; len(list) > 0; {
				var token []byte
				if token, list = http.NextToken(list); http.EqualFold(token, "websocket") {
					return true
				}
			}
		}
	}
	return false
}

// Conn is one WebSocket after its opening. It fills the Messages, sizes, Loss and End of its exchange as they
// pass, so that they may be read while it runs.
type Conn struct {
	pool *Pool
	x    *http.Exchange
	dirs [2]stream // by packet.Dir
}

// New returns a Conn for the WebSocket that x opened. The contents of its messages are written to the Scanners
// that h gives for the two sides of x, one for all messages of a direction: RecordMark, the message, a line feed.
// x must stay valid until Free.
func (pool *Pool) New(h http.Handler, x *http.Exchange) *Conn {
	var c *Conn
	if n := len(pool.conns); n > 0 {
		c, pool.conns = pool.conns[n-1], pool.conns[:n-1]
	} else {
		c = new(Conn)
	}
	pool.Stats.Conns++
	ext := negotiated(&x.Response)
	*c = Conn{pool: pool, x: x}
	for d := range c.dirs {
		side := http.Response
		if packet.Dir(d) == x.ClientDir {
			side = http.Request
		}
		c.dirs[d] = stream{pool: pool, x: x, side: side, ext: ext, forget: ext.forget[side], scan: h.Body(x, side)}
	}
	return c
}

// Bytes reads b, the next bytes of direction d, seen at t. b is not kept.
func (c *Conn) Bytes(d packet.Dir, t clock.Time, b []byte) {
	if s := &c.dirs[d]; !s.done {
		c.x.End = max(c.x.End, t)
		s.read(b)
	}
}

// Gap says that n bytes of direction d, learned of at t, were never seen. Inside a frame's payload that is all
// that is lost. Past it the frames that follow are only counted, until one is met that can be nothing else.
func (c *Conn) Gap(d packet.Dir, t clock.Time, n int) {
	if s := &c.dirs[d]; !s.done && n > 0 {
		c.x.End = max(c.x.End, t)
		s.miss(uint64(n))
	}
}

// End says that direction d ended at t. By FIN the other direction goes on; any other end ends both.
func (c *Conn) End(d packet.Dir, t clock.Time, fin bool) {
	for i := range c.dirs {
		if s := &c.dirs[i]; !s.done && (!fin || packet.Dir(i) == d) {
			c.x.End = max(c.x.End, t)
			if !fin || s.inside() {
				c.x.Loss |= http.LossTruncated
			}
			s.finish(fin && !s.inside())
		}
	}
}

// Ended is whether both directions have ended, each by a Close frame or with its connection: the exchange is whole.
func (c *Conn) Ended() bool { return c.dirs[0].done && c.dirs[1].done }

// Free takes c back; what has not ended is closed as incomplete. The exchange stays its owner's.
func (pool *Pool) Free(c *Conn) {
	for d := range c.dirs {
		if !c.dirs[d].done {
			c.dirs[d].finish(false)
		}
	}
	*c = Conn{}
	if len(pool.conns) < pool.Config.Spare {
		pool.conns = append(pool.conns, c)
	}
}
