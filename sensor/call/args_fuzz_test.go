package call_test

import (
	"reflect"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
)

// FuzzArgs holds that any body of any type gives the same values whatever was read before it and however it was cut,
// within the bounds, and that no secret is shown.
func FuzzArgs(f *testing.F) {
	types := []string{"", "application/json", "application/x-www-form-urlencoded", "text/xml", "text/plain", "application/graphql",
		"multipart/form-data; boundary=B1", "multipart/form-data", "application/octet-stream"}
	f.Add(byte(1), `{"a":[{"$ne":{}},"\u00e9\ud83d\ude00\ud83d",1e9,null],"password":"hidden-1","query":"{ a(b: \"c\") }"`, "/x?a[$ne]=%27&b=%2527&=&&c", byte(3))
	f.Add(byte(1), `[{"query":"query($p:I){p(id:$p,s:\"\"\"x\"\"\")}","variables":{"p":7}},[[[[`, "/graphql?query={a(b:1)}&variables={%22a%22:[]}", byte(1))
	f.Add(byte(2), "user=a&password=hidden-1&x%zz=%", "/a/..%2f/%27;jsessionid=hidden-1/", byte(7))
	f.Add(byte(3), `<!DOCTYPE a [<!ENTITY b "c">]><a b='c' x:d="&#x41;"><![CDATA[x]]>&lt;</a><e/></f><`, "/x", byte(2))
	f.Add(byte(6), "--B1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B1--", "/Patients('7')", byte(9))
	f.Add(byte(7), "--B\nContent-Disposition: form-data; filename=x\n\n<!DOCTYPE x\n--B", "//", byte(1))
	used := call.NewBuilder(call.Defaults(), new(call.Direct))
	f.Fuzz(func(t *testing.T, kind byte, body, target string, cut byte) {
		// A value that must not be shown, wherever it lands behind a name of a secret.
		x := exchange("POST", target, 200, "Content-Type: "+types[int(kind)%len(types)], "Cookie: a="+body)
		read := func(b *call.Builder, n int) call.Call {
			cn := conn()
			cn.Texts = new(call.Texts)
			pieces(body, n, cn.Texts.Side(http.Request).Scan)
			var c call.Call
			b.Build(&c, new(call.Arena), x, cn, nil, nil)
			return c
		}
		first := read(call.NewBuilder(call.Defaults(), new(call.Direct)), len(body)+1)
		if again := read(used, int(cut)+1); !reflect.DeepEqual(first, again) {
			t.Fatalf("%+v, then %+v", first, again)
		}
		if len(first.Args) > call.Defaults().Args {
			t.Fatalf("%d values", len(first.Args))
		}
		for _, a := range first.Args {
			if len(a.Text) > 64 || len(a.Name) > 128 || a.Key == 0 || a.Value == 0 || a.Kind == call.Secret && a.Text != "" {
				t.Fatalf("%+v", a)
			}
			if strings.HasSuffix(strings.ToLower(a.Name), "password") && a.Kind == call.String {
				t.Fatalf("%+v", a)
			}
		}
	})
}
