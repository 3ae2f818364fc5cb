package report

import (
	"cmp"
	"maps"
	"slices"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// point is one call on the curves of whoever made it, or of the endpoint that it went to: what there was in all by then, and
// its own size and number.
type point struct {
	at                       clock.Time
	calls, refusals, objects uint32
	people, records          uint32 // in answers, each time they were there
	size                     int64  // of the answer, decoded; -1 when there was none
	number                   int64  // of the record that was asked for, where it has one
	form                     uint32 // of what is written around the number; 0 when there is none
	other                    uint64 // of a caller the endpoint, of an endpoint the caller
	classes                  phi.Class
	refused                  bool
}

// track is what is remembered of one caller or endpoint.
type track struct {
	key       uint64
	principal call.Principal // of a caller
	name      string         // of an endpoint: method and template
	host      string
	client    string // address of its first call
	points    []point
	tail      point // the newest, whether it is among points or not
	every     uint32
	objects   stats.Set
	callers   stats.Set // of an endpoint
	sizes     sizes     // of the answers of an endpoint
	last      call.Order
	first     clock.Time
	bytes     int64
	pinned    bool // accused: it is not forgotten
}

// add takes in one call.
func (t *track) add(c *call.Call, p point, limit int) {
	p.classes = c.PHI.Classes
	p.calls, p.refusals, p.objects = t.tail.calls+1, t.tail.refusals, uint32(t.objects.Len())
	p.people, p.records = t.tail.people+uint32(c.PHI.People), t.tail.records+uint32(c.PHI.Records)
	if p.refused {
		p.refusals++
	}
	if t.first == 0 {
		t.first, t.every = c.Time, 1
	}
	t.last = c.Order
	t.bytes += c.RespDec
	if n := len(t.points); p.calls%t.every == 0 {
		if n >= limit {
			t.thin()
		}
		if p.calls%t.every == 0 {
			t.points = append(t.points, p)
		}
	} else if n > 0 {
		t.points[n-1].classes |= p.classes // a call that no point shows leaves what it gave
	}
	t.tail = p
}

// thin leaves every other point.
func (t *track) thin() {
	t.every *= 2
	kept := t.points[:0]
	for i := range t.points {
		if t.points[i].calls%t.every == 0 {
			kept = append(kept, t.points[i])
		} else if len(kept) > 0 {
			kept[len(kept)-1].classes |= t.points[i].classes
		}
	}
	t.points = kept
}

// curve is all points and the newest.
func (t *track) curve() []point {
	if n := len(t.points); n == 0 || t.points[n-1].calls != t.tail.calls {
		return append(t.points[:n:n], t.tail)
	}
	return t.points
}

// before is the last point at or before at; the zero point when there is none.
func before(curve []point, at clock.Time) point {
	i, _ := slices.BinarySearchFunc(curve, at+1, func(p point, t clock.Time) int { return cmp.Compare(p.at, t) })
	if i == 0 {
		return point{}
	}
	return curve[i-1]
}

// tracks are those of all callers, or all endpoints.
type tracks struct {
	byKey     map[uint64]*track // looked up; ranged only to be sorted
	limit     int
	forgotten uint64
}

func newTracks(limit int) tracks { return tracks{byKey: map[uint64]*track{}, limit: limit} }

// of is the track of key, and whether it is new. When there are too many, the half that was not seen for longest goes.
func (t *tracks) of(key uint64) (*track, bool) {
	if one := t.byKey[key]; one != nil {
		return one, false
	}
	if len(t.byKey) >= t.limit {
		idle := slices.DeleteFunc(t.sorted(), func(o *track) bool { return o.pinned })
		slices.SortFunc(idle, func(a, b *track) int { return cmp.Or(a.last.Compare(b.last), cmp.Compare(a.key, b.key)) })
		for _, o := range idle[:len(idle)/2] {
			delete(t.byKey, o.key)
			t.forgotten++
		}
		if len(idle) < 2 {
			t.forgotten++
			return nil, false // all are accused
		}
	}
	one := &track{key: key}
	t.byKey[key] = one
	return one, true
}

// sorted are all, in order of their keys.
func (t *tracks) sorted() []*track {
	return slices.SortedFunc(maps.Values(t.byKey), func(a, b *track) int { return cmp.Compare(a.key, b.key) })
}

// sizes counts sizes by quarters of their powers of two.
type sizes struct {
	n   uint32
	bin [4 * 40]uint32
}

func (s *sizes) add(size int64) {
	s.n++
	s.bin[binOf(size)]++
}

func binOf(size int64) int {
	if size < 4 {
		return int(max(0, size))
	}
	top := 0
	for v := size; v > 1; v >>= 1 {
		top++
	}
	return min(4*top+int(size>>(top-2))&3, 4*40-1)
}

// quantile is the upper end of the bin below which a share q of the sizes is.
func (s *sizes) quantile(q float64) int64 {
	want, sum := uint32(q*float64(s.n-1)), uint32(0)
	for i, n := range s.bin {
		if sum += n; sum > want {
			if i < 8 {
				return int64(i)
			}
			top := i / 4
			return int64(i&3+5)<<(top-2) - 1
		}
	}
	return 0
}
