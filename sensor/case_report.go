package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/pipeline/parquet"
	"auscult/pipeline/sink"
	paper "auscult/replay/report"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// reportFile is the page about a case, for people.
const reportFile = "report.html"

// reported is the alert file of a case, whose alerts the report is told too: a run that cannot write the file ends, whatever the
// report still takes.
type reported struct {
	pipeline.Sink
	to *paper.Collector
}

func (t reported) Write(ctx context.Context, batch []alert.Alert) error {
	if err := t.to.Write(ctx, batch); err != nil {
		return err
	}
	return t.Sink.Write(ctx, batch)
}

// gathering has the report see calls that are logged or not.
type gathering struct {
	to  *paper.Collector
	log pipeline.CallSink // nil without a call log
}

func (c gathering) WriteCalls(batch []call.Call) error {
	if err := c.to.WriteCalls(batch); err != nil || c.log == nil {
		return err
	}
	return c.log.WriteCalls(batch)
}

func (c gathering) Close() error {
	if c.log == nil {
		return nil
	}
	return c.log.Close()
}

// openReport has alerts and calls gathered for the page of the case.
func (o *outputs) openReport(s *settings, reveal bool) {
	names := &pseudonym.Names{Reveal: reveal, Keys: s.Alert.Keys}
	o.page = paper.New(s.Report, names, s.Site.CommunityIDSeed)
	i := slices.IndexFunc(o.Alerts, func(to pipeline.Sink) bool { // of the case's files the first is the one in OCSF
		_, plain := to.(*sink.File)
		_, kept := to.(noted)
		return plain || kept
	})
	o.Alerts[i] = reported{o.Alerts[i], o.page}
	switch o.Calls.(type) {
	case nil:
	case *sink.CallLog:
		o.callLog = callsFile
	default:
		o.callLog = parquet.Folder + "/"
	}
	o.Calls = gathering{o.page, o.Calls}
}

// writePage writes the page of a run that ended with r and failed, if failed is not nil.
func (o *outputs) writePage(r *report, s *settings, stats *pipeline.Stats, failed error) error {
	text, err := o.page.Page(o.facts(r, s, stats, failed))
	if err != nil {
		return err
	}
	o.custody.Wrote(reportFile, text)
	return o.write(reportFile, text)
}

// facts are what r says, as the page may show it: folders are named after patients and cases.
func (o *outputs) facts(r *report, s *settings, stats *pipeline.Stats, failed error) *paper.Facts {
	f := &paper.Facts{
		Version: version(), Sensor: s.Site.Sensor, Tenant: s.Site.Tenant, Filter: r.Filter, First: stats.First, Last: stats.Last,
		Packets: r.Packets, Bytes: r.Bytes, Calls: r.Calls, Messages: r.Messages, Opaque: r.Opaque,
		Missed: r.Missed.Calls, Seen: r.Missed.Seen, Missing: r.Missed.Packets, Stopped: r.Run.Stopped, Failed: failed != nil, CallLog: o.callLog,
	}
	base := func(text string) string { return text }
	if !o.custody.reveal {
		base = baseNames(o.custody.src.Inputs())
	}
	for _, in := range r.Inputs {
		f.Captures = append(f.Captures, paper.Capture{Name: base(in.Name), Packets: in.Packets, Bytes: in.Bytes})
	}
	for _, t := range r.Unread {
		f.Unread = append(f.Unread, base(t))
	}
	for _, t := range r.Notices {
		f.Notices = append(f.Notices, base(t))
	}
	for _, l := range r.Lost {
		f.Lost = append(f.Lost, paper.Lost{Cause: l.Cause, Unit: l.Unit, Count: l.Count})
	}
	for _, q := range r.Silenced {
		f.Silenced = append(f.Silenced, paper.Silenced(q))
	}
	if o.apis != nil {
		f.Inventory = o.apis.Document()
	}
	if r.Evidence != nil {
		f.Evidence = evidence.Slices(string(o.dir))
	}
	return f
}

// baseNames takes the folders of paths out of a text.
func baseNames(paths []string) func(string) string {
	var dirs []string
	for _, path := range paths {
		if dir, _ := filepath.Split(path); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) // the deepest first
	var pairs []string
	for _, dir := range slices.Compact(dirs) {
		pairs = append(pairs, dir, "")
	}
	return strings.NewReplacer(pairs...).Replace
}
