package packet

import (
	"fmt"
	"time"
)

// Overlap says what becomes of a datagram whose fragments overlap. An exact duplicate of a fragment (the same
// place, the same bytes) is never an overlap: a mirror shows packets twice.
type Overlap string

// Overlap policies.
const (
	// Drop gives up the datagram with all fragments that still come (RFC 5722, RFC 8200 section 4.5), in IPv4 too,
	// as Windows does: nothing is read that the target may not have read.
	Drop Overlap = "drop"
	// First ignores a fragment that lies wholly within bytes that came before, as Linux does, and gives up the
	// datagram for any other overlap, as Linux has done since 4.19 (CVE-2018-5391).
	First Overlap = "first"
)

// Config bounds and tunes a Decoder. Times are packet time.
type Config struct {
	// Checksums drops segments whose IPv4 header or TCP checksum is wrong. Off by default: checksum offload
	// makes them wrong on every machine that captures its own traffic.
	Checksums bool `yaml:"checksums"`
	// MaxTags bounds the VLAN tags, MPLS labels and other shims in a row; a frame with more is TooDeep.
	MaxTags int `yaml:"max_tags"`
	// MaxExtensions bounds the IPv6 extension headers of one packet; a packet with more is TooDeep.
	MaxExtensions int `yaml:"max_extensions"`
	// MaxNesting bounds the packets inside one another; a frame with more is TooDeep.
	MaxNesting int `yaml:"max_nesting"`
	// MaxFragmentBytes bounds the memory of IP datagrams in fragments; at the limit the oldest is given up.
	MaxFragmentBytes int `yaml:"max_fragment_bytes"`
	// MaxFragmentPackets bounds the IP datagrams in fragments; at the limit the oldest is given up.
	MaxFragmentPackets int `yaml:"max_fragment_packets"`
	// MaxFragments bounds the fragments of one datagram; a datagram in more is given up.
	MaxFragments int `yaml:"max_fragments"`
	// FragmentTimeout is how long the fragments of a datagram may be apart, the first that came and the last.
	FragmentTimeout time.Duration `yaml:"fragment_timeout"`
	// FragmentRepeat is how long a completed datagram is remembered, so that second copies of its fragments are
	// known for what they are and do not wait for others.
	FragmentRepeat time.Duration `yaml:"fragment_repeat"`
	// FragmentOverlap is the policy for fragments that overlap, drop or first.
	FragmentOverlap Overlap `yaml:"fragment_overlap"`
}

// Defaults is the Config of the zero Decoder. The fragment bounds are those of Linux (ipfrag_high_thresh,
// ipfrag_time).
func Defaults() Config {
	return Config{
		MaxTags:            8,
		MaxExtensions:      8,
		MaxNesting:         8,
		MaxFragmentBytes:   4 << 20,
		MaxFragmentPackets: 4096,
		MaxFragments:       512,
		FragmentTimeout:    30 * time.Second,
		FragmentRepeat:     100 * time.Millisecond,
		FragmentOverlap:    Drop,
	}
}

// Validate names the first field that is out of range.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		v, min, max int
	}{
		{"max_tags", c.MaxTags, 1, 64},
		{"max_extensions", c.MaxExtensions, 1, 64},
		{"max_nesting", c.MaxNesting, 1, 64},
		{"max_fragment_bytes", c.MaxFragmentBytes, 256 << 10, 1 << 30}, // the largest datagram fits, while it grows too
		{"max_fragment_packets", c.MaxFragmentPackets, 2, 1 << 20},
		{"max_fragments", c.MaxFragments, 2, 8192},
	} {
		if f.v < f.min || f.v > f.max {
			return fmt.Errorf("packet: %s is %d, want %d to %d", f.name, f.v, f.min, f.max)
		}
	}
	for _, f := range []struct {
		name string
		v    time.Duration
	}{{"fragment_timeout", c.FragmentTimeout}, {"fragment_repeat", c.FragmentRepeat}} {
		if f.v < 1 || f.v > 10*time.Minute {
			return fmt.Errorf("packet: %s is %v, want 1ns to 10m", f.name, f.v)
		}
	}
	if c.FragmentOverlap != Drop && c.FragmentOverlap != First {
		return fmt.Errorf("packet: fragment_overlap is %q, want drop or first", c.FragmentOverlap)
	}
	return nil
}
