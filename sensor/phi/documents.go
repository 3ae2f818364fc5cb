package phi

import (
	"bytes"
	"unicode/utf8"
)

// recordMark stands before each text of a sequence of texts (RFC 7464).
const recordMark = 0x1e

var lineFeed, letterA = []byte{'\n'}, []byte{'a'}

// documents is where a body of many texts, each read for itself, stands.
type documents struct {
	begun bool // a text is being read
	line  lineState
	match uint8 // bytes of the name of a line that are those of "data"
	feed  bool  // the line before ended in a carriage return: a line feed belongs to it
	wrap  wrapState
	code  rune
	left  uint8 // hexadecimal digits of code to come
}

// lineState is what of a line of an event stream comes next.
type lineState uint8

const (
	lineStart lineState = iota
	lineName
	lineColon // the value, after a space that may be
	lineData
	lineOther
)

// wrapState is where in a SockJS frame, a["text","text"], the last piece ended.
type wrapState uint8

const (
	unwrapped wrapState = iota
	maybeWrapped
	betweenTexts
	inQuotes
	afterSlash
	inDigits
)

// parted is whether a body of form f holds texts that are read each for itself.
func (f Form) parted() bool { return f == Multipart || f == EventStream || f == Messages }

// events reads the next piece of an event stream (WHATWG HTML section 9.2.6). The data lines of an event are one
// text, which is not kept.
func (s *Scanner) events(b []byte) {
	d := &s.docs
	for len(b) > 0 {
		c := b[0]
		switch d.line {
		case lineStart:
			if c == '\n' && d.feed {
				d.feed = false
				b = b[1:]
				continue
			}
			d.feed = c == '\r'
			if c == '\n' || c == '\r' {
				s.endDocument()
				b = b[1:]
				continue
			}
			d.line, d.match = lineName, 0
		case lineName:
			b = b[1:]
			switch {
			case c == ':' && d.match == 4:
				d.line = lineColon
				if d.begun {
					s.document(lineFeed)
				}
			case c == '\n' || c == '\r':
				d.line, d.feed = lineStart, c == '\r'
			case d.match < 4 && c == "data"[d.match]:
				d.match++
			default:
				d.line = lineOther
			}
		case lineColon:
			if c == ' ' {
				b = b[1:]
			}
			d.line = lineData
		default:
			i := 0
			for i < len(b) && b[i] != '\n' && b[i] != '\r' {
				i++
			}
			if d.line == lineData {
				s.document(b[:i])
			}
			if i < len(b) {
				d.line, d.feed = lineStart, b[i] == '\r'
				i++
			}
			b = b[i:]
		}
	}
}

// messages reads the next piece of a sequence of texts, each after a record mark.
func (s *Scanner) messages(b []byte) {
	for {
		i := bytes.IndexByte(b, recordMark)
		if i < 0 {
			s.document(b)
			return
		}
		s.document(b[:i])
		s.endDocument()
		b = b[i+1:]
	}
}

// document takes a piece of the text at hand. A SockJS frame holds texts of its own.
func (s *Scanner) document(p []byte) {
	if len(p) == 0 {
		return
	}
	d := &s.docs
	if !d.begun {
		d.begun, d.wrap = true, unwrapped
		s.beginText()
		if p[0] == 'a' {
			d.wrap, p = maybeWrapped, p[1:]
		}
	}
	if d.wrap == maybeWrapped && len(p) > 0 {
		d.wrap = unwrapped
		if p[0] == '[' {
			d.wrap, p = betweenTexts, p[1:]
		} else {
			s.piece(letterA)
		}
	}
	switch d.wrap {
	case unwrapped:
		s.piece(p)
	case maybeWrapped:
	default:
		s.unwrap(p)
	}
}

// beginText begins a text within the body.
func (s *Scanner) beginText() {
	s.begin()
	s.carry, s.headLen, s.hint = s.carry[:0], 0, JSON
	s.part, s.sniffing = Unknown, true
}

// piece reads a piece of the text at hand as the form that it turns out to have. Words before a JSON text, as
// Socket.IO and STOMP have them, are passed over by the reader of JSON.
func (s *Scanner) piece(p []byte) {
	if s.sniffing {
		if p = s.sniff(p, false); s.sniffing {
			return
		}
	}
	s.feed(p)
}

// unwrap undoes the quoting of the texts in a SockJS frame.
func (s *Scanner) unwrap(p []byte) {
	d := &s.docs
	out := s.unquoted[:0]
	for i := 0; i < len(p); i++ {
		if len(out)+utf8.UTFMax > cap(out) {
			s.piece(out)
			out = out[:0]
		}
		c := p[i]
		switch {
		case d.wrap == betweenTexts:
			if c == '"' {
				d.wrap = inQuotes
			}
		case d.wrap == afterSlash:
			d.wrap = inQuotes
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'u':
				d.wrap, d.code, d.left = inDigits, 0, 4
				continue
			}
			out = append(out, c)
		case d.wrap == inDigits:
			n, _ := hex(c)
			d.code = d.code<<4 | rune(n)
			if d.left--; d.left == 0 {
				d.wrap = inQuotes
				out = utf8.AppendRune(out, d.code)
			}
		case c == '\\':
			d.wrap = afterSlash
		case c == '"':
			s.piece(out)
			out = out[:0]
			s.endText()
			s.beginText()
			d.wrap = betweenTexts
		default:
			out = append(out, c)
		}
	}
	s.piece(out)
}

// endText settles the text at hand; open is whether it ended inside a value.
func (s *Scanner) endText() (open bool) {
	if s.sniffing {
		s.sniff(nil, true)
		s.sniffing = false
	}
	return s.end()
}

// endDocument settles what an event or a message held.
func (s *Scanner) endDocument() (open bool) {
	d := &s.docs
	if !d.begun {
		return false
	}
	if d.wrap == maybeWrapped {
		s.piece(letterA)
	}
	d.begun = false
	return s.endText()
}

// rejoin goes on after bytes that were not read, at the next text that begins. It returns what is left of b, and
// whether there is such a beginning in b.
func (s *Scanner) rejoin(b []byte) (rest []byte, ok bool) {
	mark := byte('\n')
	if s.form == Messages {
		mark = recordMark
	}
	i := bytes.IndexByte(b, mark)
	if i < 0 {
		return nil, false
	}
	if s.form == NDJSON {
		s.end()
		s.begin()
		s.carry = s.carry[:0]
	} else {
		s.endDocument()
		s.docs = documents{}
	}
	s.adrift = false
	return b[i+1:], true
}
