package packet

import (
	"math/bits"

	"auscult/sensor/clock"
)

// fragments puts datagrams together. Its memory is bounded by max_fragment_bytes of buffers and spans, what lies
// idle included, and by a few hundred bytes of bookkeeping for each of max_fragment_packets. Who is given up at a
// bound depends on the packets alone: first what is complete and only remembered, then the oldest.
type fragments struct {
	index   map[fragmentKey]*datagram
	waiting chain // by arrival of the first fragment
	done    chain // by completion
	spare   *datagram
	whole   []byte // the last datagram that was put together

	used, idle int // bytes of datagrams, and of the free buffers
	free       [classes][][]byte
}

// fragmentKey is what the fragments of a datagram have in common. Tunnels and tags around them are no part of it.
type fragmentKey struct {
	src, dst       key
	id             uint32
	proto, version byte
}

// datagram is one that is under way, complete and remembered, or given up and remembered.
type datagram struct {
	key        fragmentKey
	next, prev *datagram
	since      clock.Time // arrival of its first fragment; its completion when complete
	state      state
	proto      byte // what it begins with
	end        int  // its length; negative until its last fragment is here
	have       int  // bytes here, as on the wire
	data       []byte
	spans      []span // by place
	few        [16]span
}

type state uint8

const (
	waiting state = iota
	done
	spoiled // its fragments are thrown away until it times out
)

// Buffers come in powers of two, from 256 bytes to the largest datagram.
const (
	classMin = 8
	classes  = 9
)

// add takes a fragment and gives the datagram if that is now complete: its bytes, how many are missing from its
// end, and the protocol that it begins with.
func (f *fragments) add(d *Decoder, k fragmentKey, g *piece) ([]byte, int, byte) {
	st := &d.Stats
	st.Fragments++
	f.expire(d)
	end := g.off + g.wire
	if k.version == 6 && (end > 65535 || g.more && g.wire&7 != 0) {
		st.Broken++ // hosts refuse it and go on without
		return nil, 0, 0
	}
	e := f.index[k]
	if e != nil && e.state == done {
		if e.repeats(g) {
			st.Duplicates++
			return nil, 0, 0
		}
		f.drop(&f.done, e) // the identification is used again
		e = nil
	}
	if e == nil {
		e = f.open(d, k)
	}
	if e.state == spoiled {
		return nil, 0, 0
	}
	i := e.find(g.off)
	if i < len(e.spans) && e.same(e.spans[i], g) {
		st.Duplicates++
		return nil, 0, 0
	}
	switch {
	case e.contradicts(g, i):
		st.Overlapping++
		if d.cfg.FragmentOverlap != First || !e.covers(g, i) {
			st.Spoiled++
			f.spoil(d, e)
		}
		return nil, 0, 0
	case len(e.spans) == d.cfg.MaxFragments:
		st.TooMany++
		f.spoil(d, e)
		return nil, 0, 0
	}
	if g.off == 0 {
		e.proto = g.proto
	}
	if !g.more {
		e.end = end
	}
	f.keep(d, e, g, i)
	if e.have != e.end {
		return nil, 0, 0
	}
	st.Reassembled++
	st.Waiting--
	if f.whole == nil {
		f.whole = make([]byte, 0, 1<<16)
	}
	f.whole = e.assemble(f.whole[:0])
	missing := e.end - len(f.whole)
	if missing > 0 {
		st.CutDatagrams++
	}
	e.state, e.since = done, d.now
	f.waiting.remove(e)
	f.done.push(e)
	return f.whole, missing, e.proto
}

// keep copies g into e as span i.
func (f *fragments) keep(d *Decoder, e *datagram, g *piece, i int) {
	if n := len(e.data) + len(g.data); n > cap(e.data) {
		b := append(f.buffer(d, e, n), e.data...)
		f.release(e)
		e.data = b
	}
	if n := cap(e.spans); n == len(e.spans) {
		f.room(d, e, n*2*spanSize)
		f.used += n * 2 * spanSize
		if n > len(e.few) {
			f.used -= n * spanSize
		}
		e.spans = append(make([]span, 0, n*2), e.spans...)
	}
	p := span{uint16(g.off), uint16(g.wire), uint16(len(e.data)), uint16(len(g.data))}
	e.data = append(e.data, g.data...)
	e.spans = append(e.spans, p)
	copy(e.spans[i+1:], e.spans[i:])
	e.spans[i] = p
	e.have += g.wire
}

