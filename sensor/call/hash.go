package call

import (
	"encoding/binary"
	"math/bits"
)

// Multipliers of the hash: digits of pi, odd.
const (
	k0 = 0x243f6a8885a308d3
	k1 = 0x13198a2e03707345
	k2 = 0xa4093822299f31d1
)

// hash folds b into seed: 64 bits, the same on every machine and in every release. It is not keyed, since keys
// made of it are compared across machines; a forged collision costs its maker the telling apart of two of its
// own identifiers.
func hash[B []byte | string](seed uint64, b B) uint64 {
	h := seed ^ k0 ^ uint64(len(b))*k1
	var tail uint64
	switch n := len(b); {
	case n >= 8:
		last := word64(b[n-8:])
		for len(b) >= 8 {
			h = mix(h^word64(b), k2)
			b = b[8:]
		}
		if n %= 8; n > 0 {
			tail = last >> (64 - 8*n)
		}
	case n >= 4:
		tail = uint64(word32(b)) | uint64(word32(b[n-4:]))<<(8*(n-4))
	case n > 0:
		tail = uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
	}
	return mix(mix(h^tail, k1), k0)
}

// word32 reads the first four bytes of b, little-endian.
func word32[B []byte | string](b B) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// word64 reads the first eight bytes of b, little-endian.
func word64[B []byte | string](b B) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^k1, b^a>>32)
	return hi ^ lo
}

// Seeds that keep the name spaces of keys apart.
const (
	seedPrincipal = 1 + iota
	seedToken
	seedPatient
	seedBusiness
	seedRecord
	seedParam
	seedEndpoint
	seedAgent
	seedArg
	seedValue
	seedSecret
	seedProp
	seedSignature
)

// PatientKey is the Key of the patient with a logical id, in whatever API it was named.
func PatientKey(id []byte) uint64 { return objectKey(seedPatient, 0, id) }

// TokenHash is Principal.Token of a credential as sent: the cookie's value, the bearer token, the key.
func TokenHash(credential []byte) uint64 { return nonzero(hash(seedToken, credential)) }

func principalKey(kind PrincipalKind, issuer, id []byte) uint64 {
	return nonzero(hash(hash(seedPrincipal+uint64(kind)<<8, issuer), id))
}

// objectKey hashes an id in its name space. UUIDs are compared without case, as servers do.
func objectKey(seed, typ uint64, id []byte) uint64 {
	if len(id) == 36 && id[8] == '-' && isUUID(id) {
		var low [36]byte
		return nonzero(hash(mix(seed, typ|1), lower(low[:0], id)))
	}
	return nonzero(hash(mix(seed, typ|1), id))
}

func endpointKey(method string, host, route []byte) uint64 {
	return nonzero(hash(hash(hash(seedEndpoint, method), host), route))
}

func number(seed, n uint64) uint64 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	return hash(seed, b[:])
}

// valueHash is Arg.Value and Prop.Value of a value: the same where a request sends and a response echoes it.
func valueHash(value []byte) uint64 { return nonzero(hash(seedValue, value)) }

// nonzero keeps 0 free to mean none.
func nonzero(h uint64) uint64 {
	if h == 0 {
		return k0
	}
	return h
}

func lower(dst, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
