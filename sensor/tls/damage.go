package tls

import "auscult/sensor/packet"

// A loss in the handshake need not be the end. Of TLS 1.3 the key log has the secrets by the client's random, so
// that the ServerHello is only needed for the suite: that is found by trial, as a record number is after any other
// loss. Of a torn hello the beginning is enough. The client's random itself cannot be made up for, nor the
// server's in TLS 1.2.

// firstSuite is the first of the five suites of TLS 1.3 (RFC 8446 appendix B.4).
const firstSuite = 0x1301

// offers is the set of the suites of TLS 1.3 among those of a ClientHello.
func offers(suites []byte) (set uint8) {
	for ; len(suites) >= 2; suites = suites[2:] {
		if suites[0] == firstSuite>>8 && suites[1]-1 < 5 {
			set |= 1 << (suites[1] - 1)
		}
	}
	return set
}

// torn takes what was seen of a record of the handshake in the clear before n bytes were lost: the messages that are
// whole, and a hello as far as it goes. It returns how many of the n are still to be accounted for.
func (s *Session) torn(d packet.Dir, n int) int {
	h := &s.half[d]
	record := h.buf
	h.buf = nil
	s.messages(d, record[headerLen:])
	if s.live != nil && h.phase == bare && len(h.msg) >= 4 {
		msg := h.msg
		h.msg = nil
		switch msg[0] {
		case msgClientHello:
			s.pool.Stats.TornHellos++
			s.clientHello(d, msg[4:], true)
		case msgServerHello:
			s.pool.Stats.TornHellos++
			s.serverHello(d, msg[4:], true)
		}
		s.pool.release(msg)
	}
	switch {
	case s.live == nil || h.phase == opaque:
		s.pass(d, n)
		n = 0
	case h.phase == bare:
		h.buf = record // the rest of it is lost
		return n
	default:
		h.lost = true
		h.skip = headerLen + size(record) - len(record)
		of := min(h.skip, n)
		h.skip -= of
		n -= of
	}
	s.pool.release(record)
	return n
}

// unanswered takes what follows the handshake in the clear of direction d while the ServerHello has not been seen.
// In the server's direction it is lost; the client's may only be ahead of it.
func (s *Session) unanswered(d packet.Dir, record []byte, p *params) outcome {
	server := d != s.client
	switch {
	case !p.client || s.tls.early && !server: // what comes first may be early data
		return s.block(d)
	case !s.modern(p) && !server:
		return s.block(d)
	case !s.modern(p) && s.known12(p):
		return s.broken(d)
	case !s.modern(p), s.lookup(d, shaking) == nil && s.lookup(d, app) == nil:
		return s.missing(d)
	case record[0] != typeData:
		return over // ChangeCipherSpec for middleboxes
	case s.guess(d, record, p):
		return proceed
	case s.half[d].budget <= 0:
		s.pool.Stats.OverTrials++
		return s.broken(d)
	case !server && !s.half[s.client.Other()].holed:
		return s.block(d)
	}
	return over
}

// guess finds the suite, and the keys and number of a record with them, by trial.
func (s *Session) guess(d packet.Dir, record []byte, p *params) bool {
	h := &s.half[d]
	s.tried = true
	type trial struct {
		*keys
		phase
	}
	var trials []trial
	for _, in := range [...]phase{shaking, app} {
		secret := s.lookup(d, in)
		for i := range uint16(5) {
			u := suiteOf(firstSuite + i)
			if u.prf.Size() == len(secret) && (p.offers == 0 || p.offers>>i&1 != 0) {
				trials = append(trials, trial{newTraffic(u, secret), in})
			}
		}
	}
	for seq := range uint64(s.pool.cfg.Ahead) {
		for _, t := range trials {
			if h.budget <= 0 {
				return false
			}
			h.budget -= len(record)
			if _, _, ok := t.open(s.pool.room(len(record)), record, seq); !ok {
				continue
			}
			s.forget(h)
			h.phase, h.keys, h.lost = t.phase, t.keys, false
			h.keys.seq = seq
			p.server, p.guessed, p.version, p.suite = true, true, 0x0304, t.suite
			s.info.Version, s.info.Suite = 0x0304, t.suite.id
			s.tls.psk, s.tls.unsure = s.tls.early, true // who offers early data offers to resume
			s.wake = true
			s.pool.Stats.Guessed++
			return true
		}
	}
	return false
}

