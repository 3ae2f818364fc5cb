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
	Linux Overlap = "linux" // as tcp_data_queue_ofo of Linux: the segment that begins first, see storeLinux
)

// Urgent says what becomes of the byte that an urgent pointer marks (RFC 6093).
type Urgent string

// Urgent policies.
const (
	OutOfBand Urgent = "oob"    // it is taken out of the stream, as for a server that does not set SO_OOBINLINE
	Inline    Urgent = "inline" // it stays where it is
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
	// Urgent is the policy for urgent data. Web servers read without SO_OOBINLINE, so the urgent byte is not in
	// what they read; the counter Urgent says how many were taken out.
	Urgent Urgent `yaml:"urgent"`
	// Recent is how many bytes that were passed on last, of all connections, are kept to compare with what is
	// sent again; 0 keeps none. What came again and could not be compared is counted (Unchecked).
	Recent int `yaml:"recent"`
	// RecentAnswer is how many bytes from the start of each segment of the server are kept so. It is the client who
	// has reason to show the sensor another request than the server reads, and what servers send is most of the bytes.
	RecentAnswer int `yaml:"recent_answer"`
	// AckedGap is how long bytes that the receiver acknowledged, and that their sender went past, may still turn
	// up: taps that are merged late.
	AckedGap time.Duration `yaml:"acked_gap"`
	// HoleTimeout is how long bytes may still turn up that nobody acknowledged, or that only the receiver knows
	// of; a receiver that was heard to wait for them has them waited for. It is also how long a connection
	// outlives a RST that its receiver would only challenge, if all is silent.
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
		Urgent:        OutOfBand,
		Recent:        48 << 10,
		RecentAnswer:  128,
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
		{"recent", c.Recent, 0},
		{"recent_answer", c.RecentAnswer, 0},
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
	default:
		return fmt.Errorf("tcp: overlap is %q, want first, last or linux", c.Overlap)
	}
	switch c.Urgent {
	case OutOfBand, Inline:
		return nil
	}
	return fmt.Errorf("tcp: urgent is %q, want oob or inline", c.Urgent)
}
