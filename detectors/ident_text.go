package detectors

// maxRuns is how many runs of digits one identifier may have.
const maxRuns = 3

// parseText reads the digits of a text that is an identifier, as one number: MRN00012345, PAT-2024-000123-X,
// visit:123:chart, gid://app/Patient/123, {"id":123}. Its family is what stands around the digits; a last letter
// after them is a check character, and of no family.
func parseText(b []byte, a alphabet) ident {
	if len(b) > 64 {
		return ident{}
	}
	const offset, prime = 14695981039346656037, 1099511628211
	family := uint64(offset)
	n, count, runs, words, dots := uint64(0), 0, 0, 0, 0
	mixed := false // letters touch digits before and after
	for i := 0; i < len(b); {
		j := i
		switch c := b[i]; {
		case isDigit(c):
			for j < len(b) && isDigit(b[j]) {
				if count++; count > 18 {
					return ident{}
				}
				n = n*10 + uint64(b[j]-'0')
				j++
			}
			runs++
			family = (family ^ '0') * prime
		case radixValue[c] != 255:
			for j < len(b) && radixValue[b[j]] > 9 && radixValue[b[j]] != 255 {
				j++
			}
			if j == len(b) && j-i == 1 && runs > 0 {
				family = (family ^ 'X') * prime // a check character
				break
			}
			if words += j - i; words > 32 {
				return ident{}
			}
			mixed = mixed || i > 0 && isDigit(b[i-1])
			for _, c := range b[i:j] {
				family = (family ^ uint64(lower(c))) * prime
			}
		case c < ' ' || c > '~':
			return ident{}
		default:
			if c == '.' {
				dots++
			}
			j++
			family = (family ^ uint64(c)) * prime
		}
		i = j
	}
	switch {
	case runs == 0 || runs > maxRuns, dots > 1: // a UID or an address
		return ident{}
	case mixed, count < 2 && words+1 >= len(b): // a token, or a word with a version: v2
		return ident{}
	}
	if words == 0 && count == len(b)-1 && runs == 1 { // 1234X: a check digit of ten, modulo 11
		return decimal(famDecimal, n*10, true)
	}
	// Until their place shows what they are, letters of hex in front of digits are a prefix only as capitals, and of
	// a short identifier; others are hex, or a hash.
	if a == inDigits && runs == 1 && words+count == len(b) && allHex(b) && (len(b) >= 8 || b[0] >= 'a') {
		return ident{}
	}
	return decimal(family, n, true)
}

// parseBase64 decodes text that is again an identifier (UGF0aWVudC8xMjM is Patient/123), or the bytes of a short
// integer, the most significant first.
func parseBase64(b []byte, depth int) ident {
	padded := len(b)
	for padded > 0 && b[padded-1] == '=' {
		padded--
	}
	var out [identBytes]byte
	n, ok := decode64(out[:], b[:padded])
	if !ok || n == 0 {
		return ident{}
	}
	text := true
	for _, c := range out[:n] {
		text = text && c >= ' ' && c <= '~'
	}
	if text {
		id := parseBytes(out[:n], inDigits, depth-1)
		id.family ^= 0x6236340000000000
		return id
	}
	if n > 8 || padded == len(b) && out[0] != 0 { // neither padding nor leading zeros: any short token would do
		return ident{}
	}
	x := uint64(0)
	for _, c := range out[:n] {
		x = x<<8 | uint64(c)
	}
	return ident{family: famBinary + uint64(n)<<32, value: x, ok: x < 1<<63}
}

// values64 are those of base64 in both of its alphabets (RFC 4648, sections 4 and 5).
var values64 = both64()

func both64() [256]byte {
	v := valuesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", false)
	v['-'], v['_'] = v['+'], v['/']
	return v
}

// decode64 decodes base64 without padding, strictly: the bits left over are zero.
func decode64(dst, b []byte) (int, bool) {
	acc, bits, n := uint32(0), 0, 0
	for _, c := range b {
		v := values64[c]
		if v == 255 {
			return 0, false
		}
		acc, bits = acc<<6|uint32(v), bits+6
		if bits >= 8 {
			bits -= 8
			dst[n] = byte(acc >> bits)
			n++
		}
	}
	return n, bits < 6 && acc&(1<<bits-1) == 0
}

// parseHexText decodes hex of text that is again an identifier: 50617469656e742f313233 is Patient/123.
func parseHexText(b []byte, depth int) ident {
	if len(b)%2 != 0 || len(b) < 12 {
		return ident{}
	}
	var out [identBytes / 2]byte
	for i := 0; i < len(b); i += 2 {
		h, l := radixValue[b[i]], radixValue[b[i+1]]
		c := h<<4 | l
		if h > 15 || l > 15 || c < ' ' || c > '~' {
			return ident{}
		}
		out[i/2] = c
	}
	id := parseBytes(out[:len(b)/2], inDigits, depth-1)
	id.family ^= 0x6865780000000000
	return id
}
