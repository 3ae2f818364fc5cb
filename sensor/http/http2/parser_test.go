package http2_test

import (
	"strings"
	"testing"

	nethttp2 "golang.org/x/net/http2"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// talk makes a script with both peers, whose preface and settings it begins with.
func talk(make func(cl, sv *peer) []step) []step {
	cl, sv := newPeer(), newPeer()
	return append([]step{c(preface, cl.settings()), s(sv.settings())}, make(cl, sv)...)
}

// check plays a script and compares, whole and cut everywhere.
func check(t *testing.T, o opts, script []step, want ...string) result {
	t.Helper()
	r := play(t, o, script)
	if got := strings.Join(want, "\n"); r.told != got {
		t.Errorf("got:\n%s\nwant:\n%s", r.told, got)
		return r
	}
	for _, st := range script {
		if st.Gap > 0 {
			return r // what is found again depends on the segments
		}
	}
	cutEverywhere(t, o, script, r)
	return r
}

func TestExchanges(t *testing.T) {
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/a"), cl.post(3, "/b"), cl.data(3, false, "one "), cl.get(5, "/c")), // interleaved
			s(sv.ok(5, "C"), sv.headers(1, false, ":status: 200")), c(cl.data(3, true, "two")),
			s(sv.data(1, false, "A"), sv.headers(3, true, ":status: 204"), sv.data(1, true, "A"))}
	}),
		`0: #5 GET ehr.example/c 200 >[0] <[1 "C"]`,
		`1: #3 POST ehr.example/b 204 >[7 "one two"] <[0]`,
		`2: #1 GET ehr.example/a 200 >[0] <[2 "AA"]`)
	// The tail of the preface alone, as HTTP/1 has taken the rest; trailers; 1xx; content as long as it says.
	check(t, opts{}, func() []step {
		cl, sv := newPeer(), newPeer()
		return []step{c("SM\r\n\r\n", cl.settings(), cl.post(1, "/t", "content-length: 2")),
			s(sv.settings(), sv.headers(1, false, ":status: 103", "link: x"), sv.headers(1, false, ":status: 100")),
			c(cl.data(1, false, "hi"), cl.headers(1, true, "sum: 1")),
			s(sv.ok(1, "")), s()}
	}(), `0: #1 POST ehr.example/t 200 >[2 "hi" sum=1] <[0]`)
	// Responses before requests: a mirror may swap directions.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/1")), s(sv.ok(1, "1"), sv.ok(3, "3")), c(cl.get(3, "/3"))}
	}), `0: #1 GET ehr.example/1 200 >[0] <[1 "1"]`, `1: #3 GET ehr.example/3 200 >[0] <[1 "3"]`)
	// Who is the client is found by the preface, or by the fields.
	check(t, opts{unknown: true}, []step{s(preface, newPeer().settings(), newPeer().get(1, "/x")), c(newPeer().settings(), newPeer().ok(1, "y"))},
		`0: #1 GET ehr.example/x 200 >[0] <[1 "y"]`)
	check(t, opts{unknown: true}, []step{s(newPeer().settings(), newPeer().get(1, "/x")), c(newPeer().settings(), newPeer().ok(1, "y"))},
		`0: #1 GET ehr.example/x 200 >[0] <[1 "y"]`)
}

func TestFrames(t *testing.T) {
	r := check(t, opts{}, talk(func(cl, sv *peer) []step {
		f := cl.framer
		block := cl.fields(":method: POST", ":scheme: https", ":path: /long", ":authority: h", "x-a: "+strings.Repeat("a", 50))
		f.WriteHeaders(nethttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:5], PadLength: 7,
			Priority: nethttp2.PriorityParam{StreamDep: 9, Weight: 3}})
		f.WriteContinuation(1, false, nil)
		f.WriteContinuation(1, false, block[5:9])
		f.WriteContinuation(1, true, block[9:])
		f.WriteDataPadded(1, false, []byte("abc"), make([]byte, 20))
		f.WriteDataPadded(1, false, nil, make([]byte, 3))
		f.WritePriority(1, nethttp2.PriorityParam{StreamDep: 3})
		f.WritePing(false, [8]byte{1})
		f.WriteWindowUpdate(0, 100)
		f.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x01u=1"))
		f.WriteRawFrame(0xa, 0, 1, []byte("\x00\x00h2"))
		f.WriteRawFrame(0xc, 0, 0, []byte("\x00\x00"))
		f.WriteRawFrame(0xee, 0xff, 7, []byte("whatever"))
		f.WriteRawFrame(nethttp2.FrameSettings, 1, 0, nil)
		f.WriteDataPadded(1, true, []byte("d"), []byte{0})
		return []step{c(cl.take()), s(sv.ok(1, "yes"))}
	}), `0: #1 POST h/long 200 >[4 "abcd"] <[3 "yes"]`)
	if r.stats.LateFrames+r.stats.LostTables+r.stats.Floods > 0 || !strings.Contains(r.fields, strings.Repeat("a", 50)) {
		t.Errorf("%+v\n%s", r.stats, r.fields)
	}
}

