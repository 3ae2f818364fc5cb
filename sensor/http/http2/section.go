package http2

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// section is a header section while its block is read: HEADERS or PUSH_PROMISE with what continues it.
type section struct {
	fields []http.Header
	buf    []byte // what they say
	rest   []byte // of the block: a field that is not all there
	size   int    // of fields
	wire   int    // bytes of the block
	frames int    // that continued it

	began    clock.Time
	where    packet.Where
	id       uint32 // of the stream
	promised uint32 // by PUSH_PROMISE
	last     bool   // END_STREAM
	begun    bool   // a field was read
	broken   bool   // not HPACK
	over     bool   // a field was dropped to keep to a limit
	marks    http.Marks
	loss     http.Loss
	most     int // of size
	count    int // of fields
}

// fits is whether a field of n bytes is within the limits.
func (s *section) fits(n int) bool {
	if s.size+n > s.most || len(s.fields) >= s.count {
		s.over = true
		return false
	}
	return true
}

// add adds a field, whose bytes in buf begin at at, unless it is past a limit.
func (s *section) add(name, value []byte, at int) {
	s.begun = true
	if !s.fits(len(name) + len(value)) {
		s.buf = s.buf[:at]
		return
	}
	s.size += len(name) + len(value)
	s.fields = append(s.fields, http.Header{Name: name, Value: value})
}

// section returns an empty section of stream id.
func (pool *Pool) section() *section {
	s := spare.Take(&pool.sections)
	s.most, s.count = pool.Config.HeadBytes, pool.Config.Headers
	return s
}

// unsection takes s back.
func (pool *Pool) unsection(s *section) {
	if len(pool.sections) >= pool.Config.Spare {
		return
	}
	kept := section{fields: s.fields[:0]}
	if cap(s.buf) <= spare.MaxBuffer {
		kept.buf = s.buf[:0]
	}
	if cap(s.rest) <= spare.MaxBuffer {
		kept.rest = s.rest[:0]
	}
	*s = kept
	pool.sections = append(pool.sections, s)
}