const spanSize = 8

// open begins a datagram.
func (f *fragments) open(d *Decoder, k fragmentKey) *datagram {
	if f.index == nil {
		f.index = map[fragmentKey]*datagram{}
	}
	if len(f.index) >= d.cfg.MaxFragmentPackets {
		f.evict(d, nil)
	}
	e := f.spare
	if e == nil {
		e = &datagram{}
	} else {
		f.spare = e.next
	}
	e.key, e.since, e.state, e.end, e.have = k, d.now, waiting, -1, 0
	e.spans = e.few[:0]
	f.index[k] = e
	f.waiting.push(e)
	d.Stats.Waiting++
	return e
}

// spoil gives up e and remembers that.
func (f *fragments) spoil(d *Decoder, e *datagram) {
	d.Stats.Waiting--
	e.state = spoiled
	f.clear(e)
}

// clear gives back what e holds.
func (f *fragments) clear(e *datagram) {
	f.release(e)
	if n := cap(e.spans); n > len(e.few) {
		f.used -= n * spanSize
	}
	e.spans = e.few[:0]
}

// drop forgets e, which is in c.
func (f *fragments) drop(c *chain, e *datagram) {
	c.remove(e)
	delete(f.index, e.key)
	f.clear(e)
	e.next, f.spare = f.spare, e
}

// expire forgets what is past its time now.
func (f *fragments) expire(d *Decoder) {
	for e := f.done.first; e != nil && d.now.Sub(e.since) >= d.cfg.FragmentRepeat; e = f.done.first {
		f.drop(&f.done, e)
	}
	for e := f.waiting.first; e != nil && d.now.Sub(e.since) >= d.cfg.FragmentTimeout; e = f.waiting.first {
		if e.state == waiting {
			d.Stats.TimedOut++
			d.Stats.Waiting--
		}
		f.drop(&f.waiting, e)
	}
}

// evict forgets the least valuable datagram but e; false means that there is none.
func (f *fragments) evict(d *Decoder, e *datagram) bool {
	if v := f.done.first; v != nil {
		f.drop(&f.done, v)
		return true
	}
	v := f.waiting.first
	if v != nil && v == e {
		v = v.next
	}
	if v == nil {
		return false
	}
	if v.state == waiting {
		d.Stats.Evicted++
		d.Stats.Waiting--
	}
	f.drop(&f.waiting, v)
	return true
}

// buffer is an empty buffer for n bytes of e.
func (f *fragments) buffer(d *Decoder, e *datagram, n int) []byte {
	class := max(bits.Len(uint(n-1)), classMin) - classMin
	size := 1 << (class + classMin)
	for {
		if free := f.free[class]; len(free) > 0 {
			b := free[len(free)-1]
			f.free[class] = free[:len(free)-1]
			f.idle -= size
			f.used += size
			return b
		}
		if f.used+f.idle+size <= d.cfg.MaxFragmentBytes || !f.trim() && !f.evict(d, e) {
			f.used += size
			return make([]byte, 0, size)
		}
	}
}

// room makes room for n bytes more.
func (f *fragments) room(d *Decoder, e *datagram, n int) {
	for f.used+f.idle+n > d.cfg.MaxFragmentBytes && (f.trim() || f.evict(d, e)) {
	}
}

// trim lets go of a free buffer; false means that there is none.
func (f *fragments) trim() bool {
	for class := range f.free {
		if n := len(f.free[class]); n > 0 {
			f.free[class][n-1] = nil
			f.free[class] = f.free[class][:n-1]
			f.idle -= 1 << (class + classMin)
			return true
		}
	}
	return false
}

// release puts the buffer of e among the free ones.
func (f *fragments) release(e *datagram) {
	if size := cap(e.data); size > 0 {
		class := bits.Len(uint(size)) - 1 - classMin
		f.free[class] = append(f.free[class], e.data[:0])
		f.used -= size
		f.idle += size
		e.data = nil
	}
}

// chain is a list of datagrams, the oldest first.
type chain struct{ first, last *datagram }

func (c *chain) push(e *datagram) {
	e.prev, e.next = c.last, nil
	if c.last == nil {
		c.first = e
	} else {
		c.last.next = e
	}
	c.last = e
}

func (c *chain) remove(e *datagram) {
	if e.prev == nil {
		c.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		c.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
}
