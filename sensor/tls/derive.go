package tls

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
)

// newHash is the constructor of a hash that a suite names.
func newHash(h crypto.Hash) func() hash.Hash {
	switch h {
	case crypto.MD5:
		return md5.New
	case crypto.SHA1:
		return sha1.New
	case crypto.SHA384:
		return sha512.New384
	}
	return sha256.New
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
func expandLabel(h crypto.Hash, secret []byte, label string, n int) []byte {
	info := append([]byte{byte(n >> 8), byte(n), byte(6 + len(label))}, "tls13 "...)
	info = append(append(info, label...), 0)
	out, err := hkdf.Expand(newHash(h), secret, string(info), n)
	if err != nil {
		return make([]byte, n) // only FIPS mode refuses: a key that opens nothing
	}
	return out
}

// prf fills out with the pseudorandom function of the version (RFC 2246 section 5, RFC 5246 section 5).
func prf(out []byte, version uint16, h crypto.Hash, secret []byte, label string, seeds ...[]byte) {
	seed := []byte(label)
	for _, s := range seeds {
		seed = append(seed, s...)
	}
	if version >= 0x0303 {
		expand(out, newHash(h), secret, seed)
		return
	}
	half := (len(secret) + 1) / 2
	other := make([]byte, len(out))
	expand(out, md5.New, secret[:half], seed)
	expand(other, sha1.New, secret[len(secret)-half:], seed)
	subtle.XORBytes(out, out, other)
}

// expand is P_hash.
func expand(out []byte, h func() hash.Hash, secret, seed []byte) {
	m := hmac.New(h, secret)
	m.Write(seed)
	a := m.Sum(nil)
	for len(out) > 0 {
		m.Reset()
		m.Write(a)
		m.Write(seed)
		n := copy(out, m.Sum(nil))
		out = out[n:]
		m.Reset()
		m.Write(a)
		a = m.Sum(a[:0])
	}
}
