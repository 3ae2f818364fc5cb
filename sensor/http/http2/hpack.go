package http2

import (
	"golang.org/x/net/http2/hpack"

	"auscult/sensor/http"
)

// decoder reads the header blocks of one direction (RFC 7541). Blocks may be cut anywhere.
type decoder struct {
	table
	skip   int  // bytes left of a string that is longer than a head may be
	value  bool // behind it comes a value
	insert bool // the field goes into the table
}

// begin makes d ready for a new block.
func (d *decoder) begin() { d.skip, d.value, d.insert = 0, false, false }

// whole is whether d stands between two fields.
func (d *decoder) whole() bool { return d.skip == 0 && !d.value }

// decode reads the fields in b into s and returns the rest of b: the beginning of a field that is not all there.
// Of a block with an error the rest is passed over.
func (d *decoder) decode(s *section, b []byte) []byte {
	for len(b) > 0 && !s.broken {
		var n int
		switch {
		case !d.whole():
			n = d.pass(s, b)
		case b[0]&0x80 != 0:
			n = d.indexed(s, b)
		case b[0]&0xe0 == 0x20:
			n = d.update(s, b)
		default:
			n = d.literal(s, b)
		}
		switch {
		case n < 0:
			s.broken = true
			s.marks |= http.BadHeader
			d.lose(0)
			d.pool.Stats.LostTables++
		case n == 0:
			return b
		default:
			b = b[n:]
		}
	}
	return nil
}

// The steps of decode return the bytes they have read; 0 when b is too short, -1 when it is in error.

// pass passes over a field that is too long.
func (d *decoder) pass(s *section, b []byte) int {
	n := min(d.skip, len(b))
	d.skip -= n
	if d.skip > 0 {
		return n
	}
	if d.value {
		if n == len(b) {
			return n
		}
		_, length, used := stringHead(b[n:])
		if used <= 0 {
			if used == 0 && n > 0 {
				return n
			}
			return used
		}
		d.value, d.skip = false, length
		n += used
	}
	if d.skip == 0 && d.insert {
		// It is longer than a table is, and so empties it. If not, what is older is only taken as unknown.
		d.lose(http.LossDecodeLimit)
		d.pool.Stats.LostTables++
	}
	return n
}

// indexed reads a field that is in a table (RFC 7541 section 6.1).
func (d *decoder) indexed(s *section, b []byte) int {
	i, n := readInt(b, 7)
	if n <= 0 {
		return n
	}
	if i == 0 {
		return -1
	}
	f, static, ok := d.lookup(s, i)
	switch {
	case !ok:
	case static:
		s.add(f.Name, f.Value, len(s.buf))
	case s.fits(len(f.Name) + len(f.Value)):
		at := len(s.buf)
		s.buf = append(append(s.buf, f.Name...), f.Value...)
		mid := at + len(f.Name)
		s.add(s.buf[at:mid:mid], s.buf[mid:len(s.buf):len(s.buf)], at)
	}
	return n
}

// update reads a new table size (RFC 7541 section 6.3).
func (d *decoder) update(s *section, b []byte) int {
	size, n := readInt(b, 5)
	if n > 0 {
		if s.begun {
			s.marks |= http.BadHeader
		}
		d.resize(size)
	}
	return n
}

