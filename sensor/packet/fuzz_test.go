package packet_test

import (
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// seeds adds the first frames of captures with every kind of layer.
func seeds(f *testing.F, add func(link uint16, frame []byte)) {
	for _, file := range []string{"zeek-http-qinq", "zeek-mixed-vlan-mpls", "suricata-pppoe-http", "ndpi-6in4", "zeek-erspan", "zeek-vxlan-http",
		"derived-gre-teb-key-seq-csum", "derived-ipip-4in4", "tcpflow-test4-rawip6", "packetbeat-minitwit-sll", "arkime-gre-erspan-vxlan",
		"zeek-geneve-options", "pcapplusplus-frag-http-req", "zeek-ipv6-atomic-frag", "suricata-bug-2576-gre"} {
		raws := shared.Frames(f, shared.Path(f, "captures", file+".pcap"))
		for _, r := range raws[:min(len(raws), 4)] {
			add(uint16(r.Link), r.Frame)
		}
	}
	gre, udp := outer4+"2f"+ends4, outer4+"11"+ends4+"1234"
	for _, parts := range [][]string{
		{gre, "1000 88be 00000001 1001 e07b 00000000", eth4}, {gre, "1000 22eb 00000001 2001 e07b 00000000 0000 8001 0000000000000000", eth4},
		{gre, "0000 88be", eth4}, {gre, "3081 880b 00300001 00000001 00000001 ff03 0021", inner4}, {gre, "4000 0800 00000000 0800 0004 0a000001 00000000", inner4},
		{udp, "12b6 0000 0000 0c000004 00007b00 0002 0202 00000001", inner6}, {udp, "0868 0000 0000 34ff 003c 0000007b 00000085 01000085 01000000", inner4},
		{udp, "0dd8 0000 0000", inner6},
	} {
		add(uint16(packet.LinkRaw), frame(f, parts...))
	}
	add(uint16(packet.LinkRaw), frame(f, udp, "12b5 0000 0000 0f010203 00007bff", eth4))
	for _, parts := range [][]string{
		{macs, "8926 00010002 8100 0001 0800", inner4}, {macs, "894f 0002 0203 00000001", eth4}, {macs, "8847 00011140 00000000", eth4},
		{macs, "88e5 20 00 00000001 0000000000000000 0800", inner4}, {macs, "88e7 00000001", eth4},
	} {
		add(uint16(packet.LinkEthernet), frame(f, parts...))
	}
	add(uint16(packet.LinkNFLOG), frame(f, "02 00 0000 0800 0100 00000000 0500 0a00 6c000000 3400 0900", inner4))
}

// FuzzDecode cuts frames anywhere and has them twice: a Decoder never fails, never gives bytes that the frame has
// not, and gives the same again.
func FuzzDecode(f *testing.F) {
	seeds(f, func(link uint16, b []byte) { f.Add(link, uint16(0), b) })
	f.Fuzz(func(t *testing.T, link, missing uint16, b []byte) {
		cfg := packet.Defaults()
		d := packet.New(cfg)
		cfg.Checksums = true
		checked := packet.New(cfg)
		for _, n := range []int{len(b), len(b), len(b) / 2} {
			r := packet.Raw{Frame: b[:n:n], WireLen: len(b) + int(missing), Link: packet.LinkType(link)}
			var s, again packet.Segment
			got, sum := d.Decode(&s, &r), checked.Decode(&again, &r)
			if got >= packet.NumReasons || sum != got && sum != packet.BadChecksum && d.Stats.Fragments == 0 {
				t.Fatalf("%v, with checksums %v", got, sum)
			}
			if got != packet.OK {
				continue
			}
			if s.Cut < 0 || d.Stats.Reassembled == 0 && (s.Cut > r.WireLen-n || len(s.Payload) > n) || len(s.Payload) > 65535 && n <= 65535 {
				t.Fatalf("cut %d of %d missing, %d bytes of %d", s.Cut, r.WireLen-n, len(s.Payload), n)
			}
			if s.Outer != nil && (s.Outer.Encap == packet.NoEncap || s.Outer.Encap.String() == "") {
				t.Fatalf("%+v", s.Outer)
			}
		}
	})
}

// FuzzAgainstGopacket holds whatever both decoders take for TCP to be the same. What gopacket takes for TCP and
// ours does not, ours must have found broken, too deep, in fragments, or of another shape than its port says.
func FuzzAgainstGopacket(f *testing.F) {
	seeds(f, func(link uint16, b []byte) { f.Add(link, b) })
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		var d packet.Decoder
		var s packet.Segment
		r := packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkType(link)}
		got := d.Decode(&s, &r)
		w, ok := want(&r)
		if !ok || w.Flow.A.Port|w.Flow.B.Port == 0 && w.Seq|w.Ack == 0 && s.Seq|s.Ack != 0 {
			return // gopacket stops before TCP, as behind a UDP header whose length is none
		}
		switch got {
		case packet.OK:
			agree(t, &r, &s, &w)
		case packet.UnknownLink, packet.BadChecksum, packet.NumReasons:
			t.Fatalf("%v, and gopacket finds %+v", got, w)
		}
	})
}

