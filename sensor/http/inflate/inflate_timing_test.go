package inflate_test

import (
	"bytes"
	stdlib "compress/flate"
	"fmt"
	"io"
	"testing"

	"github.com/klauspost/compress/flate"

	"auscult/sensor/http/inflate"
)

func each(b *testing.B, f func(b *testing.B, wire []byte)) {
	for _, kilo := range []int{1, 4, 50, 200} {
		for _, level := range []int{1, 6, 9} {
			text := bundle(kilo << 10)
			wire := deflate(b, level, text)
			b.Run(fmt.Sprintf("%dkB/level%d", kilo, level), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				f(b, wire)
			})
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	each(b, func(b *testing.B, wire []byte) {
		d := new(inflate.Decoder)
		for b.Loop() {
			d.Reset()
			rest, s := wire, inflate.Full
			for s == inflate.Full {
				var n int
				_, n, s = d.Decode(rest)
				rest = rest[n:]
			}
			if s != inflate.End {
				b.Fatal(s)
			}
		}
	})
}

func read(b *testing.B, wire []byte, z io.Reader, reset func(io.Reader)) {
	src := bytes.NewReader(wire)
	out := make([]byte, 8<<10)
	for b.Loop() {
		src.Reset(wire)
		reset(src)
		for {
			if _, err := z.Read(out); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkKlauspost(b *testing.B) {
	each(b, func(b *testing.B, wire []byte) {
		z := flate.NewReader(nil)
		read(b, wire, z, func(r io.Reader) { z.(flate.Resetter).Reset(r, nil) })
	})
}

func BenchmarkStdlib(b *testing.B) {
	each(b, func(b *testing.B, wire []byte) {
		z := stdlib.NewReader(nil)
		read(b, wire, z, func(r io.Reader) { z.(stdlib.Resetter).Reset(r, nil) })
	})
}
