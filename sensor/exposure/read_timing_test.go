package exposure_test

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/exposure"
)

// bundle is 8 kB of FHIR.
func bundle() []byte {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"searchset","total":40,"entry":[`)
	for i := 0; b.Len() < 8192; i++ {
		fmt.Fprintf(&b, `{"fullUrl":"http://fhir.example/fhir/Patient/%d","resource":{"resourceType":"Patient","id":"%d","meta":{"versionId":"1","lastUpdated":"2026-02-03T04:05:06.789+00:00","source":"#a%x"},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Asha Rao, seen at the clinic</div>"},"identifier":[{"system":"http://hospital.example/mrn","value":"MRN%07d"}],"name":[{"use":"official","family":"Rao","given":["Asha"]}],"gender":"female","birthDate":"1980-01-%02d"}},`, i, i, i*7919, i*31, i%28+1)
	}
	return []byte(b.String()[:8192])
}

func TestRead_Allocs(t *testing.T) {
	for _, body := range [][]byte{bundle(), []byte(strings.Repeat("java.lang.NullPointerException ", 200))} {
		if n := testing.AllocsPerRun(100, func() { exposure.Read(500, "application/json", body) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name string
		body []byte
	}{{"FHIR", bundle()}, {"Trace", []byte(strings.Repeat("\tat org.example.Api.get(Api.java:41)\n", 221))}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				exposure.Read(200, "application/fhir+json", c.body)
			}
		})
	}
}
