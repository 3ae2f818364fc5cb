package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/pipeline/vault"
	"auscult/sensor/pseudonym"
)

// vaultSink keeps whom the pseudonyms in alerts stand for. It writes each alert to nowhere, and notes what it would name.
type vaultSink struct {
	lines *sink.File
	vault *vault.Vault
	to    int // recipients
}

// openVault opens the vault, if there is to be one. It comes before all that alerts are written to: whom an alert is about is
// durable, sealed, before the alert leaves.
func (o *outputs) openVault(s *settings, names *pseudonym.Names, meta ocsf.Meta) error {
	if s.Vault.Path == "" || o.dir == "" {
		return nil
	}
	recipients, err := evidence.ReadRecipients(s.Vault.Recipients)
	if err != nil {
		return &exit{statusUsage, fmt.Errorf("vault.recipients: %w", err)}
	}
	v, err := vault.Open(s.Vault.Path, o.custody.id, recipients, s.Vault.MaxEntries)
	if err != nil {
		return &exit{statusUsage, err}
	}
	noting := names.Clone()
	noting.Keep = func(k pseudonym.Kept) {
		e := vault.Entry{Pseudonym: string(k.Pseudonym), ID: string(k.ID)}
		if p := k.Principal; p != nil {
			e.Kind, e.Issuer, e.ID = p.Kind.String(), p.Issuer, p.ID
		}
		v.Note(e)
	}
	o.vault = &vaultSink{sink.NewLines(io.Discard, "vault", noting, meta), v, len(recipients)}
	o.Alerts = slices.Insert(o.Alerts, 0, pipeline.Sink(o.vault))
	return nil
}

// Write notes alerts; what is new in them is durable when it returns.
func (v *vaultSink) Write(ctx context.Context, batch []alert.Alert) error {
	if err := v.lines.Write(ctx, batch); err != nil {
		return err
	}
	return v.vault.Flush()
}

// Close closes the vault.
func (v *vaultSink) Close() error { return errors.Join(v.lines.Close(), v.vault.Close()) }

// tell is a line of the summary.
func (v *vaultSink) tell(w io.Writer) {
	if v == nil {
		return
	}
	st := v.vault.Stats
	text := fmt.Sprintf("vault    %s sealed to %s", counted(st.Kept, "pseudonym"), counted(uint64(v.to), "recipient"))
	if st.Refused > 0 {
		text += fmt.Sprintf(", %s not kept (vault.max_entries)", grouped(st.Refused))
	}
	fmt.Fprintln(w, text)
}
