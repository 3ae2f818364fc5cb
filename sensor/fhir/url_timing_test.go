package fhir_test

import (
	"testing"

	"auscult/sensor/fhir"
)

const timed = "/fhir/R4/Patient/b9caa87a-6f0f-4a62-88d5-c08317bf8ed2/Observation"

func TestParseURL_Allocs(t *testing.T) {
	segs := segments(timed)
	var u fhir.URL
	if n := testing.AllocsPerRun(100, func() {
		fhir.ParseURL(&u, segs)
		fhir.DICOM(segs)
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkParseURL(b *testing.B) {
	segs := segments(timed)
	b.SetBytes(int64(len(timed)))
	b.ReportAllocs()
	var u fhir.URL
	for range b.N {
		fhir.ParseURL(&u, segs)
	}
}
