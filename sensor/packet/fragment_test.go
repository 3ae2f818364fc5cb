package packet_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// part is a fragment to be made: bytes from to to of a datagram's payload.
type part struct {
	from, to int
	more     bool
}

// fragment is an IP packet of version 4 or 6 with a part of payload in it.
func fragment(version int, id uint16, proto byte, payload []byte, p part) packet.Raw {
	at := uint16(p.from)
	var b []byte
	if version == 4 {
		b = append(b, 0x45, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, id)
		at >>= 3
		if p.more {
			at |= 0x2000
		}
		b = binary.BigEndian.AppendUint16(b, at)
		b = append(b, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
		b = append(b, payload[p.from:p.to]...)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	} else {
		if p.more {
			at |= 1
		}
		b = append(b, 0x60, 0, 0, 0, 0, 0, 44, 64)
		for _, host := range []byte{1, 2} {
			b = append(append(b, 0xfd), make([]byte, 14)...)
			b = append(b, host)
		}
		b = append(b, proto, 0)
		b = binary.BigEndian.AppendUint16(b, at)
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, id)
		b = append(b, payload[p.from:p.to]...)
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	}
	return packet.Raw{Time: 1, Frame: b, WireLen: len(b), Link: packet.LinkRaw}
}

// segment is a TCP segment of n bytes of payload.
func segment(t testing.TB, n int) []byte {
	b := frame(t, tcp4)
	for i := range n {
		b = append(b, byte('a'+i*7%26))
	}
	return b
}

// cutUp is the parts of n bytes in fragments of size.
func cutUp(n, size int) (parts []part) {
	for from := 0; from < n; from += size {
		parts = append(parts, part{from, min(from+size, n), from+size < n})
	}
	return parts
}

