package tcp_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// oracle is the plainest reassembly: a byte per place.
type oracle struct {
	last  bool // the later copy wins among bytes not yet passed on
	bytes map[int]byte
	next  int // first place that is missing
	end   int
}

func (o *oracle) add(at int, data []byte) {
	for i, b := range data {
		if _, have := o.bytes[at+i]; !have || o.last && at+i >= o.next {
			o.bytes[at+i] = b
		}
	}
	for o.end = max(o.end, at+len(data)); ; o.next++ {
		if _, have := o.bytes[o.next]; !have {
			return
		}
	}
}

// String gives runs of bytes and of missing ones.
func (o *oracle) String() string {
	var w strings.Builder
	lost := 0
	for i := range o.end {
		b, have := o.bytes[i]
		if !have {
			lost++
			continue
		}
		if lost > 0 {
			fmt.Fprintf(&w, "<%d>", lost)
			lost = 0
		}
		fmt.Fprintf(&w, "%02x", b)
	}
	return w.String()
}

// client reads the client's direction in the oracle's notation.
func client(w *strings.Builder, events []tcp.Event) {
	for _, e := range events {
		switch {
		case e.Dir != packet.AtoB:
		case e.Kind == tcp.Data:
			fmt.Fprintf(w, "%x", e.Bytes)
		case e.Kind == tcp.Gap:
			fmt.Fprintf(w, "<%d>", e.Lost)
		}
	}
}

// FuzzTable gives segments of random place, length and content after a handshake, at one instant.
func FuzzTable(f *testing.F) {
	f.Add(uint32(99), false, []byte("\x00\x00\x03\x00\x06\x03\x00\x03\x03"))
	f.Add(uint32(1<<32-10), true, []byte("\x00\x04\x08\x00\x06\x08\x01\x00\xff\x00\x00\x09\x02\x00\x20"))
	f.Add(uint32(1<<32-1), true, bytes.Repeat([]byte("\x07\x00\xff\x03\x80\x90"), 9))
	f.Fuzz(func(t *testing.T, isn uint32, last bool, ops []byte) {
		cfg := tcp.Defaults()
		if last {
			cfg.Overlap = tcp.Last
		}
		table, o := tcp.New(cfg), oracle{last: last, bytes: map[int]byte{}}
		var w strings.Builder
		client(&w, table.Segment(nil, start, seg('c', "S", isn, 0, "")))
		client(&w, table.Segment(nil, start, seg('s', "SA", 999, isn+1, "")))
		for i := 0; i+3 <= len(ops) && i < 300; i += 3 {
			at, n := int(ops[i]&7)<<8|int(ops[i+1]), int(ops[i+2])
			data := make([]byte, n)
			for j := range data {
				data[j] = byte(i + j*n)
			}
			s := seg('c', "A", isn+1+uint32(at), 1000, "")
			s.Payload = data
			client(&w, table.Segment(nil, start, s))
			o.add(at, data)
			clear(data) // a frame's bytes are gone when the next one is read
		}
		client(&w, table.Close(nil, start))
		if want := o.String(); w.String() != want {
			t.Fatalf("got %s\nwant %s", w.String(), want)
		}
	})
}

// record is an Event that outlives the next call.
type record struct {
	flow packet.Flow
	dir  packet.Dir
	kind tcp.Kind
	why  tcp.Why
	time clock.Time
	id   tcp.ID
	lost int
	data string
}

func keep(dst []record, events []tcp.Event) []record {
	for _, e := range events {
		dst = append(dst, record{e.Conn.Flow, e.Dir, e.Kind, e.Why, e.Time, e.Conn.ID, e.Lost, string(e.Bytes)})
	}
	return dst
}

// replay gives the steps to a Table, with Expire at every mark or never, and the events by flow.
func replay(cfg tcp.Config, steps []step, expire bool) ([]record, tcp.Stats) {
	table := tcp.New(cfg)
	var all []record
	now, mark := start, start.Floor()
	for _, s := range steps {
		now += s.wait * ms
		for ; expire && mark+clock.Grid <= now.Floor(); mark += clock.Grid {
			all = keep(all, table.Expire(nil, mark+clock.Grid))
		}
		all = keep(all, table.Segment(nil, now, s.seg))
	}
	all = keep(all, table.Close(nil, now))
	slices.SortStableFunc(all, func(a, b record) int { return int(a.flow.A.Port) - int(b.flow.A.Port) })
	return all, table.Stats
}

// invariant gives anything to a small Table: when Expire is called must not matter, and every connection's
// events must make sense.
func invariant(t *testing.T, ops []byte) tcp.Stats {
	t.Helper()
	cfg := tcp.Defaults()
	cfg.MaxConns, cfg.MaxBuffer, cfg.MaxFlowBuffer, cfg.Recent = 3, 8192, 6144, 8192
	cfg.Overlap = [...]tcp.Overlap{tcp.First, tcp.Last, tcp.Linux}[len(ops)%3]
	cfg.Idle, cfg.HalfClosed = 20*time.Second, 9*time.Second
	steps := wild(ops)
	got, _ := replay(cfg, steps, true)
	want, stats := replay(cfg, steps, false)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("event %d differs:\nwith Expire    %+v\nwithout Expire %+v", i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
		}
	}
	sane(t, got)
	return stats
}

// TestExpire runs FuzzExpire on fixed random input, and checks that this reaches every rule.
func TestExpire(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	sum := map[string]uint64{}
	for range 3000 {
		b := make([]byte, r.IntN(1200))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		v := reflect.ValueOf(invariant(t, b))
		for i := range v.NumField() {
			if f := v.Field(i); f.CanUint() { // Inputs says again, for each, what is counted
				sum[v.Type().Field(i).Name] += f.Uint()
			}
		}
	}
	for name, n := range sum {
		if n == 0 {
			t.Errorf("%s was never counted", name)
		}
	}
	t.Log(sum)
}

