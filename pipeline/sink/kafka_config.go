package sink

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// KafkaConfig says where alerts go, and who we are there.
type KafkaConfig struct {
	Brokers []string `yaml:"brokers"` // host:port; none turns the sink off
	Topic   string   `yaml:"topic"`
	// StateTopic also holds the last message of every open incident: it is compacted, and a closed one is removed from
	// it. Empty for none.
	StateTopic string `yaml:"state_topic"`
	// CreateTopics makes a missing topic with Partitions and Replication; otherwise a missing topic is an error.
	CreateTopics bool `yaml:"create_topics"`
	Partitions   int  `yaml:"partitions"`
	Replication  int  `yaml:"replication"`
	// Timeout bounds the wait for one answer of a broker.
	Timeout time.Duration `yaml:"timeout"`
	// MaxBytes bounds one alert, as max.message.bytes of the topic does; evidence is cut off a larger one.
	MaxBytes int `yaml:"max_bytes"`
	// SASL is how we log in: plain, scram-sha-256 or scram-sha-512; empty for not at all.
	SASL string `yaml:"sasl"`
	// User is the name we log in with.
	User string `yaml:"user"`
	// PasswordFile holds its password, in one line.
	PasswordFile string `yaml:"password_file"`
	// Secure is whether brokers are spoken to by TLS.
	Secure bool      `yaml:"secure"`
	TLS    TLSConfig `yaml:"tls"`
}

// KafkaDefaults fits a broker with default limits.
func KafkaDefaults() KafkaConfig {
	return KafkaConfig{Topic: "auscult.default.alert.ocsf.v1", Partitions: 3, Replication: 1, Timeout: 10 * time.Second, MaxBytes: 900_000}
}

// Validate names the first field that cannot be worked with.
func (c KafkaConfig) Validate() error {
	local := true
	for _, b := range c.Brokers {
		host, _, err := net.SplitHostPort(b)
		if err != nil {
			return fmt.Errorf("brokers: %q is not host:port", b)
		}
		local = local && loopback(host)
	}
	switch {
	case !isTopic(c.Topic):
		return fmt.Errorf("topic: %q is not the name of a topic", c.Topic)
	case c.StateTopic != "" && !isTopic(c.StateTopic) || c.StateTopic == c.Topic:
		return fmt.Errorf("state_topic: %q is not the name of another topic", c.StateTopic)
	case c.Partitions < 1:
		return fmt.Errorf("partitions: %d is not positive", c.Partitions)
	case c.Replication < 1:
		return fmt.Errorf("replication: %d is not positive", c.Replication)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout: %v is not positive", c.Timeout)
	case c.MaxBytes < 16<<10:
		return fmt.Errorf("max_bytes: %d is below 16384", c.MaxBytes)
	case c.SASL != "" && c.SASL != "plain" && c.SASL != "scram-sha-256" && c.SASL != "scram-sha-512":
		return fmt.Errorf("sasl: %q is none of plain, scram-sha-256, scram-sha-512", c.SASL)
	case c.SASL == "" && c.User != "":
		return fmt.Errorf("user: %q is of no use without sasl", c.User)
	case c.SASL != "" && (c.User == "" || c.PasswordFile == ""):
		return errors.New("sasl: needs user and password_file")
	case c.SASL == "plain" && !c.Secure && !local:
		return errors.New("sasl: plain would send the password in the clear; set secure, or use scram-sha-512")
	case !c.Secure && c.TLS != (TLSConfig{}):
		return errors.New("tls: is of no use without secure")
	}
	if err := c.TLS.validate(); err != nil {
		return fmt.Errorf("tls.%w", err)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const topicBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

func isTopic(s string) bool {
	return s != "" && len(s) <= 249 && strings.Trim(s, topicBytes) == "" && s != "." && s != ".."
}

// login is how we log in, nil for not at all, and whom we trust.
func (c KafkaConfig) login() (how sasl.Mechanism, whom *tls.Config, err error) {
	if c.Secure {
		if whom, err = c.TLS.load(); err != nil {
			return nil, nil, fmt.Errorf("kafka.tls.%w", err)
		}
	}
	if c.SASL == "" {
		return nil, whom, nil
	}
	password, err := secret(c.PasswordFile)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.password_file: %w", err)
	}
	switch c.SASL {
	case "plain":
		return plain.Mechanism{Username: c.User, Password: password}, whom, nil
	case "scram-sha-256":
		how, err = scram.Mechanism(scram.SHA256, c.User, password)
	default:
		how, err = scram.Mechanism(scram.SHA512, c.User, password)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.password_file: %w", err)
	}
	return how, whom, nil
}
