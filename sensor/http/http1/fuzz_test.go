package http1_test

import (
	"bufio"
	"bytes"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// FuzzParser has any bytes in both directions, in the order they say: each byte of order takes that many from
// one of them, and 255 is a gap. What is read in step must not depend on how it was cut.
func FuzzParser(f *testing.F) {
	for _, in := range [][2]string{
		{get + get, ok5 + ok5},
		{post("3\r\nabc\r\n0\r\n\r\n"), ok("5;a\r\nhello\r\n0\r\nA: b\r\n\r\n")},
		{"GET /old\r\n", "bare"},
		{"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: x\r\n\r\nabc", "HTTP/1.1 100 C\r\n\r\nHTTP/1.0 200\n\nrest"},
		{"CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
		{upgrade + "\x81\x85", switching + "\x81"},
		{connect + get, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" + ok5},
		{"POST /p HTTP/1.1\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get, ok5},
		{get, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"},
	} {
		f.Add([]byte(in[0]), []byte(in[1]), []byte{80, 200, 80}, uint8(0))
		f.Add([]byte(in[0]), []byte(in[1]), []byte{9, 10, 255, 250}, uint8(3))
	}
	f.Fuzz(func(t *testing.T, client, server, order []byte, how uint8) {
		script, gaps := wire.Weave(client, server, order)
		script = append(script, []step{finC(), rst()}[how&1:]...)
		o := opts{unknown: how&2 != 0, midstream: how&4 != 0}
		whole := play(t, o, script)
		single := play(t, o, wire.Bytewise(script))
		if gaps || o.midstream || whole.stats.Resyncs+single.stats.Resyncs+whole.stats.BadCodings > 0 || whole.verdict == http.NotHTTP {
			return
		}
		if whole.told != single.told || whole.held != single.held || whole.rest != single.rest {
			t.Errorf("whole:\n%s\n%q %q\nbyte by byte:\n%s\n%q %q", whole.told, whole.held, whole.rest, single.told, single.held, single.rest)
		}
	})
}

// FuzzStandard has one request and one response; what net/http takes as valid must be read the same.
func FuzzStandard(f *testing.F) {
	f.Add([]byte(get), []byte(ok5))
	f.Add([]byte(post("3\r\nabc\r\n0\r\n\r\n")), []byte(ok("5\r\nhello\r\n0\r\n\r\n")))
	f.Add([]byte("PUT /x?y=%20 HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"), []byte("HTTP/1.0 404 Not Found\r\n\r\nto the end"))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n"), []byte(ok5))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n \r\n \tx\r\n\r\n"), []byte(ok5))
	f.Add([]byte("HEAD http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), []byte("HTTP/1.1 304 \r\nContent-Length: 10\r\n\r\n"))
	f.Fuzz(func(t *testing.T, client, server []byte) {
		req, err := nethttp.ReadRequest(bufio.NewReader(bytes.NewReader(client)))
		if err != nil || req.ProtoMajor != 1 || len(req.Method) > 32 || len(client) > 4096 || strings.HasPrefix(string(client), "PRI ") {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		pool := newPool(t)
		h := &wire.Keep{}
		p := pool.New(h, packet.AtoB, true, false)
		out, _ := p.Bytes(nil, packet.AtoB, 1, client)
		var answer []byte
		resp, err := nethttp.ReadResponse(bufio.NewReader(bytes.NewReader(server)), req)
		fine := err == nil && resp.StatusCode >= 200 && resp.ProtoMajor == 1 && req.Method != "CONNECT"
		if fine {
			answer, err = io.ReadAll(resp.Body)
			fine = err == nil
		}
		out, verdict := p.Bytes(out, packet.BtoA, 2, server)
		if verdict == http.Upgrade {
			return // the exchange goes on in another protocol, and ends there
		}
		for d := packet.AtoB; d <= packet.BtoA; d++ {
			out, _ = p.End(out, d, clock.Time(3), true)
		}
		if len(out) == 0 {
			t.Fatalf("net/http reads %s %s, nothing was yielded", req.Method, req.RequestURI)
		}
		x := out[0]
		if len(x.Method) == 0 && len(out) > 1 {
			x = out[1]
		}
		content := func(s http.Side) string {
			if b := wire.Of(x)[s]; b != nil {
				return b.Text.String()
			}
			return ""
		}
		if string(x.Method) != req.Method || string(x.Target) != req.RequestURI {
			t.Errorf("%q %q, want %q %q", x.Method, x.Target, req.Method, req.RequestURI)
		}
		// an obs-fold stands for one or more spaces (RFC 9112 section 5.2), and for none at the value's end (RFC 9110
		// section 5.5): net/http keeps a space for each line, an empty one too
		want := strings.Join(strings.Fields(req.Host), " ")
		if host := strings.Join(strings.Fields(string(x.Request.Get("host"))), " "); want != host && req.URL.Host == "" && x.Marks&http.BadHeader == 0 {
			t.Errorf("host %q, want %q", host, want)
		}
		before11 := !req.ProtoAtLeast(1, 1) || fine && !resp.ProtoAtLeast(1, 1)
		if before11 && strings.Contains(strings.ToLower(string(client)+string(server)), "chunked") {
			return // net/http has no chunks before HTTP/1.1
		}
		if coded(req.Header) || x.Marks&(http.UnknownTE|http.BadHeader) != 0 {
			return
		}
		if got := content(http.Request); got != string(body) {
			t.Errorf("request body %q, want %q", got, body)
		}
		if fine && !coded(resp.Header) {
			if got := content(http.Response); x.Status != resp.StatusCode || got != string(answer) {
				t.Errorf("response %d %q, want %d %q", x.Status, got, resp.StatusCode, answer)
			}
		}
	})
}

func coded(h nethttp.Header) bool { return h.Get("Content-Encoding") != "" }
