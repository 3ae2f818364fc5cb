package extract

import (
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/http/websocket"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// upgrade goes on with what follows a 101 or a CONNECT that was agreed to.
func (e *Extractor) upgrade(l *layer, in *input) {
	e.stats.Upgraded++
	old := l.reader.(*http1.Parser)
	x, rest := old.Switched()
	client := x.ClientDir
	switch to := x.Response.Get("upgrade"); {
	case string(x.Method) != "CONNECT" && websocket.Is(x):
		l.is, l.reader, l.rare = upgraded, nil, &rare{socket: &socket{e.part.sockets.New(e.part, x), x}}
	case string(x.Method) != "CONNECT" && http.EqualFold(to, "h2c"):
		e.stats.HTTP2++
		e.begin(l, e.part.http2.Upgraded(e.part, x))
	default: // whatever it is, it begins like something
		e.emit(x)
		e.part.http1.Release(x)
		l.is, l.reader = undecided, nil
	}
	e.handOver(l, old, client, in, rest)
}

// handOver goes on with l, in another protocol, where the parser old has ended: with what the client had sent
// early, then with the rest of the input at hand.
func (e *Extractor) handOver(l *layer, old *http1.Parser, client packet.Dir, in *input, rest []byte) {
	for _, d := range [2]packet.Dir{client, client.Other()} {
		held, lost := old.Held(d)
		if len(held) > 0 {
			e.feed(l, &input{kind: tcp.Data, dir: d, time: in.time, bytes: held})
		}
		if lost > 0 {
			e.feed(l, &input{kind: tcp.Gap, dir: d, time: in.time, lost: lost})
		}
	}
	if len(rest) > 0 {
		e.feed(l, &input{kind: tcp.Data, dir: in.dir, time: in.time, bytes: rest})
	}
	for d := range packet.Dir(2) {
		if old.Closed(d) {
			e.feed(l, &input{kind: tcp.End, dir: d, time: in.time, fin: true})
		}
	}
	e.part.http1.Free(old)
}

// socket is a WebSocket and the exchange that opened it.
type socket struct {
	*websocket.Conn
	x *http.Exchange
}

// talk takes one input through a WebSocket, which is part of the exchange that opened it.
func (e *Extractor) talk(l *layer, in *input) {
	s := l.rare.socket
	switch in.kind {
	case tcp.Data:
		s.Bytes(in.dir, in.time, in.bytes)
	case tcp.Gap:
		s.Gap(in.dir, in.time, in.lost)
	case tcp.End:
		s.End(in.dir, in.time, in.fin)
	}
	if s.Ended() {
		e.free(l)
	}
}

// hangUp makes a call of a WebSocket's exchange.
func (e *Extractor) hangUp(s *socket) {
	e.part.sockets.Free(s.Conn)
	e.emit(s.x)
	e.part.http1.Release(s.x)
}
