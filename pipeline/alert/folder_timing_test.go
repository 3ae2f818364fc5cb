package alert_test

import (
	"testing"

	"auscult/detectors"
	"auscult/pipeline/alert"
)

func BenchmarkFold(b *testing.B) {
	f := alert.NewFolder(alert.Defaults())
	s := []detectors.Signal{signal(1, "x", 1, 5, 3)}
	var dst []alert.Alert
	b.ReportAllocs()
	for b.Loop() {
		dst = f.Fold(dst[:0], s)
	}
}
