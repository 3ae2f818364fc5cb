package http2_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// expectedCall is a call of the manifest of captures.
type expectedCall struct {
	Method, Host, Target string
	Status               int
	Request              *int64 `json:"request_body_len"`
	Response             *int64 `json:"response_body_len"`
	Wire                 *int64 `json:"response_body_wire_len"`
	GRPC                 *int   `json:"grpc_status"`
}

// TestCaptures reads public captures and compares with their manifest.
func TestCaptures(t *testing.T) {
	dir, ok := findCaptures(t)
	if !ok && os.Getenv("CI") == "" {
		t.Skip("no folder of captures beside the project")
	}
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Captures []struct {
			File     string
			Features []string
			Expected struct{ Calls []expectedCall }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range manifest.Captures {
		if !slices.Contains(c.Features, "http2") || slices.Contains(c.Features, "tls") {
			continue
		}
		t.Run(c.File, func(t *testing.T) {
			compared++
			calls := readCapture(t, filepath.Join(dir, c.File), nil)
			for _, e := range c.Expected.Calls {
				i := slices.IndexFunc(calls, e.fits)
				if i < 0 {
					t.Errorf("missing %+v", e)
					continue
				}
				calls = slices.Delete(calls, i, i+1)
			}
			for _, x := range calls {
				t.Errorf("extra: %s", tell(x))
			}
		})
	}
	if compared < 8 {
		t.Errorf("only %d captures were read", compared)
	}
}

func (e *expectedCall) fits(x *http.Exchange) bool {
	code, ok := x.GRPC.Status()
	return string(x.Method) == e.Method && string(x.Request.Get("host")) == e.Host && string(x.Target) == e.Target &&
		x.Status == e.Status && (e.Request == nil || *e.Request == x.Request.Decoded) &&
		(e.Response == nil || *e.Response == x.Response.Decoded) && (e.Wire == nil || *e.Wire == x.Response.Wire) &&
		(e.GRPC == nil || ok && code == *e.GRPC)
}

// findCaptures is the folder of captures beside the project root, and whether it is there.
func findCaptures(t testing.TB) (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "captures")
	_, err = os.Stat(dir)
	return dir, err == nil
}

// conn is a connection of a capture: it begins in HTTP/1 unless it looks like HTTP/2 at once.
type conn struct {
	first  *http1.Parser
	second *http2.Parser
	over   bool
}

// readCapture runs the frames of a capture through packet, tcp and the parsers; spy is shown what HTTP/2 is fed.
func readCapture(t testing.TB, path string, spy func(*tcp.Event)) (calls []*http.Exchange) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	shared := http.NewShared(http.Defaults())
	defer shared.Close()
	decoder, table := packet.New(packet.Defaults()), tcp.New(tcp.Defaults())
	old, pool := http1.NewPool(shared), http2.NewPool(shared)
	var (
		events []tcp.Event
		seg    packet.Segment
		now    clock.Time
	)
	handle := func() {
		for i := range events {
			calls = append(calls, handleEvent(t, old, pool, &events[i], spy)...)
		}
		events = events[:0]
	}
	for {
		frame, ci, err := src.ReadPacketData()
		if err != nil {
			if err != io.EOF {
				t.Fatal(err)
			}
			break
		}
		now = max(now, clock.Time(ci.Timestamp.UnixNano()))
		events = table.Expire(events, now-1)
		handle()
		raw := packet.Raw{Time: now, Frame: frame, WireLen: ci.Length, Link: packet.LinkType(src.LinkType())}
		if decoder.Decode(&seg, &raw) == packet.OK {
			events = table.Segment(events, now, &seg)
			handle()
		}
	}
	events = table.Close(events, now)
	handle()
	return calls
}

func handleEvent(t testing.TB, old *http1.Pool, pool *http2.Pool, ev *tcp.Event, spy func(*tcp.Event)) (out []*http.Exchange) {
	c, _ := ev.Conn.App.(*conn)
	if c == nil {
		c = &conn{}
		ev.Conn.App = c
		if ev.Kind == tcp.Data && ev.Conn.Midstream && http2.Looks(ev.Bytes) {
			c.second = pool.New(discard{}, ev.Conn.Client, ev.Conn.ClientKnown, true)
		} else {
			c.first = old.New(discard{}, ev.Conn.Client, ev.Conn.ClientKnown, ev.Conn.Midstream)
		}
	}
	if c.over {
		return nil
	}
	parser := http.Stream(c.second)
	if c.second == nil {
		parser = c.first
	} else if spy != nil {
		spy(ev)
	}
	var verdict http.Verdict
	switch ev.Kind {
	case tcp.Data:
		out, verdict = parser.Bytes(nil, ev.Dir, ev.Time, ev.Bytes)
	case tcp.Gap:
		out, verdict = parser.Gap(nil, ev.Dir, ev.Time, ev.Lost)
	case tcp.End:
		out, verdict = parser.End(nil, ev.Dir, ev.Time, ev.Why == tcp.ByFIN)
	}
	if c.second == nil && (verdict == http.HTTP2 || verdict == http.Upgrade) {
		out = append(out, c.change(t, old, pool, ev, verdict, spy)...)
	} else if verdict != http.More {
		c.over = true
	}
	return slices.DeleteFunc(out, func(x *http.Exchange) bool { return len(x.Method) == 0 })
}

// change goes on in HTTP/2, as extract does.
func (c *conn) change(t testing.TB, old *http1.Pool, pool *http2.Pool, ev *tcp.Event, verdict http.Verdict, spy func(*tcp.Event)) (out []*http.Exchange) {
	x, rest := c.first.Switched()
	if verdict == http.HTTP2 {
		c.second = pool.New(discard{}, ev.Dir, true, false)
	} else {
		if x == nil || !strings.EqualFold(string(x.Response.Get("upgrade")), "h2c") {
			t.Fatal("not an upgrade to h2c")
		}
		c.second = pool.Upgraded(discard{}, x, x.Request.Get("http2-settings"))
	}
	feed := func(e tcp.Event) {
		if spy != nil {
			spy(&e)
		}
		switch e.Kind {
		case tcp.Data:
			out, _ = c.second.Bytes(out, e.Dir, e.Time, e.Bytes)
		case tcp.Gap:
			out, _ = c.second.Gap(out, e.Dir, e.Time, e.Lost)
		}
	}
	for d := packet.AtoB; d <= packet.BtoA; d++ {
		held, lost := c.first.Held(d)
		if len(held) > 0 {
			feed(tcp.Event{Dir: d, Time: ev.Time, Bytes: held})
		}
		if lost > 0 {
			feed(tcp.Event{Dir: d, Kind: tcp.Gap, Time: ev.Time, Lost: lost})
		}
	}
	feed(tcp.Event{Dir: ev.Dir, Time: ev.Time, Bytes: rest})
	old.Free(c.first)
	return out
}
