package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"auscult/pipeline/inventory"
	"auscult/sensor/pseudonym"
)

func inventoryCommand(std stdio) *cobra.Command {
	var f replayFlags
	var asJSON, draft bool
	c := &cobra.Command{
		Use:   "inventory FILE|DIR… ['FILTER']",
		Short: "List the API endpoints that answer in captures",
		Long: `List which API endpoints answered in captures: hosts, methods, routes with their parameters,
how callers proved who they are, which classes of health data came back, who called, when.

With --openapi each endpoint is compared with descriptions: shadow is what the description of
its server does not list, zombie what is deprecated or of an old version and still answers,
orphan what is described and was never called; drift is a status, a query parameter, a media
type or a missing credential that the description does not have.

An endpoint is listed from its first success on, or when it is described: what scanners ask for
in vain is counted alone. replay -l and live -l write the same as inventory.json, and the draft
as inventory.openapi.json.`,
		Example: `  auscult inventory traffic.pcap
  auscult inventory --openapi ehr.yml --openapi capability.json captures/
  auscult inventory --draft captures/ > draft.openapi.json`,
		Args:              captures,
		ValidArgsFunction: captureNames,
		RunE: func(c *cobra.Command, args []string) error {
			if asJSON && draft {
				return usagef("--json and --draft are two outputs: keep one")
			}
			var apis *inventory.Inventory
			return f.peruse(c.Context(), c.Flags(), std, args, func(s *settings, names *pseudonym.Names) (perusal, error) {
				apis = inventory.New(s.Inventory, s.Detectors.API, names)
				return perusal{apis: apis}, nil
			}, func() error {
				d := apis.Document()
				text, err := d.JSON()
				switch {
				case draft:
					text, err = d.OpenAPI()
				case !asJSON:
					return printInventory(std.out, d)
				}
				if err == nil {
					_, err = std.out.Write(text)
				}
				return err
			})
		},
	}
	c.Flags().SortFlags = false
	c.Flags().BoolVar(&asJSON, "json", false, "print it as inventory.json holds it")
	c.Flags().BoolVar(&draft, "draft", false, "print a draft of an OpenAPI 3.1 description of what was seen")
	f.registerPerusal(c.Flags())
	return c
}

// writeInventory writes the inventory into the case folder.
func (o *outputs) writeInventory() error {
	d := o.apis.Document()
	text, err := d.JSON()
	draft, failed := d.OpenAPI()
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	o.custody.Wrote(inventoryFile, text)
	o.custody.Wrote(draftFile, draft)
	return errors.Join(o.write(inventoryFile, text), o.write(draftFile, draft))
}

// write writes a file of the case when the run has ended.
func (o *outputs) write(name string, text []byte) error {
	if f := o.late[name]; f != nil {
		delete(o.late, name)
		return fill(f, name, text)
	}
	return o.dir.write(name, text)
}

// printInventory writes an inventory as tables.
func printInventory(w io.Writer, d *inventory.Document) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	s := &d.Summary
	fmt.Fprintf(t, "%s on %s, %s\n", counted(uint64(s.Endpoints), "endpoint"), counted(uint64(s.Hosts), "host"), counted(s.Calls, "call"))
	if len(d.Descriptions) > 0 {
		fmt.Fprintf(t, "%d described, %d shadow, %d zombie, %d of servers without a description; %d differ from their description\n",
			s.Described, s.Shadow, s.Zombie, s.Outside, s.Drifting)
	}
	host := "\x00"
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		if e.Host != host {
			host = e.Host
			fmt.Fprintf(t, "\n%s\n", host)
			fmt.Fprintln(t, "  state\tmethod\troute\tcalls\tok\tcallers\tby\treturns")
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", stated(e.State), e.Method, e.Route, e.Calls, e.Successes, e.Callers, listed(e.Authentication),
			returned(e))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printDifferences(w, d)
}

// listed is the names of counts.
func listed(counts []inventory.Count) string {
	names := make([]string, len(counts))
	for i, c := range counts {
		names[i] = c.Name
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}

// stated is a state; where there is nothing to compare with, none.
func stated(s inventory.State) string {
	if s == inventory.Unjudged {
		return "-"
	}
	return string(s)
}

// returned is what an endpoint hands out, in few words.
func returned(e *inventory.Endpoint) string {
	const most = 4
	switch n := len(e.Classes); {
	case n == 0:
		return "-"
	case n > most+1:
		return fmt.Sprintf("%s and %d more classes", strings.Join(e.Classes[:most], ","), n-most)
	}
	return strings.Join(e.Classes, ",")
}

// printDifferences writes in what the inventory and the descriptions differ.
func printDifferences(w io.Writer, d *inventory.Document) error {
	var b strings.Builder
	head := "\nwhat to look at\n"
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		if e.Why != "" && e.State != inventory.Outside {
			b.WriteString(head)
			head = ""
			fmt.Fprintf(&b, "  %s  %s %s%s: %s\n", e.State, e.Method, e.Host, e.Route, e.Why)
		}
		for _, drift := range e.Drift {
			b.WriteString(head)
			head = ""
			fmt.Fprintf(&b, "  drift   %s %s%s: %s %s; expected: %s\n", e.Method, e.Host, e.Route, strings.ReplaceAll(drift.Kind, "_", " "), drift.Seen,
				drift.Expected)
		}
	}
	const most = 50
	for i, o := range d.Orphans {
		if i == most {
			fmt.Fprintf(&b, "          and %d more, see --json\n", len(d.Orphans)-most)
			break
		}
		b.WriteString(head)
		head = ""
		fmt.Fprintf(&b, "  orphan  %s %s: never called (%s)\n", o.Method, o.Template, o.Description)
	}
	for _, l := range leftOut(d.Left) {
		fmt.Fprintf(&b, "\nleft out: %s\n", l)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// leftOut says what an inventory does not hold.
func leftOut(s inventory.Stats) (out []string) {
	for _, l := range [...]struct {
		n    uint64
		text string
	}{{s.Unanswered, "calls to what never answered with success"}, {s.Methods, "calls with OPTIONS, CONNECT, TRACE or no known method"},
		{s.Endpoints, "calls to endpoints or hosts past inventory.endpoints or inventory.hosts"},
		{s.Parameters, "sets of parameters past inventory.parameters"}, {s.Other, "further statuses, media types, addresses or banners"}} {
		if l.n > 0 {
			out = append(out, grouped(l.n)+" "+l.text)
		}
	}
	return out
}
