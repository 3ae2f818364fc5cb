package call

import (
	"bytes"
	"encoding/base64"
	"net/netip"

	"auscult/sensor/http"
)

// Strengths: how surely a kind of credential is one person.
const (
	strengthCustom  = 95
	strengthMTLS    = 92
	strengthJWT     = 90
	strengthSAML    = 70 // the user of a SAML assertion, whose signature nobody checked
	strengthBasic   = 85
	strengthSession = 80
	strengthUser    = 88 // a session whose user a login told
	strengthKey     = 50
	strengthAddress = 20
	strengthShared  = 10
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
			if http.EqualFold(h.Name, "user-agent") && c.UserAgent == "" {
				c.UserAgent = ar.bytes(h.Value)
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

// principal decides who made the call from its credentials, surest first.
func (b *Builder) principal(c *Call, ar *Arena, who *credentials, forwarded []byte) {
	p, a := &c.Principal, &c.Auth
	user, password, basic := b.basicPair(who.basic)
	switch {
	case who.custom != nil:
		a.Scheme = OtherScheme
		b.is(p, ar, Custom, strengthCustom, nil, who.custom, TokenHash(who.custom))
	case who.certificate != "":
		a.Scheme = Certificate
		b.tokenBuf = append(b.tokenBuf[:0], who.certificate...)
		b.is(p, ar, MTLS, strengthMTLS, nil, b.tokenBuf, TokenHash(b.tokenBuf))
	case b.jwt(c, ar, who.bearer):
		a.Scheme = Bearer
	case b.jwt(c, ar, who.cookie):
		a.Scheme = Cookie
	case who.session != nil:
		a.Scheme = Cookie
		b.is(p, ar, Session, strengthSession, nil, who.session, TokenHash(who.session))
	case who.shape != nil:
		a.Scheme = Cookie
		b.is(p, ar, Session, strengthSession, nil, who.shape, TokenHash(who.shape))
	case who.key != nil:
		a.Scheme = KeyHeader
		if who.keyInURL {
			a.Scheme = KeyQuery
		}
		b.is(p, ar, APIKey, strengthKey, nil, who.key, TokenHash(who.key))
	case basic:
		a.Scheme = BasicAuth
		b.is(p, ar, Basic, strengthBasic, nil, user, TokenHash(who.basic))
	case who.bearer != nil:
		a.Scheme = Bearer
		b.is(p, ar, Session, strengthSession, nil, who.bearer, TokenHash(who.bearer))
	case len(b.message.user) > 0:
		a.Scheme = OtherScheme
		b.is(p, ar, Custom, strengthSAML, b.message.issuer, b.message.user, TokenHash(b.message.user))
	default:
		if who.other || who.anyInURL {
			a.Scheme = OtherScheme
		}
		b.address(p, ar, c, forwarded)
	}
	if basic {
		a.password(user, password)
	}
	if who.bearer != nil && who.bearerInURL || who.sessionInURL || who.keyInURL || who.anyInURL {
		a.Marks |= InURL
	}
	if a.Scheme == Bearer && p.Kind != JWT && b.notJWT(who.bearer) {
		a.Marks |= Malformed
	}
	a.purpose(ar, b.message.purpose)
	p.Service = p.Service || b.services[p.ID] || p.Client != "" && b.services[p.Client]
}

func (b *Builder) is(p *Principal, ar *Arena, kind PrincipalKind, strength uint8, issuer, id []byte, token uint64) {
	*p = Principal{
		Key: principalKey(kind, issuer, id), Kind: kind, ID: b.clip(ar, id), Issuer: ar.bytes(issuer),
		Strength: strength, Token: token,
	}
}

// jwt fills the principal from a token that is a JWT.
func (b *Builder) jwt(c *Call, ar *Arena, token []byte) bool {
	p := &c.Principal
	if token == nil {
		return false
	}
	claims := b.memo.Claims(token)
	if claims == nil {
		if bytes.HasPrefix(token, []byte("eyJ")) {
			b.Stats.BadTokens++
		}
		return false
	}
	b.is(p, ar, JWT, strengthJWT, claims.Issuer, claims.Subject, claims.Hash)
	p.Client = ar.bytes(claims.Client)
	p.Role = ar.bytes(claims.Role)
	p.Scope = ar.bytes(claims.Scope)
	p.Expires = claims.Expires
	p.Service = claims.Service
	c.Auth.claimed(ar, claims, c.Start)
	if len(claims.Patient) > 0 {
		p.Patient = PatientKey(claims.Patient)
	}
	return true
}

// basicPair is the user and password of Basic credentials (RFC 7617), valid until the next call; not ok without a
// user.
func (b *Builder) basicPair(basic []byte) (user, password []byte, ok bool) {
	n := base64.StdEncoding.DecodedLen(len(basic))
	if len(basic) == 0 || n > 1024 {
		return nil, nil, false
	}
	if cap(b.userBuf) < n {
		b.userBuf = make([]byte, n, 1024)
	}
	b.userBuf = b.userBuf[:n]
	n, err := base64.StdEncoding.Decode(b.userBuf, basic)
	if err != nil {
		return nil, nil, false
	}
	user, password, _ = bytes.Cut(b.userBuf[:n], []byte(":"))
	return user, password, len(user) > 0
}

// address makes the client's address the principal: the connection's, or behind trusted proxies the last one in
// X-Forwarded-For that is none of them.
func (b *Builder) address(p *Principal, ar *Arena, c *Call, forwarded []byte) {
	ip := c.Client.Addr.IP()
	for len(forwarded) > 0 && b.trusted(ip) {
		last := forwarded
		if i := bytes.LastIndexByte(forwarded, ','); i >= 0 {
			last, forwarded = forwarded[i+1:], forwarded[:i]
		} else {
			forwarded = nil
		}
		next, ok := parseAddr(bytes.TrimSpace(last))
		if !ok {
			break
		}
		ip = next
	}
	var buf [48]byte
	id := ip.AppendTo(buf[:0])
	*p = Principal{Key: principalKey(Address, nil, id), Kind: Address, ID: ar.bytes(id), Strength: strengthAddress}
}

// parseAddr reads an address as X-Forwarded-For has it, with a port perhaps.
func parseAddr(s []byte) (netip.Addr, bool) {
	if len(s) == 0 || len(s) > 64 {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(string(s)); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if a, err := netip.ParseAddrPort(string(s)); err == nil {
		return a.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func (b *Builder) trusted(a netip.Addr) bool {
	for _, p := range b.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
