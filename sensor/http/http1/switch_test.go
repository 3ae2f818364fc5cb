package http1_test

import (
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

const (
	upgrade   = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	switching = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"
	connect   = "CONNECT h:443 HTTP/1.1\r\n\r\n"
)

// TestSwitch has what a connection leaves behind for the protocol it switches to, in any cut.
func TestSwitch(t *testing.T) {
	f := func(want, held, rest string, in ...step) {
		t.Helper()
		for i, script := range [][]step{in, wire.Bytewise(in)} {
			r := play(t, opts{}, script)
			if r.verdict == http.More || r.told != want || r.held != held || r.rest != rest || r.lost != 0 {
				t.Errorf("%d: %v %s\nheld %q %d rest %q\nwant %s\nheld %q rest %q", i, r.verdict, r.told, r.held, r.lost, r.rest, want, held, rest)
			}
		}
	}
	ws := `0: GET /ws 11 101 >[0/0] <[0/0 part]`
	f(ws, "", "\x81\x05HTTP/", c(upgrade), s(switching+"\x81\x05HTTP/"))
	// the client did not wait; its frame may hold anything
	f(ws, "\x81\x85mask\n\nGET", "", c(upgrade), c("\x81\x85mask\n\nGET"), s(switching))
	f(ws, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00", "\x00\x00", c(upgrade+"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00"), s(switching+"\x00\x00"))
	// an interim answer does not settle it, and a request before it is answered as ever
	f(`0: GET /a 11 200 >[0/0] <[5/5 "hello"]`+"\n"+`1: GET /ws 11 101 >[0/0] <[0/0 part] depth=1`, "\x82", "",
		c(get+upgrade+"\x82"), s(ok5+"HTTP/1.1 103 Hints\r\n\r\n"+switching))
	// content of a 2xx to CONNECT is the tunnel's (RFC 9110 section 9.3.6)
	f(`0: CONNECT h:443 11 200 >[0/0] <[0/0 part]`, "GET /inner HTTP/1.1\r\n\r\n", "hello",
		c(connect+"GET /inner HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f("", "", "SM\r\n\r\n\x00\x00", c("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00"))
	// a request in its body when the answer comes: the answer stands
	f(`0: POST /x 11 101 >[2/2 part "ab"…] <[0/0 part]`, "", "",
		c("POST /x HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nab"), s(switching))
}

// TestNoSwitch has requests to switch that came to nothing: what follows is HTTP/1, at its own times.
func TestNoSwitch(t *testing.T) {
	f := func(in []step, want ...string) {
		t.Helper()
		r := play(t, opts{}, in)
		if got := strings.Join(want, "\n"); r.told != got {
			t.Errorf("got\n%s\nwant\n%s", r.told, got)
			return
		}
		cutEverywhere(t, opts{}, in, r.told)
	}
	refused := `0: GET /ws 11 200 >[0/0] <[5/5 "hello"]`
	next := `1: GET /a 11 200 >[0/0] <[5/5 "hello"]`
	f(steps(c(upgrade), s(ok5), c(get), s(ok5)), refused, next)
	f(steps(c(upgrade+get), s(ok5+ok5)), refused, next+" depth=1")
	f(steps(c(upgrade+"\r\n"), s(ok5), c(get), s(ok5)), refused, next)
	// the server's side is not in the capture
	f(steps(c(upgrade), c(get), finC(), finS()), `0: GET /ws 11 0 >[0/0] <[0/0 part]`, `1: GET /a 11 0 >[0/0] <[0/0 part] depth=1`)
	// a tunnel that is refused and tried again
	f(steps(c(connect), s("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"), c(connect), s("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")),
		`0: CONNECT h:443 11 407 >[0/0] <[0/0]`, `1: CONNECT h:443 11 502 >[0/0] <[0/0]`)
	// what was meant for the tunnel is read after the refusal, and the end of the client after it
	f(steps(c(connect+get), finC(), s("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"+ok5), finS()),
		`0: CONNECT h:443 11 403 >[0/0] <[0/0]`, next)
	f(steps(c(connect+get), rst()), `0: CONNECT h:443 11 0 >[0/0] <[0/0 part] LOSS:truncated`,
		`1: GET /a 11 0 >[0/0] <[0/0 part] depth=1 LOSS:truncated`)
}

// TestHeldBounds has a client that sends on and on, and one whose bytes are not all in the capture.
func TestHeldBounds(t *testing.T) {
	small := opts{cfg: func(c *http.Config) { c.HeadBytes = 1024 }}
	frames := "\x82" + strings.Repeat("x", 2000)
	r := play(t, small, steps(c(upgrade), c(frames), s(switching)))
	if len(r.held) != 1024 || r.lost != len(frames)-1024 || r.stats.OverHeld != 1 {
		t.Errorf("held %d, lost %d, counted %d", len(r.held), r.lost, r.stats.OverHeld)
	}
	r = play(t, opts{}, steps(c(upgrade), c("\x82abc"), lostC(7), c("defg"), s(switching)))
	if r.held != "\x82abc" || r.lost != 11 {
		t.Errorf("held %q, lost %d", r.held, r.lost)
	}
	r = play(t, opts{}, steps(c(upgrade), lostC(70), c(get), s(ok5), s(ok5)))
	if want := `0: GET /ws 11 200 >[0/0] <[5/5 "hello"]` + "\n" + `1: GET /a 11 200 >[0/0] <[5/5 "hello"] depth=1`; r.told != want {
		t.Errorf("behind a gap: %s", r.told)
	}
}

// TestHeldTimes has the times of a request that was held.
func TestHeldTimes(t *testing.T) {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	p.Bytes(nil, packet.AtoB, 1, []byte(connect))
	pool.Where = packet.Where{Offset: 20}
	p.Bytes(nil, packet.AtoB, 2, []byte(get[:10]))
	p.Bytes(nil, packet.AtoB, 3, []byte(get[10:]))
	pool.Where = packet.Where{Offset: 30}
	out, _ := p.Bytes(nil, packet.BtoA, 4, []byte("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
	out, _ = p.Bytes(out, packet.BtoA, 5, []byte(ok5))
	if len(out) != 2 {
		t.Fatalf("%d exchanges", len(out))
	}
	x := out[1]
	if x.Start != 2 || x.RequestEnd != clock.Time(3) || x.Where.Offset != 20 || pool.Where.Offset != 30 || x.End != 5 {
		t.Errorf("%d %d %d %d %d", x.Start, x.RequestEnd, x.Where.Offset, pool.Where.Offset, x.End)
	}
	if p.Closed(packet.AtoB) {
		t.Error("closed")
	}
}
