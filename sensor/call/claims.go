package call

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"auscult/sensor/clock"
)

// Claims is what a JSON Web Token (RFC 7519, RFC 9068) says of its bearer. Nothing is verified: a sensor that
// does not hold the keys can only believe the server that answered. Its slices belong to it.
type Claims struct {
	Issuer   []byte
	Subject  []byte // sub, else client_id or azp, else preferred_username
	Audience []byte // the first
	Client   []byte // client_id, else azp
	Scope    []byte // scope or scp; an array joined by spaces
	Role     []byte // role, or the first of roles or groups, else the resource type that fhirUser names
	User     []byte // preferred_username
	Patient  []byte // SMART launch context: the patient's logical id
	Tenant   []byte
	JTI      []byte
	Issued   clock.Time // iat; 0 when absent
	Expires  clock.Time // exp; 0 when absent
	Service  bool       // a machine's: system scope, or granted to a client for itself
	Hash     uint64     // TokenHash of the token

	NotBefore clock.Time // nbf; 0 when absent
	Purpose   []byte     // purpose of use
	Signature uint64     // as in Auth
	Marks     AuthMarks  // all but those that the time of use decides

	text []byte
}

// maxToken bounds the tokens that are read, in bytes; header limits of servers are lower.
const maxToken = 16 << 10

// ParseClaims reads the claims of a token in JWS compact form. It is a pure function of the token; ok is false
// when it is not a JWT or names nobody.
func ParseClaims(token []byte) (c Claims, ok bool) {
	ok = c.Parse(token)
	return c, ok
}

// Parse is ParseClaims into c, whose memory it uses again.
func (c *Claims) Parse(token []byte) bool {
	*c = Claims{text: c.text[:0]}
	body, ok := jwtBody(token)
	if !ok {
		return false
	}
	// One buffer for both: the decoded JSON, then the strings taken from it, never longer than it and its array
	// joints. Grown once here, it does not move under the slices below.
	n := base64.RawURLEncoding.DecodedLen(len(body))
	if cap(c.text) < 3*n {
		c.text = make([]byte, 0, 3*n)
	}
	raw := c.text[:n]
	n, err := base64.RawURLEncoding.Decode(raw, body)
	if err != nil {
		return false
	}
	raw = raw[:n]
	c.text = c.text[:n]
	m, ok := object(raw)
	if !ok {
		return false
	}
	var s claimSet
	for {
		key, value, ok := m.next()
		if !ok {
			break
		}
		s.take(c, key, value)
	}
	if !m.closed() {
		return false
	}
	s.settle(c)
	c.Marks |= headerMarks(token)
	c.Hash, c.Signature = TokenHash(token), signatureHash(token)
	return len(c.Subject) > 0
}

// jwtBody is the middle of three non-empty parts, of which the first begins as a base64url JSON object does.
func jwtBody(token []byte) ([]byte, bool) {
	if len(token) < 16 || len(token) > maxToken || token[0] != 'e' || token[1] != 'y' {
		return nil, false
	}
	first := bytes.IndexByte(token, '.')
	if first <= 0 {
		return nil, false
	}
	rest := token[first+1:]
	second := bytes.IndexByte(rest, '.')
	if second <= 0 || bytes.IndexByte(rest[second+1:], '.') >= 0 {
		return nil, false
	}
	return bytes.TrimRight(rest[:second], "="), true
}

// claimSet holds the claims that must be seen together before they mean something.
type claimSet struct {
	sub, azp, clientID, cid, user, fhirUser, grant []byte
	role, group                                    []byte
}

func (s *claimSet) take(c *Claims, key, value []byte) {
	switch string(key) {
	case "iss":
		c.Issuer = c.keep(value)
	case "sub":
		s.sub = c.keep(value)
	case "aud":
		c.Audience = c.first(value)
	case "azp":
		s.azp = c.keep(value)
	case "client_id", "clientId":
		s.clientID = c.keep(value)
	case "cid", "appid":
		s.cid = c.keep(value)
	case "scope", "scp":
		c.Scope = c.joined(value)
	case "exp":
		c.Expires = seconds(value)
	case "iat":
		c.Issued = seconds(value)
	case "jti":
		c.JTI = c.keep(value)
	case "role", "roles":
		s.role = c.first(value)
	case "groups":
		s.group = c.first(value)
	case "patient":
		c.Patient = c.keep(value)
	case "fhirUser", "profile":
		s.fhirUser = c.keep(value)
	case "preferred_username", "upn", "username":
		s.user = c.keep(value)
	case "tenant", "tid", "tenant_id":
		c.Tenant = c.keep(value)
	case "gty", "grant_type", "idtyp":
		s.grant = c.keep(value)
	case "nbf":
		c.NotBefore = seconds(value)
	case "amr":
		c.Marks |= SaysAMR
		if secondFactor(c.joined(value)) {
			c.Marks |= SecondFact
		}
	case "acr":
		if strongContext(value) {
			c.Marks |= SecondFact
		}
	case "purpose_of_use", "purposeOfUse", "purpose":
		c.Purpose = c.first(value)
	}
}

func (s *claimSet) settle(c *Claims) {
	c.User = s.user
	c.Client = or(s.clientID, or(s.azp, s.cid))
	c.Subject = or(s.sub, or(c.Client, s.user))
	c.Role = or(s.role, s.group)
	if len(c.Role) == 0 && len(s.fhirUser) > 0 {
		if typ, _, ok := reference(s.fhirUser); ok {
			c.Role = typ
		}
	}
	switch {
	case c.Expires == 0:
		c.Marks |= NoExpiry
	case c.Issued != 0 && c.Expires-c.Issued > day:
		c.Marks |= LongLived
	}
	own := len(c.Client) > 0 && bytes.Equal(c.Subject, c.Client)
	c.Service = own || systemScope(c.Scope) || string(s.grant) == "client-credentials" ||
		string(s.grant) == "client_credentials" || string(s.grant) == "app"
}

// systemScope is whether a scope list holds a SMART system scope (SMART App Launch 2.2).
func systemScope(scope []byte) bool {
	return bytes.HasPrefix(scope, []byte("system/")) || bytes.Contains(scope, []byte(" system/"))
}

func or(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// keep copies the text of a scalar behind the decoded JSON.
func (c *Claims) keep(value []byte) []byte {
	n := len(c.text)
	c.text = text(c.text, value)
	return c.text[n:len(c.text):len(c.text)]
}

// first is a scalar, or the first element of an array.
func (c *Claims) first(value []byte) []byte {
	if len(value) > 0 && value[0] == '[' {
		value, _, _ = element(value, 0)
	}
	return c.keep(value)
}

// joined is a scalar, or the elements of an array with spaces between.
func (c *Claims) joined(value []byte) []byte {
	if len(value) == 0 || value[0] != '[' {
		return c.keep(value)
	}
	n := len(c.text)
	for v, i, ok := element(value, 0); ok; v, i, ok = element(value, i) {
		if len(c.text) > n {
			c.text = append(c.text, ' ')
		}
		c.text = text(c.text, v)
	}
	return c.text[n:len(c.text):len(c.text)]
}

// seconds reads a NumericDate, whose fraction is dropped; 0 when it is none or is before 1970 or after 2262.
func seconds(value []byte) clock.Time {
	if i := bytes.IndexByte(value, '.'); i >= 0 {
		value = value[:i]
	}
	if len(value) > 10 {
		return 0
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 || n > 9223372036 {
		return 0
	}
	return clock.Time(n * 1e9)
}
