package packet_test

import (
	"strings"
	"testing"

	"auscult/sensor/packet"
)

const (
	outer4 = "45000000 0000 0000 40" // up to the protocol; the length is left to the frame, as offload does
	ends4  = "0000 c0a80001 c0a80002"
	outer6 = "60000000 0000"
	ends6  = "40 fd000000000000000000000000000001 fd000000000000000000000000000002"
	inner4 = ip4 + tcp4 + body
	inner6 = ip6 + tcp6 + body
	eth4   = macs + "0800" + inner4
)

// TestTunnels has one frame for each encapsulation; the flow is always the inner one.
func TestTunnels(t *testing.T) {
	var plain packet.Segment
	var plainDecoder packet.Decoder
	b := frame(t, eth4)
	if got := plainDecoder.Decode(&plain, &packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkEthernet}); got != packet.OK || plain.Outer != nil {
		t.Fatal(got, plain.Outer)
	}
	f := func(name string, link packet.LinkType, encap packet.Encap, id uint32, parts ...string) {
		t.Helper()
		var d packet.Decoder
		var s packet.Segment
		b := frame(t, parts...)
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b), Link: link}); got != packet.OK {
			t.Errorf("%s: %v", name, got)
			return
		}
		if string(s.Payload) != "abcdefgh" || s.Flow != plain.Flow && s.Flow.A.Port != 80 && s.Flow.B.Port != 80 {
			t.Errorf("%s: %+v", name, s)
		}
		for n := range b { // cut by the snap length, and broken off
			for _, wire := range []int{len(b), n} {
				var cut packet.Segment
				var cutter packet.Decoder
				got := cutter.Decode(&cut, &packet.Raw{Frame: b[:n:n], WireLen: wire, Link: link})
				if got == packet.OK && (cut.Flow != s.Flow || len(cut.Payload)+cut.Cut != 8 && wire == len(b)) {
					t.Errorf("%s cut at %d of %d: %+v", name, n, wire, cut)
				}
				if got == packet.UnknownLink || got == packet.TooDeep || got == packet.Fragment {
					t.Errorf("%s cut at %d of %d: %v", name, n, wire, got)
				}
			}
		}
		if encap == packet.NoEncap {
			if s.Outer != nil || s.Flow != plain.Flow {
				t.Errorf("%s: outer %+v, flow %+v", name, s.Outer, s.Flow)
			}
			return
		}
		o := s.Outer
		if o == nil || o.Encap != encap || o.ID != id {
			t.Errorf("%s: %+v", name, o)
			return
		}
		if src, dst := o.Src.IP().String(), o.Dst.IP().String(); src != "192.168.0.1" && src != "fd00::1" || dst != "192.168.0.2" && dst != "fd00::2" {
			t.Errorf("%s: %s > %s", name, src, dst)
		}
	}
	const eth, raw = packet.LinkEthernet, packet.LinkRaw
	gre, udp := outer4+"2f"+ends4, outer4+"11"+ends4+"1234"

	f("VN-Tag", eth, 0, 0, macs, "8926 00010002 0800", inner4)
	f("VN-Tag, VLAN", eth, 0, 0, macs, "8926 00010002 8100 0001 0800", inner4)
	f("E-TAG", eth, 0, 0, macs, "893f 0000 0001 0000 0800", inner4)
	f("TrustSec", eth, 0, 0, macs, "8909 0101 0001 0064 0800", inner4)
	f("MACsec, integrity only", eth, 0, 0, macs, "88e5 00 00 00000001 0800", inner4)
	f("MACsec with a channel", eth, 0, 0, macs, "88e5 20 00 00000001 0000000000000000 0800", inner4)
	f("provider backbone", eth, 0, 0, macs, "88e7 00000001", eth4)
	f("FabricPath", eth, 0, 0, macs, "8903 0001", eth4)
	f("NSH", eth, 0, 0, macs, "894f 0002 0203 00000001", eth4)
	f("NSH, IP", eth, 0, 0, macs, "894f 0002 0201 00000001", inner4)
	f("old QinQ", eth, 0, 0, macs, "9200 0001 8100 0002 0800", inner4)
	f("PPP serial", packet.LinkPPPSerial, 0, 0, "ff03 0021", inner4)
	f("PPP, short protocol", packet.LinkPPP, 0, 0, "21", inner4)
	f("PPP, MPLS", packet.LinkPPP, 0, 0, "0281 00011140", inner4)
	f("Cisco HDLC", packet.LinkPPPSerial, 0, 0, "0f00 0800", inner4)
	f("Cisco HDLC link", packet.LinkCiscoHDLC, 0, 0, "0f00 0800", inner4)
	f("PPPoE link", packet.LinkPPPoE, 0, 0, "1100 0001 0032 0021", inner4)
	f("enc", packet.LinkEnc, 0, 0, "02000000 00000000 00000000", inner4)
	f("MPLS link", packet.LinkMPLS, 0, 0, "00011140", inner4)
	f("NFLOG", packet.LinkNFLOG, 0, 0, "02 00 0000 0800 0100 00000000 0500 0a00 6c000000 3400 0900", inner4)
	f("NFLOG, big endian", packet.LinkNFLOG, 0, 0, "02 00 0000 0008 0001 00000000 0034 0009", inner4)

	f("GRE", raw, packet.GRE, 0, gre, "0000 0800", inner4)
	f("GRE, key", raw, packet.GRE, 0x7b, gre, "2000 0800 0000007b", inner4)
	f("GRE, checksum, key, sequence", raw, packet.GRE, 0x7b, gre, "b000 86dd 00000000 0000007b 00000001", inner6)
	f("GRE, source route", raw, packet.GRE, 0, gre, "4000 0800 00000000 0800 0004 0a000001 00000000", inner4)
	f("GRE, Ethernet", raw, packet.GRE, 0, gre, "0000 6558", eth4)
	f("GRE, MPLS", raw, packet.GRE, 0, gre, "0000 8847 00010040 00011140", inner4)
	f("GRE, WCCP 1", raw, packet.GRE, 0, gre, "0000 883e", inner4)
	f("GRE, WCCP 2", raw, packet.GRE, 0, gre, "0000 883e 00010203", inner4)
	f("GRE, PPTP", raw, packet.GRE, 0x300001, gre, "3081 880b 00300001 00000001 00000001 ff03 0021", inner4)
	f("GRE over IPv6", raw, packet.GRE, 0, outer6, "2f", ends6, "0000 0800", inner4)
	f("ERSPAN I", raw, packet.ERSPAN1, 0, gre, "0000 88be", eth4)
	f("ERSPAN II", raw, packet.ERSPAN2, 0x7b, gre, "1000 88be 00000001 1001 e07b 00000000", eth4)
	f("ERSPAN II, VLAN", raw, packet.ERSPAN2, 0x7b, gre, "1000 88be 00000001 1001 e07b 00000000", macs, "8100 0001 0800", inner4)
	f("ERSPAN III", raw, packet.ERSPAN3, 0x7b, gre, "1000 22eb 00000001 2001 e07b 00000000 0000 8000", eth4)
	f("ERSPAN III, subheader", raw, packet.ERSPAN3, 0x7b, gre, "1000 22eb 00000001 2001 e07b 00000000 0000 8001 0000000000000000", eth4)
	f("ERSPAN III, IP", raw, packet.ERSPAN3, 0x7b, gre, "1000 22eb 00000001 2001 e07b 00000000 0000 0800", inner6)
	f("VXLAN", raw, packet.VXLAN, 0x7b, udp, "12b5 0000 0000 08000000 00007b00", eth4)
	f("VXLAN, old port", raw, packet.VXLAN, 0x7b, udp, "2118 0000 0000 08000000 00007b00", eth4)
	f("VXLAN, group policy", raw, packet.VXLAN, 0x7b, udp, "12b5 0000 0000 88000064 00007b00", eth4)
	f("VXLAN, reserved bits", raw, packet.VXLAN, 0x7b, udp, "12b5 0000 0000 0f010203 00007bff", eth4)
	f("VXLAN-GPE, IPv4", raw, packet.VXLAN, 0x7b, udp, "12b6 0000 0000 0c000001 00007b00", inner4)
	f("VXLAN-GPE, NSH", raw, packet.VXLAN, 0x7b, udp, "12b6 0000 0000 0c000004 00007b00 0002 0202 00000001", inner6)
	f("GENEVE", raw, packet.GENEVE, 0x7b, udp, "17c1 0000 0000 0000 6558 00007b00", eth4)
	f("GENEVE, options, IPv6", raw, packet.GENEVE, 0x7b, udp, "17c1 0000 0000 0240 86dd 00007b00 0102030400000000", inner6)
	f("GTP-U", raw, packet.GTPU, 0x7b, udp, "0868 0000 0000 30ff 0030 0000007b", inner4)
	f("GTP-U, sequence", raw, packet.GTPU, 0x7b, udp, "0868 0000 0000 32ff 0034 0000007b 00010000", inner4)
	f("GTP-U, extensions", raw, packet.GTPU, 0x7b, udp, "0868 0000 0000 34ff 003c 0000007b 00000085 01000085 01000000", inner4)
	f("GTP-U, Ethernet", raw, packet.GTPU, 0x7b, udp, "0868 0000 0000 30ff 003e 0000007b", eth4)
	f("Teredo", raw, packet.Teredo, 0, udp, "0dd8 0000 0000", inner6)
	f("Teredo from a server", raw, packet.Teredo, 0, outer4, "11", ends4, "0dd8 1234 0000 0000 0001 0102 aabbcc 0000000000000000 00 0000 1234 ffffffff", inner6)
	f("IP in IP", raw, packet.IPinIP, 0, outer4, "04", ends4, inner4)
	f("IPv6 in IPv6", raw, packet.IPinIP, 0, outer6, "29", ends6, inner6)
	f("4in6, options", raw, packet.IPinIP, 0, outer6, "3c", ends6, "0400010400000000", inner4)
	f("the innermost counts", raw, packet.VXLAN, 0x7b, "45000000 0000 0000 40 2f 0000 0b000001 0b000002 1000 88be 00000001 1001 e001 00000000",
		macs, "0800", udp, "12b5 0000 0000 08000000 00007b00", eth4)
}

