package call_test

import (
	"encoding/base64"
	"testing"

	"auscult/sensor/call"
)

func TestClaims_Success(t *testing.T) {
	c, ok := call.ParseClaims([]byte(jwt(`{
		"iss":"i","sub":"a\u00e9\"b","aud":["x","y"],"client_id":"app","azp":"other","scope":["openid","user/*.rs"],
		"exp":1795687421.5,"iat":1795675089,"jti":"j","roles":["nurse","ward"],"groups":["g"],"tenant":"t",
		"preferred_username":"rao","patient":"77","nested":{"sub":"no","a":[1,{"b":"}"}]},"n":null}`)))
	if !ok {
		t.Fatal("not read")
	}
	for _, f := range []struct{ name, got, want string }{
		{"iss", string(c.Issuer), "i"},
		{"sub", string(c.Subject), `aé"b`},
		{"aud", string(c.Audience), "x"},
		{"client", string(c.Client), "app"},
		{"scope", string(c.Scope), "openid user/*.rs"},
		{"role", string(c.Role), "nurse"},
		{"jti", string(c.JTI), "j"},
		{"tenant", string(c.Tenant), "t"},
		{"user", string(c.User), "rao"},
		{"patient", string(c.Patient), "77"},
	} {
		if f.got != f.want {
			t.Errorf("%s is %q, want %q", f.name, f.got, f.want)
		}
	}
	if c.Expires != 1795687421e9 || c.Issued != 1795675089e9 || c.Service {
		t.Errorf("exp %d, iat %d, service %v", c.Expires, c.Issued, c.Service)
	}
}

func TestClaims_Failure(t *testing.T) {
	f := func(token string) {
		t.Helper()
		if c, ok := call.ParseClaims([]byte(token)); ok {
			t.Errorf("%q was read as %+v", token, c)
		}
	}
	e := base64.RawURLEncoding.EncodeToString
	f("")
	f("eyJ")
	f("eyJhbGciOiJub25lIn0.!!!.sig")
	f("eyJhbGciOiJub25lIn0..sig")
	f("eyJhbGciOiJub25lIn0." + e([]byte(`[]`)) + ".sig")
	f("eyJhbGciOiJub25lIn0." + e([]byte(`{"sub":"x"`)) + ".sig")
	f("eyJhbGciOiJub25lIn0." + e([]byte(`{"sub":"x"} y`)) + ".sig")
	f("eyJhbGciOiJub25lIn0." + e([]byte(`{"iss":"names nobody"}`)) + ".sig")
	f("eyJhbGciOiJub25lIn0." + e([]byte(`{"sub":null}`)) + ".sig")
	f("eyJhbGciOiJSU0EifQ.a.b.c.d")
	whole := jwt(nurse)
	body := len(whole) - len(".c2ln")
	for i := range body {
		f(whole[:i])
	}
}
