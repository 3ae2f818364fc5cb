package http

import (
	"bufio"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"auscult/sensor/http/inflate"
	"auscult/sensor/spare"
)

const (
	flateWindow = inflate.Size
	smallWindow = 2 << 20 // what zstd encoders use unless told otherwise; decoders of it are kept
	zstdWindow  = 8 << 20 // RFC 9659 section 3
	keptWindow  = 4 << 20 // a brotli decoder that held more is not kept
)

// open prepares the stage to read src. What does not begin as its coding must is taken as not coded: servers
// that mislabel plain text are common, and what it holds counts.
func (s *stage) open(src io.Reader) error {
	s.plain, s.count, s.held, s.inner, s.z = false, 0, 0, nil, nil
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
	switch s.kind {
	case gzipCoding, deflateCoding:
		skip, err := s.openInflate([2]byte(b[:]))
		s.src.Discard(skip)
		s.inner = (*inflated)(s)
		if err != nil || !s.plain {
			return err
		}
	case brotliCoding:
		if err := s.hold(brotliWindow(b[0])); err != nil {
			return err
		}
		z := spare.Take(&s.d.owner.spares.brotli)
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
	if s.src != nil {
		s.src.Reset(nil)
	}
	switch z := s.inner.(type) {
	case *brotli.Reader:
		if !fault && s.held <= keptWindow {
			pool.brotli.Push(z, 1)
		}
	case *zstd.Decoder:
		if fault || s.held != smallWindow || z.Reset(nil) != nil || !pool.zstd.Push(z, 1) {
			z.Close()
		}
	}
	if s.z != nil {
		pool.inflate.Push(s.z, most)
	}
	s.d.owner.held -= s.held
	s.inner, s.z, s.held = nil, nil, 0
}
