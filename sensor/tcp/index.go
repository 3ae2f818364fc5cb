package tcp

import "auscult/sensor/packet"

// slab is how many connections are allocated at once: 224 bytes each, they and their header fill 16 KB.
const slab = 73

// index owns the connections and finds them by flow: open addressing with linear probing. It is ours because a
// Go map keeps the 36-byte key beside the one in the Conn, which alone costs a third of what an idle flow may.
type index struct {
	slots []slot // a power of two
	count int
	slabs [][]Conn
	free  []*Conn
}

// slot refers to a connection by its place, since a pointer and a whole hash would take twice as much.
type slot struct{ hash, ref uint32 }

// at is the connection at place ref.
func (x *index) at(ref uint32) *Conn { return &x.slabs[(ref-1)/slab][(ref-1)%slab] }

// alloc is a zero connection with its place.
func (x *index) alloc() *Conn {
	if len(x.free) == 0 {
		s := make([]Conn, slab)
		x.slabs = append(x.slabs, s)
		for i := slab - 1; i >= 0; i-- {
			s[i].ref = uint32((len(x.slabs)-1)*slab + i + 1)
			x.free = append(x.free, &s[i])
		}
	}
	n := len(x.free)
	c := x.free[n-1]
	x.free = x.free[:n-1]
	*c = Conn{ref: c.ref}
	return c
}

func (x *index) find(hash uint64, f *packet.Flow) *Conn {
	mask := uint32(len(x.slots) - 1)
	for i := uint32(hash) & mask; x.slots[i].ref != 0; i = (i + 1) & mask {
		if x.slots[i].hash == uint32(hash) {
			if c := x.at(x.slots[i].ref); c.Flow == *f {
				return c
			}
		}
	}
	return nil
}

// insert adds a connection whose flow is not in the index.
func (x *index) insert(hash uint64, c *Conn) {
	if (x.count+1)*4 > len(x.slots)*3 {
		old := x.slots
		x.slots = make([]slot, 2*len(old))
		for _, s := range old {
			if s.ref != 0 {
				x.place(s)
			}
		}
	}
	x.place(slot{uint32(hash), c.ref})
	x.count++
}

func (x *index) place(s slot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].ref != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

// remove takes c out and moves back what had been pushed past its place.
func (x *index) remove(hash uint64, c *Conn) {
	mask := uint32(len(x.slots) - 1)
	i := uint32(hash) & mask
	for x.slots[i].ref != c.ref {
		i = (i + 1) & mask
	}
	for j := (i + 1) & mask; x.slots[j].ref != 0; j = (j + 1) & mask {
		if home := x.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = slot{}
	x.count--
}
