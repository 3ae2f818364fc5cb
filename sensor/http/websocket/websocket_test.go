package websocket_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// talk is what passed in one direction, by chance: texts of all sizes, binary ones, empty ones, in fragments.
func talk(seed int64, masked, packed, takeover bool) []byte {
	rng := rand.New(rand.NewSource(seed))
	w := &sender{mask: masked, takeover: takeover, rng: rng}
	for i := range 12 {
		size := []int{0, 1, 20, 125, 126, 400, 3000, 66000}[rng.Intn(8)]
		var text []byte
		for len(text) < size {
			text = fmt.Appendf(text, `{"patientId":"p%d","heartRate":%d,"n":%d},`, rng.Intn(30), 60+rng.Intn(40), i)
		}
		w.message(byte(1+rng.Intn(2)), text[:size], 1+rng.Intn(4), packed && rng.Intn(4) > 0)
	}
	w.frame(0x88, []byte{3, 232})
	return w.out
}

const agreed = "permessage-deflate; server_max_window_bits=15"

func extensionsOf(packed, takeover bool) string {
	switch {
	case !packed:
		return ""
	case takeover:
		return "foo, permessage-deflate;client_max_window_bits"[5:]
	}
	return agreed + "; client_no_context_takeover ;server_no_context_takeover"
}

// TestReference compares what Scanners are shown with what a plain reader finds, whole and in pieces.
func TestReference(t *testing.T) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	for seed := range int64(24) {
		packed, takeover := seed%3 > 0, seed%3 > 1
		up, down := talk(seed, true, packed, takeover), talk(seed+1000, false, packed, takeover)
		wantUp, wantDown := read(t, up, takeover), read(t, down, takeover)
		for _, piece := range []int{1 << 20, 1448, 7, 1} {
			if piece == 1 && seed > 2 {
				continue
			}
			x, h := opened(extensionsOf(packed, takeover)), &hands{}
			c := pool.New(h, x)
			at := clock.Time(10)
			for a, b := up, down; len(a)+len(b) > 0; at++ {
				n, m := min(piece, len(a)), min(piece, len(b))
				c.Bytes(client, at, a[:n])
				c.Bytes(server, at, b[:m])
				a, b = a[n:], b[m:]
			}
			if !c.Ended() {
				t.Fatalf("seed %d: both have closed, and it has not ended", seed)
			}
			pool.Free(c)
			for s, want := range [...][][]byte{wantUp, wantDown} {
				got := &h.sides[s]
				m := x.Message(http.Side(s))
				decoded := 0
				for _, w := range want {
					decoded += len(w)
				}
				if !bytes.Equal(got.text, shown(want)) || got.closed != 1 || !got.complete {
					t.Fatalf("seed %d, pieces of %d, side %d: %d bytes shown, closed %d, complete %v; want %d bytes", seed, piece, s,
						len(got.text), got.closed, got.complete, len(shown(want)))
				}
				if x.Messages[s] != int64(len(want)) || m.Decoded != int64(decoded) || !m.Complete || m.Lost != 0 {
					t.Fatalf("seed %d, side %d: %d messages, %+v; want %d of %d bytes", seed, s, x.Messages[s], m, len(want), decoded)
				}
			}
			if x.Loss != 0 || x.Marks != 0 || x.End != at-1 {
				t.Fatalf("seed %d: loss %b, marks %b, end %d", seed, x.Loss, x.Marks, x.End)
			}
		}
	}
	if st := pool.Stats; st.BadFrames+st.LostStep+st.Unread+st.Unmasked+st.Masked+st.BadDeflate != 0 || st.Controls == 0 {
		t.Errorf("%+v", st)
	}
}

func text(masked bool, messages ...string) []byte {
	w := &sender{mask: masked, rng: rand.New(rand.NewSource(1))}
	for _, m := range messages {
		w.message(1, []byte(m), 1, false)
	}
	return w.out
}

