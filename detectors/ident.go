package detectors

// ident is an identifier read as a number in a family: identifiers of one family can be compared by distance.
// ok is false for opaque ones (random UUIDs, hashes, DICOM UIDs), which cannot be walked. Many have a second
// reading: without their check digit, or the other of time and counter.
type ident struct {
	family uint64
	value  uint64
	second uint64
	kind   identKind
	ok     bool
	two    bool // there is a second reading
}

// identKind says what the numbers of a family count, and so how far apart neighbours may be.
type identKind uint8

const (
	plainNumber identKind = iota // a number; second without its last digit
	longNumber                   // 16 digits and more, as of Snowflake: second without its 22 bits of machine and sequence
	ticks                        // 100 ns, as of UUIDs of versions 1 and 6
	millis                       // as of ULIDs and UUIDs of version 7; second with the counter
	counter                      // as of ObjectIds and xids; second the seconds
	seconds                      // as of KSUIDs; second the end of their payload
)

// reaches are how far apart two identifiers may be for the one to follow the other, by either reading: two days
// in the units of time.
var reaches = [...][2]uint64{
	plainNumber: {1 << 20, 1 << 16},
	longNumber:  {1 << 20, 1 << 28},
	ticks:       {1 << 41, 0},
	millis:      {1 << 28, 1 << 40},
	counter:     {1 << 20, 1 << 18},
	seconds:     {1 << 18, 1 << 20},
}

// Families of identifiers without letters of their own.
const (
	famDecimal uint64 = 1 + iota
	famRadix
	famUUID
	famUUIDTime
	famULID
	famObjectID
	famKSUID
	famXID
	famCUID
	famBinary
	famSqids
	famHashids
)

// identBytes is the longest identifier that is read.
const identBytes = 96

// parseIdent reads s, whose place has shown the alphabet a: a decimal with or without text around it and zero
// padding (MRN00012345, PAT-2024-000123-X), a number of another radix, base64 or hex of any of these, UUIDs of
// versions 1, 6 and 7, ULIDs, ObjectIds, xids, KSUIDs, cuids, Snowflakes, Sqids and Hashids.
func parseIdent(s string, a alphabet) ident {
	if len(s) == 0 || len(s) > identBytes {
		return ident{}
	}
	var buf [identBytes]byte
	return parseBytes(buf[:copy(buf[:], s)], a, 2)
}

// parseBytes is parseIdent; depth bounds the codings within codings.
func parseBytes(b []byte, a alphabet, depth int) ident {
	b = lastSegment(b)
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n == len(b) {
		if a == inHex && len(b) <= 16 || a >= inBase32 && len(b) <= 12 {
			return a.read(b)
		}
		return parseDecimal(b)
	}
	if id := parseTimed(b); id.ok {
		return id
	}
	if a >= inHex && alnum(b) {
		if id := a.read(b); id.ok {
			return id
		}
	}
	if a == inText64 || a == inBase64 {
		if id := parseBase64(b, depth); id.ok {
			return id
		}
	}
	if depth > 0 {
		if id := parseHexText(b, depth); id.ok {
			return id
		}
	}
	if id := parseText(b, a); id.ok {
		return id
	}
	if depth > 0 && len(b) >= 4 {
		if id := parseBase64(b, depth); id.ok {
			return id
		}
	}
	if a != inDigits { // the place has shown what it is, and this is something else
		return ident{}
	}
	return guess(b).read(b)
}

// lastSegment is the identifier of a reference: Patient/123, Patient/123/_history/2, urn:uuid:…
func lastSegment(b []byte) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '/' {
			continue
		}
		const version = "/_history"
		if at := i - len(version); at > 0 && string(b[at:i]) == version {
			return lastSegment(b[:at])
		}
		return b[i+1:]
	}
	const urn = "urn:uuid:"
	if len(b) > len(urn) && string(b[:len(urn)]) == urn {
		return b[len(urn):]
	}
	if len(b) == 38 && b[0] == '{' && b[37] == '}' {
		return b[1:37]
	}
	return b
}

// parseDecimal reads digits alone, at most 19 of them.
func parseDecimal(b []byte) ident {
	if len(b) == 0 || len(b) > 19 {
		return ident{}
	}
	n, ok := parseRadix(b, 10)
	return decimal(famDecimal, n, ok)
}

// decimal is a number whose last digit may be a check digit: then its step is hidden, and shows in what is left.
func decimal(family, n uint64, ok bool) ident {
	id := ident{family: family, value: n, ok: ok}
	switch {
	case n >= 1e15:
		id.kind, id.second, id.two = longNumber, n>>22, true
	case n >= 10000:
		id.second, id.two = n/10, true
	}
	return id
}

// parseRadix reads digits and letters of any case, up to radix 36.
func parseRadix(b []byte, radix uint64) (uint64, bool) {
	n := uint64(0)
	for _, c := range b {
		v := uint64(radixValue[c])
		if v >= radix || n > (1<<63)/radix {
			return 0, false
		}
		n = n*radix + v
	}
	return n, len(b) > 0 && n < 1<<63
}

// radixValue is the value of a digit or letter up to radix 36; 255 of anything else.
var radixValue = valuesOf("0123456789abcdefghijklmnopqrstuvwxyz", true)

// valuesOf is the place of each letter in an alphabet; fold says that case does not matter.
func valuesOf(letters string, fold bool) (v [256]byte) {
	for i := range v {
		v[i] = 255
	}
	for i := range len(letters) {
		c := letters[i]
		v[c] = byte(i)
		if fold && c >= 'a' && c <= 'z' {
			v[c-'a'+'A'] = byte(i)
		}
	}
	return v
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func alnum(b []byte) bool {
	for _, c := range b {
		if radixValue[c] == 255 {
			return false
		}
	}
	return true
}

func allHex(b []byte) bool {
	for _, c := range b {
		if radixValue[c] > 15 {
			return false
		}
	}
	return true
}
