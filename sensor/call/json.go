package call

import (
	"strconv"
	"unicode/utf8"
)

// members walks the members of one JSON object, RFC 8259, without building anything. It is tolerant: what is not
// JSON ends it.
type members struct {
	b []byte
	i int
}

// object starts a walk; ok is false when b is not an object.
func object(b []byte) (m members, ok bool) {
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return m, false
	}
	return members{b, i + 1}, true
}

// next is the next member: its key without quotes, escapes left as they are, and its value as written.
func (m *members) next() (key, value []byte, ok bool) {
	i := space(m.b, m.i)
	if i < len(m.b) && m.b[i] == ',' {
		i = space(m.b, i+1)
	}
	if i >= len(m.b) || m.b[i] != '"' {
		return nil, nil, false
	}
	end := skip(m.b, i)
	if end < 0 {
		return nil, nil, false
	}
	key = m.b[i+1 : end-1]
	i = space(m.b, end)
	if i >= len(m.b) || m.b[i] != ':' {
		return nil, nil, false
	}
	i = space(m.b, i+1)
	end = skip(m.b, i)
	if end < 0 {
		return nil, nil, false
	}
	m.i = end
	return key, m.b[i:end], true
}

// closed is whether the walk ended at the object's brace with nothing but space after it.
func (m *members) closed() bool {
	i := space(m.b, m.i)
	return i < len(m.b) && m.b[i] == '}' && space(m.b, i+1) == len(m.b)
}

// element is the next element of the JSON array value at or after i: its bytes and where to go on; ok is false
// at the end.
func element(array []byte, i int) (value []byte, next int, ok bool) {
	i = space(array, i)
	if i < len(array) && (array[i] == ',' || array[i] == '[') {
		i = space(array, i+1)
	}
	end := skip(array, i)
	if end < 0 || i >= len(array) || array[i] == ']' {
		return nil, i, false
	}
	return array[i:end], end, true
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip is the end of the value at i; -1 when it does not end in b. Brackets are counted, not matched: the
// callers only read strings, numbers and flat arrays.
func skip(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			for i++; ; i++ {
				if i >= len(b) {
					return -1
				}
				if b[i] == '\\' {
					i++
				} else if b[i] == '"' {
					break
				}
			}
			i++
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return -1
			}
			depth--
			i++
		case ' ', '\t', '\n', '\r', ',', ':':
			if depth == 0 {
				return -1
			}
			i++
			continue
		default:
			for i < len(b) && !delimiter(b[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

func delimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ':', '}', ']', '{', '[', '"':
		return true
	}
	return false
}

// text appends the content of a JSON string value to dst, escapes resolved; other scalars as written. It appends
// nothing for null, objects and arrays.
func text(dst, value []byte) []byte {
	switch {
	case len(value) == 0 || value[0] == '{' || value[0] == '[' || string(value) == "null":
		return dst
	case value[0] != '"':
		return append(dst, value...)
	}
	value = value[1 : len(value)-1]
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c != '\\' || i+1 >= len(value) {
			dst = append(dst, c)
			continue
		}
		i++
		switch c = value[i]; c {
		case 'n', 't', 'r', 'b', 'f':
			dst = append(dst, ' ')
		case 'u':
			if i+5 > len(value) {
				return dst
			}
			r, err := strconv.ParseUint(string(value[i+1:i+5]), 16, 16)
			if err != nil {
				return dst
			}
			dst = utf8.AppendRune(dst, rune(r))
			i += 4
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
