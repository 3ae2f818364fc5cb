package call

import (
	"bytes"

	"auscult/sensor/http"
)

// maxLogin bounds the bytes kept of each body of a login, which are small.
const maxLogin = 8 << 10

// LoginBodies keeps the beginnings of the two bodies of an authentication exchange, for Build to read who logged
// in and which token was handed out. It belongs to one exchange at a time and is used again after Reset.
type LoginBodies struct {
	bodies [2]loginBody
}

type loginBody struct{ b []byte }

// Scan keeps the first bytes of the body.
func (l *loginBody) Scan(b []byte) {
	l.b = append(l.b, b[:min(len(b), maxLogin-len(l.b))]...)
}

// Close has nothing to do: what is cut off does not parse.
func (l *loginBody) Close(bool) {}

// Side is the scanner of one body.
func (l *LoginBodies) Side(s http.Side) http.Scanner { return &l.bodies[s] }

// Reset forgets both bodies.
func (l *LoginBodies) Reset() {
	l.bodies[0].b, l.bodies[1].b = l.bodies[0].b[:0], l.bodies[1].b[:0]
}

// loginWords are looked for in the last segment of a path.
var loginWords = []string{"login", "signin", "sign-in", "logon", "token", "session", "auth", "security_check"}

// MayLogin is whether an exchange with that target may be a login, so that its bodies are worth keeping.
func MayLogin(method, target []byte) bool {
	if string(method) != "POST" && string(method) != "PUT" {
		return false
	}
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	last := target[bytes.LastIndexByte(target, '/')+1:]
	var buf [64]byte
	if len(last) > len(buf) {
		return false
	}
	low := lower(buf[:0], last)
	for _, w := range loginWords {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

// login takes what the exchange hands out: session cookies, and the tokens of a login's response.
func (b *Builder) login(c *Call, ar *Arena, x *http.Exchange, bodies *LoginBodies) {
	if !letIn(c, x) {
		return
	}
	for i := range x.Response.Headers {
		h := &x.Response.Headers[i]
		if len(h.Name) == 10 && http.EqualFold(h.Name, "set-cookie") {
			b.setCookie(h.Value)
		}
	}
	if bodies == nil {
		return
	}
	b.asked(c, ar, bodies.bodies[http.Request].b)
	b.handed(bodies.bodies[http.Response].b)
}

// letIn is whether the response can be a success: a form's login answers with a redirect, and one that failed
// mostly leads back to itself.
func letIn(c *Call, x *http.Exchange) bool {
	if c.Status < 300 {
		return c.OK()
	}
	to := x.Response.Get("location")
	for _, w := range [...]string{"error", "fail", "login", "denied", "invalid"} {
		if bytes.Contains(to, []byte(w)) {
			return false
		}
	}
	return c.Status < 400
}

// maxIssued bounds the credentials of one response.
const maxIssued = 8

func (b *Builder) issue(credential []byte) {
	if len(credential) >= 8 && len(b.issued) < maxIssued {
		b.issued = append(b.issued, TokenHash(credential))
	}
}

// setCookie reads a Set-Cookie field (RFC 6265 section 4.1.1) that sets a session.
func (b *Builder) setCookie(value []byte) {
	pair, _, _ := bytes.Cut(value, []byte(";"))
	name, v, ok := bytes.Cut(bytes.TrimSpace(pair), []byte("="))
	v = bytes.Trim(v, "\"")
	if ok && (b.sessionName(name) || sessionShape(name, v)) {
		b.issue(v)
	}
}

// asked reads who asks to log in, in a form or in JSON.
func (b *Builder) asked(c *Call, ar *Arena, body []byte) {
	var l loginFields
	if m, ok := object(body); ok {
		for key, value, ok := m.next(); ok; key, value, ok = m.next() {
			b.valueBuf = text(b.valueBuf[:0], value)
			l.take(b, c, ar, key, b.valueBuf)
		}
	} else {
		for rest := body; len(rest) > 0; {
			pair, after, _ := bytes.Cut(rest, []byte("&"))
			rest = after
			key, value, _ := bytes.Cut(pair, []byte("="))
			l.take(b, c, ar, key, decoded(&b.valueBuf, value))
		}
	}
	b.loggedIn = l.user && l.password
	if c.User == "" && c.Grant == ClientCredentials {
		c.User = l.client
	}
}

type loginFields struct {
	user, password bool
	client         string
}

func (l *loginFields) take(b *Builder, c *Call, ar *Arena, key, value []byte) {
	if len(value) == 0 {
		return
	}
	switch string(key) {
	case "username", "user", "login", "email", "userName", "user_name", "userId", "j_username", "uname", "loginId":
		l.user = true
		if c.User == "" {
			c.User = b.clip(ar, value)
		}
	case "password", "pass", "passwd", "pwd", "j_password":
		l.password = true
	case "client_id", "clientId":
		l.client = b.clip(ar, value)
	case "grant_type", "grantType":
		c.Grant = UserGrant
		if string(value) == "client_credentials" {
			c.Grant = ClientCredentials
		}
	}
}

// handed reads the tokens of the response (RFC 6749 section 5.1, and what applications call theirs).
func (b *Builder) handed(body []byte) {
	m, ok := object(body)
	if !ok {
		return
	}
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		switch string(key) {
		case "access_token", "accessToken", "token", "id_token", "session", "sessionId", "session_id", "jwt", "authToken":
			b.valueBuf = text(b.valueBuf[:0], value)
			b.issue(b.valueBuf)
		}
	}
}
