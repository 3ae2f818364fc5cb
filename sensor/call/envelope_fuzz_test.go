package call_test

import (
	"reflect"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
)

// FuzzEnvelope holds that what an envelope says does not depend on how its bytes were cut, nor on what it held before.
func FuzzEnvelope(f *testing.F) {
	types := []string{"application/soap+xml", "text/xml", "application/hl7-v2", "text/plain", "application/dicom",
		`multipart/related; boundary="B1"; type="application/xop+xml"`, "multipart/related; type=application/dicom"}
	f.Add(byte(0), soap("<a:Action>urn:x:Query</a:Action>", storedQuery), byte(3))
	f.Add(byte(2), adt, byte(1))
	f.Add(byte(3), adt, byte(1))
	f.Add(byte(4), instance(true, "P7", "1.2.3"), byte(5))
	f.Add(byte(5), "--B1\r\n\r\n"+soap("", storedQuery)+"\r\n--B1\r\n\r\nx\r\n--B1--", byte(2))
	f.Add(byte(6), "\r\n--B2\r\na: b\r\n\r\n"+instance(false, "P7", "1.2.3")+"\r\n--B2\r\n--B2--", byte(7))
	f.Fuzz(func(t *testing.T, kind byte, body string, cut byte) {
		contentType := types[int(kind)%len(types)]
		x := exchange("POST", "/x", 200, "Content-Type: "+contentType, "<Content-Type: "+contentType)
		b := call.NewBuilder(call.Defaults(), new(call.Direct))
		env := new(call.Envelope)
		tell := func(n int) call.Call {
			for s := range 2 {
				if sc := env.Side(http.Side(s), []byte(contentType)); sc != nil {
					pieces(body, n, sc.Scan)
					sc.Close(true)
				}
			}
			cn := conn()
			cn.Envelope = env
			var again, c call.Call
			b.Build(&c, new(call.Arena), x, cn, nil, nil)
			if b.Build(&again, new(call.Arena), x, cn, nil, nil); !reflect.DeepEqual(again, c) {
				t.Fatalf("%+v, then %+v", c, again)
			}
			return c
		}
		want := tell(len(body) + 1)
		if got := tell(int(cut) + 1); !reflect.DeepEqual(got, want) {
			t.Fatalf("in pieces of %d: %+v\nwhole: %+v", int(cut)+1, got, want)
		}
		if len(want.Objects) > 256+32 || len(want.Route) > 80 || want.Route[0] != '/' {
			t.Fatalf("%+v", want)
		}
	})
}

// TestEnvelope_Bounds holds that a body of any size costs no more than the bounds, and that nothing is left of it.
func TestEnvelope_Bounds(t *testing.T) {
	body := adt + strings.Repeat("PID|1||1^^^H~2~3\r", 100000)
	c := enveloped(exchange("POST", "/hl7", 200, "Content-Type: application/hl7-v2"), body, "", 1000)
	if len(c.Objects) > 256 {
		t.Errorf("%d objects", len(c.Objects))
	}
	stats := func(body string) call.Stats {
		env := new(call.Envelope)
		env.Side(http.Request, []byte("application/hl7-v2")).Scan([]byte(body))
		cn, b := conn(), call.NewBuilder(call.Defaults(), new(call.Direct))
		cn.Envelope = env
		b.Build(&c, new(call.Arena), exchange("POST", "/hl7", 200), cn, nil, nil)
		return b.Stats
	}
	if s := stats(body); s.Envelopes != 1 || s.EnvelopeIDs == 0 {
		t.Errorf("%+v of a body past the bounds", s)
	}
	if s := stats(adt); s.Envelopes != 0 || s.EnvelopeIDs != 0 {
		t.Errorf("%+v of a body within the bounds", s)
	}
	env := new(call.Envelope)
	sc := env.Side(http.Request, []byte("application/hl7-v2"))
	piece := []byte(body[:1000])
	sc.Scan([]byte(body))
	if n := testing.AllocsPerRun(100, func() { sc.Scan(piece) }); n != 0 {
		t.Errorf("%.0f allocations a piece past the bound", n)
	}
	env.Reset()
	cn := conn()
	cn.Envelope = env
	call.NewBuilder(call.Defaults(), new(call.Direct)).Build(&c, new(call.Arena), exchange("POST", "/hl7", 200), cn, nil, nil)
	if len(c.Objects) != 0 || c.Route != "/hl7" {
		t.Errorf("%s %s after a reset", c.Route, objects(c))
	}
}
