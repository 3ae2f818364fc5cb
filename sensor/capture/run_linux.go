package capture

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"auscult/sensor/clock"
)

// nap is how long the reader sleeps when the kernel says that there is something to read and there is not: it looks
// at the last block that it has filled, which the lanes may hold still (packet_poll in net/packet/af_packet.c).
const nap = 2 * time.Millisecond

// run reads until ctx ends, and then what the kernel had taken in by then.
func (s *Source) run(ctx context.Context) error {
	more, err := s.read(ctx)
	for _, d := range s.devices {
		for _, sock := range d.sockets {
			if failed := sock.filter(deaf); failed != nil {
				s.Log.Warn().Err(failed).Str("interface", d.name).Msg("cannot stop the ring: packets of the last moment may be missing")
			}
		}
	}
	if more {
		s.drain()
	}
	for _, d := range s.devices {
		d.count()
		d.port.stats.unread()
	}
	s.publish(false)
	return err
}

// read reads until ctx ends. more is false when nobody reads the lanes any longer.
func (s *Source) read(ctx context.Context) (more bool, err error) {
	steps := uint64(0)
	for ctx.Err() == nil {
		packets, dry, more := s.reader.pass()
		if !more {
			return false, nil
		}
		if t := &s.reader.time; t.steps > steps {
			steps = t.steps
			s.Log.Warn().Dur("ahead", time.Duration(t.shift)).Msg("the clock was set back; packet time goes on without it")
		}
		if time.Since(s.looked) >= lookEvery {
			if err := s.look(); err != nil {
				return true, err
			}
		}
		if dry {
			s.wait(packets)
		}
	}
	return true, nil
}

// drain reads what is in the rings, which take no more: the last block of each comes when its time is over.
func (s *Source) drain() {
	last := time.Now().Add(2*s.cfg.BlockTimeout + 10*time.Millisecond)
	for {
		over := time.Now().After(last)
		s.reader.final = over
		_, dry, more := s.reader.pass()
		switch {
		case !more || over && dry:
			return
		case dry:
			time.Sleep(nap)
		}
	}
}

// wait sleeps until there may be packets, or the next step of the grid.
func (s *Source) wait(packets int) {
	if s.spun && packets == 0 {
		s.spun = false
		time.Sleep(nap)
		return
	}
	now, _ := s.reader.clock()
	left := time.Duration(now.Floor() + clock.Grid - now)
	n, err := unix.Poll(s.fds, int(left/time.Millisecond)+1)
	s.spun = n > 0 || err != nil
	for i := range s.fds {
		if s.fds[i].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			s.looked = time.Time{}
		}
	}
}

// look tells of interfaces that went or came, and keeps count.
func (s *Source) look() error {
	s.looked = time.Now()
	defer s.publish(true)
	for _, d := range s.devices {
		what, err := d.look()
		if err != nil {
			return fmt.Errorf("capture: interface %s: %w", d.name, err)
		}
		switch what {
		case went:
			s.Log.Warn().Str("interface", d.name).Msg("the interface is down; waiting for it")
		case back:
			s.Log.Info().Str("interface", d.name).Msg("the interface is up")
		case vanished:
			if s.cfg.Vanished == End {
				return fmt.Errorf("capture: interface %s was removed", d.name)
			}
			s.Log.Warn().Str("interface", d.name).Msg("the interface was removed; waiting for one of its name")
		}
	}
	return nil
}
