package main

import (
	"fmt"

	"auscult/detectors/eval/world"
	"auscult/internal/chart"
	"auscult/sensor/clock"
)

// takes are the patients a day that a slow attacker takes.
var takes = []int{1, 2, 3, 5, 8, 15, 30, 60}

// evaders are the roles whose accounts the curve is drawn for.
var evaders = []world.Role{world.Nurse, world.WardDoctor, world.ClinicDoctor, world.EDDoctor, world.Registrar, world.Coder, world.Billing, world.CallCentre}

// evasionDays is how long they go on.
const evasionDays = 30

// evasionCells are attackers who take so many patients a day for thirty days, inside the hours of work.
func evasionCells(n int) []*cell {
	var cells []*cell
	for _, role := range evaders {
		for _, name := range []string{"random", "+1"} {
			for _, take := range takes {
				p := pace{fmt.Sprintf("%d/day", take), 10 * world.Hour / clock.Time(take+1), take, evasionDays}
				cells = append(cells, &cell{setting: setting{people: 500}, group: tableEvasion, name: fmt.Sprintf("%v, %s, %d/day", role, name, take),
					order: find(name), pace: p, role: role, count: 1, hits: 1, most: evasionDays * take, replicates: n})
			}
		}
	}
	return cells
}

// evasionReport is the curves, as a table and as a plot for each order.
func evasionReport(cells []*cell, command string) (text string, plots map[string]string, err error) {
	var d document
	d.title("How slowly an attacker must read", command)
	d.text("Share of raids found within %d days (Wilson's 95 %% interval), by patients taken a day beside honest work, and the median of patients read until then. The last column is the largest take of the table whose chance of being found is below one half.", evasionDays)
	plots = map[string]string{}
	columns := []string{"account", "raids each"}
	for _, t := range takes {
		columns = append(columns, fmt.Sprintf("%d/day", t))
	}
	at := map[string]*cell{}
	for _, c := range cells {
		if c.group == tableEvasion {
			at[c.name] = c
		}
	}
	if len(at) == 0 {
		return "", nil, nil
	}
	for _, name := range []string{"random", "+1"} {
		d.heading("Order " + name)
		d.table(append(columns, "unnoticed up to")...)
		graph := chart.Chart{Title: "Chance of being found within 30 days, order " + name, X: chart.Axis{Label: "patients a day", Kind: chart.Log},
			Y: chart.Axis{Label: "raids found, %", To: 100}, Height: 360}
		for i, role := range evaders {
			row := []any{role.String(), 0}
			l := chart.Series{Name: role.String(), Style: chart.Nth(i)}
			free := 0
			for _, take := range takes {
				s := summarize(ours(at[fmt.Sprintf("%v, %s, %d/day", role, name, take)].results))
				row[1] = s.n
				row = append(row, percent(s.n-s.missed, s.n)+" · "+count(s.median))
				l.X, l.Y = append(l.X, float64(take)), append(l.Y, 100*(1-s.never()))
				if s.never() > .5 {
					free = take
				}
			}
			graph.Series = append(graph.Series, l)
			d.row(append(row, fmt.Sprintf("%d/day", free))...)
		}
		file := "evasion-" + map[string]string{"random": "random", "+1": "sequential"}[name] + ".svg"
		if plots[file], err = graph.File(); err != nil {
			return "", nil, err
		}
		d.text("![](%s)", file)
	}
	return d.String(), plots, nil
}
