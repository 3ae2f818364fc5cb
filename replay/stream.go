package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// decoder reads one capture format. The raw it fills points into the window's current block.
type decoder interface {
	next(w *window, raw *packet.Raw) error
}

// env is what all streams of one Open share.
type env struct {
	ctx    context.Context
	cfg    Config
	pool   *pool
	read   *atomic.Uint64 // bytes on disk; nil when they are not to be counted
	before func() error   // called before each read
}

// stream is the packets of one input, opened when the merge reaches its first one. One goroutine.
type stream struct {
	path  string
	index uint32
	open  func() (io.ReadCloser, error)
	info  fs.FileInfo // of a file when it was found; nil for a pipe
	key   clock.Time  // time of the packet in raw, or of the first one while not yet begun
	begun bool
	raw   packet.Raw
	feed  *feed
	win   *window
	dec   decoder
	stat  FileStats
}

// begin opens the input and reads its first packet. After io.EOF and other errors the stream is closed.
func (s *stream) begin(env *env) error {
	s.begun = true
	r, err := s.open()
	if err != nil {
		return err
	}
	if s.feed, err = newFeed(r, env.cfg, env.read); err != nil {
		return err
	}
	if s.dec, err = s.feed.decoder(env.cfg); err != nil {
		s.feed.close()
		return err
	}
	s.win = newWindow(s.feed, env.pool, env.before)
	s.raw.Where.File = s.index
	return s.next()
}

// next reads the packet after. It may hand over what has been read so far before it reads more.
func (s *stream) next() error {
	err := s.dec.next(s.win, &s.raw)
	if err != nil {
		s.close()
		return err
	}
	s.key = s.raw.Time
	return nil
}

func (s *stream) close() {
	s.win.close()
	s.feed.close()
}

// verdict sorts out what ended a stream. At most one of the two is not nil; both are nil at a clean end and
// when ctx ended it.
func (s *stream) verdict(ctx context.Context, err error, stats *Stats) (*Fault, *Notice) {
	var broken *malformed
	var never *fileError
	switch {
	case err == io.EOF, ctx.Err() != nil:
		return nil, nil
	case errors.As(err, &never):
		return &Fault{s.path, never.what}, nil
	case s.win == nil, s.feed.disk.err != nil:
		return &Fault{s.path, unreadable(err)}, nil
	case errors.As(err, &broken):
		stats.Malformed++
		return nil, &Notice{s.path, s.win.offset(), fmt.Sprintf("malformed, read up to there, %s: %s", packets(s.stat.Packets), broken.what)}
	}
	what := "truncated, read to its last whole packet, " + packets(s.stat.Packets)
	if err != io.ErrUnexpectedEOF {
		what += ": " + err.Error() // a compressed stream that is broken rather than cut
	}
	stats.Truncated++
	return nil, &Notice{s.path, s.win.offset(), what}
}

func packets(n uint64) string {
	if n == 1 {
		return "1 packet"
	}
	return fmt.Sprintf("%d packets", n)
}
