package extract_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

const (
	connect   = "CONNECT ehr.test:443 HTTP/1.1\r\nHost: ehr.test:443\r\n\r\n"
	agreed    = "HTTP/1.1 200 Connection established\r\n\r\n"
	asked     = "CONNECT ehr.test:443 200 v11 >0 <0 people 0"
	openWS    = "GET /monitor HTTP/1.1\r\nHost: ehr.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer opaque-1\r\n\r\n"
	switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)

// TestConnect has HTTP/1 inside a tunnel through a proxy, in any cut.
func TestConnect(t *testing.T) {
	for _, size := range []int{whole, 1, 9} {
		what := fmt.Sprintf("segments of %d", size)
		o := hear(t, size, append([]turn{asks(connect), answers(agreed), asks(get1(1)), answers(found1(1)), asks(get1(2)), answers(found1(2))}, closes...)...)
		expect(t, what, o.calls, asked, read1(1), read1(2))
		o = hear(t, size, append([]turn{asks(connect + get1(1)), answers(agreed + found1(1))}, closes...)...)
		expect(t, what+", at once", o.calls, asked, read1(1))
		if o.stats.Upgraded != 1 || o.stats.Streams != 1 || len(o.links) != 0 {
			t.Errorf("%s: upgraded %d of %d, %d links", what, o.stats.Upgraded, o.stats.Streams, len(o.links))
		}
		o = hear(t, size, append([]turn{asks(connect), answers(agreed), asks(preface2 + settings2 + get2(1, 1)), answers(settings2 + ack2 + found2(1, 1))}, closes...)...)
		expect(t, what+", HTTP/2 inside", o.calls, asked, read2(1))
		// what comes out of a proxy that went on to another one
		o = hear(t, size, append([]turn{asks(connect), answers(agreed), asks(connect), answers(agreed), asks(get1(1)), answers(found1(1))}, closes...)...)
		expect(t, what+", twice", o.calls, asked, asked, read1(1))
	}
}

// TestConnectRefused goes on in HTTP/1.
func TestConnectRefused(t *testing.T) {
	no := "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
	o := hear(t, whole, append([]turn{asks(connect), answers(no), asks(get1(1)), answers(found1(1))}, closes...)...)
	expect(t, "refused", o.calls, strings.Replace(asked, "200", "407", 1), read1(1))
	if o.stats.Upgraded != 0 {
		t.Error("a tunnel that was refused was entered")
	}
}

// TestConnectOther has bytes of no protocol that is read inside the tunnel: they are counted.
func TestConnectOther(t *testing.T) {
	noise := strings.Repeat("\x05\x01\x7f noise that is no HTTP\n", 40)
	o := hear(t, whole, append([]turn{asks(connect), answers(agreed), asks(noise), answers(noise)}, closes...)...)
	expect(t, "noise", o.calls, asked)
	if o.stats.OpaqueBytes == 0 || o.stats.NotHTTP != 1 {
		t.Errorf("%d opaque bytes, %d connections of something else", o.stats.OpaqueBytes, o.stats.NotHTTP)
	}
}

