package capture

import (
	"fmt"
	"time"
)

// Stamps says whose clock stamps packets.
type Stamps string

// Clocks that stamp packets.
const (
	Kernel   Stamps = "kernel"   // the machine's, when the kernel takes a packet in
	Hardware Stamps = "hardware" // the network card's, where it offers that; the kernel's otherwise
)

// Vanish says what to do when an interface is removed from the machine.
type Vanish string

// What becomes of a removed interface.
const (
	Wait Vanish = "wait" // go on with the others, and with it when one of its name is there again
	End  Vanish = "end"  // end the run with an error
)

// Config tunes and bounds a Source.
type Config struct {
	// RingBytes is the size of one ring, where the kernel puts packets. When it is full the kernel drops, and counts
	// what it drops (InterfaceStats.Dropped). A ring larger than the processor's cache costs more than it saves.
	RingBytes int `yaml:"ring_bytes"`
	// BlockBytes is the piece in which a ring is handed over. A ring has RingBytes/BlockBytes of them; TPACKET_V3
	// packs packets into them without gaps, so there is no frame count to set.
	BlockBytes int `yaml:"block_bytes"`
	// BlockTimeout is how long a packet may wait for its block to fill; the kernel takes up to twice as long.
	BlockTimeout time.Duration `yaml:"block_timeout"`
	// SnapLength is the most bytes kept of a packet; the rest is counted as cut. Segmentation offload makes packets
	// of up to 64 KiB (512 KiB with BIG TCP) out of many, so anything less loses data.
	SnapLength int `yaml:"snap_length"`
	// Rings is how many rings share an interface (PACKET_FANOUT). More than one only pays where several processors
	// take in packets of one card at once; an interface with several cannot be taken up again once it was removed.
	Rings int `yaml:"rings"`
	// Promiscuous asks for packets to other machines, as a mirror port shows them. It ends with the process.
	Promiscuous bool `yaml:"promiscuous"`
	// Outgoing also takes what this machine sends itself. On the loopback, where each packet is seen going out and
	// coming in, only the latter is taken.
	Outgoing bool `yaml:"outgoing"`
	// Timestamps is kernel or hardware. The card's clock must be kept at UTC by someone else (phc2sys): the
	// device's settings are not touched.
	Timestamps Stamps `yaml:"timestamps"`
	// Vanished is what to do when an interface is removed, wait or end.
	Vanished Vanish `yaml:"vanished"`
	// Window is how long a packet waits for earlier ones from a quiet ring, where there are several, and how far
	// time is behind the clock on an idle line. What comes later still is given the time of what went before.
	Window time.Duration `yaml:"window"`
	// ClockStep is how far the clock may go back until packet time goes on without it: below it, packet time stands
	// still until the clock is back. A stamp further than this in the future is not believed.
	ClockStep time.Duration `yaml:"clock_step"`
	// InFlight is how many batches stand between the reader and the slowest lane; then packets wait in the rings.
	InFlight int `yaml:"in_flight"`
	// BatchPackets is the most packets in one batch.
	BatchPackets int `yaml:"batch_packets"`
}

// Defaults suits a mirror port of some gigabits a second.
func Defaults() Config {
	return Config{
		RingBytes:    64 << 20,
		BlockBytes:   1 << 20,
		BlockTimeout: 20 * time.Millisecond,
		SnapLength:   256 << 10,
		Rings:        1,
		Promiscuous:  true,
		Outgoing:     true,
		Timestamps:   Kernel,
		Vanished:     Wait,
		Window:       100 * time.Millisecond,
		ClockStep:    time.Second,
		InFlight:     8,
		BatchPackets: 1024,
	}
}

// pages is a multiple of every page size of the machines we run on, which the kernel wants of blocks.
const pages = 64 << 10

// headroom is what a block holds beside its packets' bytes: its own header and one packet's.
const headroom = 4 << 10

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"snap_length", c.SnapLength, 64, 16 << 20},
		{"block_bytes", c.BlockBytes, max(pages, c.SnapLength+headroom), 64 << 20},
		{"ring_bytes", c.RingBytes, 2 * c.BlockBytes, 1 << 30},
		{"rings", c.Rings, 1, 64},
		{"in_flight", c.InFlight, 1, 1 << 16},
		{"batch_packets", c.BatchPackets, 1, 1 << 20},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.min, f.max)
		}
	}
	if c.BlockBytes%pages != 0 {
		return fmt.Errorf("block_bytes: %d is not a multiple of %d", c.BlockBytes, pages)
	}
	if c.RingBytes%c.BlockBytes != 0 {
		return fmt.Errorf("ring_bytes: %d is not a multiple of block_bytes, %d", c.RingBytes, c.BlockBytes)
	}
	for _, f := range []struct {
		name            string
		value, min, max time.Duration
	}{
		{"block_timeout", c.BlockTimeout, time.Millisecond, time.Second},
		{"window", c.Window, 2*c.BlockTimeout + 10*time.Millisecond, 10 * time.Second},
		{"clock_step", c.ClockStep, c.Window, time.Hour},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%s: %v is not between %v and %v", f.name, f.value, f.min, f.max)
		}
	}
	if c.Timestamps != Kernel && c.Timestamps != Hardware {
		return fmt.Errorf("timestamps: %q is neither kernel nor hardware", c.Timestamps)
	}
	if c.Vanished != Wait && c.Vanished != End {
		return fmt.Errorf("vanished: %q is neither wait nor end", c.Vanished)
	}
	return nil
}
