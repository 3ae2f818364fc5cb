package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/internal/wire"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/packet"
)

type step = wire.Step

var c, s, lostC, lostS, finC, finS, rst = wire.C, wire.S, wire.LostC, wire.LostS, wire.FinC, wire.FinS, wire.RST

func steps(s ...step) []step { return s }

// lines ends each line of text with CRLF.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// tell writes an exchange as one line.
func tell(x *http.Exchange) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d: %s %s %d %d", x.Seq, x.Method, x.Target, x.Version, x.Status)
	both := wire.Of(x)
	for side, m := range []*http.Message{&x.Request, &x.Response} {
		fmt.Fprintf(&out, " %c[%d/%d", "><"[side], m.Wire, m.Decoded)
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
		out.WriteString("]")
	}
	if x.Depth > 0 {
		fmt.Fprintf(&out, " depth=%d", x.Depth)
	}
	return out.String() + wire.Flags(x)
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
	pool.Heads = http1.NewHeads()
	defer pool.Close()
	h := &wire.Keep{}
	p := pool.New(h, packet.AtoB, !o.unknown, o.midstream)
	var r result
	var out []*http.Exchange
	var told []string
	for i, st := range script {
		now := clock.Time(i + 1)
		switch {
		case st.End != "":
			out, r.verdict = p.End(out[:0], st.Dir, now, st.End == "fin")
		case st.Gap > 0:
			out, r.verdict = p.Gap(out[:0], st.Dir, now, st.Gap)
		default:
			b := []byte(st.Data)
			was := r.verdict
			out, r.verdict = p.Bytes(out[:0], st.Dir, now, b)
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
	for _, k := range h.Bodies {
		if k.Closed != 1 {
			t.Errorf("a scanner was closed %d times", k.Closed)
		}
	}
	r.told, r.stats = strings.Join(told, "\n"), pool.Stats
	return r
}

// cutEverywhere plays script with its data cut at every place, and into single bytes; each must tell the same.
func cutEverywhere(t *testing.T, o opts, script []step, want string) {
	t.Helper()
	for name, cut := range wire.Cuts(script) {
		if got := play(t, o, cut).told; got != want {
			t.Fatalf("%s:\n%s\nwhole:\n%s", name, got, want)
		}
	}
}

func newPool(t testing.TB) *http1.Pool {
	pool := http1.NewPool(http.NewShared(http.Defaults()))
	pool.Heads = http1.NewHeads()
	t.Cleanup(pool.Close)
	return pool
}
