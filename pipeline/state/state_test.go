package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pipeline/snapshot"
	"auscult/sensor/pseudonym"
)

const secret = "Rosa Delgado, MRN 00417733"

type memory struct{ names []string }

func image(t testing.TB, names ...string) (*snapshot.Tree, *snapshot.Image) {
	t.Helper()
	m := &memory{}
	tree, err := snapshot.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.names = names
	img, err := tree.Save()
	if err != nil {
		t.Fatal(err)
	}
	return tree, img
}

func keys(t testing.TB, letter string) *pseudonym.Keyer {
	t.Helper()
	k, err := pseudonym.FromKey([]byte(strings.Repeat(letter, pseudonym.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, dir, key string) *File {
	t.Helper()
	f, err := OpenFolder(dir, keys(t, key), 1<<24)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t testing.TB, f *File, ended bool, names ...string) {
	t.Helper()
	_, img := image(t, names...)
	if _, _, err := f.Write(img, ended); err != nil {
		t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	f := open(t, dir, "k")
	if _, _, err := f.Read(); !Missing(err) {
		t.Fatal(err)
	}
	for _, ended := range []bool{false, true} {
		write(t, f, ended, secret)
		got, was, err := f.Read()
		if err != nil || was != ended {
			t.Fatal(was, err)
		}
		m := &memory{}
		tree, _ := snapshot.New(m, nil)
		if err := tree.Restore(got); err != nil || m.names[0] != secret {
			t.Fatal(m, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, Name))
	if err != nil || bytes.Contains(b, []byte("Delgado")) {
		t.Fatal("in the clear", err)
	}
	if info, err := os.Stat(filepath.Join(dir, Name)); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Error(info.Mode(), err)
	}
	if _, err := OpenFolder(dir, keys(t, "k"), 1<<24); err == nil || !strings.Contains(err.Error(), "used by another process") {
		t.Error(err)
	}
	if name, err := f.SetAside(); err != nil || name != "detection.state.bad" {
		t.Error(name, err)
	}
	if _, _, err := f.Read(); !Missing(err) {
		t.Error(err)
	}
}

// However large, what is read is what was written: about the ends of chunks too.
func TestRead_Long(t *testing.T) {
	f := open(t, t.TempDir(), "k")
	noise := make([]byte, 3*chunkSize)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for n := 2*chunkSize - 300; n < 2*chunkSize+20; n++ {
		if n%16 != 0 && n < 2*chunkSize-150 {
			continue
		}
		_, img := image(t, string(noise[:n]))
		want, err := img.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Write(img, true); err != nil {
			t.Fatal(err)
		}
		if got, _, err := f.Read(); err != nil || !bytes.Equal(got, want) {
			t.Fatal(n, len(got), len(want), err)
		}
	}
}

// A file is as it was written, or it is refused with a word on what is wrong.
func TestRead_Bad(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "k")
	write(t, f, true, secret)
	path := filepath.Join(dir, Name)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(b []byte, want error) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Read(); err == nil || want != nil && !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Fatal(err)
		}
	}
	for i := range good {
		refused(good[:i], nil)
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		refused(bad, nil)
	}
	refused(append(bytes.Clone(good), 0), errSeal)
	refused(append(bytes.Clone(good), good[headSize:]...), errSeal)
	refused([]byte("auscult baseline\nand more, and more, and more, and more, and more, and more"), ErrKind)

	f.Close()
	os.WriteFile(path, good, 0o600)
	if _, _, err := open(t, dir, "o").Read(); !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
}

func TestWrite_TooLarge(t *testing.T) {
	f := open(t, t.TempDir(), "k")
	write(t, f, true, "before")
	want, _, _ := f.Read()
	f.most = 4096
	_, img := image(t, strings.Repeat("x", 1<<16))
	if _, _, err := f.Write(img, true); !errors.Is(err, errTooBig) {
		t.Error(err)
	}
	if got, _, err := f.Read(); err != nil || !bytes.Equal(got, want) {
		t.Error("the file is not as it was", err)
	}
	f.most = 1 << 24
	write(t, f, true, strings.Repeat("x", 1<<20))
	f.most = 1 << 16
	if _, _, err := f.Read(); !errors.Is(err, errTooBig) {
		t.Error(err)
	}
}

// What a crash left of a write is no state, and in nobody's way.
func TestWrite_Torn(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "k")
	write(t, f, false, "before")
	want, _, _ := f.Read()
	if err := os.WriteFile(filepath.Join(dir, Name+".part"), want[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := f.Read(); err != nil || !bytes.Equal(got, want) {
		t.Error(err)
	}
	write(t, f, false, "after")
	if got, _, err := f.Read(); err != nil || bytes.Equal(got, want) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 { // and the lock
		t.Error(left)
	}
}

func TestConfig(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{Every: 1, MaxBytes: 1 << 30}, {Every: -1, MaxBytes: 1 << 30}, {MaxBytes: 1}} {
		if c.Validate() == nil {
			t.Errorf("%+v", c)
		}
	}
}

func FuzzOpen(f *testing.F) {
	file := &File{keys: keys(f, "k"), most: 1 << 20}
	_, img := image(f, secret)
	var b bytes.Buffer
	if err := file.seal(&b, img, true); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:headSize])
	want, _, err := file.open(bytes.NewReader(b.Bytes()))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) { // each process of the fuzzer seals with a salt of its own
		got, ended, err := file.open(bytes.NewReader(data))
		if err == nil && !(bytes.Equal(got, want) && ended) {
			t.Fatal("a forged file was opened")
		}
	})
}
