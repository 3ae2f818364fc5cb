package http1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// maker builds valid messages out of fuzz bytes; without more of them every choice is 0.
type maker struct{ b []byte }

func (m *maker) pick(n int) int {
	if len(m.b) == 0 {
		return 0
	}
	c := m.b[0]
	m.b = m.b[1:]
	return int(c) % n
}

func (m *maker) text(alphabet string, most int) string {
	out := make([]byte, m.pick(most+1))
	for i := range out {
		out[i] = alphabet[m.pick(len(alphabet))]
	}
	return string(out)
}

const visible = "abcXYZ019-_.~!$&'()*+,;=:@/?\"<>{}|"

// fields are header lines that do not say how content is delimited.
func (m *maker) fields() string {
	var out strings.Builder
	for range m.pick(5) {
		fmt.Fprintf(&out, "X-%s:%s%s%s\r\n", m.text("abcDEF019-_~!", 9), strings.Repeat(" ", m.pick(3)), m.text(visible+" \t", 30), strings.Repeat("\t", m.pick(2)))
	}
	return out.String()
}

// content is a body and the fields that delimit it; may is whether it may have one that ends with the connection.
func (m *maker) content(may bool) (fields, body string) {
	text := m.text("hello{}\r\n\x00\xffGET /HTTP1. 0123", 60)
	switch m.pick(3) {
	case 0:
		return fmt.Sprintf("Content-Length: %d\r\n", len(text)), text
	case 1:
		var out strings.Builder
		for rest := text; len(rest) > 0; {
			n := 1 + m.pick(len(rest))
			fmt.Fprintf(&out, "%s%x%s\r\n%s\r\n", strings.Repeat("0", m.pick(3)), n, []string{"", ";a", ";a=\"b;c\"", " "}[m.pick(4)], rest[:n])
			rest = rest[n:]
		}
		out.WriteString("0\r\n" + []string{"", "X-Sum: 1\r\n"}[m.pick(2)] + "\r\n")
		return "Transfer-Encoding: chunked\r\n", out.String()
	}
	if may {
		return "", text
	}
	return "", ""
}

// FuzzValid has several valid exchanges on one connection, in any cuts: what net/http reads, this reads.
func FuzzValid(f *testing.F) {
	f.Add([]byte{2, 1, 5, 7, 3, 1, 2, 3, 0, 9, 1, 200, 4}, []byte{3, 9, 1, 255})
	f.Add([]byte(strings.Repeat("some bytes to build from, ", 20)), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, seed, cuts []byte) {
		m := &maker{seed}
		var client, server bytes.Buffer
		exchanges := 1 + m.pick(4)
		for i := range exchanges {
			last := i == exchanges-1
			method := []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "X-OTHER"}[m.pick(8)]
			fields, body := m.content(false)
			fmt.Fprintf(&client, "%s /%s HTTP/1.1\r\nHost: h\r\n%s%s\r\n%s", method, m.text(visible, 30), m.fields(), fields, body)
			for range m.pick(3) {
				server.WriteString("HTTP/1.1 103 Early Hints\r\n" + m.fields() + "\r\n")
			}
			status := []int{200, 201, 404, 500, 204, 304, 206}[m.pick(7)]
			fields, body = m.content(last)
			if status == 204 || status == 304 || method == "HEAD" {
				body = ""
			} else if fields == "" && !last {
				fields = "Content-Length: 0\r\n"
			}
			fmt.Fprintf(&server, "HTTP/1.1 %d%s\r\n%s%s\r\n%s", status, []string{" OK", " ", " a b c"}[m.pick(3)], m.fields(), fields, body)
		}
		h := &wire.Keep{}
		pool := newPool(t)
		p := pool.New(h, packet.AtoB, true, false)
		var out []*http.Exchange
		feed := func(d packet.Dir, b []byte) {
			for i := 0; len(b) > 0; i++ {
				n := len(b)
				if i < len(cuts) {
					n = min(n, 1+int(cuts[i]))
				}
				out, _ = p.Bytes(out, d, clock.Time(1+d), bytes.Clone(b[:n]))
				b = b[n:]
			}
		}
		feed(packet.AtoB, client.Bytes())
		feed(packet.BtoA, server.Bytes())
		out, _ = p.End(out, packet.AtoB, 3, true)
		out, _ = p.End(out, packet.BtoA, 3, true)
		if len(out) != exchanges || pool.Stats.Resyncs != 0 {
			t.Fatalf("%d exchanges of %d, out of step %d times:\n%q\n%q", len(out), exchanges, pool.Stats.Resyncs, client.Bytes(), server.Bytes())
		}
		requests, responses := bufio.NewReader(&client), bufio.NewReader(&server)
		for _, x := range out {
			req, err := nethttp.ReadRequest(requests)
			if err != nil {
				return // the makers of this test and of net/http differ about a target
			}
			same(t, "request", x, http.Request, req.Header, req.Body)
			if string(x.Method) != req.Method || string(x.Target) != req.RequestURI {
				t.Fatalf("%s %s, want %s %s", x.Method, x.Target, req.Method, req.RequestURI)
			}
			resp, err := nethttp.ReadResponse(responses, req)
			for err == nil && resp.StatusCode < 200 {
				resp, err = nethttp.ReadResponse(responses, req)
			}
			if err != nil {
				return
			}
			same(t, "response", x, http.Response, resp.Header, resp.Body)
			if x.Status != resp.StatusCode || x.Marks&(http.AmbiguousResponse|http.BareLF|http.BadChunk) != 0 {
				t.Fatalf("status %d, marks %x, want %d", x.Status, x.Marks, resp.StatusCode)
			}
			// Content that begins like a request is marked, and rightly.
			if x.Marks&http.Ambiguous != 0 && x.Marks&http.Smuggled == 0 {
				t.Fatalf("marks %x", x.Marks)
			}
		}
	})
}

// same compares one half of x with what net/http read.
func same(t *testing.T, what string, x *http.Exchange, side http.Side, want nethttp.Header, body io.Reader) {
	t.Helper()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("%s: net/http: %v", what, err)
	}
	got := ""
	if b := wire.Of(x)[side]; b != nil {
		got = b.Text.String()
	}
	m := x.Message(side)
	if got != string(text) || m.Wire != int64(len(text)) || !m.Complete {
		t.Fatalf("%s content %q (%d), want %q", what, got, m.Wire, text)
	}
	headers := nethttp.Header{}
	for _, h := range m.Headers {
		name := nethttp.CanonicalHeaderKey(string(h.Name))
		headers[name] = append(headers[name], string(h.Value))
	}
	for name, values := range want {
		if strings.Join(headers[name], "\n") != strings.Join(values, "\n") {
			t.Fatalf("%s field %s: %q, want %q", what, name, headers[name], values)
		}
	}
}
