package tls_test

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
	"auscult/sensor/tls"
)

// event is a tcp.Event whose bytes are its own.
type event struct {
	conn int
	tcp.Event
}

// events reassembles a capture.
func events(t testing.TB, path string) (out []event, conns []*tcp.Conn) {
	table := tcp.New(tcp.Defaults())
	index := map[tcp.ID]int{}
	take := func(events []tcp.Event) {
		for _, e := range events {
			if _, ok := index[e.Conn.ID]; !ok {
				index[e.Conn.ID] = len(index)
				copied := *e.Conn
				conns = append(conns, &copied)
			}
			e.Bytes = bytes.Clone(e.Bytes)
			out = append(out, event{index[e.Conn.ID], e})
		}
	}
	d := packet.New(packet.Defaults())
	var now clock.Time
	for _, raw := range shared.Frames(t, path) {
		now = raw.Time
		var s packet.Segment
		if d.Decode(&s, &raw) == packet.OK {
			take(table.Segment(nil, now, &s))
		}
	}
	take(table.Close(nil, now))
	return out, conns
}

// keylog is the key log of a capture: beside it, or in its Decryption Secrets Blocks.
func keylog(t testing.TB, path string) []byte {
	if b, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".keylog"); err == nil {
		return b
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("CLIENT_RANDOM "))
	return b[at : at+bytes.IndexByte(b[at:], '\n')]
}

// stream is what a connection yields.
type stream struct {
	session   *tls.Session
	plain     [2][]byte
	chunks    [2][]string
	lost, end [2]int
}

func (s *stream) take(chunks []tls.Chunk) {
	for _, c := range chunks {
		switch c.Kind {
		case tcp.Data:
			s.plain[c.Dir] = append(s.plain[c.Dir], c.Bytes...)
			s.chunks[c.Dir] = append(s.chunks[c.Dir], string(c.Bytes))
		case tcp.Gap:
			s.lost[c.Dir] += c.Lost
		case tcp.End:
			s.end[c.Dir]++
		}
	}
}

// read takes events through TLS.
func read(pool *tls.Pool, all []event, conns []*tcp.Conn) []*stream {
	out := make([]*stream, len(conns))
	for i, c := range conns {
		out[i] = &stream{session: pool.New(c.Client, c.ClientKnown, c.Midstream)}
	}
	for _, e := range all {
		s := out[e.conn]
		switch e.Kind {
		case tcp.Data:
			s.take(s.session.Bytes(nil, e.Dir, e.Time, e.Bytes))
		case tcp.Gap:
			s.take(s.session.Gap(nil, e.Dir, e.Time, e.Lost))
		case tcp.End:
			s.take(s.session.End(nil, e.Dir, e.Time, e.Why == tcp.ByFIN))
		}
	}
	return out
}

func address(e packet.Endpoint) string { return netip.AddrPortFrom(e.Addr.IP(), e.Port).String() }

var decrypted = []string{"gopacket-test301-dsb.pcapng", "mercury-test-decrypt.pcap", "pcapfs-all-ciphers.pcap", "scapy-tls-nss.pcap",
	"zeek-tls12-decryption.pcap"}

// TestCaptures reads public captures: every connection that carries an expected call must yield it.
func TestCaptures(t *testing.T) {
	for _, name := range decrypted {
		t.Run(name, func(t *testing.T) {
			path := shared.Path(t, "captures", name)
			table := tls.NewTable(1<<16, nil)
			table.Add(keylog(t, path))
			pool := tls.NewPool(tls.Defaults(), table)
			all, conns := events(t, path)
			streams := read(pool, all, conns)
			calls, met := shared.Expected(t, name), 0
			for _, c := range calls {
				for i, s := range streams {
					from := conns[i].Client
					if address(conns[i].Flow.Src(from)) != c.Client {
						continue
					}
					met++
					request := s.plain[from]
					switch {
					case c.Version == "2":
						if !bytes.HasPrefix(request, []byte("PRI * HTTP/2.0\r\n")) {
							t.Errorf("%s: %.40q", c.Client, request)
						}
					case !bytes.HasPrefix(request, []byte(c.Method+" "+c.Target+" HTTP/1.")):
						t.Errorf("%s: %.40q, want %s %s", c.Client, request, c.Method, c.Target)
					case c.Response != nil && int64(len(s.plain[from.Other()])) < *c.Response:
						t.Errorf("%s: %d bytes of response, want %d and a head", c.Client, len(s.plain[from.Other()]), *c.Response)
					}
				}
			}
			if met != len(calls) {
				t.Errorf("%d connections with expected calls, want %d", met, len(calls))
			}
		})
	}
}
