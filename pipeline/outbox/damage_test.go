package outbox

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// image is a segment with n records, and where each begins.
func image(n int) (b []byte, starts []int) {
	for i := range n {
		r := record(i)
		r.Number, r.Stored = uint64(i+1), time.Now()
		starts = append(starts, len(b))
		b = appendFrame(b, &r)
	}
	return b, starts
}

// reopened is what a log reads of one segment with these bytes.
func reopened(t *testing.T, b []byte) ([]Record, *Log) {
	t.Helper()
	m := newMemory()
	m.names[newSegment(1).name] = &inode{data: b}
	l := must(open(small(), m))
	c := must(l.Cursor("a"))
	if err := l.Append(records(99, 1)); err != nil { // what comes later is not touched
		t.Fatal(err)
	}
	got := drain(t, c)
	if len(got) == 0 || string(got[len(got)-1].Body) != string(record(99).Body) {
		t.Fatal("what was appended after the damage is not there")
	}
	if lag := c.Lag(); lag.Alerts != 0 {
		t.Fatalf("lag %+v after all was read", lag)
	}
	l.Close()
	return got[:len(got)-1], l
}

// Any one bit may flip: nothing is lost.
func TestOneBitFlipped(t *testing.T) {
	good, _ := image(8)
	for bit := range len(good) * 8 {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		s := scan{b: b, from: 1}
		var got []Record
		for r, ok := s.next(); ok; r, ok = s.next() {
			got = append(got, r)
		}
		if s.repaired != 1 || s.damaged != 0 || s.off != len(good) {
			t.Fatalf("bit %d: repaired %d, damaged %d, read to %d of %d", bit, s.repaired, s.damaged, s.off, len(good))
		}
		same(t, got, records(0, 8))
	}
	b := bytes.Clone(good)
	b[700] ^= 4
	got, l := reopened(t, b)
	same(t, got, records(0, 8))
	if s := l.Stats(); s.Repaired != 1 {
		t.Errorf("%+v", s)
	}
}

// Worse damage costs the records that it hit, and no others.
func TestDamage(t *testing.T) {
	good, starts := image(30)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := bytes.Clone(good)
		from := r.IntN(len(b))
		to := min(len(b), from+1+r.IntN(600))
		for i := from; i < to; i++ {
			b[i] = byte(r.Uint32())
		}
		got, _ := reopened(t, b)
		hit := func(n int) bool {
			end := len(good)
			if n+1 < len(starts) {
				end = starts[n+1]
			}
			return starts[n] < to && from < end
		}
		next := 0
		for n := range 30 {
			switch {
			case next < len(got) && string(got[next].Body) == string(record(n).Body):
				next++
			case !hit(n):
				t.Fatalf("bytes %d to %d: record %d at %d is lost", from, to, n, starts[n])
			}
		}
		if next != len(got) {
			t.Fatalf("bytes %d to %d: record %d is corrupt: %+v", from, to, next, got[next])
		}
	}
}

// A file may end anywhere: the whole records before are there.
func TestCutAnywhere(t *testing.T) {
	good, starts := image(6)
	for cut := range good {
		s := scan{b: bytes.Clone(good[:cut]), from: 1}
		n := 0
		for _, ok := s.next(); ok; _, ok = s.next() {
			n++
		}
		if n >= len(starts) || starts[n] > cut || n+1 < len(starts) && starts[n+1] <= cut || s.off != starts[n] || s.damaged+s.repaired > 0 {
			t.Fatalf("cut at %d: %d records, read to %d", cut, n, s.off)
		}
	}
	got, l := reopened(t, good[:starts[5]+20])
	same(t, got, records(0, 5))
	if s := l.Stats(); s.Torn != 20 {
		t.Errorf("%+v", s)
	}
}

// A cursor whose newer place is damaged goes back to the one before; with none, to the beginning. It never goes ahead.
func TestDamagedCursor(t *testing.T) {
	m := newMemory()
	l := must(open(small(), m))
	c := must(l.Cursor("a"))
	if err := l.Append(records(0, 20)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.Commit(must(c.Next(nil, 5, 1<<20)))
	}
	l.Close()
	place := m.names[cursorFile("a")]
	good := bytes.Clone(place.data)
	f := func(want int, damage func(b []byte)) {
		t.Helper()
		place.data = bytes.Clone(good)
		damage(place.data)
		l := must(open(small(), m))
		same(t, must(must(l.Cursor("a")).Next(nil, 100, 1<<20)), records(want, 20-want))
		l.Close()
	}
	newer := int(c.turn) % 2 * slotPage
	f(10, func([]byte) {})
	for i := range slotSize {
		f(5, func(b []byte) { b[newer+i] ^= 0x10 })
	}
	f(0, func(b []byte) { b[3] ^= 1; b[slotPage+3] ^= 1 })
	f(0, func(b []byte) { clear(b) })
	place.data = nil
	l = must(open(small(), m))
	same(t, must(must(l.Cursor("a")).Next(nil, 100, 1<<20)), records(0, 20))
	l.Close()
}

// With its segments gone, a log must not give numbers that a cursor has passed.
func TestSegmentsGone(t *testing.T) {
	m := newMemory()
	l := must(open(small(), m))
	c := must(l.Cursor("a"))
	if err := l.Append(records(0, 20)); err != nil {
		t.Fatal(err)
	}
	drain(t, c)
	l.Close()
	names, _ := m.list()
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix) {
			m.remove(name)
		}
	}
	l = must(open(small(), m))
	defer l.Close()
	c = must(l.Cursor("a"))
	if err := l.Append(records(20, 3)); err != nil {
		t.Fatal(err)
	}
	same(t, drain(t, c), records(20, 3))
}

// A file that somebody removes while the log is open costs what was in it, and stops nothing.
func TestSegmentRemovedUnderneath(t *testing.T) {
	m := newMemory()
	l := must(open(small(), m))
	defer l.Close()
	c := must(l.Cursor("a"))
	for i := range 6 {
		if err := l.Append(records(20*i, 20)); err != nil {
			t.Fatal(err)
		}
	}
	m.remove(newSegment(1).name)
	first := l.segments[1].first
	same(t, drain(t, c), records(int(first)-1, 121-int(first)))
	if missed := c.Lag().Missed; missed != first-1 {
		t.Errorf("missed %d, want %d", missed, first-1)
	}
}

func FuzzScan(f *testing.F) {
	good, starts := image(3)
	f.Add(good)
	f.Add(good[:starts[2]+5])
	f.Add(append(bytes.Clone(mark), good...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := scan{b: b, from: 1}
		before, at := uint64(0), 0
		for r, ok := s.next(); ok; r, ok = s.next() {
			if r.Number <= before || s.off <= at || s.off > len(b) || len(r.Body) > len(b) {
				t.Fatalf("number %d after %d, at %d after %d of %d", r.Number, before, s.off, at, len(b))
			}
			if size := r.frameSize(); size > s.off-at {
				t.Fatalf("a record of %d bytes in %d", size, s.off-at)
			}
			before, at = r.Number, s.off
		}
		// What was written is read back as it was.
		r := Record{Number: 1, UID: string(b[:min(len(b), 100)]), Activity: 1, Body: b}
		again := scan{b: appendFrame(nil, &r), from: 1}
		if got, ok := again.next(); !ok || got.UID != r.UID || !bytes.Equal(got.Body, b) || again.repaired+again.damaged > 0 {
			t.Fatalf("read back %+v", got)
		}
	})
}
