package tls_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	gotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
)

// script is a connection as a bystander sees it: what each side sent, in order, and the secrets.
type script struct {
	steps []step
	keys  []byte
}

type step struct {
	dir  packet.Dir
	b    []byte
	lost int
}

// tap records what one side writes.
type tap struct {
	net.Conn
	dir packet.Dir
	mu  *sync.Mutex
	to  *script
}

func (c tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to.steps = append(c.to.steps, step{dir: c.dir, b: bytes.Clone(b)})
	return c.Conn.Write(b)
}

// talk has crypto/tls speak with itself: the client says each of words, the server echoes it. The client writes
// from A to B.
func talk(t testing.TB, client, server *gotls.Config, words ...string) *script {
	t.Helper()
	var keys bytes.Buffer
	s := &script{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	a, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a.SetDeadline(time.Now().Add(2 * time.Minute))
	b.SetDeadline(time.Now().Add(2 * time.Minute))
	var mu sync.Mutex
	client = client.Clone()
	client.KeyLogWriter = &keys
	cc := gotls.Client(tap{a, packet.AtoB, &mu, s}, client)
	sc := gotls.Server(tap{b, packet.BtoA, &mu, s}, server)
	var done sync.WaitGroup
	done.Go(func() {
		defer sc.Close()
		io.Copy(sc, sc)
	})
	for _, w := range words {
		// What is echoed must be read while it is still being written: buffers are small.
		done.Go(func() { io.WriteString(cc, w) })
		got := make([]byte, len(w))
		if _, err := io.ReadFull(cc, got); err != nil {
			t.Fatal(err)
		}
	}
	cc.Close()
	done.Wait()
	s.keys = keys.Bytes()
	return s
}

func identity(t testing.TB, rsaKey bool, cn string) gotls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn, Organization: []string{"Ward"}},
		DNSNames: []string{cn, "*." + cn}, IPAddresses: []net.IP{net.ParseIP("192.0.2.1")},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	var key any
	var der []byte
	var err error
	if rsaKey {
		k, _ := rsa.GenerateKey(rand.Reader, 2048)
		key = k
		der, err = x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	} else {
		k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		key = k
		der, err = x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	}
	if err != nil {
		t.Fatal(err)
	}
	return gotls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// played is what a script yields, and the session that read it.
type played struct {
	stream
	pool *tls.Pool
}

func table(keys []byte) *tls.Table {
	tb := tls.NewTable(1000, nil)
	tb.Add(keys)
	return tb
}

// play reads the steps, each packet a millisecond after the other, and then the ends.
func play(cfg tls.Config, keys tls.Secrets, steps []step) *played {
	p := &played{pool: tls.NewPool(cfg, keys)}
	p.session = p.pool.New(packet.AtoB, true, false)
	at := clock.Time(0)
	var dst []tls.Chunk
	for _, s := range steps {
		at += clock.Time(time.Millisecond)
		if s.lost > 0 {
			dst = p.session.Gap(dst[:0], s.dir, at, s.lost)
		} else {
			dst = p.session.Bytes(dst[:0], s.dir, at, s.b)
		}
		p.take(dst)
	}
	for d := range packet.Dir(2) {
		p.take(p.session.End(nil, d, at, true))
	}
	return p
}

func (p *played) String() string {
	return fmt.Sprintf("%q %q lost %v ends %v", p.plain[0], p.plain[1], p.lost, p.end)
}

// cut splits the bytes of every step into pieces of at most n.
func cut(steps []step, n int) (out []step) {
	for _, s := range steps {
		for len(s.b) > n {
			out = append(out, step{dir: s.dir, b: s.b[:n]})
			s.b = s.b[n:]
		}
		out = append(out, s)
	}
	return out
}

const (
	ask    = "GET /fhir/Patient/1 HTTP/1.1\r\n\r\n"
	answer = "POST /fhir HTTP/1.1\r\n\r\n"
)

// check plays a script whole and cut, with its secrets from the start and late, and wants the words both ways.
func check(t *testing.T, s *script, words string) *played {
	t.Helper()
	p := play(tls.Defaults(), table(s.keys), s.steps)
	want := fmt.Sprintf("%q %q lost [0 0] ends [1 1]", words, words)
	if p.String() != want {
		t.Fatalf("got  %.300s\nwant %.300s\n%+v\n%+v", p, want, *p.session.Info(), p.pool.Stats)
	}
	for _, n := range []int{1, 2, 3, 5, 7, 16, 100, 1000} {
		if got := play(tls.Defaults(), table(s.keys), cut(s.steps, n)); got.String() != want {
			t.Fatalf("cut in pieces of %d: %.300s\n%+v", n, got, *got.session.Info())
		}
	}
	for _, after := range []int{1, 3, len(s.steps) / 2, len(s.steps)} {
		if got := late(s, after); got.String() != want {
			t.Fatalf("with secrets after %d of %d packets: %.300s\n%+v", after, len(s.steps), got, *got.session.Info())
		}
	}
	if got := play(tls.Defaults(), nil, s.steps); len(got.plain[0])+len(got.plain[1]) > 0 || got.session.Info().Why == tls.Readable {
		t.Errorf("without secrets: %s %+v", got, *got.session.Info())
	}
	return p
}

