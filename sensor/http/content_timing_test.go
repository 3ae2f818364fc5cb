package http

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// BenchmarkContent decodes a body of 20 kB that comes in segments.
func BenchmarkContent(b *testing.B) {
	text := clinical(20_000)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, br"} {
		b.Run(coding, func(b *testing.B) {
			wire := pack(b, text, strings.Split(coding, ", ")...)
			contents := NewContents(Defaults(), new(Stats))
			defer contents.Close()
			m := message(coding)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d, _, _ := contents.Open(m, nil)
				for rest := wire; len(rest) > 0; rest = rest[min(1460, len(rest)):] {
					d.Write(rest[:min(1460, len(rest))])
				}
				if !d.Close(true).Whole {
					b.Fatal("not whole")
				}
			}
		})
	}
}

// BenchmarkBuffered is the way not taken, to compare with: the body collected and decoded at its end.
func BenchmarkBuffered(b *testing.B) {
	text := clinical(20_000)
	wire := pack(b, text, "br")
	var body []byte
	var src bytes.Reader
	var z brotli.Reader
	out := make([]byte, 8<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		body = body[:0]
		for rest := wire; len(rest) > 0; rest = rest[min(1460, len(rest)):] {
			body = append(body, rest[:min(1460, len(rest))]...)
		}
		src.Reset(body)
		if err := z.Reset(&src); err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := z.Read(out); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSwitch is the cost of pushing one segment into a coroutine that only counts it.
func BenchmarkSwitch(b *testing.B) {
	contents := NewContents(Defaults(), new(Stats))
	defer contents.Close()
	d, _, _ := contents.Open(message("gzip, gzip"), nil)
	d.Write([]byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00")) // a file name follows, that need not end soon
	one := []byte("n")
	for b.Loop() {
		d.Write(one)
		if d.outcome != decoding {
			d.Close(false)
			d, _, _ = contents.Open(message("gzip, gzip"), nil)
			d.Write([]byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00"))
		}
	}
	d.Close(false)
}
