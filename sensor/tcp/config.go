package tcp

import (
	"fmt"
	"time"
)

// Overlap says which copy of a byte is kept while two are still buffered. Bytes that were passed on are final.
type Overlap string

// Overlap policies.
const (
	First Overlap = "first" // the copy that came first
	Last  Overlap = "last"  // the copy that came last
	Linux Overlap = "linux" // the first, unless the newer segment begins before it, or with it and ends after it
)

// Config bounds and tunes a Table: one flow partition. Times are packet time.
type Config struct {
	// MaxConns bounds the connections held. A full table forgets, in this order: the oldest closed one, the
	// oldest half-open one, the least recently used one (ByEvict).
	MaxConns int `yaml:"max_conns"`
	// MaxBuffer bounds the bytes buffered in all connections; at the limit the connection whose buffer would
	// have been given up first gives it up now: its holes become Gaps.
	MaxBuffer int `yaml:"max_buffer"`
	// MaxFlowBuffer bounds the bytes buffered in one connection; at the limit its holes become Gaps.
	MaxFlowBuffer int `yaml:"max_flow_buffer"`
	// Overlap is the policy for buffered bytes that arrive twice.
	Overlap Overlap `yaml:"overlap"`
	// AckedGap is how long bytes that the receiver acknowledged may still turn up: taps that are merged late.
	AckedGap time.Duration `yaml:"acked_gap"`
	// HoleTimeout is how long bytes that nobody acknowledged may still turn up.
	HoleTimeout time.Duration `yaml:"hole_timeout"`
	// Idle ends a silent connection. An hour, since interface engines and EHR clients keep connections open
	// between bursts, and forgetting one loses what its requests were; memory is bounded by MaxConns.
	Idle time.Duration `yaml:"idle"`
	// HalfOpen forgets a connection of which only one side's handshake was seen.
	HalfOpen time.Duration `yaml:"half_open"`
	// HalfClosed ends a silent connection of which one direction has ended.
	HalfClosed time.Duration `yaml:"half_closed"`
	// Linger is how long a closed connection is remembered, so that stray segments do not start another.
	Linger time.Duration `yaml:"linger"`
}

// Defaults are for one of 64 partitions: a million connections and a gigabyte of buffers in the process.
func Defaults() Config {
	return Config{
		MaxConns:      16 << 10,
		MaxBuffer:     16 << 20,
		MaxFlowBuffer: 1 << 20,
		Overlap:       First,
		AckedGap:      200 * time.Millisecond,
		HoleTimeout:   4 * time.Second,
		Idle:          time.Hour,
		HalfOpen:      10 * time.Second,
		HalfClosed:    2 * time.Minute,
		Linger:        5 * time.Second,
	}
}

// Validate names the first field that is out of range.
func (c Config) Validate() error {
	for _, f := range []struct {
		name   string
		v, min int
	}{
		{"max_conns", c.MaxConns, 1},
		{"max_buffer", c.MaxBuffer, c.MaxFlowBuffer},
		{"max_flow_buffer", c.MaxFlowBuffer, 128 << 10}, // the largest segment fits in pages
	} {
		if f.v < f.min || f.v > 1<<30 {
			return fmt.Errorf("tcp: %s is %d, want %d to %d", f.name, f.v, f.min, 1<<30)
		}
	}
	for _, f := range []struct {
		name   string
		v, min time.Duration
	}{
		{"acked_gap", c.AckedGap, 1},
		{"hole_timeout", c.HoleTimeout, c.AckedGap},
		{"half_open", c.HalfOpen, c.HoleTimeout + 1},
		{"half_closed", c.HalfClosed, c.HoleTimeout + 1},
		{"idle", c.Idle, c.HoleTimeout + 1},
		{"linger", c.Linger, 1},
	} {
		if f.v < f.min || f.v > 30*24*time.Hour {
			return fmt.Errorf("tcp: %s is %v, want %v to 720h", f.name, f.v, f.min)
		}
	}
	switch c.Overlap {
	case First, Last, Linux:
		return nil
	}
	return fmt.Errorf("tcp: overlap is %q, want first, last or linux", c.Overlap)
}

// Stats counts what a Table met. Bytes of loss are in the Gaps.
type Stats struct {
	Segments    uint64 // given to Segment
	Opened      uint64 // connections that began
	Midstream   uint64 // of them, without a handshake
	Established uint64 // of them, that came past a lone half of a handshake
	Strays      uint64 // segments that neither belong to a connection nor begin one
	LateStrays  uint64 // segments after the end of their connection or direction
	HalfOpen    uint64 // connections forgotten half-open: scans
	Idle        uint64 // connections ended by silence
	Evicted     uint64 // connections ended because the table was full
	Shed        uint64 // closed and half-open ones forgotten because the table was full
	Reused      uint64 // connections ended by a new handshake on the same endpoints
	OneSided    uint64 // connections found to be captured in one direction only
	BadReset    uint64 // RSTs outside the window
	BadSYN      uint64 // SYNs that the connection's state does not allow
	Retransmits uint64 // segments with nothing new
	KeepAlives  uint64
	Buffered    uint64 // segments copied because they came early
	Held        uint64 // of them, because they answer bytes that were not seen yet
	Conflicts   uint64 // bytes that arrived twice with different values, of those still buffered
	OutOfWindow uint64 // buffered segments dropped because the receiver cannot have taken them
	FlowFull    uint64 // times MaxFlowBuffer was reached
	TableFull   uint64 // times MaxBuffer was reached
	Gaps        uint64
	LostBytes   uint64
}
