package hl7_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/hl7"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// bodies keeps the content of each message.
type bodies struct{ side [2]body }

type body struct {
	b      []byte
	closed int
	whole  bool
}

func (b *body) Scan(p []byte)    { b.b = append(b.b, p...) }
func (b *body) Close(whole bool) { b.closed++; b.whole = whole }

type keeper struct{}

func (keeper) Body(x *http.Exchange, s http.Side) http.Scanner {
	b, _ := x.App.(*bodies)
	if b == nil {
		b = new(bodies)
		x.App = b
	}
	return &b.side[s]
}

// step is something that happens to a direction: bytes, or a gap of n, or an end.
type step struct {
	dir packet.Dir
	b   string
	gap int
	end bool
	rst bool
}

func up(b string) step   { return step{dir: packet.AtoB, b: b} }
func down(b string) step { return step{dir: packet.BtoA, b: b} }

func frame(b string) string { return "\x0b" + b + "\x1c\r" }

func message(kind, control, rest string) string {
	return `MSH|^~\&|LAB^1.2^ISO|WEST|EHR|MAIN|20260101||` + kind + "|" + control + "|P|2.5\r" + rest
}

func ack(code, control string) string {
	return frame(`MSH|^~\&|EHR|MAIN|LAB|WEST|20260101||ACK|77|P|2.5` + "\rMSA|" + code + "|" + control + "\r")
}

type run struct {
	cfg       http.Config
	known     bool
	midstream bool
	cut       int // longest piece; 0 for none
	stats     hl7.Stats
	verdict   http.Verdict
}

// tell is what a run yields, one line an exchange.
func (r *run) tell(t testing.TB, steps []step) string {
	t.Helper()
	shared := http.NewShared(r.cfg)
	pool := hl7.NewPool(shared)
	p := pool.New(keeper{}, packet.AtoB, r.known, r.midstream)
	var out []string
	var done []*http.Exchange
	now := clock.Time(0)
	for _, st := range steps {
		switch {
		case st.end || st.rst:
			now++
			done, r.verdict = p.End(done[:0], st.dir, now, !st.rst)
			out = append(out, lines(t, p, done)...)
		case st.gap > 0:
			now++
			done, r.verdict = p.Gap(done[:0], st.dir, now, st.gap)
			out = append(out, lines(t, p, done)...)
		}
		for b := []byte(st.b); len(b) > 0; {
			n := len(b)
			if r.cut > 0 {
				n = min(n, r.cut)
			}
			now++
			piece := slices.Clone(b[:n])
			done, r.verdict = p.Bytes(done[:0], st.dir, now, piece)
			clear(piece) // nothing may be kept of it
			out = append(out, lines(t, p, done)...)
			b = b[n:]
		}
	}
	r.stats = pool.Stats
	pool.Free(p)
	return strings.Join(out, "\n")
}

func lines(t testing.TB, p *hl7.Parser, done []*http.Exchange) (out []string) {
	for _, x := range done {
		b, _ := x.App.(*bodies)
		if b == nil {
			b = new(bodies)
		}
		s := fmt.Sprintf("%d %s %s %d loss=%x from=%s to=%s dir=%d", x.Seq, x.Method, x.Target, x.Status, x.Loss,
			x.Request.Get("mllp-sender"), x.Request.Get("mllp-receiver"), x.ClientDir)
		for side := range b.side {
			m := x.Message(http.Side(side))
			if len(x.Method) > 0 && (m.Wire != int64(len(b.side[side].b)) || b.side[side].closed > 1 || b.side[side].closed == 0 && m.Wire > 0) {
				t.Errorf("%s: side %d: %d bytes, %d shown, closed %d times", x.Target, side, m.Wire, len(b.side[side].b), b.side[side].closed)
			}
			s += fmt.Sprintf(" %q/%v/%d", b.side[side].b, m.Complete, m.Lost)
		}
		out = append(out, s)
		p.Release(x)
	}
	return out
}

