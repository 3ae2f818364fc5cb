package hl7_test

import (
	"testing"

	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// counter counts what it is shown.
type counter struct{ n int64 }

func (c *counter) Body(*http.Exchange, http.Side) http.Scanner { return c }
func (c *counter) Scan(b []byte)                               { c.n += int64(len(b)) }
func (c *counter) Close(bool)                                  {}

// talk sends a message and its acknowledgement through p.
func talk(p *hl7.Parser, done []*http.Exchange, req, resp []byte) []*http.Exchange {
	done, _ = p.Bytes(done[:0], packet.AtoB, 1, req)
	done, _ = p.Bytes(done, packet.BtoA, 2, resp)
	for _, x := range done {
		p.Release(x)
	}
	return done
}

func lab() (req, resp []byte) {
	segments := "PID|1||42^^^H^MR||Rao^Asha||19700101|F\rOBR|1|||CBC\r"
	for range 40 {
		segments += "OBX|1|NM|718-7^Hemoglobin^LN||13.2|g/dL|12.0-16.0|N|||F\r"
	}
	return []byte(frame(message("ORU^R01", "1", segments))), []byte(ack("AA", "1"))
}

// TestParser_Allocs holds that messages cost no allocation once the first has passed, and that what is between them
// costs no memory.
func TestParser_Allocs(t *testing.T) {
	pool := hl7.NewPool(http.NewShared(http.Defaults()))
	p := pool.New(new(counter), packet.AtoB, true, false)
	req, resp := lab()
	var done []*http.Exchange
	if n := testing.AllocsPerRun(1000, func() {
		done = talk(p, done, req, resp)
		if len(done) != 1 {
			t.Fatalf("%d exchanges", len(done))
		}
	}); n != 0 {
		t.Errorf("%.1f allocations a message", n)
	}
	if n := testing.AllocsPerRun(1000, func() { // cut inside the head and the body
		done, _ = p.Bytes(done[:0], packet.AtoB, 1, req[:20])
		done = talk(p, done, req[20:], resp)
	}); n != 0 {
		t.Errorf("%.1f allocations a message in pieces", n)
	}
	if !p.Idle() {
		t.Error("something is kept between messages")
	}
}

func BenchmarkParser(b *testing.B) {
	pool := hl7.NewPool(http.NewShared(http.Defaults()))
	p := pool.New(new(counter), packet.AtoB, true, false)
	req, resp := lab()
	var done []*http.Exchange
	b.SetBytes(int64(len(req) + len(resp)))
	b.ReportAllocs()
	for range b.N {
		done = talk(p, done, req, resp)
	}
}

// BenchmarkParser_Hostile is a stream of start blocks, none of which begins a message.
func BenchmarkParser_Hostile(b *testing.B) {
	pool := hl7.NewPool(http.NewShared(http.Defaults()))
	p := pool.New(new(counter), packet.AtoB, true, false)
	req, _ := lab()
	done, _ := p.Bytes(nil, packet.AtoB, 1, req[:len(req)-2])
	junk := make([]byte, 64<<10)
	for i := range junk {
		junk[i] = "\x0bMS"[i%3]
	}
	b.SetBytes(int64(len(junk)))
	for range b.N {
		done, _ = p.Bytes(done[:0], packet.AtoB, 2, junk)
	}
}
