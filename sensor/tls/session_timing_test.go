package tls_test

import (
	gotls "crypto/tls"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tls"
)

// bulk is a connection that carries n records of 16 KiB from the client, without the echoes of the server.
func bulk(t testing.TB, suite uint16, version uint16, n int) *script {
	cfg := &gotls.Config{InsecureSkipVerify: true, Certificates: []gotls.Certificate{identity(t, true, "a")},
		MinVersion: version, MaxVersion: version, DynamicRecordSizingDisabled: true}
	if suite != 0 {
		cfg.CipherSuites = []uint16{suite}
	}
	return talk(t, cfg, cfg, ask, strings.Repeat("x", n<<14))
}

// TestAllocations holds reading to no allocation for a record, cut into segments, once warm.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		suite, version uint16
	}{
		{0, gotls.VersionTLS13},
		{gotls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, gotls.VersionTLS12},
		{gotls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, gotls.VersionTLS12},
		{gotls.TLS_RSA_WITH_AES_128_CBC_SHA256, gotls.VersionTLS12},
		{gotls.TLS_RSA_WITH_AES_128_CBC_SHA, gotls.VersionTLS10},
	} {
		s := bulk(t, c.suite, c.version, 60)
		steps := cut(s.steps, 1448)
		pool := tls.NewPool(tls.Defaults(), table(s.keys))
		session := pool.New(packet.AtoB, true, false)
		dst := make([]tls.Chunk, 0, 64)
		i := 0
		next := func() {
			dst = session.Bytes(dst[:0], steps[i].dir, clock.Time(i), steps[i].b)
			i++
		}
		for i < len(steps)/2 {
			next()
		}
		if n := testing.AllocsPerRun(len(steps)-i-2, next); n > 0 {
			t.Errorf("%x %x: %v allocations", c.version, c.suite, n)
		}
		if !session.Info().Decrypted {
			t.Error("nothing was decrypted")
		}
	}
}

// TestOpaqueSize holds what an idle connection without keys costs to its bound, its strings included.
func TestOpaqueSize(t *testing.T) {
	s := load(t, "testdata/mtls13.txt")
	pool := tls.NewPool(tls.Defaults(), nil)
	const n = 2000
	sessions := make([]*tls.Session, n)
	measure := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := measure()
	for i := range sessions {
		sessions[i] = pool.New(packet.AtoB, true, false)
		for _, st := range s.steps {
			sessions[i].Bytes(nil, st.dir, 1, st.b)
		}
	}
	each := int64(measure()-before) / n
	if info := sessions[n-1].Info(); info.Why != tls.NoKeys || info.ServerName == "" || info.JA4 == "" {
		t.Errorf("%+v", *info)
	}
	if each > 512 {
		t.Errorf("%d bytes for an idle opaque connection", each)
	}
	dst := make([]tls.Chunk, 0, 8)
	last := s.steps[len(s.steps)-1]
	if n := testing.AllocsPerRun(100, func() { dst = sessions[0].Bytes(dst[:0], last.dir, 2, last.b) }); n > 0 {
		t.Errorf("%v allocations for opaque bytes", n)
	}
	runtime.KeepAlive(sessions)
}

// TestLinear has hostile streams of two sizes: twice as much must not take much more than twice as long.
func TestLinear(t *testing.T) {
	s := load(t, "testdata/keyupdate.txt")
	hostile := func(n int, gap bool) time.Duration {
		pool := tls.NewPool(tls.Defaults(), table(s.keys))
		session := pool.New(packet.AtoB, true, false)
		for i, st := range s.steps[:6] {
			session.Bytes(nil, st.dir, clock.Time(i), st.b)
		}
		fake := []byte(strings.Repeat("\x17\x03\x03\x00\x05", n))
		return shared.Spent(func() {
			if gap {
				session.Gap(nil, packet.AtoB, 9, 100_000)
			}
			for len(fake) > 0 {
				m := min(len(fake), 1000)
				session.Bytes(nil, packet.AtoB, 9, fake[:m])
				fake = fake[m:]
			}
		})
	}
	for _, gap := range []bool{false, true} {
		hostile(20_000, gap)
		small, large := hostile(20_000, gap), hostile(160_000, gap)
		if large > 40*small+200*time.Millisecond {
			t.Errorf("gap %v: %v for 100 KB, %v for 800 KB", gap, small, large)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, c := range []struct {
		name           string
		suite, version uint16
	}{
		{"tls13-aes128gcm", 0, gotls.VersionTLS13},
		{"tls12-aes256gcm", gotls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, gotls.VersionTLS12},
		{"tls12-chacha20", gotls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, gotls.VersionTLS12},
		{"tls12-cbc-sha256", gotls.TLS_RSA_WITH_AES_128_CBC_SHA256, gotls.VersionTLS12},
		{"opaque", 0, gotls.VersionTLS13},
	} {
		s := bulk(b, c.suite, c.version, 60)
		steps := cut(s.steps, 1448)
		size := 0
		for _, st := range steps {
			size += len(st.b)
		}
		keys := tls.Secrets(table(s.keys))
		if c.name == "opaque" {
			keys = nil
		}
		b.Run(fmt.Sprint(c.name), func(b *testing.B) {
			pool := tls.NewPool(tls.Defaults(), keys)
			dst := make([]tls.Chunk, 0, 64)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				session := pool.New(packet.AtoB, true, false)
				for i := range steps {
					dst = session.Bytes(dst[:0], steps[i].dir, 1, steps[i].b)
				}
				pool.Free(session)
			}
		})
	}
}