func TestEnds(t *testing.T) {
	// RST_STREAM ends with what is there, and with what was under way when it was sent; at once it is rapid, in which
	// case it is still told.
	r := check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/rapid"), cl.reset(1), cl.get(3, "/slow"), cl.get(5, "/part")), s(sv.headers(5, false, ":status: 200"), sv.data(5, false, "some")),
			{Dir: packet.AtoB, Data: cl.reset(3), At: 1e9 + 1e8}, c(cl.reset(5)), s(sv.ok(1, "late")),
			{Dir: packet.BtoA, Data: sv.ok(3, "too late"), At: 5e9}}
	}),
		`0: #1 GET ehr.example/rapid 200 >[0] <[4 "late"] rapid-reset`,
		`1: #3 GET ehr.example/slow 0 >[0] <[0 part]`,
		`2: #5 GET ehr.example/part 200 >[0] <[4 part "some"…]`)
	if r.stats.RapidResets != 1 || r.stats.Resets != 3 || r.stats.Unanswered != 1 || r.stats.LateFrames != 2 {
		t.Errorf("%+v", r.stats)
	}
	// A server that has answered and wants no more of the request.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.post(1, "/up"), cl.data(1, false, "abc")), s(sv.ok(1, "no"), sv.reset(1))}
	}), `0: #1 POST ehr.example/up 200 >[3 part "abc"…] <[2 "no"]`)
	// GOAWAY leaves streams unanswered; the others go on.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		sv.framer.WriteGoAway(1, nethttp2.ErrCodeNo, []byte("bye"))
		return []step{c(cl.get(1, "/1"), cl.get(3, "/3"), cl.get(5, "/5")), s(sv.take(), sv.ok(1, "1")), finS()}
	}),
		`0: #3 GET ehr.example/3 0 >[0] <[0 part]`, `1: #5 GET ehr.example/5 0 >[0] <[0 part]`, `2: #1 GET ehr.example/1 200 >[0] <[1 "1"]`)
	// The connection ends inside exchanges; a client may close its half first.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.post(1, "/1"), cl.data(1, false, "x"), cl.get(3, "/3"), cl.get(5, "/5")), finC(), s(sv.ok(3, "3"), sv.headers(1, false, ":status: 200")), finS()}
	}),
		`0: #3 GET ehr.example/3 200 >[0] <[1 "3"]`,
		`1: #1 POST ehr.example/1 200 >[1 part "x"…] <[0 part] LOSS:truncated`,
		`2: #5 GET ehr.example/5 0 >[0] <[0 part] LOSS:truncated`)
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		h := cl.get(1, "/cut", "x-late: 1")
		return []step{c(h[:len(h)-3]), rst()}
	}), `0: #1 GET ehr.example/cut 0 >[0 part] <[0 part] LOSS:truncated`)
}

func TestPush(t *testing.T) {
	r := check(t, opts{}, talk(func(cl, sv *peer) []step {
		sv.framer.WritePushPromise(nethttp2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, PadLength: 3,
			BlockFragment: sv.fields(":method: GET", ":scheme: https", ":path: /pushed", ":authority: h")})
		return []step{c(cl.get(1, "/1")), s(sv.take(), sv.ok(1, "one"), sv.ok(2, "two"))}
	}), `0: #1 GET ehr.example/1 200 >[0] <[3 "one"]`, `1: #2 GET h/pushed 200 >[0] <[3 "two"] pushed`)
	if r.stats.Pushes != 1 {
		t.Errorf("%+v", r.stats)
	}
}

