package packet_test

import (
	"strings"
	"testing"

	"auscult/sensor/packet"
)

func timed(t testing.TB) map[string]packet.Raw {
	raws := map[string]packet.Raw{}
	payload := strings.Repeat("61", 1460)
	for name, b := range map[string][]byte{
		"IPv4": frame(t, macs, "0800", strings.Replace(ip4, "0030", "05dc", 1), tcp4, payload),
		"VLAN": frame(t, macs, "8100 0001 0800", strings.Replace(ip4, "0030", "05dc", 1), tcp4, payload),
		"IPv6": frame(t, macs, "86dd", strings.Replace(ip6, "001c", "05c8", 1), tcp6, payload),
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
	for _, name := range []string{"IPv4", "VLAN", "IPv6"} {
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
