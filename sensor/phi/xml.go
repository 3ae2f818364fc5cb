package phi

import (
	"bytes"

	"auscult/sensor/fhir"
)

// markup is where in an XML text the last piece ended.
type markup struct {
	state  xmlState
	quote  byte // open quote inside a tag
	leaf   bool // the innermost element has no element in it
	deep   int  // elements open below the deepest frame
	nested int  // brackets open in a DOCTYPE
}

const cdata = "![CDATA"

type xmlState uint8

const (
	inText xmlState = iota
	inTag
	inComment
	inCDATA
)

// xml reads the next piece of an XML text. Elements are objects, their attributes and leaves are members; a value
// attribute is the value of the element, as in FHIR. No entity but the five of XML is expanded.
func (s *Scanner) xml(b []byte) {
	m := &s.markup
	for len(b) > 0 {
		switch m.state {
		case inText:
			i := bytes.IndexByte(b, '<')
			if i < 0 {
				s.hold(b)
				return
			}
			s.hold(b[:i])
			s.delay()
			m.state = inTag
			b = b[i+1:]
		case inTag:
			b = s.tagBytes(b)
		case inComment, inCDATA:
			b = s.until(b)
		}
	}
}

// delay moves the text before a tag aside: what it is the value of depends on the tag.
func (s *Scanner) delay() {
	s.text = append(s.text[:0], s.carry...)
	s.carry = s.carry[:0]
}

// tagBytes reads up to the end of a tag.
func (s *Scanner) tagBytes(b []byte) []byte {
	m := &s.markup
	for i, c := range b {
		switch {
		case m.quote != 0:
			if c == m.quote {
				m.quote = 0
			}
		case c == '"' || c == '\'':
			m.quote = c
		case c == '[' && m.nested == 0 && len(s.carry)+i == len(cdata) && string(s.carryWith(b[:i])) == cdata:
			s.carry, m.state = append(s.carry[:0], s.text...), inCDATA
			return b[i+1:]
		case c == '[':
			m.nested++
		case c == ']' && m.nested > 0:
			m.nested--
		case c == '>' && m.nested == 0:
			s.tag(s.carryWith(b[:i]))
			s.carry, m.state = s.carry[:0], inText
			return b[i+1:]
		case c == '-' && s.dashes(b[:i]):
			s.carry, m.state = s.carry[:0], inComment
			return b[i+1:]
		}
	}
	s.hold(b)
	return nil
}

// dashes is whether what was read of a tag is "!-": with one more it begins a comment.
func (s *Scanner) dashes(b []byte) bool {
	return len(s.carry)+len(b) == 2 && string(s.carryWith(b)) == "!-"
}

func (s *Scanner) carryWith(b []byte) []byte {
	if len(s.carry) == 0 {
		return b
	}
	n := len(s.carry)
	s.hold(b)
	v := s.carry
	s.carry = s.carry[:n]
	return v
}

// until passes to the end of a comment, or keeps the text of a CDATA section.
func (s *Scanner) until(b []byte) []byte {
	m := &s.markup
	mark := byte('-')
	if m.state == inCDATA {
		mark = ']'
	}
	for i, c := range b {
		switch {
		case c == mark:
			m.nested++
		case c == '>' && m.nested >= 2:
			if m.state == inCDATA {
				s.hold(b[:i])
				s.carry = bytes.TrimSuffix(s.carry, []byte("]]"))
			} else {
				s.carry = append(s.carry[:0], s.text...)
			}
			m.nested, m.state = 0, inText
			return b[i+1:]
		default:
			m.nested = 0
		}
	}
	if m.state == inCDATA {
		s.hold(b)
	}
	return nil
}

// tag is what stands between the angle brackets.
func (s *Scanner) tag(v []byte) {
	if len(v) > s.cfg.Token {
		s.stats.Long++
		v = v[:s.cfg.Token]
	}
	if len(v) == 0 || v[0] == '?' || v[0] == '!' {
		return
	}
	if v[0] == '/' {
		s.endTag()
		return
	}
	empty := v[len(v)-1] == '/'
	name := v
	if i := bytes.IndexAny(v, " \t\r\n/"); i >= 0 {
		name = v[:i]
	}
	rest := v[len(name):]
	if i := bytes.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	s.element(name)
	s.attributes(rest)
	if empty {
		s.text = s.text[:0]
		s.endTag()
	}
}

