package call

import "bytes"

// identifies is whether a decoded path segment looks like the name of one thing rather than a word of the API:
// a number, a UUID, an e-mail address, a date, an OID, a record number with a short prefix, a token. It is the
// syntactic half of templates; the learned half is the Resolver's.
func identifies(s []byte) bool {
	if len(s) == 0 || version(s) {
		return false
	}
	if len(s) > 64 {
		return true
	}
	var k kinds
	for i, c := range s {
		k.count(c, i)
	}
	switch {
	case k.other > 0: // what RFC 3986 does not let stand unencoded in a word
		return true
	case k.digits == 0:
		return len(s) >= 20 && k.turns*4 >= len(s)
	case k.letters == 0:
		return k.marks == 0 || k.digits >= 4 || k.dots >= 2
	case isUUID(s):
		return true
	case len(s) >= 8 && k.hex == k.digits+k.letters && k.marks == 0:
		return true
	case len(s) >= 12 && k.digits >= 2 && k.turns*4 >= len(s):
		return true
	}
	return affixed(s)
}

// kinds counts the characters of a segment.
type kinds struct {
	digits, letters, hex, marks, dots, other int
	turns                                    int // changes between lower, upper and digit
	last                                     byte
}

func (k *kinds) count(c byte, i int) {
	class := byte(0)
	switch {
	case '0' <= c && c <= '9':
		k.digits++
		k.hex++
		class = 'd'
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		k.letters++
		if c|0x20 <= 'f' {
			k.hex++
		}
		class = c & 0x20
		if class == 0 {
			class = 'U'
		}
	case c == '-', c == '_', c == '~', c == '.', c == ':':
		k.marks++
		if c == '.' {
			k.dots++
		}
	default:
		k.other++
	}
	if class != 0 && k.last != 0 && class != k.last {
		k.turns++
	}
	if class != 0 {
		k.last = class
	}
}

// version is whether s is a version or release of an API: v1, v2.1, R4, r4b, 1.0, dstu2. They stay literal.
func version(s []byte) bool {
	if len(s) > 8 {
		return false
	}
	switch c := s[0] | 0x20; {
	case (c == 'v' || c == 'r') && len(s) > 1 && s[0] > '9':
		digits, rest := leadingDigits(s[1:])
		return digits > 0 && digits <= 2 && (len(rest) == 0 || rest[0] == '.' || len(rest) <= 2)
	case len(s) >= 3 && len(s) <= 4 && s[1] == '.' || len(s) == 5 && s[1] == '.' && s[3] == '.':
		return digit(s[0]) && digit(s[2]) && digit(s[len(s)-1])
	}
	switch s[len(s)-1] {
	case '2':
		return bytes.EqualFold(s, []byte("dstu2")) || bytes.EqualFold(s, []byte("hl7v2"))
	case '3':
		return bytes.EqualFold(s, []byte("stu3"))
	}
	return false
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func leadingDigits(s []byte) (n int, rest []byte) {
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n, s[n:]
}

// words with digits that are no identifiers.
var digitWords = []string{"oauth2", "sha256", "sha512", "base64", "x509", "iso8601", "log4j", "utf8", "icd10", "web2", "c32", "d365"}

// affixed is whether s is digits with a short prefix or suffix of letters: MRN00123, P-1001, ENC_77, 4711A.
func affixed(s []byte) bool {
	for _, w := range digitWords {
		if bytes.EqualFold(s, []byte(w)) {
			return false
		}
	}
	i := 0
	for i < len(s) && letter(s[i]) {
		i++
	}
	prefix, sep := i, false
	for i < len(s) && (s[i] == '-' || s[i] == '_' || s[i] == '.' || s[i] == ':') {
		i, sep = i+1, true
	}
	n := 0
	for i < len(s) && (digit(s[i]) || n > 0 && s[i] == '-') {
		if digit(s[i]) {
			n++
		}
		i++
	}
	suffix := len(s) - i
	for ; i < len(s); i++ {
		if !letter(s[i]) {
			return false
		}
	}
	if prefix == 0 {
		return suffix <= 2 && n >= 2 || suffix == 1 && s[len(s)-1] < 'a' && n >= 2
	}
	return prefix <= 8 && suffix <= 2 && (sep && n >= 2 || n >= 3)
}

// isUUID is whether s has the form 8-4-4-4-12 in hexadecimal, or Orthanc's 8-8-8-8-8.
func isUUID(s []byte) bool {
	if len(s) != 36 && len(s) != 44 {
		return false
	}
	for i, c := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if len(s) == 44 {
			dash = i%9 == 8
		}
		if dash != (c == '-') || !dash && hexDigit(c) < 0 {
			return false
		}
	}
	return true
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// unescape appends b to dst with percent-encoding (RFC 3986 section 2.1) resolved, and + as a space where plus
// says so (a query). A percent sign that begins no escape stays.
func unescape(dst, b []byte, plus bool) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '%' && i+2 < len(b) && hexDigit(b[i+1]) >= 0 && hexDigit(b[i+2]) >= 0:
			c = byte(hexDigit(b[i+1])<<4 | hexDigit(b[i+2]))
			i += 2
		case c == '+' && plus:
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// stem is s without a short file extension of letters, and the extension with its dot.
func stem(s []byte) (name, ext []byte) {
	dot := bytes.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot < 3 || len(s)-dot > 6 {
		return s, nil
	}
	for _, c := range s[dot+1:] {
		if !letter(c) {
			return s, nil
		}
	}
	return s[:dot], s[dot:]
}
