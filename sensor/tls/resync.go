package tls

import "auscult/sensor/packet"

// look searches for the next record of a direction after a gap: what looks like one, is followed by what looks
// like another as far as that was seen, and, where there are keys, is authentic.
func (s *Session) look(d packet.Dir, b []byte) (rest []byte) {
	h := &s.half[d]
	n := min(len(b), 2*bigBytes-len(h.buf))
	var ok bool
	if h.buf, ok = s.pool.extend(h.buf, b[:n]); !ok {
		s.damaged(d)
		return b[n:]
	}
	b = b[n:]
	buf := h.buf
	for i := h.at; ; i++ {
		if len(buf)-i < headerLen {
			s.keepFrom(d, i)
			return b
		}
		if yes, _ := Looks(buf[i:]); !yes {
			continue
		}
		end := i + headerLen + size(buf[i:])
		if end > len(buf) {
			s.keepFrom(d, i)
			return b
		}
		if end < len(buf) && !plausible(buf[end:]) {
			continue
		}
		if h.keys != nil && (h.keys.chained || !h.keys.implicit) {
			if !s.locate(d, buf[i:end]) {
				if h.budget <= 0 {
					h.gone += len(buf)
					s.lose(d, len(buf))
					s.pool.Stats.OverTrials++
					s.miss(d, h.gone)
					h.gone = 0
					s.shut(d, Damaged)
					return b
				}
				continue
			}
		}
		s.pool.Stats.Resyncs++
		h.gone += i
		s.lose(d, i)
		h.buf, h.at, h.search = nil, 0, false
		s.feed(d, buf[i:])
		s.pool.release(buf)
		return b
	}
}

// keepFrom goes on searching at i when more has come.
func (s *Session) keepFrom(d packet.Dir, i int) {
	h := &s.half[d]
	h.at = i
	if i > bigBytes { // make room: what is before i was looked at
		h.gone += i
		s.lose(d, i)
		h.buf = h.buf[:copy(h.buf, h.buf[i:])]
		h.at = 0
	}
}

// locate finds the number of a record, and the keys that open it, by trial: those at hand, or those that follow
// if the message that announces them was lost.
func (s *Session) locate(d packet.Dir, record []byte) bool {
	h := &s.half[d]
	k := h.keys
	if !k.steady() || k.implicit && !k.chained { // RC4 stands still for nobody; a first block without the one before
		return false
	}
	if at, ok := s.try(h, k, k.seq, record); ok {
		k.seq = at
		return true
	}
	var next *keys
	var phase phase
	switch {
	case h.phase == shaking || h.phase == early:
		if secret := s.lookup(d, app); secret != nil {
			next, phase = newTraffic(s.params[0].suite, secret), app
		}
	case h.phase == app:
		next, phase = k.next(), app
	}
	if next == nil {
		return false
	}
	at, ok := s.try(h, next, 0, record)
	if !ok {
		return false
	}
	next.seq = at
	h.keys, h.phase = next, phase
	s.rouse(d)
	return true
}

// try opens the record as number from and those that follow.
func (s *Session) try(h *half, k *keys, from uint64, record []byte) (at uint64, ok bool) {
	for i := range uint64(s.pool.cfg.Ahead) {
		if h.budget <= 0 {
			return 0, false
		}
		h.budget -= len(record)
		if _, _, ok := k.open(s.pool.room(len(record)), record, from+i); ok {
			return from + i, true
		}
	}
	return 0, false
}
