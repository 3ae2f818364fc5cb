package tls

import (
	"strings"
	"testing"
)

// TestJA4 has the example of the specification (FoxIO-LLC/ja4, technical_details/JA4.md).
func TestJA4(t *testing.T) {
	h := clientHello{
		version:    0x0303,
		suites:     pairs("8a8a130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035"),
		serverName: []byte("x"),
		alpn:       []byte("h2"),
		versions:   pairs("2a2a03040303"),
		sigAlgs:    pairs("04030804040105030805050108060601"),
		extensions: []uint16{0x0a0a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
			0xff01, 0x000b, 0x000a, 0x0015, 0xfafa},
	}
	f := func(want string) {
		t.Helper()
		if got, _ := ja4(&h, nil); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f("t13d1516h2_8daaf6152771_e5627efa2ab1")
	h.alpn = []byte{0xab, 0xcd}
	f("t13d1516ad_8daaf6152771_e5627efa2ab1")
	h = clientHello{version: 0x0301}
	f("t10i000000_000000000000_000000000000")
}

func pairs(s string) []byte {
	out := make([]byte, len(s)/2)
	unhex(out, []byte(s))
	return out
}

func TestParseKeyLog(t *testing.T) {
	a, b := strings.Repeat("aB", 32), strings.Repeat("0F", 48)
	f := func(line string, want Line, label Label) {
		t.Helper()
		var s Secret
		got := ParseKeyLog(&s, []byte(line))
		if got != want || got == Good && (s.Label != label || s.Random[0] != 0xab || s.Value()[0] != 0x0f) {
			t.Errorf("%q: %d %+v", line, got, s)
		}
	}
	f("", Blank, 0)
	f("# a comment\r\n", Blank, 0)
	f("CLIENT_RANDOM "+a+" "+b, Good, ClientRandom)
	f("CLIENT_RANDOM "+a+" "+b+"\r\n", Good, ClientRandom)
	f("SERVER_TRAFFIC_SECRET_0 "+a+"  "+b[:64], Good, ServerTraffic)
	f("RSA "+a[:16]+" "+b, Good, PremasterCipher)
	f("RSA Session-ID:"+a+" Master-Key:"+b, Good, SessionID)
	f("PMS_CLIENT_RANDOM "+a+" "+b[:64], Good, Premaster)
	f("EXPORTER_SECRET "+a+" "+b, Other, 0)
	f("CLIENT_RANDOM "+a+" "+b[:94], Bad, 0)
	f("CLIENT_RANDOM "+a[:62]+" "+b, Bad, 0)
	f("CLIENT_RANDOM "+a+" "+strings.Replace(b, "F", "g", 1), Bad, 0)
	f("CLIENT_RANDOM "+a, Bad, 0)
	f("RSA Session-ID: Master-Key:"+b, Bad, 0)
	f("GET / HTTP/1.1", Bad, 0)
	f(strings.Repeat("x", 600), Bad, 0)
}

func TestTable(t *testing.T) {
	line := func(c string) string {
		return "CLIENT_RANDOM " + strings.Repeat(c, 64) + " " + strings.Repeat(c, 96) + "\n"
	}
	random := func(c byte) *[32]byte {
		var r [32]byte
		for i := range r {
			r[i] = c
		}
		return &r
	}
	below := NewTable(10, nil)
	below.Add([]byte(line("5")))
	tb := NewTable(2, below)
	tb.Add([]byte(line("1") + "rubbish\n" + line("2") + line("1") + strings.TrimSpace(line("3"))))
	if tb.Lookup(ClientRandom, random(0x11)) != nil || tb.Lookup(ClientRandom, random(0x22)) == nil ||
		tb.Lookup(ClientRandom, random(0x33)) == nil || tb.Lookup(ClientRandom, random(0x55)) == nil || tb.Lookup(ClientTraffic, random(0x22)) != nil {
		t.Error("not the newest two and the one below")
	}
	if tb.Stats != (TableStats{Secrets: 3, Bad: 1, Dropped: 1}) || tb.Version() != 4 {
		t.Errorf("%+v version %d", tb.Stats, tb.Version())
	}
}

func TestSuiteOf(t *testing.T) {
	for id, want := range map[uint16]string{0x1301: "TLS_AES_128_GCM_SHA256", 0xc02f: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0x0a0a: "0x0a0a"} {
		if s := suiteOf(id); s.name != want || (s.kind == unsupported) != (id == 0x0a0a) {
			t.Errorf("%x: %+v", id, s)
		}
	}
	last := -1
	for _, e := range suiteNames {
		if int(e.id) <= last {
			t.Errorf("%x is out of order", e.id)
		}
		last = int(e.id)
		s := suiteOf(e.id)
		for _, word := range []string{"ARIA", "CAMELLIA", "SEED", "IDEA", "RC2", "DES_CBC_", "DES40", "40_MD5", "GOST", "SM4"} {
			if strings.Contains(e.name, word) && !strings.Contains(e.name, "3DES") && s.kind != unsupported {
				t.Errorf("%s is taken for %d", e.name, s.kind)
			}
		}
	}
}

func TestLooks(t *testing.T) {
	f := func(s string, yes, more bool) {
		t.Helper()
		if y, m := Looks([]byte(s)); y != yes || m != more {
			t.Errorf("%q: %v %v", s, y, m)
		}
	}
	f("", false, true)
	f("\x16", false, true)
	f("\x16\x03\x01\x02", false, true)
	f("\x16\x03\x01\x02\x00\x01", true, false)
	f("\x17\x03\x03\x00\x20", true, false)
	f("\x17\x03\x03\x00\x00", false, false)
	f("\x16\x03\x01\xff", false, false)
	f("\x16\x02", false, false)
	f("GET /", false, false)
	f("\x00\x00\x00\x04", false, false)
}

func TestConfig(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	c := Defaults()
	c.Ahead = 0
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "ahead: 0") {
		t.Error(err)
	}
}
