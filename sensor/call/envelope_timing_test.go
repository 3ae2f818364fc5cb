package call_test

import (
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
)

// envelopes are a body of each kind with its type.
func envelopes() map[string][2]string {
	return map[string][2]string{
		"soap": {"application/soap+xml", soap("<a:Action>urn:ihe:iti:2007:RegistryStoredQuery</a:Action>", storedQuery)},
		"hl7":  {"application/hl7-v2", adt},
		"dicom": {"multipart/related; type=application/dicom; boundary=B2", strings.Repeat("\r\n--B2\r\nContent-Type: application/dicom\r\n\r\n"+
			instance(true, "P7", "1.2.3.4"), 8) + "\r\n--B2--\r\n"},
	}
}

// TestEnvelope_Allocs holds that reading an envelope, again and again, costs no allocation of its own.
func TestEnvelope_Allocs(t *testing.T) {
	for name, e := range envelopes() {
		x := exchange("POST", "/x", 200, "Content-Type: "+e[0])
		b, ar, env, contentType, body := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Arena), new(call.Envelope), []byte(e[0]), []byte(e[1])
		cn := conn()
		cn.Envelope = env
		var c call.Call
		if n := testing.AllocsPerRun(500, func() {
			env.Reset()
			sc := env.Side(http.Request, contentType)
			sc.Scan(body)
			sc.Close(true)
			b.Build(&c, ar, x, cn, nil, nil)
		}); n > 0.1 {
			t.Errorf("%s: %.2f allocations", name, n)
		}
	}
}

func BenchmarkEnvelope(b *testing.B) {
	for name, e := range envelopes() {
		b.Run(name, func(b *testing.B) {
			x := exchange("POST", "/x", 200, "Content-Type: "+e[0])
			bl, ar, env, contentType, body := call.NewBuilder(call.Defaults(), new(call.Direct)), new(call.Arena), new(call.Envelope), []byte(e[0]), []byte(e[1])
			cn := conn()
			cn.Envelope = env
			var c call.Call
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for range b.N {
				env.Reset()
				sc := env.Side(http.Request, contentType)
				sc.Scan(body)
				sc.Close(true)
				bl.Build(&c, ar, x, cn, nil, nil)
			}
		})
	}
}
