package world

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"auscult/sensor/call"
)

// patients are those the hospital knows, by number from 1: patient n has the identifier ids[n].
type patients struct {
	scheme Scheme
	seed   uint64
	india  bool
	ids    []string
	keys   []uint64
	mrns   []string
	mrnKey []uint64
}

// admit makes the next patient known and returns its number.
func (p *patients) admit() int {
	n := len(p.ids)
	id, mrn := p.write(n), p.mrn(n)
	p.ids, p.keys = append(p.ids, id), append(p.keys, call.PatientKey([]byte(id)))
	p.mrns, p.mrnKey = append(p.mrns, mrn), append(p.mrnKey, hash("mrn", mrn))
	return n
}

// top is the number of the newest patient.
func (p *patients) top() int { return len(p.ids) - 1 }

func (p *patients) mrn(n int) string {
	if p.india {
		return fmt.Sprintf("UHID%08d", 1_000_000+n)
	}
	return fmt.Sprintf("M%07d", 1_000_000+n)
}

// registered is when patient n was, in milliseconds: one every four minutes.
func registered(n int) uint64 { return 1_500_000_000_000 + uint64(n)*240_000 + mix(uint64(n))%200_000 }

func (p *patients) write(n int) string {
	a, b := mix(p.seed^uint64(n)), mix(p.seed^uint64(n)<<1^0x5bd1e995)
	switch p.scheme {
	case CheckDigit:
		return luhn(strconv.Itoa(100_000 + n))
	case Hex:
		return fmt.Sprintf("%06x", 0xa00000+n)
	case Base64:
		return base64.RawURLEncoding.EncodeToString([]byte("Patient/" + strconv.Itoa(n)))
	case Base62:
		return base62(uint64(56_800_235_584 + n)) // seven characters
	case UUIDv4:
		return uuid(a&^0xf000|0x4000, b)
	case UUIDv7:
		return uuid(registered(n)<<16|0x7000|a&0xfff, b)
	case ULID:
		return ulid(registered(n), a, b)
	case ObjectID:
		return fmt.Sprintf("%08x%010x%06x", registered(n)/1000, mix(p.seed)>>24, (0x3a0000+n)&0xffffff)
	case Hashed:
		return fmt.Sprintf("%016x%08x", a, uint32(b))
	}
	return strconv.Itoa(1000 + n)
}

func uuid(high, low uint64) string {
	low = low&^(3<<62) | 1<<63
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffffffffffff)
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func ulid(ms, a, b uint64) string {
	var s [26]byte
	for i := 9; i >= 0; i-- {
		s[i] = crockford[ms&31]
		ms >>= 5
	}
	for i := 10; i < 18; i++ {
		s[i] = crockford[a&31]
		a >>= 5
	}
	for i := 18; i < 26; i++ {
		s[i] = crockford[b&31]
		b >>= 5
	}
	return string(s[:])
}

const digits62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func base62(n uint64) string {
	var s [11]byte
	i := len(s)
	for ; n > 0; n /= 62 {
		i--
		s[i] = digits62[n%62]
	}
	return string(s[i:])
}

// luhn appends the check digit of ISO/IEC 7812-1.
func luhn(digits string) string {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}
