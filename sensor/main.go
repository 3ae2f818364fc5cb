// Command auscult reads captures of a hospital's API traffic and tells who reads patients' records that they
// should not: packets go in, alerts and a call log come out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit statuses. A truncated capture is read to its end, said, and is no failure.
const (
	statusDone   = 0
	statusFailed = 1 // it failed while running
	statusUsage  = 2 // command line or configuration
	statusInput  = 3 // an input could not be read
	statusAlerts = 4 // incidents of Medium or more were found, with --fail-on-alert
	statusSignal = 128
)

// drainTime is how long a run may take to write what it has after a signal.
const drainTime = 10 * time.Second

// exit is an error that says with which status the program ends.
type exit struct {
	status int
	err    error // nil when everything was said already
}

func (e *exit) Error() string { return fmt.Sprint(e.err) }
func (e *exit) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &exit{statusUsage, fmt.Errorf(format, args...)} }

// stdio is what the program talks through; tests put buffers there.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}

func main() {
	ctx := onSignals(context.Background(), os.Stderr, os.Exit)
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr, os.Environ()}))
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, std stdio) int {
	root := rootCommand(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	end := &exit{status: statusDone}
	if err != nil && !errors.As(err, &end) {
		end = &exit{statusUsage, err} // what cobra itself refuses: an unknown flag or command, a missing argument
	}
	if end.err != nil {
		fmt.Fprintln(std.err, "auscult:", oneLine(end.err))
	}
	var stopped *exit
	if errors.As(context.Cause(ctx), &stopped) {
		return stopped.status
	}
	return end.status
}

// oneLine is err in one line, however many errors are joined in it.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// onSignals returns a context that ends at the first SIGINT or SIGTERM; its cause is an exit with the status of
// that signal. A second signal, or a drain that takes too long, ends the program at once through end.
func onSignals(ctx context.Context, stderr io.Writer, end func(int)) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first := statusOf(<-signals)
		cancel(&exit{first, errors.New("stopped by a signal")})
		select {
		case s := <-signals:
			end(statusOf(s))
		case <-time.After(drainTime):
			fmt.Fprintf(stderr, "auscult: could not write everything within %v of the signal\n", drainTime)
			end(first)
		}
	}()
	return ctx
}

func statusOf(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return statusSignal + int(n)
	}
	return statusFailed
}

// knownCommand refuses a word that is no command, and says which one may have been meant.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q; did you mean %s? (see auscult --help)", args[0], strings.Join(near, " or "))
	}
	return usagef("unknown command %q (see auscult --help)", args[0])
}

func rootCommand(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:   "auscult",
		Short: "Hears in API traffic who reads patients' records that they should not",
		Long: `Auscult reads captured network traffic, follows every HTTP call in it, and alerts on
broken object level authorization (BOLA) and scraping: fan-out over patients, walks through
ids, responses with more health data than a task needs. It only listens.`,
		Example:                    "  auscult replay traffic.pcap\n  auscult live -i eth2",
		SilenceErrors:              true,
		SilenceUsage:               true,
		DisableAutoGenTag:          true,
		Args:                       knownCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w (see %s --help)", err, c.CommandPath())
	})
	root.AddCommand(replayCommand(std), liveCommand(std), detectCommand(std), inspectCommand(std), inventoryCommand(std),
		verifyCommand(std), revealCommand(std), configCommand(std), manCommand(), versionCommand())
	return root
}
