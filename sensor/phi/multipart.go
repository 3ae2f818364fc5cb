package phi

import "bytes"

// multipart is where in a multipart body (RFC 2046 section 5.1) the last piece ended.
type multipart struct {
	state    partState
	boundary []byte // with the two hyphens before it
	window   []byte // the end of the last piece, which may begin a boundary; or a line of a head
	hint     Form   // of the part, from its Content-Type
	key      keyInfo
	virtual  bool // the line feed in the window is the head's, not the text's
}

type partState uint8

const (
	firstLine partState = iota
	boundaryLine
	partHead
	partBody
	epilogue
)

const (
	maxBoundary = 72
	maxLine     = 1024
)

// multipart reads the next piece of a body in parts. The boundary is its first line.
func (s *Scanner) multipart(b []byte) {
	m := &s.multi
	for len(b) > 0 {
		switch m.state {
		case firstLine, boundaryLine, partHead:
			i := bytes.IndexByte(b, '\n')
			if i < 0 {
				m.window = append(m.window, b[:min(len(b), max(maxLine-len(m.window), 0))]...)
				return
			}
			m.window = append(m.window, b[:min(i, max(maxLine-len(m.window), 0))]...)
			s.partLine(bytes.TrimRight(m.window, "\r"))
			m.window = m.window[:0]
			b = b[i+1:]
		case partBody:
			b = s.partBytes(b)
		default:
			return
		}
	}
}

// partLine is the first line of the body or a line of the head of a part.
func (s *Scanner) partLine(line []byte) {
	m := &s.multi
	switch {
	case m.state == firstLine:
		line = bytes.TrimRight(line, " \t")
		if len(line) < 3 || len(line) > maxBoundary || line[0] != '-' || line[1] != '-' {
			m.state = epilogue
			return
		}
		m.boundary = append(append(m.boundary[:0], '\n'), line...)
		s.startHead()
		m.state = partHead
	case m.state == boundaryLine:
		m.state = partHead
		if bytes.HasPrefix(line, []byte("--")) {
			m.state = epilogue
		}
	case len(line) == 0:
		s.startPart()
	default:
		s.headLine(line)
	}
}

func (s *Scanner) startHead() {
	m := &s.multi
	// The rest of the boundary's line is the first line of the head: "--" ends the body, else it is empty.
	m.state, m.hint, m.key = boundaryLine, Unknown, keyInfo{}
}

// headLine takes the type and the name of the part.
func (s *Scanner) headLine(line []byte) {
	m := &s.multi
	name, val, _ := bytes.Cut(line, []byte{':'})
	val = bytes.TrimSpace(val)
	switch {
	case bytes.EqualFold(name, []byte("Content-Type")):
		if m.hint = typeForm(val); m.hint == Unknown {
			m.hint = Binary
		}
	case bytes.EqualFold(name, []byte("Content-Disposition")):
		i := bytes.Index(val, []byte(` name="`))
		if i < 0 {
			return
		}
		val = val[i+len(` name="`):]
		if end := bytes.IndexByte(val, '"'); end >= 0 {
			s.under(val[:end])
			m.key = s.k
		}
	}
}

// startPart begins the text of a part. One that is a field of a form is its value.
func (s *Scanner) startPart() {
	m := &s.multi
	m.state = partBody
	s.begin()
	s.carry, s.headLen, s.hint = s.carry[:0], 0, m.hint
	if m.hint == Unknown {
		s.hint = Text
	}
	s.part, s.sniffing = Unknown, m.hint != Binary
	// The boundary's own line end may be the blank line's: an empty part ends at once.
	m.window = append(m.window[:0], '\n')
	m.virtual = true
}

// partBytes reads the text of a part up to its boundary and returns what follows that.
func (s *Scanner) partBytes(b []byte) []byte {
	m := &s.multi
	if len(m.window) == 0 {
		i := bytes.Index(b, m.boundary)
		if i >= 0 {
			s.partText(b[:i])
			s.endPart()
			return b[i+len(m.boundary):]
		}
		keep := overlap(b, m.boundary)
		s.partText(b[:len(b)-keep])
		m.window = append(m.window, b[len(b)-keep:]...)
		return nil
	}
	// The window holds the start of what may be the boundary.
	for len(b) > 0 && len(m.window) < len(m.boundary) && b[0] == m.boundary[len(m.window)] {
		m.window = append(m.window, b[0])
		b = b[1:]
	}
	switch {
	case len(m.window) == len(m.boundary):
		m.window = m.window[:0]
		s.endPart()
	case len(b) > 0:
		// Not it. A boundary begins with the only line feed in it, so nothing inside the window can begin one.
		if m.virtual {
			m.window = m.window[1:]
			m.virtual = false
		}
		s.partText(m.window)
		m.window = m.window[:0]
	}
	return b
}

// overlap is how much of the end of b is the start of w.
func overlap(b, w []byte) int {
	i := bytes.LastIndexByte(b, w[0])
	if i < 0 || len(b)-i >= len(w) || !bytes.HasPrefix(w, b[i:]) {
		return 0
	}
	return len(b) - i
}

func (s *Scanner) partText(b []byte) {
	m := &s.multi
	m.virtual = false
	if s.sniffing {
		if b = s.sniff(b, false); s.sniffing {
			return
		}
	}
	s.feed(b)
}

// endField takes a part that is the value of a field.
func (s *Scanner) endField() {
	if s.form == Multipart && len(s.carry) <= s.cfg.Token {
		s.k = s.multi.key
		s.field(bytes.TrimRight(s.carry, "\r\n"))
	}
	s.carry = s.carry[:0]
}

func (s *Scanner) endPart() {
	s.finishPart()
	s.startHead()
}

func (s *Scanner) finishPart() {
	if s.sniffing {
		s.sniff(nil, true)
		s.sniffing = false
	}
	s.end()
}

func (s *Scanner) endMultipart() bool {
	open := s.multi.state == partBody
	if open {
		s.finishPart()
	}
	return open
}
