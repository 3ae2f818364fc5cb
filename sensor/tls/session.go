package tls

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// Session reads one connection. It belongs to its Pool's goroutine.
type Session struct {
	pool *Pool
	info Info
	*live
	owed       [2]int  // bytes lost that were not told yet
	delivered  [2]bool // application data was yielded
	finished   [2]bool // its End was yielded
	ending     [2]ending
	ended      [2]bool // nothing more will come
	client     packet.Dir
	known      bool // client is right
	midstream  bool
	shaken     bool  // a record of the client was decrypted
	missed     int64 // bytes of the client, its handshake aside if that can be told, that were lost or not decrypted
	prev, next *Session
}

// live is what a Session needs as long as it may still read something.
type live struct {
	half     [2]half
	params   [2]params // of the even and of the odd handshakes
	tls      tls13
	queue    *queue
	waits    bool       // in the list of those that wait
	stalled  bool       // for secrets, so that nothing is read
	stall    packet.Dir // whose they are
	wake     bool       // something happened that may let a blocked direction go on
	draining bool
	tried    bool // to find the suite by trial
	until    clock.Time
	version  uint64 // of the secrets that were looked through
}

// phase is how far a direction has come.
type phase uint8

const (
	bare    phase = iota // the handshake is in the clear
	sealed               // TLS 1.2: after ChangeCipherSpec
	early                // TLS 1.3, client: 0-RTT
	shaking              // TLS 1.3: under handshake secrets
	app                  // TLS 1.3: under application secrets
	opaque
)

// ending is an End that could not be yielded when it came, as another connection's call dropped it.
type ending uint8

const (
	byFIN ending = iota + 1
	byForce
)

// half is one direction.
type half struct {
	phase   phase
	gen     uint32 // TLS 1.2: ChangeCipherSpecs so far
	keys    *keys  // nil until they are needed
	buf     []byte // of an unfinished record, or what is searched
	msg     []byte // of an unfinished handshake message
	passMsg int    // bytes to pass over of a message that is too long
	skip    int    // bytes to pass over of a record that is torn
	torn    int    // its length
	at      int    // searching: where in buf
	gone    int    // searching: bytes lost and passed over
	budget  int    // TrialBytes left, since a record was authentic
	blocked bool   // until the other side's handshake is known
	search  bool   // for the next record
	lost    bool   // records may have been lost: their number is found by trial
	holed   bool   // the handshake has a hole
	seek    bool   // what does not open is 0-RTT data, or the handshake whose secrets are missing
	refused bool   // and the server did not take it
}

// Bytes reads b, the next bytes of direction d, seen at t. b is not kept. The Bytes of what it appends to dst are
// valid until the next call on the Pool.
func (s *Session) Bytes(dst []Chunk, d packet.Dir, t clock.Time, b []byte) []Chunk {
	s.info.Bytes[d] += int64(len(b))
	s.pool.begin(dst, t)
	s.ready(t)
	s.feed(d, b)
	return s.done()
}

// Gap says that n bytes of direction d, learned of at t, were never seen.
func (s *Session) Gap(dst []Chunk, d packet.Dir, t clock.Time, n int) []Chunk {
	s.pool.begin(dst, t)
	s.ready(t)
	s.gap(d, n)
	return s.done()
}

// End says that direction d ended at t.
func (s *Session) End(dst []Chunk, d packet.Dir, t clock.Time, fin bool) []Chunk {
	s.pool.begin(dst, t)
	s.ready(t)
	s.ended[d] = true
	s.end(d, fin)
	return s.done()
}

// Info is what is known. It is valid until s is freed.
func (s *Session) Info() *Info { return &s.info }

// ready does what is due before anything else.
func (s *Session) ready(t clock.Time) {
	s.late(t)
	s.retry()
	s.endings()
}

// endings yields the Ends that could not be yielded when they came.
func (s *Session) endings() {
	for d, e := range s.ending {
		if e != 0 {
			s.ending[d] = 0
			s.end(packet.Dir(d), e == byFIN)
		}
	}
}

// done ends a call.
func (s *Session) done() []Chunk {
	if s.live != nil && s.wake {
		s.drain()
	}
	if s.ended[0] && s.ended[1] {
		s.settle()
	}
	s.endings()
	return s.pool.done()
}

func (s *Session) emit(c Chunk) {
	c.Time, c.Seen = s.pool.now, s.pool.seen
	s.pool.out = append(s.pool.out, c)
}

// pass counts n bytes that are not read.
func (s *Session) pass(d packet.Dir, n int) {
	s.pool.Stats.OpaqueBytes += uint64(n)
	s.lose(d, n)
	s.miss(d, n)
}

// miss tells of about n bytes of plaintext that were lost, if there was any before.
func (s *Session) miss(d packet.Dir, n int) {
	if n += s.owed[d]; n > 0 && s.delivered[d] && !s.finished[d] {
		s.emit(Chunk{Dir: d, Kind: tcp.Gap, Lost: n})
	}
	s.owed[d] = 0
}

