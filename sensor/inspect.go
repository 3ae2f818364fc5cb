package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"auscult/pipeline"
	"auscult/pipeline/inspect"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/sensor/pseudonym"
)

// inspecting is what the command line of inspect says.
type inspecting struct {
	replayFlags
	json  bool
	limit int
}

func inspectCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect",
		Short: "Show what is in captures as tables: calls, connections, principals, incidents",
		Long: `Show what is in captures as tables that fit the terminal, or as lines of JSON (--json).
Captures, filters and times are given as to replay; names and identifiers are pseudonyms unless
--reveal is given. --limit bounds the rows of a table; what is left out is counted.`,
		Example: `  auscult inspect incidents traffic.pcap
  auscult inspect incident auscult-6wrwiruahy7e5zxzdqaweisjt4 traffic.pcap
  auscult inspect principal usr:fqouim:36jhselmllwzkjn35v4w traffic.pcap 'tcp port 8080'
  auscult inspect calls --from 2026-03-02T08:00:00Z --json captures/ | jq .`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(inspectCalls(std), inspectFlows(std), inspectPrincipals(std), inspectIncidents(std), inspectPrincipal(std), inspectIncident(std))
	return c
}

// register adds the flags of all tables.
func (f *inspecting) register(c *cobra.Command) *cobra.Command {
	c.Flags().SortFlags = false
	c.Flags().BoolVar(&f.json, "json", false, "write a line of JSON for each, not a table")
	c.Flags().IntVar(&f.limit, "limit", 1000, "show at most `N` rows")
	c.ValidArgsFunction = captureNames
	f.registerPerusal(c.Flags())
	return c
}

// shown is something that a command prints when all is read.
type shown struct {
	perusal
	print func() error
}

// show reads the captures in args for what begin makes.
func (f *inspecting) show(c *cobra.Command, std stdio, args []string, begin func(s *settings, names *pseudonym.Names) shown) error {
	if f.limit < 1 || f.limit > 1_000_000 {
		return usagef("--limit: %d is not between 1 and 1000000", f.limit)
	}
	var out shown
	return f.peruse(c.Context(), c.Flags(), std, args, func(s *settings, names *pseudonym.Names) (perusal, error) {
		out = begin(s, names)
		return out.perusal, nil
	}, func() error { return out.print() })
}

// width is how many columns a table may take: those of the terminal; elsewhere as many as it needs.
func width(std stdio) int {
	if fd, ok := terminal(std.out); ok {
		return columns(fd)
	}
	return 0
}

// listCalls is the calls that are wanted, as a table or as lines.
func (f *inspecting) listCalls(s *settings, std stdio, names *pseudonym.Names, want inspect.Want) shown {
	if f.json {
		return shown{perusal{Output: pipeline.Output{Calls: inspect.NewLines(std.out, names, s.Site.CommunityIDSeed, want)}}, func() error { return nil }}
	}
	calls := inspect.NewCalls(names, f.limit, want)
	return shown{perusal{Output: pipeline.Output{Calls: calls}}, func() error { return calls.Print(std.out, width(std)) }}
}

func inspectCalls(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "calls FILE|DIR… ['FILTER']",
		Short:   "Every call: when, who, what, and what came back",
		Example: "  auscult inspect calls --limit 50 traffic.pcap",
		Long:    "Every call: when, from where, who, what was asked, the status, and what health data came back.\n--json writes lines as in the calls.jsonl of a case folder.",
		Args:    captures,
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c, std, args, func(s *settings, names *pseudonym.Names) shown { return f.listCalls(s, std, names, nil) })
		},
	})
}

func inspectPrincipal(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "principal ID FILE|DIR… ['FILTER']",
		Short:   "The calls of one principal, followed through a capture",
		Example: "  auscult inspect principal usr:fqouim:36jhselmllwzkjn35v4w traffic.pcap",
		Long:    "The calls of one principal, by its pseudonym or by its name in the clear, followed through a\ncapture: one user from several addresses and by several tokens is one principal.",
		Args:    named("a principal"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c, std, args[1:], func(s *settings, names *pseudonym.Names) shown {
				return f.listCalls(s, std, names, inspect.Who(names, args[0]))
			})
		},
	})
}

