package main

import (
	"fmt"
	"io"
	"os"

	"auscult/pipeline"
	"auscult/pipeline/cluster"
	"auscult/pipeline/inventory"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/parquet"
	"auscult/pipeline/sink"
	paper "auscult/replay/report"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// outputs is where a run's results go, and the case folder among it, if there is one.
type outputs struct {
	pipeline.Output
	dir    caseFolder
	late   map[string]*os.File // lateFiles where they were opened ahead, else nil
	outbox *sink.Outbox        // nil without a sink that needs one
	proof  *proof              // nil without evidence

	published *cluster.Publisher // nil: calls are judged here
	spool     *sink.Outbox       // of calls that wait for the brokers
	spoolDir  string

	custody *caseRecord          // of the case folder, if there is one
	apis    *inventory.Inventory // nil where nobody asks for it
	page    *paper.Collector     // what its report is made of; nil without one
	callLog string               // what of it holds the calls; empty: nothing
	vault   *vaultSink           // nil when nobody may turn pseudonyms back
	names   *pseudonym.Names
	meta    ocsf.Meta
}

// openOutputs opens everything that is written to, so that what is wrong with it is known before a packet is
// read. It also gives the alerts the key that incident ids are made with.
func openOutputs(std stdio, screen *screen, s *settings, f *runFlags) (o outputs, err error) {
	keys, err := openKeys(s.Pseudonym)
	if err != nil {
		return o, &exit{statusUsage, err}
	}
	s.Alert.Keys = keys
	names := &pseudonym.Names{Reveal: f.reveal, Keys: keys}
	meta := ocsf.Meta{Version: version(), Tenant: s.Site.Tenant, Sensor: s.Site.Sensor}
	o.names, o.meta = names, meta

	if f.dir == "" {
		o.Alerts = append(o.Alerts, standardOutput(std, screen, f.format, names, meta))
	} else if err = o.openFolder(s, f, names, meta); err != nil {
		o.abandon()
		return o, err
	} else if err = o.openVault(s, names, meta); err != nil {
		o.abandon()
		return o, err
	}
	if err = o.openOutbox(std.environ, screen, s, names, meta); err == nil && f.publish {
		err = o.openPublisher(std.environ, screen, s, keys)
	}
	if err != nil {
		o.abandon()
	}
	return o, err
}

func (o *outputs) openFolder(s *settings, f *runFlags, names *pseudonym.Names, meta ocsf.Meta) (err error) {
	if o.dir, err = openCase(f.dir, f.force); err != nil {
		return &exit{statusUsage, err}
	}
	if o.custody, err = beginCustody(string(o.dir), s, f, names); err != nil {
		return err
	}
	file, err := sink.OpenFile(o.dir.path(alertsFile), names, meta)
	if err != nil {
		return &exit{statusFailed, err}
	}
	o.Alerts = append(o.Alerts, file.Show(o.custody.Witness(alertsFile)))
	o.apis = inventory.New(s.Inventory, s.Detectors.API, names)
	if as := formatOf(f.format); as.write != nil { // beside OCSF, which is what a case is read from again
		other, err := sink.OpenFile(o.dir.path(as.file), names, meta)
		if err != nil {
			return &exit{statusFailed, err}
		}
		o.Alerts = append(o.Alerts, other.As(as.write).Show(o.custody.Witness(as.file)))
	}
	if f.calls == "none" {
		return nil
	}
	if o.Calls, err = o.openCalls(s, f, names); err != nil {
		return &exit{statusFailed, err}
	}
	links, err := sink.OpenLinkLog(o.dir.path(linksFile), names, s.Site.CommunityIDSeed)
	if err != nil {
		return &exit{statusFailed, err}
	}
	links.Show(o.custody.Witness(linksFile))
	o.Links = links
	return nil
}

// openCalls opens the call log of the case.
func (o *outputs) openCalls(s *settings, f *runFlags, names *pseudonym.Names) (pipeline.CallSink, error) {
	if f.calls == "parquet" {
		return parquet.Open(string(o.dir), parquet.Options{Config: s.Parquet, Names: names, Seed: s.Site.CommunityIDSeed,
			Show: func(name string) io.Writer { return o.custody.Witness(name) }})
	}
	calls, err := sink.OpenCallLog(o.dir.path(callsFile), names, s.Site.CommunityIDSeed)
	if err != nil {
		return nil, err
	}
	calls.Show(o.custody.Witness(callsFile))
	return calls, nil
}

// abandon closes what was opened for a run that did not begin, and leaves no case behind.
func (o *outputs) abandon() {
	if o.outbox != nil {
		o.outbox.Ending = nil // nothing is signed of it
	}
	for _, s := range o.Alerts {
		s.Close()
	}
	for _, s := range []pipeline.CallSink{o.Calls, o.Links} {
		if s != nil {
			s.Close()
		}
	}
	if o.published != nil {
		o.published.Close()
	}
	for _, f := range o.late {
		f.Close()
	}
	if o.proof != nil {
		o.proof.abandon()
	}
	if o.custody != nil {
		o.custody.Abandon()
	}
	if o.dir != "" {
		o.dir.remove()
	}
}

// standardOutput writes cards for people where they are read by people, and lines for programs elsewhere, or where a
// format is asked for.
func standardOutput(std stdio, screen *screen, format string, names *pseudonym.Names, meta ocsf.Meta) pipeline.Sink {
	if fd, ok := terminal(std.out); ok && format == "" {
		return sink.NewTerminal(screen.beside(std.out), columns(fd), colours(std.out, std.environ), names)
	}
	return sink.NewLines(std.out, "standard output", names, meta).As(formatOf(format).write)
}

// colours is whether w may be written to in colour: a terminal, and no NO_COLOR (no-color.org).
func colours(w io.Writer, environ []string) bool {
	_, ok := terminal(w)
	return ok && lookup(environ, "NO_COLOR") == ""
}

// openKeys is the key of the pseudonyms, with those that follow it.
func openKeys(f keyFile) (*pseudonym.Keyer, error) {
	keys, err := openKey(f.KeyFile)
	if err != nil {
		return nil, err
	}
	for _, n := range f.Rotate {
		next, err := pseudonym.LoadOrCreate(n.KeyFile)
		if err != nil {
			return nil, err
		}
		keys.Then(clock.Time(n.From.UnixNano()), next)
	}
	return keys, nil
}

func openKey(path string) (*pseudonym.Keyer, error) {
	if path == "" {
		var err error
		if path, err = pseudonym.DefaultPath(); err != nil {
			return nil, fmt.Errorf("%w; say with --key FILE where it is to be", err)
		}
	}
	return pseudonym.LoadOrCreate(path)
}
