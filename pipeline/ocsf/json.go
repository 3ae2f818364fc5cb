package ocsf

import (
	"slices"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string (RFC 8259), quotes included, exactly as encoding/json writes it with
// HTML escaping off: control bytes escaped, bytes that are not UTF-8 replaced by \ufffd.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	n := len(dst)
	return Seal(append(dst, s...), n)
}

// Seal makes the bytes of dst from n on the inside of a JSON string and closes it. Who wrote them put the
// opening quote before n.
func Seal(dst []byte, n int) []byte {
	i := n
	for i < len(dst) && plain[dst[i]] {
		i++
	}
	if i == len(dst) {
		return append(dst, '"')
	}
	end := len(dst)
	dst = slices.Grow(dst, end-i+32)
	// The escaped text is written behind the plain one and then moved over it: text grows when it is escaped.
	for i, start := i, i; ; {
		if i == end {
			dst = append(dst, dst[start:end]...)
			break
		}
		b := dst[i]
		if plain[b] {
			i++
			continue
		}
		r, size := rune(b), 1
		if b >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(dst[i:end])
			if r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
		}
		dst = append(dst, dst[start:i]...)
		dst = appendEscape(dst, r)
		i += size
		start = i
	}
	moved := copy(dst[i:], dst[end:])
	return append(dst[:i+moved], '"')
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// plain holds the ASCII bytes that stand for themselves inside a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()
