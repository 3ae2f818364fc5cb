package phi

func luhnSum(v []byte) int {
	sum := 0
	for i := range v {
		n := int(v[len(v)-1-i] - '0')
		if i&1 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum
}

// isICD10 is a letter, a digit, a letter or digit, and up to four more after an optional dot.
func isICD10(v []byte) bool {
	if len(v) < 3 || len(v) > 8 || !isLetter(v[0]) || !isDigit(v[1]) || !isDigit(v[2]) && !isLetter(v[2]) {
		return false
	}
	rest := v[3:]
	if len(rest) > 0 && rest[0] == '.' {
		if rest = rest[1:]; len(rest) == 0 {
			return false
		}
	}
	for _, c := range rest {
		if !isDigit(c) && !isLetter(c) {
			return false
		}
	}
	return len(rest) <= 4
}

// isSensitive is whether an ICD-10 code is of those that laws guard most: HIV (B20-B24, Z21), mental disorders
// and substance use (F10-F99), induced abortion (O04), sexually transmitted infections (A50-A64).
func isSensitive(v []byte) bool {
	if !isICD10(v) || !isDigit(v[2]) {
		return false
	}
	n := int(v[1]-'0')*10 + int(v[2]-'0')
	switch v[0] &^ 0x20 {
	case 'A':
		return n >= 50 && n <= 64
	case 'B':
		return n >= 20 && n <= 24
	case 'F':
		return n >= 10
	case 'O':
		return n == 4
	case 'Z':
		return n == 21
	}
	return false
}

// isLOINC is up to seven digits, a hyphen and their Luhn digit.
func isLOINC(v []byte) bool {
	n := len(v)
	if n < 3 || n > 9 || v[n-2] != '-' {
		return false
	}
	var buf [8]byte
	d := append(append(buf[:0], v[:n-2]...), v[n-1])
	return allDigits(d) && luhnSum(d)%10 == 0
}

var verhoeffMul = [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321",
	"6598710432", "7659821043", "8765932104", "9876543210"}

var verhoeffPerm = [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901",
	"2793806415", "7046913258"}

// verhoeff is whether the last of the digits v is the check digit of the rest (Verhoeff 1969).
func verhoeff(v []byte) bool {
	c := byte('0')
	for i := range v {
		d := v[len(v)-1-i]
		c = verhoeffMul[c-'0'][verhoeffPerm[i&7][d-'0']-'0']
	}
	return c == '0'
}
