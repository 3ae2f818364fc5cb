package packet

import (
	"encoding/binary"
	"testing"

	"auscult/sensor/clock"
)

// TestFragmentMemory holds the table to its bounds, and its books to what it really holds, under fragments of
// every size, in every order, of datagrams that are completed, spoiled, forgotten and evicted.
func TestFragmentMemory(t *testing.T) {
	cfg := Defaults()
	cfg.MaxFragmentBytes, cfg.MaxFragmentPackets = 300<<10, 200
	d := New(cfg)
	var s Segment
	rnd := uint32(1)
	next := func(n int) int {
		rnd = rnd*1664525 + 1013904223
		return int(rnd>>8) % n
	}
	for i := range 60_000 {
		n := 8 << next(11)
		b := make([]byte, 20+n)
		b[0], b[9] = 0x45, 17
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		binary.BigEndian.PutUint16(b[4:], uint16(next(400)))
		at := next(60) * n / 8
		if at+n/8 > 8191 {
			at = 8191 - n/8
		}
		if next(4) > 0 || at == 0 {
			at |= 0x2000
		}
		binary.BigEndian.PutUint16(b[6:], uint16(at))
		wire := len(b)
		b = b[:len(b)-next(2)*next(n)]
		d.Decode(&s, &Raw{Frame: b, WireLen: wire, Link: LinkRaw, Time: clock.Time(i) * 50_000})
		if i%97 == 0 || i > 59_990 {
			d.fragments.audit(t, cfg)
			under := uint64(0)
			for e := d.fragments.waiting.first; e != nil; e = e.next {
				if e.state == waiting {
					under++
				}
			}
			if under != d.Stats.Waiting {
				t.Fatalf("%d datagrams under way, %d counted", under, d.Stats.Waiting)
			}
		}
	}
	if st := d.Stats; st.Evicted == 0 || st.Spoiled == 0 || st.Reassembled == 0 || st.Overlapping == 0 {
		t.Errorf("%+v", st)
	}
}

func (f *fragments) audit(t *testing.T, cfg Config) {
	t.Helper()
	used, idle, n := 0, 0, 0
	for _, c := range []chain{f.waiting, f.done} {
		for e := c.first; e != nil; e = e.next {
			n++
			used += cap(e.data)
			if c := cap(e.spans); c > len(e.few) {
				used += c * spanSize
			}
			if f.index[e.key] != e || e.next != nil && e.next.prev != e {
				t.Fatal("a datagram is not where its key says")
			}
		}
	}
	for _, free := range f.free {
		for _, b := range free {
			idle += cap(b)
		}
	}
	if used != f.used || idle != f.idle || used+idle > cfg.MaxFragmentBytes || n != len(f.index) || n > cfg.MaxFragmentPackets {
		t.Fatalf("%d bytes used, %d on the books; %d idle, %d on the books; %d datagrams, %d in the index", used, f.used, idle, f.idle, n, len(f.index))
	}
}
