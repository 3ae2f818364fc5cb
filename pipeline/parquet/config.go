package parquet

import (
	"fmt"
	"time"
)

// Config is about the files of a call log in Parquet.
type Config struct {
	// Every is how much packet time one file takes, a part of an hour. A live sensor that is killed loses the file it is writing.
	Every time.Duration `yaml:"every"`
	// RowGroup is how many calls are put into columns at once; they are in memory until then, some 3 KiB each.
	RowGroup int `yaml:"row_group"`
	// PartRows is how many calls one file takes at most.
	PartRows int `yaml:"part_rows"`
}

// Defaults are six files an hour, of row groups that DuckDB reads side by side.
func Defaults() Config { return Config{Every: 10 * time.Minute, RowGroup: 16 << 10, PartRows: 1 << 20} }

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case c.Every < time.Second || c.Every > time.Hour || time.Hour%c.Every != 0:
		return fmt.Errorf("every: %v is no part of an hour", c.Every)
	case c.RowGroup < 1 || c.RowGroup > 1<<20:
		return fmt.Errorf("row_group: %d is not between 1 and %d", c.RowGroup, 1<<20)
	case c.PartRows < c.RowGroup:
		return fmt.Errorf("part_rows: %d is less than a row group, %d", c.PartRows, c.RowGroup)
	}
	return nil
}