// feed reads the next bytes of a direction.
func (s *Session) feed(d packet.Dir, b []byte) {
	for len(b) > 0 {
		if s.live == nil || s.half[d].phase == opaque {
			s.pass(d, len(b))
			return
		}
		h := &s.half[d]
		switch {
		case s.stalled || h.blocked:
			s.hold(piece{dir: d, n: len(b)}, b)
			return
		case h.skip > 0:
			n := min(h.skip, len(b))
			b = b[n:]
			if h.skip -= n; h.skip == 0 {
				s.lostRecord(d)
			}
			continue
		case h.search:
			b = s.look(d, b)
			continue
		}
		record, rest, ok := s.frame(h, b)
		if !ok {
			s.damaged(d)
			continue
		}
		b = rest
		if record == nil {
			return
		}
		own := h.buf // where the record lies, unless it lies in b
		h.buf = nil
		if !s.record(d, record) {
			s.hold(piece{dir: d, n: len(record)}, record)
		}
		s.pool.release(own)
		if s.live == nil || !s.wake {
			continue
		}
		if s.draining {
			if len(b) > 0 {
				s.hold(piece{dir: d, n: len(b)}, b)
			}
			return
		}
		s.drain()
	}
}

// frame is the next record if it is complete, in b or in the buffer, and what follows it. It is false if what
// stands there is no record, or no buffer may be had.
func (s *Session) frame(h *half, b []byte) (record, rest []byte, ok bool) {
	if len(h.buf) == 0 {
		if !plausibleRecord(b) {
			return nil, b, false
		}
		if n := headerLen; len(b) >= n {
			if n += size(b); len(b) >= n {
				return b[:n:n], b[n:], true
			}
		}
		h.buf, ok = s.pool.extend(h.buf, b)
		return nil, nil, ok
	}
	if len(h.buf) < headerLen {
		n := min(headerLen-len(h.buf), len(b))
		h.buf, ok = s.pool.extend(h.buf, b[:n])
		if b = b[n:]; !ok || !plausibleRecord(h.buf) {
			return nil, b, false
		}
		if len(h.buf) < headerLen {
			return nil, nil, true
		}
	}
	n := min(headerLen+size(h.buf)-len(h.buf), len(b))
	h.buf, ok = s.pool.extend(h.buf, b[:n])
	if len(h.buf) < headerLen+size(h.buf) || !ok {
		return nil, nil, ok
	}
	return h.buf, b[n:], true
}

// plausibleRecord allows what Looks does not take for a beginning: heartbeats and empty records.
func plausibleRecord(b []byte) bool {
	switch n := len(b); {
	case b[0] < typeCCS || b[0] > typeData+1, n > 1 && b[1] != 3, n > 2 && b[2] > 4, n > 4 && size(b) > maxBody:
		return false
	}
	return true
}

// end ends a direction.
func (s *Session) end(d packet.Dir, fin bool) {
	if s.live != nil && (s.stalled || s.half[d].blocked) {
		s.hold(piece{dir: d, kind: tcp.End, fin: fin}, nil)
		return
	}
	if s.finished[d] {
		return
	}
	if s.live != nil {
		if h := &s.half[d]; h.gone > 0 {
			s.miss(d, h.gone)
			h.gone = 0
		}
	}
	s.miss(d, 0)
	s.finished[d] = true
	s.emit(Chunk{Dir: d, Kind: tcp.End, Fin: fin})
}

// fail gives the connection up for good: only a handshake in the clear is still read.
func (s *Session) fail(why Why) {
	if s.live == nil {
		return
	}
	s.because(why)
	for d := range s.half {
		h := &s.half[d]
		if h.phase != bare || s.stalled || h.blocked {
			s.close(h)
		}
	}
	s.unqueue()
	s.retire()
}

// because sets and counts the first reason.
func (s *Session) because(why Why) {
	if s.info.Why != Readable {
		return
	}
	s.info.Why = why
	st := &s.pool.Stats
	switch why {
	case NoKeys:
		st.NoKeys++
	case WrongKeys:
		st.WrongKeys++
	case Unsupported:
		st.Unsupported++
	case Midway:
		st.Midway++
	case Damaged:
		st.Damaged++
	}
}

// close gives one direction up.
func (s *Session) close(h *half) {
	s.pool.release(h.buf)
	s.pool.release(h.msg)
	gone := h.gone
	*h = half{phase: opaque, gone: gone}
}

// shut gives direction d up, and the connection if the other is too.
func (s *Session) shut(d packet.Dir, why Why) {
	s.because(why)
	if s.live == nil {
		return
	}
	s.close(&s.half[d])
	s.wake = true // the other may wait for it
	s.retire()
}

// unqueue drops what waits.
func (s *Session) unqueue() {
	if s.waits {
		s.waits = false
		s.pool.waiting.remove(s)
	}
	s.stalled = false
	q := s.queue
	if q == nil {
		return
	}
	s.queue = nil
	s.pool.held -= q.size()
	for _, p := range q.pieces {
		switch {
		case p.kind != tcp.End:
			s.owed[p.dir] += p.n
			s.pool.Stats.OpaqueBytes += uint64(p.n)
			s.lose(p.dir, p.n)
		case p.fin:
			s.ending[p.dir] = byFIN
		default:
			s.ending[p.dir] = byForce
		}
	}
	s.pool.putQueue(q)
}

// retire drops all machinery once nothing is left to be read.
func (s *Session) retire() {
	if s.half[0].phase != opaque || s.half[1].phase != opaque {
		return
	}
	s.drop()
}

// drop takes back what s holds.
func (s *Session) drop() {
	if s.live == nil {
		return
	}
	s.unqueue()
	for d := range s.half {
		s.owed[d] += s.half[d].gone
		s.close(&s.half[d])
	}
	l := s.live
	s.live = nil
	*l = live{}
	s.pool.lives.Push(l, keep)
}
