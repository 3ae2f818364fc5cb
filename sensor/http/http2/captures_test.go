package http2_test

import (
	"slices"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestCaptures reads public captures and compares with their manifest.
func TestCaptures(t *testing.T) {
	compared := 0
	for _, c := range shared.Captures(t) {
		if !slices.Contains(c.Features, "http2") || slices.Contains(c.Features, "tls") {
			continue
		}
		t.Run(c.File, func(t *testing.T) {
			compared++
			calls := readCapture(t, shared.Path(t, "captures", c.File), nil)
			for _, e := range c.Expected.Calls {
				i := slices.IndexFunc(calls, func(x *http.Exchange) bool { return fits(&e, x) })
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

func fits(e *shared.Call, x *http.Exchange) bool {
	code, ok := x.GRPC.Status()
	return string(x.Method) == e.Method && string(x.Request.Get("host")) == e.Host && string(x.Target) == e.Target &&
		x.Status == e.Status && (e.Request == nil || *e.Request == x.Request.Decoded) &&
		(e.Response == nil || *e.Response == x.Response.Decoded) && (e.Wire == nil || *e.Wire == x.Response.Wire) &&
		(e.GRPC == nil || ok && code == *e.GRPC)
}

// conn is a connection of a capture: it begins in HTTP/1 unless it looks like HTTP/2 at once.
type conn struct {
	first  *http1.Parser
	second *http2.Parser
	over   bool
}

// readCapture runs the frames of a capture through packet, tcp and the parsers; spy is shown what HTTP/2 is fed.
func readCapture(t testing.TB, path string, spy func(*tcp.Event)) (calls []*http.Exchange) {
	common := http.NewShared(http.Defaults())
	defer common.Close()
	decoder, table := packet.New(packet.Defaults()), tcp.New(tcp.Defaults())
	old, pool := http1.NewPool(common), http2.NewPool(common)
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
	for _, raw := range shared.Frames(t, path) {
		now = raw.Time
		events = table.Expire(events, now-1)
		handle()
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
		c.second = pool.Upgraded(discard{}, x)
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
