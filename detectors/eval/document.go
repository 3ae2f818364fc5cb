package main

import (
	"fmt"
	"strings"
)

// document is Markdown.
type document struct {
	strings.Builder
	columns int
}

func (d *document) title(name, command string) {
	fmt.Fprintf(d, "# %s\n\nMade by `%s`. Figures of an invented hospital (`world`), the detectors as they ship.\n", name, command)
}

func (d *document) heading(name string) { fmt.Fprintf(d, "\n## %s\n", name) }

func (d *document) text(format string, args ...any) { fmt.Fprintf(d, "\n"+format+"\n", args...) }

// table begins a table; row continues it.
func (d *document) table(columns ...string) {
	d.columns = len(columns)
	fmt.Fprintf(d, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

func (d *document) row(cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(d, "| %v ", c)
	}
	d.WriteString("|\n")
}

func millions(calls uint64) string { return fmt.Sprintf("%.2f million", float64(calls)/1e6) }
