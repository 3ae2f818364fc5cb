package call_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
)

// token is a JWT with that header and those claims.
func token(header, claims, signature string) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(header)) + "." + e.EncodeToString([]byte(claims)) + "." + signature
}

// TestAuth_Token tells what a token shows. Requests are at second 1 of 1970.
func TestAuth_Token(t *testing.T) {
	const hs256, claims = `{"alg":"HS256"}`, `{"sub":"a","iat":1,"exp":3600}`
	f := func(token string, want call.AuthMarks) call.Call {
		t.Helper()
		c := sent("GET", "/x", "", "Authorization: Bearer "+token)
		if c.Auth.Scheme != call.Bearer || c.Auth.Marks != want {
			t.Errorf("%s: scheme %d, marks %b, want %b", token, c.Auth.Scheme, c.Auth.Marks, want)
		}
		return c
	}
	if c := f(token(hs256, claims, "c2ln"), 0); c.Auth.Issued != 1e9 {
		t.Errorf("issued %d", c.Auth.Issued)
	}
	f(token(`{"typ":"JWT","alg":"nOnE"}`, claims, ""), call.AlgNone|call.Unsigned)
	f(token(hs256, claims, ""), call.Unsigned)
	long := strings.Repeat("c2ln", 11)
	one := f(token(hs256, claims, long), 0).Auth.Signature
	if two := f(token(hs256, `{"sub":"b","iat":1,"exp":3600}`, long), 0).Auth.Signature; one == 0 || one != two {
		t.Errorf("signatures %x and %x, of one text", one, two)
	}
	if two := f(token(hs256, claims, long[1:]), 0).Auth.Signature; two == one {
		t.Errorf("signature %x of two texts", one)
	}
	if c := f(token(hs256, claims, long[:42]), 0); c.Auth.Signature != 0 {
		t.Errorf("signature %x of what is none", c.Auth.Signature)
	}
	f(token(hs256, `{"sub":"a","iat":1}`, "s"), call.NoExpiry)
	f(token(hs256, `{"sub":"a","iat":1,"exp":90000}`, "s"), call.LongLived)
	f(token(hs256, `{"sub":"a","iat":1,"exp":86401}`, "s"), 0)
	f(token(hs256, `{"sub":"a","exp":3600,"nbf":300}`, "s"), 0)
	if c := f(token(hs256, `{"sub":"a","exp":3600,"nbf":302}`, "s"), call.NotYet); c.Auth.Starts != 302e9 {
		t.Errorf("starts at %d", c.Auth.Starts)
	}
	f(token(hs256, `{"sub":"a","exp":3600,"amr":["pwd"]}`, "s"), call.SaysAMR)
	f(token(hs256, `{"sub":"a","exp":3600,"amr":["pwd","otp"]}`, "s"), call.SaysAMR|call.SecondFact)
	f(token(hs256, `{"sub":"a","exp":3600,"acr":"urn:x:AAL2"}`, "s"), call.SecondFact)
	f(token(`{"alg":"RS256","jku":"https://evil.test/k"}`, claims, "s"), call.Odd)
	f(token(`{"alg":"HS256","kid":"../../dev/null"}`, claims, "s"), call.Odd)
	f(token(`{"alg":"HS256","kid":"x' UNION SELECT 'k"}`, claims, "s"), call.Odd)
	f(token(`{"alg":"RS256","kid":"https://idp.test/keys/1"}`, claims, "s"), 0)
	f(token(`{"alg":"RS256","kid":"a/b+c="}`, claims, "s"), 0)
	f("eyJhbGciOiJIUzI1NiJ9.!!!.c2ln", call.Malformed)
	f("eyJhbGciOiJIUzI1NiJ9.eyJz", call.Malformed)
	f("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d", 0) // encrypted
	f(token(hs256, `{"exp":3600}`, "s"), 0)  // names nobody
	f("opaque-0123456789", 0)

	x := exchange("GET", "/x", 200, "Authorization: Bearer "+token(hs256, `{"sub":"a","exp":100}`, "s"))
	x.Start, x.ResponseStart, x.End = 400e9, 400e9, 400e9
	if c := build(call.Defaults(), x, nil, nil); c.Auth.Marks != 0 {
		t.Errorf("within the grace: %b", c.Auth.Marks)
	}
	x.Start, x.ResponseStart, x.End = 401e9, 401e9, 401e9
	if c := build(call.Defaults(), x, nil, nil); c.Auth.Marks != call.Expired {
		t.Errorf("past the grace: %b", c.Auth.Marks)
	}
}

