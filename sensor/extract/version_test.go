package extract_test

import (
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// TestVersions: no request line makes HTTP look like what has no version, which is how MLLP is known.
func TestVersions(t *testing.T) {
	for line, want := range map[string]int{
		"MLLP ADT^A01 HTTP/0.0": 9, "GET / HTTP/0.00": 9, "GET / HTTP/0.9": 9, "GET / HTTP/1.0": 10, "GET / HTTP/1.1": 11, "GET / HTTP/0": 9,
	} {
		conv := &conversation{now: clock.Time(1e18)}
		e := extract.New(extract.Defaults(), call.Defaults(), nil, 0, 1, 1<<20)
		for _, raw := range []packet.Raw{
			conv.frame(0, syn, ""), conv.frame(1, syn|ack, ""), conv.frame(0, ack, line+"\r\nHost: ehr\r\n\r\n"),
			conv.frame(1, ack, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		} {
			e.Packet(&raw)
		}
		e.Close(conv.now)
		calls := e.Take(nil)
		if len(calls) != 1 || calls[0].Kind != call.HTTP || int(calls[0].Version) != want || calls[0].Principal.Kind == call.Custom {
			t.Errorf("%s: %d calls, %+v", line, len(calls), calls)
		}
	}
}
