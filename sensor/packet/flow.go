package packet

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// NewFlow is the flow of a segment from src to dst, and the segment's direction in it.
func NewFlow(src, dst netip.AddrPort) (Flow, Dir) {
	a, b := Endpoint{src.Addr().As16(), src.Port()}, Endpoint{dst.Addr().As16(), dst.Port()}
	if after(a.key(), b.key(), a.Port, b.Port) {
		return Flow{b, a}, BtoA
	}
	return Flow{a, b}, AtoB
}

func (e *Endpoint) key() key {
	return key{binary.BigEndian.Uint64(e.Addr[:8]), binary.BigEndian.Uint64(e.Addr[8:])}
}

// Hash is a stable 64-bit hash of f, the same for both directions and on every machine. It is not keyed: who
// chooses addresses and ports can make flows collide, so it may pick a partition or an id but not a hash slot.
func (f *Flow) Hash() uint64 {
	return f.KeyedHash(0xa0761d6478bd642f, 0xe7037ed1a0b428db)
}

// KeyedHash is Hash under a secret key: for hash tables that strangers fill.
func (f *Flow) KeyedHash(k0, k1 uint64) uint64 {
	a, b := f.A.key(), f.B.key()
	h := mix(a.hi^k0, a.lo^k1)
	h = mix(b.hi^k0^h, b.lo^k1)
	return mix(h^k1, (uint64(f.A.Port)<<16|uint64(f.B.Port))^k0)
}

// mix is the folded multiplication of wyhash.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// CommunityID is the Community ID v1 of f with TCP: the same in both directions, whatever the Dir.
// (https://github.com/corelight/community-id-spec)
func CommunityID(f *Flow, d Dir, seed uint16) string {
	return string(AppendCommunityID(make([]byte, 0, 30), f, d, seed))
}

// AppendCommunityID appends the Community ID v1 of f to dst: 30 bytes, "1:" and the base64 of a SHA-1.
func AppendCommunityID(dst []byte, f *Flow, _ Dir, seed uint16) []byte {
	var in [40]byte
	b := binary.BigEndian.AppendUint16(in[:0], seed)
	b = f.A.appendAddr(b)
	b = f.B.appendAddr(b)
	b = append(b, protoTCP, 0)
	b = binary.BigEndian.AppendUint16(b, f.A.Port)
	b = binary.BigEndian.AppendUint16(b, f.B.Port)
	digest := sha1.Sum(b)
	return base64.StdEncoding.AppendEncode(append(dst, "1:"...), digest[:])
}

// appendAddr appends the address in 4 bytes if it is IPv4, else in 16.
func (e *Endpoint) appendAddr(b []byte) []byte {
	if k := e.key(); k.hi == 0 && k.lo>>32 == 0xffff {
		return append(b, e.Addr[12:]...)
	}
	return append(b, e.Addr[:]...)
}
