package snapshot

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// Image is a saved state. It refers to nothing of what it was made of.
type Image struct {
	version  [sha256.Size]byte
	body     []byte
	fixtures int
	spans    []span // of the regions, by number
}

// span is where a region lay.
type span struct {
	start uintptr
	l     *layout
	n, id int
}

func (s *span) end() uintptr { return s.start + s.l.t.Size()*uintptr(s.n) }

// inside is the region that another lies in, and how far into it.
type inside struct {
	of  int // 0 for none, else its number and 1
	off uintptr
}

// Bytes is the image as bytes: the version, the length of the body, the body, and behind it of every region that is no
// fixture what it is, and of every one whether it is a part of another.
func (img *Image) Bytes() ([]byte, error) {
	places, err := img.nest()
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(img.body)+8*len(img.spans)+64)
	out = append(out, img.version[:]...)
	out = binary.AppendUvarint(out, uint64(len(img.body)))
	out = append(out, img.body...)
	out = binary.AppendUvarint(out, uint64(len(img.spans)-img.fixtures))
	for i := range img.spans {
		s := &img.spans[i]
		if i >= img.fixtures {
			out = binary.AppendUvarint(out, uint64(s.l.id))
			if s.l.key == nil {
				out = binary.AppendUvarint(out, uint64(s.n))
			}
		}
		out = binary.AppendUvarint(out, uint64(places[i].of))
		if places[i].of > 0 {
			out = binary.AppendUvarint(out, uint64(places[i].off))
		}
	}
	return out, nil
}

// nest finds the regions that lie in others: the elements of a slice, the root of a list, a field that something points
// to. They are saved twice, as they are few, and restored to one place.
func (img *Image) nest() ([]inside, error) {
	places := make([]inside, len(img.spans))
	order := make([]span, 0, len(img.spans))
	for _, s := range img.spans {
		if s.l.key == nil && s.l.t.Size() > 0 {
			order = append(order, s)
		}
	}
	fixed := func(s *span) int {
		if s.id < img.fixtures {
			return 0
		}
		return 1
	}
	slices.SortFunc(order, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end(), a.end()), cmp.Compare(fixed(&a), fixed(&b)), cmp.Compare(a.id, b.id))
	})
	outer := 0
	for i := 1; i < len(order); i++ {
		o, s := &order[outer], &order[i]
		if s.start >= o.end() {
			outer = i
			continue
		}
		if s.end() == o.end() && s.start == o.start && !o.l.holds(o.n, 0, s.l, s.n) && fixed(o) == fixed(s) {
			*o, *s = *s, *o
		}
		if s.end() > o.end() || !o.l.holds(o.n, s.start-o.start, s.l, s.n) {
			return nil, fmt.Errorf("snapshot: %d of %v and %d of %v share a part of their memory", o.n, o.l.t, s.n, s.l.t)
		}
		if s.id >= img.fixtures || o.id >= img.fixtures { // where fixtures lie is known
			places[s.id] = inside{o.id + 1, s.start - o.start}
		}
	}
	// Two that were taken for one another's part in turn name the one that is nobody's.
	for i := range places {
		for p := &places[i]; p.of > 0 && places[p.of-1].of > 0; {
			next := places[p.of-1]
			*p = inside{next.of, p.off + next.off}
		}
	}
	return places, nil
}
