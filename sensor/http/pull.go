package http

import (
	"errors"
	"io"

	"auscult/sensor/http/inflate"
	"auscult/sensor/spare"
)

var (
	errTrailing = errors.New("bytes after the end of the content")
	errCorrupt  = errors.New("content is not as its coding says")
)

// openInflate opens the stage for gzip or deflate that begins with head, of which skip bytes are not to be decoded.
// What does not begin as gzip must is plain.
func (s *stage) openInflate(head [2]byte) (skip int, err error) {
	s.plain, s.count, s.held, s.inner, s.z, s.out, s.status = false, 0, 0, nil, nil, nil, inflate.More
	if s.kind == gzipCoding && head != [2]byte{gzipMagic, 0x8b} {
		s.plain = true
		return 0, nil
	}
	if err := s.hold(flateWindow); err != nil {
		return 0, err
	}
	s.z = spare.Take(&s.d.owner.spares.inflate)
	if s.kind == gzipCoding {
		s.z.Reset()
		return 0, nil
	}
	s.z.Raw.Reset()
	// The coding is zlib (RFC 1950), but some servers send bare deflate (RFC 1951). The checksum behind the data is
	// not read: TCP has carried one, and a wrong one changes nothing about what was disclosed.
	if b := head; b[0]&0x0f == 8 && b[0]>>4 <= 7 && (uint(b[0])<<8|uint(b[1]))%31 == 0 && b[1]&0x20 == 0 {
		return 2, nil
	}
	return 0, nil
}

// decode is Decode of the decoder.
func (s *stage) decode(b []byte) (out []byte, n int, status inflate.Status) {
	if s.kind == gzipCoding {
		return s.z.Decode(b)
	}
	return s.z.Raw.Decode(b)
}

// mayEnd is whether a stream that wants more may end here.
func (s *stage) mayEnd() bool { return s.kind == gzipCoding && s.z.Whole() }

// fault is the error that a status stands for.
func (s *stage) fault(status inflate.Status) error {
	if status == inflate.NotGzip && s.count > 0 {
		return errTrailing // a member was complete, what follows is not another
	}
	return errCorrupt
}

// inflated is a stage of gzip or deflate as a Reader of what it decodes to, for codings that are stacked.
type inflated stage

func (z *inflated) Read(p []byte) (int, error) {
	s := (*stage)(z)
	for len(s.out) == 0 {
		switch s.status {
		case inflate.More:
			if _, err := s.src.Peek(1); err == io.EOF && !s.mayEnd() {
				return 0, io.ErrUnexpectedEOF
			} else if err != nil {
				return 0, err
			}
		case inflate.Full:
		case inflate.End:
			return 0, io.EOF
		default:
			return 0, s.fault(s.status)
		}
		in, _ := s.src.Peek(s.src.Buffered())
		var n int
		s.out, n, s.status = s.decode(in)
		s.src.Discard(n)
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}
