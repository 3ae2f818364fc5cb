package websocket_test

import (
	"fmt"
	"math/rand"
	"testing"

	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
)

func newRand(seed int64) *rand.Rand { return rand.New(rand.NewSource(seed)) }

// sink counts what it is shown.
type sink struct{ n int }

func (s *sink) Scan(b []byte) { s.n += len(b) }
func (s *sink) Close(bool)    {}

type sinks struct{ sides [2]sink }

func (h *sinks) Body(_ *http.Exchange, s http.Side) http.Scanner { return &h.sides[s] }

// vitals is a minute of a ward's monitors.
func vitals(masked, packed, takeover bool) []byte {
	w := &sender{mask: masked, takeover: takeover, rng: newRand(1)}
	for i := range 1200 {
		w.message(1, fmt.Appendf(nil, `{"patientId":"p%d","device":"m%d","heartRate":%d,"spo2":%d,"nibp":{"sys":%d,"dia":%d},"t":"2026-11-22T08:%02d:%02dZ"}`,
			i%20, i%20, 60+w.rng.Intn(60), 90+w.rng.Intn(10), 100+w.rng.Intn(60), 50+w.rng.Intn(40), i/60%60, i%60), 1, packed)
	}
	return w.out
}

func TestAllocs(t *testing.T) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	for _, packed := range []bool{false, true} {
		b, h, x := vitals(true, packed, true), &sinks{}, opened(agreed)
		run := func() {
			c := pool.New(h, x)
			for p := b; len(p) > 0; p = p[min(len(p), 1448):] {
				c.Bytes(client, 5, p[:min(len(p), 1448)])
			}
			pool.Free(c)
		}
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 {
			t.Errorf("packed %v: %g allocations", packed, n)
		}
	}
}

func benchmark(b *testing.B, masked, packed, takeover bool) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	text, h, x := vitals(masked, packed, takeover), &sinks{}, opened(extensionsOf(packed, takeover))
	d := server
	if masked {
		d = client
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c := pool.New(h, x)
		for p := text; len(p) > 0; p = p[min(len(p), 1448):] {
			c.Bytes(d, 5, p[:min(len(p), 1448)])
		}
		pool.Free(c)
	}
	if pool.Stats.Unread+pool.Stats.LostStep > 0 || h.sides[0].n+h.sides[1].n == 0 {
		b.Fatal("not all was read")
	}
}

func BenchmarkPlain(b *testing.B)           { benchmark(b, false, false, false) }
func BenchmarkMasked(b *testing.B)          { benchmark(b, true, false, false) }
func BenchmarkPacked_Takeover(b *testing.B) { benchmark(b, false, true, true) }
func BenchmarkPacked_Alone(b *testing.B)    { benchmark(b, false, true, false) }

// BenchmarkTiny is the worst case: frames of one byte.
func BenchmarkTiny(b *testing.B) {
	pool := websocket.NewPool(http.NewShared(http.Defaults()))
	w := &sender{mask: true, rng: newRand(1)}
	for range 1000 {
		w.message(1, []byte("1"), 1, false)
	}
	h, x := &sinks{}, opened("")
	b.SetBytes(int64(len(w.out)))
	for b.Loop() {
		c := pool.New(h, x)
		c.Bytes(client, 5, w.out)
		pool.Free(c)
	}
}
