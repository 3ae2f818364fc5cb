package ocsf_test

import (
	"testing"

	"auscult/pipeline/ocsf"
)

func BenchmarkAppend(b *testing.B) {
	a := full("bola_fanout")
	n := names(b, false)
	buf := ocsf.Append(nil, &a, n, meta)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = ocsf.Append(buf[:0], &a, n, meta)
	}
}
