package pseudonym_test

import (
	"strconv"
	"testing"

	"auscult/sensor/pseudonym"
)

func BenchmarkKeyer(b *testing.B) {
	for _, distinct := range []int{100, 1_000_000} {
		b.Run(strconv.Itoa(distinct), func(b *testing.B) {
			k := keyer(b, 1)
			ids := make([]string, distinct)
			for i := range ids {
				ids[i] = "patient-" + strconv.Itoa(i)
			}
			buf := make([]byte, 0, 64)
			b.SetBytes(int64(len(ids[0])))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				buf = k.Append(buf[:0], pseudonym.Object, ids[i%distinct])
			}
		})
	}
}
