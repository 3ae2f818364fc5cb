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

// idleBytes is what a keep-alive connection between two requests may cost: its place in the table of connections,
// its stream and its parser (DESIGN.md section 5).
const idleBytes = 512

// TestIdleCost measures the heap that connections hold which have had an exchange and wait for the next.
func TestIdleCost(t *testing.T) {
	const conns = 80_000
	e := newExtractor(t, extract.Defaults())
	exchange := func(first, last int) {
		now := clock.Time(1e18)
		for i := first; i < last; i++ {
			c := conversation{now: now}
			for _, raw := range append([]packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, ""), c.frame(0, ack, "")},
				c.frame(0, ack, get1(i)), c.frame(1, ack, found1(i)), c.frame(0, ack, "")) {
				from := raw.Frame[26:30]
				if raw.Frame[29] == 2 { // of the server
					from = raw.Frame[30:34]
				}
				binary.BigEndian.PutUint32(from, 0x0a100000+uint32(i))
				e.Packet(&raw)
			}
			if i%1000 == 0 {
				e.Take(make([]call.Call, 0, 1000))
			}
		}
		e.Take(nil)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	// What an extractor keeps for itself is there when the first are; the tables, which grow by doubling, are as full
	// with twice as many.
	exchange(0, conns)
	before := heap()
	exchange(conns, 2*conns)
	after := heap()
	if s := e.Stats(); s.Streams != 2*conns || s.HTTP.Exchanges != 2*conns || s.TCP.Opened != 2*conns {
		t.Fatalf("%d streams, %d exchanges, %d connections", s.Streams, s.HTTP.Exchanges, s.TCP.Opened)
	}
	each := (float64(after) - float64(before)) / conns
	t.Logf("%.0f bytes a connection", each)
	if each > idleBytes {
		t.Errorf("an idle connection costs %.0f bytes, want at most %d", each, idleBytes)
	}
	if each < 100 {
		t.Errorf("%.0f bytes a connection: it is not measured", each)
	}
	runtime.KeepAlive(e)
}