func TestLooks(t *testing.T) {
	f := func(b string, yes, more bool) {
		t.Helper()
		if y, m := hl7.Looks([]byte(b)); y != yes || m != more {
			t.Errorf("%q: %v %v, want %v %v", b, y, m, yes, more)
		}
	}
	f("", false, true)
	f("\x0b", false, true)
	f("\x0bMS", false, true)
	f("\x0bMSH", false, true)
	f("\x0bMSH|", true, false)
	f("\x0bFHS|^~", true, false)
	f("\x0bBHS$", true, false)
	f("\x0bMSHA", false, false)
	f("\x0bPID|", false, false)
	f("MSH|", false, false)
	f("GET / HTTP/1.1", false, false)
	f("\x0b\x0b", false, false)
}

func TestParser(t *testing.T) {
	adt := message("ADT^A01^ADT_A01", "1", "PID|1||42^^^H^MR\r")
	f := func(want string, steps ...step) {
		t.Helper()
		for _, cut := range []int{0, 1, 2, 3, 7, 64} {
			r := run{cfg: http.Defaults(), known: true, cut: cut}
			if got := r.tell(t, steps); got != want {
				t.Errorf("in pieces of %d:\n%s\nwant\n%s", cut, got, want)
			}
		}
	}
	answer := func(code, control string) string { return strings.Trim(ack(code, control), "\x0b\x1c\r") + "\r" }
	whole := func(seq int, target string, status int, req, resp string) string {
		return fmt.Sprintf("%d MLLP %s %d loss=0 from=LAB^WEST to=EHR^MAIN dir=0 %q/true/0 %q/true/0", seq, target, status, req, resp)
	}
	f(whole(0, "ADT^A01", 200, adt, answer("AA", "1")), up(frame(adt)), down(ack("AA", "1")))
	f(whole(0, "ADT^A01", 500, adt, answer("AE", "1")), up(frame(adt)), down(ack("AE", "1")))
	f(whole(0, "ADT^A01", 400, adt, answer("CR", "1")), up(frame(adt)), down(ack("CR", "1")))
	// a wrong control id, when only one message waits
	f(whole(0, "ADT^A01", 200, adt, answer("AA", "9")), up(frame(adt)), down(ack("AA", "9")))
	// two in one segment, answered in one
	two := message("oru^r01", "2", "OBX|1|NM\r")
	f(whole(0, "ADT^A01", 200, adt, answer("AA", "1"))+"\n"+whole(1, "ORU^R01", 200, two, answer("AA", "2")),
		up(frame(adt)+frame(two)), down(ack("AA", "1")+ack("AA", "2")))
	// a query: the commit acknowledgement is not its answer
	query := message("QBP^Q22", "3", "QPD|Q22|t|@PID.3.1^42\r")
	found := message("RSP^K22", "4", "MSA|AA|3\rPID|1||42\r")
	f(whole(0, "QBP^Q22", 200, query, found), up(frame(query)), down(ack("CA", "3")), down(frame(found)))
	// no carriage return after the end block, line feeds between segments, junk between messages
	lf := strings.ReplaceAll(adt, "\r", "\n")
	f(whole(0, "ADT^A01", 200, lf, answer("AA", "1")), up("junk\x0b"+lf+"\x1c"), down("\r\n"+ack("AA", "1")))
	// vertical tabs inside a message
	tab := message("MDM^T02", "5", "OBX|1|TX|a\x0b\x0bMS\x0b|b\x0b")
	f(whole(0, "MDM^T02", 200, tab, answer("AA", "5")), up(frame(tab)), down(ack("AA", "5")))
	// a message that the next one cuts off
	f(fmt.Sprintf("0 MLLP ADT^A01 200 loss=0 from=LAB^WEST to=EHR^MAIN dir=0 %q/false/0 %q/true/0", adt, answer("AA", "1")),
		up("\x0b"+adt+"\x0b"+message("ADT^A08", "6", "")), down(ack("AA", "1")))
	// unanswered, by FIN and by reset
	f(fmt.Sprintf("0 MLLP ADT^A01 0 loss=0 from=LAB^WEST to=EHR^MAIN dir=0 %q/true/0 \"\"/false/0", adt),
		up(frame(adt)), step{dir: 0, end: true}, step{dir: 1, end: true})
	f(fmt.Sprintf("0 MLLP ADT^A01 0 loss=2 from=LAB^WEST to=EHR^MAIN dir=0 %q/true/0 \"\"/false/0", adt),
		up(frame(adt)), step{dir: 1, rst: true})
	// the answer to a later message ends those before it
	f(fmt.Sprintf("0 MLLP ADT^A01 0 loss=0 from=LAB^WEST to=EHR^MAIN dir=0 %q/true/0 \"\"/false/0", adt)+"\n"+
		whole(1, "ORU^R01", 200, two, answer("AA", "2")), up(frame(adt)), up(frame(two)), down(ack("AA", "2")))
	// a gap inside a message
	f(fmt.Sprintf("0 MLLP ADT^A01 200 loss=1 from=LAB^WEST to=EHR^MAIN dir=0 %q/false/9 %q/true/0", adt+"Z", answer("AA", "1")),
		up("\x0b"+adt), step{gap: 9}, up("Z\x1c\r"), down(ack("AA", "1")))
	// the other end sends too
	f(fmt.Sprintf("0 MLLP ADT^A01 200 loss=0 from=LAB^WEST to=EHR^MAIN dir=1 %q/true/0 %q/true/0", adt, answer("AA", "1")),
		down(frame(adt)), up(ack("AA", "1")))
	// an acknowledgement of nothing
	f("0   200 loss=0 from= to= dir=0 \"\"/false/0 \"\"/true/0", down("\x0bMSH|^~\\&|||||||ACK|1\rMSA|AA|1\x1c"))
}

