package phi

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// lexState is the token that the last piece of the body ended in.
type lexState uint8

const (
	between lexState = iota
	inString
	inScalar
)

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	quotes = ones * '"'
	slants = ones * '\\'
	blanks = ones * ' '
)

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// json reads the next piece of a JSON text or of a row of them. It is lenient: what is not JSON is passed over.
func (s *Scanner) json(b []byte) {
	t := &s.patterns
	t.credit = min(t.credit+len(b)/creditPart, creditMost)
	t.study = min(t.study+len(b)/studyPart, creditMost)
	if t.heldNow {
		n := s.rejoinRecord(b)
		if b = b[n:]; t.heldNow {
			return
		}
	}
	s.tokens(b)
	if s.learn.on {
		s.pause(b)
	}
}

func (s *Scanner) tokens(b []byte) {
	i := 0
	if s.lex != between {
		if i = s.resume(b); i < 0 {
			return
		}
	}
	if s.skip > 0 {
		if i = s.skipTree(b, i); i < 0 {
			return
		}
		s.skipped(i)
	}
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			i++
			if s.wantKey {
				if e := s.memo.guess(b[i:]); e != nil {
					if s.learn.on {
						s.learn.met(e.key[:e.n])
					}
					s.k, s.slot = e.info, e.slot
					if e.body != s.memo.met.body {
						s.meet(e.key[:e.n], e)
					}
					i = s.colon(b, i+int(e.n)+1)
					continue
				}
			}
			j, plain := quote(b, i)
			if j < 0 {
				s.lex, s.escaped, s.pending = inString, !plain, false
				s.carry = s.carry[:0]
				s.hold(b[i:])
				s.pending = dangling(b[i:])
				s.learn.token = s.learn.at(i)
				return
			}
			if s.wantKey {
				s.name(b[i:j], !plain)
				i = s.colon(b, j+1)
				continue
			}
			if s.learn.on {
				s.scalar(s.learn.at(i), s.learn.at(j), stringShape)
			}
			s.str(b[i:j], !plain)
			i = j + 1
		case ',':
			i++
			f := &s.frames[s.depth]
			s.wantKey = !f.array && s.depth > 0
			s.k, s.slot = f.key, f.slot
		case ':':
			i++
			s.wantKey = false
		case '{', '[':
			if like := s.frames[s.depth].like; c == '{' && like > 0 {
				if like > 1 {
					s.unlearn()
				}
				if !s.learn.on {
					if n := s.follow(b, i); n != 0 {
						if i = n; n < 0 {
							return
						}
						continue
					}
				}
			}
			i++
			s.open(c == '[')
			if s.skip > 0 {
				from := i
				s.learn.token = s.learn.at(i)
				if i = s.skipTree(b, i); i < 0 {
					return
				}
				if s.learn.on && i-from <= treeText {
					s.skippedParts(b, from, i)
				} else {
					s.skipped(i)
				}
			}
		case '}', ']':
			i++
			s.close()
			if s.learn.on && s.depth == int(s.learn.place.depth) {
				s.learned(b, i)
			}
		case ' ', '\n', '\r', '\t':
			i++
			for i+8 <= len(b) && word(b[i:]) == blanks {
				i += 8
			}
		default:
			j := i + 1
			for j < len(b) && !delimits[b[j]] {
				j++
			}
			if j == len(b) {
				s.lex = inScalar
				s.carry = s.carry[:0]
				s.hold(b[i:])
				s.learn.token = s.learn.at(i)
				return
			}
			s.word(s.learn.at(i), s.learn.at(j), b[i:j])
			i = j
		}
	}
}

// colon passes over the colon that all but always follows a key.
func (s *Scanner) colon(b []byte, i int) int {
	if i < len(b) && b[i] == ':' {
		s.wantKey = false
		i++
	}
	return i
}

// delimits are the bytes that end a number or a word.
var delimits = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, ',': true, ':': true, '{': true, '}': true,
	'[': true, ']': true, '"': true}

// quote finds the quote that ends the string that begins at i; -1 when it is not in b. Plain is whether there was
// no backslash before it.
func quote(b []byte, i int) (end int, plain bool) {
	for i+8 <= len(b) {
		w := word(b[i:])
		q, e := w^quotes, w^slants
		if m := ((q-ones)&^q | (e-ones)&^e) & highs; m != 0 {
			i += bits.TrailingZeros64(m) / 8
			if b[i] == '"' {
				return i, true
			}
			break
		}
		i += 8
	}
	return quoteFar(b, i)
}

