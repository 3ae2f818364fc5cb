// Package snapshot saves all that a value leads to, and restores it into one that was made anew: of every type, fields
// that are not exported too, shared and circular pointers as they are.
package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
)

// format is the version of the bytes of an Image, and of what the parts of the program mean by what they remember.
// Raise it when either changes and no type does.
const format = 1

// Tree is a value whose state is saved, as it was when it was new. What it led to then, its fixtures, is restored in
// place, so that whoever holds one of them still does; all else is made again. Functions, interfaces, the types kept and
// fields marked snapshot:"-" stay what the constructor made them. One goroutine owns it, with the value.
type Tree struct {
	ls       *layouts
	fixtures []region
	index    map[uintptr][]int32 // of the fixtures, by address
	version  [sha256.Size]byte
	met      int // regions of the last image: the next has about as many
}

// region is memory that something points to: n values one after the other, or one map.
type region struct {
	at place
	l  *layout
	n  int
}

// ErrVersion is the error of an image that another build, or other settings, made.
var ErrVersion = errors.New("snapshot: of another version or other settings")

// New learns what root, a pointer to what is new, leads to. settings are those under which the state has its meaning:
// an image is only restored under the same. What is of the types kept is no state.
func New(root any, settings []byte, kept ...reflect.Type) (*Tree, error) {
	v := reflect.ValueOf(root)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, fmt.Errorf("snapshot: %T is no pointer to a value", root)
	}
	t := &Tree{ls: newLayouts(kept), index: map[uintptr][]int32{}}
	l, err := t.ls.get(v.Type().Elem())
	if err != nil {
		return nil, err
	}
	w := newWriter(t)
	w.learning = true
	w.see(v.UnsafePointer(), l, 1)
	if err := w.all(); err != nil {
		return nil, err
	}
	t.fixtures = w.regions
	for i, r := range t.fixtures {
		t.index[addressOf(r.at)] = append(t.index[addressOf(r.at)], int32(i))
	}
	fmt.Fprintf(t.ls.sum, "format %d, %d bytes of settings\n%s", format, len(settings), settings)
	for _, r := range t.fixtures {
		fmt.Fprintf(t.ls.sum, "%d %d\n", r.l.id, r.n)
	}
	t.ls.sum.Sum(t.version[:0])
	return t, nil
}

// Version is what an image must have been made by to be restored: a hash of the layouts of all types, the format and
// the settings.
func (t *Tree) Version() [sha256.Size]byte { return t.version }

// Save copies the state. Nothing may change it meanwhile; the Image needs it no more.
func (t *Tree) Save() (*Image, error) {
	w := newWriter(t)
	w.regions = append(w.regions, t.fixtures...)
	w.fill()
	if err := w.all(); err != nil {
		return nil, err
	}
	t.met = len(w.regions)
	return &Image{version: t.version, body: append(w.blocks, w.out), size: w.size + len(w.out), fixtures: len(t.fixtures), regions: w.regions}, nil
}
