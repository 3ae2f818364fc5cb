package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"reflect"
)

// kind is what is done about a part of a value.
type kind uint8

const (
	copied  kind = iota // numbers and booleans
	text                // a string
	pointer             // to one value
	slice
	mapping
	kept     // stays what the constructor made it
	function // the same
	dynamic  // an interface: the same, what it points to is saved
	array    // of what is not only numbers
)

// op is one step of saving a value.
type op struct {
	kind    kind
	rebuilt bool         // of a function: somebody's Rebuild makes it again
	off     uintptr      // of the part in the value
	size    uintptr      // of what is copied or kept
	n       int          // of an array
	of      *layout      // what is pointed to, or held; of a mapping the map itself
	name    string       // of the field
	t       reflect.Type // of an interface
}

// layout is how values of one type are saved.
type layout struct {
	t         reflect.Type
	id        int
	ready     bool
	plain     bool // numbers without a gap: many are copied at once
	ops       []op
	bools     []uintptr // offsets of booleans, which hold 0 or 1
	rebuilds  []part    // what has to be rebuilt
	least     int       // bytes that a saved value takes at least
	key, elem *layout   // of a map
}

// part is a value within another.
type part struct {
	off uintptr
	t   reflect.Type
}

// Rebuilder is what makes again, after it was restored, what was not saved of it. It is asked after all that it points to.
type Rebuilder interface{ Rebuild() error }

var rebuilder = reflect.TypeFor[Rebuilder]()

// layouts are those of all types met, in the order in which they were.
type layouts struct {
	list    []*layout
	of      map[reflect.Type]*layout
	keep    map[reflect.Type]bool
	pending []*layout
	sum     hash.Hash // of what they look like
}

func newLayouts(keep []reflect.Type) *layouts {
	ls := &layouts{of: map[reflect.Type]*layout{}, keep: map[reflect.Type]bool{}, sum: sha256.New()}
	for _, t := range keep {
		ls.keep[t] = true
	}
	return ls
}

