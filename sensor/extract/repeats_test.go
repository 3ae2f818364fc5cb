package extract_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
)

// repeated are bodies that come again: media type, codings, text.
var repeated = [][3]string{
	{"application/fhir+json", "", `{"resourceType":"Patient","id":"77","name":[{"family":"Nowak"}],"birthDate":"1970-01-02"}`},
	{"application/fhir+json", "gzip", zipped(`{"resourceType":"Observation","id":"o9","subject":{"reference":"Patient/78"},"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}}`)},
	{"application/fhir+json", "", zipped(`{"resourceType":"Patient","id":"79"}`)},
	{"application/json", "gzip, gzip", zipped(zipped(`[{"mrn":"MRN001","diagnosis":"E11.9"},{"mrn":"MRN002","role":"admin"}]`))},
	{"application/json", "gzip", zipped(`{"patientId":"80"}`)[:20]},
	{"application/json", "br", "no brotli"},
	{"application/json", "unknown", `{"patientId":"81"}`},
	{"text/x-notes", "", "PID|1||MRN003||NOWAK^ANA"},
	{"", "", `{"resourceType":"Patient","id":"82"}`},
	{"application/fhir+xml", "", `<Patient xmlns="http://hl7.org/fhir"><id value="83"/><birthDate value="1980-01-01"/></Patient>`},
	{"text/csv", "", "mrn,name\nMRN004,Ana\nMRN005,Bo\n"},
	{"application/octet-stream", "", zipped("mrn,name\nMRN006,Ana\n")},
	{"application/json", "", `[` + strings.Repeat(`{"patientId":"84"},`, 600) + `{}]`},
	{"application/json", "", `[` + strings.Repeat(`{"patientId":"85"},`, 15000) + `{}]`}, // longer than is held
	{"application/json", "", `{"patientId":"86"`},
	{"application/json", "", ""},
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// FuzzRepeats answers as the input says, four bytes for each answer, and finds the same calls and counts whether what
// bodies came to is remembered well, badly or not at all.
func FuzzRepeats(f *testing.F) {
	for i := range byte(len(repeated)) {
		var ops []byte
		for _, head := range []byte{i, i + 1, i + 2, 2, 4, 9, 11, 7} { // each text under its own head and under others
			for _, how := range []byte{0, 1, 0, 8, 0, 2, 4, 0, 16, 0} {
				ops = append(ops, i, head, how, 255)
			}
		}
		f.Add(ops)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		var turns []turn
		size, total := whole, 0
		for ; len(ops) >= 4 && total < 100<<10; ops = ops[4:] {
			body, b, how := repeated[int(ops[0])%len(repeated)][2], repeated[int(ops[1])%len(repeated)], ops[2]
			size = 100 + int(ops[3])*5
			total += 1<<10 + len(body)/32
			turns = append(turns, asks(fmt.Sprintf("GET /api/x/%d HTTP/1.1\r\nHost: ehr.test\r\n\r\n", how>>5)))
			status := [...]string{"200 OK", "206 Partial Content", "404 Not Found", "200 OK"}[how>>3&3]
			head := "HTTP/1.1 " + status + "\r\nContent-Type: " + b[0] + "\r\n"
			if b[1] != "" {
				head += "Content-Encoding: " + b[1] + "\r\n"
			}
			if how&1 != 0 {
				head += "Transfer-Encoding: chunked\r\n\r\n"
				if body != "" {
					body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
				}
				body += "0\r\n\r\n"
			} else {
				head += fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
			}
			turns = append(turns, answers(head))
			half := len(body) / 2
			turns = append(turns, turn{dir: 1, text: body[:half], lost: how&2 != 0})
			late := turn{dir: 1, text: body[half:]}
			if how&4 != 0 {
				late.wait = 11 * clock.Time(1e9)
			}
			turns = append(turns, late)
		}
		packets := frames(size, append(turns, closes...)...)
		var want outcome
		for i, bytes := range []int64{0, 1 << 16, extract.Defaults().Repeats} {
			cfg := extract.Defaults()
			cfg.Repeats = bytes
			got := watch(t, newExtractor(t, cfg), packets)
			if i == 0 {
				want = got
				continue
			}
			if len(got.calls) != len(want.calls) {
				t.Fatalf("remembering %d bytes: %d calls, want %d", bytes, len(got.calls), len(want.calls))
			}
			for i := range want.calls {
				differ(t, fmt.Sprintf("remembering %d bytes: call %d", bytes, i), got.calls[i], want.calls[i])
			}
			differ(t, fmt.Sprintf("remembering %d bytes: counts", bytes), got.stats, want.stats)
		}
	})
}

// differ names the fields of two structs that are not the same.
func differ(t *testing.T, what string, got, want any) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s is %+v, want %+v", what, g.Type().Field(i).Name, a, b)
		}
	}
}

// TestRepeats remembers a body from its second coming on, in little memory, and gives every buffer back.
func TestRepeats(t *testing.T) {
	body := func(i int) string {
		return fmt.Sprintf(`{"resourceType":"Bundle","entry":[%s{}]}`, strings.Repeat(fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"p%d"}},`, i), 20))
	}
	cfg := extract.Defaults()
	cfg.Repeats = 64 << 10
	e := newExtractor(t, cfg)
	c := conversation{now: clock.Time(1e18)}
	packets := []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, "")}
	read := func(i int) {
		packets = append(packets, c.turns(whole, asks("GET /fhir/Patient HTTP/1.1\r\nHost: ehr\r\n\r\n"), answers(carried("HTTP/1.1 200 OK", "application/fhir+json", body(i))))...)
		for i := range packets {
			e.Packet(&packets[i])
		}
		packets = packets[:0]
	}
	for i, want := range []int{0, 1, 1, 1} {
		if read(0); e.Remembered() != want || e.Held() != 0 {
			t.Fatalf("after %d answers %d are remembered, %d bytes are held", i+1, e.Remembered(), e.Held())
		}
	}
	for i := range 4000 {
		read(i / 2)
	}
	if n := e.Remembered(); n < 50 || n > 200 {
		t.Errorf("%d bodies in 64 KiB", n)
	}
	calls := e.Take(nil)
	if len(calls) != 4004 {
		t.Fatalf("%d calls", len(calls))
	}
	for i := range calls {
		if id := calls[i].Objects[len(calls[i].Objects)-1].ID; id != fmt.Sprintf("p%d", max(0, i-4)/2) {
			t.Fatalf("call %d shows %s", i, id)
		}
	}
}
