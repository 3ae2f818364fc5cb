package call

import (
	"bytes"

	"auscult/sensor/exposure"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// maxBanner bounds a Server field and an Origin, in bytes.
const maxBanner = 64

// answer reads what the response shows beside health data: its head, the beginning of its body, and the names in it.
func (b *Builder) answer(c *Call, ar *Arena, x *http.Exchange, t *Texts, resp *phi.Report, reading *Reading) {
	a := &c.Answer
	if t != nil {
		if body := t.sides[http.Response].b; len(body) > 0 {
			a.Shown = exposure.Read(c.Status, c.ContentType, body)
		}
	}
	if resp != nil && c.OK() {
		var shared bool
		switch {
		case reading != nil && reading.props != nil:
			a.Props = reading.props
		default:
			if a.Props, shared = b.props(ar, c.Endpoint, resp.Props()); shared && reading != nil {
				reading.props = a.Props
			}
		}
	}
	if x.Response.Lacks(http.Server | http.PoweredBy | http.AllowOrigin | http.AllowCredentials | http.RateLimits) {
		return
	}
	var allowed, credents []byte
	for i := range x.Response.Headers {
		h := &x.Response.Headers[i]
		switch len(h.Name) {
		case 6:
			if http.EqualFold(h.Name, "server") {
				banner(a, ar, h.Value)
			}
		case 12:
			if http.EqualFold(h.Name, "x-powered-by") {
				banner(a, ar, h.Value)
			}
		case 27:
			if http.EqualFold(h.Name, "access-control-allow-origin") {
				allowed = h.Value
			}
		case 32:
			if http.EqualFold(h.Name, "access-control-allow-credentials") {
				credents = h.Value
			}
		}
		if len(h.Name) > 8 && !a.Limited {
			switch h.Name[0] | 0x20 {
			case 'r', 'x':
				a.Limited = limits(h.Name)
			}
		}
	}
	if len(allowed) == 0 {
		return
	}
	origin := x.Request.Get("origin")
	switch {
	case string(allowed) == "*":
		a.CORS = AnyOrigin
	case string(allowed) == "null":
		a.CORS = NullOrigin
	case len(origin) > 0 && bytes.Equal(allowed, origin) && !own(c.Host, origin):
		a.CORS = Reflected
	default:
		return
	}
	if http.EqualFold(bytes.TrimSpace(credents), "true") {
		a.CORS |= WithCredents
	}
	a.Origin = ar.bytes(origin[:min(len(origin), maxBanner)])
}

// banner keeps the first name of a product with its version.
func banner(a *Answer, ar *Arena, value []byte) {
	if a.Banner == "" && hasDigit(value) {
		a.Banner = ar.bytes(value[:min(len(value), maxBanner)])
	}
}

// limits is whether a header of a response says a limit on the rate of requests (RFC 6585 section 4, and the RateLimit
// fields of IETF httpapi).
func limits(name []byte) bool {
	if name[0]|0x20 == 'x' && name[1] == '-' {
		name = name[2:]
	}
	return len(name) >= 9 && (http.EqualFold(name[:9], "ratelimit") || http.EqualFold(name, "retry-after") ||
		len(name) >= 10 && http.EqualFold(name[:10], "rate-limit"))
}

// own is whether an origin is that of host, whatever the scheme and port.
func own(host string, origin []byte) bool {
	_, rest, ok := bytes.Cut(origin, []byte("://"))
	if !ok {
		return false
	}
	return bytes.EqualFold([]byte(hostName(host)), []byte(hostName(string(rest))))
}
