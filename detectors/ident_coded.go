package detectors

// Sqids and Hashids hide small numbers behind a shuffled alphabet. With the default alphabet and no salt they hide
// nothing; these decoders read one number, and check it by what its encoder would have made.

// codedLongest is the longest code that is read: a number, padded to a least length.
const codedLongest = 16

// sqidsAlphabet is the default alphabet, shuffled as New does (sqids.org, specification 0.3).
var (
	sqidsAlphabet = shuffleSqids("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	sqidsPlace    = valuesOf(string(sqidsAlphabet[:]), false)
)

func shuffleSqids(letters string) (a [62]byte) {
	copy(a[:], letters)
	for i, j := 0, len(a)-1; j > 0; i, j = i+1, j-1 {
		r := (i*j + int(a[i]) + int(a[j])) % len(a)
		a[i], a[r] = a[r], a[i]
	}
	return a
}

// decodeSqids reads the first number in b. The few that the encoder makes anew, for a word on its blocklist, fail.
func decodeSqids(b []byte) (uint64, bool) {
	const letters = len(sqidsAlphabet)
	if len(b) < 2 || len(b) > codedLongest || sqidsPlace[b[0]] == 255 {
		return 0, false
	}
	offset := int(sqidsPlace[b[0]])
	n := uint64(0)
	for i, c := range b[1:] {
		if sqidsPlace[c] == 255 || n > 1<<56 {
			return 0, false
		}
		v := (int(sqidsPlace[c]) - offset + letters) % letters // in the alphabet as this code turned it
		if v == letters-1 {                                    // the separator: what follows is padding
			if i == 0 {
				return 0, false
			}
			break
		}
		n = n*uint64(letters-1) + uint64(letters-2-v) // and reversed
	}
	return n, (int(sqidsAlphabet[n%uint64(letters)])+1)%letters == offset
}

// hashidsAlphabet is the default alphabet as an encoder without salt has it (hashids.org): its separators
// (cfhistu, CFHISTU) and the first four of the others, the guards, are taken out.
const hashidsAlphabet = "gjklmnopqrvwxyzABDEGJKLMNOPQRVWXYZ1234567890"

// decodeHashids reads the one number in b, whose padding stands outside of guards.
func decodeHashids(b []byte) (uint64, bool) {
	if len(b) > codedLongest {
		return 0, false
	}
	guards := 0
	for i := 0; i < len(b); i++ {
		if c := b[i]; c != 'a' && c != 'b' && c != 'd' && c != 'e' {
			continue
		}
		if guards++; guards == 1 {
			b, i = b[i+1:], -1
			continue
		}
		b = b[:i]
	}
	if len(b) < 2 || guards > 2 {
		return 0, false
	}
	var a, salt [len(hashidsAlphabet)]byte // the salt: the first letter, then the alphabet as it was
	copy(a[:], hashidsAlphabet)
	salt[0] = b[0]
	copy(salt[1:], hashidsAlphabet)
	sum := 0
	for i, v := len(a)-1, 0; i > 0; i, v = i-1, v+1 {
		sum += int(salt[v])
		j := (int(salt[v]) + v + sum) % i
		a[i], a[j] = a[j], a[i]
	}
	var values [256]byte
	for i, c := range a {
		values[c] = byte(i + 1)
	}
	n := uint64(0)
	for _, c := range b[1:] {
		if values[c] == 0 || n > 1<<56 {
			return 0, false
		}
		n = n*uint64(len(a)) + uint64(values[c]-1)
	}
	return n, hashidsAlphabet[n%100%uint64(len(a))] == b[0]
}
