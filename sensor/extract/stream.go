package extract

import (
	"bytes"

	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
	"auscult/sensor/tcp"
	"auscult/sensor/tls"
)

// stream is what a TCP connection carries.
type stream struct {
	layer
	more      *more  // what few connections need
	seq       uint32 // of the next call
	conflicts uint32 // of the connection, told so far
}

// more is the rest of a stream that is not plain HTTP over plain TCP.
type more struct {
	outer    packet.Outer
	tls      *tls.Session
	inner    layer // what TLS protects
	bytes    [2]int64
	messages [2]uint64
	calls    uint32
	mllp     bool
	waiting  bool // the session is in its partition's list of those that wait for secrets
}

// layer is a byte stream in each direction and what reads it.
type layer struct {
	reader http.Stream // of reading
	rare   *rare
	is     is
	inside bool    // TLS
	sure   bool    // an exchange was read
	gapped bool    // its first bytes were lost
	ended  [2]bool // of a connection, by direction
}

// rare is what a layer needs only while it is undecided, or upgraded.
type rare struct {
	held   []input // what is not enough to tell
	socket *socket
}

// is says how a layer is read.
type is uint8

const (
	undecided is = iota // what it is has not been seen
	reading             // HTTP of any version, or MLLP
	secured             // TLS
	upgraded            // WebSocket
	deaf                // nothing we read: bytes are only counted
)

// none is the stream of connections that need no more: nothing about them can change.
var none = &stream{layer: layer{is: deaf}}

// input is what happened to one direction of a layer. It goes from hand to hand by pointer: to copy a struct
// just written byte by byte stalls the processor, 80 ns a segment.
type input struct {
	kind  tcp.Kind
	dir   packet.Dir
	fin   bool
	time  clock.Time
	bytes []byte
	lost  int
}

// event takes one TCP event through the stream of its connection.
func (e *Extractor) event(part *partition, ev *tcp.Event) {
	s, met := ev.Conn.App.(*stream)
	if !met {
		if ev.Kind == tcp.End {
			return // it ended as it began: without a word
		}
		s = e.open(ev.Conn)
		ev.Conn.App = s
	}
	if ev.Kind == tcp.Data {
		e.stats.StreamBytes += uint64(len(ev.Bytes))
	}
	if s == none {
		if ev.Kind == tcp.Data {
			e.stats.OpaqueBytes += uint64(len(ev.Bytes))
		}
		return
	}
	e.part, e.conn, e.stream, e.now = part, ev.Conn, s, ev.Time
	if s.more != nil {
		s.more.bytes[ev.Dir] += int64(len(ev.Bytes))
	}
	e.feed(&s.layer, &input{kind: ev.Kind, dir: ev.Dir, fin: ev.Why == tcp.ByFIN, time: ev.Seen, bytes: ev.Bytes, lost: ev.Lost})
	if len(e.due) > 0 {
		e.tell()
	}
	if ev.Kind == tcp.End {
		s.ended[ev.Dir] = true
	}
	switch {
	case s.ended[0] && s.ended[1]:
		ev.Conn.App = none
		if s.more == nil || !s.more.waiting || !e.outlive(s) {
			e.shut(s)
		}
	case s.is == deaf && s.more == nil:
		ev.Conn.App = none
		e.shut(s)
	}
}

// open begins the stream of a connection.
func (e *Extractor) open(c *tcp.Conn) *stream {
	e.stats.Streams++
	s := spare.Take(&e.streams)
	*s = stream{}
	if o := e.segment.Outer; o != nil && e.segment.Flow == c.Flow {
		s.needMore().outer = *o
	}
	return s
}

func (s *stream) needMore() *more {
	if s.more == nil {
		s.more = new(more)
	}
	return s.more
}

// shut tells of a connection that has ended, and takes back what it held.
func (e *Extractor) shut(s *stream) {
	e.free(&s.layer)
	if m := s.more; m != nil {
		e.free(&m.inner)
		if m.tls != nil {
			e.part.forget(s)
			m.tls.Close()
			e.count(m)
		}
		e.link()
		if m.tls != nil {
			e.part.tls.Free(m.tls)
		}
	}
	s.more = nil
	e.streams.Push(s, e.cfg.HTTP.Spare)
}

// free takes back what reads l, which reads no more.
func (e *Extractor) free(l *layer) {
	switch r := l.reader.(type) {
	case *http1.Parser:
		e.part.http1.Free(r)
	case *http2.Parser:
		e.part.http2.Free(r)
	case *hl7.Parser:
		e.part.hl7.Free(r)
	}
	if l.rare != nil && l.rare.socket != nil {
		e.hangUp(l.rare.socket)
	}
	l.reader, l.is, l.rare = nil, deaf, nil
}

// feed takes one input through a layer.
func (e *Extractor) feed(l *layer, in *input) {
	switch l.is {
	case undecided:
		e.tellApart(l, in)
	case reading:
		e.read(l, in)
	case secured:
		e.unwrap(in)
	case upgraded:
		e.talk(l, in)
	case deaf:
		e.stats.OpaqueBytes += uint64(len(in.bytes))
	}
}

// preface begins the client's side of HTTP/2 (RFC 9113 section 3.4).
var preface = []byte("PRI * HTTP/2.0\r\n")

// maxHeld is how many bytes, and how many inputs, may pass before it is told what a layer carries.
const maxHeld = 64

