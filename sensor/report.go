package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/evidence"
	"auscult/replay"
	"auscult/sensor/clock"
)

// report is what a run has to say at its end: the summary on stderr, and stats.json. But for Run, the same
// inputs give the same bytes.
type report struct {
	Inputs    []input  `json:"inputs"`
	Links     []link   `json:"interfaces,omitempty"` // of a live run, in place of files
	Filter    string   `json:"filter,omitempty"`
	Unread    []string `json:"unread"`                 // inputs that could not be read, and why
	Notices   []string `json:"notices"`                // inputs that were not read to their end, and why
	First     string   `json:"first_packet,omitempty"` // RFC 3339
	Last      string   `json:"last_packet,omitempty"`
	Packets   uint64   `json:"packets"`
	Bytes     uint64   `json:"bytes"`
	Flows     uint64   `json:"flows"`
	Opaque    float64  `json:"opaque_share"` // of the bytes of flows, 0 to 1: TLS without keys, other protocols
	Calls     uint64   `json:"calls"`
	Messages  uint64   `json:"mllp_messages"`
	Missed    missed   `json:"estimated_loss"`
	Incidents []count  `json:"incidents"`
	Silenced  []silent `json:"silenced"`
	Grave     uint64   `json:"incidents_medium_or_more"`
	Alerts    uint64   `json:"alerts"`
	Lost      []loss   `json:"lost"`
	Run       speed    `json:"run"`

	Evidence  *evidence.Stats `json:"evidence,omitempty"`  // nil without --evidence
	Published *publication    `json:"published,omitempty"` // nil without --publish-calls
}

