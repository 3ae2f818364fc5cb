package custody

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// Config is about what makes a case folder tamper-evident.
type Config struct {
	// SigningKey is the file of the key that signs checkpoints; it is made on first use. Empty: signing.key beside the
	// key of the pseudonyms.
	SigningKey string `yaml:"signing_key"`
	// EveryAlerts is after how many alerts a checkpoint is signed, beside at the end; 0: not by their number.
	EveryAlerts int `yaml:"every_alerts"`
	// Every is how long an alert of a live run may wait for a checkpoint; 0: until the end.
	Every time.Duration `yaml:"every"`
	// HashInputs is whether the inputs are hashed while they are read, beside the reader: about 0.6 s for each GB.
	HashInputs bool `yaml:"hash_inputs"`
}

// Defaults bounds what who breaks in can change unseen to five minutes.
func Defaults() Config {
	return Config{EveryAlerts: 1000, Every: 5 * time.Minute, HashInputs: true}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	if c.EveryAlerts < 0 {
		return fmt.Errorf("every_alerts: %d is negative", c.EveryAlerts)
	}
	if c.Every != 0 && c.Every < time.Second {
		return fmt.Errorf("every: %v is neither 0 nor 1s or more", c.Every)
	}
	return nil
}

// NewID is a name for a case that no other has: 16 hexadecimal digits.
func NewID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
