// Command stages says what each stage of the pipeline costs: it replays a capture with the program as it ships, one
// worker, every detector on, and gives each sample of its CPU profile to the stage in which it was taken.
//
//	go run ./pipeline/stages CAPTURE                  prints the table
//	go run ./pipeline/stages -into README.md CAPTURE  and writes it between the marks in that file
//
// A sample belongs to the innermost frame that a stage owns, so that what the runtime and the libraries do is laid to
// whoever asked for it. A bare memory read of the capture is measured beside it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"auscult/internal/whole"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stages:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("stages", flag.ContinueOnError)
	flags.SetOutput(log)
	times := flags.Int("n", 5, "how often the capture is replayed; the run with the least CPU time counts, and the profiles of all")
	into := flags.String("into", "", "file to write the table into, between its marks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *times < 1 {
		return errors.New("usage: stages [-n TIMES] [-into FILE] CAPTURE")
	}
	capture := flags.Arg(0)
	program, err := whole.Build(log)
	if err != nil {
		return err
	}
	defer program.Remove()
	var sum tally
	for i := range *times {
		m, err := replay(program, capture)
		if err != nil {
			return err
		}
		fmt.Fprintf(log, "run %d: %.2f CPU s\n", i+1, m.CPU.Seconds())
		sum.add(m)
	}
	read, err := memoryRead(sum.bytes)
	if err != nil {
		return err
	}
	command := "go run ./pipeline/stages " + filepath.Base(capture)
	text := sum.table(command, read)
	if _, err := io.WriteString(out, text); err != nil || *into == "" {
		return err
	}
	return replace(*into, text)
}

// measure is one replay of a capture, with its profile.
type measure struct {
	whole.Run
	profile *profile.Profile
}

func replay(program *whole.Program, capture string) (m measure, err error) {
	prof := program.Path("cpu.prof")
	if m.Run, err = program.Replay(capture, "--cpuprofile", prof); err != nil {
		return m, err
	}
	if m.Packets == 0 || m.Calls == 0 {
		return m, fmt.Errorf("%s: no packets or no calls in it", capture)
	}
	f, err := os.Open(prof)
	if err != nil {
		return m, err
	}
	defer f.Close()
	if m.profile, err = profile.Parse(f); err != nil {
		return m, fmt.Errorf("%s: %w", prof, err)
	}
	return m, nil
}

// memoryRead is the time of one pass over n bytes that lie in memory, eight at a time; the best of five.
func memoryRead(n int64) (best time.Duration, err error) {
	const most = 1 << 28
	words := make([]uint64, min(n, most)/8+1)
	for i := range words {
		words[i] = uint64(i) // a page that was never written is not read from memory
	}
	var sum uint64
	for range 5 {
		began := time.Now()
		for i := 0; i+4 <= len(words); i += 4 {
			sum += words[i] + words[i+1] + words[i+2] + words[i+3]
		}
		if d := time.Since(began); best == 0 || d < best {
			best = d
		}
	}
	if sum == 0 {
		return 0, errors.New("nothing was read")
	}
	return time.Duration(float64(best) * float64(n) / float64(8*len(words))), nil
}

const (
	begin = "<!-- stages: made by go run ./pipeline/stages -into README.md CAPTURE -->\n"
	end   = "<!-- end of stages -->\n"
)

// replace puts text between the marks in a file.
func replace(path, text string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has not the marks %q and %q", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+text+end+after), 0o644)
}
