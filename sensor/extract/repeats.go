package extract

import (
	"hash/maphash"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
	"auscult/sensor/spare"
)

// repeats is one worker's memory of what bodies of responses came to: the same chart, worklist or refusal is sent again
// and again, and one that is known by its bytes need be neither decoded nor scanned. What is forgotten is read again, so
// it changes speed, never results. A body is known by a hash under a seed of this process alone, its length and how it is
// to be read: nobody outside can make two that are taken for one, and by chance it happens once in 10^19 pairs.
//
// Two generations bound it: when the young one is full it becomes the old one, whose own entries are let go unless they
// were asked for again.
type repeats struct {
	seed       maphash.Seed
	most       int // bytes of a generation
	bytes      int // of the young one
	young, old generation
	met        []uint64 // hashes of bodies that were read once lately: only what comes twice is kept
	buffers    [holdSizes]spare.List[[]byte]
}

// repeat is what a body is known by.
type repeat struct {
	hash    uint64
	length  uint32
	codings uint32
	form    phi.Form
}

// known is what a body came to, all in one place: of many it lies in no cache, and each further pointer is a wait.
type known struct {
	repeat
	sized   bool // reading counts as memory
	decoded int64
	kept    phi.Kept
	reading call.Reading // of kept's report
}

// generation finds what is known by the hash of the body: open addressing, at most half full. As that hash is seeded it
// needs no other. The zero value is ready.
type generation struct {
	slots []slot // a power of two, or none
	used  int
}

type slot struct {
	hash uint64
	k    *known
}

// find is what is known under key, nil if nothing is.
func (g *generation) find(key *repeat) *known {
	for i, mask := int(key.hash), len(g.slots)-1; mask >= 0; i++ {
		switch s := &g.slots[i&mask]; {
		case s.k == nil:
			return nil
		case s.hash == key.hash && s.k.repeat == *key:
			return s.k
		}
	}
	return nil
}

// add puts k, which is not there, into g.
func (g *generation) add(k *known) {
	if 2*g.used >= len(g.slots) {
		before := g.slots
		g.slots = make([]slot, max(64, 2*len(before)))
		for _, s := range before {
			if s.k != nil {
				g.place(s)
			}
		}
	}
	g.place(slot{k.hash, k})
	g.used++
}

func (g *generation) place(s slot) {
	i, mask := int(s.hash), len(g.slots)-1
	for g.slots[i&mask].k != nil {
		i++
	}
	g.slots[i&mask] = s
}

const (
	// minHold and maxHold are the smallest and the largest buffer in bytes; each size is four times the one below. A longer
	// body is read as it comes.
	minHold = 4 << 10
	maxHold = minHold << (2 * (holdSizes - 1))
	// holdSizes is how many sizes there are.
	holdSizes = 4
	// met is how many bodies a worker remembers having read once, a power of two.
	met = 1 << 14
	// spareHolds is how many buffers of each size wait for their next body.
	spareHolds = 16
)

// newRepeats returns a memory of about size bytes; nil when it is too little for anything.
func newRepeats(size int64) *repeats {
	if size < 1<<16 {
		return nil
	}
	return &repeats{seed: maphash.MakeSeed(), most: int(size / 2), met: make([]uint64, met)}
}

// find is what the body came to before, nil if that is not known.
func (r *repeats) find(key *repeat) *known {
	k := r.young.find(key)
	if k == nil {
		if k = r.old.find(key); k != nil {
			r.keep(k)
		}
	}
	return k
}

// again is whether the body was read lately. It steers memory only.
func (r *repeats) again(key repeat) bool {
	slot := &r.met[key.hash%met]
	if *slot == key.hash {
		return true
	}
	*slot = key.hash
	return false
}

func (r *repeats) keep(k *known) {
	size := k.kept.Size + k.reading.Size()
	if r.bytes += size; r.bytes > r.most {
		r.old, r.young, r.bytes = r.young, generation{slots: r.old.slots}, size
		clear(r.young.slots)
	}
	r.young.add(k)
}

// read counts the memory of what the report of k came to in a call, once that is known.
func (r *repeats) read(k *known) {
	if n := k.reading.Size(); n > 0 && !k.sized {
		k.sized = true
		r.bytes += n
	}
}

// buffer is an empty one for at least n bytes.
func (r *repeats) buffer(n int) []byte {
	size, class := minHold, 0
	for size < n {
		size, class = size<<2, class+1
	}
	if b, ok := r.buffers[class].Pop(); ok {
		return b
	}
	return make([]byte, 0, size)
}

// done takes a buffer back.
func (r *repeats) done(b []byte) {
	class := 0
	for size := minHold; size < cap(b); size <<= 2 {
		class++
	}
	r.buffers[class].Push(b[:0], spareHolds)
}

// hold is the body of a response that is held back.
type hold struct {
	on    bool
	twice bool // it was read before, and is worth keeping now
	bytes []byte
	key   repeat
	stats phi.Stats // of the scanner, before it reads the body
	known *known    // what it came to before
}

// mayHold is whether the body of a response is held back: one that only the scanner reads, from its beginning, after its
// request, so that nothing is told of the exchange meanwhile.
func mayHold(x *http.Exchange, form phi.Form) bool {
	if !x.Request.Complete || x.Status == 206 {
		return false
	}
	switch form {
	case phi.Unknown, phi.JSON, phi.NDJSON, phi.XML, phi.CSV:
		return true
	}
	return false
}

// Hold keeps p until the body ends, or is too long or too slow for that.
func (b *body) Hold(p []byte) bool {
	h, a := &b.held, b.all
	if !h.on {
		return false
	}
	part := a.part
	e := part.owner
	n := len(h.bytes) + len(p)
	if n > maxHold || e.now-a.since >= e.report {
		return false
	}
	if n > cap(h.bytes) {
		larger := e.repeats.buffer(n)
		if part.held+cap(larger)-cap(h.bytes) > e.cfg.Held {
			e.repeats.done(larger)
			return false
		}
		part.held += cap(larger) - cap(h.bytes)
		larger = append(larger, h.bytes...)
		if h.bytes != nil {
			e.repeats.done(h.bytes)
		}
		h.bytes = larger
	}
	h.bytes = append(h.bytes, p...)
	return true
}

// Held is what is held.
func (b *body) Held() []byte { return b.held.bytes }

// Release gives the buffer back.
func (b *body) Release() {
	h := &b.held
	h.on = false
	if h.bytes != nil {
		b.all.part.held -= cap(h.bytes)
		b.all.part.owner.repeats.done(h.bytes)
		h.bytes = nil
	}
}

// Known is whether the body that is held came before.
func (b *body) Known(codings uint32) (decoded int64, ok bool) {
	h, r := &b.held, b.all.part.owner.repeats
	h.key = repeat{maphash.Bytes(r.seed, h.bytes), uint32(len(h.bytes)), codings, b.form}
	if k := r.find(&h.key); k != nil {
		h.known = k
		b.phi.Count(&k.kept)
		return k.decoded, true
	}
	h.twice, h.stats = r.again(h.key), b.phi.Stats()
	return 0, false
}

// Learn keeps what the body came to, if it was met before.
func (b *body) Learn(decoded int64) {
	h := &b.held
	if !h.twice {
		return
	}
	if k := (&known{repeat: h.key, decoded: decoded}); b.phi.Keep(&k.kept, h.stats) {
		b.all.part.owner.repeats.keep(k)
	}
}

var _ http.Holder = (*body)(nil)
