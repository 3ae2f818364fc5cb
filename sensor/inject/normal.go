package inject

// noted is what making the normal form of a value found.
type noted struct {
	set     Chars // classes that stood behind an encoding
	null    bool  // NUL
	encoded bool  // a dot, slash or quote behind percent signs, overlong UTF-8 or full-width letters
	percent int   // percent signs that encode nothing, one before each letter
	comment bool  // a comment of SQL stood between two letters
	nullAt  int   // where in the text the first NUL stood
}

// normal makes r.text, the value as what reads it on a server may come to see it: small letters, one space for any
// white space but newlines, without NULs and comments, and with what is still percent-encoded, written as overlong
// UTF-8, in full-width letters, as \uXXXX or as &#NN; decoded. r.plain is the same with comments left out.
func (r *Reader) normal(v []byte, set Chars) noted {
	var n noted
	t, p := r.text[:0], r.plain[:0]
	decode := set&(Percent|Backslash|Ampersand|Beyond) != 0
	for i := 0; i < len(v); {
		b, width := v[i], 1
		if decode && (b == '%' || b == '\\' || b == '&' || b >= 0x80) {
			if b, width = decoded(v[i:]); width > 1 {
				n.set |= classes[b]
				if b == 0xa0 { // a no-break space, to databases that do not read UTF-8
					b = ' '
				}
				n.encoded = n.encoded || (b == '.' || b == '/' || b == '\\' || b == '\'' || b == '"' || b == '<')
			}
		}
		rest := v[i+width:]
		i += width
		switch {
		case b == 0:
			if !n.null {
				n.null, n.nullAt = true, len(t)
			}
			continue
		case b == '/' && len(rest) > 0 && rest[0] == '*':
			skip, inside := comment(rest)
			if skip == 0 {
				break
			}
			i += skip
			n.comment = n.comment || len(t) > 0 && letter(t[len(t)-1]) && i < len(v) && letter(lower(v[i]))
			if t = space(t); inside {
				p = space(p)
			}
			continue
		case b == '*' && len(rest) > 0 && rest[0] == '/': // the end of /*!50000 … */
			t, p = space(t), space(p)
			i++
			continue
		case b == '\n':
			for len(t) > 0 && t[len(t)-1] == ' ' {
				t = t[:len(t)-1]
			}
			t, p = append(t, '\n'), space(p)
			continue
		case b <= ' ' || b == 0x7f:
			t, p = space(t), space(p)
			continue
		case b == '%' && width == 1 && (n.percent > 2 || len(rest) > 1 && rest[1] == '%' && rest[0] != '%'): // %S%E%L%E%C%T, to some servers
			n.percent++
			continue
		case b == '+' && len(t) > 0 && alnum(t[len(t)-1]) && len(rest) > 0 && letter(lower(rest[0])):
			b = ' '
		}
		b = lower(b)
		t, p = append(t, b), append(p, b)
	}
	r.text, r.plain = t, p
	return n
}

// space adds a space, unless white space is there already.
func space(t []byte) []byte {
	if len(t) > 0 && t[len(t)-1] != ' ' && t[len(t)-1] != '\n' {
		t = append(t, ' ')
	}
	return t
}

// comment measures a comment behind its first slash; of one that MySQL executes only the opening. 0 is for one that
// does not end: what it hides is the rest of the server's text, not of the value.
func comment(v []byte) (n int, inside bool) {
	if len(v) > 1 && v[1] == '!' {
		for n = 2; n < len(v) && n < 8 && digit(v[n]); n++ {
		}
		return n, true
	}
	for n = 1; n+1 < len(v); n++ {
		if v[n] == '*' && v[n+1] == '/' {
			return n + 2, false
		}
		if n > 64 { // prose, or code: no disguise
			return 0, false
		}
	}
	return 0, false
}

// decoded is the byte that v begins with behind an encoding, and how long it is written; v[0] and 1 if it is none.
func decoded(v []byte) (byte, int) {
	switch b := v[0]; {
	case b == '%' && len(v) >= 3:
		if x, y := hexDigit(v[1]), hexDigit(v[2]); x < 16 && y < 16 {
			c := x<<4 | y
			if c >= 0xc0 && len(v) >= 6 && v[3] == '%' {
				var room [6]byte
				if d, n := overlong(unescaped(room[:0], v, 3)); n > 1 {
					return d, 3 * n
				}
			}
			if c == '%' && len(v) >= 10 && v[5] == '%' { // %25c0%25af
				var room [6]byte
				if d, n := overlong(unescaped(room[:0], v, 5)); n > 1 {
					return d, 5 * n
				}
			}
			if c == '%' && len(v) >= 5 { // once more
				if x, y := hexDigit(v[3]), hexDigit(v[4]); x < 16 && y < 16 {
					return x<<4 | y, 5
				}
			}
			return c, 3
		}
		if v[1] == '%' && len(v) >= 7 && v[4] == '%' { // %%32%65
			if x, y := hexDigit(v[2])<<4|hexDigit(v[3])&15, hexDigit(v[5])<<4|hexDigit(v[6])&15; hexDigit(x) < 16 && hexDigit(y) < 16 {
				return hexDigit(x)<<4 | hexDigit(y), 7
			}
		}
		if x, y := hexDigit(v[1]), hexDigit(v[min(3, len(v)-1)]); len(v) >= 4 && v[2] == '%' && x < 8 && y < 16 { // what one decoding leaves of it: %2%e
			return x<<4 | y, 4
		}
		if lower(v[1]) == 'u' {
			if d, ok := wide(v[2:]); ok {
				return d, 6
			}
		}
	case b == '\\' && len(v) >= 6 && v[1] == 'u':
		if d, ok := wide(v[2:]); ok {
			return d, 6
		}
	case b == '\\' && len(v) >= 4 && v[1] == 'x':
		if x, y := hexDigit(v[2]), hexDigit(v[3]); x < 8 && y < 16 {
			return x<<4 | y, 4
		}
	case b == '&' && len(v) >= 4:
		return entity(v)
	case b == 0xc0 || b == 0xc1 || b == 0xe0 || b == 0xf0 || b == 0xf8 || b == 0xfc:
		return overlong(v[:min(6, len(v))])
	case b == 0xef && len(v) >= 3 && (v[1] == 0xbc || v[1] == 0xbd): // U+FF01 to U+FF5E
		if c := int(v[1]-0xbc)<<6 + int(v[2]&0x3f) + 0x20; c > 0x20 && c < 0x7f {
			return byte(c), 3
		}
	case b == 0xc2 && len(v) >= 2 && v[1] == 0xa0: // no-break space
		return ' ', 2
	case b == 0xca && len(v) >= 2 && v[1] == 0xbc: // U+02BC, an apostrophe
		return '\'', 2
	}
	return v[0], 1
}

