package phi

import "unicode/utf8"

// unescape undoes the escapes of a JSON string into the scratch buffer; what is no escape stays as it is.
func (s *Scanner) unescape(v []byte) []byte {
	out := s.scratch[:0]
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c != '\\' || i+1 == len(v) {
			out = append(out, c)
			continue
		}
		i++
		switch v[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r, ok := hex4(v[i+1:])
			if !ok {
				out = append(out, '\\', 'u')
				continue
			}
			i += 4
			if r >= 0xd800 && r < 0xdc00 && i+2 < len(v) && v[i+1] == '\\' && v[i+2] == 'u' {
				if low, ok := hex4(v[i+3:]); ok && low >= 0xdc00 && low < 0xe000 {
					r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, v[i])
		}
	}
	s.scratch = out
	return out
}

func hex4(v []byte) (rune, bool) {
	if len(v) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range v[:4] {
		n, ok := hex(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(n)
	}
	return r, true
}

func hex(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20-'a' < 6:
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// unpercent undoes percent escapes and plus signs into the scratch buffer.
func (s *Scanner) unpercent(v []byte) []byte {
	out := s.scratch[:0]
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(v) {
			hi, ok := hex(v[i+1])
			lo, ok2 := hex(v[i+2])
			if ok && ok2 {
				c = hi<<4 | lo
				i += 2
			}
		}
		out = append(out, c)
	}
	s.scratch = out
	return out
}
