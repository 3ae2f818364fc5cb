package tls

import (
	"golang.org/x/crypto/cryptobyte"
)

// Extensions that are read.
const (
	extServerName = 0
	extHMAC       = 4 // truncated_hmac
	extSigAlgs    = 13
	extALPN       = 16
	extETM        = 22
	extEMS        = 23
	extPSK        = 41
	extEarly      = 42
	extVersions   = 43
)

// clientHello is what is read of a ClientHello (RFC 8446 section 4.1.2). All but extensions, which is reused,
// points into the message.
type clientHello struct {
	version    uint16
	random     []byte
	session    []byte
	suites     []byte
	extensions []uint16 // their types, in order
	serverName []byte
	alpn       []byte // the first protocol
	versions   []byte // supported_versions, two bytes each
	sigAlgs    []byte // two bytes each
	early      bool
	settled    bool // all up to the extensions was there
}

// parse reads the body of the handshake message. A hello that breaks off in its extensions is kept as far as it
// goes, and false.
func (h *clientHello) parse(b []byte) bool {
	*h = clientHello{extensions: h.extensions[:0]}
	in := cryptobyte.String(b)
	var session, suites, compression cryptobyte.String
	if !in.ReadUint16(&h.version) || !in.ReadBytes(&h.random, 32) || !in.ReadUint8LengthPrefixed(&session) ||
		len(session) > 32 || !in.ReadUint16LengthPrefixed(&suites) || len(suites)%2 != 0 ||
		!in.ReadUint8LengthPrefixed(&compression) {
		return false
	}
	h.session, h.suites, h.settled = session, suites, true
	list, whole := extensions(in)
	for !list.Empty() {
		var id uint16
		var body, inner cryptobyte.String
		if !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&body) {
			return false
		}
		h.extensions = append(h.extensions, id)
		switch id {
		case extServerName:
			var kind uint8
			var name cryptobyte.String
			if body.ReadUint16LengthPrefixed(&inner) && inner.ReadUint8(&kind) && kind == 0 && inner.ReadUint16LengthPrefixed(&name) {
				h.serverName = name
			}
		case extALPN:
			var name cryptobyte.String
			if body.ReadUint16LengthPrefixed(&inner) && inner.ReadUint8LengthPrefixed(&name) {
				h.alpn = name
			}
		case extVersions:
			if body.ReadUint8LengthPrefixed(&inner) {
				h.versions = inner[:len(inner)&^1]
			}
		case extSigAlgs:
			if body.ReadUint16LengthPrefixed(&inner) {
				h.sigAlgs = inner[:len(inner)&^1]
			}
		case extEarly:
			h.early = true
		}
	}
	return whole
}

// extensions are those at the end of a hello, as far as they go, and whether that is all.
func extensions(in cryptobyte.String) (list cryptobyte.String, whole bool) {
	if in.Empty() || in.ReadUint16LengthPrefixed(&list) {
		return list, true
	}
	return in, false // the length was read
}

// serverHello is what is read of a ServerHello.
type serverHello struct {
	version     uint16 // that is spoken
	random      []byte
	session     []byte
	suite       uint16
	compression uint8
	alpn        []byte
	etm, ems    bool
	shortMAC    bool
	psk         bool
	settled     bool // all up to the extensions was there
}

// retryRandom is the random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3).
const retryRandom = "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91" +
	"\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C"

// parse reads the body of the handshake message. A hello that breaks off in its extensions is kept as far as it
// goes, and false.
func (h *serverHello) parse(b []byte) bool {
	*h = serverHello{}
	in := cryptobyte.String(b)
	var session cryptobyte.String
	if !in.ReadUint16(&h.version) || !in.ReadBytes(&h.random, 32) || !in.ReadUint8LengthPrefixed(&session) ||
		len(session) > 32 || !in.ReadUint16(&h.suite) || !in.ReadUint8(&h.compression) {
		return false
	}
	h.session, h.settled = session, true
	list, whole := extensions(in)
	for !list.Empty() {
		var id uint16
		var body, inner, name cryptobyte.String
		if !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&body) {
			return false
		}
		switch id {
		case extALPN:
			if body.ReadUint16LengthPrefixed(&inner) && inner.ReadUint8LengthPrefixed(&name) {
				h.alpn = name
			}
		case extVersions:
			if !body.ReadUint16(&h.version) {
				return false
			}
			if h.version >= 0x7f1a && h.version <= 0x7f1c {
				h.version = 0x0304 // the last drafts differ in nothing that is read here
			}
		case extETM:
			h.etm = true
		case extEMS:
			h.ems = true
		case extHMAC:
			h.shortMAC = true
		case extPSK:
			h.psk = true
		}
	}
	return whole
}

// complete makes up for what a torn hello does not say any more. It is false if that cannot be told.
func (h *serverHello) complete() bool {
	switch {
	case h.suite>>8 == 0x13:
		h.version = 0x0304
	case !suiteOf(h.suite).kind.aead():
		return false // it may be encrypt-then-MAC
	default:
		h.ems = true // it may be: a premaster secret is not enough
	}
	return true
}

// encryptedExtensions reads the chosen protocol, and whether early data was taken (RFC 8446 section 4.3.1).
func encryptedExtensions(b []byte) (alpn []byte, early bool) {
	in := cryptobyte.String(b)
	var list cryptobyte.String
	if !in.ReadUint16LengthPrefixed(&list) {
		return nil, false
	}
	for !list.Empty() {
		var id uint16
		var body, inner, name cryptobyte.String
		if !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&body) {
			break
		}
		switch id {
		case extALPN:
			if body.ReadUint16LengthPrefixed(&inner) && inner.ReadUint8LengthPrefixed(&name) {
				alpn = name
			}
		case extEarly:
			early = true
		}
	}
	return alpn, early
}