// overlong is the dot or slash that careless decoders make of the bytes that v begins with, which need but one (RFC 3629
// section 3), and how many they are; v[0] and 1 when they are none. Some take any second byte, and the last bits of it.
func overlong(v []byte) (byte, int) {
	if len(v) < 2 {
		return v[0], 1
	}
	if v[0] <= 0xc1 && v[1] == '%' && len(v) >= 4 && alnum(v[2]) && alnum(v[3]) { // %c0%qf, by those who add letters up
		return '/', 4
	}
	n := 2
	switch v[0] {
	case 0xc0:
		switch next := v[1]; {
		case next&15 == 14 && next != '>' && next != 'N' && next != '~':
			return '.', 2
		case next&0x3f == '/':
			return '/', 2
		case next&0x3f < 0x20:
		case next < 0x80 && (alnum(lower(next)) || next == ' '): // a letter with an accent, and the next
			return v[0], 1
		}
		if v[1] < 0x80 {
			return v[1], 2
		}
		return v[1] & 0x3f, 2
	case 0xc1:
		switch v[1] {
		case 0x1c, 0x9c:
			return '\\', 2
		case 0xaf:
			return '/', 2
		}
		if v[1] >= 0x80 && v[1] < 0xc0 {
			return 0x40 | v[1]&0x3f, 2
		}
		return v[0], 1
	case 0xe0:
		n = 3
	case 0xf0:
		n = 4
	case 0xf8:
		n = 5
	case 0xfc:
		n = 6
	default:
		return v[0], 1
	}
	if len(v) < n || v[n-1]&0xc0 != 0x80 || v[n-2] != 0x80 && v[n-2] != 0x81 {
		return v[0], 1
	}
	for _, b := range v[1 : n-2] {
		if b != 0x80 {
			return v[0], 1
		}
	}
	return v[n-2]<<6 | v[n-1]&0x3f, n
}

// unescaped are the bytes that v begins with, each written in width characters of which the last two are its digits:
// %c0%af, or %25c0%25af.
func unescaped(dst, v []byte, width int) []byte {
	for len(dst) < cap(dst) && len(v) >= width && v[0] == '%' {
		x, y := hexDigit(v[width-2]), hexDigit(v[width-1])
		if x > 15 || y > 15 || width == 5 && (v[1] != '2' || v[2] != '5') {
			break
		}
		dst, v = append(dst, x<<4|y), v[width:]
	}
	return dst
}

// wide is the ASCII character of four hexadecimal digits.
func wide(v []byte) (byte, bool) {
	if len(v) < 4 {
		return 0, false
	}
	n := 0
	for _, b := range v[:4] {
		x := hexDigit(b)
		if x > 15 {
			return 0, false
		}
		n = n<<4 | int(x)
	}
	switch n {
	case 0x2215, 0xf025: // division slash; and what some servers map to a slash
		return '/', true
	case 0x2216, 0xefc8:
		return '\\', true
	}
	if n > 0xff00 && n < 0xff5f {
		n -= 0xfee0
	}
	return byte(n), n < 0x80
}

// entity is the ASCII character of a numeric reference of HTML, or of one of the names that only a disguise uses.
func entity(v []byte) (byte, int) {
	if v[1] != '#' {
		for _, e := range [...]struct {
			name string
			b    byte
		}{{"&colon;", ':'}, {"&tab;", '\t'}, {"&newline;", '\t'}, {"&lpar;", '('}, {"&rpar;", ')'}, {"&sol;", '/'}} {
			if hasFold(v, e.name) {
				return e.b, len(e.name)
			}
		}
		return v[0], 1
	}
	n, i, base := 0, 2, 10
	if lower(v[2]) == 'x' {
		i, base = 3, 16
	}
	first := i
	for ; i < len(v) && i-first < 8; i++ {
		x := int(hexDigit(v[i]))
		if x >= base {
			break
		}
		if n = n*base + x; n > 0x7f {
			return v[0], 1
		}
	}
	if i == first || n == 0 {
		return v[0], 1
	}
	if i < len(v) && v[i] == ';' {
		i++
	}
	return byte(n), i
}
