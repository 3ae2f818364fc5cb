package inflate_test

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"testing"

	"auscult/sensor/http/inflate"
)

func deflate(t testing.TB, level int, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(text)
	w.Close()
	return b.Bytes()
}

// decode reads wire in pieces that cut gives the sizes of.
func decode(d *inflate.Decoder, wire []byte, cut func() int) (text []byte, n int, s inflate.Status) {
	for {
		k := min(cut(), len(wire)-n)
		piece := bytes.Clone(wire[n : n+k])
		for {
			out, read, status := d.Decode(piece)
			text = append(text, out...)
			n += read
			piece = piece[read:]
			s = status
			if s != inflate.Full {
				break
			}
		}
		if s != inflate.More || n == len(wire) {
			return text, n, s
		}
	}
}

// reference is what compress/flate makes of wire.
func reference(wire []byte) (text []byte, n int, s inflate.Status) {
	src := bytes.NewReader(wire)
	text, err := io.ReadAll(flate.NewReader(src))
	switch err {
	case nil:
		s = inflate.End
	case io.ErrUnexpectedEOF:
		s = inflate.More
	default:
		s = inflate.Corrupt
	}
	return text, len(wire) - src.Len(), s
}

func same(t *testing.T, d *inflate.Decoder, wire []byte, cut func() int) {
	t.Helper()
	d.Reset()
	text, n, s := decode(d, wire, cut)
	want, m, status := reference(wire)
	if s != status || !bytes.Equal(text, want) {
		t.Fatalf("%d bytes, status %d; want %d, status %d", len(text), s, len(want), status)
	}
	if s == inflate.End && n != m {
		t.Fatalf("read %d bytes, want %d", n, m)
	}
}

func pieces(seed uint64) func() int {
	r := rand.New(rand.NewPCG(seed, 1))
	most := 1 << r.IntN(16)
	return func() int { return 1 + r.IntN(most) }
}

func FuzzDecoder(f *testing.F) {
	text := bytes.Repeat([]byte(`{"resourceType":"Patient","id":"123"},`), 2000)
	for level := -2; level <= 9; level++ {
		f.Add(deflate(f, level, text[:1000]), uint64(level), uint16(0), byte(0))
		f.Add(deflate(f, level, text), uint64(level), uint16(10+level), byte(1))
	}
	d := new(inflate.Decoder)
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64, at uint16, flip byte) {
		wire = bytes.Clone(wire)
		if int(at) < len(wire) {
			wire[at] ^= flip
		}
		same(t, d, wire, pieces(seed))
	})
}
