package tls

import (
	"fmt"
	"time"
)

// Config bounds what a TLS connection may cost. Every limit has a counter in Stats.
type Config struct {
	// WaitBytes is how much one connection may hold while its secrets are not known; past it the connection
	// is opaque for good.
	WaitBytes int `yaml:"wait_bytes"`
	// WaitTotal is how much all connections of one flow partition may hold while they wait; past it the one
	// that has waited longest is opaque for good.
	WaitTotal int `yaml:"wait_total"`
	// WaitTime is how long, in packet time, secrets may come later than the packets they open.
	WaitTime time.Duration `yaml:"wait_time"`
	// BufferBytes bounds the unfinished records and handshake messages of one flow partition; the connection
	// that wants more is opaque for good.
	BufferBytes int `yaml:"buffer_bytes"`
	// HandshakeBytes is the longest handshake message that is read; longer ones are passed over.
	HandshakeBytes int `yaml:"handshake_bytes"`
	// TrialBytes is how many bytes are decrypted on trial after records were lost, until one is authentic; past
	// it the direction is given up.
	TrialBytes int `yaml:"trial_bytes"`
	// Ahead is how many lost records are looked across.
	Ahead int `yaml:"ahead"`
	// Renegotiations is how many handshakes one connection may hold; with more it is opaque for good.
	Renegotiations int `yaml:"renegotiations"`
	// Secrets is how many secrets a Table keeps; the oldest are dropped.
	Secrets int `yaml:"secrets"`
	// Names is how many names of a certificate, and NameBytes how much of each, are kept.
	Names     int `yaml:"names"`
	NameBytes int `yaml:"name_bytes"`
	// Certificates is how many parsed certificates a flow partition remembers. It changes speed, never results.
	Certificates int `yaml:"certificates"`
}

// Defaults lets a key log be followed with the delay of a slow disk, and a certificate chain be long.
func Defaults() Config {
	return Config{
		WaitBytes:      256 << 10,
		WaitTotal:      2 << 20,
		WaitTime:       30 * time.Second,
		BufferBytes:    8 << 20,
		HandshakeBytes: 64 << 10,
		TrialBytes:     4 << 20,
		Ahead:          256,
		Renegotiations: 16,
		Secrets:        1 << 16,
		Names:          8,
		NameBytes:      128,
		Certificates:   256,
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value       int64
		least, most int64
	}{
		{"wait_bytes", int64(c.WaitBytes), 0, 1 << 30},
		{"wait_total", int64(c.WaitTotal), 0, 1 << 34},
		{"buffer_bytes", int64(c.BufferBytes), 64 << 10, 1 << 34},
		{"handshake_bytes", int64(c.HandshakeBytes), 1 << 10, 1 << 20},
		{"trial_bytes", int64(c.TrialBytes), 0, 1 << 30},
		{"ahead", int64(c.Ahead), 1, 1 << 16},
		{"renegotiations", int64(c.Renegotiations), 0, 1 << 10},
		{"secrets", int64(c.Secrets), 1, 1 << 24},
		{"names", int64(c.Names), 0, 1 << 10},
		{"name_bytes", int64(c.NameBytes), 16, 1 << 10},
		{"certificates", int64(c.Certificates), 1, 1 << 16},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.least, f.most)
		}
	}
	if c.WaitTime < 0 || c.WaitTime > time.Hour {
		return fmt.Errorf("wait_time: %v is not between 0 and 1h", c.WaitTime)
	}
	return nil
}

// Stats counts what the sessions of one Pool met. It belongs to the Pool's goroutine.
type Stats struct {
	Sessions    uint64
	Records     uint64 // records looked at; those of opaque connections are not
	Opened      uint64 // records decrypted and authenticated
	PlainBytes  uint64 // application data yielded
	OpaqueBytes uint64 // of connections that could not be read, handshakes included
	BadRecords  uint64 // records that did not authenticate
	LostRecords uint64 // records of a readable connection that were lost with a gap, known ones only
	Resyncs     uint64 // directions that found the next record after a gap
	Decrypted   uint64 // connections of which something was decrypted
	NoKeys      uint64 // connections opaque for want of secrets
	WrongKeys   uint64 // connections whose secrets opened nothing
	Unsupported uint64 // connections of a version, suite or extension that is not decrypted
	Midway      uint64 // connections joined after their handshake
	Damaged     uint64 // connections given up after a loss; without it their secrets would have opened them
	Guessed     uint64 // connections of TLS 1.3 whose ServerHello was lost, and whose suite was found by trial
	TornHellos  uint64 // hellos that were read as far as they were seen
	// ReadClientBytes are those of the clients' records of application data that were decrypted, headers included.
	// DamagedClientBytes are those of the same kind, about, of connections of which no application data was
	// yielded, either way, because of a loss. Divided by the mean of ReadClientBytes for a call they are about as
	// many calls. What is lost of other connections is told with their Gaps. Counted when a Session is freed.
	ReadClientBytes    uint64
	DamagedClientBytes uint64
	Waited             uint64 // connections that waited for secrets
	OverWaitTime       uint64 // waits ended by WaitTime
	OverWaitBytes      uint64 // waits ended by WaitBytes
	OverWaitTotal      uint64 // waits ended by WaitTotal
	OverBuffer         uint64 // connections given up at BufferBytes
	OverHandshake      uint64 // handshake messages longer than HandshakeBytes
	OverTrials         uint64 // directions given up at TrialBytes
	OverHandshakes     uint64 // connections given up at Renegotiations
	Renegotiations     uint64
	KeyUpdates         uint64
	EarlyRefused       uint64 // records of 0-RTT data that the server did not take, or may not have for what was lost of its answer
	BadCerts           uint64 // certificates that could not be read
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Sessions += o.Sessions
	s.Records += o.Records
	s.Opened += o.Opened
	s.PlainBytes += o.PlainBytes
	s.OpaqueBytes += o.OpaqueBytes
	s.BadRecords += o.BadRecords
	s.LostRecords += o.LostRecords
	s.Resyncs += o.Resyncs
	s.Decrypted += o.Decrypted
	s.NoKeys += o.NoKeys
	s.WrongKeys += o.WrongKeys
	s.Unsupported += o.Unsupported
	s.Midway += o.Midway
	s.Damaged += o.Damaged
	s.Guessed += o.Guessed
	s.TornHellos += o.TornHellos
	s.ReadClientBytes += o.ReadClientBytes
	s.DamagedClientBytes += o.DamagedClientBytes
	s.Waited += o.Waited
	s.OverWaitTime += o.OverWaitTime
	s.OverWaitBytes += o.OverWaitBytes
	s.OverWaitTotal += o.OverWaitTotal
	s.OverBuffer += o.OverBuffer
	s.OverHandshake += o.OverHandshake
	s.OverTrials += o.OverTrials
	s.OverHandshakes += o.OverHandshakes
	s.Renegotiations += o.Renegotiations
	s.KeyUpdates += o.KeyUpdates
	s.EarlyRefused += o.EarlyRefused
	s.BadCerts += o.BadCerts
}
