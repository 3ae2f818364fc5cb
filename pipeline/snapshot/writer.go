package snapshot

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
)

// writer goes from region to region, each when it was first met, and writes what is in it.
type writer struct {
	t        *Tree
	out      []byte
	blocks   [][]byte // what was written before, in pieces: a large one would be copied as it grows
	size     int      // of them
	regions  []region
	known    table // of regions
	said     table // of texts
	texts    []string
	learning bool // everything met is a fixture
	spelled  bool // a string is written each time
}

func newWriter(t *Tree) *writer {
	room := t.met + t.met/8
	w := &writer{t: t, regions: make([]region, 0, room)}
	w.known.init(room)
	w.said.init(0)
	return w
}

// fill puts the fixtures, which are known, into the table.
func (w *writer) fill() {
	for i, r := range w.regions {
		w.known.put(hashOf(addressOf(r.at), r.l.id, r.n), int32(i), w.hash)
	}
}

func (w *writer) hash(i int32) uint64 {
	r := &w.regions[i]
	return hashOf(addressOf(r.at), r.l.id, r.n)
}

// see is the number of the region at p.
func (w *writer) see(p place, l *layout, n int) int {
	h := hashOf(addressOf(p), l.id, n)
	for at := w.known.start(h); ; at = w.known.next(at) {
		i := w.known.slots[at]
		if i < 0 {
			break
		}
		if r := &w.regions[i]; r.at == p && r.l == l && r.n == n {
			return int(i)
		}
	}
	i := len(w.regions)
	w.regions = append(w.regions, region{p, l, n})
	w.known.put(h, int32(i), w.hash)
	return i
}

// blockSize is how many bytes are written to one piece of memory, and more only where a region is larger.
const blockSize = 1 << 20

