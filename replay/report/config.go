package report

import "fmt"

// Config bounds what a report remembers and shows. What is past a bound is left out, counted, and said in the report.
type Config struct {
	// MaxIncidents is how many incidents are shown; of more, the graver ones.
	MaxIncidents int `yaml:"max_incidents"`
	// MaxPictures is how many of them are drawn.
	MaxPictures int `yaml:"max_pictures"`
	// MaxCallers is how many callers, and how many endpoints, are followed at a time, those seen last; about 10 KiB each at most.
	MaxCallers int `yaml:"max_callers"`
	// MaxPoints is how many points the curve of one of them has; it gets coarser as it goes on.
	MaxPoints int `yaml:"max_points"`
	// MaxRecords is how many distinct records of all callers are told apart; past it a curve of distinct records stays where it is.
	MaxRecords int `yaml:"max_records"`
	// MaxEndpoints is how many endpoints of the inventory are shown; inventory.json has them all.
	MaxEndpoints int `yaml:"max_endpoints"`
	// MaxRows is how many callers and endpoints the tables hold.
	MaxRows int `yaml:"max_rows"`
}

// Defaults gives a report of less than 5 MB from less than 60 MB of memory.
func Defaults() Config {
	return Config{MaxIncidents: 200, MaxPictures: 40, MaxCallers: 2048, MaxPoints: 160, MaxRecords: 1 << 20, MaxEndpoints: 100, MaxRows: 15}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range [...]struct {
		name      string
		n, lowest int
	}{{"max_incidents", c.MaxIncidents, 1}, {"max_pictures", c.MaxPictures, 0}, {"max_callers", c.MaxCallers, 2}, {"max_points", c.MaxPoints, 16},
		{"max_records", c.MaxRecords, 0}, {"max_endpoints", c.MaxEndpoints, 0}, {"max_rows", c.MaxRows, 1}} {
		if f.n < f.lowest {
			return fmt.Errorf("%s: %d is less than %d", f.name, f.n, f.lowest)
		}
	}
	return nil
}
