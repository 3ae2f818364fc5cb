package websocket

import (
	"bufio"
	"io"
	"iter"

	"github.com/klauspost/compress/flate"

	"auscult/sensor/http"
)

const (
	window = 32 << 10
	// inflaterBytes is what an inflater holds: a window and its tables, its output, its input and a stack.
	inflaterBytes = 128 << 10
)

// inflater undoes the compression of one direction, or of one message where nothing is carried over (RFC 7692).
// Libraries pull and a capture pushes, so it runs in a coroutine (iter.Pull), as http.Content does: only inside
// write and flush, on the caller's thread.
type inflater struct {
	resume  func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	owner   *stream
	src     *bufio.Reader
	z       io.ReadCloser
	in      []byte // pushed, not yet read; borrowed
	end     bool   // no more input will come
	stopped bool
	final   bool // the last block said that it is the last, and nothing was read since
	state   state
	buf     [window + 16<<10]byte // what was inflated, the last window of it at least
}

// state is how an inflater stands.
type state uint8

const (
	inflating state = iota
	broken
	overDecoded
	overRatio
)

// inflate makes the direction ready for a compressed message.
func (s *stream) inflate() bool {
	if s.z != nil {
		return true
	}
	pool := s.pool
	if int64(pool.open+1)*inflaterBytes > pool.Config.DecoderBytes {
		pool.Stats.OverDecoders++
		s.blind = !s.forget // the next messages would refer to this one
		return false
	}
	pool.open++
	var z *inflater
	if n := len(pool.inflaters); n > 0 {
		z, pool.inflaters = pool.inflaters[n-1], pool.inflaters[:n-1]
	} else {
		z = &inflater{src: bufio.NewReaderSize(nil, 4<<10)}
		z.z = flate.NewReader(z.src)
		z.resume, z.stop = iter.Pull(z.loop)
		z.resume()
	}
	z.owner, z.in, z.end, z.final, z.state = s, nil, false, false, inflating
	s.z = z
	return true
}

// drop gives the inflater back.
func (s *stream) drop() {
	z := s.z
	if z == nil {
		return
	}
	s.z = nil
	if z.state == inflating {
		z.end = true
		z.resume()
	}
	z.owner = nil
	pool := s.pool
	pool.open--
	if len(pool.inflaters) < pool.Config.Spare {
		pool.inflaters = append(pool.inflaters, z)
		return
	}
	z.release()
}

// fail gives up what is compressed: this message, and what may refer to it.
func (s *stream) fail() {
	if s.inMsg && s.msg.deflated {
		s.refuse()
	}
	s.blind = s.blind || !s.forget
	s.drop()
}

// judge looks at what became of the last write.
func (s *stream) judge() {
	if s.z.state == inflating {
		return
	}
	st := &s.pool.Stats
	switch s.z.state {
	case broken:
		st.BadDeflate++
		s.x.Marks |= http.BadCoding
	case overDecoded:
		st.OverDecoded++
		s.x.Loss |= http.LossDecodeLimit
	case overRatio:
		st.OverRatio++
		s.x.Loss |= http.LossDecodeLimit
		s.blind = true
	}
	s.fail()
}

// write inflates p, the next bytes of the message.
func (z *inflater) write(p []byte) {
	if z.state == inflating && len(p) > 0 {
		z.in = p
		z.resume()
		z.in = nil
	}
}

// flush ends the message: its sender left out the empty block that ends it (RFC 7692 section 7.2.2).
func (z *inflater) flush() {
	if !z.final {
		z.write(tail[:])
	}
}

var tail = [4]byte{0, 0, 0xff, 0xff}

func (z *inflater) release() {
	z.stopped = true
	z.stop()
}

// loop is the coroutine: one stream of blocks after another.
func (z *inflater) loop(yield func(struct{}) bool) {
	z.yield = yield
	for yield(struct{}{}) {
		z.state = z.run()
		if z.stopped {
			return
		}
	}
}

// Read gives the coroutine what was pushed, and yields to have more.
func (z *inflater) Read(p []byte) (int, error) {
	for len(z.in) == 0 {
		if z.end || !z.yield(struct{}{}) {
			return 0, io.EOF
		}
	}
	z.final = false
	n := copy(p, z.in)
	z.in = z.in[n:]
	return n, nil
}

// run inflates until the input or the patience ends. A panic in the library is contained: the decoder is replaced.
func (z *inflater) run() (result state) {
	defer func() {
		if recover() != nil {
			z.owner.pool.Stats.DecoderFault++
			z.z = flate.NewReader(z.src)
			result = broken
		}
	}()
	z.owner.pool.forget.Flate(z.z)
	z.src.Reset(z)
	r := z.z.(flate.Resetter)
	if err := r.Reset(z.src, nil); err != nil {
		return broken
	}
	n := 0
	for {
		if n == len(z.buf) {
			copy(z.buf[:], z.buf[n-window:])
			n = window
		}
		k, err := z.z.Read(z.buf[n:])
		if k > 0 {
			if over := z.owner.inflated(z.buf[n : n+k]); over != inflating {
				return over
			}
			n += k
		}
		switch {
		case err == nil:
		case err == io.EOF: // a block said that it is the last; the next message goes on all the same
			z.final = z.src.Buffered() == 0 && len(z.in) == 0
			if err := r.Reset(z.src, z.buf[max(0, n-window):n]); err != nil {
				return broken
			}
		case z.end:
			return inflating
		default:
			return broken
		}
	}
}

// inflated takes a piece that came out, unless it is too much.
func (s *stream) inflated(p []byte) state {
	cfg := &s.pool.Config
	s.msg.decoded += int64(len(p))
	s.output += int64(len(p))
	switch {
	case s.msg.decoded > cfg.DecodedBytes:
		return overDecoded
	case s.output > cfg.RatioFloor && s.output/cfg.Ratio > s.wire:
		return overRatio
	}
	s.x.Message(s.side).Decoded += int64(len(p))
	s.show(p)
	return inflating
}
