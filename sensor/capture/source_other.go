//go:build !linux

package capture

import (
	"context"
	"errors"
	"io"

	"github.com/rs/zerolog"
	"golang.org/x/net/bpf"

	"auscult/pipeline"
)

var errLinux = errors.New("capture: live capture needs Linux; record with tcpdump -w and replay the file")

// Source takes packets from interfaces, which it can on Linux alone.
type Source struct {
	Log    zerolog.Logger
	Record io.Writer
}

// Open tells that this system cannot capture.
func Open(Config, []string, []bpf.RawInstruction) (*Source, error) { return nil, errLinux }

// Open tells that this system cannot capture.
func (s *Source) Open(context.Context, int) ([]pipeline.Lane, error) { return nil, errLinux }

// Seal tells that this system cannot capture.
func (s *Source) Seal() error { return errLinux }

// Close has nothing to end.
func (s *Source) Close() error { return nil }

// Stats is zero.
func (s *Source) Stats() Stats { return Stats{} }

// Drop tells that this system cannot capture.
func Drop(string) error { return errLinux }
