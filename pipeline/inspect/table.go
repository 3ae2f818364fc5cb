// Package inspect shows what is in captures as tables, or as lines of JSON: calls, connections, principals, incidents.
package inspect

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"auscult/sensor/clock"
)

// table is rows of text that are put into columns when all are known.
type table struct {
	columns []column
	rows    [][]string
}

// column is one of a table. Numbers stand right; one that may be cut gives room where lines would be too long.
type column struct {
	name       string
	right, cut bool
}

const leastWidth = 12 // of a column that may be cut

// print writes t in lines of at most width columns, as far as cutting goes; 0 is any width. What came over the network is
// stripped of what could steer a terminal.
func (t *table) print(w io.Writer, width int) error {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = len(c.name)
	}
	for _, row := range t.rows {
		for i := range row {
			row[i] = printable(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	if width > 0 {
		t.shrink(widths, width)
	}
	var b strings.Builder
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = c.name
	}
	t.line(&b, head, widths)
	for _, row := range t.rows {
		t.line(&b, row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shrink takes from the widest column that may be cut until all fit.
func (t *table) shrink(widths []int, width int) {
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	for ; total > width; total-- {
		widest := -1
		for i, c := range t.columns {
			if c.cut && widths[i] > leastWidth && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

func (t *table) line(b *strings.Builder, row []string, widths []int) {
	var l strings.Builder
	for i, text := range row {
		n := utf8.RuneCountInString(text)
		if n > widths[i] {
			text = string([]rune(text)[:widths[i]-1]) + "…"
			n = widths[i]
		}
		gap := strings.Repeat(" ", widths[i]-n)
		if t.columns[i].right {
			l.WriteString(gap + text)
		} else {
			l.WriteString(text + gap)
		}
		l.WriteString("  ")
	}
	b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
}

// printable is text with a ? for each rune that does not print.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r != ' ' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// some is a number; nothing for none, so that what there is can be seen.
func some[N int | int64 | uint64](n N) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(int64(n), 10)
}

func moment(t clock.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

func second(t clock.Time) string { return t.UTC().Format(time.DateTime) }

func rfc3339(t clock.Time) string { return t.UTC().Format(time.RFC3339Nano) }