func TestNoTunnels(t *testing.T) {
	f := func(name string, missing int, want packet.Reason, parts ...string) {
		t.Helper()
		var d packet.Decoder
		var s packet.Segment
		b := frame(t, parts...)
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b) + missing, Link: packet.LinkRaw}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	gre, udp := outer4+"2f"+ends4, outer4+"11"+ends4+"1234"
	f("GRE, unknown", 0, packet.Tunnel, gre, "0000 9999 01020304")
	f("GRE, version 2", 0, packet.Tunnel, gre, "0002 0800", inner4)
	f("GRE, keepalive", 0, packet.NotIP, gre, "0000 0000")
	f("GRE, ARP", 0, packet.NotIP, gre, "0000 0806 0001")
	f("GRE, an endless route", 0, packet.Malformed, gre, "4000 0800 00000000 0800 0004 0a000001")
	f("GRE, short", 0, packet.Malformed, gre, "3000 0800 0000")
	f("GRE, cut", 100, packet.Truncated, gre, "3000 0800 0000")
	f("ERSPAN, version 7", 0, packet.Tunnel, gre, "1000 88be 00000001 7001 e07b 00000000", eth4)
	f("ERSPAN III, other frames", 0, packet.Tunnel, gre, "1000 22eb 00000001 2001 e07b 00000000 0000 0400", eth4)
	f("VXLAN, ARP", 0, packet.NotIP, udp, "12b5 0000 0000 08000000 00007b00", macs, "0806 0001")
	f("VXLAN, broken inside", 0, packet.Malformed, udp, "12b5 0000 0000 08000000 00007b00", macs, "0800 4400", inner4)
	f("VXLAN, cut", 60, packet.Truncated, udp, "12b5 0000 0000 0800")
	f("VXLAN, no flag", 0, packet.NotTCP, udp, "12b5 0000 0000 00000000 00007b00", eth4)
	f("VXLAN, reserved bits and nothing inside", 0, packet.NotTCP, udp, "12b5 0000 0000 0f010203 00007bff", macs, "0800 4400", inner4)
	f("VXLAN, too short", 0, packet.NotTCP, udp, "12b5 0000 0000 08")
	f("VXLAN-GPE, unknown", 0, packet.Tunnel, udp, "12b6 0000 0000 0c000009 00007b00", inner4)
	f("GENEVE, version 1", 0, packet.NotTCP, udp, "17c1 0000 0000 4000 6558 00007b00", eth4)
	f("GENEVE, unknown type", 0, packet.NotTCP, udp, "17c1 0000 0000 0000 1234 00007b00", eth4)
	f("GENEVE, options beyond", 0, packet.NotTCP, udp, "17c1 0000 0000 3f00 6558 00007b00 0000")
	f("GTP-U, echo", 0, packet.NotTCP, udp, "0868 0000 0000 3201 0004 00000000 00010000")
	f("GTP-U, an extension of no length", 0, packet.Malformed, udp, "0868 0000 0000 34ff 0008 0000007b 00000085 00000085")
	f("GTP-U, nothing of IP", 0, packet.Tunnel, udp, "0868 0000 0000 30ff 0004 0000007b 01020304")
	f("Teredo, a bubble", 0, packet.NotTCP, udp, "0dd8 0000 0000", outer6, "3b", ends6)
	f("Teredo port, something else", 0, packet.NotTCP, udp, "0dd8 0000 0000 60010203")
	deep := strings.Repeat(outer4+"11"+ends4+"1234 12b5 0000 0000 08000000 00007b00"+macs+"0800", 9)
	f("VXLAN without end", 0, packet.TooDeep, deep, inner4)
	f("NSH without end", 0, packet.TooDeep, udp, "12b6 0000 0000 0c000004 00007b00", strings.Repeat("0002 0204 00000001", 20))
}

