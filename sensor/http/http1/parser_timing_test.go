package http1_test

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/packet"
)

// typical is a request with 12 headers and a response with 8 and a body of n bytes.
func typical(n int) (request, response []byte) {
	var req, resp bytes.Buffer
	req.WriteString("GET /fhir/R4/Observation?patient=12345&category=laboratory&_count=50 HTTP/1.1\r\n")
	for _, h := range []string{"Host: ehr.hospital.example", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
		"Accept: application/fhir+json", "Accept-Language: en-GB,en;q=0.9", "Accept-Encoding: gzip, deflate, br",
		"Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJkci5yYW8ifQ.c2lnbmF0dXJl",
		"Cookie: JSESSIONID=0123456789abcdef0123456789abcdef", "Referer: https://ehr.hospital.example/chart/12345",
		"X-Requested-With: XMLHttpRequest", "X-Correlation-ID: 1f0b0f4e-9f0e-4f7a-8a34-0e2f6f9a1b2c",
		"Cache-Control: no-cache", "Connection: keep-alive"} {
		req.WriteString(h + "\r\n")
	}
	req.WriteString("\r\n")
	resp.WriteString("HTTP/1.1 200 OK\r\n")
	for _, h := range []string{"Date: Tue, 03 Mar 2026 10:15:42 GMT", "Server: nginx", "Content-Type: application/fhir+json;charset=utf-8",
		fmt.Sprintf("Content-Length: %d", n), "ETag: W/\"3\"", "Cache-Control: private, no-store", "X-Request-Id: 7a1d2c3b4e5f", "Vary: Accept"} {
		resp.WriteString(h + "\r\n")
	}
	resp.WriteString("\r\n")
	for range n {
		resp.WriteByte('x')
	}
	return req.Bytes(), resp.Bytes()
}

func feed(p *http1.Parser, dst []*http.Exchange, d packet.Dir, t clock.Time, b []byte) []*http.Exchange {
	for len(b) > 0 {
		n := min(len(b), 1460)
		dst, _ = p.Bytes(dst, d, t, b[:n])
		b = b[n:]
	}
	return dst
}

func TestParserAllocs(t *testing.T) {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	request, response := typical(4000)
	chunked := []byte(ok("5;x=y\r\nhello\r\n0\r\nSum: 1\r\n\r\n"))
	cut := len(request) / 2
	dst := make([]*http.Exchange, 0, 8)
	run := func() {
		dst = feed(p, dst[:0], packet.AtoB, 1, request)
		dst = feed(p, dst, packet.BtoA, 2, response)
		dst = feed(p, dst, packet.AtoB, 3, request[:cut])
		dst = feed(p, dst, packet.AtoB, 3, request[cut:])
		dst = feed(p, dst, packet.BtoA, 4, chunked[:70])
		dst = feed(p, dst, packet.BtoA, 4, chunked[70:])
		if len(dst) != 2 {
			t.Fatalf("%d exchanges", len(dst))
		}
		for _, x := range dst {
			p.Release(x)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
	connection := func() {
		q := pool.New(discard{}, packet.AtoB, true, false)
		dst = feed(q, dst[:0], packet.AtoB, 1, request)
		dst, _ = q.End(dst, packet.AtoB, 2, false)
		q.Release(dst[0])
		pool.Free(q)
	}
	connection()
	if n := testing.AllocsPerRun(100, connection); n > 0 {
		t.Errorf("%v allocations for a connection", n)
	}
}

// TestParserSize holds what an idle connection costs to its bound.
func TestParserSize(t *testing.T) {
	if n := unsafe.Sizeof(http1.Parser{}); n > 256 {
		t.Errorf("a Parser is %d bytes", n)
	}
}

// BenchmarkExchange is a request and a response in one segment each.
func BenchmarkExchange(b *testing.B) {
	pool := newPool(b)
	p := pool.New(discard{}, packet.AtoB, true, false)
	request, response := typical(300)
	var dst []*http.Exchange
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = p.Bytes(dst[:0], packet.AtoB, 1, request)
		dst, _ = p.Bytes(dst, packet.BtoA, 2, response)
		p.Release(dst[0])
	}
}

// BenchmarkBody is a response of 1 MB in segments.
func BenchmarkBody(b *testing.B) {
	pool := newPool(b)
	p := pool.New(discard{}, packet.AtoB, true, false)
	request, response := typical(1 << 20)
	var dst []*http.Exchange
	b.SetBytes(int64(len(request) + len(response)))
	for b.Loop() {
		dst = feed(p, dst[:0], packet.AtoB, 1, request)
		dst = feed(p, dst, packet.BtoA, 2, response)
		p.Release(dst[0])
	}
}

// BenchmarkSearch is a direction that is out of step, in text of short lines.
func BenchmarkSearch(b *testing.B) {
	pool := newPool(b)
	p := pool.New(discard{}, packet.AtoB, true, false)
	p.Bytes(nil, packet.AtoB, 1, []byte(get))
	p.Gap(nil, packet.BtoA, 1, 10)
	text := bytes.Repeat([]byte("HTTP is a word in a line of text\r\n"), 40)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		p.Bytes(nil, packet.BtoA, 2, text)
	}
}
