package http2_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	nethttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"auscult/internal/wire"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

type step = wire.Step

var c, s, finC, finS, rst = wire.C, wire.S, wire.FinC, wire.FinS, wire.RST

// peer writes the frames of one direction.
type peer struct {
	buf    bytes.Buffer
	block  bytes.Buffer
	framer *nethttp2.Framer
	coder  *hpack.Encoder
}

func newPeer() *peer {
	p := &peer{}
	p.framer = nethttp2.NewFramer(&p.buf, nil)
	p.framer.AllowIllegalWrites = true
	p.coder = hpack.NewEncoder(&p.block)
	return p
}

// take is what was written since the last take.
func (p *peer) take() string {
	s := p.buf.String()
	p.buf.Reset()
	return s
}

// fields is the header block of "name: value" lines.
func (p *peer) fields(lines ...string) []byte {
	p.block.Reset()
	for _, l := range lines {
		i := strings.Index(l[1:], ":") + 1
		p.coder.WriteField(hpack.HeaderField{Name: l[:i], Value: strings.TrimPrefix(l[i+1:], " ")})
	}
	return bytes.Clone(p.block.Bytes())
}

func (p *peer) headers(id uint32, end bool, lines ...string) string {
	p.framer.WriteHeaders(nethttp2.HeadersFrameParam{StreamID: id, BlockFragment: p.fields(lines...), EndStream: end, EndHeaders: true})
	return p.take()
}

func (p *peer) data(id uint32, end bool, text string) string {
	p.framer.WriteData(id, end, []byte(text))
	return p.take()
}

func (p *peer) reset(id uint32) string {
	p.framer.WriteRSTStream(id, nethttp2.ErrCodeCancel)
	return p.take()
}

func (p *peer) settings() string {
	p.framer.WriteSettings(nethttp2.Setting{ID: nethttp2.SettingInitialWindowSize, Val: 1 << 20})
	return p.take()
}

// get is a request without content.
func (p *peer) get(id uint32, path string, more ...string) string {
	return p.headers(id, true, append([]string{":method: GET", ":scheme: https", ":path: " + path, ":authority: ehr.example"}, more...)...)
}

func (p *peer) post(id uint32, path string, more ...string) string {
	return p.headers(id, false, append([]string{":method: POST", ":scheme: https", ":path: " + path, ":authority: ehr.example"}, more...)...)
}

// ok is a response with content.
func (p *peer) ok(id uint32, text string, more ...string) string {
	return p.headers(id, false, append([]string{":status: 200", "content-type: application/json"}, more...)...) + p.data(id, true, text)
}

type discard struct{}

func (discard) Body(*http.Exchange, http.Side) http.Scanner { return nil }

// tell writes an exchange as one line.
func tell(x *http.Exchange) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d: #%d %s %s%s %d", x.Seq, x.Depth, x.Method, x.Request.Get("host"), x.Target, x.Status)
	both := wire.Of(x)
	for side, m := range []*http.Message{&x.Request, &x.Response} {
		fmt.Fprintf(&out, " %c[%d", "><"[side], m.Wire)
		if m.Decoded != m.Wire {
			fmt.Fprintf(&out, "/%d", m.Decoded)
		}
		if m.Lost > 0 {
			fmt.Fprintf(&out, " -%d", m.Lost)
		}
		if !m.Complete {
			out.WriteString(" part")
		}
		if both[side] != nil {
			fmt.Fprintf(&out, " %.40q", both[side].Text.String())
			if !both[side].Whole {
				out.WriteString("…")
			}
		}
		for _, f := range m.Trailers {
			fmt.Fprintf(&out, " %s=%s", f.Name, f.Value)
		}
		out.WriteString("]")
	}
	if x.GRPC != 0 {
		fmt.Fprintf(&out, " grpc=%d%v", int(x.GRPC)-2, x.Messages)
	}
	return out.String() + wire.Flags(x)
}

// headersOf writes the fields of x.
func headersOf(x *http.Exchange) string {
	var out strings.Builder
	for _, list := range [][]http.Header{x.Request.Headers, x.Request.Trailers, x.Response.Headers, x.Response.Trailers} {
		for _, f := range list {
			fmt.Fprintf(&out, "%s: %s\n", f.Name, f.Value)
		}
		out.WriteString("--\n")
	}
	return out.String()
}

// result is what a script gave.
type result struct {
	told    string
	fields  string
	stats   http.Stats
	verdict http.Verdict
}

// opts is how a connection began.
type opts struct {
	unknown, midstream bool
	cfg                func(*http.Config)
	upgraded           *http.Exchange
}

// play runs a script, one second into the epoch unless a step says when.
func play(t testing.TB, o opts, script []step) result {
	t.Helper()
	cfg := http.Defaults()
	if o.cfg != nil {
		o.cfg(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	pool := http2.NewPool(http.NewShared(cfg))
	defer pool.Close()
	h := &wire.Keep{}
	var p *http2.Parser
	if o.upgraded != nil {
		x := *o.upgraded
		p = pool.Upgraded(h, &x)
	} else {
		p = pool.New(h, packet.AtoB, !o.unknown, o.midstream)
	}
	var r result
	var out []*http.Exchange
	var told, fields []string
	now := clock.Time(1e9)
	for _, st := range script {
		now = max(now, st.At)
		switch {
		case st.End != "":
			out, r.verdict = p.End(out[:0], st.Dir, now, st.End == "fin")
		case st.Gap > 0:
			out, r.verdict = p.Gap(out[:0], st.Dir, now, st.Gap)
		default:
			b := []byte(st.Data)
			out, r.verdict = p.Bytes(out[:0], st.Dir, now, b)
			clear(b) // what it keeps it must have copied
		}
		for _, x := range out {
			told, fields = append(told, tell(x)), append(fields, headersOf(x))
			p.Release(x)
		}
	}
	pool.Free(p)
	for _, k := range h.Bodies {
		if k.Closed != 1 {
			t.Errorf("a scanner was closed %d times", k.Closed)
		}
	}
	if n := pool.TableBytes(); n != 0 {
		t.Errorf("%d bytes of tables were not given back", n)
	}
	r.told, r.fields, r.stats = strings.Join(told, "\n"), strings.Join(fields, "\n"), pool.Stats
	return r
}

// cutEverywhere plays script with its data cut at every place, and into single bytes; each must tell the same.
func cutEverywhere(t *testing.T, o opts, script []step, want result) {
	t.Helper()
	for name, cut := range wire.Cuts(script) {
		if got := play(t, o, cut); got.told != want.told || got.fields != want.fields {
			t.Fatalf("%s:\n%s\nwhole:\n%s", name, got.told, want.told)
		}
	}
}

func newPool(t testing.TB) *http2.Pool {
	pool := http2.NewPool(http.NewShared(http.Defaults()))
	t.Cleanup(pool.Close)
	return pool
}
