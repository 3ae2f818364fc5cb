// Package replay is the file source: captures go in (pcap and pcapng, compressed or not, folders of them,
// standard input), and the packets of all of them come out in one order of time, the same to every lane.
// Frames are borrowed from pooled read buffers until the lane's next call; one goroutine reads, a single lane's own
// or one for all lanes, and no packet is copied or allocates.
package replay

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"auscult/pipeline"
)

var _ pipeline.Source = (*Source)(nil)

// Source reads captures. Open begins a pass; the methods that say what happened may be called at any time and
// from any goroutine, and are complete when a lane has ended.
type Source struct {
	// Stdin is what the path "-" means; os.Stdin when nil.
	Stdin io.Reader
	// Wrap may put a reader before each input that is read for its packets, as it lies on the disk; nil for none. It is
	// called, and what it returns is read and closed, by the one goroutine that reads.
	Wrap func(path string, r io.ReadCloser) io.ReadCloser

	cfg         Config
	paths       []string
	read, total atomic.Uint64

	mu      sync.Mutex
	inputs  []string
	infos   []fs.FileInfo // of inputs, as they were found
	faults  []Fault
	notices []Notice
	stats   Stats
}

// New is a source of the captures at paths: files, folders and "-".
func New(cfg Config, paths ...string) *Source { return &Source{cfg: cfg, paths: paths} }

// Open finds the inputs and returns one lane for each worker; every lane gives every packet, in the same order.
// The error is about the configuration alone: an input that cannot be read is a Fault, and lanes without any
// readable input end at once. When ctx ends, the lanes end with io.EOF behind the same packet.
//
// Open may be called again when the lanes of the pass before have ended, to read the files once more.
func (s *Source) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	if err := s.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("replay.%w", err)
	}
	if workers < 1 {
		return nil, fmt.Errorf("replay: %d workers", workers)
	}
	found := s.find(ctx)
	s.wrap(found.streams)

	env := &env{ctx: ctx, cfg: s.cfg, pool: newPool(s.cfg.BlockBytes, s.cfg.InFlight+2), read: &s.read}
	if workers == 1 {
		env.before = ctx.Err
		return []pipeline.Lane{&direct{source: s, streams: found.streams, merge: newMerge(env, found.streams, s.note)}}, nil
	}
	fan := newFan(env, workers)
	fan.merge = newMerge(env, found.streams, s.note)
	go func() {
		defer fan.Close(nil)
		fan.run()
		s.finish(fan.merge, found.streams)
	}()

	list := make([]pipeline.Lane, workers)
	for i, l := range fan.Lanes() {
		list[i] = l
	}
	return list, nil
}

// wrap puts the reader of Wrap before what is opened from now on.
func (s *Source) wrap(streams []*stream) {
	if s.Wrap == nil {
		return
	}
	for _, st := range streams {
		open := st.open
		st.open = func() (io.ReadCloser, error) {
			r, err := open()
			if err != nil {
				return nil, err
			}
			return s.Wrap(st.path, r), nil
		}
	}
}

// find looks at all inputs and starts the books of a new pass.
func (s *Source) find(ctx context.Context) *finder {
	f := &finder{
		env:   &env{ctx: ctx, cfg: s.cfg, pool: newPool(s.cfg.BlockBytes, 1), before: ctx.Err},
		stdin: s.Stdin,
	}
	if f.stdin == nil {
		f.stdin = os.Stdin
	}
	f.find(s.paths)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.notices, s.stats = f.faults, f.notices, Stats{}
	s.inputs, s.infos = make([]string, len(f.streams)), make([]fs.FileInfo, len(f.streams))
	for i, st := range f.streams {
		s.inputs[i], s.infos[i] = st.path, st.info
	}
	s.read.Store(0)
	s.total.Store(f.total)
	if f.endless {
		s.total.Store(0)
	}
	return f
}

// note keeps what was to say when a stream ended.
func (s *Source) note(fault *Fault, notice *Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault != nil {
		s.faults = append(s.faults, *fault)
	}
	if notice != nil {
		s.notices = append(s.notices, *notice)
	}
}

// finish adds up a pass that has ended.
func (s *Source) finish(m *merge, streams []*stream) {
	total := m.stats
	for _, st := range streams {
		f := st.stat
		total.Files = append(total.Files, f)
		if f.Packets == 0 {
			continue
		}
		if total.Packets == 0 || f.First < total.First {
			total.First = f.First
		}
		total.Last = max(total.Last, f.Last)
		total.Packets += f.Packets
		total.Bytes += f.Bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats = total
}

// Inputs are the captures found, indexed as packet.Where.File: files of folders one by one, without what was a
// Fault from the start.
func (s *Source) Inputs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.inputs)
}

// Faults are the inputs that could not be read.
func (s *Source) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Notices are what else there is to say about the inputs.
func (s *Source) Notices() []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// Stats is the sum of the pass; zero until it has ended.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Files = slices.Clone(stats.Files)
	return stats
}

// Read is how many bytes have been read from disk so far, of Total; compressed ones count as compressed.
func (s *Source) Read() uint64 { return s.read.Load() }

// Total is the size of all inputs on disk, in bytes; 0 when one of them has no size, as standard input.
func (s *Source) Total() uint64 { return s.total.Load() }