// TestSameFlow shows a connection whose directions carry different tags, and whose packets a mirror shows twice,
// once in a tunnel: it is one flow.
func TestSameFlow(t *testing.T) {
	back := strings.NewReplacer("0a000001 0a000002", "0a000002 0a000001").Replace(ip4) + strings.Replace(tcp4, "9c40 0050", "0050 9c40", 1) + body
	var d packet.Decoder
	var flow packet.Flow
	for i, b := range [][]byte{
		frame(t, macs, "0800", inner4), frame(t, macs, "8100 0001 0800", inner4), frame(t, macs, "8926 00010002 8100 0007 0800", inner4),
		frame(t, macs, "0800", outer4, "11", ends4, "1234 12b5 0000 0000 08000000 00007b00", eth4),
		frame(t, macs, "0800", back), frame(t, macs, "8100 0002 0800", back),
		frame(t, macs, "0800", outer4, "11", ends4, "1234 12b5 0000 0000 08000000 00000100", macs, "0800", back),
	} {
		var s packet.Segment
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkEthernet}); got != packet.OK {
			t.Fatal(i, got)
		}
		if i == 0 {
			flow = s.Flow
		}
		if want := packet.Dir(i / 4); s.Flow != flow || s.Dir != want {
			t.Errorf("frame %d: %+v direction %d", i, s.Flow, s.Dir)
		}
	}
}

