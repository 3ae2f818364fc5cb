package call

import "auscult/sensor/phi"

// words remembers what keys mean. It is direct-mapped, holds pure functions only, and so changes nothing but
// speed: a site has some hundred keys, and classifying one costs more than the rest of a call's query.
type words [512]struct {
	word       [32]byte
	n          uint8
	space      nameSpace
	identifies bool
}

// of is spaceOf(word), and whether the word is a key of an identifier of anything.
func (w *words) of(word []byte) (space nameSpace, identifies bool) {
	if len(word) == 0 || len(word) > 32 {
		return meaning(word)
	}
	slot := &w[hash(0, word)%uint64(len(w))]
	if string(slot.word[:slot.n]) != string(word) {
		slot.n = uint8(copy(slot.word[:], word))
		slot.space, slot.identifies = meaning(word)
	}
	return slot.space, slot.identifies
}

func meaning(word []byte) (space nameSpace, identifies bool) {
	space = spaceOf(word)
	return space, space != record || phi.IdentifierKey(word) || idSuffix(word)
}