// promising is whether a connection that waits for the server's hello might go on without it now.
func (s *Session) promising() bool {
	p := &s.params[0]
	return p.gen == 0 && p.client && !p.server && !s.tried && !s.tls.early && s.modern(p)
}

// modern is whether there are secrets of TLS 1.3 for the client's random.
func (s *Session) modern(p *params) bool {
	for l := ClientHandshake; l <= ServerTraffic; l++ {
		if s.pool.keys13(l, p) != nil {
			return true
		}
	}
	return false
}

// known12 is whether there are secrets of TLS 1.2 or before for the client's random.
func (s *Session) known12(p *params) bool {
	return s.pool.keys13(ClientRandom, p) != nil || s.pool.keys13(Premaster, p) != nil
}

// rouse lets what waits for the handshake of direction d look again.
func (s *Session) rouse(d packet.Dir) {
	if s.half[d.Other()].blocked {
		s.wake = true
	}
}

// reason is why a connection of which something was lost cannot be read: one without secrets could not be read
// without the loss either.
func (s *Session) reason() Why {
	p, keys := &s.params[0], s.pool.keys
	switch {
	case keys == nil || keys.Version() == 0:
		return NoKeys
	case s.stalled && p.client && p.server:
		return NoKeys // of some part
	case p.gen == 0 && p.client && !s.modern(p) && !s.known12(p) && s.pool.keys13(ClientEarly, p) == nil &&
		!(p.server && s.master(p) != nil):
		return NoKeys
	}
	return Damaged
}

// broken gives the connection up after a loss.
func (s *Session) broken(d packet.Dir) outcome {
	why := s.reason()
	s.fail(why)
	s.shut(d, why)
	return over
}

// settle decides about a connection that is over: what was lost will not come any more, secrets may.
func (s *Session) settle() {
	if s.live == nil || s.stalled || !s.waits && (!s.tried || s.info.Decrypted) {
		return
	}
	if why := s.reason(); why == Damaged {
		s.fail(why)
	}
}

// Close gives up what s waits for: its connection is over, and nobody will ask again. Info says why it was not read.
func (s *Session) Close() {
	if s.live == nil {
		return
	}
	if s.waits || s.tried && !s.info.Decrypted {
		s.fail(s.reason())
	}
}

// gaveUp is what record says of an outcome other than proceed. A record that is done with unread is counted.
func (s *Session) gaveUp(d packet.Dir, record []byte, o outcome) (done bool) {
	if o == over && record[0] == typeData {
		s.lose(d, len(record))
	}
	return o == over
}

// lose counts n bytes that were lost or not decrypted, unless they are of the client's handshake in the clear.
func (s *Session) lose(d packet.Dir, n int) {
	if d == s.client && (s.live == nil || s.half[d].phase != bare || s.params[0].client) {
		s.missed += int64(n)
	}
}

// flightBytes is about how long a client's ChangeCipherSpec and Finished are.
const flightBytes = 80

// account counts, when the connection is over, what a loss has taken of its client where no reader was told.
func (s *Session) account() {
	if s.info.Why != Damaged && (s.info.Why != Readable || !s.info.Decrypted) || s.delivered[0] || s.delivered[1] {
		return
	}
	n := s.missed
	if !s.shaken {
		n -= flightBytes
	}
	if n > 0 {
		s.pool.Stats.DamagedClientBytes += uint64(n)
	}
}
