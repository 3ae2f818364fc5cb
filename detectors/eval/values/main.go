// Command values measures what the sensor sees in single values and in recorded requests, with the code that runs in the
// sensor: which attacks package inject recognises and the injection detector alerts on, how often honest values are taken
// for one, and which classes of health data package phi finds in bodies. fetch.sh makes the lists.
//
//	go run ./detectors/eval/values -payloads DIR -honest DIR -bodies DIR      the held-out half
//	go run ./detectors/eval/values -payloads DIR -honest DIR -half tune -misses FILE -out ""
//	go run ./detectors/eval/values -requests attack=FILE,honest=FILE -half all -out ""
//
// Values fall into the halves by a hash of their text. The rules were mended on one half; the tables are of the other.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "values:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("values", flag.ContinueOnError)
	payloads := flags.String("payloads", "", "folder of lists named SOURCE.CLASS.txt, a value a line with %XX decoded, or .jsonl, a JSON string a line, and of requests named SOURCE.CLASS.requests.jsonl")
	honest := flags.String("honest", "", "folders or files of honest values, with commas")
	requests := flags.String("requests", "", "recorded requests, attack=FILE,honest=FILE,…: JSON with method, url, headers and data, or raw HTTP/1")
	bodies := flags.String("bodies", "", "folder of labelled bodies that sensor/phi/testdata/values.py made")
	part := flags.String("half", "held", "held, tune or all")
	misses := flags.String("misses", "", "file for what was missed and what was taken for an attack")
	out := flags.String("out", filepath.Join("detectors", "eval", "results", "values.md"), "file of the tables; empty for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	which, ok := map[string]half{"held": held, "tune": tune, "all": all}[*part]
	if !ok {
		return fmt.Errorf("half %q is none of held, tune, all", *part)
	}
	notes := bufio.NewWriter(io.Discard)
	if *misses != "" {
		f, err := os.Create(*misses)
		if err != nil {
			return fmt.Errorf("misses: %w", err)
		}
		defer f.Close()
		notes = bufio.NewWriter(f)
	}
	r := &report{half: *part}
	for _, step := range []struct {
		given string
		do    func(string, half, *bufio.Writer) error
	}{{*payloads, r.attacks}, {*honest, r.honest}, {*requests, r.requests}, {*bodies, r.bodies}} {
		if step.given == "" {
			continue
		}
		if err := step.do(step.given, which, notes); err != nil {
			return err
		}
	}
	if err := notes.Flush(); err != nil {
		return fmt.Errorf("misses: %w", err)
	}
	text := r.text()
	fmt.Fprint(log, text)
	if *out == "" {
		return nil
	}
	if err := os.WriteFile(*out, []byte(text), 0o644); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	return nil
}

// lists are the files of values in folders and files, in order.
func lists(given string) (paths []string, err error) {
	for _, p := range strings.Split(given, ",") {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		if !info.IsDir() {
			paths = append(paths, p)
			continue
		}
		for _, ext := range []string{"*.jsonl", "*.txt"} {
			found, err := filepath.Glob(filepath.Join(p, ext))
			if err != nil {
				return nil, fmt.Errorf("list: %w", err)
			}
			paths = append(paths, found...)
		}
	}
	slices.Sort(paths)
	return paths, nil
}
