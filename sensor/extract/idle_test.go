package extract_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// idle is a way for a connection to be silent, and what one may then cost: its place in the table of connections, and
// its stream and parser if it has them (DESIGN.md section 5).
type idle struct {
	name  string
	bytes float64
	talk  func(c *conversation, i int) []packet.Raw
}

var idles = []idle{
	{"opened", 256, func(c *conversation, _ int) []packet.Raw {
		return []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, ""), c.frame(0, ack, "")}
	}},
	{"other protocol", 256, func(c *conversation, _ int) []packet.Raw {
		return []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, ""), c.frame(0, ack, "\x16\xfe\x00\x01\x02\x03\x04\x05\x06\x07 no HTTP\r\n\r\n"),
			c.frame(1, ack, "SSH-2.0-x\r\n\r\n"), c.frame(0, ack, "")}
	}},
	{"keep-alive", 512, func(c *conversation, i int) []packet.Raw {
		return []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, ""), c.frame(0, ack, ""),
			c.frame(0, ack, get1(i)), c.frame(1, ack, found1(i)), c.frame(0, ack, "")}
	}},
}

// open gives e the connections first to last, each from an address of its own.
func (w idle) open(e *extract.Extractor, first, last int) {
	spare := make([]call.Call, 0, 1024)
	for i := first; i < last; i++ {
		c := conversation{now: clock.Time(1e18)}
		for _, raw := range w.talk(&c, i) {
			from := raw.Frame[26:30]
			if raw.Frame[29] == 2 { // of the server
				from = raw.Frame[30:34]
			}
			binary.BigEndian.PutUint32(from, 0x0a100000+uint32(i))
			e.Packet(&raw)
		}
		if i%1000 == 0 {
			spare = e.Take(spare)
			clear(spare)
		}
	}
	e.Take(nil)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestIdleCost measures the heap that silent connections hold.
func TestIdleCost(t *testing.T) {
	const conns = 80_000
	for _, w := range idles {
		e := newExtractor(t, extract.Defaults())
		// What an extractor keeps for itself is there when the first are; the tables, which grow by doubling, are as
		// full with twice as many.
		w.open(e, 0, conns)
		before := heap()
		w.open(e, conns, 2*conns)
		after := heap()
		if s := e.Stats(); s.TCP.Opened != 2*conns || w.name == "keep-alive" && (s.Streams != 2*conns || s.HTTP.Exchanges != 2*conns) {
			t.Fatalf("%s: %d streams, %d exchanges, %d connections", w.name, s.Streams, s.HTTP.Exchanges, s.TCP.Opened)
		}
		each := (float64(after) - float64(before)) / conns
		t.Logf("%s: %.0f bytes a connection", w.name, each)
		if each > w.bytes {
			t.Errorf("%s: an idle connection costs %.0f bytes, want at most %.0f", w.name, each, w.bytes)
		}
		if each < 100 {
			t.Errorf("%s: %.0f bytes a connection: it is not measured", w.name, each)
		}
		runtime.KeepAlive(e)
	}
}

// BenchmarkIdle opens a million connections, and reports the heap that one of them holds, all that an extractor has
// counted in.
func BenchmarkIdle(b *testing.B) {
	const conns = 1_000_000
	for _, w := range idles {
		b.Run(w.name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				e := newExtractor(b, extract.Defaults())
				w.open(e, 0, conns)
				b.ReportMetric((float64(heap())-float64(before))/conns, "B/conn")
				b.ReportMetric(float64(e.Stats().TCP.Evicted+e.Stats().TCP.Shed), "evicted")
				runtime.KeepAlive(e)
			}
		})
	}
}
