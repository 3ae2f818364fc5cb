package replay

import (
	"io"
	"sync/atomic"

	"auscult/pipeline/lanes"
)

// block is one read buffer. Bytes once read into it never change while anyone holds a reference.
type block struct {
	buf  []byte
	refs atomic.Int32
	mark lanes.Mark
	home *pool
}

// Retain takes one more reference.
func (b *block) Retain() { b.refs.Add(1) }

// Release gives up one reference.
func (b *block) Release() {
	if b.refs.Add(-1) > 0 {
		return
	}
	select {
	case b.home.free <- b:
	default:
	}
}

// pool keeps released blocks for the next reader that needs one. Any goroutine may release.
type pool struct {
	size int
	free chan *block
}

func newPool(size, keep int) *pool { return &pool{size: size, free: make(chan *block, keep)} }

func (p *pool) take() *block {
	var b *block
	select {
	case b = <-p.free:
	default:
		b = &block{buf: make([]byte, p.size), home: p}
	}
	b.refs.Store(1)
	return b
}

// window is a moving view of a stream through pooled blocks: need gives the next n bytes in one piece without
// copying them, except for the few that straddle two blocks. One goroutine.
type window struct {
	src    io.Reader
	pool   *pool
	blk    *block
	r, w   int   // unread bytes are blk.buf[r:w]
	base   int64 // offset in the stream of blk.buf[0]
	chunk  int   // size of the next read; grows, so that looking at a file's start stays cheap
	err    error // what the last read ended with
	before func() error
}

// A file is first read by firstRead; each read after is twice as large, up to mostRead: what was read is to be in the
// cache still when it is looked at.
const (
	firstRead = 64 << 10
	mostRead  = 256 << 10
)

func newWindow(src io.Reader, p *pool, before func() error) *window {
	return &window{src: src, pool: p, blk: p.take(), chunk: firstRead, before: before}
}

func (w *window) offset() int64 { return w.base + int64(w.r) }

// need returns the next n bytes, at most a block, without moving past them. The error is io.EOF when the stream
// ended before the first of them, io.ErrUnexpectedEOF when it ended among them, or the stream's own.
func (w *window) need(n int) ([]byte, error) {
	if w.w-w.r < n {
		if err := w.fill(n); err != nil {
			return nil, err
		}
	}
	return w.blk.buf[w.r : w.r+n : w.r+n], nil
}

// skip moves past n bytes, which need not fit a block.
func (w *window) skip(n int64) error {
	for n > int64(w.w-w.r) {
		n -= int64(w.w - w.r)
		w.r = w.w
		if err := w.fill(1); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	w.r += int(n)
	return nil
}

// fill reads until n bytes are at hand. It never writes over bytes handed out: when the block has no room it
// goes on in another, or over what nobody looks at any more, to which the unread tail is copied.
func (w *window) fill(n int) error {
	if w.err == nil {
		w.err = w.before()
	}
	if len(w.blk.buf)-w.r < n || w.w-w.r < w.r && w.blk.refs.Load() == 1 {
		w.turn()
	}
	for idle := 0; w.w-w.r < n && w.err == nil; {
		var got int
		got, w.err = w.src.Read(w.blk.buf[w.w:min(len(w.blk.buf), w.w+w.chunk)])
		w.w += got
		w.chunk = min(2*w.chunk, mostRead)
		if got > 0 {
			idle = 0
		} else if idle++; idle == 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	switch {
	case w.w-w.r >= n:
		return nil
	case w.err == io.EOF && w.w > w.r:
		return io.ErrUnexpectedEOF
	}
	return w.err
}

// turn goes on in a block with room: in the same one where nobody else looks at it, as it is in the cache.
func (w *window) turn() {
	next := w.blk
	if next.refs.Load() > 1 {
		next = w.pool.take()
	}
	tail := copy(next.buf, w.blk.buf[w.r:w.w])
	w.base += int64(w.r)
	w.r, w.w = 0, tail
	if next != w.blk {
		w.blk.Release()
		w.blk = next
	}
}

func (w *window) close() { w.blk.Release() }
