package call

import (
	"bytes"

	"auscult/sensor/http"
)

// credentials are what a request offers to prove who sends it, borrowed from the exchange or its query.
type credentials struct {
	custom  []byte
	bearer  []byte // Authorization: Bearer, or access_token in the query
	cookie  []byte // a cookie that is a JWT
	session []byte
	shape   []byte // a cookie that looks like a session without a known name
	key     []byte
	basic   []byte // base64

	bearerInURL, sessionInURL, keyInURL bool
	anyInURL                            bool // one that names nobody: a password, a signature
	other                               bool // an Authorization of another scheme

	certificate string // subject of the client's certificate
}

// gather finds the credentials in the headers, in one pass, and the other headers that a Call keeps.
func (b *Builder) gather(c *Call, ar *Arena, x *http.Exchange, who *credentials) (forwarded []byte) {
	custom := b.customHeader()
	for i := range x.Request.Headers {
		h := &x.Request.Headers[i]
		if len(h.Value) == 0 {
			continue
		}
		if custom != "" && http.EqualFold(h.Name, custom) && who.custom == nil {
			who.custom = h.Value
		}
		switch len(h.Name) {
		case 6:
			if http.EqualFold(h.Name, "cookie") {
				b.cookies(ar, h.Value, who)
				continue
			}
		case 7:
			if http.EqualFold(h.Name, "referer") {
				b.headerArg(ar, h)
				continue
			}
		case 9:
			if http.EqualFold(h.Name, "forwarded") && c.Forwarded == "" {
				c.Forwarded = ar.bytes(h.Value)
				continue
			}
		case 10:
			if http.EqualFold(h.Name, "user-agent") {
				if c.UserAgent == "" {
					c.UserAgent = ar.bytes(h.Value)
				}
				b.headerArg(ar, h)
				continue
			}
		case 13:
			if http.EqualFold(h.Name, "authorization") {
				authorization(h.Value, who)
				continue
			}
			if http.EqualFold(h.Name, "x-api-version") {
				b.headerArg(ar, h)
				continue
			}
		case 15:
			if http.EqualFold(h.Name, "x-forwarded-for") && forwarded == nil {
				forwarded = h.Value
				c.Forwarded = ar.bytes(h.Value)
				b.headerArg(ar, h)
				continue
			}
			if http.EqualFold(h.Name, "accept-language") {
				b.headerArg(ar, h)
				continue
			}
		case 16:
			if http.EqualFold(h.Name, "x-forwarded-host") {
				b.headerArg(ar, h)
				continue
			}
			fallthrough
		case 14:
			if purposeHeader(h.Name) {
				c.Auth.purpose(ar, h.Value)
				continue
			}
		}
		if space := b.patientHeader(h.Name); space != nobody {
			b.add(c, ar, space, h.Name, h.Value, InHeader, false)
		}
		if who.key == nil && b.keyHeader(h.Name) {
			if looksJWT(h.Value) && who.bearer == nil {
				who.bearer = h.Value
				continue
			}
			who.key = h.Value
		}
	}
	return forwarded
}

// purposeHeader is whether a header says the purpose of use, or that the glass is broken.
func purposeHeader(name []byte) bool {
	for _, p := range [...]string{"x-purpose-of-use", "purpose-of-use", "x-purposeofuse"} {
		if http.EqualFold(name, p) {
			return true
		}
	}
	return false
}

// patientHeader is the name space of the patient that a header names (X-Patient-Id, Patient-MRN), nobody for others.
func (b *Builder) patientHeader(name []byte) nameSpace {
	if len(name) > 2 && name[1] == '-' && name[0]|0x20 == 'x' {
		name = name[2:]
	}
	for _, start := range patientHeaders {
		if len(name) >= len(start) && http.EqualFold(name[:len(start)], start) {
			if space := b.words.of(name).space; space == patient || space == business {
				return space
			}
		}
	}
	return nobody
}

// patientHeaders are what the names of such headers begin with.
var patientHeaders = [...]string{"patient", "mrn", "uhid", "abha"}

func (b *Builder) keyHeader(name []byte) bool {
	for _, k := range b.keyHeaders {
		if http.EqualFold(name, k) {
			return true
		}
	}
	return false
}

// pathCredentials takes those in the path.
func (b *Builder) pathCredentials(r *Route, who *credentials) {
	if len(r.Session) > 0 {
		who.anyInURL = true
		if who.session == nil {
			who.session, who.sessionInURL = r.Session, true
		}
	}
	for i := range r.IDs {
		if v := r.IDs[i].Value; looksJWT(v) {
			who.anyInURL = true
			if who.bearer == nil {
				who.bearer = v
			}
		}
	}
}

