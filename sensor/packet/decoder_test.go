package packet_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/packet"
)

const (
	macs = "020000000001 020000000002"
	tcp4 = "9c40 0050 00000064 000003e8 5018 ffff 0000 0000" // 40000 > 80, seq 100, ack 1000, PSH ACK
	tcp6 = tcp4
	ip4  = "45000030 0000 4000 40 06 0000 0a000001 0a000002"                                       // 48 bytes: 8 of payload
	ip6  = "60000000 001c 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002" // 28: 8 of payload
	body = "6162636465666768"
)

func frame(t testing.TB, parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	f := func(name string, link packet.LinkType, missing int, want packet.Reason, parts ...string) {
		t.Helper()
		var d packet.Decoder
		var s packet.Segment
		b := frame(t, parts...)
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b) + missing, Link: link}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
			return
		}
		if want != packet.OK {
			return
		}
		src := s.Flow.Src(s.Dir)
		if string(s.Payload)+strings.Repeat("?", s.Cut) != "abcdefgh"[:len(s.Payload)]+strings.Repeat("?", 8-len(s.Payload)) ||
			s.Seq != 100 || s.Ack != 1000 || s.Flags != packet.PSH|packet.ACK || s.Window != 65535 || src.Port != 40000 ||
			s.Flow.Src(s.Dir.Other()).Port != 80 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	const eth, ok = packet.LinkEthernet, packet.OK
	f("IPv4", eth, 0, ok, macs, "0800", ip4, tcp4, body)
	f("IPv6", eth, 0, ok, macs, "86dd", ip6, tcp6, body)
	f("padding", eth, 0, ok, macs, "0800", ip4, tcp4, body, "000000000000")
	f("VLAN", eth, 0, ok, macs, "8100 0001 0800", ip4, tcp4, body)
	f("QinQ", eth, 0, ok, macs, "88a8 0001 9100 0002 8100 0003 86dd", ip6, tcp6, body)
	f("eight tags", eth, 0, ok, macs, strings.Repeat("8100 0001", 8), "0800", ip4, tcp4, body)
	f("nine tags", eth, 0, packet.TooDeep, macs, strings.Repeat("8100 0001", 9), "0800", ip4, tcp4, body)
	f("SNAP", eth, 0, ok, macs, "0038 aaaa03 000000 0800", ip4, tcp4, body)
	f("spanning tree", eth, 0, packet.NotIP, macs, "0026 424203 0000000000")
	f("ARP", eth, 0, packet.NotIP, macs, "0806 0001")
	f("SLL", packet.LinkSLL, 0, ok, "0000 0001 0006 020000000001 0000 0800", ip4, tcp4, body)
	f("SLL2", packet.LinkSLL2, 0, ok, "86dd 0000 00000001 0001 00 06 0200000000010000", ip6, tcp6, body)
	for _, link := range []packet.LinkType{packet.LinkRaw, packet.LinkRaw12, packet.LinkRaw14} {
		f("raw", link, 0, ok, ip4, tcp4, body)
		f("raw", link, 0, ok, ip6, tcp6, body)
	}
	f("IPv4 link", packet.LinkIPv4, 0, ok, ip4, tcp4, body)
	f("IPv6 link", packet.LinkIPv6, 0, ok, ip6, tcp6, body)
	for _, family := range []string{"0a", "17", "18", "1c", "1e"} {
		f("null, little endian", packet.LinkNull, 0, ok, family, "000000", ip6, tcp6, body)
		f("loop", packet.LinkLoop, 0, ok, "000000", family, ip6, tcp6, body)
	}
	f("null, IPv4", packet.LinkNull, 0, ok, "00000002", ip4, tcp4, body)
	f("null, AppleTalk", packet.LinkNull, 0, packet.NotIP, "00000010", ip4, tcp4, body)
	f("unknown link", 147, 0, packet.UnknownLink, ip4, tcp4, body)
	f("PPP", packet.LinkPPP, 0, ok, "ff03 0021", ip4, tcp4, body)
	f("PPPoE", eth, 0, ok, macs, "8864 1100 0001 0032 0021", ip4, tcp4, body, "0000")
	f("PPPoE cut", eth, 4, ok, macs, "8864 1100 0001 0032 0021", ip4, tcp4, "61626364")
	f("PPPoE, LCP", eth, 0, packet.NotIP, macs, "8864 1100 0001 0006 c021 01010004")
	f("MPLS", eth, 0, ok, macs, "8847 00010040 00011140", ip6, tcp6, body)
	f("MPLS pseudowire", eth, 0, ok, macs, "8847 00011140 00000000", macs, "0800", ip4, tcp4, body)
	f("MPLS pseudowire, no control word", eth, 0, ok, macs, "8847 00011140", macs, "0800", ip4, tcp4, body)
	f("MPLS, unknown payload", eth, 0, packet.Tunnel, macs, "8847 00011140 10000021 00000000")
	f("many MPLS labels", eth, 0, packet.TooDeep, macs, "8847", strings.Repeat("00010040", 30))
	f("IP in IP", eth, 0, ok, macs, "0800 45000044 0000 0000 40 04 0000 0a000001 0a000002", ip4, tcp4, body)
	f("6in4", eth, 0, ok, macs, "0800 45000058 0000 0000 40 29 0000 0a000001 0a000002", ip6, tcp6, body)
	f("IP in IP without end", packet.LinkRaw, 0, packet.TooDeep, strings.Repeat("45000000 0000 0000 40 04 0000 0a000001 0a000002", 9))
	f("GRE", packet.LinkRaw, 0, ok, "45000050 0000 0000 40 2f 0000 0a000001 0a000002", "3000 0800 00000001 00000002", ip4, tcp4, body)
	f("GRE, Ethernet, VLAN", packet.LinkRaw, 0, ok, "4500005a 0000 0000 40 2f 0000 0a000001 0a000002", "0000 6558", macs, "8100 0001 0800", ip4, tcp4, body)
	f("UDP", packet.LinkRaw, 0, packet.NotTCP, "4500001c 0000 0000 40 11 0000 0a000001 0a000002", "1234 0035 0008 0000")
	f("options", packet.LinkRaw, 0, ok, "46000034 0000 0000 40 06 0000 0a000001 0a000002 94040000", tcp4, body)
	f("offload", packet.LinkRaw, 0, ok, "45000000 0000 0000 40 06 0000 0a000001 0a000002", tcp4, body)
	f("IPv6 offload", packet.LinkRaw, 0, ok, strings.Replace(ip6, "001c", "0000", 1), tcp6, body)
	f("fragment", packet.LinkRaw, 0, packet.Fragment, strings.Replace(ip4, "4000", "2000", 1), tcp4, body)
	f("last fragment", packet.LinkRaw, 0, packet.Fragment, strings.Replace(ip4, "4000", "0001", 1), tcp4, body)
	v6 := func(next, size string) string { return "60000000" + size + next + ip6[16:] }
	f("hop by hop, routing, options", packet.LinkRaw, 0, ok, v6("00", "0034"), "2b00050200000000 3c00000000000000 0600010400000000", tcp6, body)
	f("AH", packet.LinkRaw, 0, ok, v6("33", "0034"), "0604000000000000 00000000 000000000000000000000000", tcp6, body)
	f("atomic fragment", packet.LinkRaw, 0, ok, v6("2c", "0024"), "0600000000000001", tcp6, body)
	f("IPv6 fragment", packet.LinkRaw, 0, packet.Fragment, v6("2c", "0024"), "0600000100000001", tcp6, body)
	f("ESP", packet.LinkRaw, 0, packet.NotTCP, v6("32", "001c"), tcp6, body)
	f("extension headers without end", packet.LinkRaw, 0, packet.TooDeep, v6("3c", "0050"), strings.Repeat("3c00000000000000", 10))
	f("snap length", eth, 5, ok, macs, "0800", ip4, tcp4, "616263")
	f("snap length in the header", eth, 20, packet.Truncated, macs, "0800", ip4, "9c40 0050 00000064")
	f("IP length beyond the wire", eth, 0, packet.Malformed, macs, "0800", ip4, tcp4, "616263")
	f("TCP header beyond IP", packet.LinkRaw, 0, packet.Malformed, ip4, strings.Replace(tcp4, "5018", "f018", 1), body)
	f("TCP header too short", packet.LinkRaw, 0, packet.Malformed, ip4, strings.Replace(tcp4, "5018", "4018", 1), body)
	f("IPv4 header too short", packet.LinkRaw, 0, packet.Malformed, strings.Replace(ip4, "45", "44", 1), tcp4, body)
	f("IPv6 under IPv4's number", eth, 0, packet.Malformed, macs, "0800", ip6, tcp6, body)
	f("nothing", eth, 0, packet.Truncated)
}

