package tls

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
)

// Pool holds what the connections of one flow partition share: secrets, buffers, limits and counters. An idle
// connection holds no buffer. A Pool, its Sessions and what they yield belong to one goroutine.
type Pool struct {
	Stats Stats
	// Follow says that secrets may still come although there has never been one: a key log is being followed.
	// Without it connections wait only once a secret has been seen.
	Follow bool

	cfg  Config // read only
	keys Secrets

	out       []Chunk    // the dst of the call under way
	now, seen clock.Time // of the call, and of the packet at hand
	arena     []byte     // plaintext of the call under way; most partitions never see any

	hello      clientHello // scratch
	list       []uint16
	certs      map[[32]byte]*Certificate
	waiting    list // in the order in which they began to wait
	held       int  // bytes of all queues
	buffered   int  // bytes of all buffers out
	sessions   spare.List[*Session]
	lives      spare.List[*live]
	queues     spare.List[*queue]
	small, big spare.List[[]byte]
}

const (
	arenaBytes = 64 << 10
	smallBytes = 2 << 10
	bigBytes   = headerLen + maxBody
	keep       = 64 // idle things of each kind kept for reuse
)

// NewPool returns an empty Pool under cfg, which must be valid. Without keys, nil, nothing is decrypted.
func NewPool(cfg Config, keys Secrets) *Pool {
	return &Pool{cfg: cfg, keys: keys, certs: map[[32]byte]*Certificate{}}
}

// New returns a Session for one connection. The client sends in direction client if known; otherwise that is
// found by content. midstream says that the connection was joined after its start.
func (pool *Pool) New(client packet.Dir, known, midstream bool) *Session {
	s, l := spare.Take(&pool.sessions), spare.Take(&pool.lives)
	l.half[0].budget, l.half[1].budget = pool.cfg.TrialBytes, pool.cfg.TrialBytes
	*s = Session{pool: pool, live: l, client: client, known: known, midstream: midstream}
	pool.Stats.Sessions++
	return s
}

// Free takes s back, with what it still waits for.
func (pool *Pool) Free(s *Session) {
	s.Close()
	s.account()
	s.drop()
	*s = Session{pool: pool}
	pool.sessions.Push(s, keep)
}

// hope is whether secrets that are missing now may come.
func (pool *Pool) hope() bool {
	return pool.keys != nil && (pool.Follow || pool.keys.Version() > 0) && pool.cfg.WaitBytes > 0
}

// begin starts a call.
func (pool *Pool) begin(dst []Chunk, t clock.Time) {
	pool.out, pool.now, pool.seen = dst, t, t
	pool.arena = pool.arena[:0]
}

// done ends it.
func (pool *Pool) done() []Chunk {
	dst := pool.out
	pool.out = nil
	return dst
}

// room is an empty slice with space for n bytes that lives until the next call.
func (pool *Pool) room(n int) []byte {
	if cap(pool.arena)-len(pool.arena) < n {
		pool.arena = make([]byte, 0, max(n, arenaBytes)) // what was yielded keeps the old one
	}
	return pool.arena[len(pool.arena):len(pool.arena):cap(pool.arena)]
}

// take makes b, the front of the room, part of what is yielded.
func (pool *Pool) take(n int) { pool.arena = pool.arena[:len(pool.arena)+n] }

// extend appends more to buf, a buffer of the Pool or nil. It is false at the limit on buffers.
func (pool *Pool) extend(buf, more []byte) ([]byte, bool) {
	n := len(buf) + len(more)
	if n <= cap(buf) {
		return append(buf, more...), true
	}
	var next []byte
	switch {
	case n <= smallBytes:
		if next, _ = pool.small.Pop(); next == nil {
			next = make([]byte, 0, smallBytes)
		}
	case n <= bigBytes:
		if next, _ = pool.big.Pop(); next == nil {
			next = make([]byte, 0, bigBytes)
		}
	default:
		next = make([]byte, 0, 2*n)
	}
	pool.buffered += cap(next)
	next = append(append(next, buf...), more...)
	pool.release(buf)
	return next, pool.buffered <= pool.cfg.BufferBytes
}

// release takes a buffer back.
func (pool *Pool) release(buf []byte) {
	pool.buffered -= cap(buf)
	switch cap(buf) {
	case smallBytes:
		pool.small.Push(buf[:0], keep)
	case bigBytes:
		pool.big.Push(buf[:0], keep)
	}
}
