package extract_test

import (
	"crypto/tls"
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
	"auscult/sensor/extract"
	"auscult/sensor/inject"
)

func carried(head, media, body string) string {
	return fmt.Sprintf("%s\r\nHost: ehr.test\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", head, media, len(body), body)
}

// facts are the calls of requests and responses one after another, in segments of size, with the room for texts.
func facts(t *testing.T, size, room int, texts ...string) ([]call.Call, extract.Stats) {
	t.Helper()
	var turns []turn
	for i, s := range texts {
		turns = append(turns, turn{dir: i % 2, text: s})
	}
	cfg := extract.Defaults()
	cfg.Texts = room
	o := watch(t, newExtractor(t, cfg), frames(size, append(turns, closes...)...))
	return o.calls, o.stats
}

// TestTexts reads the values of requests and what responses show, in any cut.
func TestTexts(t *testing.T) {
	page := `<html><body>Whitelabel <pre>org.postgresql.util.PSQLException: ERROR: syntax error at or near "x"</pre></body></html>`
	for _, size := range []int{whole, 1, 7} {
		calls, stats := facts(t, size, 512<<10,
			carried("POST /api/x?a=1 HTTP/1.1", "application/json", `{"q":"1' OR '1'='1","password":"hidden-1"}`),
			carried("HTTP/1.1 500 Oops", "text/html", page),
			"GET /api/x?q=%27 HTTP/1.1\r\nHost: ehr.test\r\n\r\n",
			carried("HTTP/1.1 200 OK", "application/json", `{"message":"org.postgresql.util.PSQLException: ERROR: syntax error"}`),
			"GET /api/plain HTTP/1.1\r\nHost: ehr.test\r\n\r\n",
			carried("HTTP/1.1 200 OK", "application/json", `{"message":"org.postgresql.util.PSQLException: ERROR: syntax error"}`),
			"GET /actuator/env HTTP/1.1\r\nHost: ehr.test\r\n\r\n",
			carried("HTTP/1.1 200 OK", "application/vnd.spring-boot.actuator.v3+json", `{"activeProfiles":[],"propertySources":[{"name":"systemProperties"}]}`))
		if len(calls) != 4 || stats.ShortTexts != 0 {
			t.Fatalf("segments of %d: %d calls, %d short", size, len(calls), stats.ShortTexts)
		}
		c := calls[0]
		if len(c.Args) != 3 || c.Args[1].Name != "q" || c.Args[1].Look.Families&inject.SQL == 0 || c.Args[2].Kind != call.Secret || c.Args[2].Text != "" {
			t.Errorf("segments of %d: %+v", size, c.Args)
		}
		if c.Answer.Set&exposure.DatabaseError == 0 || c.PHI.People != 0 || c.PHI.Bytes != 0 {
			t.Errorf("segments of %d: %+v, %+v", size, c.Answer, c.PHI)
		}
		// A GET's response is read only when the request gives a reason to.
		for i, want := range []exposure.Set{exposure.DatabaseError, exposure.DatabaseError, 0, exposure.Management} {
			if got := calls[i].Answer.Set; (got&want == 0) != (want == 0) || want == 0 && got != 0 {
				t.Errorf("segments of %d: call %d shows %b, want %b", size, i, got, want)
			}
		}
	}
}

// TestTexts_Room gives up the values of bodies past the bound, counts them, and has the room back afterwards.
func TestTexts_Room(t *testing.T) {
	long := `{"a":"1","b":"` + string(make([]byte, 2000)) + `","c":"3"}`
	ask := carried("POST /api/x HTTP/1.1", "application/json", long)
	answer := carried("HTTP/1.1 200 OK", "application/json", "{}")
	calls, stats := facts(t, whole, 1<<10, ask, answer, ask, answer)
	if len(calls) != 2 || stats.ShortTexts != 4 {
		t.Fatalf("%d calls, %d short", len(calls), stats.ShortTexts)
	}
	for i, c := range calls {
		if len(c.Args) != 2 || c.Args[0].Name != "a" {
			t.Errorf("call %d: %+v", i, c.Args)
		}
	}
	if calls, stats = facts(t, whole, 4<<10, ask, answer, ask, answer); stats.ShortTexts != 0 || len(calls[1].Args) != 3 {
		t.Errorf("%d short, %+v", stats.ShortTexts, calls[1].Args)
	}
}

// TestSecure says how the calls inside TLS were protected.
func TestSecure(t *testing.T) {
	for version, want := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
		packets, keys := sealed(t, version, plainTurns()...)
		for _, c := range unlocked(t, keys, packets).calls {
			if c.Secure.Version != want || len(c.Secure.JA4) != 36 {
				t.Errorf("%+v, want %s", c.Secure, want)
			}
		}
	}
	calls, _ := facts(t, whole, 1<<20, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", carried("HTTP/1.1 200 OK", "text/plain", "x"))
	if calls[0].Secure != (call.Secure{}) {
		t.Errorf("in the clear: %+v", calls[0].Secure)
	}
}
