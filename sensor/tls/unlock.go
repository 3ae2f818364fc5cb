package tls

import (
	"auscult/sensor/packet"
)

// outcome says what becomes of a record.
type outcome uint8

const (
	proceed outcome = iota
	wait            // it must wait
	over            // it is done with
)

// block makes direction d wait for the other side's handshake.
func (s *Session) block(d packet.Dir) outcome {
	if s.half[d.Other()].phase == opaque {
		return s.broken(d)
	}
	if !s.pool.hope() {
		s.because(NoKeys)
		s.shut(d, NoKeys)
		return over
	}
	s.half[d].blocked = true
	return wait
}

// missing makes both directions wait for the secrets of d.
func (s *Session) missing(d packet.Dir) outcome {
	if !s.pool.hope() {
		s.fail(NoKeys)
		return over
	}
	s.stalled, s.stall = true, d
	return wait
}

// leave ends the handshake in the clear of a direction, whose next record is not of it.
func (s *Session) leave(d packet.Dir, record []byte) outcome {
	h, p, typ := &s.half[d], s.at(0), record[0]
	mine := p.server
	if d == s.client {
		mine = p.client
	}
	switch {
	case !p.client && !p.server && !s.tls.retry:
		if !s.midstream {
			return s.broken(d)
		}
		s.fail(Midway)
		s.shut(d, s.info.Why)
		return over
	case !p.server && !s.tls.retry:
		return s.unanswered(d, record, p) // the version is not known yet
	case p.version == 0x0304:
		return s.leave13(d, record, p)
	case !mine, typ != typeCCS && !h.holed:
		return s.broken(d)
	}
	h.phase = sealed
	s.forget(h)
	if typ == typeCCS {
		h.lost = h.lost && size(record) != 1 // whatever was lost before, the next is record 0
		return over
	}
	h.lost = true
	return proceed
}

func (s *Session) leave13(d packet.Dir, record []byte, p *params) outcome {
	h := &s.half[d]
	switch {
	case record[0] == typeCCS:
		return over
	case !p.client:
		return s.broken(d)
	case d == s.client && s.tls.retry && s.tls.hellos < 2 && !h.holed:
		s.pool.Stats.EarlyRefused++ // RFC 8446 section 4.2.10: a retry refuses early data
		return over
	case !p.server:
		return s.unanswered(d, record, p)
	case d != s.client && !p.guessed:
		return s.broken(d)
	}
	s.forget(h)
	h.phase = shaking
	h.lost = h.lost || d != s.client
	if d == s.client && s.tls.early && !s.tls.retry && s.tls.hellos < 2 { // a second hello was asked for
		h.phase = early
	}
	return proceed
}

// unlock gets the keys that direction d needs now.
func (s *Session) unlock(d packet.Dir) outcome {
	h := &s.half[d]
	p := s.at(h.gen)
	switch {
	case h.phase == sealed && (!p.client || !p.server):
		return s.block(d)
	case p.bad:
		s.fail(Unsupported)
		return over
	case !p.client && s.half[s.client].phase == opaque:
		return s.broken(d)
	case !p.client:
		return s.block(d)
	case h.phase == sealed:
		master := s.master(p)
		if master == nil {
			return s.missing(d)
		}
		h.keys = newKeys(p, master, d != s.client)
		return proceed
	case h.phase == early:
		if o := s.unlockEarly(d, p); o != proceed || h.keys != nil {
			return o
		}
	}
	secret := s.lookup(d, h.phase)
	if secret == nil && h.phase == shaking {
		if secret = s.lookup(d, app); secret != nil {
			h.phase, h.seek = app, true // only the handshake stays unread
		}
	}
	if secret == nil {
		return s.missing(d)
	}
	h.keys = newTraffic(p.suite, secret)
	return proceed
}

// unlockEarly settles what becomes of early data. Without keys after it, the handshake follows.
func (s *Session) unlockEarly(d packet.Dir, p *params) outcome {
	h := &s.half[d]
	took := s.tls.psk
	if took && s.tls.answered {
		took = s.tls.tookEarly
	} else if took && s.half[d.Other()].phase != opaque {
		if s.lookup(d.Other(), shaking) == nil && s.lookup(d.Other(), app) == nil {
			return s.missing(d.Other())
		}
		if s.half[d.Other()].phase == shaking {
			return s.block(d)
		}
		took = !s.tls.unsure // refused early data is sent again: better lost than told twice
	}
	secret := s.pool.keys13(ClientEarly, p)
	if took && secret != nil {
		h.keys = newTraffic(p.suite, secret)
		return proceed
	}
	h.phase, h.seek, h.refused = shaking, true, !took
	return proceed
}

// found is whether the secrets that direction d stalled for have come.
func (s *Session) found(d packet.Dir) bool {
	h := &s.half[d]
	p := s.at(h.gen)
	switch {
	case !p.server:
		return s.modern(p) || s.known12(p)
	case p.version != 0x0304:
		return s.master(p) != nil
	}
	switch h.phase {
	case bare, early, shaking:
		return s.lookup(d, shaking) != nil || s.lookup(d, app) != nil
	}
	return s.lookup(d, app) != nil
}

// lookup is the traffic secret of direction d in a phase.
func (s *Session) lookup(d packet.Dir, in phase) []byte {
	label := ServerTraffic
	switch {
	case in == shaking && d == s.client:
		label = ClientHandshake
	case in == shaking:
		label = ServerHandshake
	case d == s.client:
		label = ClientTraffic
	}
	return s.pool.keys13(label, &s.params[0])
}

func (pool *Pool) keys13(label Label, p *params) []byte {
	if pool.keys == nil {
		return nil
	}
	return pool.keys.Lookup(label, &p.clientRandom)
}

// master is the master secret of a handshake (RFC 5246 section 8.1), or nil.
func (s *Session) master(p *params) []byte {
	keys := s.pool.keys
	if keys == nil {
		return nil
	}
	if b := keys.Lookup(ClientRandom, &p.clientRandom); b != nil {
		return b
	}
	if p.session != [32]byte{} {
		if b := keys.Lookup(SessionID, &p.session); b != nil {
			return b
		}
	}
	if p.ems {
		return nil // the premaster secret does not suffice without all messages (RFC 7627)
	}
	secret := keys.Lookup(Premaster, &p.clientRandom)
	if secret == nil && p.premaster != [32]byte{} {
		secret = keys.Lookup(PremasterCipher, &p.premaster)
	}
	if secret == nil {
		return nil
	}
	out := make([]byte, 48)
	prf(out, p.version, p.suite.prf, secret, "master secret", p.clientRandom[:], p.serverRandom[:])
	return out
}

// renegotiated puts the next handshake of TLS 1.2 into force, under whose own keys it was made.
func (s *Session) renegotiated(d packet.Dir) {
	h := &s.half[d]
	if h.phase != sealed {
		return
	}
	if int(h.gen) >= s.pool.cfg.Renegotiations {
		s.pool.Stats.OverHandshakes++
		s.fail(Bounded)
		return
	}
	s.forget(h)
	h.keys = nil
	if h.gen++; d == s.client {
		s.pool.Stats.Renegotiations++
	}
}
