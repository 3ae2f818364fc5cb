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

// File writes alerts as OCSF, one JSON object per line. Each batch reaches the file in one write: who follows
// the file sees whole lines.
type File struct {
	w     io.Writer
	f     *os.File // nil when the writer is not ours to close
	name  string
	names *pseudonym.Names
	meta  ocsf.Meta
	buf   []byte
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

// Write writes alerts, in order.
func (s *File) Write(_ context.Context, batch []alert.Alert) error {
	s.buf = s.buf[:0]
	for i := range batch {
		s.buf = ocsf.Append(s.buf, &batch[i], s.names, s.meta)
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
