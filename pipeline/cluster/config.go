// Package cluster takes detection beyond one machine: sensors publish their calls to Kafka, sealed, and the members of
// a consumer group judge them, each the sites of its partitions, in the same order as one process would.
package cluster

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxSensors bounds the sensors of a site.
const maxSensors = 256

// Config says how calls travel, and how they are judged elsewhere.
type Config struct {
	// Topic takes the calls of all sites; the site is the key.
	Topic string `yaml:"topic"`
	// StateTopic takes the checkpoints of auscult detect. It is compacted, and has as many partitions.
	StateTopic string `yaml:"state_topic"`
	// Group is the consumer group that the members of auscult detect are in.
	Group string `yaml:"group"`
	// Partitions is how many partitions the topics get where they are created; no more members can work at once.
	Partitions int `yaml:"partitions"`
	// Partition is where this site's calls go, so that a large site has one of its own, alike on all its sensors; -1: by
	// its name.
	Partition int `yaml:"partition"`
	// Sensors is how many sensors publish this site's calls: its first calls are judged once all of them are heard.
	Sensors int `yaml:"sensors"`
	// BatchBytes is the size of the calls, before compression, that are sent at once.
	BatchBytes int `yaml:"batch_bytes"`
	// Linger is how long, in packet time, calls of a live sensor wait for more to be sent with.
	Linger time.Duration `yaml:"linger"`
	// SpoolDir is the folder where calls wait for the brokers; empty: calls, beside the outbox.
	SpoolDir string `yaml:"spool_dir"`
	// SpoolBytes bounds it on disk. Past it a live sensor drops the oldest calls, counted; a replay waits.
	SpoolBytes int64 `yaml:"spool_bytes"`
	// Keys is a folder with the pseudonym key of each site, SITE.key; empty: pseudonym.key_file is that of all.
	Keys string `yaml:"keys"`
	// Lag is how far, in packet time, a live sensor may be behind the foremost of its site. It is then not waited for any
	// more: its calls from before are late, counted and not judged; the topic holds them for another group.
	Lag time.Duration `yaml:"lag"`
	// MaxWaiting bounds the sealed calls of one site that wait for a sensor that is behind; past it, it is as with lag.
	MaxWaiting int `yaml:"max_waiting"`
	// Checkpoint is how often the state of a partition is made durable.
	Checkpoint time.Duration `yaml:"checkpoint"`
	// MaxState bounds one partition's checkpoint, before compression; past it none is made, and it is said.
	MaxState int `yaml:"max_state"`
	// Session is how long a member may be silent before others take its partitions.
	Session time.Duration `yaml:"session"`
}

// Defaults suits a hospital group.
func Defaults() Config {
	return Config{Topic: "auscult.call.v1", StateTopic: "auscult.call-state.v1", Group: "auscult-detect", Partitions: 64, Partition: -1,
		Sensors: 1, BatchBytes: 512 << 10, Linger: 250 * time.Millisecond, SpoolBytes: 8 << 30, Lag: 2 * time.Minute,
		MaxWaiting: 256 << 20, Checkpoint: time.Minute, MaxState: 1 << 30, Session: 10 * time.Second}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	switch {
	case !isName(c.Topic):
		return fmt.Errorf("topic: %q is not the name of a topic", c.Topic)
	case !isName(c.StateTopic) || c.StateTopic == c.Topic:
		return fmt.Errorf("state_topic: %q is not the name of another topic", c.StateTopic)
	case c.Group == "":
		return errors.New("group: is empty")
	case c.Partitions < 1 || c.Partitions > 10_000:
		return fmt.Errorf("partitions: %d is not between 1 and 10000", c.Partitions)
	case c.Partition < -1:
		return fmt.Errorf("partition: %d is neither -1 nor a partition", c.Partition)
	case c.Sensors < 1 || c.Sensors > maxSensors:
		return fmt.Errorf("sensors: %d is not between 1 and %d", c.Sensors, maxSensors)
	case c.BatchBytes < 16<<10 || c.BatchBytes > 800_000:
		return fmt.Errorf("batch_bytes: %d is not between 16384 and 800000, as a broker takes it", c.BatchBytes)
	case c.Linger <= 0:
		return fmt.Errorf("linger: %v is not positive", c.Linger)
	case c.SpoolBytes < 64<<20:
		return fmt.Errorf("spool_bytes: %d is below 64 MiB", c.SpoolBytes)
	case c.Lag < time.Second:
		return fmt.Errorf("lag: %v is below a second", c.Lag)
	case c.MaxWaiting < 1<<20:
		return fmt.Errorf("max_waiting: %d is below 1 MiB", c.MaxWaiting)
	case c.Checkpoint < 100*time.Millisecond:
		return fmt.Errorf("checkpoint: %v is below 100ms", c.Checkpoint)
	case c.MaxState < 1<<20:
		return fmt.Errorf("max_state: %d is below 1 MiB", c.MaxState)
	case c.Session < time.Second:
		return fmt.Errorf("session: %v is below a second", c.Session)
	}
	return nil
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// isName is whether s may be the name of a topic or of a site.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, nameBytes) == "" && s != "." && s != ".."
}