// element opens a container for the element called name.
func (s *Scanner) element(name []byte) {
	m := &s.markup
	if m.deep > 0 || s.depth+1 >= len(s.frames) {
		m.deep++
		return
	}
	t := fhir.Lookup(name)
	p := &s.frames[s.depth]
	s.under(name)
	if t != 0 && s.k.role != patientKey || t != 0 && s.depth == 0 || t != 0 && p.key.role != plainRole {
		s.k = keyInfo{role: wrapperKey}
		if p.key.role == containedKey {
			s.k.role = containedKey
		}
	}
	// FHIR repeats an element where JSON has an array; the class is claimed when there is a value.
	s.k.traits &^= noise
	held := s.k
	s.k.traits |= leaf
	s.open(false)
	f := &s.frames[s.depth]
	f.key = held
	if t != 0 && held.role != patientKey {
		f.kind, f.fhir, f.anonymous = t, true, t.Anonymous()
	}
	m.leaf = true
}

// attributes reads name="value" pairs.
func (s *Scanner) attributes(v []byte) {
	if s.markup.deep > 0 {
		return
	}
	for {
		eq := bytes.IndexByte(v, '=')
		if eq < 0 {
			return
		}
		name := bytes.TrimSpace(v[:eq])
		v = bytes.TrimLeft(v[eq+1:], " \t\r\n")
		if len(v) == 0 || v[0] != '"' && v[0] != '\'' {
			return
		}
		end := bytes.IndexByte(v[1:], v[0])
		if end < 0 {
			return
		}
		s.attribute(name, s.entities(v[1:1+end]))
		v = v[end+2:]
	}
}

func (s *Scanner) attribute(name, val []byte) {
	f := &s.frames[s.depth]
	if string(name) == "value" && s.depth > 1 {
		s.leafValue(f, val)
		return
	}
	if bytes.HasPrefix(name, []byte("xmlns")) || string(name) == "url" && f.fhir {
		return
	}
	if e := s.memo.classify(name); e.info != (keyInfo{}) {
		s.member(f, e.info, val)
	}
}

// leafValue is val as the value of the element of f, which is a member of the element around it.
func (s *Scanner) leafValue(f *frame, val []byte) {
	p := &s.frames[s.depth-1]
	if f.key.traits&grants != 0 {
		s.slot = f.slot
		s.grant(val)
	}
	if f.key == (keyInfo{}) || f.key == (keyInfo{traits: grants}) {
		s.slot = f.slot
		s.bare(val)
		return
	}
	if int(f.mark) != len(s.stack) {
		return
	}
	// What the member keeps must outlive f, which has kept nothing.
	s.member(p, f.key, val)
	f.mark = uint32(len(s.stack))
}

func (s *Scanner) endTag() {
	m := &s.markup
	if m.deep > 0 {
		m.deep--
		return
	}
	if s.depth == 0 {
		return
	}
	f := &s.frames[s.depth]
	if m.leaf && s.depth > 1 && len(s.text) <= s.cfg.Token {
		if v := bytes.TrimSpace(s.text); len(v) > 0 {
			s.leafValue(f, s.entities(v))
		}
	}
	m.leaf = false
	s.text = s.text[:0]
	if f.key.class != 0 && f.kind == 0 && f.key.traits&leaf == 0 && f.key.check <= words && f.items > 0 {
		s.claim(&s.frames[s.depth-1], f.key)
	}
	if s.depth > 1 {
		s.frames[s.depth-1].items++
	}
	s.close()
}

func (s *Scanner) xmlOpen() bool {
	return s.markup.state != inText || s.depth > 0
}

// entities undoes the five entities of XML and numbers of ASCII characters.
func (s *Scanner) entities(v []byte) []byte {
	if bytes.IndexByte(v, '&') < 0 {
		return v
	}
	out := s.scratch[:0]
	for len(v) > 0 {
		i := bytes.IndexByte(v, '&')
		if i < 0 {
			break
		}
		out = append(out, v[:i]...)
		v = v[i:]
		end := bytes.IndexByte(v[:min(len(v), 8)], ';')
		if end < 0 {
			out = append(out, '&')
			v = v[1:]
			continue
		}
		switch string(v[1:end]) {
		case "amp":
			out = append(out, '&')
		case "lt":
			out = append(out, '<')
		case "gt":
			out = append(out, '>')
		case "quot":
			out = append(out, '"')
		case "apos":
			out = append(out, '\'')
		default:
			out = appendCharRef(out, v[:end+1])
		}
		v = v[end+1:]
	}
	s.scratch = append(out, v...)
	return s.scratch
}

// appendCharRef appends the ASCII character that &#n; or &#xn; stands for; another is left as it is.
func appendCharRef(out, v []byte) []byte {
	if len(v) < 4 || v[1] != '#' {
		return append(out, v...)
	}
	n := 0
	if v[2]|0x20 == 'x' {
		for _, c := range v[3 : len(v)-1] {
			d, ok := hex(c)
			if !ok {
				return append(out, v...)
			}
			n = n<<4 | int(d)
		}
	} else if m := number(v[2 : len(v)-1]); m > 0 {
		n = int(m)
	}
	if n <= 0 || n > 0x7e {
		return append(out, v...)
	}
	return append(out, byte(n))
}