// FuzzExpire is invariant on any input.
func FuzzExpire(f *testing.F) {
	f.Add([]byte("\x00\x02\x00\x00\x00\x00\x01\x12\x00\x64\x00\x00\x00\x18\x10\x64\x30\x01"))
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		invariant(t, ops)
	})
}

// wild makes segments of four flows from any bytes, six each.
func wild(ops []byte) []step {
	var steps []step
	for i := 0; i+6 <= len(ops) && i < 1200; i += 6 {
		b := ops[i:]
		s := seg("cs"[b[0]&1], "", 100+uint32(b[2])*16, 100+uint32(b[3])*16, strings.Repeat(string(rune('a'+i%26)), int(b[4])*6))
		s.Flow.A.Port += uint16(b[0] >> 1 & 3)
		s.Flags = packet.Flags(b[1] & 0x17)
		if b[1]&0xc0 != 0 { // mostly plain data
			s.Flags = packet.ACK
		}
		switch {
		case s.Flags == packet.SYN:
			s.Payload = nil
		case b[4]&7 == 7:
			s.Seq, s.Payload = s.Seq-1, []byte{0}
		}
		if s.Flow.A.Port&3 == 3 {
			s.Window = 0
		}
		if b[1]&0x20 != 0 && s.Flags&packet.SYN == 0 {
			s.Flags |= packet.URG
			s.Urgent = uint16(b[5])
		}
		if b[0]&0x20 != 0 {
			s.HasTime, s.TSVal = true, uint32(b[3]&0x3f)
		}
		s.IPID = uint16(b[3] & 7)
		if b[0]&0x80 != 0 {
			s.Seq += 1 << 20
		}
		if b[0]&0x40 != 0 {
			s.Cut = int(b[5])
		}
		wait := clock.Time(b[5] & 15)
		if b[5]&0xc0 == 0xc0 {
			wait *= wait * wait * 5
		}
		steps = append(steps, step{wait, s})
	}
	return steps
}

func sane(t *testing.T, records []record) {
	t.Helper()
	ended := map[tcp.ID][2]bool{}
	for i, r := range records {
		e := ended[r.id]
		if e[r.dir] {
			t.Fatalf("%+v after the end of its direction", r)
		}
		if r.kind == tcp.End {
			e[r.dir] = true
		}
		if ended[r.id] = e; e[0] && e[1] {
			delete(ended, r.id) // at one instant, another connection may have the same id
		}
		if i > 0 && records[i-1].flow == r.flow && r.time < records[i-1].time {
			t.Fatalf("time goes back: %+v after %+v", r, records[i-1])
		}
		if r.kind == tcp.Gap && r.lost <= 0 || r.kind == tcp.Data && r.data == "" {
			t.Fatalf("an empty event: %+v", r)
		}
	}
	if len(ended) > 0 {
		t.Fatalf("connections that never ended: %v", ended)
	}
}

// TestCut cuts a conversation at every byte, shuffles, repeats and overlaps it: the bytes stay the same.
func TestCut(t *testing.T) {
	request, response := strings.Repeat("GET /Patient/17 HTTP/1.1\r\n", 9), strings.Repeat("HTTP/1.1 200 OK\r\n", 15)
	f := func(name string, seed uint64, pieces, window int, again bool) {
		t.Helper()
		r := rand.New(rand.NewPCG(seed, 7))
		var steps []step
		for _, from := range []byte{'c', 's'} {
			text := request
			if from == 's' {
				text = response
			}
			isn, ack := uint32(1<<32-50), uint32(1000)
			if from == 's' {
				isn, ack = 999, 1<<32-49
				ack += uint32(len(request))
			}
			var own []step
			for at := 0; at < len(text); at += pieces {
				to := min(at+pieces, len(text))
				if again && r.IntN(3) == 0 {
					to = min(to+r.IntN(40), len(text))
				}
				for range 1 + r.IntN(2) {
					own = append(own, step{0, seg(from, "A", isn+1+uint32(at), ack, text[at:to])})
					if !again {
						break
					}
				}
			}
			for i := range own {
				j := min(i+r.IntN(window), len(own)-1)
				own[i], own[j] = own[j], own[i]
			}
			if from == 'c' {
				steps = append(own, steps...)
			} else {
				steps = append(steps, own...)
			}
		}
		steps = append([]step{{0, seg('c', "S", 1<<32-50, 0, "")}, {0, seg('s', "SA", 999, 1<<32-49, "")}}, steps...)
		var got [2]strings.Builder
		table := tcp.New(tcp.Defaults())
		for _, s := range steps {
			for _, e := range table.Segment(nil, start, s.seg) {
				if e.Kind != tcp.Data {
					t.Fatalf("%s: %+v", name, e)
				}
				if e.Dir == packet.BtoA && got[0].Len() != len(request) {
					t.Fatalf("%s: answer before its request", name)
				}
				got[e.Dir].Write(e.Bytes)
			}
		}
		if got[0].String() != request || got[1].String() != response {
			t.Fatalf("%s: got %q and %q", name, got[0].String(), got[1].String())
		}
	}
	for n := 1; n <= len(response); n++ {
		f(fmt.Sprintf("cut at %d", n), 0, n, 1, false)
	}
	for seed := range uint64(50) {
		f(fmt.Sprintf("shuffle %d", seed), seed, 1+int(seed)%17, 2+int(seed), false)
		f(fmt.Sprintf("shuffle and repeat %d", seed), seed, 1+int(seed)%17, 2+int(seed), true)
	}
}
