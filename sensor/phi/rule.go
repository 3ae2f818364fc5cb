package phi

import "bytes"

var urn = []byte("urn:uuid:")

// length is how long a value of the shape of v is that begins b; -1 when it goes on past b. Plain is whether there is no escape in it.
func (v *value) length(b []byte) (n int, plain bool) {
	switch v.shape {
	case stringShape:
		return quote(b, 0)
	case nested:
		return treeLength(b), true
	}
	for n < len(b) && !delimits[b[n]] {
		n++
	}
	if n == len(b) {
		return -1, true
	}
	return n, n > 0 && (isDigit(b[0]) || b[0] == '-') == (v.shape == numeric)
}

// treeLength is how long a container is of which b is what follows the bracket that opens it; -1 when it goes on past b.
func treeLength(b []byte) int {
	depth := 1
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i, _ = quote(b, i+1); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// keeps is whether text may stand for v, and what is made of it.
func (v *value) keeps(text []byte) (name []byte, ok bool) {
	switch v.rule {
	case whatever, passedOver:
		return text, true
	case dullText:
		return text, isDull(text)
	case ownMark:
		return text, isMark(text) && !endsABHA(text)
	case pointer:
		t, id := parseReference(text)
		if t == 0 {
			return text, v.typ == 0 && !(v.about && bytes.HasPrefix(text, urn))
		}
		return id, t == v.typ
	case byClass:
		return v.classKeeps(text)
	case keptValue:
		return text, len(text) <= maxID && !endsABHA(text)
	case codeValue:
		return text, !v.about || !isSensitive(bytes.TrimSpace(text))
	case identifierValue:
		if len(text) > maxID || endsABHA(text) {
			return text, false
		}
		_, ok := identifierClass(v.of, v.code, text, v.untyped)
		return text, ok == v.holds
	case contactValue:
		if len(text) > maxID || endsABHA(text) {
			return text, false
		}
		if v.of == emailSystem {
			return text, isEmail(text) == v.holds
		}
		return text, isPhone(text) == v.holds
	}
	return text, false
}

func (v *value) classKeeps(text []byte) (name []byte, ok bool) {
	k := v.k
	if k.class == 0 && k.id == noID || !pass(k.check, text) {
		return text, !v.holds && !isHash(text) && !(k.check == email && isABHAAddress(text))
	}
	if !v.holds || k.class&Diagnosis != 0 && isSensitive(bytes.TrimSpace(text)) {
		return text, false
	}
	switch k.id {
	case patientID:
		t, id := parseReference(text)
		if t != v.typ {
			return text, false
		}
		if t != 0 {
			text = id
		}
		return text, isMark(text)
	case businessID:
		return text, isMark(text)
	case recordID:
		return text, k.class != 0 || isDull(text)
	}
	return text, true
}

// isDull is whether bare makes nothing of v.
func isDull(v []byte) bool {
	switch n := len(v); n {
	case 10, 12, 16:
		if isDigit(v[0]) && allDigits(v) || n == 10 && isPAN(v) {
			return false
		}
	}
	return !isHash(v) && !endsABHA(v)
}
