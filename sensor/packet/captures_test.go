package packet_test

import (
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/packet"
)

// TestCaptures has the TCP segments and payload bytes that tshark finds in captures of tunnels and fragments
// (tshark -Y tcp -T fields -e tcp.len), and the encapsulation it shows around them.
func TestCaptures(t *testing.T) {
	f := func(file string, segments, bytes int, encap packet.Encap, id uint32, src, dst string) {
		t.Helper()
		var d packet.Decoder
		n, sum := 0, 0
		for _, r := range shared.Frames(t, shared.Path(t, "captures", file+".pcap")) {
			var s packet.Segment
			switch got := d.Decode(&s, &r); got {
			case packet.OK:
				n++
				sum += len(s.Payload) + s.Cut
			case packet.Tunnel, packet.Malformed, packet.TooDeep:
				t.Errorf("%s: %v", file, got)
			}
			if s.Outer == nil {
				continue
			}
			o := *s.Outer
			if o.Encap != encap || n == 1 && (o.ID != id || o.Src.IP().String() != src || o.Dst.IP().String() != dst) {
				t.Errorf("%s: %v > %v, %v %d", file, o.Src.IP(), o.Dst.IP(), o.Encap, o.ID)
			}
		}
		if n != segments || sum != bytes || d.Stats.Overlapping != 0 || d.Stats.Evicted != 0 || (encap != 0) != (d.Stats.Nested > 0) {
			t.Errorf("%s: %d segments of %d bytes, want %d of %d, %+v", file, n, sum, segments, bytes, d.Stats)
		}
	}
	f("arkime-gre-erspan-vxlan", 7, 57, packet.VXLAN, 0, "172.16.27.131", "172.16.27.121")
	f("zeek-vxlan-http", 12, 9299, packet.VXLAN, 1, "10.1.200.131", "10.1.1.172")
	f("zeek-geneve-options", 10, 658, packet.GENEVE, 0x0c012e, "192.168.33.179", "192.168.179.33")
	f("zeek-erspan", 106, 84065, packet.GRE, 0, "10.200.0.3", "10.200.0.224")
	f("derived-ipv6-fragments-shuffled", 10, 2499, packet.NoEncap, 0, "", "")
	f("pcapplusplus-frag-http-req", 1, 1460, packet.NoEncap, 0, "", "")
	f("zeek-ipv6-atomic-frag", 36, 412, packet.NoEncap, 0, "", "")
	f("suricata-pppoe-http", 30, 15508, packet.NoEncap, 0, "", "")
	f("suricata-bug-2576-gre", 15, 2892, packet.GRE, 0, "192.168.0.23", "192.168.0.20")
}

// TestCapturesCut cuts every frame of the same captures at every byte: no panic, and never a payload that is not
// there.
func TestCapturesCut(t *testing.T) {
	for _, file := range []string{"arkime-gre-erspan-vxlan", "zeek-geneve-options", "derived-ipv6-fragments-shuffled", "pcapplusplus-frag-http-req",
		"zeek-http-qinq", "zeek-mixed-vlan-mpls", "suricata-pppoe-http", "ndpi-6in4", "derived-gre-teb-key-seq-csum", "tcpflow-test4-rawip6", "zeek-ipv6-atomic-frag"} {
		raws := shared.Frames(t, shared.Path(t, "captures", file+".pcap"))
		for i, r := range raws[:min(len(raws), 30)] {
			var whole packet.Segment
			if new(packet.Decoder).Decode(&whole, &r) != packet.OK {
				continue
			}
			for n := range r.Frame {
				cut := packet.Raw{Frame: r.Frame[:n:n], WireLen: r.WireLen, Link: r.Link}
				var s packet.Segment
				var d packet.Decoder
				if got := d.Decode(&s, &cut); got == packet.OK && (s.Flow != whole.Flow || len(s.Payload)+s.Cut != len(whole.Payload)) {
					t.Fatalf("%s frame %d cut at %d: %d+%d bytes of %d", file, i+1, n, len(s.Payload), s.Cut, len(whole.Payload))
				}
			}
		}
	}
}
