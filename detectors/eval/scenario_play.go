package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/detectors/rules"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
)

// scenarios are all of them.
var scenarios = slices.Concat(access, more, postures)

// scenarioRule is the operator's own rule in the hospitals of scenarios.
var scenarioRule = rules.Rule{Name: "no purge", When: `call.method == "PURGE"`, Severity: "high", Reason: "Nobody empties caches"}

// outcome is what became of a scenario's replicates.
type outcome struct {
	scenario  *scenario
	made      int
	calls     []int // attack calls until it was found, of those found
	incidents []int // of Medium or more on the attacker, of each made
	other     tally // kinds at Medium or more on the attacker that do not fit
	accused   tally // kinds at Medium or more on anyone else
}

// Scenarios of one hospital: each has a day of its own, after the first two.
const (
	scenarioDays = 8
	scenarioWarm = 2
)

// playScenarios makes each scenario n times, in hospitals of 150 that see some of them on days one after the other.
func playScenarios(r *runner, n int, seed uint64) []outcome {
	out := make([]outcome, len(scenarios))
	for i := range out {
		out[i].scenario = &scenarios[i]
	}
	parts := (len(scenarios) + scenarioDays - 1) / scenarioDays
	all := make([][]outcome, n*parts)
	r.each("scenarios", len(all), func(i int) string {
		of := rand.New(rand.NewPCG(seed, uint64(i/parts))).Perm(len(scenarios))
		of = of[i%parts*scenarioDays : min(len(of), (i%parts+1)*scenarioDays)]
		all[i] = playSome(of, seed+uint64(i))
		return fmt.Sprintf("%d attacks", len(of))
	})
	for _, some := range all {
		for i := range some {
			x := &some[i]
			o := &out[slices.IndexFunc(out, func(o outcome) bool { return o.scenario == x.scenario })]
			o.made += x.made
			o.calls, o.incidents = append(o.calls, x.calls...), append(o.incidents, x.incidents...)
			o.other.addAll(&x.other)
			o.accused.addAll(&x.accused)
		}
	}
	return out
}

