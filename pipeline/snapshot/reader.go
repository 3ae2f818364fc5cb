package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// errDamaged is the error of an image that says what cannot be.
var errDamaged = errors.New("snapshot: is damaged")

// reader fills regions with what an image says is in them.
type reader struct {
	t       *Tree
	b       []byte
	err     error
	regions []region
	texts   []string
	rebuilt []promised
}

// promised is a function that Rebuild must have made.
type promised struct {
	at   place
	name string
}

// Restore puts what an image says into the value that the Tree is of, which must be as New saw it. After an error other
// than ErrVersion the value is of no more use.
func (t *Tree) Restore(image []byte) error {
	if len(image) < sha256.Size || !bytes.Equal(image[:sha256.Size], t.version[:]) {
		return ErrVersion
	}
	r := &reader{t: t, b: image[sha256.Size:]}
	n := r.number(uint64(len(r.b)))
	if r.err != nil || n > uint64(len(r.b)) {
		return errDamaged
	}
	body := r.b[:n]
	r.b = r.b[n:]
	r.places(len(body))
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	r.b = body
	for i := 0; i < len(r.regions) && r.err == nil; i++ {
		r.region(r.regions[i], i < len(t.fixtures))
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	if r.err != nil {
		return r.err
	}
	return r.finish()
}

// places makes room for the regions: no more than the bytes of the body, in its densest, can fill.
func (r *reader) places(body int) {
	many := int(r.number(uint64(len(r.b) / 2)))
	if r.err != nil {
		return
	}
	r.regions = append(make([]region, 0, len(r.t.fixtures)+many), r.t.fixtures...)
	inner := make([]inside, 0, cap(r.regions))
	room := uint64(body)
	for i := 0; i < cap(r.regions) && r.err == nil; i++ {
		if i >= len(r.t.fixtures) {
			l := r.layout()
			if l == nil {
				return
			}
			n := 0
			if l.key == nil {
				n = int(r.number(math.MaxInt32))
				need := uint64(n) * uint64(l.least)
				if r.err != nil || n == 0 || need > room || l.least == 0 && n > 1 && l.t.Size() > 0 {
					r.fail()
					return
				}
				room -= need
			}
			r.regions = append(r.regions, region{nil, l, n})
		}
		in := inside{of: int(r.number(uint64(cap(r.regions))))}
		if in.of > 0 {
			in.off = uintptr(r.number(math.MaxInt32))
		}
		inner = append(inner, in)
	}
	if r.err != nil {
		return
	}
	for i := len(r.t.fixtures); i < len(r.regions); i++ {
		to := &r.regions[i]
		switch {
		case inner[i].of > 0:
		case to.l.key != nil:
			to.at = mapPlace(reflect.MakeMap(to.l.t))
		default:
			to.at = allocate(to.l.t, to.n)
		}
	}
	for i, in := range inner {
		if in.of == 0 {
			continue
		}
		to, of := &r.regions[i], &r.regions[in.of-1]
		if inner[in.of-1].of > 0 || to.l.key != nil || of.l.key != nil || !of.l.holds(of.n, in.off, to.l, to.n) {
			r.fail()
			return
		}
		to.at = add(of.at, in.off)
	}
}

func (r *reader) layout() *layout {
	i := r.number(uint64(len(r.t.ls.list) - 1))
	if r.err != nil {
		return nil
	}
	return r.t.ls.list[i]
}

func (r *reader) region(to region, fixture bool) {
	if to.l.key != nil {
		r.mapping(to, fixture)
		return
	}
	size := to.l.t.Size()
	if to.l.plain {
		copy(bytesAt(to.at, size*uintptr(to.n)), r.take(int(size)*to.n))
		return
	}
	for i := 0; i < to.n && r.err == nil; i++ {
		r.value(add(to.at, uintptr(i)*size), to.l, fixture)
	}
}

// value reads the value at p.
func (r *reader) value(p place, l *layout, fixture bool) {
	for i := range l.ops {
		if r.err != nil {
			return
		}
		o := &l.ops[i]
		at := add(p, o.off)
		switch o.kind {
		case copied:
			copy(bytesAt(at, o.size), r.take(int(o.size)))
		case text:
			*stringAt(at) = r.text()
		case pointer:
			*pointerAt(at) = nil
			if n := r.number(uint64(len(r.regions))); n > 0 && r.err == nil {
				*pointerAt(at) = r.one(n-1, o.of, 1)
			}
		case slice:
			r.slice(sliceAt(at), o)
		case mapping:
			valueAt(at, o.of.t).SetZero()
			if n := r.number(uint64(len(r.regions))); n > 0 && r.err == nil {
				if m := r.one(n-1, o.of, 0); m != nil {
					valueAt(at, o.of.t).Set(mapOf(m, o.of.t))
				}
			}
		case array:
			size := o.of.t.Size()
			for i := range o.n {
				r.value(add(at, uintptr(i)*size), o.of, fixture)
			}
		case function:
			if b := r.take(1); r.err == nil && b[0] != 0 && o.rebuilt {
				r.rebuilt = append(r.rebuilt, promised{at, o.name})
			}
		}
	}
	for _, off := range l.bools {
		if b := bytesAt(add(p, off), 1); b[0] > 1 {
			b[0] = 1
			r.fail()
		}
	}
}

// one is where region i is, which must be n values of l.
func (r *reader) one(i uint64, l *layout, n int) place {
	if to := &r.regions[i]; to.l == l && to.n == n {
		return to.at
	}
	r.fail()
	return nil
}

func (r *reader) slice(to *header, o *op) {
	*to = header{}
	switch n := r.number(uint64(len(r.regions)) + 1); {
	case r.err != nil || n == 0:
	case n == 1:
		*to = header{data: allocate(o.of.t, 0)}
	default:
		i := n - 2
		if l := r.regions[i].l; l != o.of || l.key != nil && r.regions[i].n == 0 {
			r.fail()
			return
		}
		*to = header{r.regions[i].at, r.regions[i].n, r.regions[i].n}
	}
}

func (r *reader) mapping(to region, fixture bool) {
	m := mapOf(to.at, to.l.t)
	m.Clear()
	n := int(r.number(uint64(len(r.b)/max(1, to.l.key.least+to.l.elem.least)) + 1))
	key, value := allocate(to.l.key.t, 1), allocate(to.l.elem.t, 1)
	k, v := valueAt(key, to.l.key.t), valueAt(value, to.l.elem.t)
	for i := 0; i < n && r.err == nil; i++ {
		r.value(key, to.l.key, fixture)
		r.value(value, to.l.elem, false)
		if r.err == nil {
			m.SetMapIndex(k, v)
		}
	}
}

// finish asks for what is rebuilt, the innermost first.
func (r *reader) finish() error {
	for i := len(r.regions) - 1; i >= 0; i-- {
		to := &r.regions[i]
		for n := range to.n {
			for _, p := range to.l.rebuilds {
				at := add(to.at, uintptr(n)*to.l.t.Size()+p.off)
				if err := valueAt(at, p.t).Addr().Interface().(Rebuilder).Rebuild(); err != nil {
					return fmt.Errorf("%w: %w", errDamaged, err)
				}
			}
		}
	}
	for _, f := range r.rebuilt {
		if *pointerAt(f.at) == nil {
			return fmt.Errorf("snapshot: no Rebuild made %s again", f.name)
		}
	}
	return nil
}

func (r *reader) text() string {
	switch n := r.number(uint64(len(r.texts)) + 1); {
	case r.err != nil || n == 0:
		return ""
	case n == 1:
		s := string(r.take(int(r.number(uint64(len(r.b))))))
		if len(s) > 1 {
			r.texts = append(r.texts, s)
		}
		return s
	default:
		return r.texts[n-2]
	}
}

// number reads one that is most at most.
func (r *reader) number(most uint64) uint64 {
	n, size := binary.Uvarint(r.b)
	if r.err != nil || size <= 0 || n > most {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

// take is the next n bytes; none after an error.
func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errDamaged
	}
}
