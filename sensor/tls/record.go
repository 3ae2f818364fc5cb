package tls

import (
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// record takes one whole record. It is false if it must wait.
func (s *Session) record(d packet.Dir, record []byte) (done bool) {
	s.pool.Stats.Records++
	h := &s.half[d]
	typ := record[0]
	if h.phase == bare {
		switch typ {
		case typeHandshake:
			s.messages(d, record[headerLen:])
			return true
		case typeCCS, typeData:
			if o := s.leave(d, record); o != proceed {
				return s.gaveUp(d, record, o)
			}
		default:
			return true // an alert in the clear
		}
	}
	if h.keys == nil {
		if o := s.unlock(d); o != proceed {
			return s.gaveUp(d, record, o)
		}
	}
	k := h.keys
	if k.version == 0x0304 && typ != typeData {
		return true // ChangeCipherSpec for middleboxes (RFC 8446 appendix D.4), an alert in the clear
	}
	if h.lost && !s.locate(d, record) {
		s.unopened(d, record)
		return true
	}
	k = h.keys
	plain, typ, ok := k.open(s.pool.room(len(record)), record, k.seq)
	if !ok {
		s.unopened(d, record)
		return true
	}
	k.after(record)
	k.proven, h.seek, h.lost, h.budget = true, false, false, s.pool.cfg.TrialBytes
	if d == s.client {
		s.shaken = true
		if typ == typeData {
			s.pool.Stats.ReadClientBytes += uint64(len(record))
		}
	}
	s.content(d, typ, plain)
	return true
}

// content takes the content of an authentic record.
func (s *Session) content(d packet.Dir, typ byte, plain []byte) {
	h := &s.half[d]
	st := &s.pool.Stats
	st.Opened++
	if !s.info.Decrypted {
		s.info.Decrypted = true
		st.Decrypted++
	}
	switch typ {
	case typeHandshake:
		s.messages(d, plain)
	case typeData:
		if len(plain) == 0 || h.phase == shaking || s.finished[d] {
			return
		}
		if h.gone > 0 || s.owed[d] > 0 {
			s.miss(d, h.gone)
			h.gone = 0
		}
		s.delivered[d] = true
		st.PlainBytes += uint64(len(plain))
		s.pool.take(cap(s.pool.arena[len(s.pool.arena):]) - cap(plain) + len(plain))
		s.emit(Chunk{Dir: d, Kind: tcp.Data, Bytes: plain[:len(plain):len(plain)]})
	case typeAlert:
		if len(plain) == 2 && plain[1] == 0 { // close_notify
			s.end(d, true)
		}
	case typeCCS:
		s.renegotiated(d)
	}
}

// unopened takes a record that is not authentic.
func (s *Session) unopened(d packet.Dir, record []byte) {
	h := &s.half[d]
	k := h.keys
	body := len(record) - headerLen
	if h.seek {
		if h.refused {
			s.pool.Stats.EarlyRefused++
		}
		if h.budget -= len(record); h.budget <= 0 {
			s.fail(WrongKeys)
		}
		return
	}
	s.pool.Stats.BadRecords++
	s.lose(d, len(record))
	switch {
	case !k.proven && !h.lost && !s.delivered[d]:
		s.fail(WrongKeys)
		return
	case !k.steady():
		s.miss(d, body)
		s.shut(d, Damaged)
		return
	}
	k.after(record)
	s.missRecord(d, body)
	if !h.lost {
		h.lost = true
	} else if h.budget <= 0 {
		s.pool.Stats.OverTrials++
		s.shut(d, Damaged)
	}
}

// missRecord tells of a record of application data, most likely, that cannot be read.
func (s *Session) missRecord(d packet.Dir, body int) {
	h := &s.half[d]
	s.forget(h)
	if h.phase != shaking {
		s.miss(d, h.keys.estimate(body))
	}
}

// forget drops an unfinished handshake message.
func (s *Session) forget(h *half) {
	s.pool.release(h.msg)
	h.msg, h.passMsg = nil, 0
}

// lostRecord goes on after the record that was torn by a gap.
func (s *Session) lostRecord(d packet.Dir) {
	h := &s.half[d]
	s.pool.Stats.LostRecords++
	body := h.torn
	h.torn = 0
	s.tls.unsure = s.tls.unsure || d != s.client && h.phase == shaking
	if h.phase == bare || h.keys == nil {
		h.holed, h.lost = true, true
		s.forget(h)
		return
	}
	s.lose(d, headerLen+body)
	h.keys.missed(body)
	s.missRecord(d, body)
	if h.keys.steady() {
		h.lost = true // it may have been a Finished or KeyUpdate
	}
}

// gap takes n lost bytes.
func (s *Session) gap(d packet.Dir, n int) {
	if s.live == nil || s.half[d].phase == opaque {
		s.pass(d, n)
		return
	}
	h := &s.half[d]
	if s.stalled || h.blocked {
		s.hold(piece{dir: d, kind: tcp.Gap, n: n}, nil)
		return
	}
	if h.phase == bare && !h.holed && h.skip == 0 && len(h.buf) > headerLen && h.buf[0] == typeHandshake {
		if n = s.torn(d, n); n == 0 {
			return
		}
	}
	if h.phase == bare {
		if !s.pool.hope() {
			s.shut(d, s.reason())
			return
		}
		h.holed = true
		s.forget(h)
	} else if h.keys == nil {
		switch s.unlock(d) {
		case wait:
			own := h.buf
			h.buf = nil
			if len(own) > 0 {
				s.hold(piece{dir: d, n: len(own)}, own)
			}
			s.pool.release(own)
			s.gap(d, n) // now it waits too
			return
		case over:
			s.gap(d, n)
			return
		}
	}
	left := n
	if h.skip == 0 && len(h.buf) >= headerLen && !h.search {
		h.torn = size(h.buf)
		h.skip = headerLen + h.torn - len(h.buf)
		s.pool.release(h.buf)
		h.buf = nil
	}
	if h.skip > 0 {
		m := min(h.skip, left)
		left -= m
		if h.skip -= m; h.skip == 0 {
			s.lostRecord(d)
		}
	}
	if left == 0 || s.live == nil || h.phase == opaque {
		return
	}
	if h.keys != nil && !h.keys.steady() {
		s.miss(d, left)
		s.shut(d, Damaged)
		return
	}
	h.gone += left + len(h.buf)
	s.lose(d, left+len(h.buf))
	s.pool.release(h.buf)
	h.buf, h.at = nil, 0
	s.forget(h)
	s.tls.unsure = s.tls.unsure || d != s.client && h.phase == shaking
	h.search, h.lost = true, true
	if h.keys != nil {
		h.keys.chained = !h.keys.implicit
	}
}

// damaged gives a direction up in which something else stands where a record should begin.
func (s *Session) damaged(d packet.Dir) {
	switch {
	case s.pool.buffered > s.pool.cfg.BufferBytes:
		s.pool.Stats.OverBuffer++
		s.shut(d, Bounded)
	case s.midstream && !s.params[0].client && !s.params[0].server:
		s.fail(Midway)
		s.shut(d, Midway)
	default:
		s.shut(d, s.reason())
	}
}
