package replay

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// TestPcapng reads two sections of opposite byte order, each with interfaces of its own, and all kinds of
// packet blocks between blocks that are skipped.
func TestPcapng(t *testing.T) {
	for _, o := range [][2]order{{little, bigEnd}, {bigEnd, little}} {
		var file []byte
		var want []packet.Raw
		add := func(block []byte, raw packet.Raw) {
			raw.Where.Offset = int64(len(file))
			file = append(file, block...)
			want = append(want, raw)
		}
		a, b := o[0], o[1]
		file = slices.Concat(file, ngSection(a),
			ngIface(a, packet.LinkEthernet, 10, nil),
			ngIface(a, packet.LinkRaw, 0, slices.Concat(ngOpt(a, 2, []byte("eth0")), ngOpt(a, optTsresol, []byte{9}), ngOpt(a, optEnd, nil))),
			ngBlock(a, 4, []byte("names")), ngBlock(a, 0x0bad, nil))
		add(ngEnhanced(a, 0, 5_000_000, 99, []byte("hello")), packet.Raw{Time: sec(5), Frame: []byte("hello"), WireLen: 99, Link: packet.LinkEthernet})
		add(ngEnhanced(a, 1, 6_000_000_001, 3, []byte("abc")), packet.Raw{Time: sec(6) + 1, Frame: []byte("abc"), WireLen: 3, Link: packet.LinkRaw})
		add(ngBlock(a, blockSimple, append(a.u32s(nil, 14), "0123456789"...)), packet.Raw{Time: sec(6) + 1, Frame: []byte("0123456789"), WireLen: 14, Link: packet.LinkEthernet})
		file = append(file, ngBlock(a, 10, []byte("secrets of a TLS session"))...)
		file = slices.Concat(file, ngSection(b),
			ngIface(b, packet.LinkSLL, 0, slices.Concat(ngOpt(b, optTsresol, []byte{0x80 | 10}), ngOpt(b, optTsoffset, b.AppendUint64(nil, 100)))))
		add(ngEnhanced(b, 0, 3<<9, 1, []byte("x")), packet.Raw{Time: sec(101) + 5e8, Frame: []byte("x"), WireLen: 1, Link: packet.LinkSLL})
		old := append(b.AppendUint16(b.AppendUint16(nil, 0), 7), b.u32s(nil, 0, 2<<10, 4, 40)...)
		add(ngBlock(b, blockPacket, append(old, "data"...)), packet.Raw{Time: sec(102), Frame: []byte("data"), WireLen: 40, Link: packet.LinkSLL})
		// Longer than a block of memory, and unknown.
		file = append(file, ngBlock(b, 0x40000abc, make([]byte, 3*small().BlockBytes))...)
		add(ngEnhanced(b, 0, 3<<10, 1, []byte("y")), packet.Raw{Time: sec(103), Frame: []byte("y"), WireLen: 1, Link: packet.LinkSLL})

		got, src := readBytes(t, small(), file)
		wantSame(t, got, want)
		if n := src.Notices(); len(n) > 0 {
			t.Error(n)
		}
	}
}

func TestPcapngMalformed(t *testing.T) {
	head := ngOf(sec(1))
	cfg := small()
	f := func(name, want string, bad []byte) {
		t.Helper()
		// What follows the bad block would be good again; it must not be believed.
		got, src := readBytes(t, cfg, slices.Concat(head, bad, ngEnhanced(little, 0, 2, 1, []byte("x"))))
		n := src.Notices()
		if len(got) != 1 || len(n) != 1 || n[0].Offset != int64(len(head)) || !strings.Contains(n[0].What, want) {
			t.Errorf("%s: %d packets, notices %v", name, len(got), n)
		}
		if st := src.Stats(); st.Malformed != 1 {
			t.Errorf("%s: stats %+v", name, st)
		}
	}
	lengths := ngEnhanced(little, 0, 1, 1, []byte("x"))
	lengths[len(lengths)-4]++
	section := ngSection(little)
	section[8] = 0
	f("short", "claims 8 bytes", little.u32s(nil, 5, 8, 8))
	f("odd", "claims 13 bytes", little.u32s(nil, 5, 13, 0, 13))
	f("two lengths", "two lengths", lengths)
	f("byte order", "byte order", section)
	f("interface", "interface 7 of 1", ngEnhanced(little, 7, 1, 1, nil))
	f("caplen", "claims 99 bytes", ngBlock(little, blockEnhanced, little.u32s(nil, 0, 0, 1, 99, 99)))
	f("frame", "claims 2049 bytes", ngEnhanced(little, 0, 1, 2049, make([]byte, 2049)))
	f("huge block", "max_frame", little.u32s(nil, blockEnhanced, 0xfffffff0, 0, 0, 0, 0))
	f("short packet", "packet block of 16", ngBlock(little, blockEnhanced, make([]byte, 16)))
	f("short old packet", "packet block of 16", ngBlock(little, blockPacket, make([]byte, 16)))
	f("short simple packet", "simple packet block of 0", ngBlock(little, blockSimple, nil))
	f("long simple packet", "packet of 2052", ngBlock(little, blockSimple, append(little.u32s(nil, 3000), make([]byte, 2052)...)))
	f("short interface", "interface block of 4", ngBlock(little, blockInterface, make([]byte, 4)))
}