// FuzzFragments sends fragments of two texts as the input says, three bytes for each, and compares what becomes
// of them with a plain reassembly.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{0, 4, 1, 4, 4, 0}, true)
	f.Add([]byte{4, 9, 2, 0, 4, 1, 0, 4, 1, 2, 1, 5}, false)
	f.Add([]byte{0, 2, 1, 2, 2, 5, 4, 9, 0, 0, 2, 1, 2, 2, 1}, true)
	texts := [2][]byte{segment(f, 236), segment(f, 236)}
	for i := 20; i < len(texts[1]); i += 9 {
		texts[1][i] = '!'
	}
	f.Fuzz(func(t *testing.T, ops []byte, v6 bool) {
		version := 4
		if v6 {
			version = 6
		}
		var d packet.Decoder
		var o oracle
		for ; len(ops) >= 3; ops = ops[3:] {
			p := part{from: int(ops[0]) % 32 * 8, more: ops[2]&1 != 0}
			p.to = min(p.from+int(ops[1])%33*8, 256)
			if p.from == 0 && !p.more {
				continue // no fragment
			}
			text := texts[ops[2]>>2&1]
			r := fragment(version, 1, 6, text, p)
			r.Time = clock.Time(1)
			var s packet.Segment
			got := d.Decode(&s, &r)
			whole := o.add(p, string(text[p.from:p.to]))
			if got == packet.OK != (len(whole) >= 20) || got == packet.OK && string(s.Payload) != whole[20:] {
				t.Fatalf("%v: %q, want %q", got, s.Payload, whole)
			}
		}
	})
}

// oracle reassembles a datagram the plain way.
type oracle struct {
	parts   []part
	texts   []string
	done    bool
	spoiled bool
}

func (o *oracle) add(p part, text string) string {
	again := false
	for i, q := range o.parts {
		again = again || q == p && o.texts[i] == text
	}
	if again || o.spoiled {
		return ""
	}
	if o.done {
		*o = oracle{}
	}
	sum, end := p.to-p.from, -1
	for _, q := range append(o.parts, p) {
		if !q.more {
			end = q.to
		}
	}
	for _, q := range o.parts {
		sum += q.to - q.from
		if p.from < q.to && q.from < p.to || !q.more && !p.more {
			o.spoiled = true
		}
	}
	for _, q := range append(o.parts, p) {
		if q.to == q.from || end >= 0 && q.to > end {
			o.spoiled = true
		}
	}
	o.parts, o.texts = append(o.parts, p), append(o.texts, text)
	if o.spoiled || sum != end {
		return ""
	}
	o.done = true
	whole := make([]byte, end)
	for i, q := range o.parts {
		copy(whole[q.from:], o.texts[i])
	}
	return string(whole)
}
