package main

import (
	"fmt"

	"auscult/detectors/eval/world"
	"auscult/sensor/clock"
)

// takes are the patients a day that a slow attacker takes.
var takes = []int{1, 2, 3, 5, 8, 15, 30, 60}

// evaders are the roles whose accounts the curve is drawn for.
var evaders = []world.Role{world.Nurse, world.WardDoctor, world.ClinicDoctor, world.EDDoctor, world.Registrar, world.Coder, world.Billing, world.CallCentre}

// evasionCells are attackers who take so many patients a day for thirty days, inside the hours of work.
func evasionCells(n int) []*cell {
	var cells []*cell
	for _, role := range evaders {
		for _, name := range []string{"random", "+1"} {
			for _, take := range takes {
				p := pace{fmt.Sprintf("%d/day", take), 10 * world.Hour / clock.Time(take+1), take, 30}
				cells = append(cells, &cell{group: tableEvasion, name: fmt.Sprintf("%v, %s, %d/day", role, name, take), order: find(name), pace: p,
					role: role, spread: 1, hits: 1, most: 30 * take, replicates: n, set: func(c *world.Config) { c.People = 500 }})
			}
		}
	}
	return cells
}

// evasionReport is the curves, as a table and as a plot for each order.
func evasionReport(cells []*cell, command string) (text string, plots map[string]string) {
	var d document
	d.title("How slowly an attacker must read", command)
	d.text("Share of raids found within 30 days, by patients taken a day beside honest work, and the median of patients read until then. The last column is the largest take of the table whose chance of being found is below one half.")
	plots = map[string]string{}
	columns := []string{"account"}
	for _, t := range takes {
		columns = append(columns, fmt.Sprintf("%d/day", t))
	}
	at := map[string]*cell{}
	for _, c := range cells {
		at[c.name] = c
	}
	for _, name := range []string{"random", "+1"} {
		d.heading("Order " + name)
		d.table(append(columns, "unnoticed up to")...)
		graph := chart{title: "Chance of being found within 30 days, order " + name, x: "patients a day", y: "found"}
		for _, role := range evaders {
			row := []any{role.String()}
			l := line{name: role.String()}
			free := 0
			for _, take := range takes {
				c := at[fmt.Sprintf("%v, %s, %d/day", role, name, take)]
				s := summarize(c.found)
				found := 1 - s.never
				row = append(row, fmt.Sprintf("%.0f %% · %s", 100*found, count(s.median)))
				l.x, l.y = append(l.x, float64(take)), append(l.y, found)
				if found < .5 {
					free = take
				}
			}
			graph.lines = append(graph.lines, l)
			d.row(append(row, fmt.Sprintf("%d/day", free))...)
		}
		file := "evasion-" + map[string]string{"random": "random", "+1": "sequential"}[name] + ".svg"
		plots[file] = graph.svg()
		d.text("![](%s)", file)
	}
	return d.String(), plots
}
