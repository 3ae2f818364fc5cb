package http2_test

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
)

// typical are fields as browsers and servers send them.
var (
	typicalRequest = []string{":method: GET", ":authority: ehr.hospital.example", ":scheme: https",
		":path: /fhir/R4/Observation?patient=12345&category=laboratory&_count=50",
		"user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "accept: application/fhir+json",
		"accept-language: en-GB,en;q=0.9", "accept-encoding: gzip, deflate, br",
		"authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJkci5yYW8ifQ.c2lnbmF0dXJl",
		"cookie: JSESSIONID=0123456789abcdef0123456789abcdef", "referer: https://ehr.hospital.example/chart/12345",
		"x-correlation-id: 1f0b0f4e-9f0e-4f7a-8a34-0e2f6f9a1b2c", "cache-control: no-cache"}
	typicalResponse = []string{":status: 200", "date: Tue, 03 Mar 2026 10:15:42 GMT", "server: nginx",
		"content-type: application/fhir+json;charset=utf-8", "etag: W/\"3\"", "cache-control: private, no-store",
		"x-request-id: 7a1d2c3b4e5f", "vary: Accept"}
)

func feed(p *http2.Parser, dst []*http.Exchange, d packet.Dir, t clock.Time, b []byte) []*http.Exchange {
	for len(b) > 0 {
		n := min(len(b), 1460)
		dst, _ = p.Bytes(dst, d, t, b[:n])
		b = b[n:]
	}
	return dst
}

// warm returns a connection that has met the typical fields, and a request and a response of n bytes as they are
// then, whose stream is renumbered by number.
func warm(t testing.TB, pool *http2.Pool, n int) (p *http2.Parser, request, response []byte, number func(id uint32)) {
	cl, sv := newPeer(), newPeer()
	p = pool.New(discard{}, packet.AtoB, true, false)
	p.Bytes(nil, packet.AtoB, 1, []byte(preface+cl.settings()))
	p.Bytes(nil, packet.BtoA, 1, []byte(sv.settings()))
	cl.headers(0, true, typicalRequest...) // not sent: only the tables see it
	first := newPeer()
	p.Bytes(nil, packet.AtoB, 1, []byte(first.headers(1, true, typicalRequest...)))
	out, _ := p.Bytes(nil, packet.BtoA, 1, []byte(sv.headers(1, true, typicalResponse...)))
	if len(out) != 1 {
		t.Fatal("no exchange")
	}
	p.Release(out[0])
	request = []byte(cl.headers(3, true, typicalRequest...))
	head := sv.headers(3, false, typicalResponse...)
	response = []byte(head)
	var frames []int
	for left := n; left > 0; left -= 16 << 10 {
		frames = append(frames, len(response))
		response = append(response, sv.data(3, left <= 16<<10, strings.Repeat("x", min(left, 16<<10)))...)
	}
	return p, request, response, func(id uint32) {
		set := func(b []byte) { b[5], b[6], b[7], b[8] = byte(id>>24), byte(id>>16), byte(id>>8), byte(id) }
		set(request)
		set(response)
		for _, at := range frames {
			set(response[at:])
		}
	}
}

func TestParserAllocs(t *testing.T) {
	pool := newPool(t)
	p, request, response, number := warm(t, pool, 40_000)
	dst := make([]*http.Exchange, 0, 8)
	id := uint32(1)
	run := func() {
		id += 2
		number(id)
		dst = feed(p, dst[:0], packet.AtoB, 1, request)
		dst = feed(p, dst, packet.BtoA, 2, response)
		if len(dst) != 1 || dst[0].Response.Wire != 40_000 || len(dst[0].Request.Headers) != 10 || dst[0].Marks != 0 {
			t.Fatalf("%d exchanges", len(dst))
		}
		p.Release(dst[0])
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestIdleSize holds what an idle connection costs to its bound: its Parser, and the tables of both directions.
func TestIdleSize(t *testing.T) {
	if n := unsafe.Sizeof(http2.Parser{}); n > 448 {
		t.Errorf("a Parser is %d bytes", n)
	}
	const conns = 200
	pool := newPool(t)
	parsers := make([]*http2.Parser, conns)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range parsers {
		parsers[i], _, _, _ = warm(t, pool, 1)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc-before.HeapAlloc) / conns; n > 6<<10 {
		t.Errorf("an idle connection is %d bytes", n)
	} else {
		t.Logf("an idle connection is %d bytes, %d of them tables", n, pool.TableBytes()/conns)
	}
	runtime.KeepAlive(parsers)
}

// BenchmarkExchange is a request and a response of 300 bytes on a warm connection, in one segment each.
func BenchmarkExchange(b *testing.B) {
	pool := newPool(b)
	p, request, response, number := warm(b, pool, 300)
	var dst []*http.Exchange
	id := uint32(1)
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		id += 2
		number(id)
		dst, _ = p.Bytes(dst[:0], packet.AtoB, 1, request)
		dst, _ = p.Bytes(dst, packet.BtoA, 2, response)
		p.Release(dst[0])
	}
}

// BenchmarkBody is a response of 1 MB in segments.
func BenchmarkBody(b *testing.B) {
	pool := newPool(b)
	p, request, response, number := warm(b, pool, 1<<20)
	var dst []*http.Exchange
	id := uint32(1)
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		id += 2
		number(id)
		dst = feed(p, dst[:0], packet.AtoB, 1, request)
		dst = feed(p, dst, packet.BtoA, 2, response)
		p.Release(dst[0])
	}
}

// BenchmarkCold is the first request of a connection: all of it is Huffman code.
func BenchmarkCold(b *testing.B) {
	pool := newPool(b)
	text := []byte(preface + newPeer().headers(1, true, typicalRequest...))
	var dst []*http.Exchange
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		p := pool.New(discard{}, packet.AtoB, true, false)
		dst, _ = p.Bytes(dst[:0], packet.AtoB, 1, text)
		dst, _ = p.End(dst, packet.AtoB, 1, false)
		p.Release(dst[0])
		pool.Free(p)
	}
}

// BenchmarkSearch is a direction that is out of step, in text.
func BenchmarkSearch(b *testing.B) {
	pool := newPool(b)
	p, _, _, _ := warm(b, pool, 1)
	p.Gap(nil, packet.BtoA, 1, 10)
	text := []byte(strings.Repeat("Content that is a line of text\r\n", 45))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		p.Bytes(nil, packet.BtoA, 2, text)
	}
}

// BenchmarkLooks asks of a segment that is something else.
func BenchmarkLooks(b *testing.B) {
	text := []byte(strings.Repeat("HTTP/1.1 200 OK\r\n", 80))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if http2.Looks(text) {
			b.Fatal("it is text")
		}
	}
}
