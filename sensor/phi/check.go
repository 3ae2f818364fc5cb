package phi

import "bytes"

// check is the form a value must have for its key's class to be believed.
type check uint8

const (
	anything check = iota // any value but null, a boolean or an empty one
	words                 // holds a letter
	named                 // the same, and is no path: owner/repository
	date
	phone
	email
	ssn
	aadhaar
	abha
	pan
	mbi
	npi
	icd10
	loinc
	mark   // an identifier without white space
	marked // the same, with a digit in it
	secret
	hashed // a secret with a digit in it that is no address
)

// pass is whether v has the form c.
func pass(c check, v []byte) bool {
	switch c {
	case words:
		return hasLetter(v)
	case named:
		return hasLetter(v) && (bytes.IndexByte(v, '/') < 0 || bytes.IndexByte(v, ' ') >= 0)
	case date:
		return isBirthDate(v)
	case phone:
		return isPhone(v)
	case email:
		return isEmail(v)
	case ssn:
		return isSSN(v, true)
	case aadhaar:
		return isAadhaar(v)
	case abha:
		return isABHA(v)
	case pan:
		return isPAN(v)
	case mbi:
		return isMBI(v)
	case npi:
		return isNPI(v)
	case icd10:
		return isICD10(v)
	case loinc:
		return isLOINC(v)
	case mark:
		return isMark(v)
	case marked:
		return isMark(v) && hasDigit(v)
	case secret:
		return isSecret(v)
	case hashed:
		return isSecret(v) && hasDigit(v) && !bytes.Contains(v, []byte("://"))
	}
	return len(v) > 0
}

func isSecret(v []byte) bool {
	return len(v) >= 6 && bytes.IndexByte(v, ' ') < 0 && !hidden(v)
}

// isHash is whether v is the hash of a password by its own form, $ID$…, that of crypt(5) and of the PHC string format:
// bcrypt, scrypt, yescrypt, Argon2, PBKDF2, SHA-crypt.
func isHash(v []byte) bool {
	if len(v) < 20 || v[0] != '$' {
		return false
	}
	n := bytes.IndexByte(v[1:], '$')
	if n < 1 || n > 15 {
		return false
	}
	switch id, rest := string(v[1:1+n]), v[n+2:]; id {
	case "2a", "2b", "2x", "2y":
		return len(rest) >= 3+22 && isDigit(rest[0]) && isDigit(rest[1]) && rest[2] == '$' && bytes.IndexByte(rest, ' ') < 0
	case "1", "5", "6", "7", "y", "gy", "apr1", "scrypt", "argon2i", "argon2d", "argon2id", "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256",
		"pbkdf2-sha512", "sha1", "bcrypt-sha256":
		return bytes.IndexByte(rest, '$') >= 1 && bytes.IndexByte(rest, ' ') < 0
	}
	return false
}

