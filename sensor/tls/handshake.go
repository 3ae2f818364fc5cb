package tls

import (
	"auscult/sensor/packet"
)

// Types of handshake message that are read (RFC 8446 section 4, RFC 5246 section 7.4).
const (
	msgClientHello         = 1
	msgServerHello         = 2
	msgEndOfEarlyData      = 5
	msgEncryptedExtensions = 8
	msgCertificate         = 11
	msgClientKeyExchange   = 16
	msgFinished            = 20
	msgKeyUpdate           = 24
)

// params is what one handshake settled.
type params struct {
	gen                        uint32
	client, server             bool // its hello was read
	etm, ems                   bool
	bad                        bool  // something was chosen that is not decrypted
	guessed                    bool  // the server's hello was not seen: what it chose was found by trial
	offers                     uint8 // the client's suites of TLS 1.3: bit n for 0x1301+n
	version                    uint16
	suite                      suite
	clientRandom, serverRandom [32]byte
	session                    [32]byte // the server's session id
	offered                    [32]byte // the client's
	premaster                  [32]byte // the first bytes of the encrypted premaster secret
}

// tls13 is what only TLS 1.3 has.
type tls13 struct {
	hellos    uint8 // of the client
	retry     bool  // HelloRetryRequest
	early     bool  // the client offered early data
	psk       bool  // the server resumes
	answered  bool  // EncryptedExtensions were read
	tookEarly bool  // and the server takes the early data
	unsure    bool  // they may have been lost
}

// underway is the handshake that a message of direction d belongs to: under the keys of one, it is the next.
func (s *Session) underway(h *half) *params {
	if h.phase == sealed {
		return s.at(h.gen + 1)
	}
	return s.at(h.gen)
}

// at is a handshake by its number, which is that of the ChangeCipherSpecs before its own.
func (s *Session) at(gen uint32) *params {
	p := &s.params[gen&1]
	if p.gen != gen {
		*p = params{gen: gen}
	}
	return p
}

// messages takes handshake messages, which may be cut anywhere.
func (s *Session) messages(d packet.Dir, b []byte) {
	h := &s.half[d]
	if h.holed && h.phase == bare && (len(b) < 4 || msgSize(b) != len(b)-4) {
		return // after a hole only a message that fills its record can be told
	}
	for len(b) > 0 && s.live != nil && h.phase != opaque {
		if h.passMsg > 0 {
			n := min(h.passMsg, len(b))
			h.passMsg -= n
			b = b[n:]
			continue
		}
		if len(h.msg) == 0 && len(b) >= 4 {
			n := msgSize(b)
			if len(b) >= 4+n {
				before := h.phase
				s.message(d, b[0], b[4:4+n])
				if s.live == nil || h.phase != before {
					return // new keys begin with a new record (RFC 8446 section 5.1)
				}
				b = b[4+n:]
				continue
			}
		}
		need := 4
		if len(h.msg) >= 4 {
			need += msgSize(h.msg)
		}
		if need > s.pool.cfg.HandshakeBytes {
			s.pool.Stats.OverHandshake++
			passed := need - len(h.msg)
			s.forget(h)
			h.passMsg = passed
			continue
		}
		n := min(need-len(h.msg), len(b))
		var ok bool
		if h.msg, ok = s.pool.extend(h.msg, b[:n]); !ok {
			s.damaged(d)
			return
		}
		b = b[n:]
		if len(h.msg) < 4 || len(h.msg) != 4+msgSize(h.msg) {
			continue
		}
		own := h.msg
		h.msg = nil
		before := h.phase
		s.message(d, own[0], own[4:])
		s.pool.release(own)
		if s.live == nil || h.phase != before {
			return
		}
	}
}

// msgSize is the length of the body of the handshake message that begins at b.
func msgSize(b []byte) int { return int(b[1])<<16 | int(b[2])<<8 | int(b[3]) }

// message takes one handshake message.
func (s *Session) message(d packet.Dir, typ byte, b []byte) {
	h := &s.half[d]
	if h.phase >= shaking {
		s.message13(d, typ, b)
		return
	}
	if h.phase == early {
		if typ == msgEndOfEarlyData {
			h.phase, h.keys = shaking, nil
		}
		return
	}
	switch typ {
	case msgClientHello:
		s.clientHello(d, b, false)
	case msgServerHello:
		s.serverHello(d, b, false)
	case msgCertificate:
		s.certificates(d, b, false)
	case msgClientKeyExchange:
		if len(b) >= 10 {
			copy(s.underway(h).premaster[:8], b[2:])
		}
	}
}

