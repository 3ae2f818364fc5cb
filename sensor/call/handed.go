package call

import (
	"bytes"

	"auscult/sensor/http"
)

// maxHanded bounds the sessions and tokens of one response that are told apart.
const maxHanded = 8

// hand takes a session or token that the response hands out. Its value is shown, for what it is made of tells whether
// the next can be guessed; a JWT's is not, and needs not be.
func (b *Builder) hand(ar *Arena, name, value []byte, marks CookieMarks) {
	if len(value) == 0 || len(b.handed) >= maxHanded {
		return
	}
	h := Handed{Token: TokenHash(value), Name: ar.bytes(name[:min(len(name), maxArgText)]), Marks: marks}
	if !looksJWT(value) {
		h.Value = ar.bytes(value[:min(len(value), maxArgText)])
	}
	b.handed = append(b.handed, h)
}

// cookieMarks reads the attributes of a Set-Cookie field (RFC 6265 section 4.1.2).
func cookieMarks(rest []byte) CookieMarks {
	m := IsCookie
	for len(rest) > 0 {
		var one []byte
		one, rest, _ = bytes.Cut(rest, []byte(";"))
		key, value, _ := bytes.Cut(trimSpace(one), []byte("="))
		switch {
		case http.EqualFold(key, "httponly"):
			m |= HTTPOnly
		case http.EqualFold(key, "secure"):
			m |= SecureOnly
		case http.EqualFold(key, "samesite"):
			if value = trimSpace(value); http.EqualFold(value, "lax") || http.EqualFold(value, "strict") {
				m |= SameSite
			}
		}
	}
	return m
}

// sessionWord is whether a cookie's name speaks of a session, whatever its value: a short one is a weak one.
func sessionWord(name []byte) bool {
	var buf [64]byte
	if len(name) > len(buf) {
		return false
	}
	return bytes.Contains(lower(buf[:0], name), []byte("sess"))
}

// answered reads the tokens of a response's body (RFC 6749 section 5.1, and what applications call theirs), in its
// outermost object and in those right inside it. Those of a login are issued: they will be its user's.
func (b *Builder) answered(ar *Arena, body []byte, login, within bool) {
	m, ok := object(body)
	if !ok {
		return
	}
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		switch string(key) {
		case "access_token", "accessToken", "token", "id_token", "session", "sessionId", "session_id", "jwt", "authToken":
			if len(value) > 0 && value[0] == '{' {
				break
			}
			b.valueBuf = text(b.valueBuf[:0], value)
			if login {
				b.issue(b.valueBuf)
			}
			b.hand(ar, key, b.valueBuf, 0)
			continue
		case "refresh_token", "refreshToken", "sessionToken", "session_token", "auth_token", "idToken":
			b.valueBuf = text(b.valueBuf[:0], value)
			b.hand(ar, key, b.valueBuf, 0)
			continue
		}
		if len(value) > 0 && value[0] == '{' && !within {
			b.answered(ar, value, login, true)
		}
	}
}
