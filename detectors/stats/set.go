package stats

import (
	"math/bits"

	"auscult/sensor/clock"
)

// Set is an exact set of 64-bit hashes. Up to sixteen are a plain list, for most sets stay that small. More are in
// groups of seven behind a word of their tags (seven bits of each hash, after Google's Swiss tables): a group is a line
// of the cache, and one miss tells of any hash. The zero value is empty.
type Set struct {
	mem  []uint64 // the list with its room, or the groups, each a word of tags and its members
	n    int32
	zero bool
}

const (
	listMost  = 16
	listStep  = 4
	groupSize = 7
	groupLine = 1 + groupSize
	groupsMin = 4
	pageWords = 4096 / 8
	tagEach   = 0x0101010101010101
	tagTop    = 0x0080808080808080 // of the tags that a group has
)

// Len is the number of members.
func (s *Set) Len() int { return int(s.n) }

// Has tells whether h is a member.
func (s *Set) Has(h uint64) bool { return s.n > 0 && s.has(h, Mix(h)) }

// list are the members of a set that is a list, but 0.
func (s *Set) list() []uint64 {
	if s.zero {
		return s.mem[:s.n-1]
	}
	return s.mem[:s.n]
}

// has is Has of an h that was mixed before.
func (s *Set) has(h, mixed uint64) bool {
	if h == 0 {
		return s.zero
	}
	if len(s.mem) <= listMost {
		for _, x := range s.list() {
			if x == h {
				return true
			}
		}
		return false
	}
	_, found := s.seek(h, mixed)
	return found
}

// seek finds where in mem h is, or would be put.
func (s *Set) seek(h, mixed uint64) (at int, found bool) {
	mask := len(s.mem)/groupLine - 1
	tag := (mixed>>57 | 0x80) * tagEach
	for g := int(mixed) & mask; ; g = (g + 1) & mask {
		line := s.mem[g*groupLine:][:groupLine]
		word := line[0]
		x := word ^ tag
		for m := (x - tagEach) &^ x & tagTop; m != 0; m &= m - 1 {
			if i := 1 + bits.TrailingZeros64(m)/8; line[i&(groupLine-1)] == h {
				return g*groupLine + i, true
			}
		}
		if free := ^word & tagTop; free != 0 { // they are filled from the front, and nothing is ever taken out
			return g*groupLine + 1 + bits.TrailingZeros64(free)/8, false
		}
	}
}

// Warm reads a word of every place where keys may be, so that the misses of looking them up pass at one time. What it
// returns says nothing.
func (s *Set) Warm(keys []uint64) (x uint64) {
	if len(s.mem) <= listMost {
		return 0
	}
	mask := len(s.mem)/groupLine - 1
	for _, h := range keys {
		x ^= s.mem[(int(Mix(h))&mask)*groupLine]
	}
	return x
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
	if len(s.mem) <= listMost {
		list := s.list()
		for _, x := range list {
			if x == h {
				return false
			}
		}
		if len(list) == len(s.mem) {
			s.grow()
		}
		if len(s.mem) <= listMost {
			s.mem[len(list)] = h
			s.n++
			return true
		}
	}
	at, found := s.seek(h, mixed)
	if found {
		return false
	}
	if groups := len(s.mem) / groupLine; int(s.n)+1 > groups*(groupSize-1) {
		s.grow()
		at, _ = s.seek(h, mixed)
	}
	s.put(at, h, mixed)
	s.n++
	return true
}

func (s *Set) put(at int, h, mixed uint64) {
	s.mem[at] = h
	s.mem[at&^(groupLine-1)] |= (mixed>>57 | 0x80) << (8 * (at&(groupLine-1) - 1))
}

// Append appends the members to dst, in no stated order.
func (s *Set) Append(dst []uint64) []uint64 {
	if s.zero {
		dst = append(dst, 0)
	}
	if len(s.mem) <= listMost {
		return append(dst, s.list()...)
	}
	for line := s.mem; len(line) > 0; line = line[groupLine:] {
		dst = append(dst, line[1:][:bits.OnesCount64(line[0]&tagTop)]...)
	}
	return dst
}

// Clear empties the set and keeps its room.
func (s *Set) Clear() {
	if len(s.mem) > listMost {
		for g := 0; g < len(s.mem); g += groupLine {
			s.mem[g] = 0
		}
	}
	s.n, s.zero = 0, false
}

// grow makes room for more.
func (s *Set) grow() {
	if len(s.mem) < listMost {
		mem := make([]uint64, len(s.mem)+listStep)
		copy(mem, s.mem)
		s.mem = mem
		return
	}
	old := *s
	groups := groupsMin
	if len(s.mem) > listMost {
		groups = 2 * len(s.mem) / groupLine
	}
	s.mem = make([]uint64, groups*groupLine)
	// Memory that is read before it is written is given twice, the second time with an interrupt to the other cores.
	for i := 0; i < len(s.mem); i += pageWords {
		s.mem[i] = 0
	}
	take := func(members []uint64) {
		for _, h := range members {
			mixed := Mix(h)
			at, _ := s.seek(h, mixed)
			s.put(at, h, mixed)
		}
	}
	if len(old.mem) == listMost {
		take(old.list())
		return
	}
	for line := old.mem; len(line) > 0; line = line[groupLine:] {
		take(line[1:][:bits.OnesCount64(line[0]&tagTop)])
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
	full, known := r.add(h, mixed, now, limit)
	return !known && !r.old.has(h, mixed), full
}

// Keep is Add for who does not ask whether h is new.
func (r *Recent) Keep(h uint64, now, half clock.Time, limit int) (full bool) {
	r.turn(now, half)
	full, _ = r.add(h, Mix(h), now, limit)
	return full
}

// add puts h among the newer ones. It tells whether it was there before.
func (r *Recent) add(h, mixed uint64, now clock.Time, limit int) (full, known bool) {
	if r.cur.Len() >= max(1, limit/2) {
		if r.cur.has(h, mixed) {
			return false, true
		}
		r.rotate(now)
		full = true
	}
	return full, !r.cur.add(h, mixed)
}

// Warm is that of both generations.
func (r *Recent) Warm(keys []uint64) uint64 { return r.cur.Warm(keys) ^ r.old.Warm(keys) }

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
