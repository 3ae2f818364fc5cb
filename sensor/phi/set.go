package phi

import (
	"encoding/binary"
	"math/bits"
)

const (
	setStart = 64
	setKeep  = 8192 // slots a pooled set may hold on to
)

// set is a set of 64-bit hashes of at most max members, by open addressing at half load. A zero slot is empty.
type set struct {
	slots, spare []uint64
	n, max       int
}

func (t *set) reset(max int) {
	if cap(t.spare) > cap(t.slots) {
		t.slots, t.spare = t.spare, t.slots
	}
	if cap(t.slots) > setKeep || t.slots == nil {
		t.slots, t.spare = make([]uint64, setStart), nil
	}
	t.slots = t.slots[:setStart]
	clear(t.slots)
	t.n, t.max = 0, max
}

// add reports whether h was added, and whether there was no room to know.
func (t *set) add(h uint64) (added, full bool) {
	if h == 0 {
		h = 1
	}
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		if t.slots[i] == h {
			return false, false
		}
	}
	if t.n >= t.max {
		return false, true
	}
	t.slots[i] = h
	t.n++
	if t.n*2 > len(t.slots) {
		t.grow()
	}
	return true, false
}

func (t *set) grow() {
	old := t.slots
	n := len(old) * 4
	if cap(t.spare) < n {
		t.spare = make([]uint64, n)
	}
	t.slots, t.spare = t.spare[:n], old
	clear(t.slots)
	mask := uint64(n - 1)
	for _, h := range old {
		if h == 0 {
			continue
		}
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = h
	}
}

// digest is a 64-bit hash of b that is the same on every machine (the mixing step of wyhash).
func digest(b []byte, seed uint64) uint64 {
	h := seed ^ uint64(len(b))*0x9e3779b97f4a7c15
	for len(b) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(b), 0xa0761d6478bd642f)
		b = b[8:]
	}
	return mix(h^tail(b), 0xe7037ed1a0b428db)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b|1)
	return hi ^ lo ^ a
}

// tail loads up to seven bytes.
func tail(b []byte) uint64 {
	switch n := len(b); {
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	case n > 0:
		return uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	return 0
}
