package tls_test

import (
	gotls "crypto/tls"
	"path/filepath"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
)

// lose is steps without bytes from to to of step i.
func lose(steps []step, i, from, to int) []step {
	s := steps[i]
	out := append([]step{}, steps[:i]...)
	for _, part := range []step{{dir: s.dir, b: s.b[:from]}, {dir: s.dir, lost: to - from}, {dir: s.dir, b: s.b[to:]}} {
		if len(part.b) > 0 || part.lost > 0 {
			out = append(out, part)
		}
	}
	return append(out, steps[i+1:]...)
}

// handshake is how many steps there are before the first that yields anything.
func handshake(t *testing.T, s *script) int {
	pool := tls.NewPool(tls.Defaults(), table(s.keys))
	session := pool.New(packet.AtoB, true, false)
	for i, st := range s.steps {
		if len(session.Bytes(nil, st.dir, clock.Time(i), st.b)) > 0 {
			return i
		}
	}
	t.Fatal("nothing is yielded")
	return 0
}

func words(p *played) string { return string(p.plain[0]) + "\x00" + string(p.plain[1]) }

// TestHandshakeLoss loses every part of a handshake in turn: every packet, its ends, and its middle. What is left
// must read as the whole, unless the random that everything hangs on is lost.
func TestHandshakeLoss(t *testing.T) {
	for _, name := range []string{"ccm13", "ccm8-13", "chacha13", "hrr", "keyupdate", "mtls13", "psk13",
		"ccm", "chacha12", "etm-sha384", "mtls12", "null", "resume12"} {
		s := load(t, filepath.Join("testdata", name+".txt"))
		full := play(tls.Defaults(), table(s.keys), s.steps)
		modern := full.session.Info().Version == 0x0304
		guessed := uint64(0)
		for i := range handshake(t, s) {
			n := len(s.steps[i].b)
			for _, part := range [][2]int{{0, n}, {0, n / 3}, {n / 3, 2 * n / 3}, {2 * n / 3, n}, {n / 2, n}} {
				if part[0] == part[1] {
					continue
				}
				steps := lose(s.steps, i, part[0], part[1])
				p := play(tls.Defaults(), table(s.keys), steps)
				why := p.session.Info().Why
				guessed += p.pool.Stats.Guessed
				if words(p) == words(full) && why == tls.Readable && p.end == [2]int{1, 1} {
					continue
				}
				hello := i == 0 && part[0] < 43 || i == 1 && part[0] < 79 && !modern // not even its random and suite are left
				if !hello || why != tls.Damaged || words(p) != "\x00" || p.pool.Stats.Damaged != 1 || p.end != [2]int{1, 1} {
					t.Errorf("%s: without %d of step %d: %s %+v\n%+v", name, part, i, p, *p.session.Info(), p.pool.Stats)
				}
			}
		}
		if modern && guessed == 0 {
			t.Errorf("%s: no suite was ever found by trial", name)
		}
	}
}

// TestHandshakeLossCut is the same with small packets, of which two are lost, any number of records, and secrets
// that come late: nothing that is not right is yielded, and nothing waits for ever.
func TestHandshakeLossCut(t *testing.T) {
	for _, name := range []string{"hrr", "early", "early-refused", "mtls13", "mtls12", "renegotiate"} {
		s := load(t, filepath.Join("testdata", name+".txt"))
		full := play(tls.Defaults(), table(s.keys), s.steps)
		steps := cut(s.steps, 40)
		for i := range steps {
			lossy := lose(steps, i, 0, len(steps[i].b))
			if j := i + 1; j < len(lossy) {
				lossy = lose(lossy, j, 0, len(lossy[j].b))
			}
			tb := table(nil)
			p := &played{pool: tls.NewPool(tls.Defaults(), tb)}
			p.pool.Follow = true
			p.session = p.pool.New(packet.AtoB, true, false)
			for k, st := range lossy {
				if k == i*2/3 {
					tb.Add(s.keys)
				}
				if st.lost > 0 {
					p.take(p.session.Gap(nil, st.dir, clock.Time(k), st.lost))
				} else {
					p.take(p.session.Bytes(nil, st.dir, clock.Time(k), st.b))
				}
			}
			for d := range packet.Dir(2) {
				p.take(p.session.End(nil, d, clock.Time(len(lossy)), true))
			}
			for d := range 2 {
				rest := string(full.plain[d])
				for _, c := range p.chunks[d] {
					_, after, ok := strings.Cut(rest, c)
					if !ok {
						t.Fatalf("%s: %q is not what was sent", name, c)
					}
					rest = after
				}
			}
			if _, waits := p.session.Waiting(); waits || p.end != [2]int{1, 1} {
				t.Errorf("%s without packets %d and %d waits: %s %+v", name, i, i+1, p, *p.session.Info())
			}
		}
	}
}

