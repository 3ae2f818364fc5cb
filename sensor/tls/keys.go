package tls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/rc4"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types of a record (RFC 8446 section 5.1).
const (
	typeCCS       = 20
	typeAlert     = 21
	typeHandshake = 22
	typeData      = 23
)

const (
	headerLen = 5
	maxBody   = 1<<14 + 2048 // of TLS 1.2 (RFC 5246 section 6.2.3), the largest of all versions
)

// keys opens the records of one direction, under one set of keys.
type keys struct {
	suite   suite
	version uint16
	seq     uint64 // of the next record
	proven  bool   // a record was authentic
	secret  []byte // TLS 1.3: the traffic secret, for key updates

	aead     cipher.AEAD
	iv       [16]byte // AEAD: the fixed part; CBC of TLS 1.0: the last block before
	implicit bool     // CBC of TLS 1.0
	chained  bool     // iv is that of the next record
	sound    bool     // encrypt-then-MAC: the record at hand is authentic
	cbc      ivMode
	block    int
	etm      bool // encrypt-then-MAC (RFC 7366)
	mac      hash.Hash
	rc4      *rc4.Cipher

	nonce [12]byte // scratch, here so that it need not be allocated
	extra [13]byte
	sum   [64]byte
}

// ivMode is CBC as the standard library makes it: for another record only its IV need be set.
type ivMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

// newKeys makes the keys of TLS 1.2 and before for one side out of the master secret (RFC 5246 section 6.3).
func newKeys(p *params, master []byte, server bool) *keys {
	s := p.suite
	k := &keys{suite: s, version: p.version, etm: p.etm && s.kind.cbc()}
	mac := 0
	if s.mac != 0 {
		mac = s.mac.Size()
	}
	fixed := s.fixed
	if s.kind.cbc() && p.version >= 0x0302 {
		fixed = 0 // the IV is in the record
	}
	block := make([]byte, 2*(mac+s.key+fixed))
	prf(block, p.version, s.prf, master, "key expansion", p.serverRandom[:], p.clientRandom[:])
	take := func(n int) []byte {
		mine := block[:n]
		if server {
			mine = block[n : 2*n]
		}
		block = block[2*n:]
		return mine
	}
	if mac > 0 {
		k.mac = hmac.New(newHash(s.mac), take(mac))
	}
	key := take(s.key)
	copy(k.iv[:], take(fixed))
	k.implicit = s.kind.cbc() && fixed > 0
	k.chained = true
	k.setCipher(key)
	return k
}

// newTraffic makes the keys of TLS 1.3 out of a traffic secret (RFC 8446 section 7.3).
func newTraffic(s suite, secret []byte) *keys {
	k := &keys{suite: s, version: 0x0304, secret: secret}
	copy(k.iv[:], expandLabel(s.prf, secret, "iv", 12))
	k.setCipher(expandLabel(s.prf, secret, "key", s.key))
	return k
}

// next is the keys after a KeyUpdate (RFC 8446 section 7.2).
func (k *keys) next() *keys {
	return newTraffic(k.suite, expandLabel(k.suite.prf, k.secret, "traffic upd", k.suite.prf.Size()))
}

// setCipher cannot fail: the suite has keys of the right size.
func (k *keys) setCipher(key []byte) {
	var block cipher.Block
	switch k.suite.kind {
	case cbcAES, gcm, ccm, ccm8:
		block, _ = aes.NewCipher(key)
	case cbc3DES:
		block, _ = des.NewTripleDESCipher(key)
	}
	switch k.suite.kind {
	case cbcAES, cbc3DES:
		k.block = block.BlockSize()
		k.cbc = cipher.NewCBCDecrypter(block, k.iv[:k.block]).(ivMode)
	case gcm:
		k.aead, _ = cipher.NewGCM(block)
	case ccm:
		k.aead = &ccmMode{block: block, tag: 16}
	case ccm8:
		k.aead = &ccmMode{block: block, tag: 8}
	case chacha:
		k.aead, _ = chacha20poly1305.New(key)
	case stream:
		k.rc4, _ = rc4.NewCipher(key)
	}
}

// steady is whether the keys can be tried on a record without spoiling them for the next.
func (k *keys) steady() bool { return k.rc4 == nil }

// open appends to dst the content of a record, header included, if it is authentic as record number seq. A caller
// that goes on after it calls after.
func (k *keys) open(dst, record []byte, seq uint64) (plain []byte, typ byte, ok bool) {
	header, body := record[:headerLen], record[headerLen:]
	switch {
	case k.version == 0x0304:
		return k.open13(dst, header, body, seq)
	case k.aead != nil:
		plain, ok = k.openAEAD(dst, header, body, seq)
	case k.cbc != nil:
		plain, ok = k.openCBC(dst, header, body, seq)
	default:
		at := len(dst)
		plain = append(dst, body...)
		if k.rc4 != nil {
			k.rc4.XORKeyStream(plain[at:], body)
		}
		plain, ok = k.checked(plain[at:], header, seq)
	}
	return plain, header[0], ok
}

