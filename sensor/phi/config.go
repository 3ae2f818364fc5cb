package phi

import "fmt"

// Config bounds a Scanner.
type Config struct {
	// ScanLimit is how many bytes of a body are read; the rest is counted and the Report is Truncated.
	ScanLimit int64 `yaml:"scan_limit"`
	// Token is the longest key, string, tag or segment that is looked at, in bytes; a longer one is passed over.
	Token int `yaml:"token"`
	// Depth bounds the containers inside one another; what is deeper is passed over.
	Depth int `yaml:"depth"`
	// IDs is how many identifiers a Report keeps; more are counted.
	IDs int `yaml:"ids"`
	// Distinct is how many people, and how many identifiers, are told apart exactly. Past it a person counts once
	// for every record of their own.
	Distinct int `yaml:"distinct"`
	// Props is how many names of properties are kept of a body; bodies with more are counted.
	Props int `yaml:"props"`
}

// Defaults is the Config that suits an API of a hospital.
func Defaults() Config {
	return Config{ScanLimit: 16 << 20, Token: 4096, Depth: 64, IDs: 4096, Distinct: 1 << 17, Props: 96}
}

// Validate names the first field that is out of range.
func (c Config) Validate() error {
	if c.ScanLimit < 1 {
		return fmt.Errorf("phi: scan_limit is %d, want 1 or more", c.ScanLimit)
	}
	for _, f := range []struct {
		name      string
		v, lo, hi int
	}{
		{"token", c.Token, 64, 1 << 20},
		{"depth", c.Depth, 4, 1024},
		{"ids", c.IDs, 0, 1 << 20},
		{"distinct", c.Distinct, 64, 1 << 24},
		{"props", c.Props, 0, 1024},
	} {
		if f.v < f.lo || f.v > f.hi {
			return fmt.Errorf("phi: %s is %d, want %d to %d", f.name, f.v, f.lo, f.hi)
		}
	}
	return nil
}

// Stats counts what the bounds of a Scanner cost, over all its bodies.
type Stats struct {
	Bodies    uint64
	Bytes     uint64
	Unscanned uint64 // bytes past ScanLimit
	Long      uint64 // tokens longer than Token
	Deep      uint64 // containers deeper than Depth
	MoreIDs   uint64 // identifiers past IDs
	MoreProps uint64 // bodies with more names of properties than Props
	Full      uint64 // people and identifiers past Distinct
}

// Add adds o to s.
func (s *Stats) Add(o Stats) {
	s.Bodies += o.Bodies
	s.Bytes += o.Bytes
	s.Unscanned += o.Unscanned
	s.Long += o.Long
	s.Deep += o.Deep
	s.MoreIDs += o.MoreIDs
	s.MoreProps += o.MoreProps
	s.Full += o.Full
}