// literal reads a field whose value, and perhaps name, stands there (RFC 7541 section 6.2).
func (d *decoder) literal(s *section, b []byte) int {
	bits := uint(4)
	insert := b[0]&0x40 != 0
	if insert {
		bits = 6
	}
	index, n := readInt(b, bits)
	if n <= 0 {
		return n
	}
	var name, value text
	if index == 0 {
		var used int
		if name, used = readText(b[n:], d.pool.Config.HeadBytes); used <= 0 {
			return used
		}
		n += used
		if name.long {
			return d.long(s, name.n, insert, true, n)
		}
		if name.short || n == len(b) {
			return 0
		}
	}
	value, used := readText(b[n:], d.pool.Config.HeadBytes-len(name.b))
	if used <= 0 {
		return used
	}
	n += used
	if value.long {
		return d.long(s, value.n, insert, false, n)
	}
	if value.short {
		return 0
	}
	at, known := len(s.buf), true
	var f http.Header
	if index != 0 {
		var static bool
		f, static, known = d.lookup(s, index)
		if known && !static {
			s.buf = append(s.buf, f.Name...)
			f.Name = s.buf[at:len(s.buf):len(s.buf)]
		}
	} else {
		f.Name, known = s.text(name)
	}
	var fine bool
	f.Value, fine = s.text(value)
	known = known && fine
	if insert {
		d.table.insert(f.Name, f.Value, known)
	}
	if known {
		s.add(f.Name, f.Value, at)
	} else {
		s.buf = s.buf[:at]
	}
	return n
}

// long begins to pass over a field with a string of length bytes, more than a head may have; value says that one
// more follows, n how many bytes of the field were read.
func (d *decoder) long(s *section, length int, insert, value bool, n int) int {
	s.over, s.begun = true, true
	d.skip, d.value, d.insert = length, value, insert
	return n
}

// lookup returns the field at index i of the tables. A dynamic one is valid until the table changes.
func (d *decoder) lookup(s *section, i int) (f http.Header, static, ok bool) {
	s.begun = true
	if i <= len(staticFields) {
		return staticFields[i-1], true, true
	}
	f, ok = d.field(i - len(staticFields) - 1)
	if !ok {
		s.marks |= http.HeaderState
		s.loss |= d.why
		if !d.older {
			s.marks |= http.BadHeader // no such field: its receiver must not go on (RFC 7541 section 2.3.3)
		}
	}
	return f, false, ok
}

// text is a string literal (RFC 7541 section 5.2) as it stands in a block.
type text struct {
	b       []byte
	n       int // bytes on the wire
	huffman bool
	long    bool // longer than asked for; b is empty
	short   bool // not all there; b is empty
}

// readText reads a string of at most most bytes at the start of b, and says how many bytes were read: of a long
// or short one those of its length.
func readText(b []byte, most int) (t text, used int) {
	t.huffman, t.n, used = stringHead(b)
	if used <= 0 {
		return t, used
	}
	switch {
	case t.n > most:
		t.long = true
	case t.n > len(b)-used:
		t.short = true
	default:
		t.b = b[used : used+t.n]
		used += t.n
	}
	return t, used
}

// stringHead reads the length of a string.
func stringHead(b []byte) (huffman bool, n, used int) {
	if len(b) == 0 {
		return false, 0, 0
	}
	n, used = readInt(b, 7)
	return b[0]&0x80 != 0, n, used
}

// readInt reads an integer with a prefix of so many bits (RFC 7541 section 5.1). No integer that means anything
// is larger than 28 bits; a larger one is in error.
func readInt(b []byte, bits uint) (v, used int) {
	most := 1<<bits - 1
	v = int(b[0]) & most
	if v < most {
		return v, 1
	}
	for i := 1; i < len(b); i++ {
		if i > 4 {
			return 0, -1
		}
		v += int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// text appends what t says to s.buf and returns it; ok is false when it is not Huffman code.
func (s *section) text(t text) (b []byte, ok bool) {
	at := len(s.buf)
	if t.huffman {
		if _, err := hpack.HuffmanDecode(s, t.b); err != nil {
			s.marks |= http.BadHeader
			s.buf = s.buf[:at]
			return nil, false
		}
	} else {
		s.buf = append(s.buf, t.b...)
	}
	return s.buf[at:len(s.buf):len(s.buf)], true
}

// Write takes what Huffman code says.
func (s *section) Write(b []byte) (int, error) {
	s.buf = append(s.buf, b...)
	return len(b), nil
}
