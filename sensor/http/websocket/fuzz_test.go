package websocket_test

import (
	"bytes"
	"fmt"
	"testing"

	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
)

// outcome is all that a direction came to.
func outcome(pool *websocket.Pool, extensions string, dirClient bool, pieces ...[]byte) (string, *side) {
	x, h := opened(extensions), &hands{}
	c := pool.New(h, x)
	d, s := server, http.Response
	if dirClient {
		d, s = client, http.Request
	}
	for _, p := range pieces {
		b := bytes.Clone(p)
		c.Bytes(d, 5, b)
		for i := range b {
			b[i] = '#' // nothing keeps a reference to a piece
		}
	}
	c.End(d, 6, true)
	c.End(d.Other(), 7, true)
	pool.Free(c)
	m := x.Message(s)
	return fmt.Sprintf("%d messages, wire %d, decoded %d, complete %v, marks %b, loss %b, text %q", x.Messages, m.Wire, m.Decoded,
		m.Complete, x.Marks, x.Loss, h.sides[s].text), &h.sides[s]
}

func TestCutAnywhere(t *testing.T) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	for _, takeover := range []bool{false, true} {
		for _, masked := range []bool{false, true} {
			w := &sender{mask: masked, takeover: takeover}
			if masked {
				w.rng = newRand(3)
			}
			w.message(1, []byte(`{"patientId":"p1"}`), 1, false)
			w.message(1, bytes.Repeat([]byte(`{"patientId":"p2"},`), 20), 3, true)
			w.message(2, bytes.Repeat([]byte{1, 2, 3}, 50), 2, false)
			w.message(1, []byte(`{"patientId":"p2"}`), 2, true)
			w.frame(0x88, nil)
			want, _ := outcome(pool, extensionsOf(true, takeover), masked, w.out)
			for i := range len(w.out) + 1 {
				if got, _ := outcome(pool, extensionsOf(true, takeover), masked, w.out[:i], w.out[i:]); got != want {
					t.Fatalf("cut at %d:\n got %s\nwant %s", i, got, want)
				}
			}
		}
	}
}

// FuzzFrames: any bytes come to the same in any pieces, without a panic, within the bounds.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x05Hello\x01\x03Hel\x89\x00\x80\x02lo\x88\x00"), uint16(3), uint16(4), uint8(0))
	f.Add([]byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), uint16(1), uint16(7), uint8(1))
	f.Add([]byte("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"), uint16(5), uint16(5), uint8(2))
	f.Add([]byte("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), uint16(5), uint16(5), uint8(4))
	f.Add([]byte("\x82\x7e\x00\x80\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"), uint16(2), uint16(9), uint8(0))
	cfg := http.Defaults()
	cfg.DecodedBytes, cfg.Ratio, cfg.RatioFloor = 1<<16, 64, 1<<12
	f.Fuzz(func(t *testing.T, b []byte, i, j uint16, how uint8) {
		pool := websocket.NewPool(http.NewShared(cfg))
		defer pool.Close()
		ext := []string{"", agreed, extensionsOf(true, false)}[how>>1%3]
		masked := how&1 == 1
		at := int(i) % (len(b) + 1)
		to := at + int(j)%(len(b)-at+1)
		want, s := outcome(pool, ext, masked, b)
		if s.closed != 1 {
			t.Fatalf("closed %d times", s.closed)
		}
		// Where the step is lost, a later frame is recognised by where a piece begins: only then may pieces differ.
		if pool.Stats.LostStep == 0 {
			if got, _ := outcome(pool, ext, masked, b[:at], b[at:to], b[to:]); got != want {
				t.Fatalf("cut at %d and %d:\n got %s\nwant %s", at, to, got, want)
			}
		}
		x := opened(ext)
		c := pool.New(&hands{}, x)
		c.Bytes(client, 5, b[:at])
		c.Gap(client, 6, int(j)+1)
		c.Bytes(client, 7, b[at:])
		pool.Free(c)
		if m := &x.Request; m.Wire > int64(len(b)) || m.Decoded < 0 {
			t.Fatalf("%+v of %d bytes", m, len(b))
		}
	})
}
