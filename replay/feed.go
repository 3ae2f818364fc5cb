package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// feed is the decompressed bytes of one input. One goroutine.
type feed struct {
	io.Reader
	head   [12]byte // its first bytes, which Reader gives as well
	n      int      // how many of head there are
	disk   *meter
	closed []func()
}

// maxNesting is how often a file may be compressed: a compressed file inside one more layer, as uploads make it.
const maxNesting = 2

// newFeed looks through the compression of r, which it closes with close. The error is a *fileError, or what
// r itself failed with.
func newFeed(r io.ReadCloser, cfg Config, read *atomic.Uint64) (*feed, error) {
	f := &feed{disk: &meter{r: r, n: read}, closed: []func(){func() { r.Close() }}}
	f.Reader = f.disk
	for depth := 0; ; depth++ {
		var err error
		if f.n, err = io.ReadFull(f.Reader, f.head[:]); f.disk.err != nil {
			f.close()
			return nil, f.disk.err
		}
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			f.close()
			return nil, unpacking(err)
		}
		f.Reader = io.MultiReader(bytes.NewReader(f.head[:f.n]), f.Reader)
		head := f.head[:f.n]
		switch {
		case depth == 0 && len(head) == 0:
			err = &fileError{what: "empty; give a capture", notCapture: true}
		case len(head) == 0:
			err = &fileError{what: "nothing in it that can be unpacked; give the whole file"}
		case depth < maxNesting && isGzip(head):
			err = f.gzip()
		case depth < maxNesting && isZstd(head):
			err = f.zstd(cfg)
		default:
			return f, nil
		}
		if err != nil {
			f.close()
			return nil, err
		}
	}
}

func (f *feed) gzip() error {
	z, err := gzip.NewReader(bufio.NewReaderSize(f.Reader, firstRead))
	if err != nil {
		return unpacking(err)
	}
	f.Reader = z
	return nil
}

func (f *feed) zstd(cfg Config) error {
	// One at a time: no goroutine of its own, so that a file left in the middle leaves nothing behind.
	z, err := zstd.NewReader(f.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(cfg.MaxZstdWindow)))
	if err != nil {
		return unpacking(err)
	}
	f.Reader = z
	f.closed = append(f.closed, z.Close)
	return nil
}

func (f *feed) close() {
	for i := len(f.closed) - 1; i >= 0; i-- {
		f.closed[i]()
	}
}

// decoder picks the reader of the format that the feed's first bytes show.
func (f *feed) decoder(cfg Config) (decoder, error) {
	head := f.head[:f.n]
	if len(head) >= 4 {
		if p, ok := newPcap(head, cfg); ok {
			return p, nil
		}
	}
	if len(head) == len(f.head) {
		if p, ok := newPcapng(head, cfg); ok {
			return p, nil
		}
	}
	return nil, &fileError{what: foreign(head), notCapture: true}
}

func unpacking(err error) error {
	return &fileError{what: fmt.Sprintf("cannot be unpacked: %v; give a whole gzip or zstd file", err)}
}

func isGzip(b []byte) bool { return len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b }

// isZstd knows a frame and the skippable frame that parallel compressors begin with (RFC 8878 section 3.1).
func isZstd(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x28\xb5\x2f\xfd")) ||
		len(b) >= 4 && b[0]&0xf0 == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18
}

// foreign says what a file that is no capture looks like, and what to do.
func foreign(head []byte) string {
	const not = "not a pcap or pcapng file"
	for _, k := range []struct{ magic, what string }{
		{"\xfd7zXZ\x00", "xz; unpack it first"},
		{"BZh", "bzip2; unpack it first"},
		{"\x04\x22\x4d\x18", "lz4; unpack it first"},
		{"PK\x03\x04", "a zip archive; unpack it first"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"},
		{"\x1f\x8b", "gzip, more than twice compressed; unpack it first"},
		{"\x28\xb5\x2f\xfd", "zstd, more than twice compressed; unpack it first"},
		{"snoop\x00\x00\x00", "snoop; convert it with editcap -F pcap"},
		{"GMBU", "Network Monitor; convert it with editcap -F pcap"},
	} {
		if strings.HasPrefix(string(head), k.magic) {
			return not + ": " + k.what
		}
	}
	return fmt.Sprintf("%s (starts with %q); give a capture, or gzip/zstd of one", not, head[:min(4, len(head))])
}

// meter counts what is read from disk and keeps the error that the disk gave, to tell it from a decoder's.
type meter struct {
	r   io.Reader
	n   *atomic.Uint64 // may be nil
	err error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.n != nil {
		m.n.Add(uint64(n))
	}
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		m.err = err
	}
	return n, err
}
