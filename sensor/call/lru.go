package call

import "auscult/sensor/clock"

// lru is a bounded table that forgets what was used longest ago. What it forgets depends on nothing but the
// order of calls on it.
type lru[V any] struct {
	index map[uint64]int32
	nodes []node[V]
	free  int32 // first of the free nodes, linked by next; 0 is none
	limit int
}

// node 0 is the ring's anchor: its next is the newest, its prev the oldest.
type node[V any] struct {
	key        uint64
	prev, next int32
	used       clock.Time
	value      V
}

func newLRU[V any](limit int) *lru[V] {
	return &lru[V]{index: make(map[uint64]int32), nodes: make([]node[V], 1), limit: limit}
}

// find is the value of key, marked as used at now; nil when there is none, or it was last used ttl or more ago.
func (l *lru[V]) find(key uint64, now, ttl clock.Time) *V {
	i, ok := l.index[key]
	if !ok {
		return nil
	}
	n := &l.nodes[i]
	if now-n.used >= ttl {
		l.drop(i)
		return nil
	}
	n.used = now
	l.unlink(i)
	l.push(i)
	return &n.value
}

// put is the value of key, zero when it is new; evicted reports whether another was forgotten for it.
func (l *lru[V]) put(key uint64, now, ttl clock.Time) (value *V, evicted bool) {
	if v := l.find(key, now, ttl); v != nil {
		return v, false
	}
	if len(l.index) >= l.limit {
		l.drop(l.nodes[0].prev)
		evicted = true
	}
	i := l.free
	if i != 0 {
		l.free = l.nodes[i].next
	} else {
		i = int32(len(l.nodes))
		l.nodes = append(l.nodes, node[V]{})
	}
	l.nodes[i] = node[V]{key: key, used: now}
	l.index[key] = i
	l.push(i)
	return &l.nodes[i].value, evicted
}

// forget frees what was last used ttl or more before now.
func (l *lru[V]) forget(now, ttl clock.Time) {
	for i := l.nodes[0].prev; i != 0 && now-l.nodes[i].used >= ttl; i = l.nodes[0].prev {
		l.drop(i)
	}
}

func (l *lru[V]) push(i int32) {
	first := l.nodes[0].next
	l.nodes[i].prev, l.nodes[i].next = 0, first
	l.nodes[first].prev = i
	l.nodes[0].next = i
}

func (l *lru[V]) unlink(i int32) {
	n := &l.nodes[i]
	l.nodes[n.prev].next = n.next
	l.nodes[n.next].prev = n.prev
}

func (l *lru[V]) drop(i int32) {
	l.unlink(i)
	delete(l.index, l.nodes[i].key)
	l.nodes[i] = node[V]{next: l.free}
	l.free = i
}