// input is one capture and what was read of it.
type input struct {
	Name    string `json:"name"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

type count struct {
	Detector string `json:"detector"`
	Count    uint64 `json:"count"`
}

// silent is a rule of the allow-list and how many signals it swallowed.
type silent struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

type loss struct {
	Cause string `json:"cause"`
	Unit  string `json:"unit"`
	Count uint64 `json:"count"`
}

// missed is what packets that the capture lacks have cost, as far as it can be estimated from what is left.
type missed struct {
	Calls   uint64  `json:"calls"`           // not seen
	Seen    float64 `json:"calls_seen"`      // share, 0 to 1
	Packets float64 `json:"packets_missing"` // share, 0 to 1
}

// speed is what differs from run to run.
type speed struct {
	Version string  `json:"version"`
	Workers int     `json:"workers"`
	Seconds float64 `json:"seconds"`
	Mbits   float64 `json:"mbit_per_s"`
	Stopped bool    `json:"stopped_early"`
}

// intake is what a source has to say of itself, as far as a report holds it.
type intake struct {
	inputs          []input
	links           []link
	unread, notices []string
	lost            []loss
}

// readFiles is the intake of files.
func readFiles(src *replay.Source) intake {
	in := intake{inputs: []input{}, unread: []string{}, notices: []string{}}
	read := src.Stats()
	for _, f := range read.Files {
		in.inputs = append(in.inputs, input{f.Path, f.Packets, f.Bytes})
	}
	for _, f := range src.Faults() {
		in.unread = append(in.unread, f.Error())
	}
	for _, n := range src.Notices() {
		in.notices = append(in.notices, n.String())
	}
	in.lost = []loss{
		{"unreadable", "inputs", uint64(len(in.unread))},
		{"outside_window", "packets", read.OutsideWindow},
		{"filtered_out", "packets", read.FilteredOut},
		{"time_went_back", "packets", read.Backwards},
		{"truncated", "files", read.Truncated},
		{"malformed", "files", read.Malformed},
	}
	return in
}

func newReport(s *pipeline.Stats, in intake, workers int, took time.Duration) report {
	r := report{
		Inputs: in.inputs, Links: in.links, Unread: in.unread, Notices: in.notices,
		Packets: s.Packets, Bytes: s.Bytes, Flows: s.Flows, Calls: s.Calls, Alerts: s.Alerts, Grave: s.Grave,
		Messages:  s.Messages,
		Opaque:    share(s.Loss.Opaque),
		Missed:    missed{s.Loss.Calls, share(s.Loss.Seen), share(s.Loss.Packets)},
		Incidents: []count{}, Silenced: []silent{}, Lost: []loss{},
		Run: speed{Version: version(), Workers: workers, Seconds: took.Seconds()},
	}
	if took > 0 {
		r.Run.Mbits = float64(s.Bytes) * 8 / 1e6 / took.Seconds()
	}
	if s.Packets > 0 {
		r.First, r.Last = rfc3339(s.First), rfc3339(s.Last)
	}
	for _, c := range s.Incidents {
		r.Incidents = append(r.Incidents, count{c.Name, c.Count})
	}
	for _, c := range s.Silenced {
		r.Silenced = append(r.Silenced, silent{c.Name, c.Count})
	}
	for _, l := range in.lost {
		if l.Count > 0 {
			r.Lost = append(r.Lost, l)
		}
	}
	for _, l := range s.Ledger {
		r.Lost = append(r.Lost, loss{l.Cause, l.Unit, l.Count})
	}
	return r
}

// share is x to a hundredth of a percent: an estimate has no more digits.
func share(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func rfc3339(t clock.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// incidents is how many attacks were alerted on.
func (r *report) incidents() (n uint64) {
	for _, c := range r.Incidents {
		n += c.Count
	}
	return n
}

// print writes the summary: one fact a line, numbers in a column.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, text string) { fmt.Fprintf(t, "%s\t%s\n", name, text) }
	inputs := counted(uint64(len(r.Inputs)), "file")
	if len(r.Links) > 0 {
		inputs = counted(uint64(len(r.Links)), "interface")
	}
	if len(r.Unread) > 0 {
		inputs += fmt.Sprintf(", %d not readable", len(r.Unread))
	}
	row("inputs", inputs)
	for i := range r.Links {
		row("", r.Links[i].String())
	}
	if r.Filter != "" {
		row("filter", r.Filter)
	}
	row("packets", fmt.Sprintf("%s, %sB", grouped(r.Packets), scaled(float64(r.Bytes))))
	if r.First != "" {
		row("seen", r.First+" to "+r.Last)
	}
	row("flows", grouped(r.Flows))
	if r.Opaque > 0 {
		row("", fmt.Sprintf("%.1f %% of their bytes could not be read (TLS without keys, other protocols)", 100*r.Opaque))
	}
	row("calls", grouped(r.Calls))
	if r.Missed.Calls > 0 {
		of := fmt.Sprintf("about %.1f %%", 100*(1-r.Missed.Seen))
		if r.Missed.Seen > 0.9995 {
			of = "less than 0.1 %"
		}
		row("", of+" of the calls were not seen (estimated from gaps)")
	}
	if r.Messages > 0 {
		row("", counted(r.Messages, "HL7 v2 message")+" over MLLP")
	}
	if p := r.Published; p != nil {
		row("", fmt.Sprintf("published in %s, %sB sealed, to be judged by auscult detect", amount(p.Batches, "batches"), scaled(float64(p.Bytes))))
	}
	if n := r.incidents(); n == 0 && r.Published == nil {
		row("alerts", "none")
	} else if n > 0 { // of published calls, those on the sensor itself
		row("alerts", fmt.Sprintf("%s in %s", counted(n, "incident"), counted(r.Alerts, "message")))
		row("", fmt.Sprintf("%s of medium severity or more", grouped(r.Grave)))
	}
	for _, c := range r.Incidents {
		row("", grouped(c.Count)+" "+c.Detector)
	}
	for _, c := range r.Silenced {
		row("", counted(c.Count, "signal")+" silenced: "+c.Reason)
	}
	for i, l := range r.Lost {
		name := ""
		if i == 0 {
			name = "unread"
		}
		row(name, fmt.Sprintf("%s (%s)", amount(l.Count, l.Unit), l.Cause))
	}
	if len(r.Lost) == 0 {
		row("unread", "nothing, and nothing was lost")
	}
	if r.Evidence != nil {
		row("evidence", proved(r.Evidence))
	}
	row("took", fmt.Sprintf("%s, %sbit/s, %s", span(time.Duration(r.Run.Seconds*1e9)), scaled(r.Run.Mbits*1e6),
		counted(uint64(r.Run.Workers), "worker")))
	if r.Run.Stopped && len(r.Links) == 0 { // a live run ends no other way
		row("", "stopped by a signal before the end of the inputs")
	}
	return t.Flush()
}
