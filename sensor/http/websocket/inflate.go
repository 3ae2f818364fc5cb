package websocket

import (
	"auscult/sensor/http"
	"auscult/sensor/http/inflate"
	"auscult/sensor/spare"
)

// mostShown is how much is shown of a message between two looks at its limits.
const mostShown = 32 << 10

// inflater undoes the compression of one direction, or of one message where nothing is carried over (RFC 7692).
type inflater struct {
	z     inflate.Decoder
	owner *stream
	final bool // the last block said that it is the last, and nothing was read since
	state state
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
	if int64(pool.open+1)*inflate.Size > pool.Config.DecoderBytes {
		pool.Stats.OverDecoders++
		s.blind = !s.forget // the next messages would refer to this one
		return false
	}
	pool.open++
	z := spare.Take(&pool.inflaters)
	z.z.Reset()
	z.owner, z.final, z.state = s, false, inflating
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
	z.owner = nil
	s.pool.open--
	s.pool.inflaters.Push(z, s.pool.Config.Spare)
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
	for more := len(p) > 0; more && z.state == inflating; {
		z.final = false
		out, n, status := z.z.Decode(p)
		p = p[n:]
		for len(out) > 0 && z.state == inflating {
			k := min(len(out), mostShown)
			z.state = z.owner.inflated(out[:k])
			out = out[k:]
		}
		switch status {
		case inflate.More:
			more = false
		case inflate.Full:
		case inflate.End: // a block said that it is the last; the next message goes on all the same
			z.z.Next()
			z.final, more = len(p) == 0, len(p) > 0
		default:
			if z.state == inflating {
				z.state = broken
			}
		}
	}
}

// flush ends the message: its sender left out the empty block that ends it (RFC 7692 section 7.2.2).
func (z *inflater) flush() {
	if !z.final {
		z.write(tail[:])
	}
}

var tail = [4]byte{0, 0, 0xff, 0xff}

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
