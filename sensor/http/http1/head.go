package http1

import (
	"bytes"

	"auscult/sensor/http"
)

// headEnd is the length of the head at the start of b, its empty line included; -1 when it is not all there.
// Both CRLF and a bare LF end a line (RFC 9112 section 2.2). from is how much is known to hold no end.
func headEnd(b []byte, from int) int {
	from = max(from-2, 0)
	for {
		nl := bytes.IndexByte(b[from:], '\n')
		if nl < 0 {
			return -1
		}
		from += nl + 1
		switch rest := b[from:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return from + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return from + 2
		}
	}
}

// section is what was met in the lines of a head or of trailers.
type section struct {
	marks   http.Marks
	doubt   bool // careful readers would find different fields in it
	dropped int
	lines   int
	bare    int // lines that ended in LF alone
}

// fields reads header or trailer lines from b, which it may rewrite, onto dst, at most limit of them.
func fields(dst []http.Header, b []byte, limit int) (headers []http.Header, sec section) {
	var marks http.Marks
	kept := false // the line before was a header that was kept, and may be folded
	for len(b) > 0 {
		var line []byte
		nl := bytes.IndexByte(b, '\n')
		if nl < 0 {
			line, b = b, nil
		} else {
			line, b = b[:nl], b[nl+1:]
			sec.lines++
			if nl == 0 || line[nl-1] != '\r' {
				sec.bare++
			}
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			marks |= http.ObsFold
			if framingLine(http.TrimSpace(line)) {
				sec.doubt = true // who trims the line first has another field
			}
			if kept {
				h := &dst[len(dst)-1]
				sec.doubt = sec.doubt || framingName(h.Name)
				unfold(h, line)
			}
			continue
		}
		kept = false
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			marks |= http.BadHeader
			continue
		}
		name, value := line[:colon:colon], line[colon+1:]
		if c := name[colon-1]; c == ' ' || c == '\t' {
			marks |= http.BadHeader
			name = http.TrimSpace(name)
			if len(name) == 0 {
				continue
			}
			sec.doubt = sec.doubt || framingName(name)
		}
		for _, c := range name {
			if !tokens[c] {
				marks |= http.BadHeader
				sec.doubt = sec.doubt || c < ' ' || c == 0x7f
			}
		}
		if len(dst) == limit {
			sec.dropped++
			continue
		}
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		if n := len(value); n > 0 && (isSpace(value[0]) || isSpace(value[n-1])) {
			value = http.TrimSpace(value)
		}
		dst = append(dst, http.Header{Name: name, Value: value})
		kept = true
	}
	sec.marks = marks
	return dst, sec
}

// judge completes sec, of the lines of which head is the whole text: a line that ends as the others do not, a CR
// that is no line end and a NUL each end a line or a field for some readers and not for others.
func (sec *section) judge(head []byte) {
	if sec.bare > 0 {
		sec.marks |= http.BareLF
		sec.doubt = sec.doubt || sec.bare < sec.lines
	}
	if bytes.Count(head, []byte{'\r'}) > sec.lines-sec.bare {
		sec.marks |= http.BadHeader
		sec.doubt = true
	}
	if bytes.IndexByte(head, 0) >= 0 {
		sec.marks |= http.BadHeader
		sec.doubt = true
	}
}

// framingName is whether name says how content is delimited.
func framingName(name []byte) bool {
	switch len(name) {
	case len("content-length"):
		return http.EqualFold(name, "content-length")
	case len("transfer-encoding"):
		return http.EqualFold(name, "transfer-encoding")
	}
	return false
}

// framingLine is whether line is a field that says how content is delimited.
func framingLine(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte{':'})
	return ok && framingName(http.TrimSpace(name))
}

// unfold joins a folded line to the value before it, which stands somewhere before it in the same buffer: the
// line end and the white space between them become one space (RFC 9112 section 5.2).
func unfold(h *http.Header, line []byte) {
	line = http.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	if len(h.Value) == 0 {
		h.Value = line
		return
	}
	value := h.Value[:len(h.Value)+1+len(line)]
	value[len(h.Value)] = ' '
	copy(value[len(h.Value)+1:], line)
	h.Value = value
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