// hidden is whether v stands where a secret was taken out: ******, [REDACTED], <secret>.
func hidden(v []byte) bool {
	return v[0] == '[' || v[0] == '<' || v[0] == '*' && v[1] == '*' || string(v) == "REDACTED" || string(v) == "xxxxxx"
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isUpper(c byte) bool  { return c-'A' < 26 }

func hasLetter(v []byte) bool {
	for _, c := range v {
		if isLetter(c) || c >= 0x80 {
			return true
		}
	}
	return false
}

// digits appends the digits of v to dst, passing over separators; nil when there is anything else or too many.
func digits(dst []byte, v []byte, max int) []byte {
	for i, c := range v {
		switch {
		case isDigit(c):
			if len(dst) == max {
				return nil
			}
			dst = append(dst, c)
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '+' && i == 0:
		default:
			return nil
		}
	}
	return dst
}

func hasDigit(v []byte) bool {
	for _, c := range v {
		if isDigit(c) {
			return true
		}
	}
	return false
}

// isMark is whether v can be an identifier of a record.
func isMark(v []byte) bool {
	if len(v) == 0 || len(v) > maxID || len(v) == 1 && v[0] == '0' {
		return false
	}
	for _, c := range v {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// isPhone takes 7 to 15 digits (E.164) that are not a time in milliseconds.
func isPhone(v []byte) bool {
	var buf [16]byte
	v = bytes.TrimPrefix(v, []byte("tel:"))
	d := digits(buf[:0], v, 15)
	if len(d) < 7 {
		return false
	}
	plus := v[0] == '+'
	if len(d) == len(v) && !plus && (len(d) == 13 && d[0] == '1' || len(d) > 13) {
		return false
	}
	return !same(d)
}

func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

func isEmail(v []byte) bool {
	at := bytes.IndexByte(v, '@')
	if at < 1 || len(v) > 254 || bytes.IndexByte(v, ' ') >= 0 {
		return false
	}
	dot := bytes.LastIndexByte(v, '.')
	return dot > at+1 && dot < len(v)-1 && bytes.IndexByte(v[at+1:], '@') < 0
}

// isABHAAddress is whether v is name@abdm, or of the sandbox or the old domain: the suffix has no dot.
func isABHAAddress(v []byte) bool {
	at := bytes.LastIndexByte(v, '@')
	if at < 1 {
		return false
	}
	switch string(v[at+1:]) {
	case "abdm", "sbx", "ndhm":
		return bytes.IndexByte(v, ' ') < 0
	}
	return false
}

// isABHA is an ABHA number (14 digits; no checksum is published) or address.
func isABHA(v []byte) bool {
	var buf [14]byte
	return len(digits(buf[:0], v, 14)) == 14 || isABHAAddress(v)
}

// isAadhaar is an Aadhaar number: 12 digits from 2 on, the last a Verhoeff check digit; or a VID of 16; or one
// masked to its last four digits.
func isAadhaar(v []byte) bool {
	var buf [16]byte
	if d := digits(buf[:0], v, 16); d != nil {
		return (len(d) == 12 && d[0] >= '2' || len(d) == 16) && verhoeff(d) && !same(d)
	}
	n, masks := 0, 0
	for _, c := range v {
		switch {
		case c == 'X' || c == 'x' || c == '*':
			if n > 0 {
				return false
			}
			masks++
		case isDigit(c):
			n++
		case c != ' ' && c != '-':
			return false
		}
	}
	return masks == 8 && n == 4
}

// isSSN is a US social security number. Strict leaves out numbers that were never issued: area 000, 666 or 9xx,
// group 00, serial 0000, and those made famous by advertisements.
func isSSN(v []byte, strict bool) bool {
	var buf [9]byte
	if len(v) == 11 && (v[3] != v[6] || isDigit(v[3])) || len(v) != 11 && len(v) != 9 {
		return false
	}
	d := digits(buf[:0], v, 9)
	if len(d) != 9 || same(d) {
		return false
	}
	switch string(d) {
	case "078051120", "219099999", "123456789", "987654321":
		return false
	}
	area := string(d[:3])
	bad := area == "000" || area == "666" || d[0] == '9' || string(d[3:5]) == "00" || string(d[5:]) == "0000"
	return !strict || !bad
}

// isPAN is an Indian tax number: five letters, four digits, a letter; the fourth letter is the kind of holder.
func isPAN(v []byte) bool {
	if len(v) != 10 {
		return false
	}
	for i, c := range v {
		if i >= 5 && i < 9 {
			if !isDigit(c) {
				return false
			}
			continue
		}
		if !isUpper(c) {
			return false
		}
	}
	return bytes.IndexByte([]byte("ABCFGHLJPT"), v[3]) >= 0
}

// mbiForm is C AN N A AN N A A N N: 9 is 1 to 9, N a digit, A a letter, X either.
const mbiForm = "9AXNAXNAANN"

// isMBI is a Medicare beneficiary identifier: letters are never S, L, O, I, B or Z. It has no check digit.
func isMBI(v []byte) bool {
	if len(v) == 13 && v[4] == '-' && v[8] == '-' {
		var b [11]byte
		copy(b[:4], v[:4])
		copy(b[4:7], v[5:8])
		copy(b[7:], v[9:])
		v = b[:]
	}
	if len(v) != len(mbiForm) {
		return false
	}
	for i, c := range v {
		letter := isUpper(c) && bytes.IndexByte([]byte("SLOIBZ"), c) < 0
		ok := false
		switch mbiForm[i] {
		case '9':
			ok = c >= '1' && c <= '9'
		case 'N':
			ok = isDigit(c)
		case 'A':
			ok = letter
		case 'X':
			ok = letter || isDigit(c)
		}
		if !ok {
			return false
		}
	}
	return true
}

// isNPI is a US provider number: ten digits from 1 or 2 on whose Luhn sum with the prefix 80840 is right. The
// prefix adds 24 to the sum.
func isNPI(v []byte) bool {
	return len(v) == 10 && (v[0] == '1' || v[0] == '2') && allDigits(v) && (luhnSum(v)+24)%10 == 0
}

func allDigits(v []byte) bool {
	for _, c := range v {
		if !isDigit(c) {
			return false
		}
	}
	return len(v) > 0
}

// isBirthDate is a date from 1900 to 2099, whole or only a year and month, in the orders that APIs use. A bare
// year or a number of seconds is not one.
func isBirthDate(v []byte) bool {
	n := len(v)
	if n >= 10 && isDigit(v[0]) {
		switch {
		case v[4] == '-' && v[7] == '-' || v[4] == '/' && v[7] == '/':
			return (n == 10 || v[10] == 'T' || v[10] == ' ') && ymd(v[:4], v[5:7], v[8:10])
		case n == 10 && v[2] == v[5] && (v[2] == '/' || v[2] == '-' || v[2] == '.'):
			return ymd(v[6:10], v[3:5], v[:2]) || ymd(v[6:10], v[:2], v[3:5])
		case n == 11 && v[2] == '-' && v[6] == '-' && isLetter(v[3]):
			return ymd(v[7:11], []byte("01"), v[:2])
		case n >= 12 && n != 13 && allDigits(v[:12]):
			return ymd(v[:4], v[4:6], v[6:8])
		}
		return false
	}
	switch n {
	case 8:
		return allDigits(v) && ymd(v[:4], v[4:6], v[6:])
	case 7:
		return v[4] == '-' && ymd(v[:4], v[5:7], []byte("01"))
	}
	return false
}

func ymd(y, m, d []byte) bool {
	if !allDigits(y) || !allDigits(m) || !allDigits(d) {
		return false
	}
	month, day := int(m[0]-'0')*10+int(m[1]-'0'), int(d[0]-'0')*10+int(d[1]-'0')
	return (string(y[:2]) == "19" || string(y[:2]) == "20") && month >= 1 && month <= 12 && day >= 1 && day <= 31
}
