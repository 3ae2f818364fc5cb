package call

import (
	"bytes"
	"encoding/base64"
	"net/netip"
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

// AddressKey is the Key of the Principal that an address is.
func AddressKey(ip netip.Addr) uint64 {
	var buf [48]byte
	return principalKey(Address, nil, ip.AppendTo(buf[:0]))
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