func TestPcapngWithoutInterface(t *testing.T) {
	got, src := readBytes(t, small(), append(ngSection(little), ngBlock(little, blockSimple, little.u32s(nil, 0))...))
	if n := src.Notices(); len(got) > 0 || len(n) != 1 || !strings.Contains(n[0].What, "interface 0 of 0") {
		t.Errorf("%d packets, notices %v", len(got), n)
	}
}

func TestPcapngInterfaces(t *testing.T) {
	cfg := small()
	cfg.MaxInterfaces = 2
	one := ngIface(little, 1, 0, nil)
	f := func(file []byte, malformed uint64) {
		t.Helper()
		if _, src := readBytes(t, cfg, file); src.Stats().Malformed != malformed {
			t.Errorf("notices %v, want %d", src.Notices(), malformed)
		}
	}
	f(slices.Concat(ngSection(little), one, one), 0)
	f(slices.Concat(ngSection(little), one, one, ngSection(little), one, one), 0)
	f(slices.Concat(ngSection(little), one, one, one), 1)
}

// TestIfaceTime compares the arithmetic with that of big.Rat.
func TestIfaceTime(t *testing.T) {
	stamps := []uint64{0, 1, 999, 1e9 - 1, 1e9, 1_700_000_000_123_456, 1_700_000_000_123_456_789, math.MaxInt64, math.MaxUint64}
	for res := range 256 {
		var in iface
		in.resolution(byte(res))
		base := int64(10)
		if res&0x80 != 0 {
			base = 2
		}
		unit := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(res&0x7f)), nil)
		for _, s := range stamps {
			ns := new(big.Int).Mul(new(big.Int).SetUint64(s), big.NewInt(1e9))
			ns.Div(ns, unit)
			want := latest
			if ns.IsInt64() {
				want = min(latest, clock.Time(ns.Int64()))
			}
			if got := in.time(s); got != want {
				t.Fatalf("resolution %#x, stamp %d: got %d, want %d", res, s, got, want)
			}
		}
	}
}

func TestIfaceOffset(t *testing.T) {
	f := func(seconds int64, stamp uint64, want clock.Time) {
		t.Helper()
		for _, o := range []order{little, bigEnd} {
			file := slices.Concat(ngSection(o),
				ngIface(o, 1, 0, ngOpt(o, optTsoffset, o.AppendUint64(nil, uint64(seconds)))),
				ngEnhanced(o, 0, stamp, 1, []byte("x")))
			got, _ := readBytes(t, small(), file)
			if len(got) != 1 || got[0].Time != want {
				t.Errorf("offset %d, stamp %d: got %+v, want %d", seconds, stamp, got, want)
			}
		}
	}
	f(100, 5e6, sec(105))
	f(-3, 5e6, sec(2))
	f(-9, 5e6, 0)
	f(math.MinInt64, 5e6, 0)
	f(math.MaxInt64, math.MaxUint64, latest)
	f(math.MinInt64, math.MaxUint64, latest%1e9)
}

// TestPcapngSecrets hands TLS key log lines over with the packet that follows them, whatever the window of time,
// and those at the end by themselves; secrets of another kind are passed over.
func TestPcapngSecrets(t *testing.T) {
	for _, o := range []order{little, bigEnd} {
		dsb := func(kind uint32, text string) []byte {
			return ngBlock(o, blockSecrets, append(o.u32s(nil, kind, uint32(len(text))), text...))
		}
		long := strings.Repeat("x", 3*small().BlockBytes)
		file := slices.Concat(ngSection(o), ngIface(o, packet.LinkEthernet, 0, nil),
			dsb(secretsTLS, "early"), ngEnhanced(o, 0, 1_000_000, 1, []byte("a")),
			dsb(0x57474b4c, "wireguard"), dsb(secretsTLS, long), dsb(secretsTLS, "more"),
			ngEnhanced(o, 0, 9_000_000, 1, []byte("b")), ngEnhanced(o, 0, 9_000_001, 1, []byte("c")), dsb(secretsTLS, "late"))
		cfg := small()
		cfg.From = sec(5)
		got, src := readBytes(t, cfg, file)
		if n := src.Notices(); len(n) > 0 {
			t.Error(n)
		}
		want := []struct{ frame, secrets string }{{"", "early\n"}, {"b", long + "\nmore\n"}, {"c", ""}, {"", "late\n"}}
		if len(got) != len(want) {
			t.Fatalf("%d records", len(got))
		}
		for i, w := range want {
			if string(got[i].Frame) != w.frame || string(got[i].Secrets) != w.secrets {
				t.Errorf("record %d: %q with %d bytes of secrets", i, got[i].Frame, len(got[i].Secrets))
			}
		}
		cfg.MaxSecrets = 1 << 10
		if _, src := readBytes(t, cfg, file); len(src.Notices()) != 1 {
			t.Error("no word about too many secrets")
		}
	}
}