// late gives the secrets after some packets.
func late(s *script, after int) *played {
	tb := table(nil)
	p := &played{pool: tls.NewPool(tls.Defaults(), tb)}
	p.pool.Follow = true
	p.session = p.pool.New(packet.AtoB, true, false)
	for i, st := range s.steps {
		if i == after {
			tb.Add(s.keys)
		}
		p.take(p.session.Bytes(nil, st.dir, clock.Time(i), st.b))
	}
	for d := range packet.Dir(2) {
		p.take(p.session.End(nil, d, clock.Time(len(s.steps)), true))
	}
	if after >= len(s.steps) {
		tb.Add(s.keys)
	}
	p.take(p.session.Retry(nil, clock.Time(len(s.steps)+1)))
	return p
}

func TestGoSuites(t *testing.T) {
	ec, rs := identity(t, false, "fhir.example"), identity(t, true, "fhir.example")
	words := []string{ask, strings.Repeat("x", 20_000), answer}
	all := append(gotls.CipherSuites(), gotls.InsecureCipherSuites()...)
	for _, version := range []uint16{gotls.VersionTLS10, gotls.VersionTLS11, gotls.VersionTLS12, gotls.VersionTLS13} {
		met := 0
		for _, suite := range all {
			if !slices.Contains(suite.SupportedVersions, version) || version == gotls.VersionTLS13 && met > 0 {
				continue
			}
			met++
			client := &gotls.Config{InsecureSkipVerify: true, ServerName: "fhir.example", MinVersion: version, MaxVersion: version,
				CipherSuites: []uint16{suite.ID}, NextProtos: []string{"h2", "http/1.1"}}
			server := client.Clone()
			server.Certificates = []gotls.Certificate{ec, rs}
			server.NextProtos = []string{"http/1.1"}
			p := check(t, talk(t, client, server, words...), strings.Join(words, ""))
			info := p.session.Info()
			if version < gotls.VersionTLS13 && info.Cipher() != suite.Name && !strings.HasSuffix(suite.Name, "POLY1305_SHA256") {
				t.Errorf("%s is called %s", suite.Name, info.Cipher())
			}
			if info.Version != tls.Version(version) || info.ServerName != "fhir.example" || info.ALPN != "http/1.1" || !info.Chosen ||
				info.Server == nil || info.Server.Subject != "fhir.example" || info.Resumed {
				t.Errorf("%s: %+v", suite.Name, *info)
			}
			if got := fmt.Sprint(info.Server.Names); got != "[fhir.example *.fhir.example 192.0.2.1]" {
				t.Errorf("names: %s", got)
			}
		}
		if met == 0 {
			t.Errorf("no suite for version %x", version)
		}
	}
}

func TestGoResumption(t *testing.T) {
	for _, version := range []uint16{gotls.VersionTLS12, gotls.VersionTLS13} {
		client := &gotls.Config{InsecureSkipVerify: true, ServerName: "fhir.example", MaxVersion: version,
			ClientSessionCache: gotls.NewLRUClientSessionCache(4), Certificates: []gotls.Certificate{identity(t, false, "analyser")}}
		server := &gotls.Config{Certificates: []gotls.Certificate{identity(t, false, "fhir.example")}, MaxVersion: version,
			ClientAuth: gotls.RequireAnyClientCert}
		p := check(t, talk(t, client, server, ask), ask)
		if c := p.session.Info().Client; c == nil || c.Subject != "analyser" || p.session.Info().Resumed {
			t.Errorf("%x: %+v", version, *p.session.Info())
		}
		s := talk(t, client, server, ask)
		if version == gotls.VersionTLS12 { // crypto/tls does not log the secrets of a resumed one
			p = play(tls.Defaults(), table(s.keys), s.steps)
		} else {
			p = check(t, s, ask)
		}
		if !p.session.Info().Resumed {
			t.Errorf("%x: not resumed: %+v", version, *p.session.Info())
		}
	}
}

