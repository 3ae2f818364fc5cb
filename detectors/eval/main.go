// Command eval measures the detectors: it lets them watch invented hospitals, honest ones and such with attackers in
// them, and writes tables and plots of how often they are wrong, how soon they speak, and what they cost.
//
//	go run ./detectors/eval -benign 1e8
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	flags.SetOutput(log)
	calls := flags.Float64("benign", 0, "play this many honest calls; 0: none")
	first := flags.Uint64("seeds", 101, "the first seed: 1 to tune, 101 for what is held out")
	which := flags.String("attacks", "", "names of the tables of attacks to make, by their beginnings, with commas; all: every one")
	times := flags.Int("replicates", 50, "how often a headline attack is made; the others are made half as often")
	out := flags.String("out", filepath.Join("detectors", "eval", "results"), "folder to write to")
	workers := flags.Int("workers", runtime.NumCPU(), "hospitals at once; results do not depend on it")
	if err := flags.Parse(args); err != nil {
		return err
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
	if *calls > 0 {
		if err := write("benign.md", benignReport(benign(r, *calls, *first), command)); err != nil {
			return err
		}
	}
	if cells := chosen(attackCells(*times), *which); len(cells) > 0 {
		attack(r, cells, *first)
		if err := write("attacks.md", attackReport(cells, command)); err != nil {
			return err
		}
	}
	return nil
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
