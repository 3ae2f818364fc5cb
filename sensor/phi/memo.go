package phi

const (
	memoSize = 256 // slots; a power of two
	memoKey  = 31
)

// memo remembers what classify said of short keys. It holds the whole key, so what it says is what classify says.
// A key has two places: the one it was put in last, and its neighbour.
type memo struct {
	slots [memoSize]memoEntry
}

type memoEntry struct {
	key  [memoKey]byte
	n    uint8
	info keyInfo
}

// classify also gives the slot of key, a small hash of it.
func (m *memo) classify(key []byte) (keyInfo, uint8) {
	n := len(key)
	if n == 0 || n > memoKey {
		return classify(key), 0
	}
	i := spot(key)
	e := &m.slots[i]
	if int(e.n) == n && string(e.key[:n]) == string(key) {
		return e.info, i
	}
	e2 := &m.slots[i^1]
	if int(e2.n) == n && string(e2.key[:n]) == string(key) {
		return e2.info, i
	}
	if e.n != 0 {
		*e2 = *e
	}
	e.n, e.info = uint8(n), classify(key)
	copy(e.key[:], key)
	return e.info, i
}

// spot is the slot of a key of 1 to 31 bytes.
func spot(key []byte) uint8 {
	n := uint64(len(key))
	var h uint64
	if n >= 8 {
		h = word(key) ^ word(key[n-8:])<<1
	} else {
		h = tail(key)
	}
	return uint8((h ^ n) * 0x9e3779b97f4a7c15 >> (64 - 8))
}
