package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"auscult/sensor/packet"
)

// device is an interface of the machine with the sockets that take its packets. The reader's own once it runs.
type device struct {
	port    *port
	name    string
	ifindex int
	sockets []*socket
	cfg     Config
	up      bool
	gone    bool
	missed  uint64 // what the card had lost before

	stamped   bool   // by the card's clock
	unstamped string // why not, if that was wanted
}

// openDevice opens an interface by its name.
func openDevice(cfg Config, index int, name string, filter program) (d *device, err error) {
	d = &device{name: name, cfg: cfg, port: &port{index: uint32(index), stats: InterfaceStats{Name: name}}}
	defer func() {
		if err != nil {
			d.close()
			err = fmt.Errorf("interface %s: %w", name, err)
		}
	}()
	d.port.incoming = !cfg.Outgoing || name == "lo"
	for range cfg.Rings {
		s, err := openSocket(cfg, filter, d.port.incoming)
		if err != nil {
			return d, err
		}
		d.sockets = append(d.sockets, s)
	}
	if err := d.identify(); err != nil {
		return d, err
	}
	if err := d.stampBy(); err != nil {
		return d, err
	}
	for _, s := range d.sockets {
		if err := s.bind(d.ifindex, cfg.Promiscuous); err != nil {
			return d, err
		}
		if cfg.Rings > 1 {
			if err := s.join((os.Getpid()+index)&0xffff, spread()); err != nil {
				return d, err
			}
		}
	}
	d.up = d.running()
	d.missed = d.missedByCard()
	return d, nil
}

// identify finds the interface of that name and how its frames begin.
func (d *device) identify() error {
	index, err := d.ioctl(unix.SIOCGIFINDEX)
	if err != nil {
		return fmt.Errorf("there is none of that name; there are %s", interfaces())
	}
	hw, err := d.ioctl(unix.SIOCGIFHWADDR)
	if err != nil {
		return fmt.Errorf("ask for its type: %w", err)
	}
	link, err := linkOf(hw.Uint16())
	if err != nil {
		return err
	}
	if d.ifindex != 0 && link != d.port.link {
		return errors.New("it has come back with another type of frames; start again")
	}
	mtu, err := d.ioctl(unix.SIOCGIFMTU)
	if err != nil {
		return fmt.Errorf("ask for its MTU: %w", err)
	}
	d.ifindex, d.port.link = int(index.Uint32()), link
	d.port.longest = int(mtu.Uint32()) + 14 + 2*tagBytes
	return nil
}

// linkOf is how frames of an interface type (linux/if_arp.h) begin.
func linkOf(arp uint16) (packet.LinkType, error) {
	switch arp {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return packet.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT:
		return packet.LinkRaw, nil
	}
	return 0, fmt.Errorf("frames of its type (ARPHRD %d) are not decoded; capture on an Ethernet interface", arp)
}

func interfaces() string {
	list, _ := net.Interfaces() // the names are a help; without them the error still says what is wrong
	var names []string
	for _, i := range list {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

func (d *device) ioctl(request uint) (*unix.Ifreq, error) {
	r, err := unix.NewIfreq(d.name)
	if err != nil {
		return nil, err
	}
	return r, unix.IoctlIfreq(d.sockets[0].fd, request, r)
}

// running is whether the interface is up and its line is.
func (d *device) running() bool {
	r, err := d.ioctl(unix.SIOCGIFFLAGS)
	const want = unix.IFF_UP | unix.IFF_RUNNING
	return err == nil && r.Uint16()&want == want
}

// change is what happened to an interface since it was looked at last.
type change uint8

const (
	none change = iota
	went        // down
	back        // up
	vanished
)

// look tells what has changed, and takes a removed interface up again when there is one of its name.
func (d *device) look() (change, error) {
	failed := false
	for _, s := range d.sockets {
		failed = s.failed() || failed
	}
	index, err := d.ioctl(unix.SIOCGIFINDEX)
	if here := err == nil; d.gone && !here {
		return none, nil
	} else if !d.gone && (!here || int(index.Uint32()) != d.ifindex) {
		if d.up { // else it was seen to go down on its way out
			d.port.stats.Downs++
		}
		d.gone, d.up = true, false
		return vanished, nil
	}
	if d.gone {
		if err := d.again(); err != nil {
			return none, err
		}
	}
	was := d.up
	d.up = d.running()
	switch {
	case failed && !d.gone && was: // it may be up again already
		d.port.stats.Downs++
		if d.up {
			return back, nil
		}
		return went, nil
	case was && !d.up:
		d.port.stats.Downs++
		return went, nil
	case d.up && !was:
		return back, nil
	}
	return none, nil
}

// again binds to the interface that has the name now.
func (d *device) again() error {
	if len(d.sockets) > 1 {
		return errors.New("an interface with several rings cannot be taken up again; start again, or set rings to 1")
	}
	if err := d.identify(); err != nil {
		return err
	}
	if err := d.sockets[0].bind(d.ifindex, d.cfg.Promiscuous); err != nil {
		return err
	}
	d.gone = false
	d.missed = d.missedByCard() - min(d.missedByCard(), d.port.stats.Missed)
	return nil
}

// count brings the counters of kernel and card up to date.
func (d *device) count() {
	st := &d.port.stats
	for _, s := range d.sockets {
		s.lost(st)
	}
	if now := d.missedByCard(); now > d.missed+st.Missed {
		st.Missed = now - d.missed
	}
	st.Up = d.up
}

// missedByCard is what libpcap calls dropped by the interface, and what the kernel dropped on the way to the sockets, its
// backlog being full: while a socket takes every packet, rx_dropped counts no others.
func (d *device) missedByCard() uint64 {
	var sum uint64
	for _, name := range []string{"rx_missed_errors", "rx_fifo_errors", "rx_dropped"} {
		text, err := os.ReadFile(filepath.Join("/sys/class/net", d.name, "statistics", name))
		if err != nil {
			continue // not every machine shows them
		}
		n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		sum += n
	}
	return sum
}

func (d *device) close() {
	for _, s := range d.sockets {
		s.close()
	}
	d.sockets = nil
}
