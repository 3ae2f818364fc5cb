package main

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"auscult/sensor/clock"
)

// replayFlags is what the command line of replay says.
type replayFlags struct {
	runFlags
	from, to, saveBaseline string
	evidenceFlags
	state, resume string
	failOnAlert   bool
	noInputHash   bool
	again         bool // the captures were read once already
}

func replayCommand(std stdio) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay FILE|DIR… ['FILTER']",
		Short: "Read captures and alert on what is in them",
		Long: `Read pcap and pcapng files (also gzip or zstd compressed), or every capture below a
folder, merged in order of time, and alert on what is in them. "-" reads one capture from
standard input.

A FILTER behind them, as for tcpdump, leaves out the packets that it does not take; they are
counted. It is the last argument, when no file has its name. What is behind a VLAN tag must be
asked for as such: tcp port 80 or (vlan and tcp port 80).

Alerts go to standard output: as cards on a terminal, else one OCSF Detection Finding in JSON
a line; --format ecs (Elastic Common Schema 9.4) and cef (ArcSight) write other lines. With -l
they go to files of a case folder instead: alerts.jsonl, which is OCSF whatever the format,
alerts.ecs.jsonl or alerts.cef, inventory.json (see auscult inventory), stats.json and, with
--calls jsonl or parquet, calls.jsonl or the folder calls, and connections.jsonl (TLS and MLLP);
report.html, which tells people what happened and opens in any browser; and manifest.json, which
names and signs all of that (see auscult verify). A summary, with what could not be seen, is
written to standard error.

What is usual is learned as packets come; a capture of an hour knows little. --save-baseline
keeps it for the next run, --baseline begins with it, and --baseline self reads a capture twice.

--evidence also keeps the packets that show each incident, evidence/INCIDENT.pcapng in the
case folder, as they are: with what is said of patients in them. --evidence-recipient encrypts
them to age recipients. evidence/index.jsonl names each file, its SHA-256, and what it lacks.

--state goes on with all that detection remembered of the captures before, open incidents too,
and keeps it for the next: a month may be read day by day. Connections that run over the break
are cut there. --resume is for the last day: incidents are closed. The file is sealed under the
key of the pseudonyms; another version or other settings begin anew, which is said.

TLS is read with --keylog, or with the secrets in a pcapng; otherwise its connections are logged.

Names and identifiers are replaced by pseudonyms under a key of this user; --reveal writes them
in the clear.

Exit status: 0 done (also when a capture is cut short, which is said), 1 it failed while
running, 2 usage or configuration, 3 an input could not be read (the others were), 4 incidents
of medium severity or more were found and --fail-on-alert was given, 130 or 143 stopped by a
signal, after writing what it had.`,
		Example: `  auscult replay traffic.pcap
  auscult replay -l case --calls jsonl --from 2026-03-02T08:00:00Z captures/
  auscult replay captures/ 'tcp port 8080 and not host 10.1.2.3'
  auscult replay --baseline monday.baseline --save-baseline tuesday.baseline tuesday.pcap
  auscult replay --state march.state 2026-03-01.pcap
  zstd -dc traffic.pcap.zst | auscult replay - --fail-on-alert > alerts.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("replay needs a capture file, a folder of them, or - for standard input (see auscult replay --help)")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pcap", "pcapng", "cap", "gz", "zst"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings(c.Flags(), std.environ)
			if err != nil {
				return &exit{statusUsage, err}
			}
			if args, err = f.filter(&s, args); err != nil {
				return &exit{statusUsage, err}
			}
			if err := f.checkBaseline(args); err != nil {
				return &exit{statusUsage, err}
			}
			if err := f.checkState(); err != nil {
				return &exit{statusUsage, err}
			}
			if err := f.checkEvidence(&s, f.dir, args); err != nil {
				return &exit{statusUsage, err}
			}
			return runReplay(c.Context(), std, s, &f, args)
		},
	}
	f.register(c.Flags())
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"ocsf", "ecs", "cef"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("calls", cobra.FixedCompletions([]string{"jsonl", "parquet", "none"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *replayFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.registerFolder(flags)
	flags.BoolVar(&f.noInputHash, "no-input-hash", false, "do not hash the inputs for the case folder's manifest (setting custody.hash_inputs)")
	flags.StringVar(&f.from, "from", "", "leave out packets before `TIME` (RFC 3339)")
	flags.StringVar(&f.to, "to", "", "leave out packets at or after `TIME` (RFC 3339)")
	flags.StringVarP(&f.filterFile, "filter-file", "F", "", "read the filter from `FILE`")
	flags.BoolVar(&f.failOnAlert, "fail-on-alert", false, "end with status 4 when there was an incident of medium severity\nor more")
	f.registerOutputs(flags)
	flags.StringVar(&f.keyLog, "keylog", "", "open TLS with the secrets in `FILE` (as SSLKEYLOGFILE makes it; followed\nwhile packets come through a pipe; setting tls.key_log)")
	flags.StringArrayVar(&f.openapi, "openapi", nil, openapiUsage)
	flags.StringVar(&f.baseline, "baseline", "", "begin with what `FILE` of --save-baseline says is usual; self: read the\ncapture twice, first for what is usual in it")
	flags.StringVar(&f.saveBaseline, "save-baseline", "", "write to `FILE` what was learned; no name and no identifier is in it")
	flags.StringVar(&f.state, "state", "", "go on with what detection remembered, in `FILE`, and at the end keep it there: what\nis read day by day gives the alerts of one reading. Incidents stay open")
	flags.StringVar(&f.resume, "resume", "", "go on with what `FILE` of --state holds, and end as ever: it is not written")
	f.registerEvidence(flags)
	f.registerRun(flags)
}

// settings loads what the file and the environment say and sets over it what the flags say.
func (f *replayFlags) settings(flags *pflag.FlagSet, environ []string) (settings, error) {
	s, err := f.load(flags, environ)
	if err != nil {
		return s, err
	}
	if err := f.window(&s); err != nil {
		return s, err
	}
	if f.noInputHash {
		s.Custody.HashInputs = false
	}
	return s, f.check(&s, flags, environ)
}

func (f *replayFlags) window(s *settings) error {
	for _, w := range []struct {
		flag, text string
		to         *clock.Time
	}{{"--from", f.from, &s.Replay.From}, {"--to", f.to, &s.Replay.To}} {
		if w.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, w.text)
		if err != nil {
			return fmt.Errorf("%s: %q is not a time like 2026-03-02T08:00:00Z", w.flag, w.text)
		}
		*w.to = clock.Time(t.UnixNano())
	}
	if s.Replay.To != 0 && s.Replay.From >= s.Replay.To {
		return fmt.Errorf("--from %s is not before --to %s", f.from, f.to)
	}
	return nil
}

func levelOf(name string) (zerolog.Level, error) {
	level, err := zerolog.ParseLevel(name)
	if err != nil || name == "" {
		return zerolog.WarnLevel, fmt.Errorf("%q is none of debug, info, warn, error, disabled", name)
	}
	return level, nil
}
