package http2_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	nethttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// step is something that happens to a connection whose client sends AtoB.
type step struct {
	dir  packet.Dir
	data string
	gap  int
	end  string // "fin" or "rst"
	at   clock.Time
}

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

func c(data ...string) step { return step{dir: packet.AtoB, data: strings.Join(data, "")} }
func s(data ...string) step { return step{dir: packet.BtoA, data: strings.Join(data, "")} }
func lostC(n int) step      { return step{dir: packet.AtoB, gap: n} }
func lostS(n int) step      { return step{dir: packet.BtoA, gap: n} }
func finC() step            { return step{dir: packet.AtoB, end: "fin"} }
func finS() step            { return step{dir: packet.BtoA, end: "fin"} }
func rst() step             { return step{dir: packet.AtoB, end: "rst"} }

// keeper keeps the content it is shown, to be compared.
type keeper struct {
	text   strings.Builder
	closed int
	whole  bool
}

func (k *keeper) Scan(b []byte) { k.text.Write(b) }
func (k *keeper) Close(complete bool) {
	k.closed++
	k.whole = complete
}

type keep struct{ scanners []*keeper }

func (k *keep) Body(x *http.Exchange, s http.Side) http.Scanner {
	scanner := &keeper{}
	k.scanners = append(k.scanners, scanner)
	both, _ := x.App.(*[2]*keeper)
	if both == nil {
		both = new([2]*keeper)
		x.App = both
	}
	both[s] = scanner
	return scanner
}

type discard struct{}

func (discard) Body(*http.Exchange, http.Side) http.Scanner { return nil }

var markNames = []string{"te+cl", "dup-cl", "bare-lf", "fold", "bad-chunk", "absolute", "bad-header", "bad-coding", "over-head", "unknown-te", "space",
	"ambiguous", "conflict", "header-state", "rapid-reset", "pushed"}
var lossNames = []string{"gap", "truncated", "one-sided", "decode-limit", "midstream"}

// tell writes an exchange as one line.
func tell(x *http.Exchange) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d: #%d %s %s%s %d", x.Seq, x.Depth, x.Method, x.Request.Get("host"), x.Target, x.Status)
	both, _ := x.App.(*[2]*keeper)
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
		if both != nil && both[side] != nil {
			fmt.Fprintf(&out, " %.40q", both[side].text.String())
			if !both[side].whole {
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
	for i, name := range markNames {
		if x.Marks>>i&1 != 0 {
			out.WriteString(" " + name)
		}
	}
	for i, name := range lossNames {
		if x.Loss>>i&1 != 0 {
			out.WriteString(" LOSS:" + name)
		}
	}
	return out.String()
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
	h := &keep{}
	var p *http2.Parser
	if o.upgraded != nil {
		x := *o.upgraded
		p = pool.Upgraded(h, &x, nil)
	} else {
		p = pool.New(h, packet.AtoB, !o.unknown, o.midstream)
	}
	var r result
	var out []*http.Exchange
	var told, fields []string
	now := clock.Time(1e9)
	for _, st := range script {
		now = max(now, st.at)
		switch {
		case st.end != "":
			out, r.verdict = p.End(out[:0], st.dir, now, st.end == "fin")
		case st.gap > 0:
			out, r.verdict = p.Gap(out[:0], st.dir, now, st.gap)
		default:
			b := []byte(st.data)
			out, r.verdict = p.Bytes(out[:0], st.dir, now, b)
			clear(b) // what it keeps it must have copied
		}
		for _, x := range out {
			told, fields = append(told, tell(x)), append(fields, headersOf(x))
			p.Release(x)
		}
	}
	pool.Free(p)
	for _, k := range h.scanners {
		if k.closed != 1 {
			t.Errorf("a scanner was closed %d times", k.closed)
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
	for i, st := range script {
		for at := 1; at < len(st.data); at++ {
			cut := append(append([]step{}, script[:i]...), step{dir: st.dir, data: st.data[:at], at: st.at}, step{dir: st.dir, data: st.data[at:], at: st.at})
			cut = append(cut, script[i+1:]...)
			if got := play(t, o, cut); got.told != want.told || got.fields != want.fields {
				t.Fatalf("step %d cut at %d:\n%s\nwhole:\n%s", i, at, got.told, want.told)
			}
		}
	}
	if got := play(t, o, bytewise(script)); got.told != want.told || got.fields != want.fields {
		t.Fatalf("byte by byte:\n%s\nwhole:\n%s", got.told, want.told)
	}
}

func bytewise(script []step) (out []step) {
	for _, st := range script {
		if st.data == "" {
			out = append(out, st)
		}
		for i := range len(st.data) {
			out = append(out, step{dir: st.dir, data: st.data[i : i+1], at: st.at})
		}
	}
	return out
}

func newPool(t testing.TB) *http2.Pool {
	pool := http2.NewPool(http.NewShared(http.Defaults()))
	t.Cleanup(pool.Close)
	return pool
}
