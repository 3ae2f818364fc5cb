package http1_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
)

// marksOf is the marks of the first exchange of a script, read whole; byte by byte they must be the same.
func marksOf(t *testing.T, in ...step) http.Marks {
	t.Helper()
	whole := firstMarks(t, in)
	if single := firstMarks(t, wire.Bytewise(in)); single != whole {
		t.Errorf("%q: marks %x, byte by byte %x", in[0].Data, whole, single)
	}
	return whole
}

func firstMarks(t *testing.T, in []step) http.Marks {
	pool := newPool(t)
	p := pool.New(discard{}, 0, true, false)
	var out []*http.Exchange
	for _, st := range append(in, rst()) {
		if st.End != "" {
			out, _ = p.End(out, st.Dir, 2, false)
		} else {
			out, _ = p.Bytes(out, st.Dir, 1, []byte(st.Data))
		}
	}
	if len(out) == 0 {
		t.Fatalf("%q: no exchange", in[0].Data)
	}
	return out[0].Marks
}

// TestTwoReadings has requests that careful readers delimit differently, and honest ones beside them.
func TestTwoReadings(t *testing.T) {
	const te, two = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n", http.Ambiguous
	head := func(fields ...string) string { return "POST /p HTTP/1.1\r\nHost: h\r\n" + lines(append(fields, "")...) }
	f := func(want http.Marks, in string) {
		t.Helper()
		if got := marksOf(t, c(in)) & (http.Ambiguous | http.Smuggled | http.HostConflict | http.AmbiguousResponse); got != want {
			t.Errorf("%q: %x, want %x", in, got, want)
		}
	}
	// lengths
	f(0, head("Content-Length: 5")+"hello")
	f(0, head("Content-Length: 5, 5", "content-length: 05")+"hello")
	f(two, head("Content-Length: 5", "Transfer-Encoding: chunked")+"0\r\n\r\n")
	f(two, head("Content-Length: 5", "Content-Length: 6")+"hello")
	f(two, head("Content-Length: 5, 6")+"hello")
	for _, n := range []string{"+5", "-5", "0x5", "5 5", "5_0", "5;a", "99999999999999999999"} {
		f(two, head("Content-Length: "+n)+"hello")
	}
	// transfer codings
	f(0, te+"\r\n5\r\nhello\r\n0\r\n\r\n")
	f(0, head("Transfer-Encoding: gzip, Chunked")+"0\r\n\r\n")
	for _, v := range []string{": xchunked", ": chunked, identity", ":\tidentity, chunked", ":\x0bchunked", ": \"chunked\"", ": chunked;q=1", ": chunked x",
		" : chunked", ": chunked,", ": chunked\r\nTransfer-Encoding: chunked", ": chunked\r\nTransfer-Encoding: x", ":\r\n chunked", ":", ": gzip", ": ch\rnked"} {
		f(two, head("Transfer-Encoding"+v)+"0\r\n\r\n")
	}
	f(two, "POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	f(0, "POST /p HTTP/1.0\r\nContent-Length: 1\r\n\r\n0")
	// folds: of an ordinary field they are odd, no more
	f(0, head("X: a", " b")+"")
	f(two, head("X: a", " Transfer-Encoding: chunked"))
	f(two, "POST /p HTTP/1.1\r\n Content-Length: 5\r\nHost: h\r\n\r\n")
	// line ends
	f(0, "GET / HTTP/1.1\nHost: h\n\n")
	f(two, "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n")
	f(two, "GET / HTTP/1.1\r\nHost: h\r\n\n")
	f(two, "GET / HTTP/1.1\nHost: h\n\r\n")
	f(two, "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n")
	f(two, "GET / HTTP/1.1\r\nX: a\rContent-Length: 5\r\n\r\n")
	// names and values
	f(two, "GET / HTTP/1.1\r\nHost: h\x00\r\n\r\n")
	f(two, "GET / HTTP/1.1\r\nContent\x00-Length: 1\r\n\r\n")
	f(two, "GET / HTTP/1.1\r\n\x0bTransfer-Encoding: chunked\r\n\r\n")
	f(0, "GET / HTTP/1.1\r\nMy Header: x\r\nno colon\r\n\r\n")
	// chunks
	for _, v := range []string{"0x5", "+5", "-5", "5_0", "5 x", "5\rx", "00000000000000005", "10000000000000000", "5;a\nb", ""} {
		f(two, te+"\r\n"+v+"\r\nhello\r\n0\r\n\r\n")
	}
	f(0, te+"\r\n5 ;a=b\r\nhello\r\n0\r\nSum: 1\r\n\r\n")
	f(two, te+"\r\n5\nhello\r\n0\r\n\r\n")
	f(two, te+"\r\n5\r\nhello\n0\r\n\r\n")
	f(two, te+"\r\n5\r\nhello\r\n0\r\n\n")
	f(0, "POST /p HTTP/1.1\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n")
	f(two, te+"\r\n5\r\nhelloworld\r\n0\r\n\r\n")
	f(two, te+"\r\n0\r\nContent-Length: 5\r\n\r\n")
	// hosts
	f(0, "GET http://h/ HTTP/1.1\r\nHost: H:80\r\n\r\n")
	f(two|http.HostConflict, "GET http://a.example/ HTTP/1.1\r\nHost: b\r\n\r\n")
	f(two|http.HostConflict, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
	f(0, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")
	f(0, "GET http://user@h/?u=http://x HTTP/1.1\r\nHost: h\r\n\r\n")
	f(0, "GET x?u=http://y/ HTTP/1.1\r\nHost: h\r\n\r\n")
	f(0, "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n")
}

// TestTwoReadingsOfResponses has answers, whose marks are of their own.
func TestTwoReadingsOfResponses(t *testing.T) {
	const te = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	f := func(want http.Marks, request, response string) {
		t.Helper()
		if got := marksOf(t, c(request), s(response)) & (http.Ambiguous | http.AmbiguousResponse); got != want {
			t.Errorf("%q: %x, want %x", response, got, want)
		}
	}
	f(0, get, "HTTP/1.1 200 OK\r\n"+te)
	f(0, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"+te)
	f(http.AmbiguousResponse, get, "HTTP/1.0 200 OK\r\n"+te)
	f(http.AmbiguousResponse, get, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"+te)
	f(0, "HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"+te)
	f(0, get, "HTTP/1.0 200 OK\nContent-Length: 5\n\nhello")
	f(http.AmbiguousResponse, get, "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\r\nhello")
}

// TestSmuggled has requests in which the other reading finds another request, and some in which it does not.
func TestSmuggled(t *testing.T) {
	const inner, both = "GET /admin HTTP/1.1\r\nHost: h\r\n\r\n", http.Ambiguous | http.Smuggled
	f := func(want http.Marks, in ...step) {
		t.Helper()
		if got := marksOf(t, in...) & both; got != want {
			t.Errorf("%q: %x, want %x", in[0].Data, got, want)
		}
	}
	post := func(fields ...string) string { return "POST /p HTTP/1.1\r\nHost: h\r\n" + lines(append(fields, "")...) }
	// CL.TE: the content by length holds the next request
	f(both, c(post("Content-Length: 60", "Transfer-Encoding: chunked")+"0\r\n\r\n"+inner))
	f(both, c(post("Content-Length: 6", "Transfer-Encoding: chunked")+"0\r\n\r\nG"))
	// TE.CL: the first chunk holds it
	f(both, c(post("Content-Length: 4", "Transfer-Encoding: chunked")+"1f\r\n"+inner+"\r\n0\r\n\r\n"))
	// TE that one reader does not see
	f(both, c(post("Content-Length: 36", "Transfer-Encoding: xchunked")+"0\r\n\r\n"+inner))
	f(both, c(post("Content-Length: 44", "Transfer-Encoding: \x0bchunked")+"3\r\nabc\r\n0\r\nA: b\r\n\r\n"+inner))
	// CL.CL
	f(both, c(post("Content-Length: 36", "Content-Length: 5")+"hello"+inner))
	// CL.0
	f(both, c("GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 31\r\n\r\n"+inner))
	f(both, c(post("Content-Length: 31")+inner))
	// the empty line after the last chunk is missing
	f(both, c(post("Transfer-Encoding: chunked")+"0\r\n"+inner))
	// honest content that looks like it
	f(0, c(post("Content-Type: message/http", "Content-Length: 31")+inner))
	f(0, c(post("Content-Length: 31", "Expect: 100-continue")+inner))
	f(0, c(post("Content-Length: 14")+"GET /x is text"))
	f(0, c(post("Content-Length: 5")+"hello"+inner))
	f(0, c(post("Content-Length: 4")+"MSH|"))
	// both fields, and they agree; the next request comes after the answer
	f(http.Ambiguous, c(post("Content-Length: 15", "Transfer-Encoding: chunked")+"5\r\nhello\r\n0\r\n\r\n"), s(ok5), c(get), s(ok5))
	f(http.Ambiguous, c(post("Content-Length: 5", "Transfer-Encoding: chunked")+"5\r\nhello\r\n0\r\n\r\n"), s(ok5), c(get), s(ok5))
	f(http.Ambiguous, c(post("Content-Length: 99", "Transfer-Encoding: chunked")+"5\r\nhello\r\n0\r\n\r\n"), s(ok5), c(get), s(ok5))
}

// TestNoProofAfterLoss has a gap, after which what is found may be the middle of anything.
func TestNoProofAfterLoss(t *testing.T) {
	for _, in := range [][]step{
		{c(post("5\r\nhe")), lostC(20), c("GET /admin HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), s(ok5 + ok5)},
		{c("POST /p HTTP/1.1\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"), lostC(20), c("x\r\n0\r\n\r\n" + get), s(ok5 + ok5)},
	} {
		r := play(t, opts{}, in)
		if strings.Contains(r.told, "SMUGGLED") {
			t.Error(r.told)
		}
	}
	r := play(t, opts{midstream: true}, steps(c("tail\nGET /a HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), s(ok5)))
	if strings.Contains(r.told, "ambiguous") {
		t.Error(r.told)
	}
}

// TestForms has what servers and old clients send and what attackers make of it; each reads the same in any cut.
func TestForms(t *testing.T) {
	f := func(in []step, want ...string) {
		t.Helper()
		r := play(t, opts{}, in)
		if got := strings.Join(want, "\n"); r.told != got {
			t.Errorf("got\n%s\nwant\n%s", r.told, got)
			return
		}
		cutEverywhere(t, opts{}, in, r.told)
	}
	answer := ` 200 >[0/0] <[5/5 "hello"]`
	// request lines
	f(steps(c("GET\t/a\tHTTP/1.1\r\nHost: h\r\n\r\n"), s(ok5)), `0: GET /a 11`+answer+` space`)
	f(steps(c("get /a http/1.1\r\nHost: h\r\n\r\n"), s(ok5)), `0: get /a 11`+answer)
	f(steps(c("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), s(ok5)), `0: OPTIONS * 11`+answer)
	f(steps(c("GET /a HTTP/1.1\r\n\tHost: x\r\nHost: h\r\n\r\n"), s(ok5)), `0: GET /a 11`+answer+` fold`)
	f(steps(c("GET /"+strings.Repeat("a", 40)+" HTTP/1.1\r\nHost: h\x00h\r\n\r\n"), s(ok5)), `0: GET /`+strings.Repeat("a", 40)+` 11`+answer+` bad-header ambiguous`)
	// status lines
	f(steps(c(get), s("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello")), `0: GET /a 11`+answer)
	f(steps(c(get), s("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello")), `0: GET /a 11`+answer)
	// interim answers without end
	f(steps(c(get), s(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)+ok5)), `0: GET /a 11`+answer)
	// content where there is none: it is passed over, and the next answer is read
	f(steps(c(get), s("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"), c(get), s(ok5)), `0: GET /a 11 204 >[0/0] <[0/0]`, `1: GET /a 11`+answer)
	// part of a resource
	f(steps(c(get), s("HTTP/1.1 206 Part\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello")), `0: GET /a 11 206 >[0/0] <[5/5 "hello"]`)
	// pipelined: HEAD, interim, chunks with trailers, nothing, a length
	f(steps(c("HEAD /h HTTP/1.1\r\n\r\n"+post("2\r\nhi\r\n0\r\n\r\n")+get+get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 100 C\r\n\r\n"+
		ok("5\r\nhello\r\n0\r\nA: b\r\n\r\n")+"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"+ok5)),
		`0: HEAD /h 11 200 >[0/0] <[0/0]`, `1: POST /p 11 200 >[2/2 "hi"] <[5/5 "hello"] depth=1`,
		`2: GET /a 11 304 >[0/0] <[0/0] depth=2`, `3: GET /a 11`+answer+` depth=3`)
}

// TestHeadOfLostRequest has the answer to a HEAD whose request was lost: it has no content, whatever it says.
func TestHeadOfLostRequest(t *testing.T) {
	f := func(want string, in ...step) {
		t.Helper()
		if got := play(t, opts{}, in).told; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	next := `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`
	// a HEAD was lost
	for _, fields := range []string{"Content-Length: 500", "Transfer-Encoding: chunked", "Date: today"} {
		f("0:   11 200 >[0/0 part] <[0/0 \"\"]\n"+next,
			lostC(40), s("HTTP/1.1 200 OK\r\n"+fields+"\r\n\r\n"), c(get), s(ok5))
	}
	// an orphan with content keeps it
	f("0:   11 200 >[0/0 part] <[5/5 \"hello\"]\n"+next, lostC(40), s(ok5), c(get), s(ok5))
}

// TestEndlessHead has a head that never ends: it is cut at its limit, and costs no more.
func TestEndlessHead(t *testing.T) {
	cfg := http.Defaults()
	pool := http1.NewPool(http.NewShared(cfg))
	defer pool.Close()
	p := pool.New(discard{}, 0, true, false)
	var out []*http.Exchange
	out, _ = p.Bytes(out, 0, 1, []byte("GET /a HTTP/1.1\r\n"))
	line := []byte("X-" + strings.Repeat("y", 500) + ": z\r\n")
	for range 1000 {
		out, _ = p.Bytes(out, 0, 1, line)
	}
	out, _ = p.Bytes(out, 1, 2, []byte(ok5))
	if len(out) != 1 || out[0].Marks&http.OverHead == 0 || pool.Stats.OverHead != 1 || pool.Stats.Skipped < 400_000 {
		t.Fatalf("%d exchanges, %+v", len(out), pool.Stats)
	}
	if n := len(out[0].Request.Headers); n > cfg.Headers {
		t.Errorf("%d headers are kept", n)
	}
}

// TestCodings has content that is not what its Content-Encoding says, in any cut.
func TestCodings(t *testing.T) {
	var gz, twice bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte("hello"))
	w.Close()
	w = gzip.NewWriter(&twice)
	w.Write(gz.Bytes())
	w.Close()
	f := func(body, fields, want string) {
		t.Helper()
		in := steps(c(get), s(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n\r\n%s", len(body), fields, body)))
		r := play(t, opts{}, in)
		if want = fmt.Sprintf("0: GET /a 11 200 >[0/0] <[%d/%s", len(body), want); r.told != want {
			t.Errorf("%s: got\n%s\nwant\n%s", fields, r.told, want)
			return
		}
		cutEverywhere(t, opts{}, in, r.told)
	}
	f(gz.String(), "Content-Encoding: gzip", `5 "hello"]`)
	f(twice.String(), "Content-Encoding: gzip, gzip", `5 "hello"]`)
	f(twice.String(), "Content-Encoding: gzip\r\nContent-Encoding: gzip", `5 "hello"]`)
	f("hello", "Content-Encoding: gzip", `5 "hello"] bad-coding`)
	f("hello", "Content-Encoding: rot13", `5 "hello"] bad-coding`)
	f("hello", "Content-Encoding: gzip, gzip, gzip", `5 ""…] LOSS:decode-limit`)
	// not said to be compressed
	f(gz.String(), "Content-Type: application/fhir+JSON", `5 "hello"] bad-coding`)
	f("\x1fello", "Content-Type: text/plain", "5 \"\\x1fello\"] bad-coding")
	f("hello", "Content-Type: application/json", `5 "hello"]`)
}
