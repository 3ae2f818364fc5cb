package http

import (
	"bufio"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"auscult/sensor/spare"
)

const (
	flateWindow = 64 << 10 // a window of 32 kB and its tables
	smallWindow = 2 << 20  // what zstd encoders use unless told otherwise; decoders of it are kept
	zstdWindow  = 8 << 20  // RFC 9659 section 3
	keptWindow  = 4 << 20  // a brotli decoder that held more is not kept
)

// open prepares the stage to read src. What does not begin as its coding must is taken as not coded: servers
// that mislabel plain text are common, and what it holds counts.
func (s *stage) open(src io.Reader) error {
	s.plain, s.count, s.held, s.inner = false, 0, 0, nil
	if s.src == nil {
		s.src = bufio.NewReaderSize(nil, 4<<10)
	}
	s.src.Reset(src)
	head, err := s.src.Peek(4)
	if len(head) == 0 {
		return err
	}
	var b [4]byte
	copy(b[:], head)
	pool := &s.d.owner.spares
	switch s.kind {
	case gzipCoding:
		if b[0] != 0x1f || b[1] != 0x8b {
			break
		}
		if err := s.hold(flateWindow); err != nil {
			return err
		}
		z := spare.Take(&pool.gzip)
		s.inner = z
		pool.forget.Gzip(z)
		return z.Reset(s.src)
	case deflateCoding:
		// The coding is zlib (RFC 1950), but some servers send bare deflate (RFC 1951). The checksum behind the
		// data is not read: TCP has carried one, and a wrong one changes nothing about what was disclosed.
		if b[0]&0x0f == 8 && b[0]>>4 <= 7 && (uint(b[0])<<8|uint(b[1]))%31 == 0 && b[1]&0x20 == 0 {
			s.src.Discard(2)
		}
		if err := s.hold(flateWindow); err != nil {
			return err
		}
		z, ok := pool.flate.Pop()
		if !ok {
			z = flate.NewReader(s.src)
		}
		s.inner = z
		pool.forget.Flate(z)
		return z.(flate.Resetter).Reset(s.src, nil)
	case brotliCoding:
		if err := s.hold(brotliWindow(b[0])); err != nil {
			return err
		}
		z := spare.Take(&pool.brotli)
		s.inner = z
		return z.Reset(s.src)
	case zstdCoding:
		magic := b == [4]byte{0x28, 0xb5, 0x2f, 0xfd}
		skippable := b[0]>>4 == 5 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18 // RFC 8878 section 3.1.2
		if magic || skippable {
			return s.openZstd()
		}
	}
	s.inner, s.plain = s.src, true
	return nil
}

// openZstd opens a decoder for the window that the first frame asks for. The library takes all of a window at
// once, whatever the size of the content.
func (s *stage) openZstd() error {
	var h zstd.Header
	head, _ := s.src.Peek(zstd.HeaderMaxSize)
	window := int64(zstdWindow)
	if err := h.Decode(head); err == nil && !h.Skippable && h.WindowSize <= smallWindow {
		window = smallWindow
	}
	window = min(window, s.d.owner.cfg.WindowBytes)
	if err := s.hold(window); err != nil {
		return err
	}
	var z *zstd.Decoder
	if window == smallWindow {
		z, _ = s.d.owner.spares.zstd.Pop()
	}
	if z == nil {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(window)))
		if err != nil {
			return err
		}
	}
	s.inner = z
	return z.Reset(s.src)
}

// brotliWindow is the window that a brotli stream asks for in its first byte (RFC 7932 section 9.1).
func brotliWindow(b byte) int64 {
	switch {
	case b&1 == 0:
		return 1 << 16
	case b>>1&7 != 0:
		return 1 << (17 + b>>1&7)
	case b>>4&7 == 0:
		return 1 << 17
	}
	return 1 << (8 + b>>4&7)
}

// hold takes n bytes of window from what the contents may have, until close.
func (s *stage) hold(n int64) error {
	c := s.d.owner
	switch {
	case n > max(c.cfg.WindowBytes, flateWindow):
		return errWindow
	case c.held+n > c.cfg.DecoderBytes:
		return errDecoders
	}
	c.held += n
	s.held = n
	return nil
}

// close takes the decoder back unless it failed or grew large.
func (s *stage) close(fault bool) {
	pool, most := &s.d.owner.spares, s.d.owner.cfg.Spare/4+1
	s.src.Reset(nil)
	switch z := s.inner.(type) {
	case *gzip.Reader:
		if !fault {
			pool.gzip.Push(z, most)
		}
	case *brotli.Reader:
		if !fault && s.held <= keptWindow {
			pool.brotli.Push(z, 1)
		}
	case *zstd.Decoder:
		if fault || s.held != smallWindow || z.Reset(nil) != nil || !pool.zstd.Push(z, 1) {
			z.Close()
		}
	case io.ReadCloser:
		if !fault {
			pool.flate.Push(z, most)
		}
	}
	s.d.owner.held -= s.held
	s.inner, s.held = nil, 0
}