func TestGoRetry(t *testing.T) {
	client := &gotls.Config{InsecureSkipVerify: true, CurvePreferences: []gotls.CurveID{gotls.X25519, gotls.CurveP384}}
	server := &gotls.Config{Certificates: []gotls.Certificate{identity(t, false, "a")}, CurvePreferences: []gotls.CurveID{gotls.CurveP384}}
	s := talk(t, client, server, ask)
	check(t, s, ask)
	if n := bytes.Count(s.steps[0].b, nil); n < 100 {
		t.Fatal("no ClientHello")
	}
}

// TestGap loses every stretch of a long connection in turn: what is yielded is right, and goes on after it.
func TestGap(t *testing.T) {
	var words []string
	for i := range 40 {
		words = append(words, fmt.Sprintf("<%02d%s>", i, strings.Repeat("x", i*37%500)))
	}
	id := identity(t, true, "a")
	for _, c := range []struct {
		version uint16
		suite   uint16
	}{
		{gotls.VersionTLS13, 0},
		{gotls.VersionTLS12, gotls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		{gotls.VersionTLS12, gotls.TLS_RSA_WITH_AES_128_CBC_SHA256},
		{gotls.VersionTLS10, gotls.TLS_RSA_WITH_AES_128_CBC_SHA},
	} {
		cfg := &gotls.Config{InsecureSkipVerify: true, Certificates: []gotls.Certificate{id}, MinVersion: c.version, MaxVersion: c.version,
			CipherSuites: []uint16{c.suite}}
		s := talk(t, cfg, cfg, words...)
		steps := cut(s.steps, 100)
		recovered := 0
		for i := 12; i < len(steps)-1; i++ {
			for _, n := range []int{1, 2, 5} {
				var lossy []step
				lost := 0
				for j, st := range steps {
					if j >= i && j < i+n && st.dir == steps[i].dir {
						lossy = append(lossy, step{dir: st.dir, lost: len(st.b)})
						lost += len(st.b)
						continue
					}
					lossy = append(lossy, st)
				}
				p := play(tls.Defaults(), table(s.keys), lossy)
				for d := range 2 {
					rest := strings.Join(words, "")
					for _, w := range p.chunks[d] {
						_, after, ok := strings.Cut(rest, w)
						if !ok {
							t.Fatalf("%x: gap at %d: %q is not what was sent", c.suite, i, w)
						}
						rest = after
					}
					if strings.HasSuffix(string(p.plain[d]), words[len(words)-1]) {
						recovered++
					}
				}
			}
		}
		// Not when the last word itself, or the handshake, was lost.
		if all := (len(steps) - 13) * 3 * 2; recovered < all*85/100 {
			t.Errorf("%x %x: %d of %d directions went on after a gap", c.version, c.suite, recovered, all)
		}
	}
}

// TestBounds meets each limit on waiting.
func TestBounds(t *testing.T) {
	cfg := &gotls.Config{InsecureSkipVerify: true, Certificates: []gotls.Certificate{identity(t, false, "a")}}
	s := talk(t, cfg, cfg, ask, strings.Repeat("x", 50_000))
	limits := tls.Defaults()
	limits.WaitBytes = 10_000
	run := func(limits tls.Config, sessions int) *tls.Pool {
		pool := tls.NewPool(limits, table(nil))
		pool.Follow = true
		for range sessions {
			session := pool.New(packet.AtoB, true, false)
			for i, st := range s.steps {
				session.Bytes(nil, st.dir, clock.Time(i)*clock.Time(time.Second), st.b)
			}
		}
		return pool
	}
	if pool := run(limits, 1); pool.Stats.OverWaitBytes != 1 || pool.Stats.NoKeys != 1 {
		t.Errorf("wait_bytes: %+v", pool.Stats)
	}
	limits = tls.Defaults()
	limits.WaitTotal = 150_000
	if pool := run(limits, 5); pool.Stats.OverWaitTotal != 4 || pool.Stats.NoKeys != 4 {
		t.Errorf("wait_total: %+v", pool.Stats)
	}
	limits = tls.Defaults()
	limits.WaitTime = 2 * time.Second
	if pool := run(limits, 1); pool.Stats.OverWaitTime != 1 || pool.Stats.NoKeys != 1 {
		t.Errorf("wait_time: %+v", pool.Stats)
	}
	if p := play(tls.Defaults(), table([]byte(strings.ReplaceAll(string(s.keys), "a", "b"))), s.steps); len(p.plain[0]) > 0 {
		t.Errorf("wrong secrets: %s", p)
	}
}
