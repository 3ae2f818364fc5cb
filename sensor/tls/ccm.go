package tls

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// ccmMode is AES-CCM (RFC 3610) with nonces of 12 bytes, and tags of 16 or, for CCM_8 (RFC 6655), 8 bytes. It
// only opens; it is for one goroutine.
type ccmMode struct {
	block        cipher.Block
	tag          int
	mac, ctr, ks [16]byte
}

var errOpen = errors.New("tls: message authentication failed")

func (c *ccmMode) NonceSize() int { return 12 }
func (c *ccmMode) Overhead() int  { return c.tag }

// Seal is not needed by a bystander.
func (c *ccmMode) Seal(_, _, _, _ []byte) []byte { panic("tls: a bystander seals nothing") }

// Open appends the plaintext of box to dst if it is authentic.
func (c *ccmMode) Open(dst, nonce, box, extra []byte) ([]byte, error) {
	if len(box) < c.tag || len(nonce) != 12 || len(extra) == 0 || len(extra) >= 0xff00 || len(box) > 1<<24-1 {
		return nil, errOpen
	}
	size := len(box) - c.tag
	box, tag := box[:size], box[size:]
	at := len(dst)
	dst = append(dst, box...)
	plain := dst[at:]

	c.ctr[0] = 2 // three bytes of counter
	copy(c.ctr[1:], nonce)
	for i := 0; i < size; i += 16 {
		n := uint32(i/16 + 1)
		c.ctr[13], c.ctr[14], c.ctr[15] = byte(n>>16), byte(n>>8), byte(n)
		c.block.Encrypt(c.ks[:], c.ctr[:])
		subtle.XORBytes(plain[i:], plain[i:], c.ks[:])
	}

	c.mac[0] = 0x40 | byte((c.tag-2)/2)<<3 | 2 // RFC 3610 section 2.2: extra data is there, L is 3
	copy(c.mac[1:], nonce)
	c.mac[13], c.mac[14], c.mac[15] = byte(size>>16), byte(size>>8), byte(size)
	c.block.Encrypt(c.mac[:], c.mac[:])
	c.ks = [16]byte{}
	binary.BigEndian.PutUint16(c.ks[:], uint16(len(extra)))
	n := copy(c.ks[2:], extra)
	subtle.XORBytes(c.mac[:], c.mac[:], c.ks[:])
	c.block.Encrypt(c.mac[:], c.mac[:])
	c.absorb(extra[n:])
	c.absorb(plain)

	c.ctr[13], c.ctr[14], c.ctr[15] = 0, 0, 0
	c.block.Encrypt(c.ks[:], c.ctr[:])
	subtle.XORBytes(c.mac[:], c.mac[:], c.ks[:])
	if subtle.ConstantTimeCompare(c.mac[:c.tag], tag) != 1 {
		return nil, errOpen
	}
	return dst, nil
}

// absorb adds b, filled up with zeros to whole blocks, to the MAC.
func (c *ccmMode) absorb(b []byte) {
	for len(b) > 0 {
		n := subtle.XORBytes(c.mac[:], c.mac[:], b[:min(16, len(b))])
		b = b[n:]
		c.block.Encrypt(c.mac[:], c.mac[:])
	}
}
