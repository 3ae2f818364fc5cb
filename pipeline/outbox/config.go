// Package outbox makes alerts durable before anything else becomes of them: records go into a bounded log on
// disk, one fsync for all that wait, and every sink reads them from there at its own pace, with a cursor of its own.
package outbox

import (
	"fmt"
	"time"
)

// Config bounds what an outbox keeps.
type Config struct {
	// Dir is the folder that holds it; one process at a time. Empty: outbox in the case folder, else under the
	// state directory.
	Dir string `yaml:"dir"`
	// MaxBytes bounds the log on disk. Past it the oldest updates go first, then the oldest closings, and an opening
	// only when neither is left; each is counted.
	MaxBytes int64 `yaml:"max_bytes"`
	// MaxAge is how long an alert waits for a sink that does not take it; then it goes, whatever it is, and is counted.
	MaxAge time.Duration `yaml:"max_age"`
	// SegmentBytes is the size of one file of the log; space is given back by whole files.
	SegmentBytes int `yaml:"segment_bytes"`
	// MaxPending bounds the bytes that wait in memory for a slow or failing disk. A replay waits for it; a live run
	// sheds as with max_bytes, openings and closings at twice the bound while a write is under way.
	MaxPending int `yaml:"max_pending"`
	// Patience is how long a live run lets one batch of alerts wait for the disk before it goes on without.
	Patience time.Duration `yaml:"patience"`
	// Drain is how long the end of a run waits for sinks: a live one in all, a replay since the last alert they took.
	Drain time.Duration `yaml:"drain"`
	// Live means that packets do not wait for the disk.
	Live bool `yaml:"-"`

	retry time.Duration // between tries on a disk that fails
}

// Defaults holds about 300,000 alerts, and a week of a broker that is away.
func Defaults() Config {
	return Config{MaxBytes: 1 << 30, MaxAge: 7 * 24 * time.Hour, SegmentBytes: 4 << 20, MaxPending: 16 << 20,
		Patience: time.Second, Drain: 5 * time.Second, retry: 500 * time.Millisecond}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case c.SegmentBytes < 4<<10 || c.SegmentBytes > 64<<20:
		return fmt.Errorf("segment_bytes: %d is not between 4096 and 67108864", c.SegmentBytes)
	case c.MaxBytes < 4*int64(c.SegmentBytes):
		return fmt.Errorf("max_bytes: %d is below four times segment_bytes", c.MaxBytes)
	case c.MaxAge < time.Second:
		return fmt.Errorf("max_age: %v is below a second", c.MaxAge)
	case c.MaxPending < 64<<10:
		return fmt.Errorf("max_pending: %d is below 65536", c.MaxPending)
	case c.Patience <= 0:
		return fmt.Errorf("patience: %v is not positive", c.Patience)
	case c.Drain <= 0:
		return fmt.Errorf("drain: %v is not positive", c.Drain)
	}
	return nil
}

// Stats counts what became of records. All but the last four only grow.
type Stats struct {
	Appended uint64 // made durable
	Syncs    uint64 // fsyncs that did so
	Late     uint64 // batches that the run went on without
	Failures uint64 // writes and fsyncs that failed; each was tried again in a new file
	Shed     Kinds  // for want of room, before every sink had them
	Expired  Kinds  // older than max_age, before every sink had them
	TooLarge uint64 // past 16 MiB, never taken
	Repaired uint64 // one flipped bit, found and put right
	Damaged  uint64 // stretches of a file that could not be read any more
	Torn     uint64 // bytes of writes that never ended, at the end of files

	Pending int    // bytes in memory that are not durable yet
	Bytes   int64  // on disk
	Records int    // on disk
	Failing string // what is wrong with the disk now; empty when nothing is
}

// Kinds counts records by what they say of their incident.
type Kinds struct{ Openings, Updates, Closings uint64 }

// Total is all of k.
func (k Kinds) Total() uint64 { return k.Openings + k.Updates + k.Closings }