// TestGoLoss loses packets as they are: hellos of two segments, and certificates before RC4, whose place in the
// key stream must not be lost with them.
func TestGoLoss(t *testing.T) {
	id := identity(t, true, "a")
	f := func(version, suite uint16, from, i, to int) {
		t.Helper()
		cfg := &gotls.Config{InsecureSkipVerify: true, Certificates: []gotls.Certificate{id}, MinVersion: version, MaxVersion: version,
			ServerName: "fhir.example", CipherSuites: []uint16{suite}}
		s := talk(t, cfg, cfg, ask, answer)
		p := play(tls.Defaults(), table(s.keys), lose(s.steps, i, from, min(to, len(s.steps[i].b))))
		if string(p.plain[0]) != ask+answer || string(p.plain[1]) != ask+answer || p.session.Info().Why != tls.Readable {
			t.Errorf("%x %x without %d to %d of step %d: %s %+v\n%+v", version, suite, from, to, i, p, *p.session.Info(), p.pool.Stats)
		}
		if i == 0 && (p.pool.Stats.TornHellos != 1 || p.session.Info().JA4 != "") {
			t.Errorf("a torn ClientHello: %+v", *p.session.Info())
		}
	}
	f(gotls.VersionTLS13, 0, 0, 1, 1460)
	f(gotls.VersionTLS13, 0, 90, 1, 1460)
	f(gotls.VersionTLS13, 0, 0, 1, 1<<20)
	f(gotls.VersionTLS13, 0, 180, 0, 1<<20)
	f(gotls.VersionTLS13, 0, 0, 2, 1<<20)
	f(gotls.VersionTLS12, gotls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 120, 0, 1<<20)
	f(gotls.VersionTLS12, gotls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 50, 1, 1<<20)
	f(gotls.VersionTLS12, gotls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 200, 1, 1<<20)
	f(gotls.VersionTLS12, gotls.TLS_RSA_WITH_RC4_128_SHA, 200, 1, 600)
	f(gotls.VersionTLS10, gotls.TLS_RSA_WITH_AES_128_CBC_SHA, 200, 1, 600)
}

// TestOneSided has only what the client sends: its secrets tell the suite. They may come later than the packets.
func TestOneSided(t *testing.T) {
	s := load(t, "testdata/chacha13.txt")
	want := string(play(tls.Defaults(), table(s.keys), s.steps).plain[0])
	var mine script
	mine.keys = s.keys
	for _, st := range s.steps {
		if st.dir == packet.AtoB {
			mine.steps = append(mine.steps, st)
		}
	}
	for n := range len(mine.steps) {
		if p := late(&mine, n); string(p.plain[0]) != want || p.session.Info().Why != tls.Readable {
			t.Errorf("with secrets after %d packets: %s %+v", n, p, *p.session.Info())
		}
	}
}

