package detectors

// Times that an identifier can tell: of 2000 to 2060. What else looks like one is a hash.
const (
	firstSecond = 946684800
	lastSecond  = 2840140800
)

func timely(sec uint64) bool { return sec >= firstSecond && sec < lastSecond }

// parseTimed reads identifiers in order of time, told by their length.
func parseTimed(b []byte) ident {
	switch len(b) {
	case 36:
		if b[8] == '-' && b[13] == '-' && b[18] == '-' && b[23] == '-' {
			var u [32]byte
			n := copy(u[:], b[:8])
			n += copy(u[n:], b[9:13])
			n += copy(u[n:], b[14:18])
			n += copy(u[n:], b[19:23])
			copy(u[n:], b[24:])
			return parseUUID(u[:], true)
		}
	case 32:
		return parseUUID(b, false)
	case 27:
		return parseKSUID(b)
	case 26:
		return parseULID(b)
	case 25:
		return parseCUID(b)
	case 24:
		return parseObjectID(b)
	case 20:
		return parseXID(b)
	}
	return ident{}
}

// parseUUID reads the time of versions 1, 6 and 7 (RFC 9562, section 5); others are opaque. Without its hyphens it may
// be a hash that looks like one, and needs a time that can be; makers with a clock of their own write hyphens.
func parseUUID(b []byte, hyphens bool) ident {
	hi, ok1 := parseHex(b[:16])
	lo, ok2 := parseHex(b[16:32])
	if !ok1 || !ok2 || lo>>62 != 2 { // the variant
		return ident{}
	}
	var t uint64
	switch hi >> 12 & 15 {
	case 1:
		t = hi&0xfff<<48 | hi>>16&0xffff<<32 | hi>>32
	case 6:
		t = hi>>16<<12 | hi&0xfff
	case 7:
		ms := hi >> 16
		return ident{family: famUUID, value: ms, second: ms<<12 | hi&0xfff, kind: millis, ok: timely(ms / 1000), two: true}
	default:
		return ident{}
	}
	const gregorian = 122192928000000000 // from 1582-10-15 to the Unix epoch
	if !hyphens && (t < gregorian || !timely((t-gregorian)/1e7)) {
		return ident{}
	}
	return ident{family: famUUIDTime ^ lo<<8, value: t, kind: ticks, ok: true}
}

func parseHex(b []byte) (uint64, bool) {
	n := uint64(0)
	for _, c := range b {
		v := radixValue[c]
		if v > 15 {
			return 0, false
		}
		n = n<<4 | uint64(v)
	}
	return n, true
}

// crockford is base 32 without i, l, o and u.
var crockford = valuesOf("0123456789abcdefghjkmnpqrstvwxyz", true)

// parseULID reads the milliseconds of a ULID, and the end of its random part, which counts up within one.
func parseULID(b []byte) ident {
	var ms, low uint64
	for i, c := range b {
		v := crockford[c]
		if v == 255 || i == 0 && v > 7 {
			return ident{}
		}
		if i < 10 {
			ms = ms<<5 | uint64(v)
		} else if i >= 18 {
			low = low<<5 | uint64(v)
		}
	}
	return ident{family: famULID, value: ms, second: low, kind: millis, ok: timely(ms / 1000), two: true}
}

// parseObjectID reads what MongoDB makes: seconds, then the machine, then the counter that orders what it made.
func parseObjectID(b []byte) ident {
	if !allHex(b) {
		return ident{}
	}
	sec, _ := parseHex(b[:8])
	machine, _ := parseHex(b[8:18])
	n, _ := parseHex(b[18:])
	return ident{family: famObjectID ^ machine<<8, value: n, second: sec, kind: counter, ok: timely(sec), two: true}
}

var base32hex = valuesOf("0123456789abcdefghijklmnopqrstuv", false)

// parseXID reads an xid: seconds, machine, process and counter, 12 bytes in base 32.
func parseXID(b []byte) ident {
	var out [13]byte
	acc, bits, n := uint32(0), 0, 0
	for _, c := range b {
		v := base32hex[c]
		if v == 255 {
			return ident{}
		}
		acc, bits = acc<<5|uint32(v), bits+5
		if bits >= 8 {
			bits -= 8
			out[n] = byte(acc >> bits)
			n++
		}
	}
	sec, maker, count := uint64(0), uint64(0), uint64(0)
	for i, c := range out[:12] {
		switch {
		case i < 4:
			sec = sec<<8 | uint64(c)
		case i < 9:
			maker = maker<<8 | uint64(c)
		default:
			count = count<<8 | uint64(c)
		}
	}
	return ident{family: famXID ^ maker<<8, value: count, second: sec, kind: counter, ok: timely(sec), two: true}
}

// parseKSUID reads a KSUID: seconds since 2014-05-13 and 16 bytes, in base 62.
func parseKSUID(b []byte) ident {
	var limbs [5]uint32 // most significant first
	for _, c := range b {
		v := values62[c]
		if v == 255 {
			return ident{}
		}
		carry := uint64(v)
		for i := len(limbs) - 1; i >= 0; i-- {
			carry += uint64(limbs[i]) * 62
			limbs[i] = uint32(carry)
			carry >>= 32
		}
		if carry != 0 {
			return ident{}
		}
	}
	const epoch = 1400000000
	sec := uint64(limbs[0]) + epoch
	return ident{family: famKSUID, value: sec, second: uint64(limbs[4]), kind: seconds, ok: timely(sec), two: true}
}

// parseCUID reads a cuid: c, eight digits of base 36 of milliseconds, four of a counter, and the maker's.
func parseCUID(b []byte) ident {
	if b[0] != 'c' {
		return ident{}
	}
	ms, ok1 := parseRadix(b[1:9], 36)
	n, ok2 := parseRadix(b[9:13], 36)
	maker, ok3 := parseRadix(b[13:17], 36)
	if !ok1 || !ok2 || !ok3 || !timely(ms/1000) {
		return ident{}
	}
	return ident{family: famCUID ^ maker<<8, value: n, second: ms / 1000, kind: counter, ok: true, two: true}
}
