// Package evidence cuts out of a capture, for each incident, the packets of the connections that show it.
package evidence

import (
	"fmt"
	"os"
	"strings"
	"time"

	"filippo.io/age"
)

// Config bounds what is kept as evidence.
type Config struct {
	// Before is how long before the first call shown of a connection its packets are kept; those that open the
	// connection are kept whenever they came. Of a connection over TLS or HTTP/2 all are: it can only be read from its start.
	Before time.Duration `yaml:"before"`
	// After is how long after the last call shown of a connection its packets are kept.
	After time.Duration `yaml:"after"`
	// MaxBytes is how many bytes of packets one incident may keep; more are counted in its line of the index.
	MaxBytes int64 `yaml:"max_bytes"`
	// MaxTotal is how many bytes of packets all incidents together may keep, in memory (up to twice that) until each is over; more
	// are counted in their lines of the index.
	MaxTotal int64 `yaml:"max_total"`
	// MaxIncidents is how many incidents keep packets, the first ones; more are counted in the summary. In a live run the
	// oldest of which all is written makes room.
	MaxIncidents int `yaml:"max_incidents"`
	// MaxConnections is how many connections of one incident keep packets; more are counted in its line of the index.
	MaxConnections int `yaml:"max_connections"`
	// RingBytes is how many bytes of the packets that came last a live run keeps in memory, to cut out of (up to twice
	// that while slices are written). What lacks a packet that was older says so in its line of the index.
	RingBytes int64 `yaml:"ring_bytes"`
	// MaxDisk is how many bytes of slices a live run writes; more are counted in the summary.
	MaxDisk int64 `yaml:"max_disk"`
	// Recipients are who can read what is kept: age recipients (age1…), or files of them. Nothing is then written that
	// is not encrypted to them.
	Recipients []string `yaml:"recipients"`
}

// Defaults keeps little: some megabytes an incident.
func Defaults() Config {
	return Config{
		Before:         time.Second,
		After:          time.Second,
		MaxBytes:       8 << 20,
		MaxTotal:       128 << 20,
		MaxIncidents:   1000,
		MaxConnections: 100,
		RingBytes:      128 << 20,
		MaxDisk:        4 << 30,
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int64
	}{
		{"max_bytes", c.MaxBytes, 1 << 10, 1 << 30},
		{"max_total", c.MaxTotal, c.MaxBytes, 16 << 30},
		{"ring_bytes", c.RingBytes, 16 << 20, 16 << 30},
		{"max_disk", c.MaxDisk, c.MaxBytes, 1 << 40},
		{"max_incidents", int64(c.MaxIncidents), 1, 1 << 20},
		{"max_connections", int64(c.MaxConnections), 1, 1 << 16},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.min, f.max)
		}
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"before", c.Before}, {"after", c.After}} {
		if f.value < 0 || f.value > 24*time.Hour {
			return fmt.Errorf("%s: %v is not between 0s and 24h", f.name, f.value)
		}
	}
	return nil
}

// maxRecipients is how long a file of recipients may be, in bytes.
const maxRecipients = 1 << 20

// ReadRecipients reads age recipients: each of list is one, or the name of a file of them.
func ReadRecipients(list []string) (all []age.Recipient, err error) {
	for _, text := range list {
		if !strings.HasPrefix(text, "age1") {
			info, err := os.Stat(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no age recipient (age1…), and not a file of them: %w", text, err)
			}
			if info.Size() > maxRecipients {
				return nil, fmt.Errorf("%s: too long for a file of age recipients", text)
			}
			data, err := os.ReadFile(text)
			if err != nil {
				return nil, err
			}
			some, err := age.ParseRecipients(strings.NewReader(string(data)))
			if err != nil {
				return nil, fmt.Errorf("%s: no file of age recipients (age1…)", text) // the error may quote a secret key
			}
			all = append(all, some...)
			continue
		}
		one, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%q is no age recipient: %w", text, err)
		}
		all = append(all, one...)
	}
	return all, nil
}
