package call

import (
	"bytes"

	"auscult/sensor/http"
)

// loginWords are looked for in the last segment of a path.
var loginWords = []string{"login", "signin", "sign-in", "logon", "token", "session", "auth", "security_check", "refresh"}

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

// login takes what the exchange says of who asks to be let in, and what it hands out: session cookies, and the tokens
// of its response.
func (b *Builder) login(c *Call, ar *Arena, x *http.Exchange, texts *Texts) {
	login := texts != nil && MayLogin(x.Method, x.Target)
	if login {
		b.asked(c, ar, texts.sides[http.Request].b)
	}
	if login || b.loggedIn || texts != nil && asksCode(x) {
		var body []byte
		if texts != nil {
			body = texts.sides[http.Response].b
		}
		if b.rejects(c, x, body) {
			c.Auth.Marks |= Rejected
		}
	}
	if !letIn(c, x) {
		return
	}
	for i := range x.Response.Headers {
		h := &x.Response.Headers[i]
		if len(h.Name) == 10 && http.EqualFold(h.Name, "set-cookie") {
			b.setCookie(ar, h.Value)
		}
	}
	if texts != nil {
		b.answered(ar, texts.sides[http.Response].b, login, false)
	}
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
func (b *Builder) setCookie(ar *Arena, value []byte) {
	pair, rest, _ := bytes.Cut(value, []byte(";"))
	name, v, ok := bytes.Cut(bytes.TrimSpace(pair), []byte("="))
	v = bytes.Trim(v, "\"")
	if !ok {
		return
	}
	session := b.sessionName(name) || sessionShape(name, v)
	if session {
		b.issue(v)
	}
	if session || sessionWord(name) || looksJWT(v) {
		b.hand(ar, name, v, cookieMarks(rest))
	}
}

// asked reads who asks to log in, in a form or in JSON.
func (b *Builder) asked(c *Call, ar *Arena, body []byte) {
	var l loginFields
	b.userBuf = b.userBuf[:0]
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
	if l.password && c.Auth.Secret == 0 {
		c.Auth.password(b.userBuf, b.secretBuf)
	}
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
		if !l.user {
			b.userBuf = append(b.userBuf[:0], value...)
		}
		l.user = true
		if c.User == "" {
			c.User = b.clip(ar, value)
		}
	case "password", "pass", "passwd", "pwd", "j_password":
		if !l.password {
			b.secretBuf = append(b.secretBuf[:0], value...)
		}
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
