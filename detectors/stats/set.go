package stats

import "auscult/sensor/clock"

// Set is an exact set of 64-bit hashes by open addressing. The zero value is empty.
type Set struct {
	slots []uint64
	n     int
	zero  bool
}

// Len is the number of members.
func (s *Set) Len() int { return s.n }

// Has tells whether h is a member.
func (s *Set) Has(h uint64) bool { return s.n > 0 && s.has(h, Mix(h)) }

// has is Has of an h that was mixed before.
func (s *Set) has(h, mixed uint64) bool {
	if h == 0 {
		return s.zero
	}
	if len(s.slots) == 0 {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for i := mixed & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return true
		case 0:
			return false
		}
	}
}

// Add puts h in and tells whether it is new.
func (s *Set) Add(h uint64) bool { return s.add(h, Mix(h)) }

func (s *Set) add(h, mixed uint64) bool {
	if h == 0 {
		if s.zero {
			return false
		}
		s.zero = true
		s.n++
		return true
	}
	if 4*(s.n+1) > 3*len(s.slots) {
		if s.has(h, mixed) {
			return false
		}
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := mixed & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return false
		case 0:
			s.slots[i] = h
			s.n++
			return true
		}
	}
}

// Append appends the members to dst, in no stated order.
func (s *Set) Append(dst []uint64) []uint64 {
	if s.zero {
		dst = append(dst, 0)
	}
	for _, h := range s.slots {
		if h != 0 {
			dst = append(dst, h)
		}
	}
	return dst
}

// Clear empties the set and keeps its room.
func (s *Set) Clear() {
	clear(s.slots)
	s.n, s.zero = 0, false
}

func (s *Set) grow() {
	old := s.slots
	s.slots = make([]uint64, max(16, 2*len(old)))
	mask := uint64(len(s.slots) - 1)
	for _, h := range old {
		if h == 0 {
			continue
		}
		i := Mix(h) & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = h
	}
}

// Mix spreads a hash whose low bits an attacker may have chosen (the finaliser of MurmurHash3).
func Mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Recent remembers hashes for between one and two half-lives, in two generations. At its limit it turns over
// early: what was seen longest ago goes first. The zero value is empty.
type Recent struct {
	cur, old Set
	since    clock.Time
}

// Has tells whether h was seen within the memory.
func (r *Recent) Has(h uint64, now, half clock.Time) bool {
	r.turn(now, half)
	if r.Len() == 0 {
		return false
	}
	mixed := Mix(h)
	return r.cur.has(h, mixed) || r.old.has(h, mixed)
}

// Add remembers h. It tells whether h is new, and whether the limit forced an early turn.
func (r *Recent) Add(h uint64, now, half clock.Time, limit int) (fresh, full bool) {
	r.turn(now, half)
	mixed := Mix(h)
	if r.cur.Len() >= max(1, limit/2) {
		if r.cur.has(h, mixed) {
			return false, false
		}
		r.rotate(now)
		full = true
	}
	if !r.cur.add(h, mixed) {
		return false, full
	}
	return !r.old.has(h, mixed), full
}

// Parts are the two generations, and since when the newer one is.
func (r *Recent) Parts() (cur, old *Set, since clock.Time) { return &r.cur, &r.old, r.since }

// Restore takes two generations.
func (r *Recent) Restore(cur, old Set, since clock.Time) { r.cur, r.old, r.since = cur, old, since }

// Len is the number of hashes remembered; one seen in both generations counts twice.
func (r *Recent) Len() int { return r.cur.Len() + r.old.Len() }

func (r *Recent) turn(now, half clock.Time) {
	if r.since == 0 {
		r.since = now
	}
	if now-r.since < half {
		return
	}
	if now-r.since >= 2*half {
		r.old.Clear()
		r.cur.Clear()
		r.since = now
		return
	}
	r.rotate(r.since + half)
}

func (r *Recent) rotate(at clock.Time) {
	r.old, r.cur = r.cur, r.old
	r.cur.Clear()
	r.since = at
}
