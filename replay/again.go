package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"auscult/sensor/packet"
)

// ErrChanged is that an input is not what it was when it was read first.
var ErrChanged = errors.New("changed since it was read")

// Interface is where a packet was captured, as its file says.
type Interface struct {
	Link packet.LinkType
	Snap uint32 // the longest frame that was kept; 0 for any
	Name string // of a pcapng that has it
}

// Again reads the inputs of the pass before once more, when its lanes have ended: the same packets in the same order,
// but with the stamps that stand in the files, by which time may go back. each borrows raw; false or an error ends it.
// The error is ErrChanged where an input has changed since, before or meanwhile, or is none that can be read twice.
// What Stats, Faults and Notices say stays as it was.
func (s *Source) Again(ctx context.Context, each func(raw *packet.Raw, in Interface) (bool, error)) error {
	s.mu.Lock()
	inputs, infos := s.inputs, s.infos
	s.mu.Unlock()
	env := &env{ctx: ctx, cfg: s.cfg, pool: newPool(s.cfg.BlockBytes, 2), before: ctx.Err}
	again := &finder{env: env}
	for i, path := range inputs {
		info, err := unchanged(path, infos[i])
		if err != nil {
			return err
		}
		if fault := again.file(path, info); fault != nil {
			return fmt.Errorf("%s: %w: %s", path, ErrChanged, fault.what)
		}
	}
	m := newMerge(env, again.streams, func(*Fault, *Notice) {})
	m.exact = true
	defer m.close()
	for more := true; more; {
		raw, _ := m.next()
		if raw == nil {
			break
		}
		if raw.Frame == nil {
			continue
		}
		var err error
		if more, err = each(raw, m.heap[0].where()); err != nil {
			return err
		}
	}
	for i, path := range inputs {
		if _, err := unchanged(path, infos[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// unchanged is whether the file path is still the one that was.
func unchanged(path string, was fs.FileInfo) (fs.FileInfo, error) {
	if was == nil {
		return nil, fmt.Errorf("%s: a pipe cannot be read twice", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", path, ErrChanged, unreadable(err))
	}
	if !os.SameFile(was, info) || info.Size() != was.Size() || !info.ModTime().Equal(was.ModTime()) {
		return nil, fmt.Errorf("%s: %w", path, ErrChanged)
	}
	return info, nil
}

// where is the interface of the packet read last.
func (s *stream) where() Interface {
	switch d := s.dec.(type) {
	case *pcapng:
		in := &d.interfaces[d.of]
		return Interface{s.raw.Link, in.snap, in.name}
	case *pcap:
		return Interface{s.raw.Link, d.snap, ""}
	}
	return Interface{Link: s.raw.Link}
}