func TestGap_InPayload(t *testing.T) {
	for _, masked := range []bool{false, true} {
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		x, h := opened(""), &hands{}
		c := pool.New(h, x)
		d, s := server, http.Response
		if masked {
			d, s = client, http.Request
		}
		b := text(masked, "0123456789", "{}", "end")
		head := len(b) - len(text(masked, "{}", "end")) - 10
		c.Bytes(d, 3, b[:head+3])
		c.Gap(d, 4, 5)
		c.Bytes(d, 5, b[head+8:])
		c.End(d, 6, true)
		c.End(d.Other(), 7, true)
		if got, want := string(h.sides[s].text), "\x1e01289\n\x1e{}\n\x1eend\n"; got != want || h.sides[s].complete {
			t.Errorf("got %q, complete %v; want %q", got, h.sides[s].complete, want)
		}
		if x.Loss != http.LossGap || x.Message(s).Lost != 5 || x.Messages[s] != 3 || !c.Ended() || x.End != 7 {
			t.Errorf("%+v", x)
		}
		pool.Free(c)
		pool.Close()
	}
}

func TestGap_OverFrames(t *testing.T) {
	for _, masked := range []bool{false, true} {
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		x, h := opened(""), &hands{}
		c := pool.New(h, x)
		d, s := server, http.Response
		if masked {
			d, s = client, http.Request
		}
		c.Bytes(d, 3, text(masked, `{"a":1}`))
		c.Gap(d, 4, 100)
		c.Bytes(d, 5, text(masked, "hello there"))            // may be anything
		c.Bytes(d, 6, text(!masked, `{"a":2}`))               // not in this direction
		c.Bytes(d, 7, text(masked, `{"a":3}`, "hello again")) // a whole frame of JSON
		c.End(d, 8, false)
		if got, want := string(h.sides[s].text), "\x1e{\"a\":1}\n\x1e{\"a\":3}\n\x1ehello again\n"; got != want || h.sides[s].complete {
			t.Errorf("got %q, complete %v; want %q", got, h.sides[s].complete, want)
		}
		if x.Loss != http.LossGap|http.LossTruncated || !c.Ended() || pool.Stats.Resyncs != 1 || pool.Stats.LostStep != 1 {
			t.Errorf("%+v %+v", x, pool.Stats)
		}
		pool.Free(c)
		pool.Close()
	}
}

// TestGap_Packed: what refers to what was lost is counted, not shown; without takeover the next message is read.
func TestGap_Packed(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		x, h := opened(extensionsOf(true, takeover)), &hands{}
		c := pool.New(h, x)
		w := &sender{takeover: takeover}
		w.message(1, []byte(`{"patientId":"p1"}`), 1, true)
		first := len(w.out)
		w.message(1, []byte(`{"patientId":"p2"}`), 1, true)
		c.Bytes(server, 3, w.out[:first-2])
		c.Gap(server, 4, 2)
		c.Bytes(server, 5, w.out[first:])
		c.Bytes(server, 6, text(false, "plain"))
		c.End(server, 7, true)
		got := string(h.sides[http.Response].text)
		if !strings.HasSuffix(got, "\x1eplain\n") || strings.Contains(got, "p2") == takeover {
			t.Errorf("takeover %v: got %q", takeover, got)
		}
		if x.Loss&http.LossGap == 0 || x.Messages[1] != 3 || x.Marks != 0 {
			t.Errorf("%+v", x)
		}
		pool.Free(c)
		pool.Close()
	}
}

