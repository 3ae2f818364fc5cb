package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"auscult/pipeline"
	"auscult/pipeline/inventory"
	"auscult/replay"
	"auscult/sensor/pseudonym"
)

// perusal is what a command wants of the calls in captures that it prints something of.
type perusal struct {
	pipeline.Output
	apis *inventory.Inventory // may be nil
}

// registerPerusal adds the flags of commands that read captures and print what is in them.
func (f *replayFlags) registerPerusal(flags *pflag.FlagSet) {
	f.calls = "none"
	flags.StringVar(&f.from, "from", "", "leave out packets before `TIME` (RFC 3339)")
	flags.StringVar(&f.to, "to", "", "leave out packets at or after `TIME` (RFC 3339)")
	flags.StringVarP(&f.filterFile, "filter-file", "F", "", "read the filter from `FILE`")
	flags.BoolVar(&f.reveal, "reveal", false, "write names and identifiers in the clear, not as pseudonyms")
	flags.StringVar(&f.key, "key", "", "key `FILE` of the pseudonyms, made if missing (setting pseudonym.key_file)")
	flags.StringVar(&f.keyLog, "keylog", "", "open TLS with the secrets in `FILE` (as SSLKEYLOGFILE makes it; setting tls.key_log)")
	flags.StringArrayVar(&f.openapi, "openapi", nil, openapiUsage)
	f.registerRun(flags)
}

// captures refuses a command line without a capture.
func captures(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s needs a capture file, a folder of them, or - for standard input (see %s --help)", c.Name(), c.CommandPath())
	}
	return nil
}

func captureNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"pcap", "pcapng", "cap", "gz", "zst"}, cobra.ShellCompDirectiveFilterFileExt
}

// peruse reads the captures in args, and a filter behind them, as replay does. want says what it is for; tell prints it
// when all is read, and is not called when that failed.
func (f *replayFlags) peruse(ctx context.Context, flags *pflag.FlagSet, std stdio, args []string,
	want func(s *settings, names *pseudonym.Names) (perusal, error), tell func() error) (err error) {
	s, err := f.settings(flags, std.environ)
	if err != nil {
		return &exit{statusUsage, err}
	}
	paths, err := f.filter(&s, args)
	if err != nil {
		return &exit{statusUsage, err}
	}
	n, err := begin(std, &s, &f.runFlags)
	if err != nil {
		return err
	}
	defer n.close(&err)
	secrets, err := openKeyLog(ctx, n.screen, &s, slices.ContainsFunc(paths, piped))
	if err != nil {
		return err
	}
	if secrets != nil {
		defer secrets.Close()
	}
	keys, err := openKey(s.Pseudonym.KeyFile)
	if err != nil {
		return &exit{statusUsage, err}
	}
	s.Alert.Keys = keys
	p, err := want(&s, &pseudonym.Names{Reveal: f.reveal, Keys: keys})
	if err != nil {
		return err
	}
	src := replay.New(s.Replay, paths...)
	src.Stdin = std.in
	cfg := s.Config
	cfg.Inventory = p.apis
	var prog pipeline.Progress
	start := time.Now()
	stop := n.screen.follow(func() point {
		return point{read: src.Read(), total: src.Total(), packets: prog.Packets.Load(), calls: prog.Calls.Load(),
			alerts: prog.Alerts.Load(), elapsed: time.Since(start)}
	})
	_, err = pipeline.Run(ctx, cfg, src, p.Output, &prog)
	stop()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // that it was stopped is told by the exit status
	}
	if !f.again { // the second reading finds the same
		for _, notice := range src.Notices() {
			fmt.Fprintln(n.screen, "auscult:", notice)
		}
		for _, fault := range src.Faults() {
			fmt.Fprintln(n.screen, "auscult:", fault)
		}
	}
	if err == nil {
		err = tell()
	}
	switch {
	case err != nil:
		return &exit{statusFailed, err}
	case len(src.Faults()) > 0:
		return &exit{status: statusInput} // each was said
	}
	return nil
}
