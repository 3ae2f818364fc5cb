package detectors

import (
	"cmp"
	"errors"
	"slices"
)

// lru is a bounded map that lets the least recently used go first, but prefers one that its owner can spare.
// It is never ranged, so its order is that of use and the same on every machine. The list is put in order only when
// someone asks for the oldest, for to move an entry at each use took a twentieth of the time of all detectors: what
// was not used since is in order at the end of the list, and what was stands anywhere.
type lru[T any] struct {
	limit   int
	m       map[uint64]*entry[T] `snapshot:"-"`
	root    entry[T]             // root.next is the newest, once settled
	last    *entry[T]            // used last
	hot     [hotPlaces]*entry[T] `snapshot:"-"` // by the low bits of their keys: most tables are asked for a few endpoints and servers
	tick    uint64               // of the last use
	settled uint64               // when the list was put in order
	old     int                  // entries not used since
	spare   func(*T) bool        `snapshot:"rebuilt"`
	let     func(*T)             `snapshot:"rebuilt"` // is shown what goes; nil if nobody asks
	evicted uint64               `snapshot:"-"`       // that went because the limit was reached
}

type entry[T any] struct {
	prev, next *entry[T]
	key, used  uint64
	v          T
}

const hotPlaces = 32

func newLRU[T any](limit int, spare func(*T) bool, let func(*T)) *lru[T] {
	l := &lru[T]{limit: limit, m: map[uint64]*entry[T]{}, spare: spare, let: let}
	l.root.prev, l.root.next = &l.root, &l.root
	return l
}

// Rebuild makes the index of entries that were restored.
func (l *lru[T]) Rebuild() error {
	l.m = map[uint64]*entry[T]{}
	for e := l.root.next; e != &l.root; e = e.next {
		if e == nil || e.prev == nil || e.prev.next != e || e.next == nil || l.m[e.key] != nil {
			return errors.New("a list of what was used last is broken")
		}
		l.m[e.key] = e
	}
	return nil
}

// find returns the value under key, without making it newer, or nil.
func (l *lru[T]) find(key uint64) *T {
	if e := l.last; e != nil && e.key == key {
		return &e.v
	}
	if e := l.at(key); e != nil {
		return &e.v
	}
	return nil
}

// at is the entry of key, or nil.
func (l *lru[T]) at(key uint64) *entry[T] {
	hot := &l.hot[key%hotPlaces]
	if e := *hot; e != nil && e.key == key {
		return e
	}
	e := l.m[key]
	if e != nil {
		*hot = e
	}
	return e
}

// use returns the value under key and makes it the newest; fresh tells that it was made now.
func (l *lru[T]) use(key uint64) (v *T, fresh bool) {
	if e := l.last; e != nil && e.key == key { // calls come in runs: a look into the map is spared
		return &e.v, false
	}
	e := l.at(key)
	if fresh = e == nil; fresh {
		if len(l.m) >= l.limit {
			l.evict()
		}
		e = &entry[T]{key: key}
		l.m[key] = e
		l.push(e)
	} else if e.used <= l.settled {
		l.old--
	}
	l.tick++
	e.used, l.last = l.tick, e
	return &e.v, fresh
}

// useBy is use for who keeps in at where it was found the last time.
func (l *lru[T]) useBy(at **entry[T], key uint64) (v *T, fresh bool) {
	if e := *at; e != nil && e.key == key && e.next != nil { // it has not gone
		if e.used <= l.settled {
			l.old--
		}
		l.tick++
		e.used, l.last = l.tick, e
		return &e.v, false
	}
	v, fresh = l.use(key)
	*at = l.last
	return v, fresh
}

// settle puts the list in order.
func (l *lru[T]) settle() {
	list := make([]*entry[T], 0, len(l.m))
	for e := l.root.prev; e != &l.root; e = e.prev {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *entry[T]) int { return cmp.Compare(a.used, b.used) })
	l.root.prev, l.root.next = &l.root, &l.root
	for _, e := range list {
		l.push(e)
	}
	l.settled, l.old = l.tick, len(list)
}

// before is the entry used next after e, or the oldest if e is the root; there must be one that was not used since
// the list was put in order.
func (l *lru[T]) before(e *entry[T]) *entry[T] {
	for e = e.prev; e.used > l.settled; {
		used := e
		e = e.prev
		l.unlink(used)
		l.push(used)
	}
	return e
}

// considered is how many of the oldest are looked at for one that can be spared.
const considered = 64

// evict lets the oldest go that can be spared, among those considered; else the oldest.
func (l *lru[T]) evict() {
	if l.old < considered && l.old < len(l.m) {
		l.settle()
	}
	oldest := l.before(&l.root)
	gone := oldest
	for i := 1; !l.spare(&gone.v); i++ {
		if i == min(considered, l.old) {
			gone = oldest
			break
		}
		gone = l.before(gone)
	}
	l.evicted++
	l.drop(gone)
}

func (l *lru[T]) drop(e *entry[T]) {
	if l.let != nil {
		l.let(&e.v)
	}
	if e.used <= l.settled {
		l.old--
	}
	if l.last == e {
		l.last = nil
	}
	if hot := &l.hot[e.key%hotPlaces]; *hot == e {
		*hot = nil
	}
	l.unlink(e)
	delete(l.m, e.key)
}

// remove lets the value under key go.
func (l *lru[T]) remove(key uint64) {
	if e := l.m[key]; e != nil {
		l.drop(e)
	}
}

// dropOldest lets entries go from the oldest on while old says so.
func (l *lru[T]) dropOldest(old func(*T) bool) {
	for len(l.m) > 0 {
		if l.old == 0 {
			l.settle()
		}
		e := l.before(&l.root)
		if !old(&e.v) {
			return
		}
		l.drop(e)
	}
}

// each calls f for every value from the newest to the oldest.
func (l *lru[T]) each(f func(*T)) {
	l.settle()
	for e := l.root.next; e != &l.root; e = e.next {
		f(&e.v)
	}
}

// eachKey calls f for every key and value from the newest to the oldest.
func (l *lru[T]) eachKey(f func(key uint64, v *T)) {
	l.settle()
	for e := l.root.next; e != &l.root; e = e.next {
		f(e.key, &e.v)
	}
}

func (l *lru[T]) len() int { return len(l.m) }

func (l *lru[T]) push(e *entry[T]) {
	e.prev, e.next = &l.root, l.root.next
	e.prev.next, e.next.prev = e, e
}

func (l *lru[T]) unlink(e *entry[T]) {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}
