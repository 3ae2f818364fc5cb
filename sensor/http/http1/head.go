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

// fields reads header or trailer lines from b, which it may rewrite, onto dst, at most most of them.
func fields(dst []http.Header, b []byte, most int) (headers []http.Header, marks http.Marks, dropped int) {
	kept := false // the line before was a header that was kept, and may be folded
	for len(b) > 0 {
		var line []byte
		nl := bytes.IndexByte(b, '\n')
		if nl < 0 {
			line, b = b, nil
		} else {
			line, b = b[:nl], b[nl+1:]
			if nl == 0 || line[nl-1] != '\r' {
				marks |= http.BareLF
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
			if kept {
				unfold(&dst[len(dst)-1], line)
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
		}
		if len(dst) == most {
			dropped++
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
	return dst, marks, dropped
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
