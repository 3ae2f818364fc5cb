package detectors

import (
	"cmp"
	"slices"

	"auscult/detectors/stats"
)

// lesson is what one principal taught its groups while a capture was read for the first time: on the second reading
// it is taken out of their norms, so that nobody is excused by what he did himself.
type lesson struct {
	rates   [measures][len(scales)]stats.Rate
	marks   [paceMarks]uint32
	novel   uint32  // first contacts of patients
	unexp   uint32  // of them unexplained
	suspect bool    // something was held against it: it taught nothing that counts
	theta   float64 // of its group, without its own share
}

// Learn makes an engine for the first reading of a capture that is to be its own baseline: Lessons tells what it
// learned. Its signals are not to be believed, for it had not seen the end when it began.
func Learn(cfg Config) *Engine {
	e := New(cfg)
	e.scene.learning = true
	return e
}

// share is the share of first contacts without a reason, shrunk to that of the group.
func (l *lesson) share(g *group) float64 {
	return (float64(l.unexp) + 4*float64(g.unexp+1)/float64(g.novel+2)) / (float64(l.novel) + 4)
}

// conclude makes the norms of the groups anew, from those principals of the first reading against whom nothing was
// held and who are not in the top hundredth by contacts without a reason.
func (s *scene) conclude() {
	var calm []*principal
	s.principals.each(func(p *principal) {
		if p.lesson() != nil {
			if p.group < 0 {
				s.place(p)
			}
			p.lesson().suspect = p.lesson().suspect || p.accused(s.now) || !s.calmOf(p) || !p.person()
			if !p.lesson().suspect {
				calm = append(calm, p)
			}
		}
	})
	slices.SortFunc(calm, func(a, b *principal) int {
		return cmp.Or(cmp.Compare(b.lesson().unexp, a.lesson().unexp), cmp.Compare(a.key, b.key))
	})
	top := (len(calm) + 99) / 100
	for _, p := range calm[:top] {
		p.lesson().suspect = true
	}
	calm = calm[top:]
	for i := range s.groups {
		g := &s.groups[i]
		*g = group{role: g.role, people: g.people, theta: thetaCold, steps: g.steps, failed: g.failed, tried: g.tried}
	}
	each := func(p *principal, f func(*group)) {
		f(&s.groups[groupCount])
		if p.group != groupCount {
			f(&s.groups[p.group])
		}
	}
	for _, p := range calm {
		each(p, func(g *group) {
			for m := range p.lesson().rates {
				for i := range p.lesson().rates[m] {
					g.rates[m][i].Merge(p.lesson().rates[m][i])
				}
			}
			g.marks.Merge(p.lesson().marks[:])
			g.novel += uint64(p.lesson().novel)
			g.unexp += uint64(p.lesson().unexp)
		})
	}
	for _, p := range calm {
		each(p, func(g *group) {
			if p.lesson().novel >= 4 {
				g.shares[twentieth(p.lesson().share(g))]++
				g.total++
			}
		})
	}
	for i := range s.groups {
		s.groups[i].fit()
	}
	s.principals.each(func(p *principal) {
		if l := p.lesson(); l != nil {
			l.theta = s.thetaWithout(p)
			if l.suspect { // it is in no norm, and need not be taken out of one
				l.rates, l.marks = [measures][len(scales)]stats.Rate{}, [paceMarks]uint32{}
			}
		}
	})
}

// thetaWithout is the theta of the group that judges p, from the shares of the others.
func (s *scene) thetaWithout(p *principal) float64 {
	g := *s.reasons(p)
	if !p.lesson().suspect && p.lesson().novel >= 4 {
		g.shares[twentieth(p.lesson().share(&g))]--
		g.total--
		g.theta = thetaCold
		g.fit()
	}
	return g.theta
}

// twentieth is the place of a share among twenty.
func twentieth(share float64) int { return min(19, int(share*20)) }
