package tls

import (
	"crypto"
	"slices"
	"strconv"
	"strings"
)

// kind is how a suite protects records.
type kind uint8

const (
	unsupported kind = iota
	null
	stream // RC4
	cbcAES
	cbc3DES
	gcm
	ccm
	ccm8
	chacha
)

// suite is what a cipher suite is made of.
type suite struct {
	id    uint16
	name  string // as registered
	kind  kind
	key   int         // bytes
	fixed int         // bytes of the fixed part of the IV
	mac   crypto.Hash // of suites without AEAD
	prf   crypto.Hash // of TLS 1.2, and of the key schedule of TLS 1.3
}

// aead is whether the suite authenticates without a MAC of its own.
func (k kind) aead() bool { return k >= gcm }

func (k kind) cbc() bool { return k == cbcAES || k == cbc3DES }

// suiteOf reads the suite's parts from its registered name.
func suiteOf(id uint16) suite {
	s := suite{id: id, prf: crypto.SHA256}
	i, ok := slices.BinarySearchFunc(suiteNames[:], id, func(e struct {
		id   uint16
		name string
	}, id uint16) int {
		return int(e.id) - int(id)
	})
	if !ok {
		s.name = "0x" + strconv.FormatUint(0x10000|uint64(id), 16)[1:]
		return s
	}
	s.name = "TLS_" + suiteNames[i].name
	_, bulk, modern := strings.Cut(suiteNames[i].name, "WITH_")
	if !modern {
		bulk = suiteNames[i].name // of TLS 1.3
	}
	bulk, hash := cutLast(bulk, "_")
	switch hash {
	case "MD5":
		s.mac = crypto.MD5
	case "SHA":
		s.mac = crypto.SHA1
	case "SHA256":
		s.mac = crypto.SHA256
	case "SHA384":
		s.mac, s.prf = crypto.SHA384, crypto.SHA384
	default: // AES_128_CCM, AES_128_CCM_8
		bulk, hash = bulk+"_"+hash, ""
	}
	switch bulk {
	case "NULL":
		s.kind = null
	case "RC4_128":
		s.kind, s.key = stream, 16
	case "3DES_EDE_CBC":
		s.kind, s.key, s.fixed = cbc3DES, 24, 8
	case "AES_128_CBC":
		s.kind, s.key, s.fixed = cbcAES, 16, 16
	case "AES_256_CBC":
		s.kind, s.key, s.fixed = cbcAES, 32, 16
	case "AES_128_GCM":
		s.kind, s.key, s.fixed = gcm, 16, 4
	case "AES_256_GCM":
		s.kind, s.key, s.fixed = gcm, 32, 4
	case "AES_128_CCM":
		s.kind, s.key, s.fixed = ccm, 16, 4
	case "AES_256_CCM":
		s.kind, s.key, s.fixed = ccm, 32, 4
	case "AES_128_CCM_8":
		s.kind, s.key, s.fixed = ccm8, 16, 4
	case "AES_256_CCM_8":
		s.kind, s.key, s.fixed = ccm8, 32, 4
	case "CHACHA20_POLY1305":
		s.kind, s.key, s.fixed = chacha, 32, 12
	}
	if s.kind.aead() {
		s.mac = 0
	} else if s.mac == 0 || hash == "" {
		s.kind = unsupported
	}
	return s
}

func cutLast(s, sep string) (before, after string) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+len(sep):]
}
