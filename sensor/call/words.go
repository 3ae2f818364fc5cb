package call

import "auscult/sensor/phi"

// words remembers what keys mean. It is direct-mapped, holds pure functions only, and so changes nothing but
// speed: a site has some hundred keys, and classifying one costs more than the rest of a call's query.
type words [512]struct {
	word [32]byte
	n    uint8
	is   meaning
}

// meaning is what a key says of the values under it.
type meaning struct {
	space      nameSpace // spaceOf it
	identifies bool      // it is a key of an identifier of anything
	kind       uint64    // typeHash of it
	secret     bool      // what it names proves who somebody is
}

// of is the meaning of word.
func (w *words) of(word []byte) meaning {
	if len(word) == 0 || len(word) > 32 {
		return meaningOf(word)
	}
	slot := &w[hash(0, word)%uint64(len(w))]
	if string(slot.word[:slot.n]) != string(word) {
		slot.n = uint8(copy(slot.word[:], word))
		slot.is = meaningOf(word)
	}
	return slot.is
}

func meaningOf(word []byte) meaning {
	space := spaceOf(word)
	return meaning{space, space != record || phi.IdentifierKey(word) || idSuffix(word), typeHash(word), secretWord(word)}
}
