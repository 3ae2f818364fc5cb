package phi

import "bytes"

const (
	memoSize = 256 // slots; a power of two
	memoKey  = 31
)

// memo remembers what classify said of short keys. It holds the whole key, so what it says is what classify says.
// A key has two places: the one it was put in last, and its neighbour.
//
// Records of a kind have the same keys in the same order, so memo also remembers which key came after the last few.
// It saves finding the end of the key and its place, and is only a guess: the text is compared.
type memo struct {
	slots [memoSize]memoEntry
	long  memoEntry // of a key that is not kept
	trail uint      // a hash of the places of the last keys
	met   met
	next  [trails]uint8
}

const trails = 1024 // a power of two

type memoEntry struct {
	key   [memoKey]byte
	n     uint8
	slot  uint8 // a small hash of the key
	plain bool  // there is neither a quote nor a backslash in the key
	info  keyInfo
	body  uint32 // the last that had the key
}

// guess is the entry of the key that stands at the start of b, before a quote, if it is the one that was to be
// expected; else nil.
func (m *memo) guess(b []byte) *memoEntry {
	i := m.next[m.trail%trails]
	e := &m.slots[i]
	n := int(e.n)
	if !e.plain || n >= len(b) || b[n] != '"' || string(b[:n]) != string(e.key[:n]) {
		return nil
	}
	m.trail = m.trail<<2 ^ uint(i)
	return e
}

// classify is what is known of key; it is valid until the next call. It is a pointer because five small fields
// that pass through registers and are then read as one word stall the processor: 10 % of a scan.
func (m *memo) classify(key []byte) *memoEntry {
	n := len(key)
	if n == 0 || n > memoKey {
		m.long = memoEntry{info: classify(key)}
		return &m.long
	}
	slot := spot(key)
	i := slot
	if !m.slots[i].is(key) {
		i ^= 1
	}
	if !m.slots[i].is(key) {
		if m.slots[slot].n != 0 {
			m.moved(i, 0, false)
			m.moved(slot, i, true)
			m.slots[i] = m.slots[slot]
		}
		i = slot
		m.slots[i] = memoEntry{n: uint8(n), slot: slot, plain: !bytes.ContainsAny(key, "\"\\"), info: classify(key)}
		copy(m.slots[i].key[:], key)
	}
	m.next[m.trail%trails] = i
	m.trail = m.trail<<2 ^ uint(i)
	return &m.slots[i]
}

func (e *memoEntry) is(key []byte) bool {
	return int(e.n) == len(key) && string(e.key[:e.n]) == string(key)
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