// TestOddities: what RFC 6455 forbids is read as far as its lengths allow, and counted.
func TestOddities(t *testing.T) {
	f := func(d packet.Dir, b []byte, want string, check func(x *http.Exchange, st *websocket.Stats) bool) {
		t.Helper()
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		defer pool.Close()
		x, h := opened(""), &hands{}
		c := pool.New(h, x)
		c.Bytes(d, 3, b)
		s := http.Response
		if d == client {
			s = http.Request
		}
		if got := string(h.sides[s].text); got != want || !check(x, &pool.Stats) {
			t.Errorf("%q: shown %q, want %q; %+v %+v", b, got, want, x, pool.Stats)
		}
		pool.Free(c)
		if h.sides[s].closed != 1 {
			t.Errorf("%q: closed %d times", b, h.sides[s].closed)
		}
	}
	f(client, text(false, "{}"), "\x1e{}\n", func(x *http.Exchange, st *websocket.Stats) bool { return st.Unmasked == 1 })
	f(server, text(true, "{}"), "\x1e{}\n", func(x *http.Exchange, st *websocket.Stats) bool { return st.Masked == 1 })
	f(server, []byte("\x01\x01a\x81\x01b"), "\x1ea\n\x1eb\n", func(x *http.Exchange, st *websocket.Stats) bool { return st.BadFrames == 1 && x.Messages[1] == 2 })
	f(server, []byte("\x80\x01a"), "\x1ea\n", func(x *http.Exchange, st *websocket.Stats) bool { return st.BadFrames == 1 })
	f(server, []byte("\x83\x01a\x81\x01b"), "", func(x *http.Exchange, st *websocket.Stats) bool {
		return st.LostStep == 1 && x.Loss == http.LossDecodeLimit && x.Response.Wire == 4
	})
	f(server, []byte("\x89\x7e\x00\x7e"), "", func(x *http.Exchange, st *websocket.Stats) bool { return st.LostStep == 1 })
	f(server, []byte("\x09\x00"), "", func(x *http.Exchange, st *websocket.Stats) bool { return st.LostStep == 1 })
	f(server, []byte("\xc1\x01a"), "", func(x *http.Exchange, st *websocket.Stats) bool { return st.LostStep == 1 })
	f(server, []byte("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffabc"), "", func(x *http.Exchange, st *websocket.Stats) bool { return st.LostStep == 1 && x.Response.Wire == 3 })
	f(server, []byte("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc"), "\x1eabc", func(x *http.Exchange, st *websocket.Stats) bool { return st.LostStep == 0 && x.Messages[1] == 1 })
	f(server, []byte("\x88\x00\x81\x01b"), "", func(x *http.Exchange, st *websocket.Stats) bool { return x.Messages[1] == 0 && x.Response.Complete })
}

// TestFinal: a sender may end every message with a block that says it is the last (RFC 7692 section 7.2.3.4),
// with and without the empty byte behind it, and still refer to messages before.
func TestFinal(t *testing.T) {
	for _, pad := range []string{"", "\x00"} {
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		x, h := opened(agreed), &hands{}
		c := pool.New(h, x)
		w := &sender{}
		hello := "\xf3\x48\xcd\xc9\xc9\x07\x00" // "Hello", final block (RFC 7692 section 7.2.3.4)
		w.frame(0xc1, []byte(hello+pad))
		w.frame(0xc1, []byte("\xf2\x00\x11\x00\x00")) // and again by reference (section 7.2.3.2)
		c.Bytes(server, 3, w.out)
		if got, want := string(h.sides[1].text), "\x1eHello\n\x1eHello\n"; got != want || x.Marks != 0 || x.Loss != 0 {
			t.Errorf("pad %q: got %q, want %q; %+v", pad, got, want, pool.Stats)
		}
		pool.Free(c)
		pool.Close()
	}
}

// TestLimits: each bound is counted, said of the exchange, and costs only what is past it.
func TestLimits(t *testing.T) {
	big := bytes.Repeat([]byte("0"), 3<<20)
	f := func(change func(*http.Config), extensions string, counter func(*websocket.Stats) uint64) {
		t.Helper()
		cfg := http.Defaults()
		change(&cfg)
		pool := websocket.NewPool(http.NewShared(cfg))
		defer pool.Close()
		x, h := opened(extensions), &hands{}
		c := pool.New(h, x)
		w := &sender{takeover: true}
		w.message(1, big, 3, true)
		w.message(1, []byte("plain"), 1, false)
		c.Bytes(server, 3, w.out)
		pool.Free(c)
		if counter(&pool.Stats) != 1 || pool.Stats.Unread != 1 || x.Loss&http.LossDecodeLimit == 0 || x.Messages[1] != 2 {
			t.Errorf("%+v, loss %b", pool.Stats, x.Loss)
		}
		if got := h.sides[1].text; len(got) > 2<<20 || !bytes.HasSuffix(got, []byte("\x1eplain\n")) || h.sides[1].complete {
			t.Errorf("%d bytes shown", len(got))
		}
	}
	f(func(c *http.Config) { c.DecodedBytes = 1 << 20 }, agreed, func(s *websocket.Stats) uint64 { return s.OverDecoded })
	f(func(c *http.Config) { c.Ratio = 100 }, agreed, func(s *websocket.Stats) uint64 { return s.OverRatio })
	f(func(c *http.Config) { c.DecoderBytes = 1000 }, agreed, func(s *websocket.Stats) uint64 { return s.OverDecoders })
	f(func(*http.Config) {}, "x-webkit-deflate-frame", func(s *websocket.Stats) uint64 { return s.Unread })
}

