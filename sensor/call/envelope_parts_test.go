package call_test

import (
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
)

// TestEnvelope_Running holds that a long retrieval, told in parts, delivers each instance once and counts all so far.
func TestEnvelope_Running(t *testing.T) {
	contentType := "multipart/related; type=application/dicom; boundary=B2"
	part := func(patient, uid string) []byte {
		return []byte("\r\n--B2\r\nContent-Type: application/dicom\r\n\r\n" + instance(true, patient, uid) + "\r\n--B2")
	}
	x := exchange("GET", "/dicom-web/studies/1.2.840.5", 200, "<Content-Type: "+contentType)
	b, env := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Envelope)
	sc := env.Side(http.Response, []byte(contentType))
	cn := conn()
	cn.Envelope, cn.Running = env, true
	tell := func(delivered, people, records int) {
		t.Helper()
		var c call.Call
		b.Build(&c, new(call.Arena), x, cn, nil, nil)
		if len(c.Delivered) != delivered || c.PHI.People != people || c.PHI.Records != records {
			t.Errorf("%d delivered, %+v; want %d, %d, %d", len(c.Delivered), c.PHI, delivered, people, records)
		}
	}
	sc.Scan(part("P7", "1.2.1"))
	tell(3, 1, 1)
	tell(0, 1, 1)
	sc.Scan(part("P8", "1.2.2")[6:])
	cn.Running = false
	sc.Close(true)
	tell(2, 2, 2)
}