// authorization reads an Authorization field (RFC 9110 section 11.6.2).
func authorization(value []byte, who *credentials) {
	scheme, rest, ok := bytes.Cut(value, []byte(" "))
	rest = bytes.TrimSpace(rest)
	if !ok || len(rest) == 0 {
		return
	}
	switch {
	case http.EqualFold(scheme, "basic"):
		who.basic = rest
	case http.EqualFold(scheme, "bearer"), http.EqualFold(scheme, "token"), http.EqualFold(scheme, "dpop"), http.EqualFold(scheme, "jwt"):
		who.bearer = rest
	case http.EqualFold(scheme, "apikey"), http.EqualFold(scheme, "api-key"):
		who.key = rest
	default:
		who.other = true
	}
}

// cookies reads a Cookie field (RFC 6265 section 4.2.1). Configured and known names go before what only looks
// like a session.
func (b *Builder) cookies(ar *Arena, value []byte, who *credentials) {
	odd := tellingHeader(value)
	for len(value) > 0 {
		pair := value
		if i := bytes.IndexByte(value, ';'); i >= 0 {
			pair, value = value[:i], value[i+1:]
		} else {
			value = nil
		}
		name, v, ok := bytes.Cut(bytes.TrimSpace(pair), []byte("="))
		v = bytes.Trim(v, "\"")
		if !ok || len(v) == 0 {
			continue
		}
		if odd && tellingHeader(v) {
			b.put(ar, InHeader, name, decodedPath(&b.valueBuf, v), String)
		}
		switch {
		case len(v) > 40 && v[0] == 'e' && v[1] == 'y' && bytes.Count(v, []byte(".")) == 2:
			if who.cookie == nil {
				who.cookie = v
			}
		case b.sessionName(name):
			if who.session == nil {
				who.session = v
			}
		case who.shape == nil && sessionShape(name, v):
			who.shape = v
		}
	}
}

// knownSessions are the cookies of servers and frameworks, in lower case.
var knownSessions = []string{"jsessionid", "phpsessid", "asp.net_sessionid", ".aspxauth", ".aspnet.applicationcookie",
	".aspnetcore.session", ".aspnetcore.cookies", "connect.sid", "sessionid", "session", "session_id", "sid", "laravel_session",
	"ci_session", "cfid", "_session_id", "koa.sess", "openmrs_session", "beaker.session.id", "__host-session", "__secure-session"}

func (b *Builder) sessionName(name []byte) bool {
	for _, s := range b.cookieNames {
		if http.EqualFold(name, s) {
			return true
		}
	}
	for _, s := range knownSessions {
		if http.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// sessionShape is whether a cookie of unknown name is a session: a word for one in the name, and a long random
// value. Tokens against forged requests are not: they come and go within one session.
func sessionShape(name, value []byte) bool {
	if len(value) < 16 || len(name) > 64 || !hasDigit(value) {
		return false
	}
	var buf [64]byte
	low := lower(buf[:0], name)
	if bytes.Contains(low, []byte("csrf")) || bytes.Contains(low, []byte("xsrf")) {
		return false
	}
	for _, w := range [...]string{"sess", "sid", "auth", "token", "login", "jwt"} {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

// credential takes a credential in the query.
func (b *Builder) credential(r *Route, key, value []byte, who *credentials) bool {
	found, token := inURL(key, looksJWT(value))
	if found && looksJWT(value) || string(key) == "access_token" {
		if who.bearer == nil {
			b.tokenBuf = append(b.tokenBuf[:0], value...)
			who.bearer, who.bearerInURL = b.tokenBuf, true
		}
		return true
	}
	for _, p := range b.keyParams {
		if http.EqualFold(key, p) {
			if who.key == nil {
				b.secretBuf = append(b.secretBuf[:0], value...)
				who.key, who.keyInURL = b.secretBuf, true
			}
			return true
		}
	}
	if !found {
		return false
	}
	who.anyInURL = true
	// A short one is a word, and one that resets a password is nobody's session.
	if token && len(value) >= 16 && hasDigit(value) && r.Words&(Reset|Login) == 0 && who.session == nil {
		b.sessionBuf = append(b.sessionBuf[:0], value...)
		who.session, who.sessionInURL = b.sessionBuf, true
	}
	return true
}