func TestParser_Bounds(t *testing.T) {
	cfg := http.Defaults()
	cfg.Pending, cfg.ResyncBytes = 2, 100
	r := run{cfg: cfg, known: true}
	var steps []step
	for i := range 5 {
		steps = append(steps, up(frame(message("ADT^A01", fmt.Sprint(i), ""))))
	}
	if got := r.tell(t, steps); strings.Count(got, "MLLP ADT^A01") != 3 || r.stats.OverPend != 3 || r.stats.Unanswered != 3 {
		t.Errorf("%d given up, of %d told\n%s", r.stats.OverPend, strings.Count(got, "ADT"), got)
	}
	r = run{cfg: cfg}
	if r.tell(t, []step{up(strings.Repeat("x", 101))}); r.verdict != http.NotHTTP || r.stats.GivenUp != 1 {
		t.Errorf("%v after 101 bytes of no message", r.verdict)
	}
	r = run{cfg: cfg}
	if r.tell(t, []step{up("\x0bMSH|" + strings.Repeat("x", 10000))}); r.stats.Messages != 1 || r.stats.OverHead != 0 {
		t.Errorf("%+v", r.stats)
	}
	r = run{cfg: cfg, cut: 1000}
	if r.tell(t, []step{up("\x0bFHS|" + strings.Repeat("x", 10000))}); r.stats.Messages != 1 || r.stats.OverHead != 1 {
		t.Errorf("%+v", r.stats)
	}
}

// FuzzMLLP holds that how a stream is cut changes nothing, and that every byte of content is shown once.
func FuzzMLLP(f *testing.F) {
	adt := message("ADT^A01", "1", "PID|1||42\r")
	f.Add([]byte(frame(adt)), []byte(ack("AA", "1")), byte(1))
	f.Add([]byte("\x0b"+adt+"\x0bMSH|^~\\&|A\rMSA|AA|1\r\x1c"), []byte("\x0b\x0bMSHMSH|\x1c\x1c"), byte(3))
	f.Add([]byte("x\x0bFHS|\rBHS|\r"+adt+"\x1c"), []byte(ack("CA", "")), byte(0))
	f.Fuzz(func(t *testing.T, a, b []byte, mode byte) {
		half := len(a) / 2
		steps := []step{up(string(a[:half])), down(string(b)), up(string(a[half:])), {dir: packet.Dir(mode & 1), gap: int(mode >> 5)},
			down(string(b)), {dir: packet.Dir(mode >> 1 & 1), end: true}, {rst: true}}
		var want string
		for i, cut := range []int{0, 1, 3} {
			r := run{cfg: http.Defaults(), known: mode&4 != 0, midstream: mode&8 != 0, cut: cut}
			got := r.tell(t, steps)
			if i == 0 {
				want = got
			} else if got != want {
				t.Fatalf("in pieces of %d:\n%s\nwhole:\n%s", cut, got, want)
			}
		}
	})
}
