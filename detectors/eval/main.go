// Command eval measures the detectors: it lets them watch invented hospitals, honest ones and such with attackers in
// them, and writes tables and plots of how often they are wrong, how soon they speak, and what they cost.
//
//	go run ./detectors/eval -benign 1e8
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

// run makes what the flags ask for, and writes each table as soon as it is known.
func run(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	flags.SetOutput(log)
	calls := flags.Float64("benign", 0, "play this many honest calls")
	which := flags.String("attacks", "", "tables of attacks to make, by the beginnings of their names, with commas; all: every one")
	times := flags.Int("replicates", 50, "how often a headline attack is made; the others are made half as often")
	scenes := flags.Int("scenarios", 0, "how often one attack of every other kind is made")
	slow := flags.Int("evasion", 0, "how many slow attackers each point of the evasion curves has")
	rivals := flags.Float64("rivals", 0, "play this many honest calls to the rules of other products too")
	parts := flags.Float64("ablation", 0, "play this many honest calls to detectors that lack a part")
	costs := flags.Bool("cost", false, "measure time and memory")
	quick := flags.Bool("quick", false, "a minute's worth of everything, in place of the other flags")
	full := flags.Bool("full", false, "all that the plan asks for, in place of the other flags")
	first := flags.Uint64("seeds", 101, "the first seed: 1 to tune, 101 for what is held out")
	out := flags.String("out", filepath.Join("detectors", "eval", "results"), "folder to write to")
	workers := flags.Int("workers", runtime.NumCPU(), "hospitals at once; results do not depend on it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *quick:
		*calls, *which, *times, *scenes, *costs = 1e6, "headlines", 4, 1, true
	case *full:
		*calls, *which, *times, *scenes, *slow, *rivals, *parts, *costs = 1e8, "all", 50, 50, 24, 2e7, 3e7, true
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	r := &runner{workers: *workers, log: log}
	command := "go run ./detectors/eval " + strings.Join(args, " ")
	write := func(name, text string) error {
		if err := os.WriteFile(filepath.Join(*out, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("results: %w", err)
		}
		return nil
	}
	var err error
	then := func(when bool, do func() error) {
		if when && err == nil {
			err = do()
		}
	}
	then(*costs, func() error { return write("cost.md", cost(*first, command)) })
	then(*scenes > 0, func() error { return write("scenarios.md", scenarioReport(r, *scenes, *first, command)) })
	then(*calls > 0, func() error { return write("benign.md", benignReport(benign(r, *calls, *first), command)) })
	then(*which != "", func() error {
		cells := chosen(attackCells(*times), *which)
		attack(r, cells, *first)
		return write("attacks.md", attackReport(cells, command))
	})
	then(*parts > 0, func() error { return write("ablation.md", ablate(r, *parts, *first, command)) })
	then(*rivals > 0, func() error { return write("baselines.md", compare(r, *rivals, *first, command)) })
	then(*slow > 0, func() error {
		cells := evasionCells(*slow)
		attack(r, cells, *first)
		text, plots := evasionReport(cells, command)
		for _, name := range slices.Sorted(maps.Keys(plots)) {
			if err := write(name, plots[name]); err != nil {
				return err
			}
		}
		return write("evasion.md", text)
	})
	return err
}

// chosen are the cells whose table's name begins with one of the names, in any case of letters.
func chosen(cells []*cell, names string) []*cell {
	var some []*cell
	for _, c := range cells {
		for _, name := range strings.Split(names, ",") {
			if name == "all" || name != "" && strings.HasPrefix(strings.ToLower(c.group), strings.ToLower(name)) {
				some = append(some, c)
				break
			}
		}
	}
	return some
}
