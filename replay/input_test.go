package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"auscult/sensor/packet"
)

// TestCompressed: any format in any compression, up to twice, by its content and not its name.
func TestCompressed(t *testing.T) {
	for name, plain := range map[string][]byte{"pcap": pcapOf(seconds(300)...), "pcapng": ngOf(seconds(300)...)} {
		want, _ := readBytes(t, small(), plain)
		half := len(plain) / 2
		for kind, b := range map[string][]byte{
			"gzip": gzipped(t, plain), "zstd": zstded(t, plain),
			"gzip in zstd": zstded(t, gzipped(t, plain)), "zstd in gzip": gzipped(t, zstded(t, plain)),
			"gzip in gzip": gzipped(t, gzipped(t, plain)),
			"two members":  slices.Concat(gzipped(t, plain[:half]), gzipped(t, plain[half:])),
			"two frames":   slices.Concat(zstded(t, plain[:half]), zstded(t, plain[half:])),
			"skippable":    slices.Concat([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstded(t, plain)),
		} {
			src := New(small(), write(t, t.TempDir(), "capture.bin", b))
			got := run(t, src)
			wantSame(t, got, want)
			if len(src.Notices())+len(src.Faults()) > 0 {
				t.Errorf("%s of %s: %v %v", kind, name, src.Faults(), src.Notices())
			}
			if src.Read() != uint64(len(b)) || src.Total() != uint64(len(b)) {
				t.Errorf("%s of %s: read %d of %d, the file has %d", kind, name, src.Read(), src.Total(), len(b))
			}
		}
	}
}

// TestFolder reads all captures below a folder, by name, and says what it skips.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.pcap", pcapOf(sec(1)))
	write(t, dir, "a/z.pcapng", ngOf(sec(1)))
	write(t, dir, "a/y.gz", gzipped(t, pcapOf(sec(1))))
	write(t, dir, "c", pcapOf())
	write(t, dir, "README.md", []byte("# captures"))
	write(t, dir, "a/empty.pcap", nil)
	write(t, dir, "tiny", []byte("x"))
	if err := os.Symlink("b.pcap", filepath.Join(dir, "link.pcap")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", filepath.Join(dir, "round")); err != nil {
		t.Fatal(err)
	}
	src := New(small(), dir)
	got := run(t, src)
	var names []string
	for _, in := range src.Inputs() {
		rel, _ := filepath.Rel(dir, in)
		names = append(names, filepath.ToSlash(rel))
	}
	if want := []string{"a/y.gz", "a/z.pcapng", "b.pcap", "c", "link.pcap"}; !slices.Equal(names, want) {
		t.Errorf("inputs %v, want %v", names, want)
	}
	var files []uint32
	for _, r := range got {
		files = append(files, r.Where.File)
	}
	if want := []uint32{0, 1, 2, 4}; !slices.Equal(files, want) {
		t.Errorf("packets of files %v, want %v", files, want)
	}
	n := src.Notices()
	if len(n) != 1 || n[0].String() != dir+": 4 skipped that are no captures: README.md, "+filepath.FromSlash("a/empty.pcap")+", round, tiny" {
		t.Errorf("notices %v", n)
	}
	if f := src.Faults(); len(f) > 0 {
		t.Errorf("faults %v", f)
	}
}

func TestFolderWithManyOthers(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, fmt.Sprintf("%02d.txt", i), []byte("text"))
	}
	src := New(small(), dir)
	run(t, src)
	if n := src.Notices(); len(n) != 1 || n[0].What != "20 skipped that are no captures: 00.txt, 01.txt, 02.txt, 03.txt, 04.txt, 05.txt, 06.txt, 07.txt, …" {
		t.Errorf("notices %v", n)
	}
	if f := src.Faults(); len(f) != 1 || f[0].Error() != dir+": no capture in this folder; give one that holds pcap or pcapng files" {
		t.Errorf("faults %v", f)
	}
}