func TestChecksums(t *testing.T) {
	cfg := packet.Defaults()
	cfg.Checksums = true
	d := packet.New(cfg)
	var reasons [packet.NumReasons]int
	for _, r := range shared.Frames(t, shared.Path(t, "captures", "zeek-bad-checksum.pcap")) {
		var s packet.Segment
		reasons[d.Decode(&s, &r)]++
	}
	if reasons[packet.BadChecksum] == 0 || reasons[packet.OK] == 0 {
		t.Error(reasons)
	}
	// A capture made on the wire: all sums are right.
	for _, name := range []string{"zeek-http-qinq.pcap", "tcpflow-test4-rawip6.pcap"} {
		for i, r := range shared.Frames(t, shared.Path(t, "captures", name)) {
			var s packet.Segment
			if got := d.Decode(&s, &r); got == packet.BadChecksum {
				t.Errorf("%s frame %d: %v", name, i+1, got)
			}
		}
	}
}

func TestWindowScale(t *testing.T) {
	f := func(options string, want uint8) {
		t.Helper()
		n := len(frame(t, options))
		b := frame(t, "45000000 0000 4000 40 06 0000 0a000001 0a000002", "9c40 0050 00000064 00000000", fmt.Sprintf("%x0", 5+n/4), "02 ffff 0000 0000", options)
		var d packet.Decoder
		var s packet.Segment
		if got := d.Decode(&s, &packet.Raw{Frame: b, WireLen: len(b), Link: packet.LinkRaw}); got != packet.OK || s.Scale != want {
			t.Errorf("%s: %v, scale %d, want %d", options, got, s.Scale, want)
		}
	}
	f("", 0)
	f("020405b4 01030307", 8)
	f("020405b4 0103030f", 15)
	f("00030307 00000000", 0)
	f("02000303 07000000", 0)
	f("01010103", 0)
}

