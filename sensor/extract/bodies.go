package extract

import (
	"bytes"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/phi"
	"auscult/sensor/spare"
)

// bodies are what reads the bodies of one exchange; they stay with it until it has become a call.
type bodies struct {
	part  *partition
	x     *http.Exchange
	side  [2]body
	texts *call.Texts    // nil unless one of them is worth keeping
	cover *call.Envelope // nil unless something stands around the health data that no URL tells
	since clock.Time     // the response began, or the last part was told; 0 before
	parts int            // told while it runs
	seq   uint32         // of its calls, once one was told
	shown []call.Object  // patients that the parts told so far have listed, the first that one call may list
	due   bool           // the next one is
}

// body passes one message's content to whoever wants it.
type body struct {
	all   *bodies
	form  phi.Form     // that its Content-Type promises
	phi   *phi.Scanner // nil for what holds no text
	text  http.Scanner
	cover http.Scanner
	held  hold
}

func (b *body) Scan(p []byte) {
	if b.phi != nil {
		b.phi.Scan(p)
	}
	if b.text != nil {
		b.text.Scan(p)
	}
	if b.cover != nil {
		b.cover.Scan(p)
	}
	if a := b.all; a.since != 0 && !a.due {
		if e := a.part.owner; e.now-a.since >= e.report {
			a.due = true
			e.due = append(e.due, a)
		}
	}
}

func (b *body) Close(complete bool) {
	if b.phi != nil {
		b.phi.Close(complete)
	}
	if b.text != nil {
		b.text.Close(complete)
	}
	if b.cover != nil {
		b.cover.Close(complete)
	}
}

func (b *body) report() *phi.Report {
	if b.held.known != nil {
		return &b.held.known.kept.Report
	}
	if b.phi == nil {
		return nil
	}
	return b.phi.Report()
}

// drain is what was found so far in a body that goes on.
func (b *body) drain() *phi.Report {
	if b.held.known != nil {
		return &b.held.known.kept.Report
	}
	if b.phi == nil {
		return nil
	}
	return b.phi.Drain()
}

// Body gives a scanner to content that can hold health data, or whose beginning says something; the rest is only
// counted.
func (p *partition) Body(x *http.Exchange, s http.Side) http.Scanner {
	e := p.owner
	contentType := x.Message(s).Get("content-type")
	m := e.media[s].of(s, contentType)
	text := m.kept && (s == http.Request || m.page || e.tells(x))
	if !m.scan && !m.cover && !text {
		return nil
	}
	if p.scanning >= e.cfg.Scanners {
		if m.scan || m.cover {
			e.stats.Unscanned++
			x.Loss |= http.LossDecodeLimit
		}
		return nil
	}
	b, _ := x.App.(*bodies)
	if b == nil {
		b = spare.Take(&e.idle)
		b.part, b.x = p, x
		x.App = b
	}
	if s == http.Response && (m.scan || m.cover) {
		b.since = e.now
	}
	side := &b.side[s]
	if side.all == nil {
		side.all = b
		p.scanning++
	}
	if m.scan {
		if side.phi == nil {
			side.phi = e.scanner()
		}
		side.phi.Reset(m.form)
		if s == http.Response && x.Status == 206 {
			side.phi.Midway()
		}
	}
	if text {
		if b.texts == nil {
			b.texts = spare.Take(&e.texts)
			b.texts.In(&p.purse)
		}
		side.text = b.texts.Side(s)
	}
	if m.cover {
		if b.cover == nil {
			b.cover = spare.Take(&e.covers)
			b.cover.Reset()
		}
		side.cover = b.cover.Side(s, contentType)
	}
	side.form = m.form
	side.held.on = e.repeats != nil && s == http.Response && m.scan && !text && !m.cover && mayHold(x, m.form)
	return side
}

// tells is whether the response to x is worth keeping the beginning of.
func (e *Extractor) tells(x *http.Exchange) bool {
	if call.Tells(x) {
		return true
	}
	path, _, _ := bytes.Cut(x.Target, []byte{'?'})
	return e.memo.Route(path).Words&(call.Operator|call.Admin|call.Login) != 0
}

// scanner is one at rest, or a new one.
func (e *Extractor) scanner() *phi.Scanner {
	if s, ok := e.spare.Pop(); ok {
		return s
	}
	s := phi.New(e.cfg.PHI)
	e.scanners = append(e.scanners, s)
	return s
}

// drop takes back what read the bodies of x.
func (p *partition) drop(x *http.Exchange) {
	b, _ := x.App.(*bodies)
	if b == nil {
		return
	}
	x.App = nil
	e := p.owner
	for s := range b.side {
		if b.side[s].phi != nil {
			e.spare = append(e.spare, b.side[s].phi)
		}
		if b.side[s].all != nil {
			p.scanning--
		}
	}
	if b.texts != nil {
		b.texts.Reset()
		e.texts.Push(b.texts, e.cfg.HTTP.Spare)
	}
	if b.cover != nil {
		e.covers = append(e.covers, b.cover)
	}
	if b.due {
		for i := range e.due {
			if e.due[i] == b {
				e.due[i] = nil
			}
		}
	}
	clear(b.shown)
	*b = bodies{shown: b.shown[:0]}
	e.idle = append(e.idle, b)
}

var _ http.Handler = (*partition)(nil)
