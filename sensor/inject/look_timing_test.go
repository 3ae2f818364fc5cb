package inject_test

import (
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/sensor/inject"
)

var honest = [...]string{"Smith", "O'Brien", "2024-05-01T10:00:00Z", "c0ffee00-1234-4abc-9def-001122334455", "http://loinc.org|8867-4", "BP 120/80 -- stable; r/o MI & DVT",
	`{"use":"official","family":"O'Neil"}`, "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Seen in clinic; stable.</p></div>", "active", "12345678"}

func TestLookAllocs(t *testing.T) {
	r := inject.New()
	for _, v := range append(honest[:], "${jndi:ldap://x}", "../../etc/passwd", "<script>alert(1)</script>", "http://[::ffff:127.0.0.1]/", "1 UNION SELECT 1,2", "; cat /etc/passwd") {
		b := []byte(v)
		if n := testing.AllocsPerRun(100, func() { r.Look(b) }); n > 0 {
			t.Errorf("%q: %v allocations", v, n)
		}
	}
}

// TestLookBounded has values in which a reader that looks back would take time by the square. Of more than 2 kB no more
// is looked at closely.
func TestLookBounded(t *testing.T) {
	r := inject.New()
	least := func(piece string, n int) time.Duration {
		v, best := []byte(strings.Repeat(piece, n/len(piece))), time.Hour
		for range 7 {
			best = min(best, shared.Spent(func() { r.Look(v) }))
		}
		return best
	}
	plain := least(" ", 16384) // every byte is seen, none looked at closely
	for _, piece := range []string{"'", "\"", "${", "/*", "&&", "or 1=", "$(", "..", "<a ", "%25", "(", ")", "*)", "select (", "union ", "case when (", "<!entity", "`", ";", "&#", "\\u", "http://", "-- ", "#\n", "{{", "or '", "' and (", "\n", "\n ", "\r\n", " ", ";\n", "[[$", "${jndi", "<!doctype", "\\", "&&\n", "a@", "' or ", "sleep(", "<x on", "alert(", "${lower:", "char(65)+", "receive_message("} {
		short, fits, long := least(piece, 256), least(piece, 2048), least(piece, 16384)
		if fits > 20*short+50*time.Microsecond { // 8 times as long; the square is 64
			t.Errorf("%q: %v for 256 bytes, %v for 2 kB", piece, short, fits)
		}
		if long > 3*fits+2*plain+50*time.Microsecond {
			t.Errorf("%q: %v for 2 kB, %v for 16 kB", piece, fits, long)
		}
	}
}

func BenchmarkLook(b *testing.B) {
	r := inject.New()
	for _, v := range honest {
		b.Run(v[:min(12, len(v))], func(b *testing.B) {
			v := []byte(v)
			b.SetBytes(int64(len(v)))
			b.ReportAllocs()
			for b.Loop() {
				r.Look(v)
			}
		})
	}
	note := []byte(strings.Repeat("Pt's BP 120/80; c/o pain (R>L) & N/V, family aware -- stable. ", 40))
	b.Run("note", func(b *testing.B) {
		b.SetBytes(int64(len(note)))
		b.ReportAllocs()
		for b.Loop() {
			r.Look(note)
		}
	})
}