// quoteFar is quote for long strings and those with escapes. A quote after an odd number of backslashes is none.
func quoteFar(b []byte, start int) (end int, plain bool) {
	for i := start; i < len(b); i++ {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			break
		}
		i += q
		if !dangling(b[start:i]) {
			return i, bytes.IndexByte(b[start:i], '\\') < 0
		}
	}
	return -1, start >= len(b) || bytes.IndexByte(b[start:], '\\') < 0
}

// dangling is whether b, the start of a string, ends in the first half of an escape.
func dangling(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n&1 == 1
}

// hold keeps the first part of a token that goes on in the next piece; a token over its limit is dropped.
func (s *Scanner) hold(b []byte) {
	if room := s.cfg.Token + 1 - len(s.carry); len(b) > room {
		b = b[:room]
	}
	s.carry = append(s.carry, b...)
}

// resume goes on with the token that the last piece ended in. It returns where the rest begins, or -1.
func (s *Scanner) resume(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	if s.lex == inScalar {
		j := 0
		for j < len(b) && !delimits[b[j]] {
			j++
		}
		s.hold(b[:j])
		if j == len(b) {
			return -1
		}
		s.lex = between
		s.word(s.learn.token, s.learn.at(j), s.carry)
		return j
	}
	i := 0
	if s.pending {
		i = 1
	}
	j, plain := quote(b, i)
	s.escaped = s.escaped || !plain
	if j < 0 {
		s.hold(b)
		s.pending = dangling(b[i:])
		return -1
	}
	s.hold(b[:j])
	s.lex, s.pending = between, false
	switch {
	case s.skip > 0:
	case s.wantKey:
		s.name(s.carry, s.escaped)
	default:
		if s.learn.on {
			s.scalar(s.learn.token, s.learn.at(j), stringShape)
		}
		s.str(s.carry, s.escaped)
	}
	return j + 1
}

// skipTree passes over the container that nobody is interested in. It returns where the rest begins, or -1.
func (s *Scanner) skipTree(b []byte, i int) int {
	depth := s.skip
	for i < len(b) {
		switch b[i] {
		case '"':
			j, _ := quote(b, i+1)
			if j < 0 {
				s.lex, s.skip = inString, depth
				s.carry, s.escaped = s.carry[:0], false
				s.pending = dangling(b[i+1:])
				return -1
			}
			i = j
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.skip = 0
				return i + 1
			}
		}
		i++
	}
	s.skip = depth
	return -1
}

// name is a whole key, without its quotes and not unescaped.
func (s *Scanner) name(v []byte, escaped bool) {
	if len(v) > s.cfg.Token {
		v = nil
	}
	if escaped {
		v = s.unescape(v)
	}
	s.under(v)
}

// str is a whole value, without its quotes and not unescaped.
func (s *Scanner) str(v []byte, escaped bool) {
	if f := &s.frames[s.depth]; f.array {
		f.items++
	}
	if s.k == (keyInfo{}) {
		s.bare(v)
		if s.learn.on {
			s.learn.rawly()
		}
		return
	}
	if len(v) > s.cfg.Token {
		s.unlearn()
		s.stats.Long++
		return
	}
	if escaped {
		v = s.unescape(v)
	}
	if s.k.traits&grants != 0 {
		s.grant(v)
		if s.k == (keyInfo{traits: grants}) {
			s.bare(v)
			return
		}
	}
	s.value(v)
}

// word notes a whole number, true, false or null, which stands from and to there in a record that is learned.
func (s *Scanner) word(from, to int, v []byte) {
	if s.learn.on && !s.wantKey {
		form := worded
		if isDigit(v[0]) || v[0] == '-' {
			form = numeric
		}
		s.scalar(from, to, form)
	}
	s.literal(v)
}

// literal is a whole number, true, false or null.
func (s *Scanner) literal(v []byte) {
	if s.wantKey {
		return
	}
	if f := &s.frames[s.depth]; f.array {
		f.items++
	}
	if s.k.traits&grants != 0 {
		s.grant(v)
	}
	switch {
	case !isDigit(v[0]) && v[0] != '-':
		s.rules(whatever)
	case s.k == (keyInfo{}), s.k == (keyInfo{traits: grants}):
		s.bare(v)
	case len(v) <= s.cfg.Token:
		s.value(v)
	}
}