func TestOptions(t *testing.T) {
	f := func(name, flags, options string, has bool, value uint32, scale uint8) {
		t.Helper()
		n := len(frame(t, options))
		b := frame(t, "45000000 1234 4000 40 06 0000 0a000001 0a000002", "9c40 0050 00000064 00000000", string("5678"[n/4:n/4+1]), "0", flags, "ffff 0000 0000", options)
		d := packet.Decoder{}
		s := packet.Segment{HasTime: !has, TSVal: 7, Scale: 7, Outer: &packet.Outer{}}
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkRaw}); got != packet.OK ||
			s.HasTime != has || s.TSVal != value || s.Scale != scale || s.IPID != 0x1234 || s.Outer != nil {
			t.Errorf("%s: %v, %+v", name, got, s)
		}
	}
	f("none", "10", "", false, 0, 0)
	f("usual", "10", "0101080a 0000002a 00000001", true, 42, 0)
	f("unusual", "10", "080a 0000002a 00000001 0101", true, 42, 0)
	f("of a SYN", "02", "0101080a 0000002a 00000001", true, 42, 0)
	f("a scale that is none", "10", "01030307 00000000", false, 0, 0)
	f("too short", "10", "08090000 002a0000 00000000", false, 0, 0)
	f("too long", "10", "01010101 080a0000", false, 0, 0)
	f("length zero", "10", "0100080a 0000002a 00000001", false, 0, 0)
	f("after the end", "10", "0001080a 0000002a 00000001", false, 0, 0)
}
