package snapshot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Image is a saved state. It reads nothing of what it was made of any more, and only knows where that lay.
type Image struct {
	version  [sha256.Size]byte
	body     [][]byte
	size     int // of the body
	fixtures int
	regions  []region
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

// Len is how many bytes the image has, nearly.
func (img *Image) Len() int { return img.size + 4*len(img.regions) }

// Bytes is the image as bytes.
func (img *Image) Bytes() ([]byte, error) {
	var b bytes.Buffer
	b.Grow(img.size + 8*len(img.regions) + 64)
	_, err := img.WriteTo(&b)
	return b.Bytes(), err
}

// WriteTo writes the version, the length of the body, the body, and behind it of every region that is no fixture what it
// is, and of every one whether it is a part of another.
func (img *Image) WriteTo(w io.Writer) (int64, error) {
	places, err := img.nest()
	if err != nil {
		return 0, err
	}
	tail := binary.AppendUvarint(nil, uint64(len(img.regions)-img.fixtures))
	for i := range img.regions {
		s := &img.regions[i]
		if i >= img.fixtures {
			tail = binary.AppendUvarint(tail, uint64(s.l.id))
			if s.l.key == nil {
				tail = binary.AppendUvarint(tail, uint64(s.n))
			}
		}
		tail = binary.AppendUvarint(tail, uint64(places[i].of))
		if places[i].of > 0 {
			tail = binary.AppendUvarint(tail, uint64(places[i].off))
		}
	}
	var all int64
	for _, part := range slices.Concat([][]byte{binary.AppendUvarint(img.version[:], uint64(img.size))}, img.body, [][]byte{tail}) {
		n, err := w.Write(part)
		all += int64(n)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// nest finds the regions that lie in others: the elements of a slice, the root of a list, a field that something points
// to. They are saved twice, as they are few, and restored to one place.
func (img *Image) nest() ([]inside, error) {
	places := make([]inside, len(img.regions))
	order := make([]span, 0, len(img.regions))
	for i, r := range img.regions {
		if r.l.key == nil && r.l.t.Size() > 0 {
			order = append(order, span{addressOf(r.at), r.l, r.n, i})
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