// playSome makes scenarios, by their places, at one hospital.
func playSome(of []int, seed uint64) []outcome {
	cfg := world.Default(seed)
	cfg.People, cfg.Patients = 150, 30_000
	settings := detectors.Defaults()
	settings.Rules = []rules.Rule{scenarioRule}
	s := newSite(cfg, settings)
	for range scenarioWarm {
		s.day(nil)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	past := map[uint64]bool{}
	out := make([]outcome, len(of))
	for i, k := range of {
		out[i] = scenarios[k].play(s, r, scenarioWarm+i, past)
	}
	return out
}

// play makes a scenario once, on a day. Those accused before are past; who attacks now joins them.
func (sc *scenario) play(s *site, r *rand.Rand, day int, past map[uint64]bool) outcome {
	out := outcome{scenario: sc, made: 1}
	p := &plot{w: s.world, r: r, look: inject.New(), from: packet.Addr{10: 0xff, 11: 0xff, 12: byte(150 + 3*day), 13: byte(r.IntN(256)), 14: 113, 15: byte(1 + day)}}
	for p.who = r.IntN(s.world.Staff()); s.world.People[p.who].Role != world.Nurse || past[s.world.People[p.who].Who.Key]; {
		p.who = (p.who + 1) % s.world.Staff()
	}
	p.at = world.Epoch + clock.Time(day)*world.Day + 9*world.Hour + clock.Time(r.Int64N(int64(3*world.Hour)))
	sc.plot(p)
	mine := map[uint64]bool{p.address().Key: true, s.world.People[p.who].Who.Key: true}
	members := map[uint64]bool{} // whoever's credential the attack uses
	client := p.from.IP().String()
	n, at, told := 0, 0, 0
	s.day(func(k *call.Call, m world.Mark, incidents []incident) {
		if m.Tag == world.Attack {
			if n++; n > p.lead {
				members[k.Principal.Key] = true
			}
		}
		attack := m.Tag == world.Attack && n > p.lead
		for i := range s.signals {
			sig := &s.signals[i]
			fits := slices.Contains(sc.kinds, sig.Detector)
			on := mine[sig.Principal.Key] || sig.Client == client && attack || members[sig.Principal.Key] && attack
			switch {
			case attack && fits && (sc.about == endpoint || on && sig.Severity >= detectors.Medium):
				if at == 0 {
					at = n - p.lead
				}
			case sig.Severity < detectors.Medium || sig.Principal.ID == world.Allowed || past[sig.Principal.Key]:
			case on:
				out.other.add(sig.Detector)
			default:
				out.accused.add(sig.Detector)
			}
		}
		s.signals = s.signals[:0]
		for i := range incidents {
			if in := &incidents[i]; slices.ContainsFunc(in.accused, func(key uint64) bool { return mine[key] || members[key] }) || in.client == client {
				told++
			}
		}
	})
	for _, set := range []map[uint64]bool{mine, members} {
		for key := range set {
			past[key] = true
		}
	}
	if at > 0 {
		out.calls = append(out.calls, at)
	}
	out.incidents = append(out.incidents, told)
	return out
}

// scenarioReport is the table of what was found.
func scenarioReport(all []outcome, n int, command string) string {
	var d document
	d.title("One attack of every other kind", command)
	d.text("Each made %d times, on a day of its own at a hospital of 150 that has been watched for two to %d days, by a nurse's account or from an address outside. Found: by a finding of a fitting kind on the attacker of severity Medium or more, or, of endpoints, any. In brackets: Wilson's 95 %% interval. Calls: those of the attack up to the one at which it was told. Incidents: of Medium or more on the attacker; one is right, of endpoints none.", n, scenarioWarm+scenarioDays-1)
	d.table("attack", "fitting kinds", "made", "found", "calls: median", "worst", "incidents: mean", "most", "other kinds on the attacker", "on others")
	for i := range all {
		o := &all[i]
		slices.Sort(o.calls)
		median, worst := "–", "–"
		if len(o.calls) > 0 {
			median, worst = strconv.Itoa(o.calls[len(o.calls)/2]), strconv.Itoa(o.calls[len(o.calls)-1])
		}
		sum := 0
		for _, k := range o.incidents {
			sum += k
		}
		d.row(o.scenario.name, kindsText(o.scenario.kinds), o.made, percent(len(o.calls), o.made), median, worst,
			fmt.Sprintf("%.2f", float64(sum)/float64(max(1, o.made))), slices.Max(append(o.incidents, 0)), o.other.brief(), o.accused.brief())
	}
	d.heading("By kind of finding")
	d.text("Each attack under the first of its fitting kinds.")
	d.table("kind", "attacks", "made", "found")
	var kinds []string
	for i := range scenarios {
		kinds = append(kinds, scenarios[i].kinds[0])
	}
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		attacks, made, found := 0, 0, 0
		for i := range all {
			if o := &all[i]; o.scenario.kinds[0] == kind {
				attacks, made, found = attacks+1, made+o.made, found+len(o.calls)
			}
		}
		d.row(kind, attacks, made, percent(found, made))
	}
	return d.String()
}

// kindsText is kinds in one cell.
func kindsText(kinds []string) string {
	text := kinds[0]
	for _, k := range kinds[1:] {
		text += ", " + k
	}
	return text
}

// brief is the counts in one line.
func (t *tally) brief() string {
	text := ""
	for _, name := range t.sorted() {
		text += fmt.Sprintf("%s %d ", name, t.counts[name])
	}
	return cmp.Or(text, "–")
}

// addAll adds the counts of another.
func (t *tally) addAll(o *tally) {
	for _, name := range o.names {
		for range o.counts[name] {
			t.add(name)
		}
	}
}
