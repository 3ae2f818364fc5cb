package extract_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

const preface2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frame2 is a frame of HTTP/2 (RFC 9113 section 4.1).
func frame2(kind, flags byte, stream int, payload string) string {
	b := []byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	b = binary.BigEndian.AppendUint32(b, uint32(stream))
	return string(b) + payload
}

// fields2 is a header section: first, which is in the static table, then fields without any compression (RFC 7541
// sections 6.1 and 6.2.2).
func fields2(first byte, pairs ...string) string {
	b := []byte{first}
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, 0)
		for _, s := range pairs[i : i+2] {
			b = append(append(b, byte(len(s))), s...) // below 127
		}
	}
	return string(b)
}

// The fields that sections begin with here.
const (
	methodGET = 0x82
	status200 = 0x88
)

var settings2, ack2 = frame2(4, 0, 0, ""), frame2(4, 1, 0, "")

func get2(stream, n int) string {
	return frame2(1, 5, stream, fields2(methodGET, ":scheme", "http", ":authority", "ehr.test",
		":path", fmt.Sprintf("/fhir/Patient/%d", n), "authorization", "Bearer opaque-1"))
}

func found2(stream, n int) string {
	return frame2(1, 4, stream, fields2(status200, "content-type", "application/fhir+json")) + frame2(0, 1, stream, patient(n))
}

func read2(n int) string { return strings.Replace(read1(n), "v11", "v20", 1) }

// TestPriorKnowledge has HTTP/2 without TLS, whoever speaks first and in any cut.
func TestPriorKnowledge(t *testing.T) {
	f := func(what string, turns ...turn) {
		t.Helper()
		for _, size := range []int{whole, 1, 7} {
			o := hear(t, size, append(turns, closes...)...)
			expect(t, fmt.Sprintf("%s, segments of %d", what, size), o.calls, read2(1), read2(2), read2(3))
			if o.stats.HTTP2 != 1 || len(o.links) != 0 || o.stats.OpaqueBytes != 0 {
				t.Errorf("%s: HTTP/2 on %d connections, %d links, %d opaque bytes", what, o.stats.HTTP2, len(o.links), o.stats.OpaqueBytes)
			}
		}
	}
	both := []turn{asks(get2(1, 1)), answers(found2(1, 1)), asks(get2(3, 2) + get2(5, 3)), answers(found2(5, 3) + found2(3, 2))}
	f("client first", append([]turn{asks(preface2 + settings2), answers(settings2 + ack2), asks(ack2)}, both...)...)
	f("server first", append([]turn{answers(settings2), asks(preface2 + settings2 + ack2), answers(ack2)}, both...)...)
	f("everything at once", asks(preface2+settings2+get2(1, 1)+get2(3, 2)+get2(5, 3)), answers(settings2+ack2+found2(1, 1)+found2(3, 2)+found2(5, 3)))
}

// TestPrefaceCut cuts the client's first segments at every byte of the preface.
func TestPrefaceCut(t *testing.T) {
	first := preface2 + settings2 + get2(1, 1)
	for cut := 1; cut < len(preface2)+2; cut++ {
		o := hear(t, whole, append([]turn{asks(first[:cut]), asks(first[cut:]), answers(settings2 + ack2 + found2(1, 1))}, closes...)...)
		expect(t, fmt.Sprintf("cut at %d", cut), o.calls, read2(1))
		o = hear(t, whole, append([]turn{asks(first[:cut]), answers(settings2), asks(first[cut:]), answers(ack2 + found2(1, 1))}, closes...)...)
		expect(t, fmt.Sprintf("cut at %d around the server's settings", cut), o.calls, read2(1))
	}
}

// TestUpgradeToH2 asks for HTTP/2 in HTTP/1 (RFC 7540 section 3.2): the request is stream 1 of what follows. A
// client may send its preface before it is told that it may.
func TestUpgradeToH2(t *testing.T) {
	ask := "GET /fhir/Patient/1 HTTP/1.1\r\nHost: ehr.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" +
		"Authorization: Bearer opaque-1\r\n\r\n"
	yes := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
	f := func(what string, turns ...turn) {
		t.Helper()
		for _, size := range []int{whole, 1, 11} {
			o := hear(t, size, append(turns, closes...)...)
			expect(t, fmt.Sprintf("%s, segments of %d", what, size), o.calls, read2(1), read2(2))
		}
	}
	f("polite", asks(ask), answers(yes+settings2+found2(1, 1)), asks(preface2+settings2+get2(3, 2)), answers(ack2+found2(3, 2)))
	f("optimistic", asks(ask), asks(preface2+settings2+get2(3, 2)), answers(yes+settings2+ack2+found2(1, 1)+found2(3, 2)))
	f("at once", asks(ask+preface2+settings2+get2(3, 2)), answers(yes), answers(settings2+ack2+found2(1, 1)+found2(3, 2)))

	o := hear(t, whole, append([]turn{asks(ask), answers(found1(1)), asks(get1(2)), answers(found1(2))}, closes...)...)
	expect(t, "refused", o.calls, read1(1), read1(2))
}

