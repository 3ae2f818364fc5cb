package call

import (
	"bytes"
	"encoding/base64"

	"auscult/sensor/clock"
	"auscult/sensor/http"
)

// Times that a credential's marks compare with.
const (
	tokenGrace = clock.Time(5 * 60 * 1e9) // clocks of servers and of the sensor differ
	maxPurpose = 32
)

// headerMarks are what the header of a JWT (RFC 7515 section 4.1) shows, and its missing signature.
func headerMarks(token []byte) (m AuthMarks) {
	if token[len(token)-1] == '.' {
		m = Unsigned
	}
	head, _, _ := bytes.Cut(token, []byte("."))
	head = bytes.TrimRight(head, "=")
	var buf [2048]byte
	if base64.RawURLEncoding.DecodedLen(len(head)) > len(buf) {
		return m
	}
	n, err := base64.RawURLEncoding.Decode(buf[:], head)
	if err != nil {
		return m
	}
	o, _ := object(buf[:n])
	for key, value, ok := o.next(); ok; key, value, ok = o.next() {
		switch string(key) {
		case "alg":
			if len(value) == 6 && http.EqualFold(value[1:5], "none") {
				m |= AlgNone
			}
		case "jku", "x5u", "jwk":
			m |= Odd
		case "kid":
			// CVE-2018-0114 and its kin: a path, a statement or a command in the place of a name. A slash alone is
			// usual: some servers name keys in Base64, or by URLs.
			if bytes.Contains(value, []byte("..")) || bytes.HasPrefix(value, []byte(`"/`)) ||
				bytes.ContainsAny(value[min(len(value), 1):max(1, len(value)-1)], "'\"`;|<>$( ") {
				m |= Odd
			}
		}
	}
	return m
}

// leastSignature is the length in base64url of the shortest signature of a registered algorithm: the 256 bits of
// HMAC with SHA-256 (RFC 7518 section 3.1). What is shorter, a gateway that has verified the token may have put there.
const leastSignature = 43

// signatureHash is a hash of the signature of a JWT, 0 without one.
func signatureHash(token []byte) uint64 {
	s := token[bytes.LastIndexByte(token, '.')+1:]
	if len(s) < leastSignature {
		return 0
	}
	return nonzero(hash(seedSignature, s))
}

// secondFactor is whether an amr claim (RFC 8176) names something beside a password.
func secondFactor(methods []byte) bool {
	for len(methods) > 0 {
		var one []byte
		one, methods, _ = bytes.Cut(methods, []byte(" "))
		switch string(one) {
		case "mfa", "otp", "totp", "hwk", "swk", "sms", "tel", "fpt", "face", "iris", "retina", "vbm", "sc", "mca", "duo", "webauthn", "fido", "u2f",
			"ngcmfa", "rsa", "hotp", "smartcard":
			return true
		}
	}
	return false
}

// strongContext is whether an acr claim tells of more than a password (NIST SP 800-63B levels, and common names).
func strongContext(acr []byte) bool {
	var buf [96]byte
	low := lower(buf[:0], acr[:min(len(acr), len(buf))])
	for _, w := range [...]string{"mfa", "aal2", "aal3", "multi-factor", "multifactor", "2fa", "phr"} {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

// claimed takes what a token says of itself at the time of the call.
func (a *Auth) claimed(ar *Arena, claims *Claims, now clock.Time) {
	a.Marks |= claims.Marks
	a.Issued, a.Starts, a.Signature = claims.Issued, claims.NotBefore, claims.Signature
	a.timed(claims.Expires, now)
	a.purpose(ar, claims.Purpose)
}

// purpose keeps the first purpose of use that is said.
func (a *Auth) purpose(ar *Arena, value []byte) {
	value = bytes.TrimSpace(value)
	if a.Purpose == "" && len(value) > 0 {
		a.Purpose = ar.bytes(value[:min(len(value), maxPurpose)])
	}
}

// emergency is whether a purpose of use breaks the glass (HL7 v3 PurposeOfUse: BTG, ETREAT; XSPA: EMERGENCY).
func emergency(purpose string) bool {
	var buf [maxPurpose]byte
	switch string(lower(buf[:0], []byte(purpose))) {
	case "btg", "etreat", "emergency", "break-glass", "breakglass", "break-the-glass", "emergency-treatment", "emergency treatment":
		return true
	}
	return false
}

// notJWT is whether a token that begins like a JWT is neither one nor an encrypted one (five parts).
func (b *Builder) notJWT(token []byte) bool {
	if !bytes.HasPrefix(token, []byte("eyJ")) {
		return false
	}
	switch bytes.Count(token, []byte(".")) {
	case 4:
		return false
	case 2:
		body, ok := jwtBody(token)
		if !ok || base64.RawURLEncoding.DecodedLen(len(body)) > maxToken {
			return true
		}
		b.valueBuf = append(b.valueBuf[:0], body...) // decoded in its place
		n, err := base64.RawURLEncoding.Decode(b.valueBuf, b.valueBuf)
		if err != nil {
			return true
		}
		_, ok = object(b.valueBuf[:n])
		return !ok
	}
	return true
}

// password takes a user's password, which is not kept.
func (a *Auth) password(user, password []byte) {
	a.Secret = nonzero(hash(seedSecret, password))
	if vendorPair(user, password) {
		a.Marks |= VendorPair
	}
}

// inURL is whether a parameter of the query holds a credential by its name, and whether that is a token or session of
// its own; jwt says that its value has the form of a JWT.
func inURL(key []byte, jwt bool) (credential, token bool) {
	var buf [24]byte
	if len(key) > len(buf) {
		return false, false
	}
	switch string(lower(buf[:0], key)) {
	case "token", "jwt", "auth", "id_token", "sid", "session", "session_id", "sessionid", "auth_token", "authtoken", "jsessionid", "phpsessid",
		"access-token", "accesstoken":
		return true, true
	case "key":
		return jwt, false
	case "password", "passwd", "pwd", "pass", "user_password", "j_password", "api_secret", "client_secret", "secret", "refresh_token",
		"x-amz-signature", "x-goog-signature", "x-amz-security-token", "sig", "signature":
		return true, false
	case "api_key", "apikey", "api-key":
		return jwt, false // what is none is a key
	}
	return false, false
}
