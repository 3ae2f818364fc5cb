package extract_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"auscult/pcaps/rewrap"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	sensor "auscult/sensor/tls"
)

// sealed are the turns of one connection in TLS, and the key log that opens it.
func sealed(t *testing.T, version uint16, turns ...turn) ([]packet.Raw, []byte) {
	t.Helper()
	var c rewrap.Capture
	for _, raw := range frames(whole, append(turns, closes...)...) {
		c = append(c, rewrap.Frame{Time: int64(raw.Time), Data: raw.Frame})
	}
	c, keys, err := rewrap.TLS(c, version)
	if err != nil {
		t.Fatal(err)
	}
	var out []packet.Raw
	for _, f := range c {
		out = append(out, packet.Raw{Time: clock.Time(f.Time), Frame: f.Data, WireLen: len(f.Data), Link: packet.LinkEthernet})
	}
	return out, keys
}

// store is a tls.Secrets that has all its keys from the beginning.
func store(keys []byte) sensor.Secrets {
	t := sensor.NewTable(1<<10, nil)
	t.Add(keys)
	return t
}

// unlocked is what an extractor with keys in its configuration makes of packets.
func unlocked(t *testing.T, keys []byte, packets []packet.Raw) outcome {
	t.Helper()
	cfg := extract.Defaults()
	cfg.Secrets = store(keys)
	return watch(t, newExtractor(t, cfg), packets)
}

func plainTurns() []turn {
	return []turn{asks(get1(1)), answers(found1(1)), asks(get1(2)), answers(found1(2)), asks(get1(3)), answers(found1(3))}
}

// TestSealed reads TLS with keys from the configuration, and only counts it without.
func TestSealed(t *testing.T) {
	for version, name := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
		packets, keys := sealed(t, version, plainTurns()...)
		o := unlocked(t, keys, packets)
		expect(t, name, o.calls, read1(1), read1(2), read1(3))
		if len(o.links) != 1 {
			t.Fatalf("%s: %d links", name, len(o.links))
		}
		l := o.links[0].Link
		if l.Protocol != "tls" || l.Calls != 3 || !l.TLS.Decrypted || l.TLS.Opaque != "" || l.TLS.Version != name || l.TLS.ServerName != "ehr.hospital.test" || l.TLS.ALPN != "http/1.1" || l.TLS.JA4 == "" {
			t.Errorf("%s: %+v", name, l)
		}

		o = watch(t, newExtractor(t, extract.Defaults()), packets)
		if len(o.calls) != 0 || len(o.links) != 1 || o.links[0].Link.TLS.Decrypted || o.links[0].Link.TLS.Opaque != "no_keys" || o.links[0].Link.TLS.ServerName == "" {
			t.Errorf("%s without keys: %d calls, %+v", name, len(o.calls), o.links)
		}
		var client, server int64
		for _, raw := range packets {
			n := int64(len(raw.Frame) - 54)
			if raw.Frame[34] == 40000>>8 {
				client += n
			} else {
				server += n
			}
		}
		if got := o.links[0].Link.Bytes; got != [2]int64{client, server} {
			t.Errorf("%s: %v bytes, want %d and %d", name, got, client, server)
		}
	}
}

// TestKeysLate gives the keys before, between and after the packets: the calls are the same, and so are their
// times, but for when they were known.
func TestKeysLate(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, what := range []struct {
			name  string
			turns []turn
		}{
			{"HTTP/1", plainTurns()},
			{"HTTP/2", []turn{asks(preface2 + settings2 + get2(1, 1)), answers(settings2 + ack2 + found2(1, 1)), asks(get2(3, 2) + get2(5, 3)), answers(found2(5, 3) + found2(3, 2))}},
			{"WebSocket", []turn{asks(openWS), answers(switching), asks(message(true, `{"patientId":"7001"}`)), answers(message(false, patient(7001))), asks(byeClient), answers(byeServer)}},
		} {
			packets, keys := sealed(t, version, what.turns...)
			early := unlocked(t, keys, packets)
			if len(early.calls) == 0 {
				t.Fatalf("%s: no calls", what.name)
			}
			for at := 0; at <= len(packets); at++ {
				late := append([]packet.Raw{{Secrets: []byte("# keys will follow\n")}}, packets[:at]...)
				late = append(late, packet.Raw{Secrets: keys})
				late = append(late, packets[at:]...)
				if at == len(packets) { // what waits is asked for keys with a later packet
					end := packets[at-1]
					end.Time += clock.Time(3 * time.Second)
					other := conversation{now: end.Time}
					late = append(late, other.frame(1, syn|ack, ""))
				}
				o := watch(t, newExtractor(t, extract.Defaults()), late)
				name := fmt.Sprintf("TLS %#x, %s, keys before packet %d of %d", version, what.name, at, len(packets))
				sameCalls(t, name, o.calls, early.calls)
				if len(o.links) != 1 || !o.links[0].Link.TLS.Decrypted || o.links[0].Link.Calls != uint32(len(o.calls)) {
					t.Errorf("%s: %+v", name, o.links)
				}
			}
		}
	}
}

