package http1

import "auscult/sensor/http"

// framing is how the content of a message is delimited.
type framing struct {
	phase  phase // idle: there is none
	length int64
	expect bool // the request waits for 100 (Continue)
}

// frame finds how the content of r is delimited, by RFC 9112 section 6.3.
func (p *Parser) frame(r *record, side http.Side) framing {
	var f framing
	cl := int64(-1)
	var chunked, coded bool
	m := r.Message(side)
	for i := range m.Headers {
		h := &m.Headers[i]
		switch len(h.Name) {
		case len("expect"):
			f.expect = f.expect || http.EqualFold(h.Name, "expect")
		case len("content-length"):
			if http.EqualFold(h.Name, "content-length") {
				cl = contentLength(r, cl, h.Value)
			}
		case len("transfer-encoding"):
			if !http.EqualFold(h.Name, "transfer-encoding") {
				continue
			}
			for list := h.Value; len(list) > 0; {
				var token []byte
				token, list = http.NextToken(list)
				switch {
				case http.EqualFold(token, "chunked"):
					chunked = true
				case http.EqualFold(token, "gzip"), http.EqualFold(token, "x-gzip"), http.EqualFold(token, "deflate"):
					coded = true
				case len(token) > 0 && !http.EqualFold(token, "identity"):
					r.Marks |= http.UnknownTE
				}
			}
		}
	}
	if (chunked || coded) && cl >= 0 {
		r.Marks |= http.TEAndCL
	}
	if side == http.Response && (string(r.Method) == "HEAD" || r.Status == 204 || r.Status == 304) {
		return f
	}
	switch {
	case chunked:
		// It overrides Content-Length. Wherever it stands in the list, and even in HTTP/1.0, who sends it means it.
		f.phase = chunkSize
	case coded && side == http.Response:
		f.phase = toEnd
	case cl > 0:
		f.phase, f.length = length, cl
	case cl < 0 && side == http.Response:
		f.phase = toEnd
	}
	return f
}

// contentLength reads one Content-Length value beside was, the one before it or -1. Of values that differ the
// first stands; one that is not a number is passed over.
func contentLength(r *record, was int64, value []byte) int64 {
	for len(value) > 0 {
		var token []byte
		token, value = http.NextToken(value)
		n, ok := number(token)
		switch {
		case !ok:
			r.Marks |= http.BadHeader
		case was < 0:
			was = n
		case was != n:
			r.Marks |= http.DuplicateCL
		}
	}
	return was
}

// number reads decimal digits. One too large for any body is the largest: the body never ends.
func number(b []byte) (int64, bool) {
	const most = 1<<63 - 1
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (most-9)/10 {
			n = most
			continue
		}
		if n != most {
			n = n*10 + int64(c-'0')
		}
	}
	return n, len(b) > 0
}
