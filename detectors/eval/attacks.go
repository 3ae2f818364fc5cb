package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auscult/detectors/eval/world"
	"auscult/sensor/clock"
)

// Names of the tables.
const (
	tableHeadline = "Headlines"
	tableMatrix   = "Order and pace"
	tableCover    = "Delivered by a search first"
	tableHits     = "Share of identifiers that exist"
	tableRoles    = "Role of the account"
	tableSpread   = "Spread over accounts and addresses"
	tableCold     = "On the first morning of a capture"
	tableAblation = "What each part is worth"
	tableEvasion  = "Evasion"
)

// tableKeys are what the tables are called on the command line, in their order.
var tableKeys = []string{"headlines", "matrix", "cover", "hits", "roles", "spread", "cold", "parts", "evasion"}

var attackTables = []string{tableHeadline, tableMatrix, tableCover, tableHits, tableRoles, tableSpread, tableCold, tableAblation, tableEvasion}

// slowNurse is the pace of a target of the plan: three patients a day, at random.
var slowNurse = pace{"3/day", 150 * world.Minute, 3, 30}

// attackCells are all attacks. n is how often what a target is about is made; the rest are made half as often.
func attackCells(n int) []*cell {
	var cells []*cell
	add := func(c cell) *cell {
		c.replicates = max(1, n/2)
		if c.group == tableHeadline {
			c.replicates = n
		}
		c.ids = c.order.ids
		c.count, c.spread = max(1, c.count), c.count > 1
		if c.people == 0 {
			c.people = attackStaff
		}
		if c.hits == 0 {
			c.hits = 1
		}
		if c.most == 0 {
			c.most = 300
		}
		cells = append(cells, &c)
		return &c
	}
	for i := range orders {
		o := &orders[i]
		add(cell{group: tableHeadline, name: o.name + ", 1/s", order: o, pace: paceOf("1/s"), rival: true})
		add(cell{group: tableHeadline, name: o.name + ", 1/20 min", order: o, pace: paceOf("1/20 min"), rival: o.ids == world.Integer})
		for _, p := range paces {
			if o.ids == world.Integer || p.name == "1/min" {
				add(cell{group: tableMatrix, name: o.name + ", " + p.name, order: o, pace: p})
			}
		}
		cold := setting{cold: true}
		add(cell{setting: cold, group: tableCold, name: o.name + ", 1/s", order: o, pace: paceOf("1/s"), most: 200})
		add(cell{setting: cold, group: tableCold, name: o.name + ", 1/min", order: o, pace: paceOf("1/min"), most: 200})
		if o.name == "+1" || o.name == "random" {
			add(cell{setting: cold, group: tableCold, name: o.name + ", 1/s, in the first minute", order: o, pace: paceOf("1/s"), most: 200, early: true})
		}
	}
	add(cell{group: tableHeadline, name: "random, 3/day", order: find("random"), pace: slowNurse, most: 90})
	for _, name := range []string{"+1", "random"} {
		o := find(name)
		for _, cover := range []float64{.5, .9, 1} {
			for _, p := range []string{"1/s", "1/min"} {
				c := add(cell{group: tableCover, name: fmt.Sprintf("%s, %s, %.0f %% by search", name, p, 100*cover), order: o, pace: paceOf(p), cover: cover, most: 500})
				c.replicates = n
			}
		}
		for _, hits := range []float64{1, .3, .01} {
			add(cell{group: tableHits, name: fmt.Sprintf("%s, 1/s, %.0f %% exist", name, 100*hits), order: o, pace: paceOf("1/s"), hits: hits})
		}
		for role := world.Nurse; role <= world.Administrator; role++ {
			for _, p := range []string{"1/s", "1/20 min"} {
				add(cell{setting: setting{people: 600}, group: tableRoles, name: fmt.Sprintf("%v, %s, %s", role, name, p), order: o, pace: paceOf(p), role: role})
			}
		}
	}
	for _, name := range []string{"+1", "shuffled in 2k", "shuffled in 20k", "random"} {
		o := find(name)
		for _, k := range []int{5, 20, 50} {
			daily := pace{"5/day each", 10 * world.Hour / clock.Time(5*k), 5 * k, 6}
			add(cell{group: tableSpread, name: fmt.Sprintf("%s, %d accounts, 5/day each", name, k), order: o, pace: daily, count: k})
			add(cell{group: tableSpread, name: fmt.Sprintf("%s, %d accounts, 1/s in all", name, k), order: o, pace: paceOf("1/s"), count: k})
		}
		add(cell{group: tableSpread, name: name + ", one account from 20 addresses, 1/s", order: o, pace: paceOf("1/s"), hosts: 20})
		add(cell{group: tableSpread, name: name + ", one address without a credential, 1/s", order: o, pace: paceOf("1/s"), hosts: 1, naked: true}).spread = true
		add(cell{group: tableSpread, name: name + ", 20 addresses without a credential, 1/s", order: o, pace: paceOf("1/s"), hosts: 20, naked: true}).spread = true
	}
	for i := range ablations {
		a := &ablations[i]
		for _, name := range []string{"+1", "shuffled in 20k", "random"} {
			s := setting{part: a}
			if a.world == nil && a.detectors == nil {
				s.part = nil
			}
			c := add(cell{setting: s, group: tableAblation, name: a.name + ": " + name, order: find(name), pace: paceOf("1/s")})
			if a.name == outOfSight {
				c.replicates = n
			}
		}
	}
	return append(cells, evasionCells(max(1, n/2))...)
}

