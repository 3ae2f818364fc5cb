package http2

import (
	"encoding/binary"

	"auscult/sensor/http"
)

// isGRPC is whether the content of m is gRPC messages (gRPC over HTTP/2, "Content-Type").
func isGRPC(m *http.Message) bool {
	const name = "application/grpc"
	v := m.Get("content-type")
	if len(v) < len(name) || !http.EqualFold(v[:len(name)], name) {
		return false
	}
	return len(v) == len(name) || v[len(name)] == '+' || v[len(name)] == ';' || v[len(name)] == ' '
}

// status takes the outcome of a gRPC call from trailers, or from the headers of a response that has only those.
func (r *record) status(fields []http.Header) {
	for i := range fields {
		if !http.EqualFold(fields[i].Name, "grpc-status") {
			continue
		}
		// Codes above 16 are not assigned; clients take them, and what is no number, as unknown.
		code := 0
		for _, c := range fields[i].Value {
			if c < '0' || c > '9' || code > 255 {
				code = 256
				break
			}
			code = code*10 + int(c-'0')
		}
		if code <= 16 && len(fields[i].Value) > 0 {
			r.x.GRPC = http.GRPC(code + 2)
		}
		return
	}
}

// counter counts length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message").
type counter struct {
	left int64 // bytes of the message under way
	head [5]byte
	have uint8 // bytes of head
	lost bool  // out of step
}

// count takes the next bytes of content and returns how many messages begin in them.
func (c *counter) count(b []byte) (n int64) {
	for len(b) > 0 && !c.lost {
		if c.left > 0 {
			m := min(int64(len(b)), c.left)
			c.left -= m
			b = b[m:]
			continue
		}
		m := copy(c.head[c.have:], b)
		b = b[m:]
		if c.have += uint8(m); c.have == 5 {
			c.have, c.left = 0, int64(binary.BigEndian.Uint32(c.head[1:]))
			c.lost = c.head[0] > 1 // no such flag: this is not gRPC
			if !c.lost {
				n++
			}
		}
	}
	return n
}

// miss passes over n lost bytes.
func (c *counter) miss(n int64) {
	if n > c.left {
		c.lost = true
		return
	}
	c.left -= n
}