// permutations calls f with every order of n things.
func permutations(n int, f func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var next func(int)
	next = func(k int) {
		if k == n {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			next(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	next(0)
}

func TestFragmentsInAnyOrder(t *testing.T) {
	for _, version := range []int{4, 6} {
		for _, size := range []int{8, 24} { // the TCP header is in three fragments, or in one
			tcp := segment(t, 4*size-20)
			parts := cutUp(len(tcp), size)
			permutations(len(parts), func(order []int) {
				var d packet.Decoder
				var s packet.Segment
				for n, i := range order {
					r := fragment(version, 7, 6, tcp, parts[i])
					for copied := range 2 { // a mirror shows each twice
						want := packet.Fragment
						if n == len(order)-1 && copied == 0 {
							want = packet.OK
						}
						got := d.Decode(&s, &r)
						if got != want || got == packet.OK && (string(s.Payload) != string(tcp[20:]) || s.Seq != 100 || s.Cut != 0 || version == 4 && s.IPID != 7) {
							t.Fatalf("IPv%d, order %v, fragment %d: %v, want %v: %q", version, order, i, got, want, s.Payload)
						}
					}
				}
				if st := d.Stats; st.Fragments != 8 || st.Reassembled != 1 || st.Duplicates != 4 || st.Overlapping != 0 {
					t.Fatalf("%+v", st)
				}
			})
		}
	}
}

func TestFragmentsTinyAndMany(t *testing.T) {
	for _, n := range []int{1, 1460, 4000} {
		var d packet.Decoder
		var s packet.Segment
		tcp := segment(t, n)
		parts := cutUp(len(tcp), 8)
		for i := range parts {
			r := fragment(4, 1, 6, tcp, parts[len(parts)-1-i]) // the last first
			if got := d.Decode(&s, &r); got == packet.OK != (i == len(parts)-1) {
				t.Fatal(n, i, got)
			}
		}
		if string(s.Payload) != string(tcp[20:]) {
			t.Error(n, len(s.Payload))
		}
	}
	var d packet.Decoder
	var s packet.Segment
	tcp := segment(t, 8000)
	for _, p := range cutUp(len(tcp), 8) {
		r := fragment(4, 1, 6, tcp, p)
		if got := d.Decode(&s, &r); got != packet.Fragment {
			t.Fatal(got)
		}
	}
	if d.Stats.TooMany != 1 || d.Stats.Reassembled != 0 {
		t.Errorf("%+v", d.Stats)
	}
}

// TestFragmentsOverlap has what RFC 5722 forbids: nothing of such a datagram is read, nor what still comes of it.
func TestFragmentsOverlap(t *testing.T) {
	tcp := segment(t, 60)
	other := []byte(strings.ToUpper(string(tcp)))
	f := func(name string, first bool, parts ...part) { // the second part is of another text
		t.Helper()
		for _, version := range []int{4, 6} {
			cfg := packet.Defaults()
			if first {
				cfg.FragmentOverlap = packet.First
			}
			d := packet.New(cfg)
			var s packet.Segment
			got := packet.OK
			for i, p := range parts {
				text := tcp
				if i == 1 {
					text = other
				}
				r := fragment(version, 7, 6, text, p)
				got = d.Decode(&s, &r)
			}
			if first {
				if got != packet.OK || string(s.Payload) != string(tcp[20:]) || d.Stats.Overlapping != 1 || d.Stats.Spoiled != 0 {
					t.Errorf("%s, IPv%d: %v, %+v", name, version, got, d.Stats)
				}
				continue
			}
			if got != packet.Fragment || d.Stats.Overlapping != 1 || d.Stats.Spoiled != 1 || d.Stats.Reassembled != 0 {
				t.Errorf("%s, IPv%d: %v, %+v", name, version, got, d.Stats)
			}
			for _, p := range cutUp(len(tcp), 40) { // what comes of it later
				r := fragment(version, 7, 6, tcp, p)
				if got := d.Decode(&s, &r); got != packet.Fragment {
					t.Errorf("%s, IPv%d, later: %v", name, version, got)
				}
			}
			for i, p := range cutUp(len(tcp), 40) { // and after its time
				r := fragment(version, 7, 6, tcp, p)
				r.Time = r.Time.Add(30 * time.Second)
				if got := d.Decode(&s, &r); got == packet.OK != (i == 1) {
					t.Errorf("%s, IPv%d, next: %v", name, version, got)
				}
			}
		}
	}
	f("the same place", false, part{0, 40, true}, part{0, 40, true}, part{40, 80, false})
	f("within", false, part{0, 40, true}, part{16, 24, true}, part{40, 80, false})
	f("at the end", false, part{0, 40, true}, part{32, 80, false}, part{40, 80, false})
	f("at the beginning", false, part{40, 80, false}, part{0, 48, true}, part{0, 40, true})
	f("around", false, part{24, 40, true}, part{16, 48, true}, part{0, 24, true}, part{40, 80, false})
	f("no bytes", false, part{0, 40, true}, part{40, 40, true}, part{40, 80, false})
	f("beyond the end", false, part{40, 72, false}, part{72, 80, true}, part{0, 40, true})
	f("two ends", false, part{40, 72, false}, part{72, 80, false}, part{0, 40, true})
	f("an end before", false, part{40, 80, true}, part{8, 32, false}, part{0, 40, true})
	f("the same, but the last", false, part{40, 80, true}, part{40, 80, false}, part{0, 40, true})
	f("the same place, Linux", true, part{0, 40, true}, part{0, 40, true}, part{40, 80, false})
	f("within, Linux", true, part{0, 40, true}, part{16, 24, true}, part{40, 80, false})
	f("the last, Linux", true, part{24, 80, false}, part{24, 80, false}, part{0, 24, true})

	cfg := packet.Defaults()
	cfg.FragmentOverlap = packet.First
	two := packet.New(cfg)
	for i, p := range []part{{0, 24, true}, {24, 48, true}, {16, 40, true}, {48, 80, false}} {
		text := tcp
		if i == 2 {
			text = other
		}
		var s packet.Segment
		r := fragment(6, 7, 6, text, p)
		if got := two.Decode(&s, &r); got == packet.OK != (i == 3) || i == 3 && string(s.Payload) != string(tcp[20:]) {
			t.Errorf("within two, Linux: %v, %+v", got, two.Stats)
		}
	}
	d := packet.New(cfg)
	for i, p := range []part{{0, 40, true}, {32, 80, false}, {40, 80, false}} {
		r := fragment(4, 7, 6, tcp, p)
		if got := d.Decode(&packet.Segment{}, &r); got != packet.Fragment || d.Stats.Spoiled != uint64(min(i, 1)) {
			t.Errorf("more than what is there, Linux: %v, %+v", got, d.Stats)
		}
	}
}

func TestFragmentsTimeOut(t *testing.T) {
	tcp := segment(t, 60)
	parts := cutUp(len(tcp), 40)
	f := func(apart time.Duration, want packet.Reason) {
		t.Helper()
		var d packet.Decoder
		first, last := fragment(6, 7, 6, tcp, parts[0]), fragment(6, 7, 6, tcp, parts[1])
		last.Time = first.Time.Add(apart)
		d.Decode(&packet.Segment{}, &first)
		if got := d.Decode(&packet.Segment{}, &last); got != want || (d.Stats.TimedOut == 0) != (want == packet.OK) {
			t.Errorf("%v apart: %v, %+v", apart, got, d.Stats)
		}
	}
	f(30*time.Second-1, packet.OK)
	f(30*time.Second, packet.Fragment)
	f(-time.Second, packet.OK)
}

// TestFragmentsReused has one identification after another for the same number, as a busy tunnel has (RFC 4963).
func TestFragmentsReused(t *testing.T) {
	var d packet.Decoder
	var s packet.Segment
	for i := range 100 {
		tcp := segment(t, 60)
		tcp[25], tcp[70] = byte(i), byte(i)
		for j, p := range cutUp(len(tcp), 40) {
			r := fragment(4, 7, 6, tcp, p)
			if got := d.Decode(&s, &r); got == packet.OK != (j == 1) || j == 1 && string(s.Payload) != string(tcp[20:]) {
				t.Fatal(i, j, got)
			}
		}
	}
}

// TestFragmentsCut has fragments that the snap length shortened: what is whole from the beginning is read.
func TestFragmentsCut(t *testing.T) {
	tcp := segment(t, 60)
	f := func(name string, cut [2]int, want packet.Reason, bytes int) {
		t.Helper()
		var d packet.Decoder
		var s packet.Segment
		for i, p := range cutUp(len(tcp), 40) {
			r := fragment(4, 7, 6, tcp, p)
			r.Frame = r.Frame[:len(r.Frame)-cut[i]]
			got := d.Decode(&s, &r)
			if i == 1 && (got != want || got == packet.OK && (string(s.Payload) != string(tcp[20:20+bytes]) || s.Cut != 60-bytes)) {
				t.Errorf("%s: %v, %d bytes and %d cut", name, got, len(s.Payload), s.Cut)
			}
		}
	}
	f("nothing", [2]int{0, 0}, packet.OK, 60)
	f("the tail", [2]int{0, 10}, packet.OK, 50)
	f("all of the last", [2]int{0, 40}, packet.OK, 20)
	f("the middle", [2]int{10, 0}, packet.OK, 10)
	f("all payload", [2]int{20, 0}, packet.OK, 0)
	f("the header", [2]int{21, 0}, packet.Truncated, 0)
}

// TestFragmentsOfTunnels has a tunnel in fragments that carries another one in fragments, and so on.
func TestFragmentsOfTunnels(t *testing.T) {
	tcp := segment(t, 400)
	var inner []packet.Raw
	for _, p := range cutUp(len(tcp), 200) {
		inner = append(inner, fragment(6, 7, 6, tcp, p))
	}
	for level := range 4 {
		var outer []packet.Raw
		for i, r := range inner {
			b := append(frame(t, "0000 86dd"), r.Frame...)
			if level > 0 {
				b[2], b[3] = 8, 0
			}
			for _, p := range cutUp(len(b), 120) {
				outer = append(outer, fragment(4, uint16(100*level+i), 47, b, p))
			}
		}
		inner = outer
	}
	var d packet.Decoder
	var s packet.Segment
	for i, r := range inner {
		if got := d.Decode(&s, &r); got == packet.OK != (i == len(inner)-1) {
			t.Fatal(i, got)
		}
	}
	if string(s.Payload) != string(tcp[20:]) || s.Outer == nil || s.Outer.Encap != packet.GRE || s.Flow.A.Addr[0] != 0xfd {
		t.Errorf("%+v", s)
	}
}

func TestFragmentsOdd(t *testing.T) {
	tcp := segment(t, 60)
	f := func(name string, want packet.Reason, raws ...packet.Raw) {
		t.Helper()
		var d packet.Decoder
		var s packet.Segment
		var got packet.Reason
		for i := range raws {
			got = d.Decode(&s, &raws[i])
		}
		if got != want || got == packet.OK && string(s.Payload) != string(tcp[20:]) {
			t.Errorf("%s: %v, want %v, %+v", name, got, want, d.Stats)
		}
	}
	f("UDP", packet.NotTCP, fragment(4, 7, 17, tcp, part{0, 40, true}), fragment(4, 7, 17, tcp, part{40, 80, false}))
	f("two protocols", packet.Fragment, fragment(4, 7, 17, tcp, part{0, 40, true}), fragment(4, 7, 6, tcp, part{40, 80, false}))
	f("two numbers", packet.Fragment, fragment(6, 7, 6, tcp, part{0, 40, true}), fragment(6, 8, 6, tcp, part{40, 80, false}))
	f("IPv4 cuts off the odd bytes", packet.OK, fragment(4, 7, 6, tcp, part{0, 45, true}), fragment(4, 7, 6, tcp, part{40, 80, false}))
	f("IPv6 does not", packet.Fragment, fragment(6, 7, 6, tcp, part{0, 45, true}), fragment(6, 7, 6, tcp, part{40, 80, false}))
	f("but goes on without", packet.OK, fragment(6, 7, 6, tcp, part{0, 45, true}), fragment(6, 7, 6, tcp, part{0, 40, true}), fragment(6, 7, 6, tcp, part{40, 80, false}))
	f("the next header of the first counts", packet.OK, fragment(6, 7, 17, tcp, part{40, 80, false}), fragment(6, 7, 6, tcp, part{0, 40, true}))
	big := make([]byte, 1<<17)
	death := fragment(4, 7, 6, big, part{65520, 65560, false})
	f("the ping of death", packet.Fragment, death, fragment(4, 7, 6, tcp, part{0, 40, true}))
	options := append(frame(t, "06 00 010400000000"), tcp...)
	f("a header that is in fragments itself", packet.OK, fragment(6, 7, 60, options, part{0, 8, true}), fragment(6, 7, 60, options, part{8, 88, false}))
	f("a fragment in fragments", packet.OK,
		fragment(6, 7, 44, append(frame(t, "0600 0001 0000 0009"), tcp[:40]...), part{0, 8, true}),
		fragment(6, 7, 44, append(frame(t, "0600 0001 0000 0009"), tcp[:40]...), part{8, 48, false}),
		fragment(6, 9, 6, tcp, part{40, 80, false}))
}

// TestFragmentFlood fills the table with fragments that will never be whole; what is whole goes through all the same.
func TestFragmentFlood(t *testing.T) {
	cfg := packet.Defaults()
	cfg.MaxFragmentBytes, cfg.MaxFragmentPackets = 256<<10, 100
	d := packet.New(cfg)
	hostile, tcp := make([]byte, 65000), segment(t, 2900)
	var s packet.Segment
	want := 0
	for i := range 20_000 {
		n := []int{8, 1480, 64_000}[i%3]
		r := fragment(4+i%2*2, uint16(i), 17, hostile, part{0, n, true})
		r.Time = clock.Time(i) * clock.Time(time.Millisecond)
		if got := d.Decode(&s, &r); got != packet.Fragment {
			t.Fatal(i, got)
		}
		if i%10 != 0 {
			continue
		}
		want++
		for j, p := range cutUp(len(tcp), 1480) {
			good := fragment(4, uint16(i), 6, tcp, p)
			good.Time = r.Time
			if got := d.Decode(&s, &good); got == packet.OK != (j == 1) || j == 1 && string(s.Payload) != string(tcp[20:]) {
				t.Fatal(i, j, got)
			}
		}
	}
	if d.Stats.Reassembled != uint64(want) || d.Stats.Evicted < 19_000 {
		t.Errorf("%+v", d.Stats)
	}
}

// TestFragmentsSame shows that what a Decoder makes of fragments does not depend on the frames of others.
func TestFragmentsSame(t *testing.T) {
	run := func() string {
		var d packet.Decoder
		var s packet.Segment
		out := ""
		for i := range 3000 {
			tcp := segment(t, 100+i%50)
			parts := cutUp(len(tcp), 8*(1+i%5))
			r := fragment(4, uint16(i*7%40), 6, tcp, parts[i*i%len(parts)])
			r.Time = clock.Time(i) * clock.Time(20*time.Millisecond)
			got := d.Decode(&s, &r)
			out += fmt.Sprint(got, " ")
		}
		return out + fmt.Sprintf("%+v", d.Stats)
	}
	if a, b := run(), run(); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}
