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
	return nil
}
