package main

import (
	"fmt"
	"slices"
	"strings"
)

// text is the document of all tables that were made.
func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Values nobody tuned on\n\nMade by `go run ./detectors/eval/values` on the lists of `fetch.sh`, %s half. Each value is sent as a server would get it, read by the\nsensor's own code. Intervals are exact, of 95 %%.\n", map[string]string{"held": "the held-out", "tune": "the tuning", "all": "not only the held-out"}[r.half])
	if len(r.attacked) > 0 {
		b.WriteString("\n## Attacks as single values\n\"As such\" is found as what it is, \"any\" as some injection, \"sure\" in a form that no honest value has. An attacker sends ten, gets\nnothing but 200 for them, and is found when an alert of Medium or above names it. The rules were first made on the lists\nnamed seen.\n\n")
		attackTable(&b, r.attacked, true)
	}
	if len(r.sent) > 0 {
		b.WriteString("\n## Attacks as requests\nRegression tests of the OWASP Core Rule Set by the rule that is to find them and its paranoia level. From level 3 on, and in part on 2, they\nare signs in a heap rather than attacks.\n\n")
		attackTable(&b, slices.DeleteFunc(slices.Clone(r.sent), func(t tally) bool { return t.class == "honest" }), false)
	}
	if len(r.plain) > 0 {
		b.WriteString("\n## Honest values\nTwo hundred people send them, in eight parameters of one route. Code is lines of programs, manuals are\nparagraphs on how to run a UNIX machine, as tickets may quote them. Notes are drawn to be hard: phrases of SQL, quotes, and signs in any order.\n\n| source | values | any injection | in a million | sure form | in a million | points inside | alerts | in a million |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
		texts, sum := tally{source: "all but code"}, tally{source: "all but code and manuals"}
		for _, t := range r.plain {
			honestRow(&b, t)
			if t.source != "code" {
				texts.add(t)
			}
			if t.source != "code" && t.source != "manuals" {
				sum.add(t)
			}
		}
		honestRow(&b, texts)
		honestRow(&b, sum)
	}
	if len(r.recorded) > 0 {
		recordedTable(&b, r.recorded)
	}
	bodyTable(&b, r.found)
	return b.String()
}

func (t *tally) add(o tally) {
	t.n, t.any, t.sure, t.inner, t.alerts = t.n+o.n, t.any+o.any, t.sure+o.sure, t.inner+o.inner, t.alerts+o.alerts
}

func percent(k, n int) string {
	low, high := shareOf(k, n)
	return fmt.Sprintf("%.2f (%.2f–%.2f)", 100*float64(k)/float64(max(n, 1)), 100*low, 100*high)
}

func million(k, n int) string {
	low, high := countOf(k)
	per := 1e6 / float64(max(n, 1))
	return fmt.Sprintf("%.2f (%.2f–%.2f)", float64(k)*per, low*per, high*per)
}

// attackTable lists the sources, then each class over the sources that nothing was made on.
func attackTable(b *strings.Builder, of []tally, attackers bool) {
	heads, rule := "| class | source | payloads | as such, % | any, % | sure, % | missed: "+strings.Join(reasons[:], " / ")+" |", "|---|---|---:|---:|---:|---:|---|"
	if attackers {
		heads, rule = heads+" attackers found |", rule+"---:|"
	}
	fmt.Fprintf(b, "%s\n%s\n", heads, rule)
	row := func(t tally) {
		var why []string
		for _, n := range t.reasons {
			why = append(why, fmt.Sprint(n))
		}
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %.1f | %s |", t.class, t.source, t.n, percent(t.own, t.n), percent(t.any, t.n), 100*float64(t.sure)/float64(max(t.n, 1)), strings.Join(why, " / "))
		if attackers {
			fmt.Fprintf(b, " %d of %d |", t.accused, t.attackers)
		}
		b.WriteString("\n")
	}
	sorted := slices.Clone(of)
	slices.SortFunc(sorted, func(x, y tally) int { return strings.Compare(x.class+" "+x.source, y.class+" "+y.source) })
	sum, total := tally{}, tally{class: "**all**", source: "unseen"}
	end := func() {
		if sum.n > 0 && attackers {
			sum.class, sum.source = "**"+sum.class+"**", "unseen"
			row(sum)
		}
		total.join(sum)
	}
	for _, t := range sorted {
		if t.n == 0 {
			continue
		}
		if t.class != sum.class {
			end()
			sum = tally{class: t.class}
		}
		row(t)
		if !strings.HasPrefix(t.source, "seen") {
			sum.join(t)
		}
	}
	end()
	row(total)
}

func (t *tally) join(o tally) {
	t.n, t.own, t.any, t.sure = t.n+o.n, t.own+o.own, t.any+o.any, t.sure+o.sure
	t.attackers, t.accused = t.attackers+o.attackers, t.accused+o.accused
	for i := range t.reasons {
		t.reasons[i] += o.reasons[i]
	}
}

func honestRow(b *strings.Builder, t tally) {
	fmt.Fprintf(b, "| %s | %d | %d | %s | %d | %s | %d | %d | %s |\n", t.source, t.n, t.any, million(t.any, t.n), t.sure, million(t.sure, t.n), t.inner, t.alerts, million(t.alerts, t.n))
}

// recordedTable is of sets of requests, with the mean of the shares rightly judged: request only, nothing learned.
func recordedTable(b *strings.Builder, of []tally) {
	b.WriteString("\n## Recorded requests\nA request is taken for an attack when one of its values shows any injection, or points a server inside.\n\n| set | class | requests | taken for an attack, % | alerts in a million |\n|---|---|---:|---:|---:|\n")
	var hits, attacks, wrong, honest int
	for _, t := range of {
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s |\n", t.source, t.class, t.n, percent(t.any, t.n), million(t.alerts, t.n))
		if t.class == "honest" {
			wrong, honest = wrong+t.any, honest+t.n
		} else {
			hits, attacks = hits+t.any, attacks+t.n
		}
	}
	if attacks > 0 && honest > 0 {
		fmt.Fprintf(b, "\nBalanced accuracy: %.3f %%.\n", 50*(float64(hits)/float64(attacks)+1-float64(wrong)/float64(honest)))
	}
}
