package tls

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/spare"
	"auscult/sensor/tcp"
)

// queue is what came while a connection waits, in the order in which it came.
type queue struct {
	pieces []piece
	data   []byte
}

// piece is bytes, a gap or an end of one direction.
type piece struct {
	seen clock.Time
	n    int // bytes, or bytes lost
	dir  packet.Dir
	kind tcp.Kind
	fin  bool
}

// pieceBytes is about what a piece costs beside its bytes.
const pieceBytes = 32

func (q *queue) size() int { return len(q.data) + pieceBytes*len(q.pieces) }

// list holds the connections that wait.
type list struct{ head, tail *Session }

func (l *list) push(s *Session) {
	s.prev, s.next = l.tail, nil
	if l.tail == nil {
		l.head = s
	} else {
		l.tail.next = s
	}
	l.tail = s
}

func (l *list) remove(s *Session) {
	if s.prev == nil {
		l.head = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.tail = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
}

// Waiting is until when s holds what it cannot read yet, if it does. It may do so after both directions have
// ended.
func (s *Session) Waiting() (until clock.Time, yes bool) {
	if s.live == nil || !s.waits {
		return 0, false
	}
	return s.until, true
}

// hold keeps a piece until it can be read. It is dropped, and the connection with it, at the limits.
func (s *Session) hold(p piece, b []byte) {
	pool := s.pool
	p.seen = pool.seen
	if !s.waits {
		s.waits, s.until, s.version = true, pool.now+clock.Time(pool.cfg.WaitTime), pool.keys.Version()
		pool.waiting.push(s)
		pool.Stats.Waited++
	}
	if s.queue == nil {
		s.queue = spare.Take(&pool.queues)
	}
	cost := len(b) + pieceBytes
	s.queue.pieces = append(s.queue.pieces, p)
	s.queue.data = append(s.queue.data, b...)
	pool.held += cost
	if s.queue.size() > pool.cfg.WaitBytes {
		pool.Stats.OverWaitBytes++
		s.fail(s.reason())
		return
	}
	for pool.held > pool.cfg.WaitTotal && pool.waiting.head != nil {
		pool.Stats.OverWaitTotal++
		pool.waiting.head.fail(pool.waiting.head.reason())
	}
}

// late gives s up if it has waited for too long.
func (s *Session) late(t clock.Time) {
	if s.live != nil && s.waits && t >= s.until {
		s.pool.Stats.OverWaitTime++
		s.fail(s.reason())
	}
}

// Retry reads what can be read now, after secrets were added or when the wait is over.
func (s *Session) Retry(dst []Chunk, t clock.Time) []Chunk {
	s.pool.begin(dst, t)
	s.ready(t)
	return s.done()
}

// retry goes on if what was missing has come.
func (s *Session) retry() {
	if s.live == nil || !s.waits {
		return
	}
	version := s.pool.keys.Version()
	if version == s.version {
		return
	}
	s.version = version
	if s.stalled && s.found(s.stall) || !s.stalled && s.promising() {
		s.wake = true
		s.drain()
	}
}

// drain reads the queue again, in its order, as long as that brings news. A handshake message that lets another
// direction go on begins it anew, so that an answer never comes before what it answers.
func (s *Session) drain() {
	if s.draining || s.live == nil {
		return
	}
	pool, l := s.pool, s.live
	seen := pool.seen
	l.draining = true
	for l.wake && l.queue != nil {
		l.wake, l.stalled = false, false
		l.half[0].blocked, l.half[1].blocked = false, false
		old := l.queue
		l.queue = nil
		pool.held -= old.size()
		b := old.data
		for _, p := range old.pieces {
			var mine []byte
			if p.kind == tcp.Data {
				mine, b = b[:p.n], b[p.n:]
			}
			pool.seen = p.seen
			switch {
			case s.live != l: // given up
				if p.kind == tcp.Data || p.kind == tcp.Gap {
					s.pass(p.dir, p.n)
				} else {
					s.end(p.dir, p.fin)
				}
			case l.wake:
				s.hold(p, mine)
			default:
				s.piece(p, mine)
			}
		}
		pool.putQueue(old)
		if s.live != l {
			break
		}
	}
	pool.seen = seen
	if s.live != l {
		return
	}
	l.draining, l.wake = false, false
	if l.queue == nil && l.waits {
		l.waits = false
		pool.waiting.remove(s)
	}
}

func (s *Session) piece(p piece, b []byte) {
	switch p.kind {
	case tcp.Data:
		s.feed(p.dir, b)
	case tcp.Gap:
		s.gap(p.dir, p.n)
	case tcp.End:
		s.end(p.dir, p.fin)
	}
}

func (pool *Pool) putQueue(q *queue) {
	if cap(q.data) <= arenaBytes {
		q.pieces, q.data = q.pieces[:0], q.data[:0]
		pool.queues.Push(q, keep)
	}
}
