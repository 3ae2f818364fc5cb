package detectors

import "encoding/base64"

// ident is an identifier read as a number in a family: identifiers of one family can be compared by distance.
// ok is false for opaque ones (random UUIDs, hashes, DICOM UIDs), which cannot be walked.
type ident struct {
	family uint64
	value  uint64
	ok     bool
}

// Reaches: numbers, and the ticks of 100 ns in UUIDs, of which two days may lie between neighbours.
const (
	plainReach = 1 << 20
	tickReach  = 1 << 41
)

// reach is how far apart two identifiers may be for the one to follow the other.
func (k *contact) reach() uint64 {
	if len(k.ID) == 36 { // a UUID
		return tickReach
	}
	return plainReach
}

// Families of identifiers without a prefix of their own.
const (
	famDecimal uint64 = 1 + iota
	famHex
	famBase36
	famUUIDTime
	famULID
	famObjectID
)

// parseIdent reads s: a decimal with or without prefix and zero padding (MRN00012345), short hex or base 36,
// base64 of any of these, UUIDs of versions 1, 6 and 7, ULIDs and ObjectIds. hex says that identifiers of this
// length and place have had hex letters, so that 1239 and 123a are neighbours.
func parseIdent(s string, hex bool) ident { return parseDepth(s, hex, 1) }

func parseDepth(s string, hex bool, depth int) ident {
	if len(s) == 0 || len(s) > 64 {
		return ident{}
	}
	if i := lastByte(s, '/'); i >= 0 { // a reference: Patient/123
		s = s[i+1:]
		if len(s) == 0 {
			return ident{}
		}
	}
	switch {
	case len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-':
		return parseUUID(s)
	case len(s) == 26:
		if id := parseULID(s); id.ok {
			return id
		}
	case len(s) == 24 && allHex(s):
		// after the time comes the machine, then the counter that orders what it made
		machine, _ := parseRadix(s[8:18], 16)
		n, ok := parseRadix(s[18:], 16)
		return ident{famObjectID ^ machine<<8, n, ok}
	}
	if id := parseDecimal(s, hex); id.ok {
		return id
	}
	if len(s) <= 12 && len(s) >= 2 && allHex(s) {
		n, ok := parseRadix(s, 16)
		return ident{famHex + uint64(len(s))<<32, n, ok}
	}
	if depth > 0 && len(s) >= 4 {
		if id := parseBase64(s, depth); id.ok {
			return id
		}
	}
	if len(s) >= 3 && len(s) <= 10 && hasDigit(s) {
		if n, ok := parseRadix(s, 36); ok {
			return ident{famBase36 + uint64(len(s))<<32, n, true}
		}
	}
	return ident{}
}

// parseDecimal reads an optional prefix without digits or dots, 1 to 18 digits, and nothing after them.
func parseDecimal(s string, hex bool) ident {
	i := len(s)
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	digits := s[i:]
	if len(digits) == 0 || len(digits) > 18 {
		return ident{}
	}
	if hex && len(s) <= 12 && allHex(s) {
		n, ok := parseRadix(s, 16)
		return ident{famHex + uint64(len(s))<<32, n, ok}
	}
	family := famDecimal
	if i > 0 {
		if i > 16 {
			return ident{}
		}
		family = 14695981039346656037
		for _, b := range []byte(s[:i]) {
			switch {
			case b == '.', b >= '0' && b <= '9': // a UID, or a mixture: not a plain prefix
				return ident{}
			}
			family = (family ^ uint64(lower(b))) * 1099511628211
		}
		if len(digits) < 2 || allHex(s[:i]) && len(s) >= 8 {
			return ident{} // a hash that happens to end in digits
		}
	}
	n, ok := parseRadix(digits, 10)
	return ident{family, n, ok}
}

// parseUUID reads the time of versions 1, 6 and 7; others are opaque.
func parseUUID(s string) ident {
	a, ok1 := parseRadix(s[:8], 16)
	b, ok2 := parseRadix(s[9:13], 16)
	c, ok3 := parseRadix(s[14:18], 16)
	if !ok1 || !ok2 || !ok3 {
		return ident{}
	}
	node := uint64(0)
	for _, x := range []byte(s[19:]) {
		node = (node ^ uint64(lower(x))) * 1099511628211
	}
	switch c >> 12 {
	case 1:
		return ident{famUUIDTime ^ node<<8, (c&0xfff)<<48 | b<<32 | a, true}
	case 6:
		return ident{famUUIDTime ^ node<<8, a<<28 | b<<12 | c&0xfff, true}
	case 7:
		return ident{famUUIDTime, a<<16 | b, true}
	}
	return ident{}
}

// parseULID reads the milliseconds of a ULID: ten characters of Crockford's base 32.
func parseULID(s string) ident {
	n := uint64(0)
	for i := 0; i < 26; i++ {
		b := lower(s[i])
		var v byte
		switch {
		case b >= '0' && b <= '9':
			v = b - '0'
		case b >= 'a' && b <= 'h':
			v = b - 'a' + 10
		case b == 'j' || b == 'k':
			v = b - 'j' + 18
		case b == 'm' || b == 'n':
			v = b - 'm' + 20
		case b >= 'p' && b <= 't':
			v = b - 'p' + 22
		case b >= 'v' && b <= 'z':
			v = b - 'v' + 27
		default:
			return ident{}
		}
		if i == 0 && v > 7 {
			return ident{}
		}
		if i < 10 {
			n = n<<5 | uint64(v)
		}
	}
	return ident{famULID, n, true}
}

// parseBase64 decodes text that is again an identifier: UGF0aWVudC8xMjM is Patient/123.
func parseBase64(s string, depth int) ident {
	var buf [48]byte
	for len(s) > 0 && s[len(s)-1] == '=' {
		s = s[:len(s)-1]
	}
	if base64.RawStdEncoding.DecodedLen(len(s)) > len(buf) {
		return ident{}
	}
	var in [64]byte
	copy(in[:], s)
	n, err := base64.RawURLEncoding.Decode(buf[:], in[:len(s)])
	if err != nil {
		if n, err = base64.RawStdEncoding.Decode(buf[:], in[:len(s)]); err != nil {
			return ident{}
		}
	}
	for _, b := range buf[:n] {
		if b < ' ' || b > '~' {
			return ident{}
		}
	}
	id := parseDepth(string(buf[:n]), false, depth-1)
	id.family ^= 0x6236340000000000
	return id
}

func parseRadix(s string, radix uint64) (uint64, bool) {
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		b := lower(s[i])
		var v uint64
		switch {
		case b >= '0' && b <= '9':
			v = uint64(b - '0')
		case b >= 'a' && b <= 'z':
			v = uint64(b-'a') + 10
		default:
			return 0, false
		}
		if v >= radix || n > (1<<62)/radix {
			return 0, false
		}
		n = n*radix + v
	}
	return n, len(s) > 0
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func allHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if b := lower(s[i]); (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

func hasDigit(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			return true
		}
	}
	return false
}

// hexLetters tells whether s is short hex that cannot be decimal.
func hexLetters(s string) bool {
	if len(s) < 2 || len(s) > 12 || !allHex(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] > '9' {
			return true
		}
	}
	return false
}

func lastByte(s string, b byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == b {
			return i
		}
	}
	return -1
}
