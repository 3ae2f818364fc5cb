package extract

import (
	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/phi"
	"auscult/sensor/tcp"
)

// deaf stands in a connection's App for a parser that needs no more: not HTTP, or handed to another protocol.
// Such a connection's bytes are only counted.
var deaf *http1.Parser

// bodies are what reads the bodies of one exchange; they stay with it until it has become a call.
type bodies struct {
	side  [2]body
	login *call.LoginBodies // nil unless it may be a login
}

// body passes one message's content to whoever wants it.
type body struct {
	phi   *phi.Scanner
	login http.Scanner
}

func (b *body) Scan(p []byte) {
	b.phi.Scan(p)
	if b.login != nil {
		b.login.Scan(p)
	}
}

func (b *body) Close(complete bool) {
	b.phi.Close(complete)
	if b.login != nil {
		b.login.Close(complete)
	}
}

// event takes one TCP event through HTTP.
func (e *Extractor) event(part *partition, ev *tcp.Event) {
	parser, met := ev.Conn.App.(*http1.Parser)
	if !met {
		if ev.Kind == tcp.End {
			return // it ended as it began: without a word
		}
		parser = part.pool.New(part, ev.Conn.Client, ev.Conn.ClientKnown, ev.Conn.Midstream)
		ev.Conn.App = parser
		e.stats.Streams++
	}
	if parser == deaf {
		if ev.Kind == tcp.Data {
			e.stats.OpaqueBytes += uint64(len(ev.Bytes))
		}
		return
	}
	verdict := http.More
	switch ev.Kind {
	case tcp.Data:
		e.done, verdict = parser.Bytes(e.done[:0], ev.Dir, ev.Time, ev.Bytes)
	case tcp.Gap:
		e.done, verdict = parser.Gap(e.done[:0], ev.Dir, ev.Time, ev.Lost)
	case tcp.End:
		e.done, verdict = parser.End(e.done[:0], ev.Dir, ev.Time, ev.Why == tcp.ByFIN)
	}
	for _, x := range e.done {
		e.emit(part, ev, x)
		parser.Release(x)
	}
	switch {
	case verdict == http.NotHTTP:
		e.stats.NotHTTP++
		e.stats.OpaqueBytes += uint64(len(ev.Bytes))
	case verdict == http.HTTP2:
		e.stats.HTTP2++
		e.stats.OpaqueBytes += uint64(len(ev.Bytes))
	case verdict == http.Upgrade:
		e.stats.Upgraded++
	case parser.Ended():
	default:
		return
	}
	part.pool.Free(parser)
	ev.Conn.App = deaf
}

// emit makes a call of a finished exchange.
func (e *Extractor) emit(part *partition, ev *tcp.Event, x *http.Exchange) {
	var req, resp *phi.Report
	var login *call.LoginBodies
	b, _ := x.App.(*bodies)
	if b != nil {
		req, resp, login = b.side[http.Request].report(), b.side[http.Response].report(), b.login
	}
	switch {
	case len(x.Method) == 0:
		e.stats.Orphans++ // a response whose request was not seen is not a call
	case part.calls >= e.epochCalls:
		e.stats.EpochCalls++
	default:
		part.calls++
		e.calls = append(e.calls, call.Call{})
		c := &e.calls[len(e.calls)-1]
		e.builder.Build(c, &e.arena, x, call.Conn{
			ID:     uint64(ev.Conn.ID),
			Client: ev.Conn.Flow.Src(x.ClientDir), Server: ev.Conn.Flow.Src(x.ClientDir.Other()),
			Stream: x.Depth, OneSided: ev.Conn.OneSided(),
			Where: x.Where, Login: login,
		}, req, resp)
		c.Time = ev.Time // when it was known
	}
	part.drop(x)
}

// drop takes back what read the bodies of x.
func (p *partition) drop(x *http.Exchange) {
	if b, _ := x.App.(*bodies); b != nil {
		x.App = nil
		p.owner.rest(p, b)
	}
}

func (b *body) report() *phi.Report {
	if b.phi == nil {
		return nil
	}
	return b.phi.Report()
}

// rest takes an exchange's scanners back.
func (e *Extractor) rest(part *partition, b *bodies) {
	for s := range b.side {
		if b.side[s].phi != nil {
			e.spare = append(e.spare, b.side[s].phi)
			part.scanning--
		}
		b.side[s] = body{}
	}
	if b.login != nil {
		e.logins = append(e.logins, b.login)
		b.login = nil
	}
	e.idle = append(e.idle, b)
}

// Body gives a scanner to content that can hold health data; the rest is only counted.
func (p *partition) Body(x *http.Exchange, s http.Side) http.Scanner {
	e := p.owner
	form, scan := formOf(x.Message(s).Get("content-type"))
	if !scan {
		return nil
	}
	if p.scanning >= e.cfg.Scanners {
		e.stats.Unscanned++
		x.Loss |= http.LossDecodeLimit
		return nil
	}
	b, _ := x.App.(*bodies)
	if b == nil {
		b = take(&e.idle)
		if call.MayLogin(x.Method, x.Target) {
			b.login = take(&e.logins)
			b.login.Reset()
		}
		x.App = b
	}
	side := &b.side[s]
	if n := len(e.spare); n > 0 {
		side.phi, e.spare = e.spare[n-1], e.spare[:n-1]
	} else {
		side.phi = phi.New(e.cfg.PHI)
	}
	side.phi.Reset(form)
	p.scanning++
	if b.login != nil {
		side.login = b.login.Side(s)
	}
	return side
}

// take is one from the pile, or a new one.
func take[T any](pile *[]*T) *T {
	n := len(*pile)
	if n == 0 {
		return new(T)
	}
	v := (*pile)[n-1]
	*pile = (*pile)[:n-1]
	return v
}

var _ http.Handler = (*partition)(nil)
