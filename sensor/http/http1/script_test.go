package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/packet"
)

// step is something that happens to a connection whose client sends AtoB.
type step struct {
	dir  packet.Dir
	data string
	gap  int
	end  string // "fin" or "rst"
}

func c(data string) step     { return step{dir: packet.AtoB, data: data} }
func s(data string) step     { return step{dir: packet.BtoA, data: data} }
func lostC(n int) step       { return step{dir: packet.AtoB, gap: n} }
func lostS(n int) step       { return step{dir: packet.BtoA, gap: n} }
func finC() step             { return step{dir: packet.AtoB, end: "fin"} }
func finS() step             { return step{dir: packet.BtoA, end: "fin"} }
func rst() step              { return step{dir: packet.AtoB, end: "rst"} }
func steps(s ...step) []step { return s }

// lines ends each line of text with CRLF.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

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

var markNames = []string{"te+cl", "dup-cl", "bare-lf", "fold", "bad-chunk", "absolute", "bad-header", "bad-coding", "over-head", "unknown-te", "space",
	"ambiguous", "conflict", "header-state", "reset", "pushed", "ambiguous-response", "SMUGGLED", "two-hosts"}
var lossNames = []string{"gap", "truncated", "one-sided", "decode-limit", "midstream"}

// tell writes an exchange as one line.
func tell(x *http.Exchange) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d: %s %s %d %d", x.Seq, x.Method, x.Target, x.Version, x.Status)
	both, _ := x.App.(*[2]*keeper)
	for side, m := range []*http.Message{&x.Request, &x.Response} {
		fmt.Fprintf(&out, " %c[%d/%d", "><"[side], m.Wire, m.Decoded)
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
		out.WriteString("]")
	}
	if x.Depth > 0 {
		fmt.Fprintf(&out, " depth=%d", x.Depth)
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

// result is what a script gave.
type result struct {
	told    string
	stats   http.Stats
	verdict http.Verdict
	rest    string // of a switch, with all bytes of the server that came after
	held    string
	lost    int
}

// opts is how a connection began.
type opts struct {
	unknown, midstream bool
	cfg                func(*http.Config)
}

// play runs a script; every step is a second after the one before.
func play(t testing.TB, o opts, script []step) result {
	t.Helper()
	cfg := http.Defaults()
	if o.cfg != nil {
		o.cfg(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	pool := http1.NewPool(http.NewShared(cfg))
	defer pool.Close()
	h := &keep{}
	p := pool.New(h, packet.AtoB, !o.unknown, o.midstream)
	var r result
	var out []*http.Exchange
	var told []string
	for i, st := range script {
		now := clock.Time(i + 1)
		switch {
		case st.end != "":
			out, r.verdict = p.End(out[:0], st.dir, now, st.end == "fin")
		case st.gap > 0:
			out, r.verdict = p.Gap(out[:0], st.dir, now, st.gap)
		default:
			b := []byte(st.data)
			was := r.verdict
			out, r.verdict = p.Bytes(out[:0], st.dir, now, b)
			if r.verdict == http.Upgrade || r.verdict == http.HTTP2 {
				x, rest := p.Switched()
				if x != nil {
					out = append(out, x)
				}
				if was != http.More {
					rest = b
				}
				r.rest += string(rest)
			}
			clear(b) // what it keeps it must have copied
		}
		for _, x := range out {
			told = append(told, tell(x))
			p.Release(x)
		}
	}
	held, lost := p.Held(packet.AtoB)
	r.held, r.lost = string(held), lost
	pool.Free(p)
	for _, k := range h.scanners {
		if k.closed != 1 {
			t.Errorf("a scanner was closed %d times", k.closed)
		}
	}
	r.told, r.stats = strings.Join(told, "\n"), pool.Stats
	return r
}

// cutEverywhere plays script with its data cut at every place, and into single bytes; each must tell the same.
func cutEverywhere(t *testing.T, o opts, script []step, want string) {
	t.Helper()
	for i, st := range script {
		for at := 1; at < len(st.data); at++ {
			cut := append(append([]step{}, script[:i]...), step{dir: st.dir, data: st.data[:at]}, step{dir: st.dir, data: st.data[at:]})
			cut = append(cut, script[i+1:]...)
			if got := play(t, o, cut).told; got != want {
				t.Fatalf("step %d cut at %d:\n%s\nwhole:\n%s", i, at, got, want)
			}
		}
	}
	if got := play(t, o, bytewise(script)).told; got != want {
		t.Fatalf("byte by byte:\n%s\nwhole:\n%s", got, want)
	}
}

func bytewise(script []step) (out []step) {
	for _, st := range script {
		if st.data == "" {
			out = append(out, st)
		}
		for i := range len(st.data) {
			out = append(out, step{dir: st.dir, data: st.data[i : i+1]})
		}
	}
	return out
}

func newPool(t testing.TB) *http1.Pool {
	pool := http1.NewPool(http.NewShared(http.Defaults()))
	t.Cleanup(pool.Close)
	return pool
}
