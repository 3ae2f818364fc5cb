package extract_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// hostile is what strangers would send to keep a sensor busy, each about size bytes: what the client says, then
// what the server says.
func hostile(size int) map[string][2]string {
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)+1)[:size] }
	ask := "GET /fhir/Patient HTTP/1.1\r\nHost: h\r\n\r\n"
	answer := func(typ, body string) [2]string {
		return [2]string{ask, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", typ, len(body), body)}
	}
	post := func(typ, body string) [2]string {
		return [2]string{fmt.Sprintf("POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", typ, len(body), body), ""}
	}
	upgrade := [2]string{
		"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s\r\n",
	}
	socket := func(extensions, frames string) [2]string {
		return [2]string{upgrade[0], fmt.Sprintf(upgrade[1], extensions) + frames}
	}
	text := func(s string, op byte) string {
		if len(s) < 126 {
			return string([]byte{op, byte(len(s))}) + s
		}
		return string(binary.BigEndian.AppendUint16([]byte{op, 126}, uint16(len(s)))) + s
	}
	var squeezed bytes.Buffer
	z, _ := flate.NewWriter(&squeezed, flate.BestCompression)
	z.Write([]byte(`{"a":1}`))
	z.Flush()
	tiny := text(strings.TrimSuffix(squeezed.String(), "\x00\x00\xff\xff"), 0xc1)
	record := func(typ byte, body string) string {
		return string(binary.BigEndian.AppendUint16([]byte{typ, 3, 3}, uint16(len(body)))) + body
	}
	return map[string][2]string{
		"json: nesting":           answer("application/json", fill("[")),
		"json: objects":           answer("application/json", fill(`{"a":`)),
		"json: keys":              answer("application/json", fill(`{"id":"1","patient":"2","mrn":"3","name":"x"},`)),
		"json: escapes":           answer("application/json", `"`+fill(`\u0041`)),
		"json: identifiers":       answer("application/json", fill(`{"resourceType":"Patient","id":"123","identifier":[{"value":"4"}]},`)),
		"ndjson: empty":           answer("application/x-ndjson", fill("{}\n")),
		"xml: nesting":            answer("application/xml", fill("<a>")),
		"xml: attributes":         answer("application/fhir+xml", "<Patient "+fill(`a="b" `)),
		"xml: references":         answer("application/xml", "<a>"+fill("&#65;")),
		"xml: comments":           answer("application/xml", "<a>"+fill("<!---->")),
		"soap: action":            post("application/soap+xml", "<s:Envelope><s:Header>"+fill("<wsa:Action>")),
		"hl7: delimiters":         post("application/hl7-v2", "MSH|^~\\&|\rPID|"+fill("^~&")),
		"hl7: segments":           post("application/hl7-v2", "MSH|^~\\&|\r"+fill("PID|1||2\r")),
		"csv: cells":              answer("text/csv", "mrn,name\n"+fill(`"",`)),
		"csv: rows":               answer("text/csv", "mrn,name\n"+fill("1,2\n")),
		"form: pairs":             post("application/x-www-form-urlencoded", fill("a=%41&")),
		"graphql: aliases":        post("application/json", `{"query":"{`+fill("a:patient(id:1){id} ")),
		"multipart: boundaries":   answer("multipart/related; boundary=b", fill("\r\n--b\r\n")),
		"multipart: near misses":  answer("multipart/related; boundary=bbbbbbbb", fill("\r\n--bbbbbbb")),
		"dicom: parts":            answer(`multipart/related; type="application/dicom"; boundary=b`, fill("\r\n--b\r\nContent-Type: application/dicom\r\n\r\n")),
		"events: empty lines":     answer("text/event-stream", fill("data:\n")),
		"events: blank":           answer("text/event-stream", fill("\n")),
		"events: comments":        answer("text/event-stream", fill(":\n")),
		"chunks of a byte":        {ask, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + fill("1\r\n[\r\n")},
		"websocket: empty frames": socket("", fill("\x81\x00")),
		"websocket: fragments":    socket("", "\x01\x00"+fill("\x00\x01[")),
		"websocket: pings":        socket("", fill("\x89\x00")),
		"websocket: deflated":     socket("Sec-WebSocket-Extensions: permessage-deflate\r\n", fill(tiny)),
		"mllp: starts":            {fill("\x0bMSH|"), ""},
		"mllp: messages":          {fill("\x0bMSH|^~\\&|A|B|C|D|||ADT^A01|1\r\x1c\r"), ""},
		"mllp: one segment":       {"\x0bMSH|^~\\&|A|B|C|D|||ADT^A01|1\rPID|" + fill("1~"), ""},
		"tls: records of a byte":  {record(22, "\x01\x00\xff\xff") + fill(record(22, "\x00")), ""},
		"tls: empty records":      {record(22, "\x01\x00\xff\xff") + fill(record(23, "")), ""},
		"http2: settings":         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + fill("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), ""},
		"http2: continuations":    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x01\x00\x00\x00\x00\x01" + fill("\x00\x00\x00\x09\x00\x00\x00\x00\x01"), ""},
	}
}

// ordinary is as many bytes of ordinary exchanges.
func ordinary(size int) [2]string {
	body := `{"resourceType":"Patient","id":"1234","name":[{"family":"Nowak","given":["Ana"]}],"birthDate":"1970-01-02"}`
	var both [2]string
	for len(both[0])+len(both[1]) < size {
		both[0] += "GET /fhir/Patient/1234 HTTP/1.1\r\nHost: ehr.example\r\nAuthorization: Bearer opaque-token-1\r\n\r\n"
		both[1] += fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return both
}

// spent is the least time that reading both streams of a connection took, in segments of segment bytes.
func spent(t *testing.T, both [2]string, segment int) time.Duration {
	t.Helper()
	conv := &conversation{now: clock.Time(1e18)}
	frames := []packet.Raw{conv.frame(0, syn, ""), conv.frame(1, syn|ack, "")}
	for dir := range both {
		for rest := both[dir]; len(rest) > 0; {
			n := min(segment, len(rest))
			frames = append(frames, conv.frame(dir, ack, rest[:n]))
			rest = rest[n:]
		}
	}
	least := time.Hour
	for range 3 {
		least = min(least, shared.Spent(func() {
			e := extract.New(extract.Defaults(), call.Defaults(), nil, 0, 1, 1<<20)
			for i := range frames {
				e.Packet(&frames[i])
			}
			e.Close(conv.now)
		}))
	}
	return least
}

// TestLinear holds whatever can travel to a cost that grows with its size, and to a multiple of what ordinary
// traffic of the same size costs: nobody can slow the sensor down by what he sends.
func TestLinear(t *testing.T) {
	size, most := 1<<20, 60.0
	if testing.Short() {
		size = 1 << 18
	}
	// Machines are busy, and small times are noise: a bound is broken only if it is broken again and again, with both
	// sides of it measured anew.
	exceeds := func(times float64, slack time.Duration, usual, both [2]string) (than, took time.Duration, ok bool) {
		for range 5 {
			than, took = spent(t, usual, 1460), spent(t, both, 1460)
			if took <= time.Duration(times*float64(than))+slack {
				return than, took, true
			}
		}
		return than, took, false
	}
	small, plain := hostile(size/4), ordinary(size)
	for name, both := range hostile(size) {
		usual, took, ok := exceeds(most, 0, plain, both)
		t.Logf("%-24s %6.1f ns a byte, %5.1f times the usual", name, float64(took)/float64(size), float64(took)/float64(usual))
		if !ok {
			t.Errorf("%s: %v for %d bytes, ordinary traffic takes %v", name, took, size, usual)
		}
		if quarter, took, ok := exceeds(12, 20*time.Millisecond, small[name], both); !ok {
			t.Errorf("%s: %v for %d bytes, %v for a quarter of them", name, took, size, quarter)
		}
	}
}