// TestDamaged tells a connection that a loss made unreadable from one without secrets, and says how much of the
// client's it was, in the measure of what was read.
func TestDamaged(t *testing.T) {
	for _, version := range []uint16{gotls.VersionTLS12, gotls.VersionTLS13} {
		cfg := &gotls.Config{InsecureSkipVerify: true, Certificates: []gotls.Certificate{identity(t, false, "a")},
			MinVersion: version, MaxVersion: version}
		s := talk(t, cfg, cfg, ask, answer, ask)
		other := talk(t, cfg, cfg, ask)
		read := func(keys []byte, steps []step) (tls.Why, tls.Stats) {
			p := play(tls.Defaults(), table(keys), steps)
			p.session.Close()
			why := p.session.Info().Why
			p.pool.Free(p.session)
			return why, p.pool.Stats
		}
		why, whole := read(s.keys, s.steps)
		const head = 5 + 8 + 16 // of a record of AES-GCM
		if n := len(ask + answer + ask); why != tls.Readable || whole.DamagedClientBytes != 0 ||
			int(whole.ReadClientBytes) < n || int(whole.ReadClientBytes) > n+3*head {
			t.Fatalf("%x whole: %v %+v", version, why, whole)
		}
		client := lose(s.steps, 0, 0, len(s.steps[0].b))
		server := lose(s.steps, 1, 0, len(s.steps[1].b))
		f := func(what string, keys []byte, steps []step, want tls.Why) {
			t.Helper()
			why, st := read(keys, steps)
			if why != want || want == tls.Damaged && st.Damaged != 1 || want == tls.NoKeys && st.NoKeys != 1 {
				t.Errorf("%x %s: %v %+v", version, what, why, st)
			}
			low, high := uint64(0), uint64(0)
			if want == tls.Damaged {
				low, high = whole.ReadClientBytes*8/10, whole.ReadClientBytes*12/10+2*head // a close_notify
			}
			if st.DamagedClientBytes < low || st.DamagedClientBytes > high {
				t.Errorf("%x %s: %d bytes damaged of %d", version, what, st.DamagedClientBytes, whole.ReadClientBytes)
			}
		}
		f("ClientHello lost", s.keys, client, tls.Damaged)
		f("both hellos lost", s.keys, lose(client, 1, 0, len(s.steps[1].b)), tls.Damaged)
		f("ServerHello lost, secrets of others", other.keys, server, tls.NoKeys)
		f("ServerHello lost, no secrets", nil, server, tls.NoKeys)
		if version == gotls.VersionTLS12 {
			f("ServerHello lost", s.keys, server, tls.Damaged)
			var mine []step
			for _, st := range s.steps {
				if st.dir == packet.AtoB {
					mine = append(mine, st)
				}
			}
			f("one side", s.keys, mine, tls.Damaged)
		} else {
			f("ServerHello lost", s.keys, server, tls.Readable)
		}
	}
}

// TestClose gives up a connection that waits for secrets.
func TestClose(t *testing.T) {
	s := load(t, "testdata/chacha13.txt")
	pool := tls.NewPool(tls.Defaults(), table(nil))
	pool.Follow = true
	session := pool.New(packet.AtoB, true, false)
	for i, st := range s.steps {
		session.Bytes(nil, st.dir, clock.Time(i), st.b)
	}
	if _, waits := session.Waiting(); !waits {
		t.Fatal("does not wait")
	}
	session.Close()
	session.Close()
	if _, waits := session.Waiting(); waits || session.Info().Why != tls.NoKeys || pool.Stats.NoKeys != 1 {
		t.Errorf("%+v %+v", *session.Info(), pool.Stats)
	}
}

// TestGuessBound has secrets that open nothing: trials end at their bound.
func TestGuessBound(t *testing.T) {
	s := load(t, "testdata/chacha13.txt")
	wrong := []byte(strings.ReplaceAll(string(s.keys), " "+lastWord(t, s.keys), " "+strings.Repeat("ab", 32)))
	cfg := tls.Defaults()
	cfg.TrialBytes = 100_000
	pool := tls.NewPool(cfg, table(wrong))
	session := pool.New(packet.AtoB, true, false)
	session.Bytes(nil, packet.AtoB, 1, s.steps[0].b)
	session.Gap(nil, packet.BtoA, 2, 500)
	junk := append([]byte{23, 3, 3, 0, 100}, make([]byte, 100)...)
	for range 100 {
		session.Bytes(nil, packet.BtoA, 3, junk)
	}
	if session.Info().Why != tls.Damaged || pool.Stats.OverTrials != 1 {
		t.Errorf("%+v %+v", *session.Info(), pool.Stats)
	}
}

// lastWord is the secret in the last line of a key log.
func lastWord(t *testing.T, keys []byte) string {
	f := strings.Fields(string(keys))
	if len(f) < 3 {
		t.Fatal("no key log")
	}
	return f[len(f)-1]
}
