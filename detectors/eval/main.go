// Command eval measures the detectors: it lets them watch invented hospitals, honest ones and such with attackers in
// them, and writes tables and plots of how often they are wrong, how soon they speak, and what they cost.
//
//	go run ./detectors/eval -full            all, about half an hour on two cores
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
	rivals := flags.Float64("rivals", 0, "tune a rule of others on this many honest calls of seeds 1 to 8, and judge all traffic by those rules too")
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
		*calls, *which, *times, *scenes, *rivals, *parts, *costs = 1e8, "all", 50, 50, 2e7, 3e7, true
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
	var m measured
	then(*costs, func() error {
		m.cost = cost(*first)
		return write("cost.md", costReport(m.cost, command))
	})
	then(*scenes > 0, func() error {
		m.scenes = playScenarios(r, *scenes, *first)
		return write("scenarios.md", scenarioReport(m.scenes, *scenes, command))
	})
	z := 0.0
	if *rivals > 0 {
		t := tune(r, *rivals)
		z = t.z
		m.tuning = &t
	}
	then(*calls > 0, func() error {
		m.runs = benign(r, *calls, *first, z)
		if m.tuning != nil {
			if err := write("baselines.md", compareReport(*m.tuning, m.runs, command)); err != nil {
				return err
			}
		}
		return write("benign.md", benignReport(m.runs, command))
	})
	then(*which != "", func() error {
		if m.cells, err = chosen(attackCells(*times), *which); err != nil {
			return err
		}
		others := attack(r, m.cells, *first, z)
		if err := write("attacks.md", attackReport(m.cells, others, z > 0, command)); err != nil {
			return err
		}
		text, plots, err := evasionReport(m.cells, command)
		if err != nil {
			return err
		}
		if len(plots) == 0 {
			return nil
		}
		for _, name := range slices.Sorted(maps.Keys(plots)) {
			if err := write(name, plots[name]); err != nil {
				return err
			}
		}
		return write("evasion.md", text)
	})
	then(*parts > 0, func() error { return write("ablation.md", ablate(r, *parts, *first, command)) })
	then(true, func() error { return write("targets.md", targetReport(&m, command)) })
	return err
}
