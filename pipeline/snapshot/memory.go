package snapshot

import (
	"reflect"
	"unsafe"
)

// What is saved are fields that other packages do not export, in types that this one does not know. They are read and
// written where they lie, because a method for each type would be forgotten by somebody, and what it forgets is an
// attack that is told twice or never. Invariants: a place is only read and written as the type that its layout was made
// of; memory for pointers comes from reflect and is written as pointers, so that the collector knows of both.

// place is where a value lies.
type place = unsafe.Pointer

// header is a slice as it lies in memory.
type header struct {
	data     place
	len, cap int
}

func add(p place, off uintptr) place { return unsafe.Add(p, off) }

func addressOf(p place) uintptr { return uintptr(p) }

func pointerAt(p place) *place { return (*place)(p) }
func sliceAt(p place) *header  { return (*header)(p) }
func stringAt(p place) *string { return (*string)(p) }
func textOf(s string) uintptr  { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
func valueAt(p place, t reflect.Type) reflect.Value {
	return reflect.NewAt(t, p).Elem()
}

// bytesAt are the n bytes at p, which hold no pointer.
func bytesAt(p place, n uintptr) []byte { return unsafe.Slice((*byte)(p), n) }

// isZero is whether the n bytes at p are, whatever they hold.
func isZero(p place, n uintptr) bool {
	for _, b := range unsafe.Slice((*byte)(p), n) {
		if b != 0 {
			return false
		}
	}
	return true
}

// allocate returns zero memory for n values of a type.
func allocate(t reflect.Type, n int) place {
	if n == 1 {
		return reflect.New(t).UnsafePointer()
	}
	return reflect.MakeSlice(reflect.SliceOf(t), n, n).UnsafePointer()
}

// mapOf is the map at p, as mapPlace tells it.
func mapOf(p place, t reflect.Type) reflect.Value { return valueAt(place(&p), t) }

// mapPlace is what tells one map from another.
func mapPlace(m reflect.Value) place { return m.UnsafePointer() }
