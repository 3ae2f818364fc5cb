package call

import (
	"bytes"

	"auscult/sensor/http"
)

// rejects is whether the answer to a login says no although its status does not: it leads back to where it came from
// or to an error, says so in its JSON, or is the page with the form again or with words of refusal.
func (b *Builder) rejects(c *Call, x *http.Exchange, body []byte) bool {
	switch {
	case c.Status >= 300 && c.Status < 400:
		return leadsBack(x.Target, x.Response.Get("location"))
	case c.Status < 200 || c.Status >= 300:
		return false
	}
	if m, ok := object(body); ok {
		return b.deniesJSON(m, 0)
	}
	return len(body) > 0 && body[0] != '[' && b.deniesPage(body)
}

// asksCode is whether a request may carry a one-time code, by the words of its path.
func asksCode(x *http.Exchange) bool {
	if string(x.Method) != "POST" && string(x.Method) != "PUT" {
		return false
	}
	path, _, _ := bytes.Cut(x.Target, []byte("?"))
	var buf [48]byte
	return says(lower(buf[:0], path[max(0, len(path)-len(buf)):]), []string{"otp", "mfa", "2fa", "verify", "passcode", "challenge"})
}

// asksSession is whether Basic credentials are shown to an endpoint that says whose session it is, as OpenMRS has one
// that answers 200 to everybody.
func asksSession(c *Call, x *http.Exchange) bool {
	if c.Auth.Scheme != BasicAuth || c.Status != 200 {
		return false
	}
	path, _, _ := bytes.Cut(x.Target, []byte("?"))
	path = bytes.TrimRight(path, "/")
	return loginWord(path[bytes.LastIndexByte(path, '/')+1:])
}

// leadsBack is whether a redirect ends where the login was sent to, or names an error.
func leadsBack(target, to []byte) bool {
	if _, rest, ok := bytes.Cut(to, []byte("://")); ok && len(to)-len(rest) <= len("https://") {
		to = rest[max(0, bytes.IndexByte(rest, '/')):]
	}
	path, query, _ := bytes.Cut(to, []byte("?"))
	from, _, _ := bytes.Cut(target, []byte("?"))
	if len(path) > 1 && bytes.Equal(bytes.TrimRight(path, "/"), bytes.TrimRight(from, "/")) {
		return true
	}
	var buf [64]byte
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(lower(buf[:0], pair[:min(len(pair), len(buf))]), []byte("="))
		if says(name, errorWords) || says(value, errorWords) && !says(name, returnWords) {
			return true
		}
	}
	_, query, _ = bytes.Cut(to, []byte("?"))
	last, _, _ := bytes.Cut(lower(buf[:0], path[max(bytes.LastIndexByte(path, '/')+1, len(path)-len(buf)):]), []byte("."))
	switch string(last) {
	case "login", "log-in", "signin", "sign-in", "logon":
		return !says(query, []string{"code=", "ticket=", "token", "SAML", "otp", "mfa"}) // on to the application
	}
	last = lower(buf[:0], path[max(0, len(path)-32):])
	return bytes.Contains(last, []byte("log")) && says(last, errorWords) || says(last, []string{"denied"})
}

// errorWords name an error in the target of a redirect; returnWords the parameters that say where to go after.
var (
	errorWords  = []string{"error", "fail", "denied", "invalid", "incorrect", "badcred", "unauthori"}
	returnWords = []string{"return", "redirect", "next", "continue", "state", "target", "goto", "service"}
)

// says is whether text, in lower case, has one of the words.
func says(text []byte, words []string) bool {
	for _, w := range words {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}

// deniesJSON is whether the members of an object say that the login failed, in it or in the one right inside it.
func (b *Builder) deniesJSON(m members, depth int) bool {
	denies := false
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		if len(value) == 0 {
			continue
		}
		switch string(key) {
		case "access_token", "accessToken", "token", "jwt":
			if len(value) > 8 {
				return false
			}
		case "success", "ok", "authenticated", "valid", "isSuccess", "succeeded", "loggedIn", "isAuthenticated", "Success", "loginSuccess":
			denies = denies || string(value) == "false" || string(value) == `"false"`
		case "error", "errors", "errorCode", "error_code", "errorMessage", "error_description":
			denies = denies || len(value) > 2 && string(value) != "null" && string(value) != "false"
		case "code", "status", "statusCode", "result", "message", "msg", "detail", "reason":
			b.valueBuf = text(b.valueBuf[:0], value)
			denies = denies || string(b.valueBuf) == "401" || string(b.valueBuf) == "403" || refusalWord(b.valueBuf)
		case "data", "response", "body", "login", "payload":
			if in, ok := object(value); ok && depth == 0 {
				denies = b.deniesJSON(in, 1) || denies
			}
		}
	}
	return denies
}

// refusalWord is whether a short text of an answer is a no.
func refusalWord(v []byte) bool {
	var buf [128]byte
	low := lower(buf[:0], v[:min(len(v), len(buf))])
	if says(low, refusals) {
		return true
	}
	switch string(low) {
	case "error", "fail", "failed", "failure", "denied", "ko":
		return true
	}
	return false
}

// refusals are the words with which applications turn a login down, in lower case.
var refusals = []string{"invalid user", "invalid login", "invalid cred", "invalid pass", "invalid email", "invalid otp", "invalid code",
	"incorrect", "wrong pass", "wrong user", "bad cred", "login failed", "log in failed", "failed login", "sign in failed", "sign-in failed",
	"signin failed", "authentication fail", "not authenticated", "unable to log", "could not log", "couldn't log", "couldn&#39;t log",
	"login error", "unauthorized", "unauthorised", "access denied", "not recognised", "not recognized", "does not match", "do not match",
	"don't match", "unknown user", "user not found", "no such user", "account is locked", "account locked", "too many"}

// deniesPage is whether a page turns a login down, or shows the form again. One that asks for a new password has
// let its user in.
func (b *Builder) deniesPage(body []byte) bool {
	b.valueBuf = lower(b.valueBuf[:0], body)
	low := b.valueBuf
	if says(low, []string{"new password", "newpassword", "new_password"}) {
		return false
	}
	return says(low, []string{`type="password"`, `type='password'`, "type=password"}) || says(low[:min(len(low), pageHead)], refusals)
}

// pageHead is where a page that turns somebody down says so: deeper in it stand other things.
const pageHead = 4 << 10
