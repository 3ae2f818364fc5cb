package sink

import (
	"context"
	"fmt"
	"io"
	"os"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/pseudonym"
)

// Format appends a finding in another form than OCSF, as one line with its end.
type Format func(dst []byte, f *ocsf.Finding) []byte

// File writes alerts as OCSF, one JSON object per line, or in the format of As. Each
// batch reaches the file in one write: who follows the file sees whole lines.
type File struct {
	w     io.Writer
	f     *os.File // nil when the writer is not ours to close
	name  string
	names *pseudonym.Names
	meta  ocsf.Meta
	as    Format // nil for OCSF
	buf   []byte
	line  []byte // of OCSF, where it is not what is written
	to    Witness
}

// OpenFile makes or empties the alert file at path, readable by its owner only. It is there even when nothing
// is ever written to it.
func OpenFile(path string, names *pseudonym.Names, meta ocsf.Meta) (*File, error) {
	f, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return &File{w: f, f: f, name: path, names: names.Clone(), meta: meta}, nil
}

// NewLines writes the same lines to w, which is called name in errors and is not closed.
func NewLines(w io.Writer, name string, names *pseudonym.Names, meta ocsf.Meta) *File {
	return &File{w: w, name: name, names: names.Clone(), meta: meta}
}

// As makes s write what format makes of each finding, and is s.
func (s *File) As(format Format) *File {
	s.as = format
	return s
}

// Show lets w see what is written from now on, and is s. A writer that is not ours is not shown.
func (s *File) Show(w Witness) *File {
	if s.f != nil {
		s.to, s.w = w, shown{s.f, w}
	}
	return s
}

// Write writes alerts, in order.
func (s *File) Write(_ context.Context, batch []alert.Alert) error {
	s.buf = s.buf[:0]
	for i := range batch {
		if s.as == nil {
			s.buf = ocsf.Append(s.buf, &batch[i], s.names, s.meta)
			continue
		}
		s.line = ocsf.Append(s.line[:0], &batch[i], s.names, s.meta)
		f, err := ocsf.Read(s.line)
		if err != nil {
			return fmt.Errorf("write %s: %w", s.name, err)
		}
		s.buf = s.as(s.buf, f)
	}
	n, err := s.w.Write(s.buf)
	if err == nil && n < len(s.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", s.name, err)
	}
	return nil
}

// Close makes what was written durable.
func (s *File) Close() error {
	if s.f == nil {
		return nil
	}
	return finish(s.f)
}
