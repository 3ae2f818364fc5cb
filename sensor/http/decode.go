package http

import (
	"bufio"
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"auscult/sensor/http/inflate"
	"auscult/sensor/spare"
)

var (
	errLimit    = errors.New("decoded content is over a limit")
	errWindow   = errors.New("window is over its limit")
	errDecoders = errors.New("windows of all contents are over their limit")
)

// spares are decoders at rest: a window and its tables are 40 KB and more.
type spares struct {
	inflate spare.List[*inflate.Gzip]
	brotli  spare.List[*brotli.Reader]
	zstd    spare.List[*zstd.Decoder] // of smallWindow
}

// stage undoes one coding. As a Reader it is what the coding was applied to.
type stage struct {
	d     *Content
	src   *bufio.Reader
	inner io.Reader
	kind  coding
	plain bool
	count int64
	held  int64 // bytes of window that the decoder may take

	z      *inflate.Gzip // of gzip and deflate
	status inflate.Status
	out    []byte // decoded, not yet read
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
	case errors.Is(err, errWindow), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return overWindow
	case errors.Is(err, errDecoders):
		return overDecoders
	case errors.Is(err, errTrailing):
		return trailing
	case errors.Is(err, io.ErrUnexpectedEOF) && d.decoded > 0:
		return short
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
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
