// Package er7 reads the segments of HL7 v2 messages in the encoding of bars and carets, ER7 (HL7 v2.5 section 2.5):
// in goes a segment, out come its parts, borrowed from it. It has no state.
package er7

import "bytes"

// Separators are those that a message declares; the zero value is none.
type Separators struct{ Field, Component, Repeat byte }

// Declared are the separators that line declares, a segment MSH, FHS or BHS of at least four bytes. Those that it is
// too short for are the usual ones.
func Declared(line []byte) Separators {
	s := Separators{line[3], '^', '~'}
	if len(line) > 5 && line[4] != line[3] {
		s.Component, s.Repeat = line[4], line[5]
	}
	return s
}

// Part is the n-th of the parts of b between sep, from 0; nil when there are not so many. Of a segment these are its
// name and its fields, but MSH-1 is the separator itself, so that MSH-n is part n-1.
func Part(b []byte, sep byte, n int) []byte {
	for ; n > 0; n-- {
		i := bytes.IndexByte(b, sep)
		if i < 0 {
			return nil
		}
		b = b[i+1:]
	}
	if i := bytes.IndexByte(b, sep); i >= 0 {
		b = b[:i]
	}
	return b
}

// maxWord bounds each part of a message type, in bytes.
const maxWord = 16

// AppendType appends the type of a message, its code and trigger event as in ADT^A01, in [A-Z0-9_^]; nothing when
// kind has none of these.
func AppendType(dst, kind, trigger []byte) []byte {
	from := len(dst)
	if dst = appendWord(dst, kind); len(dst) == from {
		return dst
	}
	n := len(dst)
	if dst = appendWord(append(dst, '^'), trigger); len(dst) == n+1 {
		return dst[:n]
	}
	return dst
}

func appendWord(dst, b []byte) []byte {
	for _, c := range b[:min(len(b), maxWord)] {
		switch {
		case 'a' <= c && c <= 'z':
			dst = append(dst, c-'a'+'A')
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
			dst = append(dst, c)
		}
	}
	return dst
}
