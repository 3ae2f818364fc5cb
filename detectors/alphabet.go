package detectors

import (
	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// alphabet is the letters of which the identifiers of one place and length are made, when they are numbers in
// another radix than ten.
type alphabet uint8

const (
	inDigits alphabet = iota // decimal, or not known
	inPrefix                 // letters, then digits
	inText64                 // base64 of text
	inHex
	inBase32    // RFC 4648: letters, then 2 to 7
	inCrockford // Crockford: no i, l, o and u
	inBase36    // digits, then letters of one case
	inBase58    // Bitcoin: no 0, I, O and l
	inBase62    // digits, then capitals, then small letters
	inBase64    // the order of base64, of numbers that begin with A for zero
	inSqids
	inHashids
)

var (
	values32 = valuesOf("abcdefghijklmnopqrstuvwxyz234567", true)
	values58 = valuesOf("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", false)
	values62 = valuesOf("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", false)
)

// radices are how each alphabet is read. Longer numbers than most are hashes.
var radices = [...]struct {
	values *[256]byte
	radix  uint64
	most   int
}{
	inDigits:    {},
	inPrefix:    {},
	inText64:    {},
	inHex:       {&radixValue, 16, 16},
	inBase32:    {&values32, 32, 12},
	inCrockford: {&crockford, 32, 12},
	inBase36:    {&radixValue, 36, 12},
	inBase58:    {&values58, 58, 10},
	inBase62:    {&values62, 62, 10},
	inBase64:    {&values64, 64, 10},
	inSqids:     {},
	inHashids:   {},
}

// read reads b as a number in a.
func (a alphabet) read(b []byte) ident {
	switch a {
	case inSqids:
		n, ok := decodeSqids(b)
		return ident{family: famSqids, value: n, ok: ok}
	case inHashids:
		n, ok := decodeHashids(b)
		return ident{family: famHashids, value: n, ok: ok}
	}
	r := &radices[a]
	if len(b) < 2 || len(b) > r.most {
		return ident{}
	}
	n := uint64(0)
	for _, c := range b {
		v := uint64(r.values[c])
		if v >= r.radix || n > (1<<62)/r.radix {
			return ident{}
		}
		n = n*r.radix + v
	}
	return ident{family: famRadix + uint64(a)<<16 + uint64(len(b))<<32, value: n, ok: true}
}

// guess is the alphabet of one token of which nothing else is known; digits when it is a word, or nothing.
func guess(b []byte) alphabet {
	var numeral, small, capital, past bool
	for _, c := range b {
		switch v := radixValue[c]; {
		case v < 10:
			numeral = true
		case v == 255:
			return inDigits
		case c >= 'a':
			small = true
		default:
			capital = true
		}
		past = past || radixValue[c] > 15
	}
	switch {
	case !past && !(small && capital) && len(b) <= 12:
		return inHex
	case !numeral || len(b) < 3:
		return inDigits
	case small && capital:
		return inBase62
	case len(b) <= 10:
		return inBase36
	}
	return inDigits
}

// form is what the identifiers of one length at one place have looked like: counts, halved as they grow, so that
// a change shows and one odd value does not.
type form struct {
	n       uint16    // of letters and digits only
	hexish  uint16    // with letters, none past f
	single  uint16    // with letters past f, of one case
	double  uint16    // of both cases
	mixed   uint16    // with a digit before a letter: no prefix
	not32   uint16    // of single: with 0, 1, 8 or 9
	not32c  uint16    // of single: with i, l, o or u
	not58   uint16    // of double: with 0, I, O or l
	leadA   uint16    // of double: with A in front
	squids  uint16    // of single and double: what Sqids would make
	hashed  uint16    // and Hashids
	text64  uint16    // and what is base64 of an identifier
	seen    [4]uint64 // which values were learned, by hash: a panel of patients comes again and again
	skip    uint8
	reading alphabet
}

const (
	formKnown   = 50  // values after which one in eight teaches
	formSample  = 100 // values after which counts are halved
	formAbsent  = 24  // values without a letter that say that it is not in the alphabet
	formCoded   = 6   // values that a coder could have made, one in fifty by chance
	formLongest = 16  // of a number
)

// learn takes one value, if it is not one of those before.
func (f *form) learn(s string) {
	var buf [formLongest]byte
	b := buf[:copy(buf[:], s)]
	h := stats.Mix(text(s[:len(b)])) % 256
	if f.seen[h/64]>>(h%64)&1 != 0 {
		return
	}
	f.seen[h/64] |= 1 << (h % 64)
	var small, capital, past, mixed, n32, n32c, n58, numeral bool
	for i, c := range b {
		v := radixValue[c]
		switch {
		case v == 255:
			return
		case v < 10:
			numeral = true
			mixed = mixed || i+1 < len(b) && !isDigit(b[i+1])
		case c >= 'a':
			small = true
		default:
			capital = true
		}
		past = past || v > 15
		n32 = n32 || c == '0' || c == '1' || c == '8' || c == '9'
		n32c = n32c || crockford[c] == 255
		n58 = n58 || values58[c] == 255
	}
	f.n++
	letters := small || capital
	both := small && capital
	count := func(p *uint16, yes bool) {
		if yes {
			*p++
		}
	}
	count(&f.hexish, letters && !both && !past)
	count(&f.single, past && !both)
	count(&f.double, both)
	count(&f.mixed, mixed && numeral)
	count(&f.not32, n32)
	count(&f.not32c, n32c)
	count(&f.not58, n58)
	count(&f.leadA, both && b[0] == 'A')
	if past {
		_, ok := decodeSqids(b)
		count(&f.squids, ok)
		_, ok = decodeHashids(b)
		count(&f.hashed, ok)
		id := parseBase64(b, 1)
		count(&f.text64, id.ok && uint64(uint32(id.family)) != famBinary)
	}
	if f.n&(f.n-1) == 0 || f.n%16 == 0 || f.n < 16 {
		f.reading = f.decide()
	}
	if f.n >= formSample {
		for _, p := range [...]*uint16{&f.n, &f.hexish, &f.single, &f.double, &f.mixed, &f.not32, &f.not32c, &f.not58, &f.leadA, &f.squids, &f.hashed, &f.text64} {
			*p /= 2
		}
		f.seen = [4]uint64{}
	}
}

// decide is the smallest alphabet that holds nearly all values.
func (f *form) decide() alphabet {
	lettered := f.hexish + f.single + f.double
	past := f.single + f.double
	switch {
	case lettered*8 < f.n || lettered == 0:
		return inDigits
	case f.text64 >= formCoded/2 && f.text64*10 >= past*9:
		return inText64
	case past >= formCoded && f.squids*10 >= past*9:
		return inSqids
	case past >= formCoded && f.hashed*10 >= past*9:
		return inHashids
	case f.double*4 >= lettered:
		switch {
		case f.leadA*2 > f.double:
			return inBase64
		case f.n >= formAbsent && f.not58 == 0:
			return inBase58
		}
		return inBase62
	case f.mixed*16 < lettered && (f.hexish == 0 || lettered >= 4):
		return inPrefix
	case f.mixed == 0:
		return inDigits
	case f.single*8 < lettered:
		return inHex
	case f.n >= formAbsent && f.not32 == 0:
		return inBase32
	case f.n >= formAbsent && f.not32c == 0:
		return inCrockford
	}
	return inBase36
}

// shownForms is how many objects of a call teach their form by being delivered.
const shownForms = 16

// form finds what identifiers of the length and place of o look like, and learns from o if good says that it is
// one that the server knows. It is nil where there is nothing to learn.
func (s *scene) form(o *call.Object, good bool) *form {
	if n := len(o.ID); n < 2 || n > formLongest {
		return nil
	}
	f, _ := s.forms.use(o.Param ^ uint64(len(o.ID))<<56)
	if good && (f.n < formKnown || f.skip == 0) || f.n < formCoded {
		f.learn(o.ID)
	}
	f.skip = (f.skip + 1) % 8
	return f
}

// number reads an identifier in the form that its place has shown.
func (s *scene) number(c *call.Call, o *call.Object) ident {
	if f := s.form(o, c.OK()); f != nil {
		return parseIdent(o.ID, f.reading)
	}
	return parseIdent(o.ID, inDigits)
}