func TestUpgraded(t *testing.T) {
	x := &http.Exchange{Seq: 4, Method: []byte("GET"), Target: []byte("/up"), Status: 101, Start: 5, ResponseStart: 6}
	x.Request.Headers = []http.Header{{Name: []byte("Host"), Value: []byte("h")}}
	x.Request.Complete = true
	cl, sv := newPeer(), newPeer()
	check(t, opts{upgraded: x}, []step{s(sv.settings(), sv.ok(1, "one")), c(preface, cl.settings(), cl.get(3, "/3")), s(sv.ok(3, "three"))},
		`4: #1 GET h/up 200 >[0] <[3 "one"]`, `5: #3 GET ehr.example/3 200 >[0] <[5 "three"]`)
	check(t, opts{upgraded: x}, []step{s("HTTP/1.1 not what was said")}, `4: #1 GET h/up 101 >[0] <[0 part] LOSS:truncated`)
}

func TestConnect(t *testing.T) {
	r := check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.headers(1, false, ":method: CONNECT", ":authority: db:5432"), cl.data(1, false, "in")), s(sv.headers(1, false, ":status: 200"), sv.data(1, true, "out")),
			c(cl.data(1, true, "")), c(cl.headers(3, false, ":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /chat", ":authority: h")), rst()}
	}), `0: #1 CONNECT db:5432db:5432 200 >[2 "in"] <[3 "out"]`, `1: #3 CONNECT h/chat 0 >[0 part] <[0 part] LOSS:truncated`)
	if !strings.Contains(r.fields, ":protocol: websocket\nhost: h\n") {
		t.Errorf("%q", r.fields)
	}
}

func TestMalformed(t *testing.T) {
	f := func(want string, lines ...string) {
		t.Helper()
		check(t, opts{}, talk(func(cl, sv *peer) []step {
			return []step{c(cl.headers(1, true, lines...)), s(sv.headers(1, true, ":status: 204"))}
		}), "0: #1 "+want)
	}
	base := []string{":method: GET", ":scheme: http", ":path: /", ":authority: h"}
	with := func(more ...string) []string { return append(append([]string{}, base...), more...) }
	f(`GET h/ 204 >[0] <[0]`, with("te: trailers", "cookie: a=b", "cookie: c=d", "host: h")...)
	f(`GET h/ 204 >[0] <[0] bad-header`, with("Upper: x")...)
	f(`GET h/ 204 >[0] <[0] bad-header`, with("connection: close")...)
	f(`GET h/ 204 >[0] <[0] bad-header`, with("te: gzip")...)
	f(`GET h/ 204 >[0] <[0] bad-header`, with("a:  b ")...)
	f(`GET h/ 204 >[0] <[0] bad-header ambiguous`, with("transfer-encoding: chunked")...)
	f(`GET h/ 204 >[0] <[0] ambiguous`, with("content-length: 5")...)
	f(`GET h/ 204 >[0] <[0] dup-cl ambiguous`, with("content-length: 0", "content-length: 5")...)
	f(`GET h/ 204 >[0] <[0] bad-header ambiguous`, with("content-length: +0")...)
	f(`GET h/ 204 >[0] <[0] bad-header ambiguous`, with("x: a\r\nTransfer-Encoding: chunked")...)
	f(`GET h/ 204 >[0] <[0] bad-header ambiguous`, with("a b: c")...)
	f(`GET h/ 204 >[0] <[0] ambiguous`, with("host: other")...)
	f(`GET h/ 204 >[0] <[0] bad-header`, with(":odd: c")...)
	f(`GET h/ 204 >[0] <[0] bad-header ambiguous`, with(":path: /other")...)
	f(`GET / 204 >[0] <[0] bad-header`, base[0], base[2])
	f(`GET h/ 204 >[0] <[0] bad-header`, base[0], "a: b", base[1], base[2], base[3])
	f(`GET h/a b 204 >[0] <[0] space ambiguous`, base[0], base[1], ":path: /a b", base[3])
	f(`GET h/ 204 >[0] <[0] bad-header`, with(":status: 200")...)
	// Responses and trailers.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/")), s(sv.headers(1, false, "no: status"), sv.data(1, false, "x"), sv.headers(1, false, ":status: 9"), sv.headers(1, true, "a: b"))}
	}), `0: #1 GET ehr.example/ 0 >[0] <[1 "x" a=b] bad-header`)
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/")), s(sv.ok(1, "abc", "content-length: 2"))}
	}), `0: #1 GET ehr.example/ 200 >[0] <[3 "abc"] ambiguous`)
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.headers(1, true, ":method: HEAD", ":scheme: http", ":path: /", ":authority: h")), s(sv.headers(1, true, ":status: 200", "content-length: 2"))}
	}), `0: #1 HEAD h/ 200 >[0] <[0]`)
	// A frame inside a header section, and a block that ends inside a field.
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		block := cl.fields(base...)
		cl.framer.WriteHeaders(nethttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:len(block)-1]})
		cl.framer.WritePing(false, [8]byte{})
		cl.framer.WriteContinuation(1, true, block[len(block)-1:])
		return []step{c(cl.take(), cl.headers(3, true, base...)), rst()}
	}), `0: #1 GET / 0 >[0 part] <[0 part] bad-header LOSS:truncated`,
		`1: #3 GET / 0 >[0] <[0 part] header-state LOSS:truncated`)
}

