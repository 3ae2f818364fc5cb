package http

import "auscult/sensor/http/inflate"

// mostShown is how much is shown of a content between two looks at its limits.
const mostShown = 8 << 10

// pushed is a content whose one coding is gzip or deflate, as nearly all are: its decoder takes what is pushed, so
// it needs no coroutine, and what it decodes to is shown where it lies.
type pushed struct {
	is   bool
	open bool // head is whole, or all there is
	n    int
	head [2]byte // by which the stage is opened
}

// push takes the next bytes of the content; end says that no more will come.
func (d *Content) push(b []byte, end bool) outcome {
	p, s := &d.pushed, &d.stage[0]
	if !p.open {
		k := copy(p.head[p.n:], b)
		p.n += k
		b = b[k:]
		if p.n < len(p.head) && !end {
			return decoding
		}
		p.open = true
		s.d, s.kind = d, d.coding.list[0]
		skip, err := s.openInflate(p.head)
		if err != nil {
			return d.judge(err)
		}
		if r := d.inflate(p.head[min(skip, p.n):p.n]); r != decoding {
			return r
		}
	}
	switch r := d.inflate(b); {
	case r != decoding || !end:
		return r
	case s.plain:
		return plain
	case s.mayEnd():
		return whole
	case d.decoded > 0:
		return short
	}
	return broken
}

// inflate decodes b and shows what comes out.
func (d *Content) inflate(b []byte) outcome {
	s := &d.stage[0]
	if s.plain {
		return d.show(b)
	}
	for {
		out, n, status := s.decode(b)
		b = b[n:]
		if r := d.show(out); r != decoding {
			return r
		}
		switch status {
		case inflate.More:
			return decoding
		case inflate.Full:
		case inflate.End:
			return whole
		default:
			return d.judge(s.fault(status))
		}
	}
}

// show shows b, the next that the content decodes to, as far as the limits allow.
func (d *Content) show(b []byte) outcome {
	s := &d.stage[0]
	for len(b) > 0 {
		if r := d.over(); r != decoding {
			return r
		}
		n := min(int64(len(b)), mostShown, d.owner.cfg.DecodedBytes-s.count)
		s.count += n
		d.decoded += n
		if d.out != nil {
			d.out.Scan(b[:n])
		}
		b = b[n:]
	}
	return decoding
}