// sameCalls compares calls in all but the time at which they were known.
func sameCalls(t *testing.T, name string, got, want []call.Call) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d calls, want %d", name, len(got), len(want))
		return
	}
	bySeq := func(calls []call.Call) map[uint32]call.Call {
		m := map[uint32]call.Call{}
		for _, c := range calls {
			c.Time = 0
			c.Frames = packet.Where{}
			m[c.Seq] = c
		}
		return m
	}
	g, w := bySeq(got), bySeq(want)
	for seq, c := range w {
		if !reflect.DeepEqual(g[seq], c) {
			t.Errorf("%s: call %d\n got %+v\nwant %+v", name, seq, g[seq], c)
		}
	}
}

// TestKeysTooLate gives them when the wait is over: nothing is read, and that is said.
func TestKeysTooLate(t *testing.T) {
	turns := plainTurns()
	turns[len(turns)-1].wait = clock.Time(40 * time.Second)
	packets, keys := sealed(t, tls.VersionTLS13, turns...)
	late := append([]packet.Raw{{Secrets: []byte("# keys will follow\n")}}, packets[:len(packets)-4]...)
	late = append(late, packet.Raw{Secrets: keys})
	o := watch(t, newExtractor(t, extract.Defaults()), append(late, packets[len(packets)-4:]...))
	if len(o.calls) != 0 || len(o.links) != 1 || o.links[0].Link.TLS.Opaque != "no_keys" || o.stats.TLS.OverWaitTime != 1 {
		t.Errorf("%d calls, %+v, %d waits ended", len(o.calls), o.links, o.stats.TLS.OverWaitTime)
	}
}

// TestInTLS has everything that plain connections carry, inside TLS.
func TestInTLS(t *testing.T) {
	f := func(what string, turns []turn, want ...string) outcome {
		t.Helper()
		packets, keys := sealed(t, tls.VersionTLS13, turns...)
		o := unlocked(t, keys, packets)
		expect(t, what, o.calls, want...)
		if len(o.links) != 1 || !o.links[0].Link.TLS.Decrypted || o.links[0].Link.Calls != uint32(len(want)) {
			t.Errorf("%s: %d links of %d calls, want %d", what, len(o.links), o.links[0].Link.Calls, len(want))
		}
		return o
	}
	o := f("HTTP/2", []turn{asks(preface2 + settings2 + get2(1, 1)), answers(settings2 + ack2 + found2(1, 1)), asks(get2(3, 2)), answers(found2(3, 2))}, read2(1), read2(2))
	if o.stats.HTTP2 != 1 || o.links[0].Link.TLS.ALPN != "h2" {
		t.Errorf("%d of HTTP/2, ALPN %q", o.stats.HTTP2, o.links[0].Link.TLS.ALPN)
	}
	q, a := `{"patientId":"7001"}`, patient(7001)
	f("WebSocket", []turn{asks(openWS), answers(switching), asks(message(true, q)), answers(message(false, a)), asks(byeClient), answers(byeServer)},
		fmt.Sprintf("GET /monitor 101 v11 >%d <%d people 1 messages 1/1", len(q), len(a)))
	f("a WebSocket that is cut off", []turn{asks(openWS), answers(switching), asks(message(true, q)), answers(message(false, a))},
		fmt.Sprintf("GET /monitor 101 v11 >%d <%d people 1 messages 1/1", len(q), len(a)))
	f("CONNECT", []turn{asks(connect), answers(agreed), asks(get1(1)), answers(found1(1))}, asked, read1(1))
	shattered := []turn{}
	for _, c := range get1(1) { // a record for each byte
		shattered = append(shattered, asks(string(c)))
	}
	f("a byte each record", append(shattered, answers(found1(1))), read1(1))

	packets, keys := sealed(t, tls.VersionTLS13, asks(admission(1)), answers(accepted(1)))
	o = unlocked(t, keys, packets)
	if len(o.calls) != 1 || o.calls[0].Kind != call.MLLP || len(o.links) != 1 || o.links[0].Link.Protocol != "tls" || o.links[0].Link.Messages != [2]uint64{1, 1} {
		t.Errorf("MLLP: %d calls, %+v", len(o.calls), o.links)
	}
}

