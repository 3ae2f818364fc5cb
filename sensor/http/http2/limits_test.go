package http2_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

func TestStreamsLimit(t *testing.T) {
	r := check(t, opts{cfg: func(c *http.Config) { c.Streams = 2 }}, talk(func(cl, sv *peer) []step {
		return []step{c(cl.post(1, "/1"), cl.get(3, "/3"), cl.data(1, false, "x"), cl.get(5, "/5")), s(sv.ok(3, "late"), sv.ok(5, "5")), c(cl.data(1, true, "y")), s(sv.ok(1, "1"))}
	}),
		`0: #3 GET ehr.example/3 0 >[0] <[0 part] LOSS:truncated`,
		`1: #5 GET ehr.example/5 200 >[0] <[1 "5"]`,
		`2: #1 POST ehr.example/1 200 >[2 "xy"] <[1 "1"]`)
	if r.stats.OverStreams != 1 || r.stats.LateFrames != 2 {
		t.Errorf("%+v", r.stats)
	}
}

func TestHeadLimit(t *testing.T) {
	small := opts{cfg: func(c *http.Config) { c.HeadBytes, c.Headers = 1024, 10 }}
	// A field that is too long is left out; the table goes on without it.
	for _, code := range []string{"a", "\x01"} { // with and without Huffman code
		r := check(t, small, talk(func(cl, sv *peer) []step {
			long := "x-long: " + strings.Repeat(code, 5000)
			return []step{c(cl.get(1, "/1", "x-a: 1"), cl.get(3, "/3", long, "x-a: 1"), cl.get(5, "/5", "x-b: 1"), cl.get(7, "/7", "x-b: 1")), rst()}
		}),
			`0: #1 GET ehr.example/1 0 >[0] <[0 part] LOSS:truncated`,
			`1: #3 GET ehr.example/3 0 >[0 part] <[0 part] over-head LOSS:truncated`,
			`2: #5 GET ehr.example/5 0 >[0] <[0 part] LOSS:truncated`,
			`3: #7 GET ehr.example/7 0 >[0] <[0 part] LOSS:truncated`)
		if r.stats.OverHead != 1 || r.stats.Floods != 1 || strings.Count(r.fields, "x-b: 1") != 2 {
			t.Errorf("%+v\n%s", r.stats, r.fields)
		}
	}
	// If it goes into the table, what is older may have gone from there: nobody knows.
	check(t, small, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/1", "x-long: "+strings.Repeat("a", 3000)), cl.get(3, "/1", "x-b: 1"), cl.get(5, "/1", "x-b: 1")), rst()}
	}),
		`0: #1 GET ehr.example/1 0 >[0 part] <[0 part] over-head LOSS:truncated`,
		`1: #3 GET  0 >[0] <[0 part] header-state LOSS:truncated LOSS:decode-limit`,
		`2: #5 GET  0 >[0] <[0 part] header-state LOSS:truncated LOSS:decode-limit`)
	// Fields past the limits are left out and still known later.
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("x-%02d: v", i))
	}
	r := check(t, small, talk(func(cl, sv *peer) []step {
		return []step{c(cl.get(1, "/1", many...), cl.get(3, "/3", many[11])), rst()}
	}), `0: #1 GET ehr.example/1 0 >[0 part] <[0 part] over-head LOSS:truncated`, `1: #3 GET ehr.example/3 0 >[0] <[0 part] LOSS:truncated`)
	if strings.Count(r.fields, "x-11: v") != 1 {
		t.Error(r.fields)
	}
}

func TestTableLimit(t *testing.T) {
	fields := func(from, to int) (list []string) {
		for i := from; i < to; i++ {
			list = append(list, fmt.Sprintf("x-%02d: %s", i, strings.Repeat("v", 50)))
		}
		return list
	}
	for name, cfg := range map[string]func(*http.Config){
		"header_table":  func(c *http.Config) { c.HeaderTable = 1000 },
		"header_tables": func(c *http.Config) { c.HeaderTables = 1500 },
		"none":          func(c *http.Config) { c.HeaderTables = 0 },
	} {
		r := play(t, opts{cfg: cfg}, talk(func(cl, sv *peer) []step {
			return []step{c(cl.get(1, "/1", fields(0, 30)...), cl.get(3, "/3", fields(0, 30)...)), rst()}
		}))
		if !strings.HasSuffix(r.told, `1: #3 GET ehr.example/3 0 >[0] <[0 part] header-state LOSS:truncated LOSS:decode-limit`) &&
			!strings.HasSuffix(r.told, `1: #3 GET /3 0 >[0] <[0 part] header-state LOSS:truncated LOSS:decode-limit`) {
			t.Errorf("%s:\n%s", name, r.told)
		}
		if r.stats.OverTables == 0 || r.stats.HeaderStates != 1 || strings.Contains(r.fields, "x-00: "+strings.Repeat("v", 50)+"\nx-00") {
			t.Errorf("%s: %+v\n%s", name, r.stats, r.fields)
		}
		for _, f := range strings.Split(r.fields, "\n") {
			if strings.HasPrefix(f, "x-") && len(f) != len("x-00: ")+50 {
				t.Errorf("%s: %s", name, f)
			}
		}
	}
}

