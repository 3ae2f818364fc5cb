package extract

import (
	"slices"
	"strings"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// emit makes a call of an exchange that is over, and takes back what read its bodies.
func (e *Extractor) emit(x *http.Exchange) {
	if len(x.Method) == 0 {
		e.stats.Orphans++ // a response whose request was not seen is not a call
	} else if c := e.next(); c != nil {
		var req, resp *phi.Report
		var again *known // the body of the response
		conn := e.connOf(x)
		if b, _ := x.App.(*bodies); b != nil {
			req, resp = b.side[http.Request].report(), b.side[http.Response].report()
			conn.Texts, conn.Envelope = b.texts, b.cover
			conn.Continued = b.parts > 0
			if again = b.side[http.Response].held.known; again != nil {
				conn.Reading = &again.reading
			}
		}
		e.build(c, x, conn, req, resp, e.place(x))
		if again != nil {
			e.repeats.read(again)
		}
		if conn.Continued {
			e.list(c, x.App.(*bodies))
		}
	}
	e.part.drop(x)
}

// remember keeps what a part lists of the response, for the last one: its scanner forgets what was told.
func (e *Extractor) remember(b *bodies, c *call.Call) {
	for i := range c.Objects {
		if o := c.Objects[i]; o.Where == call.InResponse && len(b.shown) < e.listed {
			o.Type, o.ID = strings.Clone(o.Type), strings.Clone(o.ID)
			b.shown = append(b.shown, o)
		}
	}
}

// list has the last part list what the whole response would have listed in one call.
func (e *Extractor) list(c *call.Call, b *bodies) {
	if len(b.shown) == 0 {
		return
	}
	e.remember(b, c)
	n := 0
	for n < len(c.Objects) && c.Objects[n].Where != call.InResponse {
		n++
	}
	c.Objects = slices.Concat(c.Objects[:n], b.shown)
}

// tell makes calls of the exchanges that have run for another while: what was found since the last time.
func (e *Extractor) tell() {
	for _, b := range e.due {
		if b == nil {
			continue // it has ended meanwhile
		}
		b.due = false
		if len(b.x.Method) == 0 {
			b.since = e.now
			continue
		}
		c := e.next()
		if c == nil {
			continue
		}
		conn := e.connOf(b.x)
		conn.Texts, conn.Envelope = b.texts, b.cover
		conn.Running, conn.Continued = true, b.parts > 0
		b.x.End = e.now
		e.build(c, b.x, conn, b.side[http.Request].drain(), b.side[http.Response].drain(), e.place(b.x))
		e.remember(b, c)
		b.since = e.now
		b.parts++
		e.stats.Parts++
	}
	e.due = e.due[:0]
}

// next is room for a call, nil when the partition has had as many as it may in this step of the grid.
func (e *Extractor) next() *call.Call {
	if e.part.calls >= e.epochCalls {
		e.stats.EpochCalls++
		return nil
	}
	e.part.calls++
	if n := len(e.calls); n < cap(e.calls) {
		e.calls = e.calls[:n+1] // what stood there is overwritten
	} else {
		e.calls = append(e.calls, call.Call{})
	}
	return &e.calls[len(e.calls)-1]
}

// connOf is what the connection adds to x.
func (e *Extractor) connOf(x *http.Exchange) call.Conn {
	c, s := e.conn, e.stream
	conn := call.Conn{
		ID:     uint64(c.ID),
		Client: c.Flow.Src(x.ClientDir), Server: c.Flow.Src(x.ClientDir.Other()),
		Stream: x.Depth, OneSided: c.OneSided(), Where: x.Where,
	}
	if n := c.Conflicts[0] + c.Conflicts[1]; n != s.conflicts {
		s.conflicts = n
		x.Marks |= http.Conflict
	}
	if m := s.more; m != nil {
		conn.Outer = m.outer
		if m.tls != nil {
			info := m.tls.Info()
			conn.Secure = call.Secure{Version: info.Version.String(), JA4: info.JA4}
			if c := info.Client; c != nil {
				conn.MTLS = c.Subject
			}
		}
		m.calls++
	}
	return conn
}

// place is the place of x in its connection, the same for all parts that are told of it.
func (e *Extractor) place(x *http.Exchange) uint32 {
	b, _ := x.App.(*bodies)
	if b != nil && b.parts > 0 {
		return b.seq
	}
	seq := e.stream.seq
	e.stream.seq++
	if b != nil {
		b.seq = seq
	}
	return seq
}

// build fills c. Its place in the order is when it was known.
func (e *Extractor) build(c *call.Call, x *http.Exchange, conn call.Conn, req, resp *phi.Report, seq uint32) {
	x.Seq = seq
	e.builder.Build(c, e.arena, x, conn, req, resp)
	c.Time = e.now
	if x.Version == 0 { // MLLP alone has none
		c.Kind = call.MLLP
		m := e.stream.more
		m.messages[x.ClientDir]++
		if x.Response.Seen {
			m.messages[x.ClientDir.Other()]++
		}
	}
}

// link tells of the connection as a whole, if it carried more than plain HTTP.
func (e *Extractor) link() {
	c, s := e.conn, e.stream
	m := s.more
	if m == nil || m.tls == nil && !m.mllp {
		return
	}
	r := e.next()
	if r == nil {
		return
	}
	client := c.Client
	if !c.ClientKnown {
		client = guess(&c.Flow)
	}
	bytes := m.bytes
	if m.tls != nil {
		bytes = m.tls.Info().Bytes // from its first, which came before it was known to be TLS
	}
	l := &call.Link{
		Protocol: "mllp",
		Bytes:    [2]int64{bytes[client], bytes[client.Other()]},
		Messages: [2]uint64{m.messages[client], m.messages[client.Other()]},
		Calls:    m.calls,
	}
	if m.tls != nil {
		l.Protocol = "tls"
		l.TLS = linkTLS(m.tls.Info())
	}
	*r = call.Call{
		Order: call.Order{Time: e.now, Flow: uint64(c.ID), Seq: s.seq}, Start: c.Start, Kind: call.LinkOnly, Link: l,
		Conn: uint64(c.ID), Client: c.Flow.Src(client), Server: c.Flow.Src(client.Other()),
		Duration: max(0, e.now-c.Start), Outer: m.outer,
	}
	if c.Midstream {
		r.Loss |= http.LossMidstream
	}
	if c.OneSided() {
		r.Loss |= http.LossOneSided
	}
	s.seq++
}

// guess is which side of a flow is the client when no handshake has said it: the one with the higher port.
func guess(f *packet.Flow) packet.Dir {
	if f.A.Port < f.B.Port {
		return packet.BtoA
	}
	return packet.AtoB
}
