package packet_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

func timed(t testing.TB) map[string]packet.Raw {
	raws := map[string]packet.Raw{}
	payload := strings.Repeat("61", 1460)
	big4, big6 := strings.Replace(ip4, "0030", "05dc", 1)+tcp4+payload, strings.Replace(ip6, "001c", "05c8", 1)+tcp6+payload
	gre, udp := macs+"0800"+outer4+"2f"+ends4, macs+"0800"+outer4+"11"+ends4+"1234"
	stamp := strings.NewReplacer("0030", "05dc", "5018", "8018").Replace(ip4+tcp4) + "0101080a 0000002a 00000001" + payload[24:]
	for name, b := range map[string][]byte{
		"IPv4":    frame(t, macs, "0800", big4),
		"VLAN":    frame(t, macs, "8100 0001 0800", big4),
		"IPv6":    frame(t, macs, "86dd", big6),
		"stamped": frame(t, macs, "0800", stamp),
		"VNTag":   frame(t, macs, "8926 00010002 0800", big4),
		"MPLS":    frame(t, macs, "8847 00010040 00011140", big4),
		"GRE":     frame(t, gre, "2000 0800 0000007b", big4),
		"ERSPAN1": frame(t, gre, "0000 88be", macs, "0800", big4),
		"ERSPAN2": frame(t, gre, "1000 88be 00000001 1001 e07b 00000000", macs, "0800", big4),
		"ERSPAN3": frame(t, gre, "1000 22eb 00000001 2001 e07b 00000000 0000 8000", macs, "0800", big4),
		"VXLAN":   frame(t, udp, "12b5 0000 0000 08000000 00007b00", macs, "0800", big4),
		"GENEVE":  frame(t, udp, "17c1 0000 0000 0240 6558 00007b00 0102030400000000", macs, "0800", big4),
		"GTPU":    frame(t, udp, "0868 0000 0000 30ff 05dc 0000007b", big4),
		"PPPoE":   frame(t, macs, "8864 1100 0001 05de 0021", big4),
	} {
		raws[name] = packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkEthernet}
	}
	return raws
}

