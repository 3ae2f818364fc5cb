package http1

import (
	"bytes"

	"auscult/sensor/http"
	"auscult/sensor/spare"
)

// probe reads a request's bytes by the other reading, to see whether another request begins where that one ends.
// It reads one line there, and that is the proof.
type probe struct {
	rec   *record
	skip  int64 // bytes until the other reading is over or goes on
	left  int64 // of the other reading, when this one is over before it
	phase probePhase
	fresh bool // the bytes at hand are still the head
	over  bool // rec is, by this reading
	n     int
	line  [256]byte
}

type probePhase uint8

const (
	startLine probePhase = iota
	sizeLine
	afterChunk
	trailerLine
	leftover
)

// finding is what a probe has found.
type finding uint8

const (
	undecided finding = iota
	found
	nothing
)

// follow follows the other reading of the request r, whose head is the message at hand.
func (p *Parser) follow(r *record, f framing) {
	if f.other == same || r.half[http.Request].found {
		return
	}
	q := p.probing(r)
	q.fresh = true
	if f.other == byChunks {
		q.phase = sizeLine
	} else {
		q.skip = f.at
	}
}

// probing begins a probe of r at its next byte. Only one is under way.
func (p *Parser) probing(r *record) *probe {
	q := p.probe
	if q == nil {
		q = spare.Take(&p.pool.probes)
		p.probe = q
	}
	*q = probe{rec: r}
	return q
}

// suspicious begins a probe of content that begins like a request: a reader who ignores Content-Length, as some
// do with GET, would take it for one. A client that asked with Expect may have left its content out.
func (p *Parser) suspicious(r *record, b []byte) {
	if c := b[0]; c >= 'A' && c <= 'Z' && r.Request.Wire == 0 && !r.waits && p.probe == nil && !r.half[http.Request].found {
		if ct := r.Request.Get("content-type"); !bytes.Contains(ct, []byte("/http")) {
			p.probing(r)
		}
	}
}

// track shows the probe b, which was read from the client.
func (p *Parser) track(b []byte) {
	q := p.probe
	if q.fresh {
		q.fresh = false
		return
	}
	switch q.read(b) {
	case undecided:
		if q.over && q.skip > 0 && q.phase == startLine {
			q.left, q.skip, q.phase = q.skip, 0, leftover
		}
		q.over = false
		return
	case found:
		if q.rec.Loss&http.LossGap == 0 {
			q.rec.Marks |= http.Ambiguous | http.Smuggled
		}
	}
	p.unprobe()
}

// ahead shows the probe b, with which a message begins that may end the exchange it is about: what of the other
// reading is left over is the proof, whether or not more of the message is there.
func (p *Parser) ahead(b []byte) {
	q := p.probe
	if q.fresh || q.phase != leftover || q.left == 0 || q.n > 0 || !tokenByte(b[0]) {
		return
	}
	if q.rec.Loss&http.LossGap == 0 {
		q.rec.Marks |= http.Ambiguous | http.Smuggled
	}
	p.unprobe()
}

func (p *Parser) unprobe() {
	p.probe.rec = nil
	p.pool.probes.Push(p.probe, p.pool.Config.Spare)
	p.probe = nil
}

// read takes the next bytes.
func (q *probe) read(b []byte) finding {
	for len(b) > 0 {
		if q.skip > 0 {
			n := min(q.skip, int64(len(b)))
			q.skip -= n
			b = b[n:]
			continue
		}
		if c := b[0]; q.n == 0 && (q.phase == startLine || q.phase == leftover) {
			if q.phase == leftover {
				if q.left == 0 {
					return nothing
				}
				q.left--
			}
			if c == '\r' || c == '\n' {
				b = b[1:]
				continue
			}
			if !tokenByte(c) {
				return nothing
			}
			if q.phase == leftover {
				return found // one reader's content is the other's request
			}
		}
		n := len(b)
		nl := bytes.IndexByte(b, '\n')
		if nl >= 0 {
			n = nl + 1
		}
		if n > len(q.line)-q.n {
			return nothing
		}
		q.n += copy(q.line[q.n:], b[:n])
		b = b[n:]
		if nl < 0 {
			return undecided
		}
		if f := q.judge(chomp(q.line[:q.n-1])); f != undecided {
			return f
		}
		q.n = 0
	}
	return undecided
}

// judge takes a whole line.
func (q *probe) judge(line []byte) finding {
	switch q.phase {
	case startLine:
		if st, ok := parseStart(line, true); ok && !st.response {
			return found
		}
		return nothing
	case sizeLine:
		size, clean := hex(http.TrimSpace(line))
		switch {
		case size < 0 || !clean:
			return nothing
		case size == 0:
			q.phase = trailerLine
		default:
			q.phase, q.skip = afterChunk, size
		}
	case afterChunk:
		if len(line) > 0 {
			return nothing
		}
		q.phase = sizeLine
	case trailerLine:
		if len(line) == 0 {
			q.phase = startLine
		}
	}
	return undecided
}
