// Command eval measures the detectors: it lets them watch invented hospitals, honest ones and such with attackers in
// them, and writes tables and plots of how often they are wrong, how soon they speak, and what they cost.
//
//	go run ./detectors/eval -full            all, about three quarters of an hour on two cores
//	go run ./detectors/eval -quick           a minute
//	go run ./detectors/eval -benign 1e7 -seeds 1 -out /tmp/tuning
//
// Every table names the command that made it. Seeds 1 to 8 are for tuning, those from 101 on are held out.
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
	which := flags.String("attacks", "", "tables of attacks to make, with commas: all, "+strings.Join(tableKeys, ", "))
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
		cells, err := chosen(attackCells(*times), *which)
		if err != nil {
			return err
		}
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