// after moves on past a record, opened or not.
func (k *keys) after(record []byte) {
	k.seq++
	if k.implicit {
		end := len(record)
		if k.etm {
			end -= k.mac.Size()
		}
		// What encrypt-then-MAC covers is the record, not the block before it: that must have been authentic too.
		if k.chained = end >= headerLen+k.block && (!k.etm || k.sound); k.chained {
			copy(k.iv[:], record[end-k.block:])
		}
		k.sound = false
	}
}

// missed moves on past a record of n body bytes that was lost.
func (k *keys) missed(n int) {
	k.seq++
	k.chained = !k.implicit
	if k.rc4 != nil {
		var waste [256]byte
		for n > 0 {
			m := min(n, len(waste))
			k.rc4.XORKeyStream(waste[:m], waste[:m])
			n -= m
		}
	}
}

func (k *keys) open13(dst, header, body []byte, seq uint64) ([]byte, byte, bool) {
	if header[0] != typeData || len(body) < k.aead.Overhead() {
		return nil, 0, false
	}
	k.xorNonce(seq)
	at := len(dst)
	plain, err := k.aead.Open(dst, k.nonce[:], body, header)
	if err != nil {
		return nil, 0, false
	}
	plain = plain[at:]
	for n := len(plain); n > 0; n-- { // the type stands before the padding (RFC 8446 section 5.4)
		if plain[n-1] != 0 {
			return plain[:n-1], plain[n-1], true
		}
	}
	return nil, 0, true
}

func (k *keys) xorNonce(seq uint64) {
	copy(k.nonce[:], k.iv[:])
	binary.BigEndian.PutUint64(k.nonce[4:], binary.BigEndian.Uint64(k.nonce[4:])^seq)
}

// head fills extra with what the MAC covers before the content (RFC 5246 section 6.2.3.1).
func (k *keys) head(header []byte, seq uint64, n int) []byte {
	binary.BigEndian.PutUint64(k.extra[:], seq)
	copy(k.extra[8:], header[:3])
	binary.BigEndian.PutUint16(k.extra[11:], uint16(n))
	return k.extra[:]
}

func (k *keys) openAEAD(dst, header, body []byte, seq uint64) ([]byte, bool) {
	if k.suite.kind == chacha { // RFC 7905
		k.xorNonce(seq)
	} else {
		if len(body) < 8 {
			return nil, false
		}
		copy(k.nonce[:4], k.iv[:])
		copy(k.nonce[4:], body[:8])
		body = body[8:]
	}
	if len(body) < k.aead.Overhead() {
		return nil, false
	}
	at := len(dst)
	plain, err := k.aead.Open(dst, k.nonce[:], body, k.head(header, seq, len(body)-k.aead.Overhead()))
	if err != nil {
		return nil, false
	}
	return plain[at:], true
}

func (k *keys) openCBC(dst, header, body []byte, seq uint64) ([]byte, bool) {
	iv, box := k.iv[:k.block], body
	if k.etm {
		n := len(box) - k.mac.Size()
		if k.sound = n >= 0 && k.right(k.head(header, seq, n), box[:n], box[n:]); !k.sound {
			return nil, false
		}
		box = box[:n]
	}
	if !k.implicit {
		if len(box) < k.block {
			return nil, false
		}
		iv, box = box[:k.block], box[k.block:]
	} else if !k.chained {
		return nil, false
	}
	if len(box) == 0 || len(box)%k.block != 0 {
		return nil, false
	}
	at := len(dst)
	plain := append(dst, box...)[at:]
	k.cbc.SetIV(iv)
	k.cbc.CryptBlocks(plain, plain)
	pad := int(plain[len(plain)-1])
	if pad+1 > len(plain) {
		return nil, false
	}
	for _, p := range plain[len(plain)-pad-1:] {
		if int(p) != pad {
			return nil, false
		}
	}
	plain = plain[:len(plain)-pad-1]
	if k.etm {
		return plain, true
	}
	return k.checked(plain, header, seq)
}

// checked cuts the MAC off plain if it is right.
func (k *keys) checked(plain, header []byte, seq uint64) ([]byte, bool) {
	n := len(plain) - k.mac.Size()
	if n < 0 || !k.right(k.head(header, seq, n), plain[:n], plain[n:]) {
		return nil, false
	}
	return plain[:n], true
}

func (k *keys) right(head, content, mac []byte) bool {
	k.mac.Reset()
	k.mac.Write(head)
	k.mac.Write(content)
	return bytes.Equal(k.mac.Sum(k.sum[:0]), mac)
}

// estimate is about how much a record of n body bytes holds.
func (k *keys) estimate(n int) int {
	if k.aead != nil {
		n -= k.aead.Overhead()
		switch {
		case k.version == 0x0304:
			n-- // the content type
		case k.suite.kind != chacha:
			n -= 8
		}
		return max(n, 0)
	}
	if k.cbc != nil {
		n -= k.block / 2 // of padding
		if !k.implicit {
			n -= k.block
		}
	}
	return max(n-k.mac.Size(), 0)
}
