package extract_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		extract.New(extract.Defaults(), call.Defaults(), nil, 0, 1, 1)
	}
}

// BenchmarkCalls is one exchange of two packets, from frames to the call, for three kinds of path.
func BenchmarkCalls(b *testing.B) {
	for _, c := range []struct{ name, target string }{
		{"search", "/fhir/Observation?patient=%d"}, {"read", "/fhir/Patient/%d"}, {"record", "/api/v2/patients/%d/summary"},
	} {
		b.Run(c.name, func(b *testing.B) {
			conv, frames := begin()
			body := `{"resourceType":"Patient","id":"1234","name":[{"family":"Nowak"}],"birthDate":"1970-01-02"}`
			for i := range 512 {
				request := "GET " + fmt.Sprintf(c.target, 1000+i) + " HTTP/1.1\r\nHost: ehr.example\r\n" +
					"Authorization: Bearer opaque-token-1\r\nUser-Agent: app/1.0\r\n\r\n"
				response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				frames = append(frames, conv.frame(0, ack, request), conv.frame(1, ack, response))
			}
			again(b, frames, 2)
		})
	}
}

// BenchmarkBody is the packets of one response that never ends.
func BenchmarkBody(b *testing.B) {
	conv, frames := begin()
	frames = append(frames,
		conv.frame(0, ack, "GET /fhir/Patient HTTP/1.1\r\nHost: ehr\r\n\r\n"),
		conv.frame(1, ack, "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000000\r\n\r\n[\""))
	payload := strings.Repeat(`","resourceType":"Patient","name":[{"family":"Nowak","given":["Ana"]}],"birthDate":"1970-01-02","x":"`, 14)
	for range 4096 {
		frames = append(frames, conv.frame(1, ack, payload))
	}
	again(b, frames, 1)
}

// begin is a conversation and its handshake.
func begin() (*conversation, []packet.Raw) {
	c := &conversation{now: clock.Time(1e18)}
	return c, []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, "")}
}

// again gives frames to one extractor after another, and counts one operation for every per of them.
func again(b *testing.B, frames []packet.Raw, per int) {
	size := 0
	for i := range frames {
		size += len(frames[i].Frame)
	}
	memo := newMemo(b, extract.Defaults())
	spare := make([]call.Call, 0, len(frames))
	b.SetBytes(int64(size * per / len(frames)))
	b.ReportAllocs()
	var e *extract.Extractor
	for i := range b.N {
		if i*per%len(frames) == 0 {
			b.StopTimer()
			e = extract.New(extract.Defaults(), call.Defaults(), memo, 0, 1, 1<<20)
			e.Take(spare)
			b.StartTimer()
		}
		for j := range per {
			e.Packet(&frames[(i*per+j)%len(frames)])
		}
	}
}