// message is a text frame of a WebSocket (RFC 6455 section 5.2), masked as clients must.
func message(masked bool, text string) string {
	b := []byte{0x81, 0}
	switch n := len(text); {
	case n < 126:
		b[1] = byte(n)
	default:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	if !masked {
		return string(b) + text
	}
	b[1] |= 0x80
	mask := [4]byte{0x1f, 0x2e, 0x3d, 0x4c}
	b = append(b, mask[:]...)
	for i := range text {
		b = append(b, text[i]^mask[i&3])
	}
	return string(b)
}

const byeServer, byeClient = "\x88\x02\x03\xe8", "\x88\x82\x00\x00\x00\x00\x03\xe8"

// TestWebSocket has messages that name patients, both ways: one call when it closes, with all of them.
func TestWebSocket(t *testing.T) {
	question := func(n int) string { return fmt.Sprintf(`{"subscribe":{"patientId":"%d"}}`, n) }
	talk := []turn{asks(openWS), answers(switching)}
	sent, got := 0, 0
	for n := 101; n <= 105; n++ {
		talk = append(talk, asks(message(true, question(n))), answers(message(false, patient(n))))
		sent, got = sent+len(question(n)), got+len(patient(n))
	}
	talk = append(talk, answers(message(false, patient(106))), asks(byeClient), answers(byeServer))
	got += len(patient(106))
	want := fmt.Sprintf("GET /monitor 101 v11 >%d <%d people 6 messages 5/6", sent, got)
	var first outcome
	for _, size := range []int{whole, 1, 3} {
		o := hear(t, size, append(talk, closes...)...)
		expect(t, fmt.Sprintf("segments of %d", size), o.calls, want)
		if len(o.calls) != 1 || len(o.parts) != 0 || len(o.links) != 0 {
			t.Fatalf("%d calls, %d parts, %d links", len(o.calls), len(o.parts), len(o.links))
		}
		c := &o.calls[0]
		if n := len(c.Delivered); n != 6 || c.Running || c.Continued || c.Kind != call.HTTP {
			t.Errorf("%d delivered, want 6: %+v", n, c)
		}
		named := map[string]call.Where{}
		for _, o := range c.Objects {
			named[o.ID] = o.Where
		}
		for n := 101; n <= 106; n++ {
			if _, ok := named[fmt.Sprint(n)]; !ok {
				t.Errorf("patient %d is not among the objects %v", n, named)
			}
		}
		if size == whole {
			first = o
		} else if fmt.Sprint(o.calls[0].Delivered) != fmt.Sprint(first.calls[0].Delivered) {
			t.Error("the cut changes what was delivered")
		}
	}
}

// TestWebSocketRuns has one that stays open: it is told while it runs, each patient once, and at its end.
func TestWebSocketRuns(t *testing.T) {
	talk := []turn{asks(openWS), answers(switching)}
	for n := range 60 {
		m := answers(message(false, patient(1000+n)))
		m.wait = clock.Time(time.Second)
		talk = append(talk, m)
	}
	o := hear(t, whole, append(talk, closes...)...)
	if len(o.calls) != 1 || len(o.parts) < 5 {
		t.Fatalf("%d calls, %d parts", len(o.calls), len(o.parts))
	}
	delivered := map[uint64]int{}
	all := append(o.parts, o.calls...)
	for i := range all {
		c := &all[i]
		for _, key := range c.Delivered {
			delivered[key]++
		}
		if c.Running != (i < len(all)-1) || c.Continued != (i > 0) || c.Seq != all[0].Seq || c.Flow != all[0].Flow {
			t.Errorf("part %d: running %v, continued %v, place %d", i, c.Running, c.Continued, c.Seq)
		}
		if i > 0 && (c.PHI.People < all[i-1].PHI.People || c.RespDec < all[i-1].RespDec || c.Time < all[i-1].Time) {
			t.Errorf("part %d has less than the one before", i)
		}
	}
	for key, n := range delivered {
		if n != 1 {
			t.Errorf("%x is delivered %d times", key, n)
		}
	}
	if last := all[len(all)-1]; len(delivered) != 60 || last.PHI.People != 60 || last.Messages != [2]int64{0, 60} {
		t.Errorf("%d delivered, %d people, %v messages, want 60", len(delivered), last.PHI.People, last.Messages)
	}
	if o.stats.Parts != uint64(len(o.parts)) {
		t.Errorf("counts %d parts", o.stats.Parts)
	}
}

func admission(n int) string {
	return fmt.Sprintf("\x0bMSH|^~\\&|ADT|WARD|EHR|HOSP|20240102||ADT^A01|m%d|P|2.5\rPID|1||%d^^^HOSP^MR||FAM%d^ANA||19700102|F\r\x1c\r", n, 70000+n, n)
}

func accepted(n int) string {
	return fmt.Sprintf("\x0bMSH|^~\\&|EHR|HOSP|ADT|WARD|20240102||ACK^A01|a%d|P|2.5\rMSA|AA|m%d\r\x1c\r", n, n)
}

// TestMLLP has HL7 v2 messages: each is a call of its kind, and the connection is told of when it is over.
func TestMLLP(t *testing.T) {
	for _, size := range []int{whole, 1, 5} {
		turns := []turn{asks(admission(1)), answers(accepted(1)), asks(admission(2) + admission(3)), answers(accepted(2) + accepted(3))}
		o := hear(t, size, append(turns, closes...)...)
		if len(o.calls) != 3 || len(o.links) != 1 {
			t.Fatalf("%d calls, %d links", len(o.calls), len(o.links))
		}
		for i, c := range o.calls {
			if c.Kind != call.MLLP || c.Target == "" || c.Version != 0 || len(c.Objects) == 0 || c.Status != 200 {
				t.Errorf("segments of %d, call %d: %+v", size, i, c)
			}
		}
		var bytes [2]int64
		for _, turn := range turns {
			bytes[turn.dir] += int64(len(turn.text))
		}
		l := o.links[0].Link
		if l.Protocol != "mllp" || l.Messages != [2]uint64{3, 3} || l.Calls != 3 || l.Bytes != bytes {
			t.Errorf("segments of %d: %+v, want 3 messages each way in %v bytes", size, l, bytes)
		}
		if c := &o.links[0]; c.Kind != call.LinkOnly || c.Client.Port != 40000 || c.Server.Port != 80 || c.Duration == 0 {
			t.Errorf("%+v", c)
		}
		if o.stats.MLLP != 1 {
			t.Errorf("%d connections of MLLP", o.stats.MLLP)
		}
	}
	// joined midway, at a message
	c := conversation{now: clock.Time(1e18)}
	o := watch(t, newExtractor(t, extract.Defaults()), c.turns(whole, append([]turn{asks(admission(1)), answers(accepted(1))}, closes...)...))
	if len(o.calls) != 1 || len(o.links) != 1 || o.links[0].Loss == 0 {
		t.Errorf("midway: %d calls, %d links", len(o.calls), len(o.links))
	}
}
