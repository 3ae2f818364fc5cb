package detectors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"auscult/detectors/stats"
	"auscult/sensor/clock"
)

// encoder appends what is learned to a file of fixed order: the same state gives the same bytes.
type encoder struct{ b []byte }

func (e *encoder) hash(x uint64)        { e.b = binary.LittleEndian.AppendUint64(e.b, x) }
func (e *encoder) count(n int)          { e.b = binary.AppendUvarint(e.b, uint64(max(0, n))) }
func (e *encoder) number(x uint64)      { e.b = binary.AppendUvarint(e.b, x) }
func (e *encoder) real(x float64)       { e.hash(math.Float64bits(x)) }
func (e *encoder) time(t clock.Time)    { e.b = binary.AppendVarint(e.b, int64(t)) }
func (e *encoder) word(s string)        { e.count(len(s)); e.b = append(e.b, s...) }
func (e *encoder) rate(r *stats.Rate)   { e.real(r.Sum); e.real(r.Square); e.real(r.N) }
func (e *encoder) table(t *stats.Table) { e.symbols(t.Counts()) }

func (e *encoder) flag(b bool) {
	if b {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

// symbols writes counts up to the last that is not zero.
func (e *encoder) symbols(n []uint32) {
	for len(n) > 0 && n[len(n)-1] == 0 {
		n = n[:len(n)-1]
	}
	e.count(len(n))
	for _, x := range n {
		e.number(uint64(x))
	}
}

// hashes writes a set, in order.
func (e *encoder) hashes(members []uint64) {
	slices.Sort(members)
	e.count(len(members))
	for _, h := range members {
		e.hash(h)
	}
}

func (e *encoder) recent(r *stats.Recent) {
	cur, old, since := r.Parts()
	e.time(since)
	e.hashes(cur.Append(nil))
	e.hashes(old.Append(nil))
}

// decoder reads what an encoder wrote. After the first fault it yields zeros, so that one check at the end will do;
// what it allocates is bounded by the bytes that are there.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.b = nil
}

func (d *decoder) number() uint64 {
	x, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("ends too early")
		return 0
	}
	d.b = d.b[n:]
	return x
}

// count reads how many things of at least size bytes follow, at most limit.
func (d *decoder) count(limit, size int) int {
	n := d.number()
	if n > uint64(limit) || n*uint64(size) > uint64(len(d.b)) {
		d.fail("says that %d things follow, more than there can be", n)
		return 0
	}
	return int(n)
}

func (d *decoder) hash() uint64 {
	if len(d.b) < 8 {
		d.fail("ends too early")
		return 0
	}
	x := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return x
}

// real reads a number that is finite and not negative: all that is learned is a count, a sum or a share.
func (d *decoder) real() float64 {
	x := math.Float64frombits(d.hash())
	if !(x >= 0 && x <= 1e15) {
		d.fail("holds a number that nothing learned can be")
		return 0
	}
	return x
}

func (d *decoder) time() clock.Time {
	x, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("ends too early")
		return 0
	}
	if x < 0 || x > 1<<62 {
		d.fail("holds a time that cannot be")
		return 0
	}
	d.b = d.b[n:]
	return clock.Time(x)
}

func (d *decoder) flag() bool {
	if len(d.b) == 0 {
		d.fail("ends too early")
		return false
	}
	if d.b[0] > 1 {
		d.fail("holds a flag that is neither yes nor no")
		return false
	}
	yes := d.b[0] == 1
	d.b = d.b[1:]
	return yes
}

func (d *decoder) word(limit int) string {
	n := d.count(limit, 1)
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) rate() (r stats.Rate) {
	r.Sum, r.Square, r.N = d.real(), d.real(), d.real()
	return r
}

func (d *decoder) symbols(into []uint32) {
	for i := range d.count(len(into), 1) {
		x := d.number()
		if x > 1<<30 {
			d.fail("holds a count that cannot be")
			return
		}
		into[i] = uint32(x)
	}
}

func (d *decoder) table() (t stats.Table) {
	var n [stats.Symbols]uint32
	d.symbols(n[:])
	if !t.Restore(&n) {
		d.fail("holds a table with too many counts")
	}
	return t
}

func (d *decoder) few() (f stats.Few) {
	var n [3]uint32
	d.symbols(n[:])
	if !f.Restore(&n) {
		d.fail("holds a table with too many counts")
	}
	return f
}

func (d *decoder) hashes(limit int, take func(uint64)) {
	last := uint64(0)
	for i := range d.count(limit, 8) {
		h := d.hash()
		if i > 0 && h <= last {
			d.fail("holds a set out of order")
			return
		}
		last = h
		take(h)
	}
}

// recent reads a memory of at most limit hashes.
func (d *decoder) recent(limit int) (r stats.Recent) {
	since := d.time()
	var cur, old stats.Set
	d.hashes(limit, func(h uint64) { cur.Add(h) })
	d.hashes(limit, func(h uint64) { old.Add(h) })
	r.Restore(cur, old, since)
	return r
}
