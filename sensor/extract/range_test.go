package extract_test

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// TestRanges: what a partial answer holds counts, in one piece or in several (RFC 9110 sections 14 and 15.3.7).
func TestRanges(t *testing.T) {
	patient := func(id int) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":"%d","name":[{"family":"Nowak"}],"birthDate":"1970-01-02"}`, id)
	}
	several := ""
	for id := range 3 {
		several += fmt.Sprintf("\r\n--sep\r\nContent-Type: application/fhir+json\r\nContent-Range: bytes %d-%d/9000\r\n\r\n%s", 200*id, 200*id+99, patient(41+id))
	}
	several += "\r\n--sep--\r\n"
	for _, c := range []struct {
		typ, field, body string
		people           int
	}{
		{"application/fhir+ndjson", "Content-Range: bytes 100-299/9000\r\n", `rest of a line"}` + "\n" + patient(7) + "\n" + `{"resourceType":"Pat`, 1},
		{"multipart/byteranges; boundary=sep", "", several, 3},
		{"application/fhir+json", "Content-Range: bytes 1-99/100\r\n", patient(8)[1:], 1},
		{"application/fhir+json", "Content-Range: bytes 3-99/100\r\n", patient(8)[3:], 1},
		{"application/fhir+xml", "Content-Range: bytes 9-99/100\r\n", `d value="x"/><Patient><id value="9"/><name><family value="Nowak"/></name></Patient></Bundle>`, 1},
	} {
		conv := &conversation{now: clock.Time(1e18)}
		e := extract.New(extract.Defaults(), call.Defaults(), nil, 0, 1, 1<<20)
		for _, raw := range []packet.Raw{
			conv.frame(0, syn, ""), conv.frame(1, syn|ack, ""),
			conv.frame(0, ack, "GET /export/patients.ndjson HTTP/1.1\r\nHost: ehr\r\nRange: bytes=100-299\r\n\r\n"),
			conv.frame(1, ack, fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s", c.typ, c.field, len(c.body), c.body)),
		} {
			e.Packet(&raw)
		}
		calls := e.Take(nil)
		if len(calls) != 1 || calls[0].Status != 206 || calls[0].PHI.People != c.people || calls[0].RespDec != int64(len(c.body)) {
			t.Errorf("%s: %d calls, status %d, %+v, %d bytes, %d delivered", c.typ, len(calls), calls[0].Status, calls[0].PHI, calls[0].RespDec, len(calls[0].Delivered))
		}
	}
}