func TestAuth_Scheme(t *testing.T) {
	basic := func(pair string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	long := token(`{"alg":"HS256"}`, `{"sub":"a","iat":1,"exp":3600}`, "c2ln")
	f := func(target string, kind call.PrincipalKind, want call.Scheme, marks call.AuthMarks, headers ...string) call.Call {
		t.Helper()
		c := sent("GET", target, "", headers...)
		if c.Principal.Kind != kind || c.Auth.Scheme != want || c.Auth.Marks != marks {
			t.Errorf("%s %v: %s, scheme %d, marks %b; want %s, %d, %b", target, headers, c.Principal.Kind, c.Auth.Scheme, c.Auth.Marks, kind, want, marks)
		}
		for _, a := range c.Args {
			if strings.Contains(a.Text, long) || strings.Contains(a.Text, "0123456789abcdef") {
				t.Errorf("%s: a secret in %+v", target, a)
			}
		}
		return c
	}
	f("/x", call.Address, call.NoCredential, 0)
	f("/x", call.Session, call.Cookie, 0, "Cookie: JSESSIONID=0123456789abcdef")
	f("/x", call.JWT, call.Cookie, 0, "Cookie: app="+long)
	f("/x", call.APIKey, call.KeyHeader, 0, "X-Api-Key: 0123456789abcdef")
	f("/x", call.JWT, call.Bearer, 0, "X-Access-Token: "+long)
	f("/x?api_key=0123456789abcdef", call.APIKey, call.KeyQuery, call.InURL)
	f("/x?access_token=0123456789abcdef", call.Session, call.Bearer, call.InURL)
	for _, name := range []string{"token", "jwt", "auth", "id_token", "key", "apikey", "api_key", "sid", "session", "Token"} {
		f("/x?"+name+"="+long, call.JWT, call.Bearer, call.InURL)
	}
	f("/x?token=0123456789abcdef", call.Session, call.Cookie, call.InURL)
	f("/reset-password?token=0123456789abcdef", call.Address, call.OtherScheme, call.InURL)
	f("/x?token=next", call.Address, call.OtherScheme, call.InURL)
	f("/x?key=blood", call.Address, call.NoCredential, 0)
	f("/x?password=p", call.Address, call.OtherScheme, call.InURL)
	f("/x?X-Amz-Signature=0123456789abcdef", call.Address, call.OtherScheme, call.InURL)
	f("/x;jsessionid=0123456789abcdef", call.Session, call.Cookie, call.InURL)
	f("/feed/"+long+"/x", call.JWT, call.Bearer, call.InURL)
	f("/x", call.Address, call.OtherScheme, 0, "Authorization: Digest username=a")
	one := f("/x", call.Basic, call.BasicAuth, 0, basic("rao:p4ss-1")).Auth.Secret
	if two := f("/x", call.Basic, call.BasicAuth, 0, basic("sen:p4ss-1")).Auth.Secret; one == 0 || one != two {
		t.Errorf("secrets %x and %x of one password", one, two)
	}
	f("/x", call.Basic, call.BasicAuth, call.VendorPair, basic("Admin:Admin123"))
	f("/x", call.Basic, call.BasicAuth, call.VendorPair, basic("orthanc:orthanc"))
	f("/x", call.Basic, call.BasicAuth, call.VendorPair, basic("sa:"))
	f("/x", call.Basic, call.BasicAuth, 0, basic("admin:ADMIN123"))
}

func TestAuth_Login(t *testing.T) {
	const form, json = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	good := answered("POST", "/login", `{"username":"rao","password":"p4ss-1"}`, 200, "", json)
	bad := answered("POST", "/login", "username=sen&password=p4ss-1", 401, "", form)
	if good.Auth.Secret == 0 || good.Auth.Secret != bad.Auth.Secret || good.User != "rao" || bad.User != "sen" {
		t.Errorf("%+v, %+v", good, bad)
	}
	if good.Flags&bad.Flags&call.Login == 0 || len(bad.Issued) != 0 {
		t.Errorf("flags %b and %b", good.Flags, bad.Flags)
	}
	if c := answered("POST", "/api/auth", `{"user":"tomcat","pwd":"s3cret"}`, 401, "", json); c.Auth.Marks != call.VendorPair {
		t.Errorf("marks %b", c.Auth.Marks)
	}
	for _, a := range append(good.Args, bad.Args...) {
		if strings.Contains(a.Text, "p4ss") {
			t.Errorf("%+v", a)
		}
	}
}

func TestPurpose(t *testing.T) {
	f := func(want string, glass bool, target string, headers ...string) {
		t.Helper()
		c := sent("GET", target, "", headers...)
		if c.Auth.Purpose != want || (c.Flags&call.BreakGlass != 0) != glass {
			t.Errorf("%s %v: %q, flags %b", target, headers, c.Auth.Purpose, c.Flags)
		}
	}
	f("BTG", true, "/x", "X-Purpose-Of-Use: BTG")
	f("TREAT", false, "/x", "Purpose-Of-Use: TREAT")
	f("ETREAT", true, "/x", "X-PurposeOfUse: ETREAT")
	f("BTG", true, "/x", "Authorization: Bearer "+jwt(`{"sub":"a","purpose_of_use":["BTG"]}`))
	f("", true, "/api/patients/17/break-glass")
	f("", true, "/fhir/Patient/17/$break-glass")
	f("", false, "/api/patients/17")
}

// TestPurpose_SAML reads the purpose of use of a SOAP request's assertion, in both ways that it is written.
func TestPurpose_SAML(t *testing.T) {
	for _, value := range []string{"BTG", `<hl7:PurposeOfUse code="BTG" codeSystem="2.16.840.1.113883.3.18.7.1"/>`} {
		body := soap(`<wsse:Security><saml:Assertion><saml:AttributeStatement><saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:subject:purposeofuse">`+
			`<saml:AttributeValue>`+value+`</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></wsse:Security>`, "")
		cn := conn()
		cn.Envelope = new(call.Envelope)
		cn.Envelope.Side(http.Request, []byte("application/soap+xml")).Scan([]byte(body))
		var c call.Call
		call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena),
			exchange("POST", "/xds", 200, "Content-Type: application/soap+xml"), cn, nil, nil)
		if c.Auth.Purpose != "BTG" || c.Flags&call.BreakGlass == 0 {
			t.Errorf("%s: %q, flags %b", value, c.Auth.Purpose, c.Flags)
		}
	}
}
