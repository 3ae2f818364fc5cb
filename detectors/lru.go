package detectors

// lru is a bounded map that lets the least recently used go first, but prefers one that its owner can spare.
// It is never ranged, so its order is that of use and the same on every machine.
type lru[T any] struct {
	limit   int
	m       map[uint64]*entry[T]
	root    entry[T] // root.next is the newest
	spare   func(*T) bool
	let     func(*T) // is shown what goes; nil if nobody asks
	evicted uint64   // that went because the limit was reached
}

type entry[T any] struct {
	prev, next *entry[T]
	key        uint64
	v          T
}

func newLRU[T any](limit int, spare func(*T) bool, let func(*T)) *lru[T] {
	l := &lru[T]{limit: limit, m: map[uint64]*entry[T]{}, spare: spare, let: let}
	l.root.prev, l.root.next = &l.root, &l.root
	return l
}

// find returns the value under key, without making it newer, or nil.
func (l *lru[T]) find(key uint64) *T {
	if e := l.m[key]; e != nil {
		return &e.v
	}
	return nil
}

// use returns the value under key and makes it the newest; fresh tells that it was made now.
func (l *lru[T]) use(key uint64) (v *T, fresh bool) {
	e := l.m[key]
	if e != nil && e == l.root.next {
		return &e.v, false
	}
	if e != nil {
		l.unlink(e)
		l.push(e)
		return &e.v, false
	}
	if len(l.m) >= l.limit {
		l.evict()
	}
	e = &entry[T]{key: key}
	l.m[key] = e
	l.push(e)
	return &e.v, true
}

// evict lets the oldest go that can be spared, among the 64 oldest; else the oldest.
func (l *lru[T]) evict() {
	e := l.root.prev
	for i := 0; i < 64 && e != &l.root; i++ {
		if l.spare(&e.v) {
			break
		}
		e = e.prev
		if i == 63 {
			e = &l.root
		}
	}
	if e == &l.root {
		e = l.root.prev
	}
	l.evicted++
	l.drop(e)
}

func (l *lru[T]) drop(e *entry[T]) {
	if l.let != nil {
		l.let(&e.v)
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
	for e := l.root.prev; e != &l.root && old(&e.v); e = l.root.prev {
		l.drop(e)
	}
}

// each calls f for every value from the newest to the oldest.
func (l *lru[T]) each(f func(*T)) {
	for e := l.root.next; e != &l.root; e = e.next {
		f(&e.v)
	}
}

// eachKey calls f for every key and value from the newest to the oldest.
func (l *lru[T]) eachKey(f func(key uint64, v *T)) {
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
