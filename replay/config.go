package replay

import (
	"fmt"

	"auscult/sensor/bpf"
	"auscult/sensor/clock"
)

// Config bounds what a source holds and what it believes of a file.
type Config struct {
	// BlockBytes is the size of one read buffer. A file holds one while it is being read; blocks that lanes
	// still look at come on top, at most one for each batch in flight.
	BlockBytes int `yaml:"block_bytes"`
	// MaxFrame is the longest frame that is believed: a longer record is malformed and ends its file (counted
	// in Stats.Malformed). 262144 is what libpcap takes.
	MaxFrame int `yaml:"max_frame"`
	// InFlight is how many batches stand between the reader and the slowest lane; then the reader waits.
	InFlight int `yaml:"in_flight"`
	// BatchPackets is the most packets in one batch.
	BatchPackets int `yaml:"batch_packets"`
	// MaxInterfaces is how many interfaces one pcapng section may declare; more end the file as malformed.
	MaxInterfaces int `yaml:"max_interfaces"`
	// MaxSecrets is how many bytes of TLS secrets a pcapng may hold between two packets; more end the file as
	// malformed.
	MaxSecrets int `yaml:"max_secrets"`
	// MaxZstdWindow is the largest zstd window, in bytes, that is given memory; a file that wants more is a
	// Fault, or ends there with a Notice when it was being read.
	MaxZstdWindow int `yaml:"max_zstd_window"`

	// From and To keep the packets stamped From <= t < To; zero means no bound. The others are counted in
	// Stats.OutsideWindow and do not move time.
	From clock.Time `yaml:"-"`
	To   clock.Time `yaml:"-"`

	// Filter keeps the packets that it takes; nil takes all. The others are counted in Stats.FilteredOut and do not
	// move time.
	Filter *bpf.Filter `yaml:"-"`
}

// blockSlack is what a record may hold beside its frame: headers, and in pcapng options.
const blockSlack = 64 << 10

// Defaults suits captures of any size on a laptop.
func Defaults() Config {
	return Config{
		BlockBytes:    512 << 10,
		MaxFrame:      256 << 10,
		InFlight:      6,
		BatchPackets:  256,
		MaxInterfaces: 4096,
		MaxSecrets:    64 << 20,
		MaxZstdWindow: 128 << 20,
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"max_frame", c.MaxFrame, 64, 64 << 20},
		{"block_bytes", c.BlockBytes, c.MaxFrame + blockSlack, 1 << 30},
		{"in_flight", c.InFlight, 1, 1 << 16},
		{"batch_packets", c.BatchPackets, 1, 1 << 20},
		{"max_interfaces", c.MaxInterfaces, 1, 1 << 20},
		{"max_secrets", c.MaxSecrets, 1 << 10, 1 << 30},
		{"max_zstd_window", c.MaxZstdWindow, 1 << 10, 1 << 30},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.min, f.max)
		}
	}
	if c.To != 0 && c.To <= c.From {
		return fmt.Errorf("to: %s is not after from, %s", c.To.UTC(), c.From.UTC())
	}
	return nil
}