// all writes the regions, with those that are met meanwhile.
func (w *writer) all() error {
	for i := 0; i < len(w.regions); i++ {
		if !w.regions[i].l.ready {
			if _, err := w.t.ls.get(w.regions[i].l.t); err != nil {
				return err
			}
		}
		if len(w.out) >= blockSize {
			w.size += len(w.out)
			w.blocks = append(w.blocks, w.out)
			w.out = nil
		}
		if w.out == nil {
			w.out = make([]byte, 0, blockSize+blockSize/8)
		}
		r := w.regions[i]
		fixture := w.learning || i < len(w.t.fixtures)
		if err := w.region(r, fixture); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) region(r region, fixture bool) error {
	if r.l.key != nil {
		return w.mapping(r, fixture)
	}
	size := r.l.t.Size()
	if r.l.plain {
		w.out = append(w.out, bytesAt(r.at, size*uintptr(r.n))...)
		return nil
	}
	for i := range r.n {
		if err := w.value(add(r.at, uintptr(i)*size), r.l, fixture); err != nil {
			return err
		}
	}
	return nil
}

// value writes the value at p.
func (w *writer) value(p place, l *layout, fixture bool) error {
	for i := range l.ops {
		o := &l.ops[i]
		at := add(p, o.off)
		switch o.kind {
		case copied:
			w.out = append(w.out, bytesAt(at, o.size)...)
		case text:
			w.text(*stringAt(at))
		case pointer:
			to := *pointerAt(at)
			if to == nil {
				w.out = append(w.out, 0)
				continue
			}
			w.number(uint64(w.see(to, o.of, 1)) + 1)
		case slice:
			switch s := sliceAt(at); {
			case s.data == nil:
				w.out = append(w.out, 0)
			case s.len == 0:
				w.out = append(w.out, 1)
			default:
				w.number(uint64(w.see(s.data, o.of, s.len)) + 2)
			}
		case mapping:
			m := valueAt(at, o.of.t)
			if m.IsNil() {
				w.out = append(w.out, 0)
				continue
			}
			w.number(uint64(w.see(mapPlace(m), o.of, 0)) + 1)
		case array:
			size := o.of.t.Size()
			for i := range o.n {
				if err := w.value(add(at, uintptr(i)*size), o.of, fixture); err != nil {
					return err
				}
			}
		case function:
			there := *pointerAt(at) != nil
			w.flag(o.rebuilt && there && !fixture)
			if there && !o.rebuilt && !fixture {
				return fmt.Errorf("snapshot: %s is a function in what was made while running: mark it snapshot:\"rebuilt\" and make it again in Rebuild", o.name)
			}
		case kept:
			if !fixture && !isZero(at, o.size) {
				return fmt.Errorf("snapshot: %s is a setting in what was made while running", o.name)
			}
		case dynamic:
			if err := w.dynamic(valueAt(at, o.t), o, fixture); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapping writes a map in the order of its keys.
func (w *writer) mapping(r region, fixture bool) error {
	m := mapOf(r.at, r.l.t)
	n := m.Len()
	w.number(uint64(n))
	if n == 0 {
		return nil
	}
	keys, values := allocate(r.l.key.t, n), allocate(r.l.elem.t, n)
	order := make([]sorted, n)
	scratch := &writer{t: w.t, spelled: true}
	it := m.MapRange()
	for i := 0; it.Next(); i++ {
		key := add(keys, uintptr(i)*r.l.key.t.Size())
		valueAt(key, r.l.key.t).SetIterKey(it)
		valueAt(add(values, uintptr(i)*r.l.elem.t.Size()), r.l.elem.t).SetIterValue(it)
		order[i].at = i
		switch {
		case r.l.key.plain && r.l.key.t.Size() == 8:
			order[i].first = binary.LittleEndian.Uint64(bytesAt(key, 8))
		case r.l.key.t.Kind() == reflect.String:
			order[i].text = *stringAt(key)
		default:
			scratch.out = nil
			if err := scratch.value(key, r.l.key, false); err != nil {
				return err
			}
			order[i].text = string(scratch.out)
		}
	}
	slices.SortFunc(order, func(a, b sorted) int {
		if a.first != b.first {
			if a.first < b.first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.text, b.text)
	})
	for _, o := range order {
		if err := w.value(add(keys, uintptr(o.at)*r.l.key.t.Size()), r.l.key, fixture); err != nil {
			return err
		}
		if err := w.value(add(values, uintptr(o.at)*r.l.elem.t.Size()), r.l.elem, false); err != nil {
			return err
		}
	}
	return nil
}

// sorted is the place of a map's entry among those that were read.
type sorted struct {
	first uint64
	text  string
	at    int
}

// dynamic looks at what an interface holds. It is a part of the program, such as a detector, and must be a fixture.
func (w *writer) dynamic(v reflect.Value, o *op, fixture bool) error {
	if v.IsNil() {
		return nil
	}
	held := v.Elem()
	t := held.Type()
	switch {
	case !fixture:
		return fmt.Errorf("snapshot: %s is an interface in what was made while running", o.name)
	case w.t.ls.keep[t] || t.Kind() == reflect.Pointer && w.t.ls.keep[t.Elem()] || t.Size() == 0:
		return nil
	case t.Kind() != reflect.Pointer:
		return fmt.Errorf("snapshot: %s holds a %v, which is no pointer", o.name, t)
	}
	if held.IsNil() {
		return nil
	}
	l := w.t.ls.refer(t.Elem())
	if n := w.see(held.UnsafePointer(), l, 1); !w.learning && n >= len(w.t.fixtures) {
		return fmt.Errorf("snapshot: %s is another than it was", o.name)
	}
	return nil
}

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *writer) flag(yes bool) {
	b := byte(0)
	if yes {
		b = 1
	}
	w.out = append(w.out, b)
}

// text writes a string, or where it was written before: many places hold one and the same.
func (w *writer) text(s string) {
	if s == "" {
		w.out = append(w.out, 0)
		return
	}
	if !w.spelled && len(s) > 1 { // of one byte, the runtime has each once
		h := hashOf(textOf(s), 0, len(s))
		for at := w.said.start(h); ; at = w.said.next(at) {
			i := w.said.slots[at]
			if i < 0 {
				break
			}
			if o := w.texts[i]; textOf(o) == textOf(s) && len(o) == len(s) {
				w.number(uint64(i) + 2)
				return
			}
		}
		w.texts = append(w.texts, s)
		w.said.put(h, int32(len(w.texts)-1), func(i int32) uint64 { return hashOf(textOf(w.texts[i]), 0, len(w.texts[i])) })
	}
	w.out = append(w.out, 1)
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

// table finds numbers by a hash of what they are of. Free places hold -1.
type table struct {
	slots []int32
	n     int
}

// init makes a table for about n.
func (t *table) init(n int) {
	t.slots = make([]int32, max(1024, 1<<bits.Len(uint(2*n))))
	for i := range t.slots {
		t.slots[i] = -1
	}
}

func (t *table) start(h uint64) int { return int(h & uint64(len(t.slots)-1)) }
func (t *table) next(at int) int    { return (at + 1) & (len(t.slots) - 1) }

// put adds number i, whose hash is h; hash is that of any other.
func (t *table) put(h uint64, i int32, hash func(int32) uint64) {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]int32, 4*len(old))
		for i := range t.slots {
			t.slots[i] = -1
		}
		for _, i := range old {
			if i >= 0 {
				t.set(hash(i), i)
			}
		}
	}
	t.set(h, i)
	t.n++
}

func (t *table) set(h uint64, i int32) {
	at := t.start(h)
	for t.slots[at] >= 0 {
		at = t.next(at)
	}
	t.slots[at] = i
}

// hashOf spreads an address: where it lies decides how fast it is found, and nothing else.
func hashOf(at uintptr, id, n int) uint64 {
	h := (uint64(at) ^ uint64(id)<<52 ^ uint64(n)<<40) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}
