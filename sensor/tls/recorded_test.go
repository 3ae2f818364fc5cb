package tls_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
)

// load reads a connection recorded between openssl s_client and s_server: lines of its key log, and what each
// side sent, > from the client, in hexadecimal.
func load(t testing.TB, path string) *script {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &script{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line[0] != '>' && line[0] != '<' {
			s.keys = append(append(s.keys, line...), '\n')
			continue
		}
		b, err := hex.DecodeString(line[1:])
		if err != nil {
			t.Fatal(path, err)
		}
		dir := packet.AtoB
		if line[0] == '<' {
			dir = packet.BtoA
		}
		s.steps = append(s.steps, step{dir: dir, b: b})
	}
	return s
}

func TestRecorded(t *testing.T) {
	const usual = "GET /Patient/1 HTTP/1.1\nsecond\n"
	for _, c := range []struct {
		name, client, server, cipher string
	}{
		{"ccm", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
		{"ccm8", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"},
		{"etm-sha", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
		{"etm-sha384", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
		{"chacha12", usual, "", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
		{"null", usual, "", "TLS_ECDHE_ECDSA_WITH_NULL_SHA"},
		{"tls1-etm", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
		{"tls1_1-etm", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
		{"renegotiate", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		{"ccm13", usual, "", "TLS_AES_128_CCM_SHA256"},
		{"ccm8-13", usual, "", "TLS_AES_128_CCM_8_SHA256"},
		{"chacha13", usual, "", "TLS_CHACHA20_POLY1305_SHA256"},
		{"hrr", usual, "", "TLS_AES_256_GCM_SHA384"},
		{"keyupdate", usual + "third\n", "HTTP/1.1 200 OK\nanswer\nlast\n", "TLS_AES_256_GCM_SHA384"},
		{"mtls13", usual, "", "TLS_AES_256_GCM_SHA384"},
		{"mtls12", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		{"psk13", usual, "", "TLS_CHACHA20_POLY1305_SHA256"},
		{"early", "GET /early HTTP/1.1\n" + usual, "", "TLS_AES_256_GCM_SHA384"},
		{"early-refused", usual, "", "TLS_AES_256_GCM_SHA384"},
		{"resume12", usual, "", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := load(t, filepath.Join("testdata", c.name+".txt"))
			if c.server == "" {
				c.server = "HTTP/1.1 200 OK\nanswer\n"
			}
			p := play(tls.Defaults(), table(s.keys), s.steps)
			right := func(p *played) bool {
				return string(p.plain[0]) == c.client && string(p.plain[1]) == c.server && p.lost == [2]int{} && p.end == [2]int{1, 1}
			}
			info := p.session.Info()
			if !right(p) || info.Cipher() != c.cipher || info.Why != tls.Readable {
				t.Fatalf("%s %s\n%+v\n%+v", p, info.Cipher(), *info, p.pool.Stats)
			}
			for n := 1; n < 400; n++ {
				if q := play(tls.Defaults(), table(s.keys), cut(s.steps, n)); !right(q) || q.session.Info().Why != tls.Readable {
					t.Fatalf("cut in pieces of %d: %s %+v", n, q, q.pool.Stats)
				}
			}
			for n := range len(s.steps) + 1 {
				if q := late(s, n); !right(q) {
					t.Fatalf("secrets after %d packets: %s %+v", n, q, q.pool.Stats)
				}
			}
			// The capture may have one direction later than the other.
			var swapped []step
			for d := range packet.Dir(2) {
				for _, st := range s.steps {
					if st.dir == d.Other() {
						swapped = append(swapped, st)
					}
				}
			}
			if q := play(tls.Defaults(), table(s.keys), swapped); !right(q) {
				t.Errorf("server first: %s %+v", q, q.pool.Stats)
			}
			switch c.name {
			case "renegotiate":
				if p.pool.Stats.Renegotiations != 1 {
					t.Errorf("%+v", p.pool.Stats)
				}
			case "keyupdate":
				if p.pool.Stats.KeyUpdates < 3 {
					t.Errorf("%+v", p.pool.Stats)
				}
			case "early", "psk13", "resume12":
				if !info.Resumed {
					t.Errorf("%+v", *info)
				}
			case "early-refused":
				if p.pool.Stats.EarlyRefused == 0 {
					t.Errorf("%+v", p.pool.Stats)
				}
			case "mtls12", "mtls13":
				if info.Client == nil || info.Client.Subject != "lab-analyser-3" || info.Server.Issuer != "fhir.hospital.example" {
					t.Errorf("%+v", *info)
				}
			}
		})
	}
}

// TestUnsupported has suites that are not decrypted: said, and nothing yielded.
func TestUnsupported(t *testing.T) {
	for _, name := range []string{"aria", "camellia"} {
		s := load(t, filepath.Join("testdata", name+".txt"))
		p := play(tls.Defaults(), table(s.keys), s.steps)
		if p.session.Info().Why != tls.Unsupported || len(p.plain[0]) > 0 || p.pool.Stats.Unsupported != 1 {
			t.Errorf("%s: %s %+v", name, p, *p.session.Info())
		}
		if c := p.session.Info().Server; c == nil || !strings.Contains(c.Subject, "rsa.hospital") {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestMidway has a connection joined after its handshake.
func TestMidway(t *testing.T) {
	s := load(t, "testdata/keyupdate.txt")
	p := &played{pool: tls.NewPool(tls.Defaults(), table(s.keys))}
	p.session = p.pool.New(packet.AtoB, true, true)
	for i, st := range s.steps[4:] {
		p.take(p.session.Bytes(nil, st.dir, clock.Time(i), st.b))
	}
	if p.session.Info().Why != tls.Midway || len(p.plain[0]) > 0 {
		t.Errorf("%s %+v", p, *p.session.Info())
	}
	if !bytes.HasPrefix(s.steps[0].b, []byte{22, 3, 1}) {
		t.Fatal("the record does not begin with a ClientHello")
	}
}
