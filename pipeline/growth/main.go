// Command growth says how time and memory grow with what there is to remember: it makes captures with 1, 10 and 100 times
// as many connections, principals, endpoints and objects, the exchanges being as many, and replays them with the program
// as it ships, one worker, every detector on.
//
//	go run ./pipeline/growth                    writes pipeline/growth/results, some three minutes
//	go run ./pipeline/growth -exchanges 20000   a small one
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"auscult/internal/chart"
	"auscult/internal/whole"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

// base is the size of each kind at 1×, when others grow.
var base = traffic{flows: 1000, principals: 1000, endpoints: 100, objects: 4000}

// kinds are what grows, one at a time.
var kinds = []struct {
	name string
	of   func(t *traffic) *int
}{
	{"connections", func(t *traffic) *int { return &t.flows }},
	{"principals", func(t *traffic) *int { return &t.principals }},
	{"endpoints", func(t *traffic) *int { return &t.endpoints }},
	{"objects", func(t *traffic) *int { return &t.objects }},
	{"exchanges", func(t *traffic) *int { return &t.exchanges }},
}

func run(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("growth", flag.ContinueOnError)
	flags.SetOutput(log)
	exchanges := flags.Int("exchanges", 200_000, "exchanges of a capture")
	times := flags.Int("n", 3, "replays of each capture; the one with the least CPU time counts")
	full := flags.Bool("full", true, "also a million connections of 200,000 principals")
	out := flags.String("out", filepath.Join("pipeline", "growth", "results"), "folder to write to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 0 || *exchanges < 1000 || *times < 1 {
		return errors.New("usage: growth [-exchanges N] [-n TIMES] [-full=false] [-out DIR], with at least 1,000 exchanges")
	}
	program, err := whole.Build(log)
	if err != nil {
		return err
	}
	defer program.Remove()
	once := func(t traffic) (m whole.Run, err error) {
		capture := program.Path("traffic.pcap")
		if err := t.write(capture); err != nil {
			return m, err
		}
		for range *times {
			one, err := program.Replay(capture)
			if err != nil {
				return m, err
			}
			if m.CPU == 0 || one.CPU < m.CPU {
				one.Memory = max(one.Memory, m.Memory)
				m = one
			}
		}
		if m.Calls != int64(t.exchanges) {
			return m, fmt.Errorf("%d calls of %d exchanges", m.Calls, t.exchanges)
		}
		return m, nil
	}

	var b strings.Builder
	fmt.Fprintf(&b, "# How cost grows\n\nMade by `%s`: %d exchanges unless they are what grows; beside what grows, %d connections, %d principals, %d endpoints and %d objects.\n",
		strings.TrimSpace("go run ./pipeline/growth "+strings.Join(args, " ")), *exchanges, base.flows, base.principals, base.endpoints, base.objects)
	b.WriteString("Each principal asks for its own objects again and again; every connection stays open to the end.\n\n")
	b.WriteString("| grows | how many | CPU s | µs an exchange | memory, MB | bytes for each more |\n|---|--:|--:|--:|--:|--:|\n")
	spent := chart.Chart{Title: "CPU time of an exchange", X: chart.Axis{Label: "times as many", Kind: chart.Log}, Y: chart.Axis{Label: "µs"}, Height: 360}
	held := chart.Chart{Title: "Peak memory of the process", X: chart.Axis{Label: "times as many", Kind: chart.Log}, Y: chart.Axis{Label: "MB"}, Height: 360}
	for nth, k := range kinds {
		s, h := chart.Series{Name: k.name, Style: chart.Nth(nth)}, chart.Series{Name: k.name, Style: chart.Nth(nth)}
		var first whole.Run
		var least int
		for i, factor := range []int{1, 10, 100} {
			t := base
			t.exchanges = *exchanges
			size := k.of(&t)
			if k.name == "exchanges" {
				*size /= 10 // so that it ends at ten times what the others have
			}
			*size *= factor
			m, err := once(t)
			if err != nil {
				return fmt.Errorf("%d %s: %w", *size, k.name, err)
			}
			more := "–"
			if i == 0 {
				first, least = m, *size
			} else {
				more = fmt.Sprintf("%.0f", float64(m.Memory-first.Memory)/float64(*size-least))
			}
			each := float64(m.CPU.Microseconds()) / float64(m.Calls)
			fmt.Fprintf(&b, "| %s | %d | %.2f | %.1f | %d | %s |\n", k.name, *size, m.CPU.Seconds(), each, m.Memory>>20, more)
			fmt.Fprintf(log, "%d %s: %.2f CPU s, %d MB\n", *size, k.name, m.CPU.Seconds(), m.Memory>>20)
			s.X, s.Y = append(s.X, float64(factor)), append(s.Y, each)
			h.X, h.Y = append(h.X, float64(factor)), append(h.Y, float64(m.Memory>>20))
			spent.Y.To, held.Y.To = max(spent.Y.To, each), max(held.Y.To, float64(m.Memory>>20))
		}
		spent.Series, held.Series = append(spent.Series, s), append(held.Series, h)
	}
	if *full {
		t := traffic{flows: 1_000_000, principals: 200_000, endpoints: 100, objects: 800_000, exchanges: 1_000_000}
		m, err := once(t)
		if err != nil {
			return fmt.Errorf("a million connections: %w", err)
		}
		fmt.Fprintf(&b, "\n%d connections of %d principals, open at once, one exchange each: %.2f CPU s, %d MB at most.\n", t.flows, t.principals, m.CPU.Seconds(), m.Memory>>20)
	}
	b.WriteString("\n![](time.svg)\n\n![](memory.svg)\n")
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	time, err := spent.File()
	if err != nil {
		return err
	}
	memory, err := held.File()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"growth.md": b.String(), "time.svg": time, "memory.svg": memory} {
		if err := os.WriteFile(filepath.Join(*out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
