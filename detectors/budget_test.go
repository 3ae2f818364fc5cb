package detectors

import (
	"slices"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// callsPerVisit is what opening a patient costs in calls: chart, results, medication and so on. Only the first
// says anything new, so only it is played; the others count among the benign calls (the plan's ratio).
const callsPerVisit = 8

// TestBudget plays a hospital for weeks and counts false accusations per million calls, then lets attackers into
// known accounts and measures how many patients they reach.
func TestBudget(t *testing.T) {
	seeds, people, days := []int64{101, 102, 103, 104}, 400, 40 // none that anything was tuned on
	if testing.Short() {
		seeds = seeds[:1]
	}
	kinds := map[string]int{}
	visits, accused := 0, 0
	for _, seed := range seeds {
		h := newHospital(seed, people, 200000)
		e := New(Defaults())
		var dst []Signal
		opened := map[uint64]bool{}
		for d := range days {
			for _, v := range h.day(d) {
				visits++
				dst = h.play(e, dst[:0], v)
				for _, s := range accusations(dst) {
					k := s.Principal.Key ^ uint64(s.Since)
					if opened[k] {
						continue // the same incident, grown
					}
					opened[k] = true
					accused++
					role := "?"
					if i := int(s.Principal.Key) - 1000; i >= 0 && i < len(h.people) {
						role = h.people[i].job.name
					}
					kinds[s.Detector+" "+role]++
					t.Logf("day %d %s %s: %s | %s | %v", d, s.Detector, role, s.Title, s.Observed, s.Facts)
				}
			}
			e.Forget(epoch + clock.Time(d+1)*day)
		}
		t.Logf("stats %+v", e.Stats())
		g := &e.scene.groups[groupCount]
		t.Logf("theta %.2f novel %d unexp %d shares %v cold %v", g.theta, g.novel, g.unexp, g.shares, e.scene.cold())
	}
	rate := float64(accused) / float64(visits*callsPerVisit) * 1e6
	t.Logf("%d false accusations in %d calls: %.2f per million; %v", accused, visits*callsPerVisit, rate, kinds)
	if rate > Defaults().Budget*1e6 {
		t.Errorf("%.2f false accusations per million calls", rate)
	}
}

// TestWarm_Delays lets one attacker at a time into a nurse's account of a known hospital, beside her honest work.
func TestWarm_Delays(t *testing.T) {
	const seed, people, days = 3, 300, 12
	type pattern struct {
		name string
		gap  time.Duration
		id   func(h *hospital, i, base int) int
		most int
	}
	for _, a := range []pattern{
		{"sequential", time.Second, func(_ *hospital, i, b int) int { return b + i }, 10},
		{"descending", time.Second, func(_ *hospital, i, b int) int { return b - i }, 10},
		{"stride 7", time.Second, func(_ *hospital, i, b int) int { return b + 7*i }, 10},
		{"shuffled in 2k", time.Second, func(_ *hospital, i, b int) int { return b + (i*1237)%2003 }, 14},
		{"random", time.Second, func(h *hospital, _, _ int) int { return 1 + h.rng.Intn(h.size) }, 14},
		{"sequential, one in 20 minutes", 20 * time.Minute, func(_ *hospital, i, b int) int { return b + i }, 12},
		{"random, one in 20 minutes", 20 * time.Minute, func(h *hospital, _, _ int) int { return 1 + h.rng.Intn(h.size) }, 30},
	} {
		var found []int
		h := newHospital(seed, people, 200000)
		e := New(Defaults())
		for d := range days {
			visits := h.day(d)
			var calls []*call.Call
			mine := map[uint64]int{}
			if d >= days-6 { // six victims a day
				for i := range 6 {
					who := h.people[(d*6+i)%100].who
					mine[who.Key] = 1
					base := 20000 + h.rng.Intn(150000)
					for j := range 60 {
						at := epoch + clock.Time(d)*day + 9*hour + clock.Time(j)*clock.Time(a.gap)
						calls = append(calls, h.open(at, who, plainID(a.id(h, j, base)), 200))
						calls[len(calls)-1].Stream = 1 // marks the attack for this test
					}
				}
			}
			for _, v := range visits {
				who, id := h.people[v.person].who, plainID(v.id)
				if v.listed {
					calls = append(calls, h.list(v.at-2*second, who, []string{id}, false))
				}
				calls = append(calls, h.open(v.at, who, id, 200))
			}
			n := map[uint64]int{}
			for _, c := range inOrder(calls) {
				if c.Stream == 1 {
					n[c.Principal.Key]++
				}
				for _, s := range accusations(e.Observe(nil, c)) {
					if mine[s.Principal.Key] == 1 && n[s.Principal.Key] > 0 {
						mine[s.Principal.Key] = 2
						found = append(found, n[s.Principal.Key])
					}
				}
			}
			for i := range 6 {
				if k := h.people[(d*6+i)%100].who.Key; mine[k] == 1 {
					found = append(found, 1000)
				}
			}
		}
		slices.Sort(found)
		t.Logf("%-30s median %d, nine of ten %d, worst %d of %d", a.name, found[len(found)/2], found[len(found)*9/10], found[len(found)-1], len(found))
		if m := found[len(found)/2]; m > a.most {
			t.Errorf("%s: median %d, allowed %d", a.name, m, a.most)
		}
	}
}