// TestMidway has connections whose first bytes the capture lost: it joins between two messages, or inside one.
func TestMidway(t *testing.T) {
	f := func(what string, turns []turn, want ...string) {
		t.Helper()
		c := conversation{now: clock.Time(1e18)}
		o := watch(t, newExtractor(t, extract.Defaults()), c.turns(whole, append(turns, closes...)...))
		for i := range o.calls {
			o.calls[i].Loss = 0 // that it was joined is said of each
		}
		expect(t, what, o.calls, want...)

		// and the same where the handshake was seen and what was said next was not
		lost := [2]turn{loses(0, strings.Repeat("x", 300)), loses(1, strings.Repeat("y", 300))}
		for _, gaps := range [][]turn{lost[:1], lost[1:], lost[:]} {
			o = hear(t, whole, slices.Concat(gaps, turns, closes)...)
			for i := range o.calls {
				o.calls[i].Loss = 0
				c := &o.calls[i]
				for _, key := range c.Delivered { // it is the answer to this request and no other
					if c.Objects[0].Key != key {
						t.Errorf("%s, after %d gaps: %s is given patient %v", what, len(gaps), c.Target, c.Objects)
					}
				}
			}
			expect(t, fmt.Sprintf("%s, after %d gaps from %d on", what, len(gaps), gaps[0].dir), o.calls, want...)
		}
	}
	f("HTTP/1", []turn{asks(get1(2)), answers(found1(2)), asks(get1(3)), answers(found1(3))}, read1(2), read1(3))
	f("HTTP/1 in an answer", []turn{answers(`"given":["Bo"]}]}`), asks(get1(3)), answers(found1(3))}, read1(3))
	f("HTTP/2", []turn{asks(get2(7, 2)), answers(found2(7, 2)), asks(get2(9, 3)), answers(found2(9, 3))}, read2(2), read2(3))
	f("HTTP/2, server first", []turn{answers(frame2(6, 0, 0, "12345678")), asks(frame2(6, 1, 0, "12345678")),
		asks(get2(9, 3)), answers(found2(9, 3))}, read2(3))
}

// TestHoldsLittle has both ends begin with what might still become anything: no more than a little is held, and
// what it was is counted.
func TestHoldsLittle(t *testing.T) {
	var turns []turn
	for range 200 {
		turns = append(turns, asks("\x16"), answers("\x00"))
	}
	o := hear(t, whole, append(turns, closes...)...)
	if len(o.calls) != 0 || o.stats.NotHTTP != 1 || o.stats.OpaqueBytes < 200 {
		t.Errorf("%d calls, %d connections of something else, %d opaque bytes", len(o.calls), o.stats.NotHTTP, o.stats.OpaqueBytes)
	}
	for _, first := range []string{"P", "PRI", "\x16", "\x16\x03\x01", "\x0b", "\x0bMS", "\x00", "\x00\x00\x12\x04"} {
		o := hear(t, whole, append([]turn{asks(first)}, closes...)...)
		if len(o.calls)+len(o.links) > 0 && first[0] != 0x0b {
			t.Errorf("%q alone: %d calls, %d links", first, len(o.calls), len(o.links))
		}
	}
}

// TestPrefaceLater has the preface where HTTP/1 was spoken before, as servers that take HTTP/2 from any request
// allow (golang.org/x/net/http2/h2c): the connection goes on in HTTP/2.
func TestPrefaceLater(t *testing.T) {
	o := hear(t, whole, append([]turn{asks(get1(1)), answers(found1(1)),
		asks(preface2 + settings2 + get2(1, 2)), answers(settings2 + ack2 + found2(1, 2))}, closes...)...)
	expect(t, "behind an exchange of HTTP/1", o.calls, read1(1), read2(2))
}
