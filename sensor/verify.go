package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auscult/pipeline/custody"
)

func verifyCommand(std stdio) *cobra.Command {
	var key, known string
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check that a case folder is as it was written",
		Long: `Check a case folder of replay -l or live -l, offline: that no byte, line or file of it was
changed, removed, added or put elsewhere since it was signed. What is not as it was is told in
a line each, with file and line.

It proves that whoever holds the signing key wrote what is in the folder, by the time of the
checkpoint at the latest, as that machine's clock had it. Who holds the key can write another
folder: give the verifier that was noted elsewhere with --key, and with --checkpoint a checkpoint
that left the machine (a line of checkpoints.jsonl, or a note), which also shows that the folder
was put back to an older state. It does not prove that the sensor saw everything, which the
manifest's ledger is about, nor that its inputs were what passed the wire.

Exit status: 0 all is whole, 1 it is not, 2 usage, or there is no such folder.`,
		Example: `  auscult verify case
  auscult verify case --key 'auscult+1a2b3c4d+AY…' --checkpoint noted.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("verify needs one case folder (see auscult verify --help)")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			asked := custody.Asked{Verifier: key, Leaves: alertsFile}
			if key != "" {
				if err := custody.CheckVerifier(key); err != nil {
					return usagef("--key: %q is no verifier like NAME+HASH+KEY: %w", key, err)
				}
			}
			if known != "" {
				var err error
				if asked.Known, err = readSome(known); err != nil {
					return usagef("--checkpoint: %w", err)
				}
			}
			v, err := custody.Verify(args[0], asked)
			if err != nil {
				return &exit{statusUsage, err}
			}
			return tellVerdict(c.OutOrStdout(), &v, key != "", known != "")
		},
	}
	c.Flags().StringVar(&key, "key", "", "the `VERIFIER` that must have signed: NAME+HASH+KEY")
	c.Flags().StringVar(&known, "checkpoint", "", "a `FILE` with a checkpoint that must be of this folder, or of an older state of it")
	return c
}

// maxKnown is how many bytes of checkpoints may be given.
const maxKnown = 16 << 20

func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKnown+1))
	if err == nil && len(text) > maxKnown {
		err = fmt.Errorf("%s has more than %d bytes", path, maxKnown)
	}
	return text, err
}

// tellVerdict writes what was found: the faults, or what is proven.
func tellVerdict(w io.Writer, v *custody.Verdict, byKey, byPoint bool) error {
	var b strings.Builder
	for _, f := range v.Faults {
		fmt.Fprintln(&b, f)
	}
	if more := v.Count - len(v.Faults); more > 0 {
		fmt.Fprintf(&b, "and %s more\n", grouped(uint64(more)))
	}
	if v.Count == 0 {
		fmt.Fprintf(&b, "whole: %s and %s, as signed at %s\n", counted(uint64(v.Lines), "alert"), counted(uint64(v.Outputs), "file"),
			v.Sealed.UTC().Format(time.RFC3339))
		fmt.Fprintf(&b, "case %s, begun at %s; %s over %s\n", v.Case, v.Begun, counted(uint64(v.Checkpoints), "checkpoint"),
			amount(uint64(v.Leaves), "leaves"))
		fmt.Fprintf(&b, "signed by %s\n", v.Verifier)
		if !byKey {
			fmt.Fprintln(&b, "that this is the sensor's key only --key can show: the folder names it itself")
		}
		if !byPoint {
			fmt.Fprintln(&b, "that it is not an older state of the folder only --checkpoint can show")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return &exit{statusFailed, err}
	}
	if v.Count > 0 {
		return &exit{status: statusFailed} // each was said
	}
	return nil
}
