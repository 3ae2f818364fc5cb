package call

import "unsafe"

// Sizes of an Arena's chunks, in bytes and items.
const (
	textChunk   = 64 << 10
	objectChunk = 512
	keyChunk    = 4096
	argChunk    = 512
	handedChunk = 32
	propChunk   = 512
)

// Arena is where the strings and slices of calls are carved from: chunks that are filled once and never moved, so that
// a Call stays valid until its arena is Reset, at an allocation for some hundred calls. It belongs to one goroutine at
// a time. The zero value is ready.
//
// Invariant that makes the unsafe.String below sound: the bytes of a string are written before it is made and
// lie below len(text); later writes go to at or above len(text), a full chunk is dropped, and the last one is rewound
// when nobody has a call of it any more.
type Arena struct {
	text    []byte
	objects []Object
	keys    []uint64
	args    []Arg
	handed  []Handed
	props   []Prop
}

// Reset ends the calls that were carved from a, and begins again in the chunks at hand.
func (a *Arena) Reset() {
	a.text, a.objects, a.keys, a.args, a.handed, a.props = a.text[:0], a.objects[:0], a.keys[:0], a.args[:0], a.handed[:0], a.props[:0]
}

// bytes copies b into the arena.
func (a *Arena) bytes(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > textChunk/8 {
		return string(b)
	}
	if cap(a.text)-len(a.text) < len(b) {
		a.text = make([]byte, 0, textChunk)
	}
	n := len(a.text)
	a.text = append(a.text, b...)
	return unsafe.String(&a.text[n], len(b))
}

// copyObjects copies o into the arena; nil when it is empty.
func (a *Arena) copyObjects(o []Object) []Object { return carve(&a.objects, objectChunk, o) }

// copyKeys copies k into the arena; nil when it is empty.
func (a *Arena) copyKeys(k []uint64) []uint64 { return carve(&a.keys, keyChunk, k) }

// copyArgs copies v into the arena; nil when it is empty.
func (a *Arena) copyArgs(v []Arg) []Arg { return carve(&a.args, argChunk, v) }

// copyHanded copies v into the arena; nil when it is empty.
func (a *Arena) copyHanded(v []Handed) []Handed { return carve(&a.handed, handedChunk, v) }

// copyProps copies v into the arena; nil when it is empty.
func (a *Arena) copyProps(v []Prop) []Prop { return carve(&a.props, propChunk, v) }

// carve copies v behind what is in chunk, or into a new chunk of size when it does not fit.
func carve[T any](chunk *[]T, size int, v []T) []T {
	if len(v) == 0 {
		return nil
	}
	if cap(*chunk)-len(*chunk) < len(v) {
		*chunk = make([]T, 0, max(size, len(v)))
	}
	n := len(*chunk)
	*chunk = append(*chunk, v...)
	return (*chunk)[n:len(*chunk):len(*chunk)]
}
