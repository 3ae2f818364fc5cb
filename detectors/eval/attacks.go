package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"auscult/detectors"
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
var tableKeys = []string{"headlines", "matrix", "cover", "hits", "roles", "spread", "cold", "parts"}

var attackTables = []string{tableHeadline, tableMatrix, tableCover, tableHits, tableRoles, tableSpread, tableCold, tableAblation}

// attackCells are all attacks. n is how often a headline is made; the rest are made half as often.
func attackCells(n int) []*cell {
	var cells []*cell
	add := func(c cell) {
		c.replicates = max(1, n/2)
		if c.group == tableHeadline || c.group == tableCold {
			c.replicates = n
		}
		c.spread = max(1, c.spread)
		if c.hits == 0 {
			c.hits = 1
		}
		if c.most == 0 {
			c.most = 300
		}
		cells = append(cells, &c)
	}
	for i := range orders {
		o := &orders[i]
		add(cell{group: tableHeadline, name: o.name + ", 1/s", order: o, pace: paceOf("1/s"), rivals: true})
		if o.ids == world.Integer {
			add(cell{group: tableHeadline, name: o.name + ", 1/20 min", order: o, pace: paceOf("1/20 min"), rivals: true})
		}
		for _, p := range paces {
			if o.ids == world.Integer || p.name == "1/min" {
				add(cell{group: tableMatrix, name: o.name + ", " + p.name, order: o, pace: p})
			}
		}
		add(cell{group: tableCold, name: o.name + ", 1/s", order: o, pace: paceOf("1/s"), cold: true, most: 200})
		add(cell{group: tableCold, name: o.name + ", 1/min", order: o, pace: paceOf("1/min"), cold: true, most: 200})
	}
	for _, name := range []string{"+1", "random"} {
		o := find(name)
		for _, cover := range []float64{.5, .9, 1} {
			for _, p := range []string{"1/s", "1/min"} {
				add(cell{group: tableCover, name: fmt.Sprintf("%s, %s, %.0f %% by search", name, p, 100*cover), order: o, pace: paceOf(p), cover: cover, most: 500})
			}
		}
		for _, hits := range []float64{1, .3, .01} {
			add(cell{group: tableHits, name: fmt.Sprintf("%s, 1/s, %.0f %% exist", name, 100*hits), order: o, pace: paceOf("1/s"), hits: hits})
		}
		for role := world.Nurse; role <= world.Administrator; role++ {
			for _, p := range []string{"1/s", "1/20 min"} {
				add(cell{group: tableRoles, name: fmt.Sprintf("%v, %s, %s", role, name, p), order: o, pace: paceOf(p), role: role,
					set: func(c *world.Config) { c.People = 600 }})
			}
		}
	}
	for _, name := range []string{"+1", "shuffled in 2k", "shuffled in 20k", "random"} {
		o := find(name)
		for _, k := range []int{5, 20, 50} {
			daily := pace{"5/day each", 10 * world.Hour / clock.Time(5*k), 5 * k, 6}
			add(cell{group: tableSpread, name: fmt.Sprintf("%s, %d accounts, 5/day each", name, k), order: o, pace: daily, spread: k})
			add(cell{group: tableSpread, name: fmt.Sprintf("%s, %d accounts, 1/s in all", name, k), order: o, pace: paceOf("1/s"), spread: k})
		}
		add(cell{group: tableSpread, name: name + ", one account from 20 addresses, 1/s", order: o, pace: paceOf("1/s"), hosts: 20})
		add(cell{group: tableSpread, name: name + ", one address without a credential, 1/s", order: o, pace: paceOf("1/s"), hosts: 1, naked: true})
		add(cell{group: tableSpread, name: name + ", 20 addresses without a credential, 1/s", order: o, pace: paceOf("1/s"), hosts: 20, naked: true})
	}
	for i := range ablations {
		a := &ablations[i]
		for _, name := range []string{"+1", "shuffled in 20k", "random"} {
			add(cell{group: tableAblation, name: a.name + ": " + name, order: find(name), pace: paceOf("1/s"), set: a.world, config: a.detectors})
		}
	}
	return cells
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

// ablation takes a part away, by what a configuration can.
type ablation struct {
	name      string
	world     func(*world.Config)
	detectors func(*detectors.Config)
}

// tiny is a share of the budget that buys no alarm.
const tiny = 1e-300

// only leaves one stream its share and takes those of the others.
func only(keep func(*detectors.Config) *float64) func(*detectors.Config) {
	return func(c *detectors.Config) {
		p := keep(c)
		share := *p
		c.ShareUnexplained, c.ShareLattice, c.ShareRefused, c.ShareVolume, c.ShareAcross, c.ShareOversize = tiny, tiny, tiny, tiny, tiny, tiny
		*p = share
		if p != &c.ShareVolume {
			c.VolumeTail = tiny
		}
	}
}

var ablations = []ablation{
	{"as shipped", nil, nil},
	{"lists out of sight", func(c *world.Config) { c.Unseen = true }, nil},
	{"no colleagues", nil, func(c *detectors.Config) { c.Objects = 16 }},
	{"roles unknown", func(c *world.Config) { c.Roles = false }, nil},
	{"site never known", nil, func(c *detectors.Config) { c.WarmDays = 36_500 }},
	{"only unexplained contacts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareUnexplained })},
	{"only walks", nil, only(func(c *detectors.Config) *float64 { return &c.ShareLattice })},
	{"only counts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareVolume })},
	{"only walks across accounts", nil, only(func(c *detectors.Config) *float64 { return &c.ShareAcross })},
}

// attack runs cells.
func attack(r *runner, cells []*cell, seed uint64) {
	byCost := slices.Clone(cells)
	slices.SortStableFunc(byCost, func(a, b *cell) int { return cmp.Compare(b.cost(), a.cost()) })
	r.each("attacks", len(byCost), func(i int) string {
		c := byCost[i]
		c.run(seed)
		s := summarize(c.found)
		return fmt.Sprintf("%s: %s: median %s, never %.0f %%", c.group, c.name, count(s.median), 100*s.never)
	})
}

// cost is about how long a cell takes.
func (c *cell) cost() int { return c.pace.days * c.replicates }

func attackReport(cells []*cell, command string) string {
	var d document
	d.title("Delay until an attack is found", command)
	d.text("An attacker works in a known account, beside its honest work, at a hospital of %d staff and 200,000 patients that has been watched for %d days (but where it says cold: then it is the first morning, with %d patients). Delay is in patients read when the first incident of severity Medium or more names the account, the attack's own included. – is never. A raid takes up to 300 patients.",
		attackStaff, warmDays, coldTop)
	d.text("False: incidents in the same streams that name nobody of the attack, benign false alarms included.")
	for _, table := range attackTables {
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
		columns := []string{"attack", "raids", "median", "p90", "p99", "never", "median time", "false"}
		if table == tableSpread {
			columns = append(columns, "accounts named")
		}
		if of[0].rivals {
			for _, name := range rivalNames {
				columns = append(columns, name)
			}
		}
		d.table(columns...)
		for _, c := range of {
			s := summarize(c.found)
			cells := []any{c.name, len(c.found), count(s.median), count(s.p90), count(s.p99), fmt.Sprintf("%.0f %%", 100*s.never), elapsed(s), c.accused}
			if table == tableSpread {
				cells = append(cells, share(c.named))
			}
			if c.rivals {
				for i := range c.others {
					o := summarize(c.others[i])
					cells = append(cells, fmt.Sprintf("%s (%.0f %% never)", count(o.median), 100*o.never))
				}
			}
			d.row(cells...)
		}
	}
	return d.String()
}

func share(x []float64) string {
	if len(x) == 0 {
		return "–"
	}
	slices.Sort(x)
	return fmt.Sprintf("%.0f %%", 100*x[len(x)/2])
}

// elapsed is a median time in the unit that suits it.
func elapsed(s summary) string {
	switch {
	case s.median == never || s.median == 0:
		return "–"
	case s.hours < 0.1:
		return fmt.Sprintf("%.0f s", s.hours*3600)
	case s.hours < 48:
		return fmt.Sprintf("%.1f h", s.hours)
	}
	return fmt.Sprintf("%.1f days", s.hours/24)
}
