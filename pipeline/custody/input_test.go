package custody_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"auscult/pipeline/custody"
)

func TestInput(t *testing.T) {
	text := []byte(strings.Repeat("0123456789abcdef", 200_000)) // beyond all blocks
	f := func(name string, r io.Reader, take int64, whole bool, wantBytes int, wantNote string) {
		t.Helper()
		var in custody.Inputs
		h := in.Reader("p", io.NopCloser(r), func() bool { return whole })
		if _, ok := in.Of("p"); ok {
			t.Errorf("%s: told before it was closed", name)
		}
		got, _ := io.ReadAll(io.LimitReader(h, take))
		if !bytes.Equal(got, text[:len(got)]) {
			t.Errorf("%s: other bytes came out", name)
		}
		if err := errors.Join(h.Close(), h.Close()); err != nil {
			t.Error(err)
		}
		sum := sha256.Sum256(text[:wantBytes])
		want := custody.Input{Bytes: int64(wantBytes), SHA256: hex.EncodeToString(sum[:]), Note: wantNote}
		if i, ok := in.Of("p"); !ok || i != want {
			t.Errorf("%s: got %+v, want %+v", name, i, want)
		}
	}
	all := int64(len(text) + 1)
	f("to its end", bytes.NewReader(text), all, false, len(text), "")
	f("byte by byte", iotest.OneByteReader(bytes.NewReader(text[:9])), all, false, 9, "")
	f("nothing", bytes.NewReader(nil), all, true, 0, "")
	f("left, then read", bytes.NewReader(text), 100_001, true, len(text), "")
	f("left", bytes.NewReader(text), 100_001, false, 100_001, "not read to its end")
	f("broken", io.MultiReader(bytes.NewReader(text[:7]), iotest.ErrReader(errors.New("x"))), all, true, 7, "could not be read to its end")
}

func BenchmarkInput(b *testing.B) {
	text := make([]byte, 64<<20)
	b.SetBytes(int64(len(text)))
	buf := make([]byte, 512<<10)
	for b.Loop() {
		var in custody.Inputs
		h := in.Reader("p", io.NopCloser(bytes.NewReader(text)), func() bool { return true })
		io.CopyBuffer(io.Discard, struct{ io.Reader }{h}, buf)
		h.Close()
	}
}