// TestTLSInTunnel has TLS behind a CONNECT: the connection is told of, and read if there are keys.
func TestTLSInTunnel(t *testing.T) {
	inside, keys := sealed(t, tls.VersionTLS13, plainTurns()...)
	turns := []turn{asks(connect), answers(agreed)}
	for _, raw := range inside {
		if dir := 0; len(raw.Frame) > 54 {
			if raw.Frame[34] != 40000>>8 || raw.Frame[35] != 40000&0xff {
				dir = 1
			}
			turns = append(turns, turn{dir: dir, text: string(raw.Frame[54:])})
		}
	}
	packets := frames(whole, append(turns, closes...)...)
	o := watch(t, newExtractor(t, extract.Defaults()), packets)
	expect(t, "without keys", o.calls, asked)
	if len(o.links) != 1 || o.links[0].Link.Protocol != "tls" || o.links[0].Link.TLS.ServerName != "ehr.hospital.test" {
		t.Errorf("without keys: %+v", o.links)
	}
	o = unlocked(t, keys, packets)
	expect(t, "with keys", o.calls, asked, read1(1), read1(2), read1(3))
}

// TestTLSCut has the first bytes of TLS one in a segment, and all others too.
func TestTLSCut(t *testing.T) {
	packets, keys := sealed(t, tls.VersionTLS13, plainTurns()...)
	var turns []turn
	for _, raw := range packets {
		if dir := 0; len(raw.Frame) > 54 {
			if raw.Frame[34] != 40000>>8 || raw.Frame[35] != 40000&0xff {
				dir = 1
			}
			turns = append(turns, turn{dir: dir, text: string(raw.Frame[54:])})
		}
	}
	for _, size := range []int{1, 2, 7, 100} {
		o := unlocked(t, keys, frames(size, append(turns, closes...)...))
		expect(t, fmt.Sprintf("segments of %d", size), o.calls, read1(1), read1(2), read1(3))
	}
	// joined midway there is no hello, and so no key
	for from := 6; from < len(turns); from++ {
		c := conversation{now: clock.Time(1e18)}
		cfg := extract.Defaults()
		cfg.Secrets = store(keys)
		o := watch(t, newExtractor(t, cfg), c.turns(whole, append(turns[from:len(turns):len(turns)], closes...)...))
		if len(o.calls) != 0 || len(o.links) != 1 || o.links[0].Link.TLS.Opaque != "midway" || o.links[0].Loss&http.LossMidstream == 0 {
			t.Errorf("from %d: %d calls, %+v", from, len(o.calls), o.links)
		}
	}
	// the first bytes were lost behind a handshake that was seen
	lost := append([]turn{loses(0, turns[0].text)}, turns[1:]...)
	o := unlocked(t, keys, frames(whole, append(lost, closes...)...))
	if len(o.calls) != 0 || len(o.links) != 1 || o.links[0].Link.Protocol != "tls" {
		t.Errorf("without the hello: %d calls, %+v", len(o.calls), o.links)
	}
}

// TestNothingSealedIsSaid finds nothing of what TLS protects in what is told of it without keys.
func TestNothingSealedIsSaid(t *testing.T) {
	packets, _ := sealed(t, tls.VersionTLS13, plainTurns()...)
	o := watch(t, newExtractor(t, extract.Defaults()), packets)
	if s := fmt.Sprintf("%+v %+v", o.calls, o.links[0].Link); strings.Contains(s, "Patient") {
		t.Error(s)
	}
	for i := range packets {
		if bytes.Contains(packets[i].Frame, []byte("Patient")) {
			t.Fatal("the test does not encrypt")
		}
	}
}