// chosen are the cells of the tables that names list by their keys, with commas; all are all.
func chosen(cells []*cell, names string) ([]*cell, error) {
	if names == "all" {
		return cells, nil
	}
	var some []*cell
	for _, name := range strings.Split(names, ",") {
		i := slices.Index(tableKeys, name)
		if i < 0 {
			return nil, fmt.Errorf("attacks: %q is none of all, %s", name, strings.Join(tableKeys, ", "))
		}
		for _, c := range cells {
			if c.group == attackTables[i] {
				some = append(some, c)
			}
		}
	}
	return some, nil
}

func attackReport(cells []*cell, others map[setting]beside, ruled bool, command string) string {
	var d document
	d.title("Delay until an attack is found", command)
	d.text("An attacker works in a known account, beside its honest work, at a hospital of %d staff and 200,000 patients that has been watched for %d days or more (but where it says cold: then it is the first morning, with %d patients). Attacks of several kinds run at one hospital at a time, at most one for %d of the staff and for %d of a role, each in an account that nobody had used; of eight places to begin the one farthest from the latest others'. Delay is in patients read when the first incident of severity Medium or more names the account, the attack's own included. ∞ is never. A raid takes up to 300 patients and ends on the day it is found.",
		attackStaff, warmDays, coldTop, staffPerRaid, rolePerRaid)
	d.text("In brackets: 95 %% intervals, of medians by order statistics, of shares by Wilson.")
	for _, table := range attackTables {
		if table == tableEvasion {
			continue
		}
		var of []*cell
		for _, c := range cells {
			if c.group == table {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue
		}
		d.heading(table)
		columns := []string{"attack", "raids", "median", "p90", "p99", "never", "median time"}
		rival := ruled && slices.ContainsFunc(of, func(c *cell) bool { return c.rival })
		if table == tableSpread {
			columns = append(columns, "accounts named", "of the named, the attack's", "incidents")
		}
		if rival {
			columns = append(columns, rivalNames[:]...)
		}
		d.table(columns...)
		for _, c := range of {
			s := summarize(ours(c.results))
			row := []any{c.name, s.n, s.medianText(), count(s.p90), count(s.p99), percent(s.missed, s.n), elapsed(s)}
			if table == tableSpread && !c.spread {
				row = append(row, "–", "–", c.incidents())
			}
			if table == tableSpread && c.spread {
				row = append(row, c.mean(func(r *result) float64 { return r.named }), c.mean(func(r *result) float64 { return r.right }), c.incidents())
			}
			if rival {
				row = append(row, c.rivals()...)
			}
			d.row(row...)
		}
	}
	evidenceReport(&d, cells)
	d.heading("Said of others meanwhile")
	d.text("Incidents of severity Medium or more, in the same hospitals, that name nobody of an attack.")
	d.table("hospitals", "calls", "incidents", "per million", "95 %")
	for _, s := range settings(cells) {
		b := others[s]
		mean, low, high := rate(b.told, b.calls)
		d.row(s.describe(), millions(b.calls), b.told, fmt.Sprintf("%.2f", mean), fmt.Sprintf("%.2f–%.2f", low, high))
	}
	return d.String()
}

// settings are those of cells, in order.
func settings(cells []*cell) []setting {
	var all []setting
	for _, c := range cells {
		if !slices.Contains(all, c.setting) {
			all = append(all, c.setting)
		}
	}
	return all
}

// rivals are the delays of the rules of others.
func (c *cell) rivals() []any {
	var row []any
	for i := range rivalCount {
		if !c.rival {
			row = append(row, "")
			continue
		}
		var d []delay
		for k := range c.results {
			d = append(d, c.results[k].others[i])
		}
		s := summarize(d)
		row = append(row, fmt.Sprintf("%s (%.0f %% never)", count(s.median), 100*s.never()))
	}
	return row
}

// mean is the mean of a share over the raids that were found.
func (c *cell) mean(of func(*result) float64) string {
	if x, n := c.average(of); n > 0 {
		return fmt.Sprintf("%.0f %%", 100*x)
	}
	return "–"
}

func (c *cell) average(of func(*result) float64) (mean float64, n int) {
	for i := range c.results {
		if c.results[i].ours.n > 0 {
			mean += of(&c.results[i])
			n++
		}
	}
	return mean / float64(max(1, n)), n
}

// incidents are how many it took, on the mean and at most.
func (c *cell) incidents() string {
	mean, n := c.average(func(r *result) float64 { return float64(r.incidents) })
	most := 0
	for i := range c.results {
		most = max(most, c.results[i].incidents)
	}
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f, at most %d", mean, most)
}

// evidenceReport says what the alerts of the headlines showed.
func evidenceReport(d *document, cells []*cell) {
	if !slices.ContainsFunc(cells, func(c *cell) bool { return c.group == tableHeadline }) {
		return
	}
	d.heading("What the alerts show")
	d.text("Of the first alert on each raid that was found: the share of the calls it shows that are the attack's, of the attack's patients (the first %d) that it lists, of the patients it lists that are honest work of the same account; the raids of which at least half of the calls shown are the attack's; and how many incidents one raid took.", maxListed)
	var late []clock.Time
	d.table("attack", "found", "calls that are the attack's", "half or more", "patients listed", "others listed", "incidents")
	for _, c := range cells {
		if c.group != tableHeadline {
			continue
		}
		half, n := 0, 0
		for i := range c.results {
			if r := &c.results[i]; r.ours.n > 0 {
				n++
				late = append(late, r.evidence.late)
				if r.evidence.calls >= .5 {
					half++
				}
			}
		}
		d.row(c.name, n, c.mean(func(r *result) float64 { return r.evidence.calls }), percent(half, n),
			c.mean(func(r *result) float64 { return r.evidence.listed }), c.mean(func(r *result) float64 { return r.evidence.stray }), c.incidents())
	}
	if slices.Sort(late); len(late) > 0 {
		d.text("From the call that an alert is of until it was out, in the time of the packets: 99 %% of %d within %v, all within %v. In the time of the processor see cost.md.",
			len(late), time.Duration(late[len(late)*99/100]), time.Duration(late[len(late)-1]))
	}
}