// message13 takes a message under the keys of TLS 1.3.
func (s *Session) message13(d packet.Dir, typ byte, b []byte) {
	h := &s.half[d]
	switch typ {
	case msgEncryptedExtensions:
		if s.tls.answered || d == s.client {
			return
		}
		alpn, took := encryptedExtensions(b)
		s.tls.answered, s.tls.tookEarly = true, took
		s.chose(alpn)
		s.wake = true
	case msgCertificate:
		s.certificates(d, b, true)
	case msgFinished:
		if h.phase == shaking {
			h.phase, h.keys = app, nil
			s.rouse(d)
		}
	case msgKeyUpdate:
		if h.phase == app {
			s.pool.Stats.KeyUpdates++
			h.keys = h.keys.next()
			h.keys.proven = true
		}
	}
}

// clientHello takes the client's hello, or the beginning of one that is torn.
func (s *Session) clientHello(d packet.Dir, b []byte, torn bool) {
	h, hello := &s.half[d], &s.pool.hello
	if !hello.parse(b) && !hello.settled && !(torn && hello.random != nil) {
		return
	}
	p := s.underway(h)
	if h.phase == bare {
		if s.tls.hellos == 2 || p.server && d != s.client {
			return
		}
		if s.tls.hellos++; s.tls.hellos == 2 {
			s.wake = true
		} else {
			s.client, s.known = d, true
			s.info.ServerName = clean(hello.serverName, s.pool.cfg.NameBytes)
			if !s.info.Chosen {
				s.info.ALPN = protocol(hello.alpn)
			}
			if !torn {
				s.info.JA4, s.pool.list = ja4(hello, s.pool.list)
			}
			s.tls.early = hello.early
		}
	} else if d != s.client {
		return
	}
	if !p.client {
		p.client, s.wake = true, true
	}
	copy(p.clientRandom[:], hello.random)
	p.offered = [32]byte{}
	copy(p.offered[:], hello.session)
	p.offers = offers(hello.suites)
	s.resumed(p)
}

// serverHello takes the server's hello, or the beginning of one that is torn.
func (s *Session) serverHello(d packet.Dir, b []byte, torn bool) {
	h := &s.half[d]
	var hello serverHello
	if !hello.parse(b) && !(torn && hello.settled) {
		return
	}
	if torn && !hello.complete() {
		return
	}
	p := s.underway(h)
	if p.guessed && (hello.version != p.version || string(hello.random) != retryRandom && hello.suite != p.suite.id) {
		return // what opened a record is right
	}
	if p.server && !p.guessed || s.known && d == s.client && (p.client || h.phase != bare) {
		return
	}
	s.client, s.known = d.Other(), true
	if hello.version == 0x0304 && string(hello.random) == retryRandom {
		if !s.tls.retry {
			s.tls.retry, s.wake = true, true
		}
		p.version = hello.version
		return
	}
	p.server, p.guessed = true, false
	p.version, p.suite = hello.version, suiteOf(hello.suite)
	copy(p.serverRandom[:], hello.random)
	copy(p.session[:], hello.session)
	p.etm, p.ems = hello.etm, hello.ems
	p.bad = p.suite.kind == unsupported || hello.compression != 0 || hello.version < 0x0301 || hello.version > 0x0304 ||
		hello.shortMAC && !p.suite.kind.aead() || hello.version == 0x0304 && hello.suite>>8 != 0x13
	s.info.Version, s.info.Suite = Version(hello.version), hello.suite
	s.chose(hello.alpn)
	s.tls.psk = hello.psk || torn && s.tls.early
	s.resumed(p)
	s.wake = true
	if hello.version == 0x0304 && h.phase == bare {
		h.phase = shaking
		s.forget(h)
	}
}

// resumed sets whether the server took up an earlier session: by its identity (RFC 5246 section 7.4.1.3) or by a
// pre-shared key.
func (s *Session) resumed(p *params) {
	switch {
	case !p.client || !p.server:
	case p.version == 0x0304:
		s.info.Resumed = s.tls.psk
	default:
		s.info.Resumed = p.session != [32]byte{} && p.session == p.offered
	}
}

func (s *Session) chose(alpn []byte) {
	if len(alpn) > 0 {
		s.info.ALPN, s.info.Chosen = protocol(alpn), true
	}
}

// protocol is a protocol's name; the usual ones cost nothing.
func protocol(b []byte) string {
	switch string(b) {
	case "h2":
		return "h2"
	case "http/1.1":
		return "http/1.1"
	}
	return clean(b, 32)
}

// certificates reads the first certificate of a chain: that of the sender.
func (s *Session) certificates(d packet.Dir, b []byte, modern bool) {
	if modern {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return
		}
		b = b[1+int(b[0]):] // the request's context
	}
	if len(b) < 6 {
		return
	}
	n := int(b[3])<<16 | int(b[4])<<8 | int(b[5])
	if b = b[6:]; n > len(b) {
		return
	}
	c := s.pool.certificate(b[:n])
	if d == s.client {
		s.info.Client = c
	} else {
		s.info.Server = c
	}
}