// tellApart finds out what l carries by how it begins. What is neither HTTP/2, TLS nor MLLP is HTTP/1, which
// finds out by itself whether it is.
func (e *Extractor) tellApart(l *layer, in *input) {
	if in.kind == tcp.Data && len(in.bytes) == 0 {
		return
	}
	if in.kind == tcp.Data && l.rare == nil {
		if e.decide(l, in.dir, in.bytes) {
			e.feed(l, in)
			return
		}
	}
	if l.rare == nil {
		l.rare = new(rare)
	}
	kept := *in
	kept.bytes = bytes.Clone(in.bytes)
	l.rare.held = append(l.rare.held, kept)
	l.gapped = l.gapped || in.kind == tcp.Gap
	held := l.rare.held
	var start []byte // of this direction
	total := 0
	for i := range held {
		total += len(held[i].bytes)
		if held[i].dir == in.dir {
			start = append(start, held[i].bytes...)
		}
	}
	if in.kind != tcp.Data || !e.decide(l, in.dir, start) {
		if in.kind != tcp.End && total <= maxHeld && len(held) <= maxHeld {
			return
		}
		e.begin(l, e.newHTTP1(l))
	}
	l.rare = nil
	for i := range held {
		e.feed(l, &held[i])
	}
}

// decide is whether b, the first bytes of direction d, are enough to say what l carries.
func (e *Extractor) decide(l *layer, d packet.Dir, b []byte) bool {
	c := e.conn
	switch b[0] {
	case 0x14, 0x15, 0x16, 0x17, 0x80:
		yes, more := tls.Looks(b)
		if more && !yes {
			return false
		}
		if yes && !l.inside {
			e.secure(l)
			return true
		}
	case 0x0b:
		yes, more := hl7.Looks(b)
		if more && !yes {
			return false
		}
		if yes {
			m := e.stream.needMore()
			if !m.mllp {
				m.mllp = true
				m.bytes[d] += int64(len(b))
			}
			e.stats.MLLP++
			e.begin(l, e.part.hl7.New(e.part, c.Client, c.ClientKnown, e.midway(l)))
			return true
		}
	case 0:
		if len(b) < 9 {
			return false
		}
		if http2.Looks(b) {
			e.begin(l, e.newHTTP2(l, c.Client, c.ClientKnown))
			return true
		}
	case 'P':
		if bytes.HasPrefix(b, preface) {
			e.begin(l, e.newHTTP2(l, d, true))
			return true
		}
	}
	e.begin(l, e.newHTTP1(l))
	return true
}

func (e *Extractor) begin(l *layer, r http.Stream) { l.is, l.reader, l.sure = reading, r, false }

// midway is whether the beginning of l was not seen.
func (e *Extractor) midway(l *layer) bool { return l.gapped || e.conn.Midstream }

func (e *Extractor) newHTTP1(l *layer) http.Stream {
	c := e.conn
	return e.part.http1.New(e.part, c.Client, c.ClientKnown, e.midway(l))
}

func (e *Extractor) newHTTP2(l *layer, client packet.Dir, known bool) http.Stream {
	e.stats.HTTP2++
	return e.part.http2.New(e.part, client, known, e.midway(l))
}

// read takes one input through a parser of exchanges.
func (e *Extractor) read(l *layer, in *input) {
	if !l.sure && e.midway(l) && in.kind == tcp.Data && e.mistaken(l, in) {
		return
	}
	var verdict http.Verdict
	switch in.kind {
	case tcp.Data:
		e.done, verdict = l.reader.Bytes(e.done[:0], in.dir, in.time, in.bytes)
	case tcp.Gap:
		e.done, verdict = l.reader.Gap(e.done[:0], in.dir, in.time, in.lost)
	case tcp.End:
		e.done, verdict = l.reader.End(e.done[:0], in.dir, in.time, in.fin)
	}
	for _, x := range e.done {
		l.sure = true
		e.emit(x)
		e.release(l.reader, x)
	}
	switch {
	case verdict == http.NotHTTP:
		e.stats.NotHTTP++
		e.stats.OpaqueBytes += uint64(len(in.bytes))
		e.free(l)
	case verdict == http.HTTP2:
		old := l.reader.(*http1.Parser)
		_, rest := old.Switched()
		e.begin(l, e.newHTTP2(l, in.dir, true))
		e.handOver(l, old, in.dir, in, rest)
	case verdict == http.Upgrade:
		e.upgrade(l, in)
	case l.reader.Ended():
		e.free(l)
	}
}

// release gives x back to the parser whose memory it is.
func (e *Extractor) release(r http.Stream, x *http.Exchange) {
	switch r := r.(type) {
	case *http2.Parser:
		r.Release(x)
	case *hl7.Parser:
		r.Release(x)
		return
	}
	e.part.http1.Release(x)
}

// mistaken is whether a connection joined midway, on which no message of HTTP/1 was found yet, turns out to be
// HTTP/2 or TLS: a segment begins like a frame or a record more often than not. If so, l goes on as that.
func (e *Extractor) mistaken(l *layer, in *input) bool {
	p, ok := l.reader.(*http1.Parser)
	if !ok || !p.Idle() || len(in.bytes) == 0 {
		return false
	}
	is2 := in.bytes[0] == 0 && http2.Looks(in.bytes)
	isTLS := !is2 && in.bytes[0] >= 0x14 && in.bytes[0] <= 0x17 && !l.inside
	if isTLS {
		isTLS, _ = tls.Looks(in.bytes)
	}
	if !is2 && !isTLS {
		return false
	}
	e.part.http1.Free(p)
	if isTLS {
		e.secure(l)
	} else {
		e.begin(l, e.newHTTP2(l, e.conn.Client, e.conn.ClientKnown))
	}
	e.feed(l, in)
	return true
}
