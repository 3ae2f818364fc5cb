package call

import (
	"bytes"

	"auscult/sensor/http"
)

// parts is where in a multipart body (RFC 2046 section 5.1) the last piece ended.
type parts struct {
	boundary []byte // \n--boundary; empty until the first line gave it
	line     []byte // of what may be longer than a piece: a head line, the first line
	matched  int    // bytes of boundary at the end of the last piece
	n        int    // parts begun
	virtual  bool   // the line feed that matched is the head's, not the text's
	state    partState
}

type partState uint8

const (
	beforeParts partState = iota // the boundary is not known: the first line is it
	preamble
	afterBoundary
	partHead
	partBody
	epilogue
)

// begin takes the boundary from the parameter of a Content-Type.
func (p *parts) begin(contentType []byte) {
	value := parameter(contentType, "boundary")
	if len(value) == 0 || len(value) > maxBoundary {
		return
	}
	p.boundary = append(append(p.boundary[:0], "\n--"...), value...)
	p.state, p.matched, p.virtual = preamble, 1, true // as if a line had ended before the body
}

// related reads the next piece of a body in parts.
func (v *envelope) related(b []byte) {
	p := &v.parts
	for len(b) > 0 {
		switch p.state {
		case beforeParts, afterBoundary, partHead:
			i := bytes.IndexByte(b, '\n')
			piece := b
			if i >= 0 {
				piece = b[:i]
			}
			p.line = append(p.line, piece[:min(len(piece), max(0, maxBoundary+4-len(p.line)))]...)
			if i < 0 {
				return
			}
			v.partLine(bytes.TrimRight(p.line, "\r \t"))
			p.line = p.line[:0]
			b = b[i+1:]
		case preamble, partBody:
			b = v.partBytes(b)
		default:
			return
		}
	}
}

// partLine is the first line of the body, the rest of a boundary's, or a line of the head of a part.
func (v *envelope) partLine(line []byte) {
	p := &v.parts
	switch p.state {
	case beforeParts:
		if len(line) < 3 || len(line) > maxBoundary+2 || line[0] != '-' || line[1] != '-' {
			p.state = epilogue
			return
		}
		p.boundary = append(append(p.boundary[:0], '\n'), line...)
		p.state = partHead
	case afterBoundary:
		p.state = partHead
		if bytes.HasPrefix(line, []byte("--")) {
			p.state = epilogue
		}
	default:
		if len(line) == 0 {
			p.n++
			p.state, p.matched, p.virtual = partBody, 1, true // it may be the line end before the boundary too
		}
	}
}

// partBytes reads the text of a part up to its boundary and returns what follows that.
func (v *envelope) partBytes(b []byte) []byte {
	p := &v.parts
	if p.matched == 0 {
		if i := bytes.Index(b, p.boundary); i >= 0 {
			v.partText(b[:i])
			v.endPart()
			return b[i+len(p.boundary):]
		}
		keep := 0
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 && len(b)-i < len(p.boundary) && bytes.HasPrefix(p.boundary, b[i:]) {
			keep = len(b) - i
		}
		v.partText(b[:len(b)-keep])
		p.matched = keep
		return nil
	}
	for len(b) > 0 && p.matched < len(p.boundary) && b[0] == p.boundary[p.matched] {
		p.matched++
		b = b[1:]
	}
	switch {
	case p.matched == len(p.boundary):
		v.endPart()
	case len(b) > 0:
		// Not it. Nothing inside can begin another, since the only line feed in it is its first byte.
		from := 0
		if p.virtual {
			from = 1
		}
		v.partText(p.boundary[from:p.matched])
		p.matched, p.virtual = 0, false
	}
	return b
}

// partText is content of a part: of the root part it is kept, and of each instance the head.
func (v *envelope) partText(b []byte) {
	if v.parts.state == partBody && (v.dicom || v.parts.n == 1) {
		v.hold(b)
	}
}

// endPart ends the part at hand.
func (v *envelope) endPart() {
	p := &v.parts
	if p.state == partBody {
		switch {
		case v.dicom:
			v.instance()
		case isEnvelope(v.keep):
			v.count = p.n - 1 // the documents are beside it
		}
	}
	p.state, p.matched, p.virtual = afterBoundary, 0, false
}

// parameter is the value of a parameter of a Content-Type (RFC 9110 section 5.6.6), without quotes; name is in
// lower case.
func parameter(contentType []byte, name string) []byte {
	for rest := contentType; ; {
		i := bytes.IndexByte(rest, ';')
		if i < 0 {
			return nil
		}
		rest = bytes.TrimLeft(rest[i+1:], " \t")
		if len(rest) <= len(name) || rest[len(name)] != '=' || !http.EqualFold(rest[:len(name)], name) {
			continue
		}
		value := rest[len(name)+1:]
		if len(value) > 0 && value[0] == '"' {
			value, _, _ = bytes.Cut(value[1:], []byte{'"'})
			return value
		}
		if i := bytes.IndexAny(value, "; \t"); i >= 0 {
			value = value[:i]
		}
		return value
	}
}
