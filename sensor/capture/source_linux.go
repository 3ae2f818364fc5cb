package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"auscult/pipeline"
	"auscult/pipeline/lanes"
	"auscult/sensor/clock"
)

var _ pipeline.Source = (*Source)(nil)

// Source takes packets from interfaces. Its exported fields are set before its Open; Stats may be called at any time
// and from any goroutine.
type Source struct {
	// Log says when an interface goes or comes, and when the clock is set back.
	Log zerolog.Logger
	// Record is given all packets as a pcapng, as the lanes see them; nil records nothing. A replay of it gives the
	// lanes what they were given here. Close tells its errors.
	Record io.Writer
	// Beside is run with a lane of its own, beside those of Open, which it must read to its end; nil for none. Close waits
	// for it.
	Beside func(pipeline.Lane)

	cfg     Config
	devices []*device
	reader  *reader
	wake    int // an eventfd that ends the wait for packets
	fds     []unix.PollFd
	looked  time.Time // when the interfaces were looked at
	spun    bool      // the last wait ended at once
	opened  bool
	abandon time.Duration
	running sync.WaitGroup
	failed  error // of the recording

	mu    sync.Mutex
	stats Stats
}

// lookEvery is how often interfaces are looked at, and their counters read.
const lookEvery = time.Second

// abandon is how long after its end a run waits for lanes that nobody reads; it looks so often meanwhile whether they
// have taken anything, and where nobody had time to look that does not count against them.
const (
	abandon      = 5 * time.Second
	abandonLooks = 50
)

// Open opens the rings of the interfaces names, in the order in which they are numbered. filter is a classic BPF
// program over Ethernet frames, without the tag that the kernel takes out, or nil for all packets. The process may
// give up its privileges afterwards.
func Open(cfg Config, names []string, filter []bpf.RawInstruction) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("capture.%w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("capture: no interface named; there are %s", interfaces())
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("capture: make an eventfd: %w", err)
	}
	s := &Source{cfg: cfg, wake: wake, abandon: abandon}
	s.fds = append(s.fds, unix.PollFd{Fd: int32(wake), Events: unix.POLLIN})
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			s.Close()
			return nil, fmt.Errorf("capture: interface %s is named twice", name)
		}
		d, err := openDevice(cfg, i, name, limited(filter, cfg.SnapLength))
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("capture: %w", err)
		}
		s.devices = append(s.devices, d)
		for _, sock := range d.sockets {
			s.fds = append(s.fds, unix.PollFd{Fd: int32(sock.fd), Events: unix.POLLIN})
		}
	}
	s.publish(true)
	return s, nil
}

// Open begins to hand packets to one lane for each worker; every lane gives every packet, in the same order. The lanes
// end with io.EOF behind the same packet: the last that the kernel had taken in when ctx ended. There is one Open for
// each Source.
func (s *Source) Open(ctx context.Context, workers int) ([]pipeline.Lane, error) {
	if workers < 1 {
		return nil, fmt.Errorf("capture: %d workers", workers)
	}
	if s.opened {
		return nil, errors.New("capture: a line cannot be read twice")
	}
	s.opened = true
	s.sayStamps()

	quit, woken, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		unix.Write(s.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only if it is awake already
		s.running.Go(func() { s.abandoned(quit, ended) })
	})
	readers := workers
	if s.Record != nil {
		readers++
	}
	if s.Beside != nil {
		readers++
	}
	fan := lanes.NewFan(readers, s.cfg.InFlight, s.cfg.BatchPackets, quit)
	var ports []*port
	for _, d := range s.devices {
		ports = append(ports, d.port)
	}
	start := preamble(ports, s.cfg.SnapLength)
	s.reader = &reader{
		fan: fan, window: clock.Time(s.cfg.Window), clock: clocks(), publish: func() { s.publish(false) },
		time: timeline{step: clock.Time(s.cfg.ClockStep)}, offset: int64(len(start)),
	}
	s.reader.rings = s.rings()
	if s.Record != nil {
		s.running.Go(func() { s.failed = newRecorder(s.Record).run(fan.Lanes()[workers], start) })
	}
	if s.Beside != nil {
		s.running.Go(func() { s.Beside(fan.Lanes()[readers-1]) })
	}
	s.running.Go(func() {
		fan.Close(s.run(ctx))
		close(ended)
		if !stop() {
			<-woken // it writes to what Close closes
		}
	})

	list := make([]pipeline.Lane, workers)
	for i := range list {
		list[i] = fan.Lanes()[i]
	}
	return list, nil
}

// abandoned closes quit when nobody takes packets any more, unless the run has ended before.
func (s *Source) abandoned(quit chan<- struct{}, ended <-chan struct{}) {
	tick := time.NewTicker(s.abandon / abandonLooks)
	defer tick.Stop()
	packets := func() uint64 {
		st := s.Stats()
		return st.Packets()
	}
	last := packets()
	for idle := 0; idle < abandonLooks; idle++ {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if now := packets(); now != last {
			idle, last = 0, now
		}
	}
	close(quit)
}

// rings is the rings of all interfaces, in their order.
func (s *Source) rings() []*ring {
	var list []*ring
	for _, d := range s.devices {
		for _, sock := range d.sockets {
			list = append(list, &ring{port: d.port, blocks: sock.blocks(s.cfg.BlockBytes)})
		}
	}
	return list
}

// Close ends the capture. The lanes must have ended; it waits for the recording.
func (s *Source) Close() error {
	s.running.Wait()
	for _, d := range s.devices {
		d.close()
	}
	s.devices = nil
	if s.wake >= 0 {
		unix.Close(s.wake)
		s.wake = -1
	}
	return s.failed
}

// Stats is what was taken in so far; what the kernel has counted is at most a second old.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Interfaces = slices.Clone(stats.Interfaces)
	return stats
}

// publish makes the reader's counters known, after it has asked the kernel for its own if ask.
func (s *Source) publish(ask bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Interfaces = s.stats.Interfaces[:0]
	for _, d := range s.devices {
		if ask {
			d.count()
			s.use(d.port)
		}
		s.stats.Interfaces = append(s.stats.Interfaces, d.port.stats)
	}
	if r := s.reader; r != nil {
		s.stats.Held, s.stats.Ahead, s.stats.Steps = r.time.held, r.time.ahead, r.time.steps
	}
}

// use counts the blocks of the port's rings that the kernel cannot fill.
func (s *Source) use(p *port) {
	p.stats.Blocks, p.stats.Waiting = 0, 0
	if s.reader == nil {
		return
	}
	for _, r := range s.reader.rings {
		if r.port != p {
			continue
		}
		p.stats.Blocks += uint64(len(r.blocks))
		for _, b := range r.blocks {
			if b.taken() {
				p.stats.Waiting++
			}
		}
	}
}

// clocks reads the clock that the kernel stamps packets with, and one that nobody sets.
func clocks() func() (wall, ticks clock.Time) {
	start := time.Now()
	return func() (wall, ticks clock.Time) {
		now := time.Now()
		return clock.Time(now.UnixNano()), clock.Time(now.Sub(start))
	}
}
