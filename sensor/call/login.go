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
	path, query, _ := bytes.Cut(target, []byte("?"))
	path = bytes.TrimRight(path, "/")
	return loginWord(path[bytes.LastIndexByte(path, '/')+1:]) || bytes.Contains(query[:min(len(query), 64)], []byte("=login"))
}

func loginWord(last []byte) bool {
	var buf [64]byte
	return len(last) <= len(buf) && says(lower(buf[:0], last), loginWords)
}

// login takes what the exchange says of who asks to be let in, and what it hands out: session cookies, and the tokens
// of its response.
func (b *Builder) login(c *Call, ar *Arena, x *http.Exchange, texts *Texts) {
	login := texts != nil && MayLogin(x.Method, x.Target)
	if login {
		b.asked(c, ar, texts.sides[http.Request].b)
	}
	if texts != nil && len(x.Method) == 4 && !login {
		b.graphLogin(c, ar, texts.sides[http.Request].b)
	}
	if texts != nil && (login || b.loggedIn || asksCode(x) || asksSession(c, x)) {
		if b.rejects(c, x, texts.sides[http.Response].b) {
			c.Auth.Marks |= Rejected
		}
	}
	if !letIn(c, x) {
		return
	}
	for i := range x.Response.Headers {
		if x.Response.Lacks(http.SetCookie) {
			break
		}
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
	if key = fieldName(key); len(value) == 0 || len(key) > 48 {
		return
	}
	var buf [48]byte
	switch string(control(bytes.TrimRight(lower(buf[:0], key), "]"))) {
	case "username", "user", "login", "email", "user_name", "userid", "j_username", "uname", "loginid", "authuser", "loginname", "login_name",
		"useremail", "identifier", "emailaddress", "usr":
		if !l.user {
			b.userBuf = append(b.userBuf[:0], value...)
		}
		l.user = true
		if c.User == "" {
			c.User = b.clip(ar, value)
		}
	case "password", "pass", "passwd", "pwd", "j_password", "pw", "clearpass", "userpassword", "passphrase", "passcode":
		if !l.password {
			b.secretBuf = append(b.secretBuf[:0], value...)
		}
		l.password = true
	case "client_id", "clientid":
		l.client = b.clip(ar, value)
	case "grant_type", "granttype":
		c.Grant = UserGrant
		if string(value) == "client_credentials" {
			c.Grant = ClientCredentials
		}
	}
}

// fieldName is the last part of the name of a form's field, which tells what it is: Input.Password, user[password],
// and with the containers of Web Forms and JSF before it, mostly percent-encoded: ctl00$Main$txtUser, form:user.
func fieldName(key []byte) []byte {
	if i := bytes.LastIndexAny(key, ".[$:"); i >= 0 {
		key = key[i+1:]
	}
	key = bytes.TrimSuffix(bytes.TrimSuffix(key, []byte("%5D")), []byte("%5d"))
	if i := bytes.LastIndexByte(key, '%'); i >= 0 && len(key) > i+3 {
		switch string(key[i : i+3]) {
		case "%24", "%3A", "%3a", "%5B", "%5b":
			key = key[i+3:]
		}
	}
	return key
}

// control is a field's name in lower case without the sort of control that older toolkits put before it: txtUser.
func control(name []byte) []byte {
	for _, w := range [...]string{"txt", "tbx", "tb", "inp", "edt", "fld"} {
		if rest, ok := bytes.CutPrefix(name, []byte(w)); ok && len(rest) > 1 {
			return bytes.TrimLeft(rest, "_-")
		}
	}
	return name
}

// graphLogin reads who asks to log in by a GraphQL mutation whose variables hold a user and a password, in them or in
// an object among them.
func (b *Builder) graphLogin(c *Call, ar *Arena, body []byte) {
	head := body[:min(len(body), 2<<10)]
	if !bytes.Contains(head, []byte("mutation")) || !bytes.Contains(head, []byte("variables")) || !says(head, []string{"pass", "Pass", "pwd"}) {
		return
	}
	m, ok := object(body)
	if !ok {
		return
	}
	var l loginFields
	b.userBuf = b.userBuf[:0]
	named := false
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		switch string(key) {
		case "query":
			b.valueBuf = lower(b.valueBuf[:0], value[:min(len(value), 512)])
			named = says(b.valueBuf, []string{"login", "signin", "authenticate", "tokenauth", "tokencreate", "createtoken"})
		case "variables":
			if vars, ok := object(value); ok {
				b.graphFields(c, ar, vars, &l, 0)
			}
		}
	}
	if !named || !l.user || !l.password {
		if l.user {
			c.User = ""
		}
		return
	}
	b.loggedIn = true
	if c.Auth.Secret == 0 {
		c.Auth.password(b.userBuf, b.secretBuf)
	}
}

func (b *Builder) graphFields(c *Call, ar *Arena, m members, l *loginFields, depth int) {
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		if in, ok := object(value); ok {
			if depth == 0 {
				b.graphFields(c, ar, in, l, 1)
			}
			continue
		}
		b.valueBuf = text(b.valueBuf[:0], value)
		l.take(b, c, ar, key, b.valueBuf)
	}
}
