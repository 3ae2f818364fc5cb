package outbox

import "testing"

// BenchmarkAppend is what one alert costs when a hundred come at once, and when each comes alone, with its fsync.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(map[int]string{1: "alone", 100: "hundred"}[n], func(b *testing.B) {
			cfg := Defaults()
			cfg.Dir = b.TempDir()
			l := must(Open(cfg))
			defer l.Close()
			c := must(l.Cursor("a"))
			batch := records(0, n)
			for i := range batch {
				batch[i].Body = append(batch[i].Body, make([]byte, 5000)...)
			}
			b.SetBytes(int64(batch[0].frameSize()))
			b.ResetTimer()
			for i := 0; i < b.N; i += n {
				if err := l.Append(batch); err != nil {
					b.Fatal(err)
				}
				c.Commit(must(c.Next(nil, n, 1<<30)))
			}
		})
	}
}
