package http2

import (
	"bytes"

	"auscult/sensor/http"
)

// check takes the pseudo-header fields out of the headers of m and marks what RFC 9113 section 8 forbids: proxies
// that pass it on to HTTP/1 give the server another request than they judged.
func (s *section) check(x *http.Exchange, side http.Side, m *http.Message, h *half) {
	const method, path, scheme, authority, status, protocol = 1, 2, 4, 8, 16, 32
	var seen int
	var host []byte
	regular := false
	kept := m.Headers[:0]
	for _, f := range m.Headers {
		s.marks |= checkField(&f)
		if len(f.Name) == 0 || f.Name[0] != ':' {
			regular = true
			if string(f.Name) == "host" && host != nil {
				if bytes.Equal(f.Value, host) {
					continue
				}
				s.marks |= http.Ambiguous // which of the two a server takes differs (RFC 9113 section 8.3.1)
			}
			s.marks |= h.known(&f)
			kept = append(kept, f)
			continue
		}
		if regular {
			s.marks |= http.BadHeader
		}
		bit := 0
		switch string(f.Name) {
		case ":method":
			bit, x.Method = method, first(x.Method, f.Value)
		case ":path":
			bit, x.Target = path, first(x.Target, f.Value)
			s.marks |= checkTarget(f.Value)
		case ":scheme":
			bit = scheme
		case ":authority":
			bit, host = authority, f.Value
			kept = append(kept, http.Header{Name: hostName, Value: f.Value})
		case ":protocol": // RFC 8441
			bit = protocol
			kept = append(kept, f)
		case ":status":
			bit = status
		default:
			kept = append(kept, f)
		}
		if bit == 0 || (bit == status) != (side == http.Response) {
			s.marks |= http.BadHeader
		}
		if seen&bit != 0 {
			s.marks |= http.BadHeader | http.Ambiguous
		}
		seen |= bit
	}
	m.Headers = kept
	var need int
	switch {
	case s.broken || s.over || s.marks&http.HeaderState != 0: // what is missing may have been there
	case side == http.Response:
		need = status
	case string(x.Method) == "CONNECT" && seen&protocol == 0:
		need = method | authority
	default:
		need = method | path | scheme
	}
	if seen&need != need || side == http.Response && need != 0 && x.Status == 0 {
		s.marks |= http.BadHeader
	}
	if string(x.Method) == "CONNECT" && side == http.Request && len(x.Target) == 0 {
		x.Target = host
	}
}

// first is old, or value if there is no old.
func first(old, value []byte) []byte {
	if len(old) > 0 {
		return old
	}
	return value
}

// known reads the fields that mean something to the framing, and marks those that belong to HTTP/1 connections
// (RFC 9113 section 8.2.2).
func (h *half) known(f *http.Header) http.Marks {
	switch string(f.Name) {
	case "connection", "proxy-connection", "keep-alive", "upgrade":
		return http.BadHeader
	case "transfer-encoding":
		return http.BadHeader | http.Ambiguous
	case "te":
		if !http.EqualFold(f.Value, "trailers") {
			return http.BadHeader
		}
	case "content-length":
		n := int64(0)
		for _, c := range f.Value {
			if c < '0' || c > '9' || n > 1<<58 {
				return http.BadHeader | http.Ambiguous
			}
			n = n*10 + int64(c-'0')
		}
		if len(f.Value) == 0 {
			return http.BadHeader | http.Ambiguous
		}
		if h.length != 0 && h.length != n+1 {
			return http.DuplicateCL | http.Ambiguous
		}
		h.length = n + 1
	}
	return 0
}

// checkField looks for bytes that may not be in a field (RFC 9113 section 8.2.1), and trims its value.
func checkField(f *http.Header) (marks http.Marks) {
	for i, c := range f.Name {
		switch {
		case 'A' <= c && c <= 'Z', c >= 0x7f:
			marks |= http.BadHeader
		case c <= ' ', c == ':' && i > 0:
			marks |= http.BadHeader | http.Ambiguous
		}
	}
	if len(f.Name) == 0 {
		marks |= http.BadHeader
	}
	for _, c := range f.Value {
		if c <= '\r' && (c == 0 || c == '\n' || c == '\r') {
			marks |= http.BadHeader | http.Ambiguous
		}
	}
	if n := len(f.Value); n > 0 && (isBlank(f.Value[0]) || isBlank(f.Value[n-1])) {
		marks |= http.BadHeader
		f.Value = http.TrimSpace(f.Value)
	}
	return marks
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// checkTarget looks for what would end the target in a request line.
func checkTarget(b []byte) http.Marks {
	if len(b) == 0 {
		return http.BadHeader
	}
	if bytes.IndexByte(b, ' ') >= 0 || bytes.IndexByte(b, '\t') >= 0 {
		return http.SpaceInTarget | http.Ambiguous
	}
	return 0
}
