package http1_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/http1"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// TestCaptures reads public captures and compares with their manifest, by the rules of its compare.py.
func TestCaptures(t *testing.T) {
	compared := 0
	ambiguous, responses := map[string]int{}, map[string]int{}
	for _, c := range shared.Captures(t) {
		// HTTP/2, TLS and the file formats that pcapgo does not read are tested where they are at home.
		if slices.ContainsFunc(c.Features, func(f string) bool {
			return f == "tls" || strings.HasPrefix(f, "http2") || f == "pcapng:spb" || f == "malformed-file"
		}) {
			continue
		}
		t.Run(c.File, func(t *testing.T) {
			got, foreign, _ := readCapture(t, shared.Path(t, "captures", c.File), nil)
			for _, g := range got {
				if g.marks&(http.Ambiguous|http.Smuggled|http.HostConflict) != 0 {
					ambiguous[c.File]++
				}
				if g.marks&http.AmbiguousResponse != 0 {
					responses[c.File]++
				}
			}
			// What the packet decoder leaves alone cannot be here.
			if c.Expected.Mode != "survive" && foreign == 0 {
				compare(t, &c, got)
				compared++
			}
		})
	}
	if compared < 60 {
		t.Errorf("only %d captures were read", compared)
	}
	// Of 1,300 exchanges only those made to have two readings have them.
	if want := (map[string]int{"suricata-multiple-cl.pcap": 1, "zeek-261-01-chunk-overflow.pcap": 1, "zeek-261-09-obs-fold.pcap": 1,
		"ndpi-fuzz-be.pcap": 1}); !maps.Equal(ambiguous, want) {
		t.Errorf("requests with two readings: %v, want %v", ambiguous, want)
	}
	if want := (map[string]int{"evader-018.pcap": 1, "evader-039.pcap": 1, "evader-060.pcap": 1, "evader-096.pcap": 1,
		"ndpi-fuzz-be.pcap": 1}); !maps.Equal(responses, want) {
		t.Errorf("responses with two readings: %v, want %v", responses, want)
	}
}

// told is an exchange as the manifest has it.
type told struct {
	method, host, target string
	status               int
	request, response    int64
	marks                http.Marks
}

// readCapture runs the frames of a capture through packet, tcp and http1, without those that drop says to leave
// out; foreign counts fragments and tunnels that were not decoded.
func readCapture(t *testing.T, path string, drop func() bool) (calls []told, foreign int, stats http.Stats) {
	decoder, table, pool := packet.New(packet.Defaults()), tcp.New(tcp.Defaults()), http1.NewPool(http.NewShared(http.Defaults()))
	defer pool.Close()
	var (
		events []tcp.Event
		seg    packet.Segment
		now    clock.Time
	)
	handle := func() {
		for i := range events {
			calls = append(calls, handleEvent(pool, &events[i])...)
		}
		events = events[:0]
	}
	for _, raw := range shared.Frames(t, path) {
		if drop != nil && drop() {
			continue
		}
		now = raw.Time
		events = table.Expire(events, now-1)
		handle()
		switch decoder.Decode(&seg, &raw) {
		case packet.OK:
			events = table.Segment(events, now, &seg)
			handle()
		case packet.Fragment, packet.Tunnel:
			foreign++
		}
	}
	events = table.Close(events, now)
	handle()
	return calls, foreign, pool.Stats
}

// over stands for a connection whose parser has ended.
var over *http1.Parser

func handleEvent(pool *http1.Pool, ev *tcp.Event) (calls []told) {
	p, met := ev.Conn.App.(*http1.Parser)
	if !met {
		p = pool.New(discard{}, ev.Conn.Client, ev.Conn.ClientKnown, ev.Conn.Midstream)
		ev.Conn.App = p
	}
	if p == over {
		return nil
	}
	var out []*http.Exchange
	var verdict http.Verdict
	switch ev.Kind {
	case tcp.Data:
		out, verdict = p.Bytes(nil, ev.Dir, ev.Time, ev.Bytes)
	case tcp.Gap:
		out, verdict = p.Gap(nil, ev.Dir, ev.Time, ev.Lost)
	case tcp.End:
		out, verdict = p.End(nil, ev.Dir, ev.Time, ev.Why == tcp.ByFIN)
	}
	if verdict == http.Upgrade {
		x, _ := p.Switched()
		out = append(out, x)
	}
	for _, x := range out {
		calls = append(calls, told{string(x.Method), string(x.Request.Get("host")), string(x.Target), x.Status,
			x.Request.Decoded, x.Response.Decoded, x.Marks})
		p.Release(x)
	}
	if verdict != http.More || p.Ended() {
		pool.Free(p)
		ev.Conn.App = over
	}
	return calls
}

type discard struct{}

func (discard) Body(*http.Exchange, http.Side) http.Scanner { return nil }

// compare matches got with the expected calls as a multiset of method, host, target and status, preferring those
// whose body sizes agree.
func compare(t *testing.T, c *shared.Capture, got []told) {
	t.Helper()
	used := make([]bool, len(got))
	find := func(fits func(told) bool) bool {
		for i, g := range got {
			if !used[i] && fits(g) {
				used[i] = true
				return true
			}
		}
		return false
	}
	var missing []string
	for _, e := range c.Expected.Calls {
		if find(func(g told) bool { return fits(&e, g) && sizes(&e, g) }) {
			continue
		}
		missing = append(missing, describe(&e))
	}
	for _, e := range c.Expected.Optional {
		find(func(g told) bool { return fits(&e, g) })
	}
	var extra []told
	for i, g := range got {
		if !used[i] {
			extra = append(extra, g)
		}
	}
	if len(missing) > 0 || len(extra) > 0 && c.Expected.Mode != "at_least" {
		t.Errorf("%s\nmissing: %d\n%s\nextra: %d %+v", c.File, len(missing), strings.Join(missing[:min(len(missing), 8)], "\n"),
			len(extra), extra[:min(len(extra), 8)])
	}
}

func fits(e *shared.Call, g told) bool {
	target := e.Target == g.target || slices.Contains(e.Accept.Target, g.target)
	status := e.Status == g.status || slices.Contains(e.Accept.Status, g.status)
	return e.Method == g.method && target && status && strings.EqualFold(e.Host, g.host)
}

func sizes(e *shared.Call, g told) bool {
	return (e.Request == nil || *e.Request == g.request) && (e.Response == nil || *e.Response == g.response)
}

func describe(e *shared.Call) string {
	size := func(n *int64) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%s %.60s %.100s %d %s %s", e.Method, e.Host, e.Target, e.Status, size(e.Request), size(e.Response))
}
