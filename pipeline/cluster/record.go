package cluster

import (
	"encoding/binary"
	"errors"

	"auscult/sensor/call"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
)

// record writes or reads calls as they travel: for each its length, then its fields in the order of call, without names:
// numbers as varints (those with a sign zigzag), hashes and addresses as they are, strings and lists behind their length.
// What a later version adds stands behind: a reader passes over what is left of a record, and takes as zero what is not
// there. One list of fields serves both ways, so that they cannot differ. A general encoding by names, CBOR, took 7 µs a
// call each way, twice of what detection does; this takes a tenth of it.
type record struct {
	out     []byte // what is written
	in      string // what is read: strings of calls are parts of it
	reading bool
	bad     bool // what is read says what cannot be
}

// errRecord is what a record says that cannot be.
var errRecord = errors.New("a call is not as it is written")

// maxLength is how many bytes are kept for the length of a record that is being written.
const maxLength = 4

// encode appends c to dst. What the connection log says of a LinkOnly stays behind: only its place in the order counts.
func (r *record) encode(dst []byte, c *call.Call) []byte {
	from := len(dst)
	r.out, r.reading = append(dst, make([]byte, maxLength)...), false
	r.call(c)
	dst, r.out = r.out, nil
	binary.LittleEndian.PutUint32(dst[from:], uint32(len(dst)-from-maxLength))
	return dst
}

// decode reads the call that in begins with, and returns what is behind it. The strings of the call are parts of in.
func (r *record) decode(c *call.Call, in string) (rest string, err error) {
	if len(in) < maxLength {
		return "", errRecord
	}
	n := uint64(in[0]) | uint64(in[1])<<8 | uint64(in[2])<<16 | uint64(in[3])<<24
	in = in[maxLength:]
	if n > uint64(len(in)) {
		return "", errRecord
	}
	r.in, r.reading, r.bad = in[:n], true, false
	*c = call.Call{}
	r.call(c)
	r.in = ""
	if r.bad || !fits(c) {
		return "", errRecord
	}
	return in[n:], nil
}

// fits is whether the values are such that the stages behind can work with them: they name enums by index.
func fits(c *call.Call) bool {
	if c.Kind > call.LinkOnly || c.Principal.Kind > call.Address || c.Grant > call.ClientCredentials || c.Time < 0 || c.Auth.Scheme > call.OtherScheme {
		return false
	}
	for i := range c.Objects {
		if c.Objects[i].Where > call.InHeader {
			return false
		}
	}
	for i := range c.Args {
		if a := &c.Args[i]; a.Where > call.InHeader || a.Kind > call.Secret {
			return false
		}
	}
	return true
}

type signed interface{ ~int | ~int64 }

type unsigned interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}

// num is a number with a sign.
func num[T signed](r *record, v *T) {
	if !r.reading {
		r.out = binary.AppendVarint(r.out, int64(*v))
		return
	}
	n := r.varint()
	*v = T(n>>1) ^ -T(n&1)
}

// bits is a number without one.
func bits[T unsigned](r *record, v *T) {
	if !r.reading {
		r.out = binary.AppendUvarint(r.out, uint64(*v))
		return
	}
	n := r.varint()
	*v = T(n)
	r.bad = r.bad || uint64(*v) != n
}

// varint reads one; zero at the end of the record.
func (r *record) varint() (n uint64) {
	for i := range min(len(r.in), binary.MaxVarintLen64) {
		b := r.in[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.in = r.in[i+1:]
			return n
		}
	}
	r.bad = r.bad || len(r.in) > 0
	r.in = ""
	return 0
}

// hash is a number that has no small values, or is zero.
func (r *record) hash(v *uint64) {
	if !r.reading {
		r.out = binary.LittleEndian.AppendUint64(r.out, *v)
		return
	}
	if b := r.bytes(8); b != "" {
		*v = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	}
}

// bytes reads n of them; none at the end of the record.
func (r *record) bytes(n int) string {
	if len(r.in) < n {
		r.bad = r.bad || len(r.in) > 0
		r.in = ""
		return ""
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

func (r *record) text(v *string) {
	n := uint64(len(*v))
	bits(r, &n)
	if !r.reading {
		r.out = append(r.out, *v...)
	} else if r.count(n, 1) {
		*v = r.bytes(int(n))
	}
}

// count is whether n items of at least size bytes can still stand in what is read.
func (r *record) count(n uint64, size int) bool {
	if n > uint64(len(r.in)/size) {
		r.bad, r.in = true, ""
	}
	return n > 0 && !r.bad
}

func (r *record) flags(list ...*bool) {
	var set uint8
	for i, v := range list {
		if *v {
			set |= 1 << i
		}
	}
	bits(r, &set)
	for i, v := range list {
		*v = set&(1<<i) != 0
	}
}

// items is a list whose items take at least size bytes each.
func items[T any](r *record, v *[]T, size int, item func(*record, *T)) {
	n := uint64(len(*v))
	bits(r, &n)
	if r.reading && r.count(n, size) {
		*v = make([]T, n)
	}
	for i := range *v {
		item(r, &(*v)[i])
	}
}

func (r *record) address(v *packet.Addr) {
	if !r.reading {
		r.out = append(r.out, v[:]...)
		return
	}
	copy(v[:], r.bytes(len(v)))
}

func (r *record) end(v *packet.Endpoint) {
	r.address(&v.Addr)
	bits(r, &v.Port)
}

// look is all zero but for a value that looks like an attack.
func (r *record) look(v *inject.Look) {
	some := *v != inject.Look{}
	if r.flags(&some); some {
		bits(r, &v.Families)
		bits(r, &v.Sure)
		bits(r, &v.Chars)
		bits(r, &v.Target)
		r.flags(&v.Bare, &v.Disguise)
		bits(r, &v.Delay)
		r.hash(&v.Host)
	}
}
