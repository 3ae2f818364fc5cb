package inflate_test

import (
	"bytes"
	stdlib "compress/gzip"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"

	"auscult/sensor/http/inflate"
)

// member is text as a gzip file with all parts of a header that h names.
func member(t testing.TB, text []byte, h stdlib.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := stdlib.NewWriter(&b)
	w.Header = h
	w.Write(text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// members are files of members as they may come, whole.
func members(t testing.TB) [][]byte {
	plain := member(t, bundle(3000), stdlib.Header{})
	full := member(t, bundle(500), stdlib.Header{Name: "é.json", Comment: "c", Extra: []byte("xyz")})
	summed := slices.Concat([]byte{0x1f, 0x8b, 8, 1 << 1, 0, 0, 0, 0, 0, 0xff, 0x45, 0xf1}, plain[10:])
	wrong := bytes.Clone(summed)
	wrong[10]++
	odd := bytes.Clone(plain)
	odd[3] = 1 << 6
	fits := member(t, nil, stdlib.Header{Name: string(bytes.Repeat([]byte("n"), 511))})
	long := member(t, nil, stdlib.Header{Comment: string(bytes.Repeat([]byte("n"), 512))})
	return [][]byte{nil, plain, full, summed, wrong, odd, fits, long, slices.Concat(full, fits, plain, summed),
		append(bytes.Clone(plain), "garbage behind"...), append(bytes.Clone(plain), 0x1f), []byte("no gzip at all")}
}

// sameGzip has wire read as the gzip package does.
func sameGzip(t *testing.T, g *inflate.Gzip, wire []byte, cut func() int) {
	t.Helper()
	g.Reset()
	var text []byte
	n, s := 0, inflate.More
	for n < len(wire) && (s == inflate.More || s == inflate.Full) {
		piece := bytes.Clone(wire[n:min(len(wire), n+cut())])
		for s = inflate.Full; s == inflate.Full; {
			out, k, status := g.Decode(piece)
			text = append(text, out...)
			piece, n, s = piece[k:], n+k, status
		}
	}
	want, err := readAll(stdlib.NewReader(bytes.NewReader(wire)))
	if _, strict := readAll(gzip.NewReader(bytes.NewReader(wire))); strict == gzip.ErrHeader {
		want, err = want[:0], strict // it refuses the reserved flags, as RFC 1952 section 2.3.1.2 has it
		text = text[:0]
	}
	status := inflate.Corrupt
	switch err {
	case nil, io.EOF, io.ErrUnexpectedEOF:
		status = inflate.More
	case stdlib.ErrHeader:
		status = inflate.NotGzip
	case stdlib.ErrChecksum:
		status = inflate.Mismatch
	}
	whole := err == nil || err == io.EOF
	if s != status || !bytes.Equal(text, want) || status == inflate.More && g.Whole() != whole {
		t.Fatalf("%d bytes, status %d, whole %v; want %d, %d (%v)\n%x", len(text), s, g.Whole(), len(want), status, err, wire)
	}
}

func readAll(z io.Reader, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// TestGzip has files cut anywhere, and every bit of their heads and ends turned.
func TestGzip(t *testing.T) {
	g := new(inflate.Gzip)
	for _, wire := range members(t) {
		sameGzip(t, g, wire, func() int { return 1 })
		for n := range wire {
			sameGzip(t, g, wire[:n], pieces(uint64(n)))
			if n > 40 && n < len(wire)-40 {
				continue
			}
			for bit := range 8 {
				other := bytes.Clone(wire)
				other[n] ^= 1 << bit
				sameGzip(t, g, other, pieces(uint64(n)))
			}
		}
	}
}

func FuzzGzip(f *testing.F) {
	for i, wire := range members(f) {
		f.Add(wire, uint64(i))
	}
	g := new(inflate.Gzip)
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) { sameGzip(t, g, wire, pieces(seed)) })
}

func TestGzipAllocs(t *testing.T) {
	wire, g := member(t, bundle(100_000), stdlib.Header{}), new(inflate.Gzip)
	r := rand.New(rand.NewPCG(9, 9))
	if n := testing.AllocsPerRun(20, func() {
		g.Reset()
		for rest := wire; len(rest) > 0; {
			_, k, _ := g.Decode(rest[:min(len(rest), 1+r.IntN(2000))])
			rest = rest[k:]
		}
		if !g.Whole() {
			t.Fatal("not whole")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
