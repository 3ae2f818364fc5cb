package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/packet"
)

// evidenceFlags is what a command line says about the packets that show an incident.
type evidenceFlags struct {
	evidence   bool
	recipients []string
}

func (f *evidenceFlags) registerEvidence(flags *pflag.FlagSet) {
	flags.BoolVar(&f.evidence, "evidence", false, "also write into the case folder the packets that show each incident, one pcapng each,\nwith all that is in them in the clear but for --evidence-recipient")
	flags.StringArrayVar(&f.recipients, "evidence-recipient", nil, "encrypt these packets to `AGE` (age1…, or a file of such lines), and write nothing of\nthem in the clear; may be repeated (setting evidence.recipients)")
}

// checkEvidence refuses what cannot give evidence, and settles whether there is to be any: asked for in the clear, or
// for someone to decrypt.
func (f *evidenceFlags) checkEvidence(s *settings, dir string, inputs []string) error {
	asked := f.evidence || len(f.recipients) > 0
	if len(f.recipients) > 0 {
		s.Evidence.Recipients = f.recipients
	}
	switch {
	case asked && dir == "":
		return errors.New("--evidence needs a case folder: add -l DIR")
	case asked && slices.ContainsFunc(inputs, piped):
		return errors.New("--evidence reads captures a second time, which standard input and pipes do not allow: give files")
	}
	f.evidence = asked || len(s.Evidence.Recipients) > 0 && dir != "" && !slices.ContainsFunc(inputs, piped)
	return nil
}

// proof is the evidence of a run: what alerts show, and where the packets of that go.
type proof struct {
	notes  *evidence.Collector
	live   *evidence.Live // of a live run, instead of notes
	store  *evidence.Store
	folder caseFolder
	frames packet.Config
	cfg    evidence.Config
}

// openEvidence makes the folder of slices.
func openEvidence(dir caseFolder, s *settings) (*proof, error) {
	recipients, err := evidence.ReadRecipients(s.Evidence.Recipients)
	if err != nil {
		return nil, &exit{statusUsage, fmt.Errorf("evidence.recipients: %w", err)}
	}
	store, err := evidence.Create(string(dir), recipients, s.Site.CommunityIDSeed)
	if err != nil {
		return nil, &exit{statusFailed, err}
	}
	return &proof{notes: evidence.NewCollector(s.Evidence), store: store, folder: dir, frames: s.Extract.Packet, cfg: s.Evidence}, nil
}

// openEvidence has the alerts of the case noted, and makes the folder of what they show. links are the interfaces of a
// live run, which cuts out of what it remembers; say is told once when it cannot.
func (o *outputs) openEvidence(s *settings, links []string, say func(string)) (err error) {
	if o.proof, err = openEvidence(o.dir, s); err != nil {
		o.abandon()
		return err
	}
	p := o.proof
	notes := noter(p.notes)
	if links != nil {
		var ports []evidence.Interface
		for _, name := range links {
			ports = append(ports, evidence.Interface{Name: name, Snap: uint32(s.Capture.SnapLength)})
		}
		p.store.Show = o.custody.shown()
		p.live = evidence.NewLive(s.Evidence, s.Extract.Packet, p.store, ports)
		p.live.Say = say
		notes = p.live
	}
	for i, to := range o.Alerts {
		if file, ok := to.(*sink.File); ok { // of the case's files the first is the one in OCSF
			o.Alerts[i] = noted{file, notes}
			break
		}
	}
	return nil
}

// noter notes what alerts show.
type noter interface {
	Write(context.Context, []alert.Alert) error
}

// noted is the alert file of a case, whose alerts are noted for the evidence.
type noted struct {
	*sink.File
	notes noter
}

// Write writes and notes alerts.
func (n noted) Write(ctx context.Context, batch []alert.Alert) error {
	if err := n.notes.Write(ctx, batch); err != nil {
		return err
	}
	return n.File.Write(ctx, batch)
}

// cut reads src again and writes the slices. Without all of them there are none: what a slice lacks could not be told.
func (p *proof) cut(ctx context.Context, src *replay.Source) (*evidence.Stats, error) {
	slicer := evidence.NewSlicer(p.notes, p.frames, p.store.Put)
	err := error(nil)
	if !slicer.Over() {
		err = src.Again(ctx, func(raw *packet.Raw, in replay.Interface) (bool, error) {
			err := slicer.Packet(raw, evidence.Interface(in))
			return !slicer.Over(), err
		})
	}
	if err == nil {
		err = slicer.Close()
	}
	if err = errors.Join(err, p.store.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("no evidence was kept: %w", err), evidence.Remove(string(p.folder)))
	}
	p.store.Stats.Refused = p.notes.Refused()
	return &p.store.Stats, nil
}

// abandon leaves no evidence of a run that did not begin.
func (p *proof) abandon() {
	if p.live != nil {
		p.live.Close() // and the store
	} else {
		p.store.Close()
	}
	evidence.Remove(string(p.folder)) // it holds an empty index alone
}

// proved is the line of the summary about evidence.
func proved(s *evidence.Stats) string {
	text := fmt.Sprintf("%s, %s, %sB", counted(uint64(s.Files), "file"), counted(uint64(s.Packets), "packet"), scaled(float64(s.Bytes)))
	if s.Cut > 0 {
		text += fmt.Sprintf("; %d incomplete, see evidence/index.jsonl", s.Cut)
	}
	if s.Refused > 0 {
		text += fmt.Sprintf("; %s past evidence.max_incidents or evidence.max_disk left out", counted(uint64(s.Refused), "incident"))
	}
	return text
}
