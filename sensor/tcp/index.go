package tcp

import "auscult/sensor/packet"

// index finds connections by flow: open addressing with linear probing. It is ours because a Go map keeps the
// 36-byte key beside the one in the Conn, which alone costs a third of what an idle flow may.
type index struct {
	slots []slot // a power of two
	count int
}

type slot struct {
	hash uint64
	conn *Conn
}

func (x *index) find(hash uint64, f *packet.Flow) *Conn {
	mask := uint64(len(x.slots) - 1)
	for i := hash & mask; x.slots[i].conn != nil; i = (i + 1) & mask {
		if x.slots[i].hash == hash && x.slots[i].conn.Flow == *f {
			return x.slots[i].conn
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
			if s.conn != nil {
				x.place(s)
			}
		}
	}
	x.place(slot{hash, c})
	x.count++
}

func (x *index) place(s slot) {
	mask := uint64(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].conn != nil {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

// remove takes c out and moves back what had been pushed past its place.
func (x *index) remove(hash uint64, c *Conn) {
	mask := uint64(len(x.slots) - 1)
	i := hash & mask
	for x.slots[i].conn != c {
		i = (i + 1) & mask
	}
	for j := (i + 1) & mask; x.slots[j].conn != nil; j = (j + 1) & mask {
		if home := x.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = slot{}
	x.count--
}