func TestAllocs(t *testing.T) {
	for name, r := range timed(t) {
		var d packet.Decoder
		var s packet.Segment
		if n := testing.AllocsPerRun(100, func() {
			if d.Decode(&s, &r) != packet.OK {
				t.Fatal(name)
			}
		}); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
		id := make([]byte, 0, 64)
		if n := testing.AllocsPerRun(100, func() { id = packet.AppendCommunityID(id[:0], &s.Flow, s.Dir, 0) }); n != 0 {
			t.Errorf("AppendCommunityID allocates %v times", n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	raws := timed(b)
	for _, name := range []string{"IPv4", "VLAN", "IPv6", "stamped", "VNTag", "MPLS", "GRE", "ERSPAN1", "ERSPAN2", "ERSPAN3", "VXLAN", "GENEVE", "GTPU", "PPPoE"} {
		b.Run(name, func(b *testing.B) {
			r := raws[name]
			var d packet.Decoder
			var s packet.Segment
			b.SetBytes(int64(len(r.Frame)))
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(&s, &r)
			}
		})
	}
}

// mirrored is what an ERSPAN mirror over a path of 1500 bytes makes of n full frames: two fragments of each.
func mirrored(t testing.TB, n int) (raws []packet.Raw) {
	inner := frame(t, "1000 88be 00000001 1001 e07b 00000000", macs, "0800", strings.Replace(ip4, "0030", "05dc", 1), tcp4, strings.Repeat("61", 1460))
	for i := range n {
		b := append([]byte(nil), inner...)
		b[7], b[6] = byte(i), byte(i>>8)
		for _, p := range cutUp(len(b), 1480) {
			raws = append(raws, fragment(4, uint16(i), 47, b, p))
		}
	}
	return raws
}

func TestFragmentAllocs(t *testing.T) {
	raws := mirrored(t, 1000)
	var d packet.Decoder
	var s packet.Segment
	i, now := 0, clock.Time(0)
	step := func() {
		for range 2 {
			r := &raws[i%len(raws)]
			i++
			now += 100_000
			r.Time = now
			if got := d.Decode(&s, r); got == packet.OK != (i%2 == 0) {
				t.Fatal(i, got, d.Stats)
			}
		}
	}
	for range 20_000 {
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n != 0 {
		t.Errorf("a datagram in two fragments allocates %v times", n)
	}
}

func BenchmarkFragments(b *testing.B) {
	raws := mirrored(b, 5000)
	var d packet.Decoder
	var s packet.Segment
	i, now := 0, clock.Time(0)
	b.SetBytes(int64(len(raws[0].Frame)+len(raws[1].Frame)) / 2)
	b.ReportAllocs()
	for b.Loop() {
		r := &raws[i%len(raws)]
		i++
		now += 100_000
		r.Time = now
		d.Decode(&s, r)
	}
}

// cost is the shortest time, of several, that a Decoder takes for so many rounds of raws. At id, if that is not 0,
// they have an identification, which is another in every round.
func cost(raws []packet.Raw, rounds, id int) time.Duration {
	best := time.Hour
	for range 7 {
		d := packet.New(packet.Defaults())
		var s packet.Segment
		best = min(best, shared.Spent(func() {
			for round := range rounds {
				for j := range raws {
					if id != 0 {
						binary.BigEndian.PutUint16(raws[j].Frame[id:], uint16(round))
					}
					d.Decode(&s, &raws[j])
				}
			}
		}))
	}
	return best
}

// TestLinear makes hostile input eight times as long: the time grows with it and no faster, with room for the
// noise of a busy machine.
func TestLinear(t *testing.T) {
	hold := func(name string, small, large time.Duration) {
		t.Helper()
		if large > 8*5*small+time.Millisecond {
			t.Errorf("%s: %v for the eightfold of what takes %v", name, large, small)
		}
	}
	long := func(name string, link packet.LinkType, chain func(n int) []byte) {
		t.Helper()
		var times [2]time.Duration
		for i, n := range []int{1000, 8000} {
			b := chain(n)
			times[i] = cost([]packet.Raw{{Frame: b, WireLen: len(b), Link: link}}, 50, 0)
		}
		hold(name, times[0], times[1])
	}
	long("routes in GRE", packet.LinkRaw, func(n int) []byte {
		return frame(t, outer4, "2f", ends4, "4000 0800 00000000", strings.Repeat("0800000100", n))
	})
	long("extensions of GTP-U", packet.LinkRaw, func(n int) []byte {
		return frame(t, outer4, "11", ends4, "1234 0868 0000 0000 34ff", fmt.Sprintf("%04x", 4+4*n), "0000007b 00000085", strings.Repeat("01000085", n))
	})
	long("attributes of NFLOG", packet.LinkNFLOG, func(n int) []byte {
		return frame(t, "02 00 0000", strings.Repeat("04000100", n))
	})
	payload := make([]byte, 65000)
	many := func(name string, version, rounds, id int, parts ...part) {
		t.Helper()
		var raws []packet.Raw
		for _, p := range parts {
			p.more = true
			raws = append(raws, fragment(version, 0, 17, payload, p))
		}
		hold(name, cost(raws, rounds, id), cost(raws, 8*rounds, id))
	}
	tiny := cutUp(4000, 8)
	slices.Reverse(tiny)
	many("tiny fragments, the last first", 4, 20, 4, tiny...)
	many("fragments that grow a datagram", 4, 100, 4, cutUp(60_000, 1200)...)
	many("beginnings of datagrams", 6, 6000, 46, part{0, 1480, true})
}

func BenchmarkHash(b *testing.B) {
	r := timed(b)["IPv6"]
	var d packet.Decoder
	var s packet.Segment
	d.Decode(&s, &r)
	b.ReportAllocs()
	for b.Loop() {
		s.Flow.Hash()
	}
}
