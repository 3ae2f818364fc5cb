package tls_test

import (
	"path/filepath"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
)

// FuzzSession has any bytes both ways, whose secrets are those of a recorded connection. Each byte of order says
// how much is taken from one direction; 255 is a gap, 254 an attempt to go on. Nothing that it yields may be
// other than what that connection carried.
func FuzzSession(f *testing.F) {
	var keys []byte
	var sent []string
	for _, name := range []string{"ccm", "etm-sha", "tls1-etm", "renegotiate", "hrr", "keyupdate", "early", "early-refused", "mtls12", "chacha13", "ccm8-13"} {
		s := load(f, filepath.Join("testdata", name+".txt"))
		keys = append(keys, s.keys...)
		var both [2][]byte
		var order []byte
		for _, st := range s.steps {
			both[st.dir] = append(both[st.dir], st.b...)
			for n := len(st.b); n > 0; n -= 253 {
				order = append(order, byte(st.dir), byte(min(n, 253)))
			}
		}
		p := play(tls.Defaults(), table(s.keys), s.steps)
		sent = append(sent, string(p.plain[0]), string(p.plain[1]))
		f.Add(both[0], both[1], order, uint8(0))
		f.Add(both[0], both[1], append(order[:len(order)/2:len(order)/2], 1, 255, 0, 100, 1, 200), uint8(0))
		f.Add(both[0], both[1], append([]byte{0, 254}, order...), uint8(1))
		f.Add(both[0], both[1], append([]byte{0, 253, 0, 200, 1, 255, 1, 255}, order...), uint8(2))
		f.Add(both[0], both[1], append([]byte{0, 100, 0, 255, 1, 90, 1, 255}, order...), uint8(0))
	}
	known := strings.Join(sent, "\x00")
	f.Fuzz(func(t *testing.T, client, server, order []byte, how uint8) {
		tb := table(nil)
		if how&1 == 0 {
			tb.Add(keys)
		}
		pool := tls.NewPool(tls.Defaults(), tb)
		pool.Follow = how&2 == 0
		s := pool.New(packet.AtoB, how&4 == 0, how&8 != 0)
		p := &stream{}
		at := clock.Time(0)
		for ; len(order) >= 2 && len(client)+len(server) > 0; order = order[2:] {
			at += clock.Grid
			d, from := packet.AtoB, &client
			if order[0]&1 == 1 {
				d, from = packet.BtoA, &server
			}
			switch n := int(order[1]); n {
			case 255:
				m := min(len(*from), 300)
				*from = (*from)[m:]
				p.take(s.Gap(nil, d, at, m+1))
			case 254:
				tb.Add(keys)
				p.take(s.Retry(nil, at))
			default:
				n = min(n, len(*from))
				p.take(s.Bytes(nil, d, at, (*from)[:n]))
				*from = (*from)[n:]
			}
		}
		p.take(s.Bytes(nil, packet.AtoB, at, client))
		p.take(s.Bytes(nil, packet.BtoA, at, server))
		for d := range packet.Dir(2) {
			p.take(s.End(nil, d, at, how&16 == 0))
			for _, c := range p.chunks[d] {
				if !strings.Contains(known, c) {
					t.Fatalf("yields %q", c)
				}
			}
		}
		s.Info()
		pool.Free(s)
	})
}

// FuzzClientHello has any handshake message in a record of its own.
func FuzzClientHello(f *testing.F) {
	for _, name := range []string{"ccm", "hrr", "early", "mtls12"} {
		s := load(f, filepath.Join("testdata", name+".txt"))
		f.Add(s.steps[0].b[5:], s.steps[1].b[5:])
	}
	f.Fuzz(func(t *testing.T, client, server []byte) {
		pool := tls.NewPool(tls.Defaults(), nil)
		s := pool.New(packet.AtoB, false, false)
		for d, b := range [][]byte{client, server} {
			b = b[:min(len(b), 1<<14)]
			s.Bytes(nil, packet.Dir(d), 1, append([]byte{22, 3, 1, byte(len(b) >> 8), byte(len(b))}, b...))
		}
		i := s.Info()
		if n := len(i.JA4); n != 0 && n != 36 {
			t.Errorf("JA4 %q", i.JA4)
		}
		for _, c := range []*tls.Certificate{i.Server, i.Client} {
			if c != nil && (len(c.Names) > tls.Defaults().Names || len(c.Subject) > tls.Defaults().NameBytes) {
				t.Errorf("%+v", c)
			}
		}
	})
}

func FuzzKeyLog(f *testing.F) {
	f.Add([]byte("CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48) + "\r\n# x\nRSA 0011223344556677 00"))
	f.Add([]byte("RSA Session-ID:00 Master-Key:" + strings.Repeat("0", 96)))
	f.Fuzz(func(t *testing.T, b []byte) {
		tb := tls.NewTable(4, nil)
		tb.Add(b)
		if v := tb.Version(); v != tb.Stats.Secrets {
			t.Errorf("version %d, %d secrets", v, tb.Stats.Secrets)
		}
		var s tls.Secret
		if tls.ParseKeyLog(&s, b) == tls.Good && (len(s.Value()) < 16 || string(tb.Lookup(s.Label, &s.Random)) != string(s.Value())) &&
			!strings.Contains(string(b), "\n") {
			t.Errorf("%q is not found again", b)
		}
	})
}
