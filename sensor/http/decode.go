package http

import (
	"bufio"
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var (
	errLimit    = errors.New("decoded content is over a limit")
	errTrailing = errors.New("bytes after the end of the content")
)

// spares are decoders at rest: a window and its tables are 40 KB and more.
type spares struct {
	gzip   []*gzip.Reader
	flate  []io.ReadCloser
	brotli []*brotli.Reader
	zstd   []*zstd.Decoder
}

// stage undoes one coding. As a Reader it is what the coding was applied to.
type stage struct {
	d     *Content
	src   *bufio.Reader
	inner io.Reader
	kind  coding
	plain bool
	count int64
}

// Read gives the coroutine what was pushed, and yields to have more.
func (d *Content) Read(p []byte) (int, error) {
	for len(d.in) == 0 {
		if d.end || !d.yield(struct{}{}) {
			return 0, io.EOF
		}
	}
	n := copy(p, d.in)
	d.in = d.in[n:]
	return n, nil
}

// decode reads the content to its end, or to what ends it early. A panic in a decoder library is contained: the
// content is broken, the decoder is not used again.
func (d *Content) decode() (result outcome) {
	opened := 0
	defer func() {
		fault := recover() != nil
		if fault {
			d.owner.stats.DecoderFault++
			result = broken
		}
		for i := range opened {
			d.stage[i].close(fault)
		}
	}()
	var src io.Reader = d
	for i := d.coding.n - 1; i >= 0; i-- { // the last one applied is undone first
		st := &d.stage[opened]
		st.d, st.kind = d, d.coding.list[i]
		opened++
		if err := st.open(src); err != nil {
			return d.judge(err)
		}
		src = st
	}
	for {
		n, err := src.Read(d.buf)
		if n > 0 {
			d.decoded += int64(n)
			if d.out != nil {
				d.out.Scan(d.buf[:n])
			}
		}
		if err != nil {
			return d.judge(err)
		}
	}
}

func (d *Content) judge(err error) outcome {
	switch {
	case errors.Is(err, errLimit) && d.over() == decoding:
		return overSize
	case errors.Is(err, errLimit):
		return d.over()
	case errors.Is(err, errTrailing):
		return trailing
	case !errors.Is(err, io.EOF):
		return broken
	}
	for i := range d.coding.n {
		if d.stage[i].plain {
			return plain
		}
	}
	return whole
}

// over is which limit any stage has passed. The output of inner stages is bounded too: a bomb inside a bomb may
// decode to nothing at all after a day's work.
func (d *Content) over() outcome {
	cfg := &d.owner.cfg
	for i := range d.coding.n {
		switch n := d.stage[i].count; {
		case n >= cfg.DecodedBytes:
			return overSize
		case n > cfg.RatioFloor && n/cfg.Ratio > d.wire:
			return overRatio
		}
	}
	return decoding
}

// open prepares the stage to read src. What does not begin as its coding must is taken as not coded: servers
// that mislabel plain text are common, and what it holds counts.
func (s *stage) open(src io.Reader) error {
	s.plain, s.count, s.inner = false, 0, nil
	if s.src == nil {
		s.src = bufio.NewReaderSize(nil, 4<<10)
	}
	s.src.Reset(src)
	head, err := s.src.Peek(4)
	if len(head) == 0 {
		return err
	}
	if len(head) < 2 {
		head = append(head[:len(head):len(head)], 0, 0)
	}
	pool := &s.d.owner.spares
	switch s.kind {
	case gzipCoding:
		if head[0] != 0x1f || head[1] != 0x8b {
			break
		}
		z, ok := pop(&pool.gzip)
		if !ok {
			z = new(gzip.Reader)
		}
		s.inner = z
		return z.Reset(s.src)
	case deflateCoding:
		// The coding is zlib (RFC 1950), but some servers send bare deflate (RFC 1951). The checksum behind the
		// data is not read: TCP has carried one, and a wrong one changes nothing about what was disclosed.
		if head[0]&0x0f == 8 && head[0]>>4 <= 7 && (uint(head[0])<<8|uint(head[1]))%31 == 0 && head[1]&0x20 == 0 {
			s.src.Discard(2)
		}
		z, ok := pop(&pool.flate)
		if !ok {
			z = flate.NewReader(s.src)
		}
		s.inner = z
		return z.(flate.Resetter).Reset(s.src, nil)
	case brotliCoding:
		z, ok := pop(&pool.brotli)
		if !ok {
			z = new(brotli.Reader)
		}
		s.inner = z
		return z.Reset(s.src)
	case zstdCoding:
		magic := len(head) == 4 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd && head[0] == 0x28
		skippable := len(head) == 4 && head[0]>>4 == 5 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
		if !magic && !skippable {
			break
		}
		z, ok := pop(&pool.zstd)
		if !ok {
			z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(uint64(s.d.owner.cfg.WindowBytes)))
			if err != nil {
				return err
			}
		}
		s.inner = z
		return z.Reset(s.src)
	}
	s.inner, s.plain = s.src, true
	return nil
}

// Read is io.Reader over the decoded bytes; it fails with errLimit at a limit.
func (s *stage) Read(p []byte) (int, error) {
	if room := s.d.owner.cfg.DecodedBytes - s.count; int64(len(p)) > room {
		p = p[:max(room, 0)]
	}
	for range 64 {
		if s.d.over() != decoding {
			return 0, errLimit
		}
		n, err := s.inner.Read(p)
		s.count += int64(n)
		if err == gzip.ErrHeader && s.count > 0 {
			err = errTrailing // a member was complete, what follows is not another
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// close takes the decoder back unless it failed.
func (s *stage) close(fault bool) {
	pool, most := &s.d.owner.spares, s.d.owner.cfg.Spare/4+1
	s.src.Reset(nil)
	if !fault {
		switch z := s.inner.(type) {
		case *gzip.Reader:
			push(&pool.gzip, z, most)
		case *brotli.Reader:
			push(&pool.brotli, z, most)
		case *zstd.Decoder:
			z.Reset(nil) // lets go of the source
			push(&pool.zstd, z, most)
		case io.ReadCloser:
			push(&pool.flate, z, most)
		}
	}
	s.inner = nil
}

func pop[T any](list *[]T) (v T, ok bool) {
	n := len(*list)
	if n == 0 {
		return v, false
	}
	v = (*list)[n-1]
	*list = (*list)[:n-1]
	return v, true
}

func push[T any](list *[]T, v T, most int) {
	if len(*list) < most {
		*list = append(*list, v)
	}
}
