package state

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
)

// What is sealed is cut into chunks, each under AES-256-GCM with its number and whether it is the last as the nonce
// (Hoang and others, "Online authenticated encryption and its nonce-reuse misuse-resistance", 2015, STREAM): a chunk
// cannot be changed, left out, moved or come from elsewhere, and the end cannot be cut off. The key is of one file.

const chunkSize = 256 << 10

// errSeal is the error of a chunk that is not as it was sealed.
var errSeal = errors.New("is damaged: its seal does not fit")

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func nonce(number uint64, last bool) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[:], number)
	if last {
		n[11] = 1
	}
	return n[:]
}

// sealer writes sealed chunks of what is written to it.
type sealer struct {
	to     io.Writer
	aead   cipher.AEAD
	number uint64
	plain  []byte
	sealed []byte
}

func newSealer(to io.Writer, key []byte) (*sealer, error) {
	aead, err := gcm(key)
	return &sealer{to: to, aead: aead, plain: make([]byte, 0, chunkSize)}, err
}

func (s *sealer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(s.plain) == chunkSize { // more is to come, so it is not the last
			if err := s.flush(false); err != nil {
				return 0, err
			}
		}
		k := min(len(p), chunkSize-len(s.plain))
		s.plain, p = append(s.plain, p[:k]...), p[k:]
	}
	return n, nil
}

func (s *sealer) flush(last bool) error {
	s.sealed = s.aead.Seal(s.sealed[:0], nonce(s.number, last), s.plain, nil)
	s.number, s.plain = s.number+1, s.plain[:0]
	_, err := s.to.Write(s.sealed)
	return err
}

// Close writes the last chunk.
func (s *sealer) Close() error { return s.flush(true) }

// opener reads what a sealer wrote.
type opener struct {
	from   io.Reader
	aead   cipher.AEAD
	number uint64
	sealed []byte
	plain  []byte // what is left of the chunk
	last   bool
}

func newOpener(from io.Reader, key []byte) (*opener, error) {
	aead, err := gcm(key)
	return &opener{from: from, aead: aead, sealed: make([]byte, 0, chunkSize+32)}, err
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.last {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// next opens a chunk. Only a whole one can be followed by another.
func (o *opener) next() error {
	size := chunkSize + o.aead.Overhead()
	o.sealed = o.sealed[:size]
	n, err := io.ReadFull(o.from, o.sealed)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		if errors.Is(err, io.EOF) {
			return errSeal // the last was missing
		}
		return err
	}
	if n == size {
		if o.plain, err = o.aead.Open(nil, nonce(o.number, false), o.sealed, nil); err == nil {
			o.number++
			return nil
		}
	}
	if o.plain, err = o.aead.Open(nil, nonce(o.number, true), o.sealed[:n], nil); err != nil {
		return errSeal
	}
	o.last = true
	if n, err := o.from.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return errSeal
	}
	return nil
}
