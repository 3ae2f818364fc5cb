package ecs_test

import (
	"testing"

	"auscult/internal/shared"
	"auscult/pipeline/ecs"
	"auscult/pipeline/ocsf"
)

// BenchmarkTranslate reads golden alerts and writes them.
func BenchmarkTranslate(b *testing.B) {
	lines := shared.Alerts(b)
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	b.SetBytes(int64(size / len(lines)))
	var buf []byte
	for i := 0; b.Loop(); i++ {
		f, err := ocsf.Read(lines[i%len(lines)])
		if err != nil {
			b.Fatal(err)
		}
		buf = ecs.Append(buf[:0], f)
	}
}
