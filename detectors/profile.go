package detectors

import (
	"cmp"
	"math"
	"slices"
)

// Whose credential names no role has colleagues all the same: those who use the same endpoints as often. Profiles of
// use are gathered around a few centres by the cosine between them (spherical k-means), which keep their places from
// one gathering to the next, so that what a group learned stays with those whom it is about.

const (
	profileSlots = 32 // endpoints that a profile counts: the first that the site used
	profileKinds = 6  // groups of those without a role
	firstKind    = groupCount - profileKinds
	profileUses  = 30  // calls before a profile says anything
	profileTurns = 6   // rounds of gathering
	profileEvery = 7   // days between gatherings, once the site is known
	profileApart = 0.9 // cosine below which a profile is far enough from all centres to begin a new one
)

// profile counts a principal's calls by endpoint.
type profile [profileSlots]uint16

// use counts one call.
func (f *profile) use(slot uint8) {
	if int(slot) >= len(f) {
		return
	}
	if f[slot]++; f[slot] == math.MaxUint16 { // the proportions stay
		for i := range f {
			f[i] /= 2
		}
	}
}

// direction is the profile as a vector of length one; false when it says nothing yet. Square roots of the counts keep
// one endpoint that is polled from hiding all others.
func (f *profile) direction() (v [profileSlots]float64, ok bool) {
	sum := 0
	for i, n := range f {
		sum += int(n)
		v[i] = math.Sqrt(float64(n))
	}
	if sum < profileUses {
		return v, false
	}
	length := math.Sqrt(float64(sum))
	for i := range v {
		v[i] /= length
	}
	return v, true
}

// circles are the centres; a centre of zeros is unused.
type circles struct {
	slots  uint8 // endpoints that have a place in profiles
	days   int   // since they were gathered
	centre [profileKinds][profileSlots]float64
}

func cosine(a, b *[profileSlots]float64) (x float64) {
	for i := range a {
		x += float64(a[i] * b[i])
	}
	return x
}

// nearest is the centre nearest to v and its cosine; -1 when there is none.
func (k *circles) nearest(v *[profileSlots]float64) (best int, near float64) {
	best = -1
	for i := range k.centre {
		if x := cosine(&k.centre[i], v); x > near {
			best, near = i, x
		}
	}
	return best, near
}

// gather finds the groups of those without a role, and puts each into its own. It is done every day while the site is
// new, then every week.
func (s *scene) gather() {
	k := &s.circles
	if k.days++; k.days < profileEvery && s.watched() > profileEvery*day {
		return
	}
	k.days = 0
	type member struct {
		*principal
		v [profileSlots]float64
	}
	var all []member
	s.principals.each(func(p *principal) {
		if p.who.Role == "" && p.who.Key != 0 && p.person() && !p.accused(s.now) {
			if v, ok := p.profile.direction(); ok {
				all = append(all, member{p, v})
			}
		}
	})
	if len(all) < groupPeople {
		return
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	k.begin(func(yield func(*[profileSlots]float64)) {
		for i := range all {
			yield(&all[i].v)
		}
	})
	for range profileTurns {
		var sum [profileKinds][profileSlots]float64
		for i := range all {
			if c, _ := k.nearest(&all[i].v); c >= 0 {
				for j, x := range all[i].v {
					sum[c][j] += x
				}
			}
		}
		for c := range sum {
			if length := math.Sqrt(cosine(&sum[c], &sum[c])); length > 0 {
				for j := range sum[c] {
					k.centre[c][j] = sum[c][j] / length
				}
			}
		}
	}
	for c := range profileKinds {
		s.groups[firstKind+c].people = 0
	}
	for i := range all {
		if c, _ := k.nearest(&all[i].v); c >= 0 {
			all[i].group = int8(firstKind + c)
			s.groups[all[i].group].people++
		}
	}
}

// begin puts a centre that is not used yet where the profile farthest from all centres is, while that is far enough.
func (k *circles) begin(each func(yield func(*[profileSlots]float64))) {
	for c := range k.centre {
		if k.centre[c] != [profileSlots]float64{} {
			continue
		}
		var farthest *[profileSlots]float64
		least := profileApart
		each(func(v *[profileSlots]float64) {
			if _, x := k.nearest(v); x < least {
				least, farthest = x, v
			}
		})
		if farthest == nil {
			return
		}
		k.centre[c] = *farthest
	}
}

func (k *circles) save(e *encoder) {
	e.number(uint64(k.slots))
	e.count(k.days)
	for c := range k.centre {
		for _, x := range k.centre[c] {
			e.real(x)
		}
	}
}

func (k *circles) restore(d *decoder) {
	k.slots = uint8(d.count(profileSlots, 0))
	k.days = d.count(1<<20, 0)
	for c := range k.centre {
		for i := range k.centre[c] {
			if k.centre[c][i] = d.real(); k.centre[c][i] > 1.001 {
				d.fail("holds a direction longer than one")
			}
		}
	}
}
