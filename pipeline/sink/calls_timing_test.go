package sink_test

import (
	"fmt"
	"io"
	"testing"

	"auscult/pipeline/sink"
)

func BenchmarkCallLog(b *testing.B) {
	for _, reveal := range []bool{false, true} {
		b.Run(fmt.Sprintf("reveal=%v", reveal), func(b *testing.B) {
			l := sink.NewCallLog(io.Discard, "discard", names(b, reveal), 0)
			c := oneCall(0)
			buf := l.Append(nil, &c)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = l.Append(buf[:0], &c)
			}
		})
	}
}
