package extract_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// turn is what one end of a conversation sends: bytes, that may be lost, or flags. It waits before it does.
type turn struct {
	dir   int // 0 is the client
	text  string
	lost  bool
	flags byte
	wait  clock.Time
}

func asks(text string) turn    { return turn{text: text} }
func answers(text string) turn { return turn{dir: 1, text: text} }
func loses(dir int, text string) turn {
	return turn{dir: dir, text: text, lost: true}
}

// closes is how both ends say that they have no more.
var closes = []turn{{flags: fin}, {dir: 1, flags: fin}}

const whole = 1400 // bytes of a segment, when it does not matter

// pause is between turns: longer than packets are late.
const pause = clock.Time(20e6)

// frames are those of a connection: its handshake, then the turns in segments of up to size bytes.
func frames(size int, turns ...turn) []packet.Raw {
	c := conversation{now: clock.Time(1e18)}
	return append([]packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, ""), c.frame(0, ack, "")}, c.turns(size, turns...)...)
}

// turns are the frames of turns alone.
func (c *conversation) turns(size int, turns ...turn) (out []packet.Raw) {
	for _, t := range turns {
		c.now += t.wait + pause
		if t.lost {
			c.seq[t.dir] += uint32(len(t.text))
			continue
		}
		for rest := t.text; len(rest) > 0; {
			n := min(size, len(rest))
			out = append(out, c.frame(t.dir, ack, rest[:n]))
			rest = rest[n:]
		}
		if t.flags != 0 || t.text == "" {
			out = append(out, c.frame(t.dir, t.flags|ack, ""))
		}
	}
	return out
}

// outcome is what an extractor said.
type outcome struct {
	calls []call.Call // of exchanges and messages that are over, in the order in which they were known
	parts []call.Call // of exchanges that went on
	links []call.Call
	stats extract.Stats
}

// watch gives packets to e as a worker does and closes it.
func watch(t testing.TB, e *extract.Extractor, packets []packet.Raw) (o outcome) {
	t.Helper()
	var now clock.Time
	for i := range packets {
		raw := packets[i]
		if raw.Secrets != nil {
			e.Secrets(raw.Secrets)
			continue
		}
		if mark := raw.Time.Floor(); mark > now.Floor() {
			e.Expire(mark - 1)
		}
		now = raw.Time
		e.Packet(&raw)
	}
	e.Close(now)
	return sorted(t, e)
}

// sorted takes what e has, in order, and finds that nothing is left over.
func sorted(t testing.TB, e *extract.Extractor) (o outcome) {
	t.Helper()
	all := e.Take(nil)
	slices.SortStableFunc(all, func(a, b call.Call) int { return a.Order.Compare(b.Order) })
	for _, c := range all {
		switch {
		case c.Kind == call.LinkOnly:
			o.links = append(o.links, c)
		case c.Running:
			o.parts = append(o.parts, c)
		default:
			o.calls = append(o.calls, c)
		}
	}
	if n := e.Scanning(); n != 0 {
		t.Errorf("%d scanners are out", n)
	}
	o.stats = e.Stats()
	return o
}

// hear is what a new extractor makes of one connection.
func hear(t testing.TB, size int, turns ...turn) outcome {
	t.Helper()
	return watch(t, newExtractor(t, extract.Defaults()), frames(size, turns...))
}

// told sums calls up: one a line, in the order in which they began.
func told(calls []call.Call) string {
	calls = slices.Clone(calls)
	slices.SortStableFunc(calls, func(a, b call.Call) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Stream, b.Stream))
	})
	var b strings.Builder
	for i := range calls {
		c := &calls[i]
		fmt.Fprintf(&b, "%s %s %d v%d >%d <%d people %d", c.Method, c.Target, c.Status, c.Version, c.ReqDec, c.RespDec, c.PHI.People)
		if c.Messages != [2]int64{} {
			fmt.Fprintf(&b, " messages %d/%d", c.Messages[0], c.Messages[1])
		}
		if c.Loss != 0 {
			fmt.Fprintf(&b, " loss %#x", uint8(c.Loss))
		}
		if c.Marks != 0 {
			fmt.Fprintf(&b, " marks %#x", uint32(c.Marks))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// expect compares what was told with lines.
func expect(t *testing.T, what string, calls []call.Call, lines ...string) {
	t.Helper()
	want := ""
	for _, l := range lines {
		want += l + "\n"
	}
	if got := told(calls); got != want {
		t.Errorf("%s: told\n%swant\n%s", what, got, want)
	}
}

// get1 and found1 are an exchange of HTTP/1 about patient number n.
func get1(n int) string {
	return fmt.Sprintf("GET /fhir/Patient/%d HTTP/1.1\r\nHost: ehr.test\r\nAuthorization: Bearer opaque-1\r\n\r\n", n)
}

func found1(n int) string {
	b := patient(n)
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
}

// patient is the record of one.
func patient(n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%d","name":[{"family":"Fam%d","given":["Ana"]}],"birthDate":"1970-01-02"}`, n, n)
}

// read1 is how that exchange is told.
func read1(n int) string {
	return fmt.Sprintf("GET /fhir/Patient/%d 200 v11 >0 <%d people 1", n, len(patient(n)))
}
