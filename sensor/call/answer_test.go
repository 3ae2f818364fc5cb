package call_test

import (
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

func TestAnswer_CORS(t *testing.T) {
	f := func(want call.CORS, headers ...string) {
		t.Helper()
		c := sent("GET", "/x", "", headers...)
		if c.Answer.CORS != want || (want == 0) != (c.Answer.Origin == "") && len(headers) > 0 && want != call.AnyOrigin {
			t.Errorf("%v: %b of %q, want %b", headers, c.Answer.CORS, c.Answer.Origin, want)
		}
	}
	f(0)
	f(call.AnyOrigin, "<Access-Control-Allow-Origin: *")
	f(call.NullOrigin|call.WithCredents, "Origin: null", "<Access-Control-Allow-Origin: null", "<Access-Control-Allow-Credentials: true")
	f(call.Reflected|call.WithCredents, "Origin: https://evil.test", "<access-control-allow-origin: https://evil.test", "<Access-Control-Allow-Credentials: true")
	f(0, "Origin: https://ehr.hospital.test:8443", "<Access-Control-Allow-Origin: https://ehr.hospital.test:8443")
	f(0, "Origin: https://evil.test", "<Access-Control-Allow-Origin: https://app.hospital.test")
}

func TestAnswer_Head(t *testing.T) {
	f := func(banner string, limited bool, headers ...string) {
		t.Helper()
		if a := sent("GET", "/x", "", headers...).Answer; a.Banner != banner || a.Limited != limited {
			t.Errorf("%v: %+v", headers, a)
		}
	}
	f("", false, "<Server: nginx")
	f("nginx/1.18.0", false, "<Server: nginx/1.18.0", "<X-Powered-By: PHP/8.1")
	f("PHP/8.1", false, "<Server: nginx", "<X-Powered-By: PHP/8.1")
	f("", true, "<RateLimit-Limit: 5")
	f("", true, "<X-RateLimit-Remaining: 5")
	f("", true, "<X-Rate-Limit-Limit: 5")
	f("", true, "<Retry-After: 5")
	f("", false, "<X-Request-Id: 5", "<X-R: 1", "<Referrer-Policy: no")
}

func TestAnswer_Shown(t *testing.T) {
	c := answered("GET", "/x", "", 500, "ERROR: syntax error at or near \"x\"\n org.postgresql.util.PSQLException: ERROR")
	if c.Answer.Set&exposure.DatabaseError == 0 || c.Answer.Product != "PostgreSQL" {
		t.Errorf("%+v", c.Answer)
	}
}

func TestAnswer_Props(t *testing.T) {
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	ar := new(call.Arena)
	get := func(body string, status int) []call.Prop {
		s := phi.New(phi.Defaults())
		s.Reset(phi.JSON)
		s.Scan([]byte(body))
		s.Close(true)
		var c call.Call
		b.Build(&c, ar, exchange("GET", "/x", status), conn(), nil, s.Report())
		return c.Answer.Props
	}
	sentRole := sent("POST", "/x", `{"role":"admin"}`, "Content-Type: application/json").Args[0]
	var before []call.Prop
	for i := range 4 { // the third time it is remembered
		p := get(`{"name":"Asha Rao","role":"admin","ssn":"123-45-6789"}`, 200)
		if len(p) != 3 || p[0].Name != "name" || p[1].Name != "role" || p[0].Key == 0 || p[0].Key == p[1].Key || p[0].Value != 0 {
			t.Fatalf("%+v", p)
		}
		if p[1].Value != sentRole.Value {
			t.Errorf("what was sent and its echo differ: %x, %x", sentRole.Value, p[1].Value)
		}
		if p[2].Class&phi.SSN == 0 {
			t.Errorf("%+v", p[2])
		}
		if i > 0 && p[1] != before[1] {
			t.Errorf("%+v, then %+v", before[1], p[1])
		}
		before = p
	}
	if p := get(`{"name":"Asha Rao","role":"nurse","ssn":"123-45-6789"}`, 200); p[1].Value == before[1].Value {
		t.Error("another value is the same")
	}
	if p := get(`{"error":"x"}`, 404); p != nil {
		t.Errorf("%+v of an error", p)
	}
}

func TestHanded(t *testing.T) {
	long := token(`{"alg":"HS256"}`, `{"sub":"a"}`, "c2ln")
	c := answered("POST", "/login", `{"username":"a","password":"b"}`, 200, `{"data":{"accessToken":"`+long+`"},"refresh_token":"opaque-1"}`,
		"Content-Type: application/json", "<Set-Cookie: JSESSIONID=1001; Path=/; HttpOnly; SameSite=Lax", "<Set-Cookie: theme=dark",
		"<Set-Cookie: app_session=7; Secure; SameSite=None")
	want := []call.Handed{
		{Name: "JSESSIONID", Value: "1001", Marks: call.IsCookie | call.HTTPOnly | call.SameSite, Token: call.TokenHash([]byte("1001"))},
		{Name: "app_session", Value: "7", Marks: call.IsCookie | call.SecureOnly, Token: call.TokenHash([]byte("7"))},
		{Name: "accessToken", Token: call.TokenHash([]byte(long))},
		{Name: "refresh_token", Value: "opaque-1", Token: call.TokenHash([]byte("opaque-1"))},
	}
	if len(c.Handed) != len(want) {
		t.Fatalf("%+v", c.Handed)
	}
	for i := range want {
		if c.Handed[i] != want[i] {
			t.Errorf("%+v, want %+v", c.Handed[i], want[i])
		}
	}
	if len(c.Issued) != 1 || c.Issued[0] != want[2].Token {
		t.Errorf("issued %x", c.Issued)
	}
	if c := answered("POST", "/login", "", 401, `{"token":"abcdefgh"}`, "<Set-Cookie: JSESSIONID=1001"); len(c.Handed) != 0 {
		t.Errorf("a refusal hands out %+v", c.Handed)
	}
}

func TestFunctions(t *testing.T) {
	const of = call.Logout | call.Reset | call.Admin | call.Operator | call.BreakGlass | call.Health | call.Login
	f := func(target string, want call.Flags) {
		t.Helper()
		if c := build(call.Defaults(), exchange("GET", target, 200), nil, nil); c.Flags&of != want {
			t.Errorf("%s: %b, want %b", target, c.Flags&of, want)
		}
	}
	f("/api/auth/logout", call.Logout)
	f("/account/forgot-password", call.Reset)
	f("/api/password/reset", call.Reset)
	f("/reset-password/confirm", call.Reset)
	f("/api/v1/users/123/password", call.Reset)
	f("/openmrs/ws/rest/v1/password", call.Reset)
	f("/accounts/recover", call.Reset)
	f("/auth/realms/h/login-actions/reset-credentials", call.Reset)
	f("/api/login/password", 0)
	f("/password", 0)
	f("/api/pump/reset", 0)
	f("/users/recovery-plans", 0)
	f("/swagger/v1/swagger.json", call.Operator)
	f("/openapi.json", call.Operator)
	f("/v3/api-docs", call.Operator)
	f("/api/v3/api-docs/public", call.Operator)
	f("/api-docs", call.Operator)
	f("/api/admin/users", call.Admin)
	f("/openmrs/ws/rest/v1/systemsetting", call.Admin)
	f("/actuator/env", call.Operator)
	f("/actuator/health", call.Health)
	f("/actuator/metrics", call.Operator|call.Health)
	f("/metrics", call.Operator|call.Health)
	f("/api/quality/metrics/ward/5", 0)
	f("/.env.bak", call.Operator)
	f("/.git/HEAD", call.Operator)
	f("/.well-known/smart-configuration", 0)
	f("/manager/html", call.Operator)
	f("/api/manager/5", 0)
	f("/api/patients/5/chart", 0)
	f("/api/roles", 0)
}

// TestTexts_Purse keeps no more than the purse has left, the beginnings first, and gives back what it held.
func TestTexts_Purse(t *testing.T) {
	purse := call.Purse{Left: 10}
	a, b := new(call.Texts), new(call.Texts)
	a.In(&purse)
	b.In(&purse)
	side := a.Side(http.Request)
	side.Scan([]byte("1234"))
	other := b.Side(http.Response)
	other.Scan([]byte("12345678"))
	other.Scan([]byte("9"))
	if purse.Left != 0 || purse.Short != 1 {
		t.Errorf("%+v", purse)
	}
	a.Reset()
	other.Scan([]byte("9")) // it would leave a hole
	if purse.Left != 4 || purse.Short != 1 {
		t.Errorf("%+v", purse)
	}
	b.Reset()
	if purse.Left != 10 {
		t.Errorf("%+v", purse)
	}
}
