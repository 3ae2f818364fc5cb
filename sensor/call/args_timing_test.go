package call_test

import (
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// written is a call that writes, with a body of some twenty values and the response's properties.
func written() (*http.Exchange, call.Conn, *phi.Report) {
	x := exchange("POST", "/api/v2/patients/45827/notes?draft=true&_format=json", 201, "Content-Type: application/json",
		"Authorization: Bearer "+jwt(nurse), "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "<Content-Type: application/json",
		"<Server: nginx/1.18.0", "<Access-Control-Allow-Origin: *")
	body := `{"patientId":"45827","author":{"id":"d17","name":"Asha Rao"},"text":"Seen on the ward; no change.","codes":[` +
		strings.Repeat(`{"system":"http://loinc.org","code":"1234-5"},`, 6) + `{"system":"x","code":"y"}],"final":true,"at":"2026-11-26T08:48:27Z"}`
	cn := conn()
	cn.Texts = texts(body, `{"id":"n1","status":"final"}`)
	s := phi.New(phi.Defaults())
	s.Reset(phi.JSON)
	s.Scan([]byte(`{"id":"n1","status":"final","author":"Asha Rao","text":"x"}`))
	s.Close(true)
	return x, cn, s.Report()
}

// TestArgs_Allocs holds that reading the values of a request, and what its response shows, allocates nothing of its own.
func TestArgs_Allocs(t *testing.T) {
	b, ar := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Arena)
	x, cn, resp := written()
	var c call.Call
	if n := testing.AllocsPerRun(1000, func() { b.Build(&c, ar, x, cn, nil, resp) }); n > 0.1 {
		t.Errorf("%.2f allocations a call", n)
	}
	if len(c.Args) < 15 || len(c.Answer.Props) != 4 {
		t.Errorf("%d values, %d properties", len(c.Args), len(c.Answer.Props))
	}
}

// TestTexts_Allocs holds that texts used again allocate nothing.
func TestTexts_Allocs(t *testing.T) {
	purse := call.Purse{Left: 1 << 20}
	kept := new(call.Texts)
	body := make([]byte, 3000)
	if n := testing.AllocsPerRun(100, func() {
		kept.In(&purse)
		kept.Side(http.Request).Scan(body)
		kept.Side(http.Response).Scan(body)
		kept.Reset()
	}); n != 0 {
		t.Errorf("%.1f allocations", n)
	}
}

// TestArgs_Linear holds that bodies made to be slow cost what their length does.
func TestArgs_Linear(t *testing.T) {
	b, ar := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Arena)
	spent := func(media, body string) time.Duration {
		x := exchange("POST", "/x", 200, "Content-Type: "+media)
		cn := conn()
		cn.Texts = texts(body, "")
		var c call.Call
		least := time.Hour
		for range 3 {
			least = min(least, shared.Spent(func() {
				for range 4 {
					b.Build(&c, ar, x, cn, nil, nil)
				}
			}))
		}
		return least
	}
	for _, unit := range []string{`{"a":`, "[", `"`, `{"$ne":{}},`, `{"a":"b",`, "<a>", "<!", "&lt;", "<a b='", "<![CDATA[", "<!DOCTYPE [", "a=b&", "%27&",
		`a(b:$c){`, "(", "--B\r\n", `' OR `, `\ud83d`, "${jndi:", "../", "%25", "a.b@", "\x1e{}", `{"query":"{a(b:\"c\")}"},`} {
		for _, around := range [][2]string{{"", ""}, {`{"a":"`, `"}`}, {`[{"query":"{`, `"}]`}, {"<a>", "</a>"}, {"--B\r\n\r\n", "\r\n--B--"}} {
			media := "application/json" // the beginning of the text says what it is
			switch {
			case around[0] == "" && strings.HasSuffix(unit, "&"):
				media = "application/x-www-form-urlencoded"
			case strings.HasPrefix(around[0]+unit, "--"):
				media = "multipart/form-data; boundary=B"
			}
			text := func(size int) string { return around[0] + strings.Repeat(unit, size/len(unit)) + around[1] }
			var small, large time.Duration
			linear := false
			for range 5 {
				small, large = spent(media, text(4<<10)), spent(media, text(16<<10-64))
				if linear = large <= 12*small+4*time.Millisecond; linear {
					break
				}
			}
			t.Logf("%-26q in %-12q %6.1f ns a byte", unit, around[0], float64(large)/4/(16<<10))
			if !linear {
				t.Errorf("%q in %q: %v for 16 kB, %v for 4 kB", unit, around[0], large/4, small/4)
			}
		}
	}
}

func BenchmarkBuild_Written(b *testing.B) {
	bl, ar := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Arena)
	x, cn, resp := written()
	var c call.Call
	b.ReportAllocs()
	for b.Loop() {
		bl.Build(&c, ar, x, cn, nil, resp)
	}
}
