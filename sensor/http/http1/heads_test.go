package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/packet"
)

// whole writes all that an exchange says.
func whole(x *http.Exchange) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %v %v depth=%d\n", tell(x), x.Marks, x.Loss, x.Depth)
	for _, m := range []*http.Message{&x.Request, &x.Response} {
		for i, h := range m.Headers {
			fmt.Fprintf(&out, "%q: %q\n", h.Name, h.Value)
			if n := http.NameOf(h.Name); m.Lacks(n) && n != 0 {
				fmt.Fprintf(&out, "header %d is denied\n", i)
			}
			if h.Value == nil {
				fmt.Fprintf(&out, "header %d has no value\n", i)
			}
		}
		for _, h := range m.Trailers {
			fmt.Fprintf(&out, "trailer %q: %q\n", h.Name, h.Value)
		}
	}
	return out.String()
}

// exchanges gives a connection of a client and a server to a pool: each piece of the one is followed by one of the
// other.
func exchanges(pool *http1.Pool, client, server []string) string {
	p := pool.New(&wire.Keep{}, packet.AtoB, true, false)
	defer pool.Free(p)
	var told []string
	var out []*http.Exchange
	take := func() {
		for _, x := range out {
			told = append(told, whole(x))
			p.Release(x)
		}
	}
	for i := range max(len(client), len(server)) {
		for d, side := range [2][]string{client, server} {
			if i < len(side) {
				b := []byte(side[i])
				out, _ = p.Bytes(out[:0], packet.Dir(d), 1, b)
				clear(b)
				take()
			}
		}
	}
	out, _ = p.End(out[:0], packet.AtoB, 2, false)
	take()
	return strings.Join(told, "")
}

// FuzzHeads has heads that come three times in a row, so that they are remembered: with and without a memory, the same
// must be read.
func FuzzHeads(f *testing.F) {
	request, response := typical(3)
	for _, in := range [][2]string{
		{string(request), string(response)},
		{get, ok5},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", ok5},
		{"GET http://b/ HTTP/1.1\r\nHost: a\r\nX:y\r\nZ: \r\n\r\n", ok5},
		{"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n"},
		{"GET / HTTP/1.1\r\nHost: a\x00\r\n\r\n", "HTTP/1.1 204 N\r\nA : b\r\n\r\n"},
		{"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "HTTP/1.1 304 N\r\nA: b\n\r\n"},
		{"GET / HTTP/1.1\nHost: a\r\n\r\n", "HTTP/1.1 200 \r\nA: b\rc\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: u\r\n\r\n"},
		{post("3\r\nabc\r\n0\r\n\r\n"), "HTTP/1.1 200 \r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
		{connect, "HTTP/1.1 200 OK\r\n\r\n"}, {upgrade, switching}, {"PRI * HTTP/2.0\r\n\r\n", ok5},
		{"GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", ok5}, {"HEAD / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"},
	} {
		f.Add([]byte(in[0]), []byte(in[1]), uint8(0))
		f.Add([]byte(in[0]), []byte(in[1]), uint8(7))
	}

	f.Fuzz(func(t *testing.T, client, server []byte, cut uint8) {
		var c, s []string
		for i := range 3 {
			at := min(len(client), int(cut)*i)
			if i == 1 && at > 0 {
				c = append(c, string(client[:at]), string(client[at:]))
			} else {
				c = append(c, string(client))
			}
			s = append(s, string(server))
		}
		plain, pool := newPool(t), newPool(t)
		plain.Heads = nil
		want, got := exchanges(plain, c, s), exchanges(pool, c, s)
		if got != want {
			t.Errorf("with a memory:\n%s\nwithout:\n%s", got, want)
		}
		if got, want := fmt.Sprint(pool.Stats), fmt.Sprint(plain.Stats); got != want {
			t.Errorf("stats with a memory: %s\nwithout: %s", got, want)
		}
	})
}

// TestHeads holds that requests that are the same are known as such, and others are not; and that what is forgotten
// for another costs nothing but time.
func TestHeads(t *testing.T) {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	ask := func(path, fields string) (known uint64, host string) {
		out, _ := p.Bytes(nil, packet.AtoB, 1, []byte("GET "+path+" HTTP/1.1\r\n"+fields+"\r\n"))
		out, _ = p.Bytes(out, packet.BtoA, 2, []byte("HTTP/1.1 204 No Content\r\n\r\n"))
		if len(out) != 1 || string(out[0].Target) != path {
			t.Fatalf("%d exchanges", len(out))
		}
		defer p.Release(out[0])
		return out[0].Request.Known, string(out[0].Request.Get("host"))
	}
	const a, b = "Host: a.example\r\nAccept: */*\r\n", "Host: b.example\r\nAccept: */*\r\n"
	ask("/1", a)
	ask("/2", a)
	first, host := ask("/3", a)
	if first == 0 || host != "a.example" {
		t.Errorf("the third request is known as %d, of %s", first, host)
	}
	ask("/1", b)
	ask("/2", b)
	second, host := ask("/3", b)
	if second == 0 || second == first || host != "b.example" {
		t.Errorf("the third other request is known as %d, of %s", second, host)
	}
	if again, _ := ask("/4", a); again != first {
		t.Errorf("it is known as %d, then as %d", first, again)
	}
	for i := range 20000 { // each three times: more than is kept
		fields := fmt.Sprintf("Host: %d.example\r\nX-Long: %s\r\n", i/3, strings.Repeat("x", 900))
		if _, host := ask("/", fields); host != fmt.Sprintf("%d.example", i/3) {
			t.Fatalf("request %d is of %s", i, host)
		}
	}
	ask("/5", a)
	ask("/6", a)
	if again, host := ask("/7", a); again == 0 || again == first || host != "a.example" {
		t.Errorf("after it was forgotten it is known as %d, of %s", again, host)
	}
}
