package http1_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// TestLinear reads hostile input and honest input of the same size, and again of eight times the size: no byte may
// cost more than a stated factor of an honest one, and no more when there are more. The factors are generous, as
// machines are noisy; quadratic reading passes them by orders of magnitude.
func TestLinear(t *testing.T) {
	const size = 64 << 10
	const perByte = 20 // times a byte of ordinary requests in segments of the same size
	const growth = 5   // times the cost of a byte when there are eight times as many; quadratic reading gives 8
	head := "GET /a HTTP/1.1\r\nHost: h\r\n"
	chunks := "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	repeat := func(prefix, s string) func(int) string {
		return func(n int) string { return prefix + strings.Repeat(s, (n-len(prefix))/len(s)) }
	}
	request, _ := typical(0)
	honest := repeat("", string(request))(size)
	ordinary := map[int]time.Duration{}
	for _, cut := range []int{1, 1460} {
		ordinary[cut] = median(func() { read(t, honest, cut, false) })
	}
	for _, c := range []struct {
		name string
		make func(int) string
		cut  int
		gap  bool
	}{
		{"folds", repeat(head+"X: y\r\n", " z\r\n"), 1460, false},
		{"fields", repeat(head, "a:b\r\n"), 1460, false},
		{"a head in single bytes", repeat(head, "a:b\r\n"), 1, false},
		{"one line in single bytes", repeat("GET /", "a"), 1, false},
		{"small chunks", repeat(chunks, "1\r\na\r\n"), 1460, false},
		{"small chunks in single bytes", repeat(chunks, "1\r\na\r\n"), 1, false},
		{"an endless size", repeat(chunks, "0"), 1, false},
		{"an endless extension", repeat(chunks+"5;", "a"), 1, false},
		{"endless trailers", repeat(chunks+"0\r\n", "a:b\r\n"), 1, false},
		{"line ends", repeat(head+"\r\n", "\r\n"), 1, false},
		{"lines out of step", repeat(head, "GET \n"), 1460, true},
		{"words out of step", repeat(head, "G"), 1, true},
		{"requests", repeat("", "GET / HTTP/1.1\r\n\r\n"), 1460, false},
		{"a switch that is not answered", repeat(head+"Upgrade: x\r\n\r\n", "GET "), 1, false},
		{"a switch, in lines", repeat(head+"Upgrade: x\r\n\r\n", "\n"), 1, false},
		{"two readings", repeat("POST /p HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n", "1\r\na\r\n"), 1, false},
	} {
		cost := func(n int) time.Duration {
			text := c.make(n)
			return median(func() { read(t, text, c.cut, c.gap) })
		}
		one, eight, plain := cost(size), cost(8*size), ordinary[c.cut]
		t.Logf("%-32s %5.1f ns a byte, %5.1f at eight times the size, ordinary %4.1f", c.name,
			float64(one.Nanoseconds())/size, float64(eight.Nanoseconds())/size/8, float64(plain.Nanoseconds())/size)
		if eight > one*8*growth+20*time.Millisecond {
			t.Errorf("%s: %v for %d bytes, %v for eight times as many", c.name, one, size, eight)
		}
		if one > plain*perByte+20*time.Millisecond {
			t.Errorf("%s: %v, ordinary requests %v", c.name, one, plain)
		}
	}
}

func median(f func()) time.Duration {
	var took [3]time.Duration
	for i := range took {
		took[i] = shared.Spent(f)
	}
	slices.Sort(took[:])
	return took[len(took)/2]
}

// read reads text of a client in segments of cut bytes, after a gap if gap is set.
func read(t *testing.T, text string, cut int, gap bool) {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	var out []*http.Exchange
	if gap {
		out, _ = p.Bytes(out, packet.AtoB, 1, []byte(get))
		out, _ = p.Gap(out, packet.AtoB, 1, 9)
	}
	b := []byte(text)
	for len(b) > 0 {
		n := min(cut, len(b))
		out, _ = p.Bytes(out[:0], packet.AtoB, 1, b[:n])
		for _, x := range out {
			p.Release(x)
		}
		b = b[n:]
	}
	pool.Free(p)
}
