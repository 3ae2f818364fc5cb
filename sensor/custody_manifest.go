package main

import (
	"fmt"
	"io"
	"path/filepath"

	"auscult/pipeline/custody"
)

// seal writes the manifest of a run that ended with r and failed, if failed is not nil; stats is the text of stats.json.
func (c *caseRecord) seal(r *report, stats []byte, failed error) error {
	c.Wrote(statsFile, stats)
	m := c.base
	m.Build.SHA256 = <-c.program
	m.Outcome = "complete"
	switch {
	case failed != nil:
		m.Outcome = "failed"
	case r.Run.Stopped:
		m.Outcome = "stopped"
	}
	m.Filter, m.First, m.Last = r.Filter, r.First, r.Last
	m.Counts = custody.Counts{Packets: r.Packets, Bytes: r.Bytes, Calls: r.Calls, Alerts: r.Alerts, Missed: r.Missed.Calls,
		Missing: r.Missed.Packets}
	m.Lost = []custody.Lost{}
	for _, l := range r.Lost {
		m.Lost = append(m.Lost, custody.Lost(l))
	}
	c.tellInputs(&m, r)
	return c.Seal(m)
}

// tellInputs says what went in.
func (c *caseRecord) tellInputs(m *custody.Manifest, r *report) {
	m.Inputs = []custody.Input{}
	if c.src == nil {
		m.InputNote = "a live run: what came from the interfaces is not hashed"
		for i := range r.Links {
			m.Live = append(m.Live, r.Links[i].Name)
		}
		return
	}
	add := func(path string, i custody.Input) {
		if i.Name = path; !c.reveal && path != "-" {
			i.Name = filepath.Base(path) // folders are named after patients and cases
		}
		m.Inputs = append(m.Inputs, i)
	}
	for _, path := range c.src.Inputs() {
		i, ok := c.inputs.Of(path)
		if !ok && c.hashed {
			i.Note = "not read"
		}
		add(path, i)
	}
	for _, f := range c.src.Faults() {
		if _, read := c.inputs.Of(f.Path); !read {
			add(f.Path, custody.Input{Note: "not readable"})
		}
	}
	if !c.hashed {
		m.InputNote = "the inputs are not hashed (custody.hash_inputs, --no-input-hash)"
	}
}

// print says what the case is signed with, in the summary.
func (c *caseRecord) print(w io.Writer) {
	last, leaves := c.Last()
	fmt.Fprintf(w, "custody  %s signed by %s\n", amount(uint64(leaves), "leaves"), last.Verifier)
}
