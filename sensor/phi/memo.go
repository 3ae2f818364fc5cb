package phi

const (
	memoSize = 256 // slots; a power of two
	memoKey  = 31
)

// memo remembers what classify said of short keys. It holds the whole key, so what it says is what classify says.
// A key has two places: the one it was put in last, and its neighbour.
type memo struct {
	slots [memoSize]memoEntry
	long  memoEntry // of a key that is not kept
}

type memoEntry struct {
	key  [memoKey]byte
	n    uint8
	slot uint8 // a small hash of the key
	info keyInfo
}

// classify is what is known of key; it is valid until the next call. It is a pointer because five small fields
// that pass through registers and are then read as one word stall the processor: 10 % of a scan.
func (m *memo) classify(key []byte) *memoEntry {
	n := len(key)
	if n == 0 || n > memoKey {
		m.long.info = classify(key)
		return &m.long
	}
	i := spot(key)
	e := &m.slots[i]
	if int(e.n) == n && string(e.key[:n]) == string(key) {
		return e
	}
	e2 := &m.slots[i^1]
	if int(e2.n) == n && string(e2.key[:n]) == string(key) {
		return e2
	}
	if e.n != 0 {
		*e2 = *e
	}
	e.n, e.slot, e.info = uint8(n), i, classify(key)
	copy(e.key[:], key)
	return e
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