// TestFaults: each bad input is one clear line, and the good one beside it is read.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "good.pcap", pcapOf(seconds(3)...))
	f := func(name string, b []byte, want string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if b != nil {
			write(t, dir, name, b)
		}
		src := New(small(), path, good)
		got := run(t, src)
		faults := src.Faults()
		if len(got) != 3 || len(faults) != 1 || faults[0].Error() != path+": "+want {
			t.Errorf("%s: %d packets, faults %v", name, len(got), faults)
		}
		if !slices.Equal(src.Inputs(), []string{good}) || src.Total() != uint64(len(pcapOf(seconds(3)...))) {
			t.Errorf("%s: inputs %v, total %d", name, src.Inputs(), src.Total())
		}
	}
	f("missing.pcap", nil, "no such file; check the name")
	f("empty.pcap", []byte{}, "empty; give a capture")
	f("x.txt", []byte("hello, world"), `not a pcap or pcapng file (starts with "hell"); give a capture, or gzip/zstd of one`)
	f("byte", []byte("x"), `not a pcap or pcapng file (starts with "x"); give a capture, or gzip/zstd of one`)
	f("x.xz", []byte("\xfd7zXZ\x00\x00\x04"), "not a pcap or pcapng file: xz; unpack it first")
	f("text.gz", gzipped(t, []byte("hello")), `not a pcap or pcapng file (starts with "hell"); give a capture, or gzip/zstd of one`)
	f("nothing.gz", gzipped(t, nil), "nothing in it that can be unpacked; give the whole file")
	f("thrice.gz", gzipped(t, gzipped(t, gzipped(t, pcapOf()))), "not a pcap or pcapng file: gzip, more than twice compressed; unpack it first")
	f("bad.gz", []byte("\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "cannot be unpacked: gzip: invalid header; give a whole gzip or zstd file")
	f("order.pcapng", append([]byte("\n\r\r\n\x1c\x00\x00\x00nope"), make([]byte, 16)...), `not a pcap or pcapng file (starts with "\n\r\r\n"); give a capture, or gzip/zstd of one`)
	f("short.pcapng", []byte("\n\r\r\n\x1c"), `not a pcap or pcapng file (starts with "\n\r\r\n"); give a capture, or gzip/zstd of one`)
}

func TestZstdWindow(t *testing.T) {
	cfg := small()
	cfg.MaxZstdWindow = 1 << 20
	// A frame header that asks for a window of 2 GiB (RFC 8878 section 3.1.1.1.2: exponent 21).
	src := New(cfg, write(t, t.TempDir(), "x.zst", append([]byte("\x28\xb5\x2f\xfd\x00\xa8"), make([]byte, 40)...)))
	run(t, src)
	if f := src.Faults(); len(f) != 1 || !strings.Contains(f[0].What, "window size exceeded") {
		t.Errorf("faults %v", f)
	}
}

// TestUnreadable: what the system refuses is told in its words, and a read that fails in the middle of a file
// is a fault, not an end.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "sub/a.pcap", pcapOf(sec(1)))
	if err := os.Symlink("nowhere", filepath.Join(dir, "sub", "dangling")); err != nil {
		t.Fatal(err)
	}
	src := New(small(), filepath.Join(dir, "sub"), filepath.Join(dir, "sub", "a.pcap", "x"), "-")
	src.Stdin = io.MultiReader(bytes.NewReader(pcapOf(sec(2), sec(3))), iotest.ErrReader(errors.New("the disk is on fire")))
	if got := run(t, src); len(got) != 3 {
		t.Errorf("%d packets", len(got))
	}
	var said []string
	for _, f := range src.Faults() {
		said = append(said, strings.TrimPrefix(f.Error(), dir+string(os.PathSeparator)))
	}
	want := []string{"sub/dangling: no such file; check the name", "sub/a.pcap/x: cannot be read: not a directory", "-: cannot be read: the disk is on fire"}
	if !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

func TestUnreadableWords(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if got := unreadable(&fs.PathError{Op: "open", Path: "x", Err: err}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(fs.ErrNotExist, "no such file; check the name")
	f(fs.ErrPermission, "permission denied; run as a user who may read it")
	f(io.ErrClosedPipe, "cannot be read: io: read/write on closed pipe")
}

// TestNoInput: nothing to read is no error of Open's.
func TestNoInput(t *testing.T) {
	src := New(small(), filepath.Join(t.TempDir(), "missing"))
	for _, got := range runAll(t, t.Context(), src, 3) {
		if len(got) > 0 {
			t.Errorf("%d packets", len(got))
		}
	}
	if len(src.Faults()) != 1 || len(src.Inputs()) != 0 {
		t.Errorf("faults %v, inputs %v", src.Faults(), src.Inputs())
	}
}

func TestGivenTwice(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "a.pcap", pcapOf(seconds(3)...))
	src := New(small(), path, dir, dir+"/./a.pcap")
	got := run(t, src)
	if len(got) != 3 || len(src.Inputs()) != 1 || len(src.Notices()) != 2 || src.Notices()[0].What != "given twice, read once" {
		t.Errorf("%d packets, inputs %v, notices %v", len(got), src.Inputs(), src.Notices())
	}
}

// TestStdin: standard input merges with files, is not counted in Total, and may be no capture.
func TestStdin(t *testing.T) {
	path := write(t, t.TempDir(), "a.pcap", pcapOf(sec(1), sec(3)))
	src := New(small(), path, "-")
	src.Stdin = bytes.NewReader(gzipped(t, pcapOf(sec(2), sec(4))))
	got := run(t, src)
	var files []uint32
	for _, r := range got {
		files = append(files, r.Where.File)
	}
	if !slices.Equal(files, []uint32{0, 1, 0, 1}) || src.Total() != 0 || src.Read() == 0 || src.Inputs()[1] != "-" {
		t.Errorf("files %v, read %d of %d, inputs %v", files, src.Read(), src.Total(), src.Inputs())
	}

	src = New(small(), path, "-")
	src.Stdin = strings.NewReader("hello")
	got = run(t, src)
	if f := src.Faults(); len(got) != 2 || len(f) != 1 || !strings.HasPrefix(f[0].Error(), "-: not a pcap") {
		t.Errorf("%d packets, faults %v", len(got), f)
	}
}

// TestTwoPasses reads the same source twice.
func TestTwoPasses(t *testing.T) {
	src := New(small(), write(t, t.TempDir(), "a.pcap", append(pcapOf(seconds(30)...), "cut"...)))
	var passes [2][]packet.Raw
	for i := range passes {
		passes[i] = run(t, src)
		if st := src.Stats(); st.Packets != 30 || st.Truncated != 1 || len(src.Notices()) != 1 || src.Read() != src.Total() {
			t.Errorf("pass %d: %+v, notices %v, read %d of %d", i, st, src.Notices(), src.Read(), src.Total())
		}
	}
	wantSame(t, passes[1], passes[0])
}

func TestConfigValidate(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Fatal(err)
	}
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := Defaults()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := New(c, "-").Open(context.Background(), 1); err == nil || err.Error() != "replay."+want {
			t.Errorf("Open: got %v, want %s", err, want)
		}
	}
	f("block_bytes: 4096 is not between 327680 and 1073741824", func(c *Config) { c.BlockBytes = 4096 })
	f("max_frame: 0 is not between 64 and 67108864", func(c *Config) { c.MaxFrame = 0 })
	f("in_flight: 0 is not between 1 and 65536", func(c *Config) { c.InFlight = 0 })
	f("batch_packets: -1 is not between 1 and 1048576", func(c *Config) { c.BatchPackets = -1 })
	f("max_interfaces: 0 is not between 1 and 1048576", func(c *Config) { c.MaxInterfaces = 0 })
	f("max_zstd_window: 0 is not between 1024 and 1073741824", func(c *Config) { c.MaxZstdWindow = 0 })
	f("to: 1970-01-01 00:00:05 +0000 UTC is not after from, 1970-01-01 00:00:05 +0000 UTC", func(c *Config) { c.From, c.To = sec(5), sec(5) })
	if _, err := New(Defaults(), "-").Open(context.Background(), 0); err == nil {
		t.Error("0 workers: no error")
	}
}
