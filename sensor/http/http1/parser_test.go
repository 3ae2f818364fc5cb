package http1_test

import (
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/http"
)

const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
const ok5 = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func ok(body string) string { return lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "") + body }
func post(body string) string {
	return lines("POST /p HTTP/1.1", "Transfer-Encoding: chunked", "") + body
}

// TestExchanges is the checklist of Zeek's HTTP tests, and what was found beside it. None of these loses step,
// so each must read the same in any cut.
func TestExchanges(t *testing.T) {
	f := func(in []step, want ...string) {
		t.Helper()
		r := play(t, opts{}, in)
		if got := strings.Join(want, "\n"); r.told != got {
			t.Errorf("got\n%s\nwant\n%s", r.told, got)
			return
		}
		if r.stats.Resyncs != 0 {
			t.Errorf("lost step %d times", r.stats.Resyncs)
		}
		cutEverywhere(t, opts{}, in, r.told)
	}

	f(steps(c(get), s(ok5)), `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// keep-alive, and line ends between messages
	f(steps(c(get), s(ok5), c("\r\n"+get), s("\r\n"+ok5)),
		`0: GET /a 11 200 >[0/0] <[5/5 "hello"]`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// pipelining
	f(steps(c(get+get+get), s(ok5+ok5), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[5/5 "hello"]`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`,
		`2: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=2`)
	// 100-continue, 103 early hints
	f(steps(c("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), s("HTTP/1.1 100 Continue\r\n\r\n"), c("hi"),
		s("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+ok5)),
		`0: POST /p 11 200 >[2/2 "hi"] <[5/5 "hello"]`)
	// refused, and the body is left out
	f(steps(c("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n"), s("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"), finC()),
		`0: POST /p 11 417 >[0/0 part ""…] <[0/0] LOSS:truncated`)
	// answered before the request is over: yielded when both are
	f(steps(c("POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"), s("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), c("cd")),
		`0: POST /p 11 401 >[4/4 "abcd"] <[0/0]`)
	// no content by status or method
	f(steps(c("HEAD /a HTTP/1.1\r\n\r\n"+get+get), s(lines("HTTP/1.1 200 OK", "Content-Length: 5", "")+lines("HTTP/1.1 204 No Content", "")+lines("HTTP/1.1 304 Not Modified", "Content-Length: 9", ""))),
		`0: HEAD /a 11 200 >[0/0] <[0/0]`, `1: GET /a 11 204 >[0/0] <[0/0] depth=1`, `2: GET /a 11 304 >[0/0] <[0/0] depth=2`)
	// chunked with extensions and trailers
	f(steps(c(get), s(ok("5;a=\"b;c\"\r\nhello\r\n000A \r\n, world...\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[15/15 "hello, world..."]`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(steps(c(post("3\r\nabc\r\n0\r\n\r\n")), s(ok5)), `0: POST /p 11 200 >[3/3 "abc"] <[5/5 "hello"]`)
	f(steps(c(get), s(ok("\n5\r\nhello\r\n0\r\n\r\n"))), `0: GET /a 11 200 >[0/0] <[5/5 "hello"] bare-lf bad-chunk ambiguous-response`)
	f(steps(c(get), s(ok("5\nhello\n0\n\n"))), `0: GET /a 11 200 >[0/0] <[5/5 "hello"] bare-lf ambiguous-response`)
	// TE and CL: chunked wins
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 50\r\nTransfer-Encoding: x, Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")),
		`0: GET /a 11 200 >[0/0] <[1/1 "a"] te+cl unknown-te ambiguous-response`)
	f(steps(c("POST /p HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+get), s(ok5+ok5)),
		`0: POST /p 11 200 >[0/0 ""] <[5/5 "hello"] te+cl ambiguous SMUGGLED`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`)
	// Content-Length that is double, list, different, no number, too large
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\nhello")), `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")), `0: GET /a 11 200 >[0/0] <[5/5 "hello"] dup-cl ambiguous-response`)
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"), finS()), `0: GET /a 11 200 >[0/0] <[5/5 "hello"] bad-header ambiguous-response`)
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello"), finS()), `0: GET /a 11 200 >[0/0] <[5/5 part "hello"…] ambiguous-response LOSS:truncated`)
	// close-delimited: whole by FIN only
	f(steps(c(get), s("HTTP/1.0 200 OK\r\n\r\nhello"), finS()), `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(steps(c(get), s("HTTP/1.0 200 OK\r\n\r\nhello"), rst()), `0: GET /a 11 200 >[0/0] <[5/5 part "hello"…] LOSS:truncated`)
	f(steps(c(get), s(ok5[:len(ok5)-2]), finS()), `0: GET /a 11 200 >[0/0] <[3/3 part "hel"…] LOSS:truncated`)
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCo"), finS()), `0: GET /a 11 200 >[0/0] <[0/0 part] LOSS:truncated`)
	// HTTP/0.9
	f(steps(c("GET /old\r\n"), s("<p>Hi"), finS()), `0: GET /old 9 0 >[0/0] <[5/5 "<p>Hi"]`)
	f(steps(c("GET /old\n"), s("HTTP/1.0 200 OK\r\n\r\nhello"), finS()), `0: GET /old 9 200 >[0/0] <[5/5 "hello"] bare-lf`)
	f(steps(c("GET /old\r\n"), s("HTML"), finS()), `0: GET /old 9 0 >[0/0] <[4/4 "HTML"]`)
	// lines as servers forgive them
	f(steps(c("GET  /a b\tc  HTTP/1.1 \nHost:h\n\n"), s("http/1.1  200\nContent-Length:5\n\nhello")), `0: GET /a b	c 11 200 >[0/0] <[5/5 "hello"] bare-lf space`)
	f(steps(c("GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n"), s(ok5)), `0: GET http://h/a 11 200 >[0/0] <[5/5 "hello"] absolute`)
	f(steps(c("QUERY /q HTTP/1.1\r\n\r\n"), s(ok5)), `0: QUERY /q 11 200 >[0/0] <[5/5 "hello"]`)
	f(steps(c("X.Y!z /q HTTP/1.1\r\n\r\n"), s(ok5)), `0: X.Y!z /q 11 200 >[0/0] <[5/5 "hello"]`)
	f(steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n \r\n\tchunked\r\n\r\n1\r\na\r\n0\r\n\r\n")), `0: GET /a 11 200 >[0/0] <[1/1 "a"] fold ambiguous-response`)
	f(steps(c("GET /a HTTP/1.1\r\nno colon\r\n : x\r\nA\x00: b\r\nContent-Length : 1\r\n\r\nz"), s(ok5)), `0: GET /a 11 200 >[1/1 "z"] <[5/5 "hello"] fold bad-header ambiguous`)
	// no answer
	f(steps(c(get), finC(), finS()), `0: GET /a 11 0 >[0/0] <[0/0 part]`)
	f(steps(c(get+get), s(ok5), rst()), `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`, `1: GET /a 11 0 >[0/0] <[0/0 part] depth=1 LOSS:truncated`)
	f(steps(c(get), finC(), s(ok5), finS()), `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// smuggling: what the front end took for a body is the next request
	f(steps(c("POST /p HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\nGET /secret HTTP/1.1\r\n\r\n"), rst()),
		`0: POST /p 11 0 >[0/0 ""] <[0/0 part] te+cl fold ambiguous SMUGGLED LOSS:truncated`,
		`1: GET /secret 11 0 >[0/0] <[0/0 part] depth=1 LOSS:truncated`)
	// a response that nobody asked for
	f(steps(s(ok5)), `0:   11 200 >[0/0 part] <[5/5 "hello"]`)
}

// TestOutOfStep has what cannot be read in step.
func TestOutOfStep(t *testing.T) {
	f := func(o opts, in []step, want ...string) {
		t.Helper()
		if got := play(t, o, in).told; got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
		play(t, o, wire.Bytewise(in)) // must end, and close each scanner once
	}
	one := `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`

	// bad chunk sizes; the smuggled request is shown
	for _, size := range []string{"10000000000000000", "zz", "-1", "0x5", strings.Repeat("0", 5000)} {
		f(opts{}, steps(c(post(size+"\r\n\r\nGET /b HTTP/1.1\r\n\r\n")), rst()),
			`0: POST /p 11 0 >[0/0 part ""…] <[0/0 part] bad-chunk ambiguous LOSS:truncated`,
			`1: GET /b 11 0 >[0/0] <[0/0 part] depth=1 LOSS:truncated`)
	}
	f(opts{}, steps(c(get), s(ok("5\r\nhelloXX\r\n")), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[5/5 part "hello"…] bad-chunk ambiguous-response`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// a head over its limit
	small := func(c *http.Config) { c.HeadBytes = 1024 }
	f(opts{cfg: small}, steps(c("GET /a HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 2000)+"\r\n\r\n"+get), s(ok5+ok5)),
		`0: GET /a 11 200 >[0/0 part] <[5/5 "hello"] over-head`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`)
	// gaps: in a body of known length, past it, in a chunk, in a chunked body, in a head, between messages
	f(opts{}, steps(c(get), s(ok5[:len(ok5)-4]), lostS(2), s("lo"), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[3/3 -2 part "hlo"…] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c(get), s(ok5[:len(ok5)-4]), lostS(4), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[1/1 -4 part "h"…] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c(get+get+get), s(ok5[:len(ok5)-4]), lostS(8), s("/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[1/1 -4 part "h"…] LOSS:gap`, `1: GET /a 11 0 >[0/0] <[0/0 part] depth=1 LOSS:gap`,
		`2: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=2 LOSS:gap`)
	f(opts{}, steps(c(get), s(ok("5\r\nh")), lostS(3), s("o\r\n0\r\n\r\n"), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[2/2 -3 part "ho"…] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c(get), s(ok("5\r\nh")), lostS(30), s("o\r\n0\r\n\r\n"), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[1/1 -4 part "h"…] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c(get), s(ok5[:20]), lostS(10), s("th: 5\r\n\r\nhello"), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0] <[0/0 part] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c("GET /a HTTP/1.1\r\nHost: h\r\nCook"), lostC(10), s(ok5), c(get), s(ok5)),
		`0: GET /a 11 200 >[0/0 part] <[5/5 "hello"] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{}, steps(c(get), s(ok5), c(get), lostS(40), s("{}"), c(get), s(ok5), c(get), s(ok5)), one,
		`1: GET /a 11 0 >[0/0] <[0/0 part] LOSS:gap`, `2: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`[:len(`2: GET /a 11 200 >[0/0] <[5/5 "hello"]`)],
		`3: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// the gap is known only after the next request was sent
	f(opts{}, steps(c(get), c(get), lostS(40), s("{}"), s(ok5)),
		`0: GET /a 11 0 >[0/0] <[0/0 part] LOSS:gap`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`)
	// directions swapped by a mirror: the answer comes first, and the next answer is not given to the wrong request
	f(opts{}, steps(s(ok5), c(get), c(get), s(ok5)), `0:   11 200 >[0/0 part] <[5/5 "hello"]`,
		`1: GET /a 11 0 >[0/0] <[0/0 part] LOSS:gap`, `2: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// joined in the middle
	f(opts{midstream: true, unknown: true}, steps(s("tail of a body\nHTTP/1.1 is not it\n"), c(get), s(ok5), c(get), s(ok5)), one, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	f(opts{midstream: true, unknown: true}, steps(s("...}"), s(ok5), c(get), s(ok5)),
		`0:   11 200 >[0/0 part] <[5/5 "hello"] LOSS:midstream`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// a bare answer to a request that is not HTTP/0.9
	f(opts{}, steps(c(get), s("junk"), finS()), `0: GET /a 11 0 >[0/0] <[0/0 part]`)
	// the body that Expect made needless is left out
	f(opts{}, steps(c("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n"), s("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), c(get), s(ok5)),
		`0: POST /p 11 401 >[0/0 ""] <[0/0]`, `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`)
	// too many unanswered: the oldest is given up, and its answer is not given to another
	two := func(c *http.Config) { c.Pending = 2 }
	f(opts{cfg: two}, steps(c(get+get+get), s(ok5+ok5+ok5)), `0: GET /a 11 0 >[0/0] <[0/0 part]`,
		`1:   11 200 >[0/0 part] <[5/5 "hello"]`, `2: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`, `3: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=2`)
}

func TestVerdicts(t *testing.T) {
	f := func(o opts, want http.Verdict, told string, in ...step) {
		t.Helper()
		for _, script := range [][]step{in, wire.Bytewise(in)} {
			r := play(t, o, script)
			if r.verdict != want || r.told != told {
				t.Errorf("got %v %s, want %v %s", r.verdict, r.told, want, told)
			}
		}
	}
	f(opts{}, http.Upgrade, `0: GET /a 11 101 >[0/0] <[0/0 part]`, c(get), s(switching+"\x81\x05HTTP/"))
	f(opts{}, http.Upgrade, `0: CONNECT h:443 11 200 >[0/0] <[0/0 part]`, c("CONNECT h:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.0 200 OK\r\n\r\n"), c("\x16\x03"))
	f(opts{}, http.More, `0: CONNECT h:443 11 403 >[0/0] <[5/5 "hello"]`, c("CONNECT h:443 HTTP/1.1\r\n\r\n"), s("HTTP/1.0 403 No\r\nContent-Length: 5\r\n\r\nhello"))
	f(opts{}, http.HTTP2, "", c("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f(opts{unknown: true}, http.NotHTTP, "", c("\x16\x03\x01\x02\x00"), s("\x16\x03\x03"))
	f(opts{}, http.NotHTTP, "", s("220 mail.example ESMTP\r\n"), c("EHLO client\r\n"))
	f(opts{}, http.NotHTTP, "", c("USER a b c d\r\n"), s(":irc 001 a\r\n"))
	f(opts{unknown: true}, http.More, `0: GET /a 11 200 >[0/0] <[5/5 "hello"]`, c(get), s(ok5))
	few := func(c *http.Config) { c.ResyncBytes = 8 }
	f(opts{midstream: true, cfg: few}, http.NotHTTP, "", c("0123456789\n"))
	f(opts{unknown: true, midstream: true}, http.More, "", c("PUT it there\n"), s("HTTP/1.1\n"))
}

func TestFields(t *testing.T) {
	pool := newPool(t)
	p := pool.New(discard{}, 0, true, false)
	out, _ := p.Bytes(nil, 0, 1, []byte(lines("GET / HTTP/1.1", "Host:  h ", "X:a", "\tb", "  c ", "Empty:", " late", "")))
	if len(out) != 0 || p.Idle() {
		t.Fatal("yielded without a response")
	}
	out, _ = p.Bytes(nil, 1, 2, []byte(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "0", "Sum: 1", "")))
	if len(out) != 1 || !p.Idle() {
		t.Fatalf("%d exchanges", len(out))
	}
	x := out[0]
	for name, want := range map[string]string{"host": "h", "x": "a b c", "empty": "late"} {
		if got := string(x.Request.Get(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if tr := x.Response.Trailers; len(tr) != 1 || string(tr[0].Name) != "Sum" || string(tr[0].Value) != "1" {
		t.Errorf("trailers %q", tr)
	}
	if x.Start != 1 || x.RequestEnd != 1 || x.ResponseStart != 2 || x.End != 2 {
		t.Errorf("times %d %d %d %d", x.Start, x.RequestEnd, x.ResponseStart, x.End)
	}
	p.Release(x)
}
