package http

import (
	"iter"

	"auscult/sensor/spare"
)

// Contents hands out decoders of compressed content. One goroutine owns it and everything it hands out.
//
// A capture pushes. The decoder of gzip and deflate takes what is pushed, but those of the libraries pull, so each
// body in another coding, or in several, runs its decoders in a coroutine (iter.Pull): it yields when it has read
// all that was pushed. A coroutine is no goroutine of its own: it runs only inside Write and Close, on the caller's
// thread, and never beside its caller, so the order of events stays that of the packets and nothing needs a lock.
// Measured on a body of 20 kB under brotli it costs a twentieth more than collecting the body first, and needs no
// memory for it. An owner that locks itself to a thread must do so before the first Write (iter.Pull).
type Contents struct {
	cfg    Config
	stats  *Stats
	idle   spare.List[*Content]
	open   int
	held   int64 // bytes of windows
	spares spares
}

// NewContents returns a Contents that counts in stats.
func NewContents(cfg Config, stats *Stats) *Contents { return &Contents{cfg: cfg, stats: stats} }

// Content decodes the content of one message. It is valid until Close.
type Content struct {
	owner   *Contents
	resume  func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	out     Scanner
	coding  codings
	pushed  pushed
	in      []byte // pushed, not yet read; borrowed from Write
	wire    int64
	decoded int64
	end     bool // no more input will come
	stopped bool
	outcome outcome
	stage   [MaxCodings]stage
	buf     []byte
}

// outcome is how the decoding of a content stands.
type outcome uint8

const (
	decoding outcome = iota
	whole            // decoded to its end
	trailing         // decoded to its end, and then came more
	plain            // not compressed, whatever was said of it
	short            // ends before its coding does: all that it decodes to was read
	broken
	overSize
	overRatio
	overWindow
	overDecoders
)

// Open returns a decoder for the content of the message m that writes to out, which may be nil. It is nil when
// the content is not compressed, or cannot be decoded: then limited says that a bound is the reason, and bad that
// its coding is not known.
func (c *Contents) Open(m *Message, out Scanner) (content *Content, limited, bad bool) {
	list := codingsOf(m)
	switch {
	case list.unknown:
		c.stats.BadCodings++
		return nil, false, true
	case list.n == 0:
		return nil, false, false
	case list.over || list.n > c.cfg.Codings:
		c.stats.OverCodings++
		return nil, true, false
	case c.open >= c.cfg.Decoders:
		c.stats.OverDecoders++
		return nil, true, false
	}
	return c.start(list, out), false, false
}

// Unlabelled returns a decoder for content of m that says nothing of a coding and begins with first, if that is
// how gzip begins and how no text does; else, and when all decoders are taken, nil.
func (c *Contents) Unlabelled(m *Message, out Scanner, first byte) *Content {
	if first != gzipMagic || c.cfg.Codings == 0 || c.open >= c.cfg.Decoders || !textual(m.Get("content-type")) {
		return nil
	}
	c.stats.Unlabelled++
	return c.start(codings{n: 1, list: [MaxCodings]coding{gzipCoding}}, out)
}

// gzipMagic is the first byte of gzip (RFC 1952 section 2.3.1), a control character.
const gzipMagic = 0x1f

// textual is whether a Content-Type promises text.
func textual(contentType []byte) bool {
	for _, part := range [...]string{"json", "xml", "text/"} {
		for i := range len(contentType) - len(part) + 1 {
			if EqualFold(contentType[i:i+len(part)], part) {
				return true
			}
		}
	}
	return false
}

func (c *Contents) start(list codings, out Scanner) *Content {
	c.open++
	d, ok := c.idle.Pop()
	if !ok {
		d = &Content{owner: c}
	}
	d.coding, d.out = list, out
	d.pushed = pushed{is: list.n == 1 && (list.list[0] == gzipCoding || list.list[0] == deflateCoding)}
	if d.resume == nil && !d.pushed.is {
		d.buf = make([]byte, 8<<10)
		d.resume, d.stop = iter.Pull(d.loop)
		d.resume() // to its first yield
	}
	d.wire, d.decoded, d.in, d.end, d.outcome = 0, 0, nil, false, decoding
	return d
}

// loop is the coroutine: one content after another.
func (d *Content) loop(yield func(struct{}) bool) {
	d.yield = yield
	for yield(struct{}{}) {
		d.outcome = d.decode()
		if d.stopped {
			return
		}
	}
}

// Write takes the next bytes of the content as they were on the wire.
func (d *Content) Write(b []byte) {
	d.wire += int64(len(b))
	if d.outcome != decoding || len(b) == 0 {
		return
	}
	d.proceed(b)
}

// proceed decodes b, or without it what is to be said at the end.
func (d *Content) proceed(b []byte) {
	if !d.pushed.is {
		d.in = b
		d.resume()
		d.in = nil
		return
	}
	if d.outcome = d.push(b, d.end); d.outcome != decoding {
		d.stage[0].close(false)
	}
}

// Result is what became of a content.
type Result struct {
	Decoded int64 // bytes it decoded to
	Whole   bool  // to its end
	Bad     bool  // it is not as its coding says
	Short   bool  // it ends before its coding does, and Decoded is all that there is: a stream flushed, never closed
	Limited bool  // a limit stopped it
}

// Close ends the content and gives d back; complete says that all of it was written. The Scanner is not closed.
func (d *Content) Close(complete bool) Result {
	if d.outcome == decoding {
		d.end = true
		if d.wire == 0 {
			d.outcome = whole // an empty content has no coding to be wrong about
		} else {
			d.proceed(nil)
		}
		if !complete && (d.outcome == broken || d.outcome == short) {
			d.outcome = decoding // cut off, which is not its fault
		}
	}
	r := Result{Decoded: d.decoded}
	s := d.owner.stats
	switch d.outcome {
	case whole:
		r.Whole = true
		s.Decoded++
	case trailing, plain:
		r.Whole, r.Bad = true, true
		s.BadCodings++
	case short:
		r.Bad, r.Short = true, true
		s.BadCodings++
	case broken:
		r.Bad = true
		s.BadCodings++
	case overSize:
		r.Limited = true
		s.OverDecoded++
	case overRatio:
		r.Limited = true
		s.OverRatio++
	case overWindow:
		r.Limited = true
		s.OverWindow++
	case overDecoders:
		r.Limited = true
		s.OverDecoders++
	}
	d.out = nil
	c := d.owner
	c.open--
	if !c.idle.Push(d, c.cfg.Spare) {
		d.release()
	}
	return r
}

func (d *Content) release() {
	if d.stopped = true; d.stop != nil {
		d.stop()
	}
}

// Close ends the coroutines at rest. Contents that are open must be closed before.
func (c *Contents) Close() {
	for _, d := range c.idle {
		d.release()
	}
	c.idle = nil
}
