package http1

import (
	"bytes"

	"auscult/sensor/http"
)

// framing is how the content of a message is delimited.
type framing struct {
	phase  phase // idle: there is none
	length int64
	expect bool // the request waits for 100 (Continue)
	doubt  bool // another careful reader delimits it otherwise
	other  other
	at     int64 // where the other reading ends, if other is byLength
}

// other is how another reader than RFC 9112 section 6.3 would delimit a request.
type other uint8

const (
	same other = iota
	byLength
	byChunks
)

// frame finds how the content of side of r, a message of version v, is delimited, by RFC 9112 section 6.3, and how
// else it may be.
func (p *Parser) frame(r *record, side http.Side, v http.Version) framing {
	var f framing
	cl := lengths{first: -1, second: -1}
	var te transfer
	var host []byte
	m := r.Message(side)
	if m.Known != 0 && r.Marks&http.AbsoluteForm == 0 && m.Lacks(http.ContentLength|http.TransferEncoding|http.Expect) {
		return f // known headers name one host at most
	}
	for i := range m.Headers {
		h := &m.Headers[i]
		switch len(h.Name) {
		case len("host"):
			if side == http.Request && http.EqualFold(h.Name, "host") {
				if host != nil && !bytes.Equal(host, h.Value) {
					r.Marks |= http.HostConflict
				}
				host = h.Value
			}
		case len("expect"):
			f.expect = f.expect || http.EqualFold(h.Name, "expect")
		case len("content-length"):
			if http.EqualFold(h.Name, "content-length") {
				r.Marks |= cl.read(h.Value)
			}
		case len("transfer-encoding"):
			if http.EqualFold(h.Name, "transfer-encoding") {
				r.Marks |= te.read(h.Value)
			}
		}
	}
	if r.Marks&http.AbsoluteForm != 0 && side == http.Request && host != nil {
		if named := authority(r.Target); named != nil && !sameHost(named, host) {
			r.Marks |= http.HostConflict
		}
	}
	if te.fields > 0 && cl.first >= 0 {
		r.Marks |= http.TEAndCL
	}
	if side == http.Response && (string(r.Method) == "HEAD" || r.Status == 204 || r.Status == 304) {
		return f
	}
	f.doubt = cl.odd || te.odd || te.fields > 1 || te.fields > 0 && cl.first >= 0 ||
		te.fields > 0 && !te.chunked && side == http.Request || te.chunked && v < 11 ||
		r.Marks&http.HostConflict != 0 && side == http.Request
	switch {
	case te.chunked:
		// It overrides Content-Length. Wherever it stands in the list, and even in HTTP/1.0, who sends it means it.
		f.phase = chunkSize
	case te.coded && side == http.Response:
		f.phase = toEnd
	case cl.first > 0:
		f.phase, f.length = length, cl.first
	case cl.first < 0 && side == http.Response:
		f.phase = toEnd
	}
	switch {
	case te.chunked && cl.first >= 0:
		f.other, f.at = byLength, cl.first
	case te.fields > 0 && !te.chunked:
		f.other = byChunks
	case cl.second >= 0:
		f.other, f.at = byLength, cl.second
	}
	return f
}

// lengths are the first two different Content-Length values of a message; -1 for none.
type lengths struct {
	first, second int64
	odd           bool // readers differ about them
}

// read reads one Content-Length field. Of values that differ the first stands; one that is not a number is passed
// over.
func (l *lengths) read(value []byte) (marks http.Marks) {
	if len(value) == 0 {
		return http.BadHeader
	}
	for len(value) > 0 {
		var token []byte
		if bytes.IndexByte(value, ';') >= 0 {
			l.odd = true
		}
		token, value = http.NextToken(value)
		n, ok := number(token)
		switch {
		case !ok:
			marks |= http.BadHeader
			l.odd = true
		case l.first < 0:
			l.first = n
			l.odd = l.odd || n == most // what it is depends on the width of integers
		case l.first != n:
			l.second, l.odd = n, true
			marks |= http.DuplicateCL
		}
	}
	return marks
}

// transfer is what the Transfer-Encoding fields of a message say.
type transfer struct {
	fields         int
	chunked, coded bool
	odd            bool // chunked is not last, or not all readers would know it
}

// read reads one Transfer-Encoding field.
func (e *transfer) read(list []byte) (marks http.Marks) {
	e.fields++
	n := len(list)
	if n == 0 || list[0] == ',' || list[n-1] == ',' || bytes.IndexByte(list, ';') >= 0 {
		e.odd = true
	}
	for len(list) > 0 {
		var token []byte
		token, list = http.NextToken(list)
		e.odd = e.odd || e.chunked
		switch {
		case http.EqualFold(token, "chunked"):
			e.chunked = true
		case http.EqualFold(token, "gzip"), http.EqualFold(token, "x-gzip"), http.EqualFold(token, "deflate"):
			e.coded = true
		case len(token) > 0 && !http.EqualFold(token, "identity"):
			marks |= http.UnknownTE
			e.odd = true
		default:
			e.odd = true
		}
	}
	return marks
}

// most is a Content-Length too large for any body: it never ends.
const most = 1<<63 - 1

// number reads decimal digits. One too large for any body is the largest: the body never ends.
func number(b []byte) (int64, bool) {
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

// authority is the host and port of a target in absolute form, without user information; nil when it has none.
func authority(target []byte) []byte {
	scheme, b, _ := bytes.Cut(target, []byte("://"))
	if bytes.ContainsAny(scheme, "/?#") {
		return nil
	}
	if i := bytes.IndexAny(b, "/?#"); i >= 0 {
		b = b[:i]
	}
	return b[bytes.LastIndexByte(b, '@')+1:]
}

// sameHost is whether a and b name one host, but for case and the port that is meant anyway.
func sameHost(a, b []byte) bool {
	return bytes.EqualFold(withoutPort(a), withoutPort(b))
}

func withoutPort(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte(":80"))
	return bytes.TrimSuffix(b, []byte(":443"))
}
