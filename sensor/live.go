package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	xbpf "golang.org/x/net/bpf"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// liveFlags is what the command line of live says.
type liveFlags struct {
	runFlags
	interfaces              []string
	user, recording, listen string
	evidenceFlags
	public                bool
	cert, certKey, tokens string
	saveBaseline, state   string
}

func liveCommand(std stdio) *cobra.Command {
	var f liveFlags
	c := &cobra.Command{
		Use:   "live -i INTERFACE… ['FILTER']",
		Short: "Listen to a mirror port and alert on what passes",
		Long: `Listen to interfaces, as a mirror port feeds them, and alert on what passes until a signal
ends it. Only Linux can. Nothing is ever sent there; once the interfaces are open, every
privilege is given up, and the kernel refuses whatever would send.

A FILTER, as for tcpdump, leaves out packets before they are looked at: tcp port 8080. What is
behind a VLAN tag must be asked for as such: tcp port 80 or (vlan and tcp port 80).

Alerts go to standard output or, with -l, to a case folder, as replay writes them; -w records
what was seen, and a replay of that gives the same alerts. --evidence keeps the packets that
show each incident, cut out of those that came last (evidence.ring_bytes). Every ten seconds a
line on standard error says how it goes. SIGUSR1 writes it with every counter; SIGHUP goes on in
new files of the case folder, where the old ones were renamed.

--listen serves the live page at /: incidents as they open and grow, traffic and loss, health; and
/metrics (Prometheus), /healthz and /readyz. On 127.0.0.1 anybody of this machine may look. An
operator, by a token of --listen-tokens, may mark an incident as expected, which adds to the file
of --allow and to the audit log of the case folder (-l). Where other machines reach it, the page
asks for a token of everybody, and for TLS (--listen-cert, --listen-key).

It needs CAP_NET_RAW: root, which becomes the user of --user, or a service as in
sensor/systemd/auscult.service.

Exit status: 1 it failed while running, 2 usage or configuration, 130 or 143 stopped by SIGINT
or SIGTERM, after writing what it had, within 10 s; a second signal ends it at once.`,
		Example: `  auscult live -i eth2
  auscult live -i eth2 -i eth3 -l /var/lib/auscult/case --calls jsonl 'tcp port 8080'
  auscult live -i eth2 --listen 127.0.0.1:9477 --kafka broker:9092 -w eth2.pcapng`,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings(c.Flags(), std.environ)
			if err != nil {
				return &exit{statusUsage, err}
			}
			text, program, err := f.program(&s, args)
			if err != nil {
				return &exit{statusUsage, err}
			}
			return runLive(c.Context(), std, s, &f, text, program)
		},
	}
	f.register(c.Flags())
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"ocsf", "ecs", "cef"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("calls", cobra.FixedCompletions([]string{"jsonl", "parquet", "none"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *liveFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVarP(&f.interfaces, "interface", "i", nil, "listen on `INTERFACE`; may be repeated")
	f.registerFolder(flags)
	flags.StringVarP(&f.recording, "write", "w", "", "record the packets in `FILE` (pcapng), which must not be there yet")
	flags.StringVarP(&f.filterFile, "filter-file", "F", "", "read the filter from `FILE`")
	user := ""
	if os.Geteuid() == 0 {
		user = "nobody"
	}
	flags.StringVar(&f.user, "user", user, "become `NAME`, UID or UID:GID once everything is open; of whoever is not root,\nnothing changes")
	flags.StringVar(&f.listen, "listen", "", "serve the live page, /metrics, /healthz and /readyz at `HOST:PORT` (setting listen.address)")
	flags.BoolVar(&f.public, "listen-public", false, "let --listen be an address that other machines reach (setting listen.public)")
	flags.StringVar(&f.cert, "listen-cert", "", "serve TLS with the certificate in `FILE` (PEM; setting listen.cert)")
	flags.StringVar(&f.certKey, "listen-key", "", "and its private key in `FILE` (setting listen.key)")
	flags.StringVar(&f.tokens, "listen-tokens", "", "let in who shows a token of `FILE`: a line is analyst or operator, the token, and\na name (setting listen.tokens)")
	f.registerOutputs(flags)
	flags.StringVar(&f.keyLog, "keylog", "", "open TLS with the secrets in `FILE` (as SSLKEYLOGFILE makes it; followed;\nsetting tls.key_log)")
	flags.StringArrayVar(&f.openapi, "openapi", nil, openapiUsage)
	flags.StringVar(&f.baseline, "baseline", "", "begin with what `FILE` of --save-baseline says is usual")
	flags.StringVar(&f.saveBaseline, "save-baseline", "", "write to `FILE` what was learned, at the end and every baseline.every; no name\nand no identifier is in it")
	f.registerEvidence(flags)
	flags.StringVar(&f.state, "state", "", "go on where the run before left what detection remembers, in `DIR`, and keep it\nthere (setting state.dir; default state where systemd gives a folder; none: never)")
	f.registerRun(flags)
}

// settings loads what the file and the environment say and sets over it what the flags say.
func (f *liveFlags) settings(flags *pflag.FlagSet, environ []string) (settings, error) {
	s, err := f.load(flags, environ)
	if err != nil {
		return s, err
	}
	if flags.Changed("listen") {
		s.Listen.Address = f.listen
	}
	if flags.Changed("state") {
		s.State.Dir = f.state
	}
	if flags.Changed("listen-public") {
		s.Listen.Public = f.public
	}
	for name, set := range map[string]struct{ of, to *string }{"listen-cert": {&f.cert, &s.Listen.Cert}, "listen-key": {&f.certKey, &s.Listen.Key},
		"listen-tokens": {&f.tokens, &s.Listen.Tokens}} {
		if flags.Changed(name) {
			*set.to = *set.of
		}
	}
	switch {
	case len(f.interfaces) == 0:
		return s, errors.New("live needs an interface: add -i INTERFACE (ip link lists them)")
	case f.baseline == baselineSelf:
		return s, errors.New("--baseline self reads a capture twice, which a line does not allow: give a file of --save-baseline")
	}
	if err := f.check(&s, flags, environ); err != nil {
		return s, err
	}
	return s, f.checkEvidence(&s, f.dir, nil)
}

// program is the filter of the command line or of --filter-file, as it was given and as the kernel takes it; nil for
// all packets.
func (f *liveFlags) program(s *settings, args []string) (text string, program []xbpf.RawInstruction, err error) {
	text = strings.TrimSpace(strings.Join(args, " "))
	if f.filterFile != "" {
		if text != "" {
			return "", nil, fmt.Errorf("%q is a filter, and --filter-file gives another: keep one", text)
		}
		if text, err = f.readFilter(s.Filter); err != nil {
			return "", nil, err
		}
	}
	if text == "" {
		return "", nil, nil
	}
	filter, err := bpf.Parse(s.Filter, text)
	if err != nil {
		return "", nil, err
	}
	p, err := filter.Compile(packet.LinkEthernet, bpf.Aside)
	if err != nil {
		return "", nil, err
	}
	for _, name := range f.interfaces {
		// One that is not there is told by whoever opens it.
		if i, err := net.InterfaceByName(name); err == nil && len(i.HardwareAddr) != 6 && i.Flags&net.FlagLoopback == 0 {
			return "", nil, fmt.Errorf("a filter needs Ethernet frames, and interface %s has none: leave it out", name)
		}
	}
	return text, p.Raw(uint32(s.Capture.SnapLength)), nil
}
