package inject

// classes is the class of each byte.
var classes = func() (t [256]Chars) {
	for b := range 256 {
		switch {
		case b >= 'a' && b <= 'z':
			t[b] = Lower
		case b >= 'A' && b <= 'Z':
			t[b] = Upper
		case b >= '0' && b <= '9':
			t[b] = Digit
		case b >= 0x80:
			t[b] = Beyond
		case b < ' ' || b == 0x7f:
			t[b] = Control
		}
	}
	for b, c := range map[byte]Chars{
		' ': Space, '-': Dash, '_': Underscore, '.': Dot, ',': Comma, ':': Colon, '/': Slash, '@': At, '+': Plus,
		'=': Equals, '\'': SingleQuote, '"': DoubleQuote, ';': Semicolon, '(': Paren, ')': Paren, '<': Angle, '>': Angle,
		'{': Brace, '}': Brace, '[': Bracket, ']': Bracket, '$': Dollar, '%': Percent, '&': Ampersand, '|': Pipe,
		'\\': Backslash, '`': Backtick, '#': Hash, '*': Star, '!': Bang, '?': Bang, '~': Bang, '^': Bang,
	} {
		t[b] = c
	}
	return t
}()

func letter(b byte) bool { return b >= 'a' && b <= 'z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }
func alnum(b byte) bool  { return letter(b) || digit(b) || b == '_' }

// lower is b in small letters.
func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// hexDigit is the value of b, or 16 or more.
func hexDigit(b byte) byte {
	switch {
	case digit(b):
		return b - '0'
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10
	}
	return 16
}

// hasFold tells whether v begins with the lower-case word.
func hasFold(v []byte, word string) bool {
	if len(v) < len(word) {
		return false
	}
	for i := range len(word) {
		if lower(v[i]) != word[i] {
			return false
		}
	}
	return true
}

// orders tells whether words without any sign among them could still be SQL.
func orders(v []byte) bool {
	for i := range v {
		if i > 0 && v[i-1] != ' ' && v[i-1] != '+' && !digit(v[i-1]) {
			continue
		}
		switch w := v[i:]; lower(w[0]) {
		case 'u':
			if hasFold(w, "union ") || hasFold(w, "union+") {
				return true
			}
		case 'o':
			if hasFold(w, "order by ") || hasFold(w, "order+by+") {
				return true
			}
		case 'l':
			if hasFold(w, "like ") {
				return true
			}
		case 'r':
			if hasFold(w, "rlike ") {
				return true
			}
		case 'b':
			if hasFold(w, "between ") {
				return true
			}
		}
	}
	return false
}
