package detectors

import "testing"

// TestIdent_Allocations holds that reading and learning identifiers costs no memory, however they are written.
func TestIdent_Allocations(t *testing.T) {
	var ids []string
	for _, c := range coders {
		ids = append(ids, c.code(1231))
	}
	var f form
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		s := ids[i%len(ids)]
		f.learn(s)
		if id := parseIdent(s, alphabet(i%int(inHashids+1))); id.ok {
			sink += id.value
		}
		i++
	}); n != 0 {
		t.Errorf("%.2f allocations an identifier", n)
	}
}

var sink uint64

func BenchmarkIdent(b *testing.B) {
	for _, c := range coders {
		b.Run(c.name, func(b *testing.B) {
			s := c.code(1231)
			var f form
			f.learn(s)
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				sink += parseIdent(s, f.reading).value
			}
		})
	}
}