func TestNotHTTP2(t *testing.T) {
	for _, script := range [][]step{
		{c("PRI * HTTP/1.1\r\n\r\n")}, {c("GET / HTTP/1.1\r\n\r\n")}, {c(preface, newPeer().settings()), s("HTTP/1.1 400 Bad Request\r\n\r\n")},
	} {
		if r := play(t, opts{}, script); r.verdict != http.NotHTTP || r.told != "" {
			t.Errorf("%q: %v %s", script[0].Data, r.verdict, r.told)
		}
	}
	r := play(t, opts{midstream: true, cfg: func(c *http.Config) { c.ResyncBytes = 1000 }},
		[]step{c(strings.Repeat("some other protocol ", 60))})
	if r.verdict != http.NotHTTP || r.stats.GivenUp != 1 {
		t.Errorf("%v %+v", r.verdict, r.stats)
	}
}

func TestGRPC(t *testing.T) {
	const message = "\x00\x00\x00\x00\x03abc"
	grpc := []string{":method: POST", ":scheme: http", ":path: /s/M", ":authority: h", "content-type: application/grpc+proto", "te: trailers"}
	check(t, opts{}, talk(func(cl, sv *peer) []step {
		ok := []string{":status: 200", "content-type: application/grpc"}
		return []step{
			c(cl.headers(1, false, grpc...), cl.data(1, false, message+message[:3]), cl.data(1, true, message[3:]+"\x01\x00\x00\x00\x00")),
			s(sv.headers(1, false, ok...), sv.data(1, false, message[:6]), sv.data(1, false, message[6:]), sv.headers(1, true, "grpc-status: 0", "grpc-message: ")),
			c(cl.headers(3, true, grpc...)), s(sv.headers(3, true, append(ok, "grpc-status: 16")...)), // trailers only
			c(cl.headers(5, true, grpc...)), s(sv.ok(5, "no gRPC")),
			c(cl.headers(7, true, grpc...)), s(sv.headers(7, true, append(ok, "grpc-status: 17")...)),
			c(cl.headers(9, false, grpc...), cl.data(9, false, "not framed")), rst()}
	}),
		`0: #1 POST h/s/M 200 >[21 "\x00\x00\x00\x00\x03abc\x00\x00\x00\x00\x03abc\x01\x00\x00\x00\x00"] <[8 "\x00\x00\x00\x00\x03abc" grpc-status=0 grpc-message=] grpc=0[3 1]`,
		`1: #3 POST h/s/M 200 >[0] <[0] grpc=16[0 0]`,
		`2: #5 POST h/s/M 200 >[0] <[7 "no gRPC"] grpc=-1[0 0]`,
		`3: #7 POST h/s/M 200 >[0] <[0] grpc=-1[0 0]`,
		`4: #9 POST h/s/M 0 >[10 part "not framed"…] <[0 part] grpc=-1[0 0] LOSS:truncated`)
}

func TestTimes(t *testing.T) {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	cl, sv := newPeer(), newPeer()
	h, d := cl.post(1, "/"), cl.data(1, true, "x")
	a := sv.ok(1, "yz")
	var out []*http.Exchange
	feed := func(d packet.Dir, at clock.Time, text string) {
		pool.Where = packet.Where{Offset: int64(at)}
		out, _ = p.Bytes(out, d, at, []byte(text))
	}
	feed(packet.AtoB, 1, preface+cl.settings())
	feed(packet.AtoB, 2, h[:3])
	feed(packet.AtoB, 3, h[3:])
	feed(packet.AtoB, 4, d)
	feed(packet.BtoA, 5, sv.settings()+a[:1])
	feed(packet.BtoA, 6, a[1:len(a)-1])
	feed(packet.BtoA, 7, a[len(a)-1:])
	if len(out) != 1 {
		t.Fatalf("%d exchanges", len(out))
	}
	if x := out[0]; x.Start != 2 || x.RequestEnd != 4 || x.ResponseStart != 5 || x.End != 7 || x.Where.Offset != 2 || x.Version != 20 {
		t.Errorf("%+v", x)
	}
}
