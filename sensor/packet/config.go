package packet

import "fmt"

// Config bounds and tunes a Decoder.
type Config struct {
	// Checksums drops segments whose IPv4 header or TCP checksum is wrong. Off by default: checksum offload
	// makes them wrong on every machine that captures its own traffic.
	Checksums bool `yaml:"checksums"`
	// MaxTags bounds the VLAN tags, MPLS labels and other shims in a row; a frame with more is TooDeep.
	MaxTags int `yaml:"max_tags"`
	// MaxExtensions bounds the IPv6 extension headers of one packet; a packet with more is TooDeep.
	MaxExtensions int `yaml:"max_extensions"`
	// MaxNesting bounds the IP packets inside one another; a frame with more is TooDeep.
	MaxNesting int `yaml:"max_nesting"`
}

// Defaults is the Config of the zero Decoder.
func Defaults() Config { return Config{MaxTags: 8, MaxExtensions: 8, MaxNesting: 4} }

// Validate names the first field that is out of range.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		v    int
	}{{"max_tags", c.MaxTags}, {"max_extensions", c.MaxExtensions}, {"max_nesting", c.MaxNesting}} {
		if f.v < 1 || f.v > 64 {
			return fmt.Errorf("packet: %s is %d, want 1 to 64", f.name, f.v)
		}
	}
	return nil
}
