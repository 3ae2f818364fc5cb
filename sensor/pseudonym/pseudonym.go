// Package pseudonym is the only way an identifier leaves the process. An identifier goes in, and a keyed
// pseudonym comes out: the same for the same key, and useless to who does not hold the key. A Keyer makes
// pseudonyms; Names decides for the encoders what may be shown in the clear.
package pseudonym

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"hash"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Class is what an identifier names. Each class has its own key, so that a user and a patient with the same
// number do not look alike.
type Class uint8

// Classes of identifier.
const (
	User   Class = iota // a principal
	Object              // a patient, a record, or any value of a path or query
	App                 // a client application
	Token               // a credential as sent
	Text                // a word of unknown meaning
	numClasses
)

var prefixes = [numClasses]string{"usr", "obj", "app", "tok", "txt"}

func (c Class) String() string { return prefixes[c] }

// KeySize is the length of a root key in bytes.
const KeySize = 32

const (
	bodyLen  = 20 // base32 digits of a pseudonym: 100 bits
	keyIDLen = 6  // base32 digits of the key id
	memoSize = 4096
	memoID   = 40 // longer identifiers are not remembered
)

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrKeySize is returned for a root key that has not KeySize bytes.
var ErrKeySize = errors.New("pseudonym: a root key has 32 bytes")

// Keyer turns identifiers into pseudonyms with one root key. It reuses its hash states and remembers recent
// answers, so one goroutine owns it; another takes a Clone.
type Keyer struct {
	root  [KeySize]byte
	keyID string
	macs  [numClasses]hash.Hash
	buf   []byte
	sum   []byte
	memo  []entry

	next  *Keyer // from until on; nil: for good
	until clock.Time
}

// entry remembers one answer. A pseudonym is a pure function of key, class and identifier, so a lost entry
// costs time and nothing else.
type entry struct {
	out   [bodyLen]byte
	id    [memoID]byte
	len   uint8 // of id, plus 1; 0 when the entry is empty
	class Class
}

// FromKey is the Keyer of a root key of KeySize bytes, which is copied.
func FromKey(root []byte) (*Keyer, error) {
	if len(root) != KeySize {
		return nil, ErrKeySize
	}
	k := &Keyer{buf: make([]byte, 0, 256), sum: make([]byte, 0, sha256.Size), memo: make([]entry, memoSize)}
	copy(k.root[:], root)
	id, err := hkdf.Key(sha256.New, root, nil, "auscult/v1/key-id", sha256.Size)
	if err != nil {
		return nil, err
	}
	k.keyID = lower.EncodeToString(id)[:keyIDLen]
	for c := range k.macs {
		key, err := hkdf.Key(sha256.New, root, nil, "auscult/v1/class/"+prefixes[c], sha256.Size)
		if err != nil {
			return nil, err
		}
		k.macs[c] = hmac.New(sha256.New, key)
	}
	return k, nil
}

// Clone is a Keyer of the same key for another goroutine.
func (k *Keyer) Clone() *Keyer {
	c, err := FromKey(k.root[:])
	if err != nil {
		panic(err) // the key was good when k was made
	}
	if k.next != nil {
		c.next, c.until = k.next.Clone(), k.until
	}
	return c
}

// KeyID names the key in six letters and says nothing about it.
func (k *Keyer) KeyID() string { return k.keyID }

// Append appends the pseudonym of id, "usr:<key id>:<20 base32 digits>", and returns the extended slice.
func (k *Keyer) Append(dst []byte, c Class, id string) []byte {
	k.buf = append(k.buf[:0], id...)
	return k.appendBuf(dst, c)
}

// Principal appends the pseudonym of p. Kind and issuer are part of it: subject 17 of one issuer is nobody of
// another.
func (k *Keyer) Principal(dst []byte, p *call.Principal) []byte {
	n := len(p.Issuer)
	k.buf = append(k.buf[:0], byte(p.Kind), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	k.buf = append(k.buf, p.Issuer...)
	k.buf = append(k.buf, p.ID...)
	return k.appendBuf(dst, User)
}

// appendBuf appends the pseudonym of what k.buf holds.
func (k *Keyer) appendBuf(dst []byte, c Class) []byte {
	dst = append(dst, prefixes[c]...)
	dst = append(dst, ':')
	dst = append(dst, k.keyID...)
	dst = append(dst, ':')
	id := k.buf
	if len(id) > memoID {
		return k.mac(dst, c)
	}
	e := &k.memo[fnv1a(id, c)%memoSize]
	if int(e.len) == len(id)+1 && e.class == c && string(e.id[:len(id)]) == string(id) {
		return append(dst, e.out[:]...)
	}
	dst = k.mac(dst, c)
	copy(e.out[:], dst[len(dst)-bodyLen:])
	copy(e.id[:], id)
	e.len, e.class = uint8(len(id)+1), c
	return dst
}

func (k *Keyer) mac(dst []byte, c Class) []byte {
	h := k.macs[c]
	h.Reset()
	h.Write(k.buf)
	k.sum = h.Sum(k.sum[:0])
	var out [32]byte // of 20 bytes; the first 20 digits are kept
	lower.Encode(out[:], k.sum[:20])
	return append(dst, out[:bodyLen]...)
}

func fnv1a(id []byte, c Class) uint32 {
	h := uint32(2166136261) ^ uint32(c)
	for _, b := range id {
		h = (h ^ uint32(b)) * 16777619
	}
	return h ^ h>>16
}

// Derive is a key of size bytes for one purpose, such as sealing what leaves the machine: by HKDF (RFC 5869) from the
// root key, of which it tells nothing.
func (k *Keyer) Derive(purpose string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, k.root[:], nil, "auscult/v1/"+purpose, size)
}
