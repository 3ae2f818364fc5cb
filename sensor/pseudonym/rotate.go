package pseudonym

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Then has next take k's place from a moment of packet time on. Moments are told in order.
func (k *Keyer) Then(from clock.Time, next *Keyer) {
	for k.next != nil {
		k = k.next
	}
	k.next, k.until = next, from
}

// At is the Keyer of a moment of packet time. Which one that is depends on nothing else, so that a replay gives the pseudonyms
// that the live run gave.
func (k *Keyer) At(t clock.Time) *Keyer {
	for k.next != nil && t >= k.until {
		k = k.next
	}
	return k
}

// KeyIDs names the keys of all times, in order.
func (k *Keyer) KeyIDs() (ids []string) {
	for ; k != nil; k = k.next {
		ids = append(ids, k.keyID)
	}
	return ids
}

// At has what is written from now on bear the pseudonyms of a moment: of a call its beginning, of an alert that of its incident,
// which so keeps its pseudonyms.
func (n *Names) At(t clock.Time) {
	if n.Keys != nil {
		n.now = n.Keys.At(t)
	}
}

// keys is the Keyer of the moment.
func (n *Names) keys() *Keyer {
	if n.now == nil {
		n.now = n.Keys
	}
	return n.now
}

// Kept is a pseudonym that was written, and what it stands for. It is valid during the call only.
type Kept struct {
	Pseudonym []byte
	Principal *call.Principal // nil: what is named is no principal but ID
	ID        []byte
}

// told appends the pseudonym of id, and tells Keep of it.
func (n *Names) told(dst []byte, c Class, id string) []byte {
	k := n.keys()
	begin := len(dst)
	dst = k.Append(dst, c, id) // id lies in k.buf now
	return n.kept(dst, begin, nil, k.buf)
}

// kept tells Keep of the pseudonym that dst holds from begin on.
func (n *Names) kept(dst []byte, begin int, p *call.Principal, id []byte) []byte {
	if n.Keep != nil && len(dst) > begin {
		n.Keep(Kept{dst[begin:], p, id})
	}
	return dst
}