// named asks for the name of something and a capture.
func named(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("%s needs %s and a capture (see %s --help)", c.Name(), what, c.CommandPath())
		}
		return nil
	}
}

func inspectFlows(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "flows FILE|DIR… ['FILTER']",
		Short:   "Connections that carried calls, TLS or MLLP",
		Example: "  auscult inspect flows traffic.pcap 'host 10.1.2.3'",
		Args:    captures,
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c, std, args, func(_ *settings, names *pseudonym.Names) shown {
				flows := inspect.NewFlows(names, f.limit)
				return shown{perusal{Output: pipeline.Output{Calls: flows}}, func() error {
					if f.json {
						return flows.JSON(std.out)
					}
					return flows.Print(std.out, width(std))
				}}
			})
		},
	})
}

func inspectPrincipals(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "principals FILE|DIR… ['FILTER']",
		Short:   "Who made calls, those who touched most patients first",
		Example: "  auscult inspect principals captures/",
		Args:    captures,
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c, std, args, func(_ *settings, names *pseudonym.Names) shown {
				who := inspect.NewPrincipals(names, f.limit)
				return shown{perusal{Output: pipeline.Output{Calls: who, Alerts: []pipeline.Sink{who}}}, func() error {
					if f.json {
						return who.JSON(std.out)
					}
					return who.Print(std.out, width(std))
				}}
			})
		},
	})
}

func inspectIncidents(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "incidents FILE|DIR… ['FILTER']",
		Short:   "What detection found, one row an incident",
		Example: "  auscult inspect incidents --json traffic.pcap",
		Args:    captures,
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c, std, args, func(s *settings, names *pseudonym.Names) shown {
				found := inspect.NewIncidents(names, f.limit, "")
				return shown{perusal{Output: pipeline.Output{Alerts: []pipeline.Sink{found}}}, func() error {
					if f.json {
						return found.JSON(std.out, meta(s))
					}
					return found.Print(std.out, width(std))
				}}
			})
		},
	})
}

func inspectIncident(std stdio) *cobra.Command {
	var f inspecting
	return f.register(&cobra.Command{
		Use:     "incident UID FILE|DIR… ['FILTER']",
		Short:   "One incident, and the calls of those in it from its first to its last",
		Example: "  auscult inspect incident auscult-6wrwiruahy7e5zxzdqaweisjt4 traffic.pcap",
		Long: `One incident by its uid (finding_info.uid), as a card, and the calls of those in it from its first
to its last; of one that accuses nobody, the calls to its endpoint. The captures are read twice.
--json writes its last OCSF message, then lines as in calls.jsonl.`,
		Args: named("the uid of an incident"),
		RunE: func(c *cobra.Command, args []string) error {
			if slices.ContainsFunc(args[1:], piped) {
				return usagef("inspect incident reads captures twice, which standard input and pipes do not allow: give files")
			}
			return f.incident(c, std, args[0], args[1:])
		},
	})
}

// incident prints one incident, then its calls.
func (f *inspecting) incident(c *cobra.Command, std stdio, uid string, args []string) error {
	var found *inspect.Incidents
	err := f.show(c, std, args, func(s *settings, names *pseudonym.Names) shown {
		found = inspect.NewIncidents(names, 1, uid)
		return shown{perusal{Output: pipeline.Output{Alerts: []pipeline.Sink{found}}}, func() error {
			if len(found.Alerts()) == 0 {
				return fmt.Errorf("no incident is called %q; auscult inspect incidents lists them (with the same key, filter and times)", uid)
			}
			if f.json {
				return found.JSON(std.out, meta(s))
			}
			card := sink.NewTerminal(std.out, max(width(std), 100), colours(std.out, std.environ), names)
			return card.Write(context.Background(), found.Cards())
		}}
	})
	if err != nil {
		return err
	}
	f.again = true
	return f.show(c, std, args, func(s *settings, names *pseudonym.Names) shown {
		out := f.listCalls(s, std, names, inspect.During(&found.Alerts()[0]))
		if !f.json {
			fmt.Fprintln(std.out)
		}
		return out
	})
}

func meta(s *settings) ocsf.Meta {
	return ocsf.Meta{Version: version(), Tenant: s.Site.Tenant, Sensor: s.Site.Sensor}
}