// TestBadDeflate: what does not inflate is marked, and an inflater that failed serves the next WebSocket.
func TestBadDeflate(t *testing.T) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	for range 3 {
		x, h := opened(agreed), &hands{}
		c := pool.New(h, x)
		c.Bytes(server, 3, []byte("\xc1\x05\xff\xff\xff\xff\xff\xc1\x01a"))
		pool.Free(c)
		if x.Marks != http.BadCoding || x.Loss != http.LossDecodeLimit || x.Messages[1] != 2 || x.Response.Decoded != 6 {
			t.Errorf("%+v", x)
		}
		x, h = opened(agreed), &hands{}
		c = pool.New(h, x)
		w := &sender{}
		w.message(1, []byte("{}"), 1, true)
		c.Bytes(server, 3, w.out)
		if got := string(h.sides[1].text); got != "\x1e{}\n" {
			t.Errorf("after a failure: %q", got)
		}
		pool.Free(c)
	}
}

func TestIs(t *testing.T) {
	x := opened("")
	if !websocket.Is(x) {
		t.Error("an opening is not known")
	}
	x.Response.Headers[0].Value = []byte("h2c")
	if websocket.Is(x) {
		t.Error("an upgrade to HTTP/2 is taken for an opening")
	}
	x.Response.Headers[0].Value = []byte("foo/1, websocket")
	if !websocket.Is(x) {
		t.Error("an opening in a list is not known")
	}
	if x.Status = 200; websocket.Is(x) {
		t.Error("a 200 is taken for an opening")
	}
}

// clinic gives a scanner for health data to each direction.
type clinic struct{ sides [2]*phi.Scanner }

func (h *clinic) Body(_ *http.Exchange, s http.Side) http.Scanner { return h.sides[s] }

// TestHealthData: patients are counted over all messages, however they are packed and wrapped, while it runs, and
// one broken message spoils no other.
func TestHealthData(t *testing.T) {
	for _, packed := range []bool{false, true} {
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		x, h := opened(extensionsOf(packed, true)), &clinic{}
		for s := range h.sides {
			h.sides[s] = phi.New(phi.Defaults())
		}
		c := pool.New(h, x)
		w := &sender{takeover: true}
		for i := range 200 {
			body := fmt.Sprintf(`{"patientId":"p%d","name":"J","heartRate":72}`, i)
			switch i % 5 {
			case 1:
				body = `42["vitals",` + body + `]`
			case 2:
				body = fmt.Sprintf("a[%q]", "MESSAGE\ndestination:/topic/v\n\n"+body)
			case 3:
				body += `,{"broken":["`
			}
			w.message(1, []byte(body), 1+i%3, packed)
			w.message(2, []byte{0, 1, 2, '"', '{'}, 1, packed)
			c.Bytes(server, 3, w.out)
			w.out = w.out[:0]
			if r := h.sides[1].Drain(); i%5 == 0 && i > 0 && r.People < i {
				t.Fatalf("packed %v: %d people after %d", packed, r.People, i+1)
			}
		}
		c.End(server, 9, false)
		if r := h.sides[1].Report(); r.People != 200 || r.Form != phi.Messages || r.Classes&phi.Observation == 0 {
			t.Errorf("packed %v: %d people, form %d, classes %v", packed, r.People, r.Form, r.Classes.Names())
		}
		pool.Free(c)
		pool.Close()
	}
}