// TestHostile has what would take minutes if any step were quadratic.
func TestHostile(t *testing.T) {
	cl := newPeer()
	block := cl.fields(":method: GET", ":scheme: https", ":path: /", ":authority: h")
	raw := func(kind, flags byte, id byte, payload string) string {
		n := len(payload)
		return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, id}) + payload
	}
	head := preface + raw(4, 0, 0, "") + raw(1, 0, 1, string(block))
	long := "\x40\x81\xff\x7f\xff\xff\x1f" // a name of one letter and a value of 64 kB, never to come
	for name, text := range map[string]string{
		"CONTINUATION without end":      head + strings.Repeat(raw(9, 0, 1, ""), 300_000),
		"a byte in each CONTINUATION":   head + strings.Repeat(raw(9, 0, 1, "\x82"), 300_000),
		"a string in bytes":             head + raw(9, 0, 1, "\x00\x01a\x7f\x80\xf0\x03") + strings.Repeat(raw(9, 0, 1, "v"), 300_000),
		"a long string":                 head + raw(9, 0, 1, long) + strings.Repeat(raw(9, 0, 1, strings.Repeat("v", 1000)), 3_000),
		"one large entry many times":    head + raw(9, 0, 1, "\x40\x01a\x7f\xa1\x1e"+strings.Repeat("v", 4000)) + strings.Repeat(raw(9, 0, 1, strings.Repeat("\xbe", 16000)), 200),
		"the table grows and shrinks":   head + strings.Repeat(raw(9, 0, 1, strings.Repeat("\x20\x3f\xe1\x1f\x40\x01a\x01b", 1000)), 300),
		"empty DATA":                    head + raw(9, 4, 1, "") + strings.Repeat(raw(0, 0, 1, ""), 1_000_000),
		"padding only":                  head + raw(9, 4, 1, "") + strings.Repeat(raw(0, 8, 1, "\xff"+strings.Repeat("\x00", 255)), 10_000),
		"settings":                      head + raw(9, 4, 1, "") + strings.Repeat(raw(4, 0, 0, "\x00\x01\x00\x00\x00\x00"), 300_000),
		"priorities":                    head + raw(9, 4, 1, "") + strings.Repeat(raw(2, 0, 1, "\x00\x00\x00\x03\x00"), 300_000),
		"trailers":                      head + raw(9, 4, 1, "") + strings.Repeat(raw(1, 4, 1, "\x00\x01a\x01b"), 300_000),
		"one table full of empty names": head + raw(9, 0, 1, "\x3f\xe1\xff\x03") + strings.Repeat(raw(9, 0, 1, strings.Repeat("\x40\x00\x00", 5000)), 40),
	} {
		took := shared.Spent(func() {
			for _, size := range []int{1, 1460} {
				pool := newPool(t)
				p := pool.New(discard{}, packet.AtoB, true, false)
				out, n := make([]*http.Exchange, 0, 8), 0
				for rest := text; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					out, _ = p.Bytes(out[:0], packet.AtoB, 1, []byte(rest[:min(size, len(rest))]))
					n += len(out)
				}
				out, _ = p.End(out[:0], packet.AtoB, 2, false)
				if n+len(out) != 1 {
					t.Errorf("%s: %d exchanges", name, n+len(out))
				}
				if pool.TableBytes() != 0 {
					t.Errorf("%s: %d bytes of tables", name, pool.TableBytes())
				}
			}
		})
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
}

// TestRapidReset has the flood of CVE-2023-44487: each stream is told in order, and no more than a few wait for a
// response that may be under way.
func TestRapidReset(t *testing.T) {
	cl, sv := newPeer(), newPeer()
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	p.Bytes(nil, packet.AtoB, 1, []byte(preface+cl.settings()))
	p.Bytes(nil, packet.BtoA, 1, []byte(sv.settings()))
	var out []*http.Exchange
	next := uint32(1)
	take := func() {
		for _, x := range out {
			if x.Marks != http.RapidReset || x.Depth != next || x.Loss != 0 {
				t.Fatalf("stream %d instead of %d, marks %x, loss %x", x.Depth, next, x.Marks, x.Loss)
			}
			next += 2
			p.Release(x)
		}
	}
	for id := uint32(1); id < 20_000; id += 2 {
		out, _ = p.Bytes(out[:0], packet.AtoB, 2, []byte(cl.get(id, "/")+cl.reset(id)))
		take()
		if id+2-next > 2*16 {
			t.Fatalf("stream %d still waits at %d", next, id)
		}
	}
	out, _ = p.End(out[:0], packet.AtoB, 3, false)
	take()
	if next != 20_001 {
		t.Errorf("told up to %d", next)
	}
	if pool.Stats.RapidResets != 10_000 {
		t.Errorf("%+v", pool.Stats)
	}
}