func TestCommunityID(t *testing.T) {
	for seed := range uint16(2) {
		b := shared.Bytes(t, "standards/testvectors", fmt.Sprintf("community-id-v1-seed%d.json", seed))
		var vectors []struct {
			Proto        int
			Saddr, Daddr string
			Sport, Dport uint16
			CommunityID  string
		}
		if err := json.Unmarshal(b, &vectors); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range vectors {
			if v.Proto != 6 {
				continue
			}
			n++
			src, dst := netip.AddrPortFrom(netip.MustParseAddr(v.Saddr), v.Sport), netip.AddrPortFrom(netip.MustParseAddr(v.Daddr), v.Dport)
			flow, dir := packet.NewFlow(src, dst)
			back, other := packet.NewFlow(dst, src)
			if flow != back || dir == other || flow.Hash() != back.Hash() {
				t.Errorf("%v > %v is another flow than its reverse", src, dst)
			}
			if got := packet.CommunityID(&flow, dir, seed); got != v.CommunityID {
				t.Errorf("%v > %v: %s, want %s", src, dst, got, v.CommunityID)
			}
		}
		if n < 4 {
			t.Errorf("only %d vectors", n)
		}
	}
}

// TestHash pins values, which must be the same on every machine, and looks at how they spread.
func TestHash(t *testing.T) {
	parts := map[uint64]int{}
	for i := range 64_000 {
		f, _ := packet.NewFlow(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(40000+i%7)), netip.MustParseAddrPort("10.1.0.1:443"))
		parts[f.Hash()%64]++
	}
	for p := range uint64(64) {
		if parts[p] < 850 || parts[p] > 1150 {
			t.Errorf("partition %d has %d of 64000 flows", p, parts[p])
		}
	}
	f, _ := packet.NewFlow(netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80"))
	if got := f.Hash(); got != 0x6fa775150f16df7c {
		t.Errorf("hash is %#x", got)
	}
}

func TestValidate(t *testing.T) {
	if err := packet.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	f := func(want string, change func(*packet.Config)) {
		t.Helper()
		bad := packet.Defaults()
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f("max_nesting is 0", func(c *packet.Config) { c.MaxNesting = 0 })
	f("max_fragment_bytes is 65536", func(c *packet.Config) { c.MaxFragmentBytes = 65536 })
	f("max_fragments is 9000", func(c *packet.Config) { c.MaxFragments = 9000 })
	f("fragment_timeout is -1s", func(c *packet.Config) { c.FragmentTimeout = -time.Second })
	f(`fragment_overlap is "last"`, func(c *packet.Config) { c.FragmentOverlap = "last" })
}