// get is the layout of t, and of all that it leads to.
func (ls *layouts) get(t reflect.Type) (*layout, error) {
	l := ls.refer(t)
	for len(ls.pending) > 0 {
		next := ls.pending[0]
		ls.pending = ls.pending[1:]
		if err := ls.complete(next); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// refer is the layout of t, which may be completed later.
func (ls *layouts) refer(t reflect.Type) *layout {
	if l := ls.of[t]; l != nil {
		return l
	}
	l := &layout{t: t, id: len(ls.list)}
	ls.of[t] = l
	ls.list = append(ls.list, l)
	ls.pending = append(ls.pending, l)
	return l
}

// complete finds the steps of l. A value holds no value of its own type, so it ends.
func (ls *layouts) complete(l *layout) error {
	if l.ready {
		return nil
	}
	l.ready = true
	fmt.Fprintf(ls.sum, "type %v %d\n", l.t, l.t.Size())
	if l.t.Kind() == reflect.Map {
		l.key, l.elem = ls.refer(l.t.Key()), ls.refer(l.t.Elem())
		if err := errors.Join(ls.complete(l.key), ls.complete(l.elem)); err != nil {
			return err
		}
		if !l.key.flat() {
			return fmt.Errorf("snapshot: the keys of %v hold addresses, which are others in each process", l.t)
		}
		if len(l.elem.rebuilds) > 0 {
			return fmt.Errorf("snapshot: %v holds what is rebuilt where it lies: let it hold pointers", l.t)
		}
		return nil
	}
	if err := ls.value(l, l.t, 0, l.t.String()); err != nil {
		return err
	}
	l.merge()
	for _, o := range l.ops {
		switch o.kind {
		case copied:
			l.least += int(o.size)
		case array:
			l.least += o.n * o.of.least
		case kept, dynamic:
		default:
			l.least++
		}
	}
	l.plain = len(l.ops) == 1 && l.ops[0].kind == copied && l.ops[0].size == l.t.Size() && len(l.bools) == 0
	return nil
}

// value adds to l the steps of a value of type t at off. name says where it stands.
func (ls *layouts) value(l *layout, t reflect.Type, off uintptr, name string) error {
	fmt.Fprintf(ls.sum, "%s %d %v\n", name, off, t)
	step := op{off: off, size: t.Size(), name: name}
	if ls.keep[t] {
		step.kind = kept
		l.ops = append(l.ops, step)
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		if t.Elem().Kind() == reflect.Map {
			return fmt.Errorf("snapshot: %s is a %v: put the map into a struct", name, t)
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		l.bools = append(l.bools, off)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
	case reflect.String:
		step.kind = text
	case reflect.Pointer, reflect.Slice:
		step.kind = pointer
		if t.Kind() == reflect.Slice {
			step.kind = slice
		}
		if ls.keep[t.Elem()] {
			step.kind = kept
		} else {
			step.of = ls.refer(t.Elem())
		}
	case reflect.Map:
		step.kind, step.of = mapping, ls.refer(t)
	case reflect.Func:
		step.kind = function
	case reflect.Interface:
		step.kind, step.t = dynamic, t
	case reflect.Array:
		return ls.array(l, t, off, name)
	case reflect.Struct:
		return ls.fields(l, t, off, name)
	default:
		return fmt.Errorf("snapshot: %s is a %v, which cannot be saved: mark it snapshot:\"-\" if it is no state", name, t)
	}
	if t.Size() > 0 {
		l.ops = append(l.ops, step)
	}
	return nil
}

// unrolled is how many elements of an array get steps of their own.
const unrolled = 4

func (ls *layouts) array(l *layout, t reflect.Type, off uintptr, name string) error {
	if t.Len() == 0 || t.Size() == 0 {
		return nil
	}
	elem := ls.refer(t.Elem())
	if err := ls.complete(elem); err != nil {
		return err
	}
	switch {
	case elem.plain:
		l.ops = append(l.ops, op{off: off, size: t.Size(), name: name})
	case t.Len() <= unrolled || t.Elem().Kind() == reflect.Bool:
		for i := range t.Len() {
			if err := ls.value(l, t.Elem(), off+uintptr(i)*t.Elem().Size(), name); err != nil {
				return err
			}
		}
	default:
		l.ops = append(l.ops, op{kind: array, off: off, n: t.Len(), of: elem, name: name})
		for i := range t.Len() {
			for _, r := range elem.rebuilds {
				l.rebuilds = append(l.rebuilds, part{off + uintptr(i)*t.Elem().Size() + r.off, r.t})
			}
		}
	}
	return nil
}

func (ls *layouts) fields(l *layout, t reflect.Type, off uintptr, name string) error {
	if reflect.PointerTo(t).Implements(rebuilder) {
		l.rebuilds = append(l.rebuilds, part{off, t})
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("snapshot")
		if tag == "-" || f.Name == "_" {
			continue
		}
		before := len(l.ops)
		if err := ls.value(l, f.Type, off+f.Offset, name+"."+f.Name); err != nil {
			return err
		}
		if tag != "" {
			if tag != "rebuilt" || f.Type.Kind() != reflect.Func {
				return fmt.Errorf("snapshot: %s.%s is marked %q: there are \"-\" and, for a function, \"rebuilt\"", name, f.Name, tag)
			}
			l.ops[before].rebuilt = true
		}
	}
	return nil
}

// flat is whether l is numbers and strings.
func (l *layout) flat() bool {
	for _, o := range l.ops {
		if o.kind != copied && o.kind != text && (o.kind != array || !o.of.flat()) {
			return false
		}
	}
	return true
}

// merge makes one step of copies that lie side by side.
func (l *layout) merge() {
	out := l.ops[:0]
	for _, o := range l.ops {
		if n := len(out); n > 0 && o.kind == copied && out[n-1].kind == copied && out[n-1].off+out[n-1].size == o.off {
			out[n-1].size += o.size
			continue
		}
		out = append(out, o)
	}
	l.ops = out
}

// holds is whether at off of n values of l there are m values of inner.
func (l *layout) holds(n int, off uintptr, inner *layout, m int) bool {
	return holds(l.t, n, off, inner.t, m)
}

func holds(t reflect.Type, n int, off uintptr, inner reflect.Type, m int) bool {
	size := t.Size()
	if size == 0 || off >= size*uintptr(n) {
		return false
	}
	i, off := int(off/size), off%size
	if t == inner && off == 0 && m <= n-i {
		return true
	}
	switch t.Kind() {
	case reflect.Array:
		return holds(t.Elem(), t.Len(), off, inner, m)
	case reflect.Struct:
		for i := t.NumField() - 1; i >= 0; i-- {
			if f := t.Field(i); f.Offset <= off && off < f.Offset+f.Type.Size() {
				return holds(f.Type, 1, off-f.Offset, inner, m)
			}
		}
	}
	return false
}
