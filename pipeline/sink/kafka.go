package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/pseudonym"
)

// KafkaConfig says where alerts go and how long a broker may be away.
type KafkaConfig struct {
	Brokers []string `yaml:"brokers"` // host:port; none turns the sink off
	Topic   string   `yaml:"topic"`
	// CreateTopics makes a missing topic with Partitions and Replication; otherwise a missing topic is an error.
	CreateTopics bool `yaml:"create_topics"`
	Partitions   int  `yaml:"partitions"`
	Replication  int  `yaml:"replication"`
	// Timeout bounds the wait at the start, for one delivery, and at the end.
	Timeout time.Duration `yaml:"timeout"`
	// MaxBytes bounds one alert; evidence is cut off a larger one.
	MaxBytes int `yaml:"max_bytes"`
	// MaxPending bounds the alerts held while the broker is away; then the oldest is dropped and counted.
	MaxPending int `yaml:"max_pending"`
}

// KafkaDefaults fits a broker with default limits.
func KafkaDefaults() KafkaConfig {
	return KafkaConfig{Topic: "auscult.default.alert.ocsf.v1", Partitions: 3, Replication: 1, Timeout: 10 * time.Second,
		MaxBytes: 900_000, MaxPending: 10_000}
}

// Validate names the first field that cannot be worked with.
func (c KafkaConfig) Validate() error {
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return fmt.Errorf("brokers: %q is not host:port", b)
		}
	}
	switch {
	case c.Topic == "" || len(c.Topic) > 249 || strings.Trim(c.Topic, topicBytes) != "" || c.Topic == "." || c.Topic == "..":
		return fmt.Errorf("topic: %q is not the name of a topic", c.Topic)
	case c.Partitions < 1:
		return fmt.Errorf("partitions: %d is not positive", c.Partitions)
	case c.Replication < 1:
		return fmt.Errorf("replication: %d is not positive", c.Replication)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout: %v is not positive", c.Timeout)
	case c.MaxBytes < 16<<10:
		return fmt.Errorf("max_bytes: %d is below 16384", c.MaxBytes)
	case c.MaxPending < 1:
		return fmt.Errorf("max_pending: %d is not positive", c.MaxPending)
	}
	return nil
}

const topicBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

const (
	chunk      = 100 // messages handed over at a time
	retryFirst = 100 * time.Millisecond
	retryLast  = 2 * time.Second
	downFor    = 5 * time.Second // after a failed delivery, the next try waits this long
)

// Kafka sends alerts as CloudEvents 1.0 in binary mode: the body is the line that the file holds, the key is the
// finding's uid, so that all messages of a finding stay in order. Delivery is at least once; ce_id tells repeats.
// A broker that goes away costs nothing at once: alerts wait, and what is undelivered in the end is an error.
type Kafka struct {
	cfg     KafkaConfig
	w       *kafka.Writer
	t       *kafka.Transport
	names   *pseudonym.Names
	meta    ocsf.Meta
	pending []kafka.Message
	dropped int
	sent    int
	failure error     // of the last delivery that failed; nil after one that did not
	retryAt time.Time // when to try again after a failure
}

// OpenKafka connects and makes sure that the topic is there. Its errors are one line, naming the brokers, the
// topic and what to do.
func OpenKafka(ctx context.Context, cfg KafkaConfig, names *pseudonym.Names, meta ocsf.Meta) (*Kafka, error) {
	t := &kafka.Transport{
		DialTimeout: cfg.Timeout,
		// A new topic, or a leader that moved, is unknown for as long as this.
		MetadataTTL:    time.Second,
		MetadataTopics: []string{cfg.Topic},
		ClientID:       "auscult",
	}
	k := &Kafka{cfg: cfg, t: t, names: names.Clone(), meta: meta}
	if err := k.ready(ctx); err != nil {
		t.CloseIdleConnections()
		return nil, err
	}
	k.w = &kafka.Writer{
		Addr:         kafka.TCP(cfg.Brokers...),
		Topic:        cfg.Topic,
		Balancer:     &kafka.Hash{},
		Transport:    t,
		RequiredAcks: kafka.RequireAll, // its zero value is fire and forget
		Compression:  kafka.Zstd,
		MaxAttempts:  1, // deliver retries: the writer does not retry what it finds out before it sends
		BatchSize:    chunk,
		BatchBytes:   int64(cfg.MaxBytes) + 16<<10,
		BatchTimeout: 10 * time.Millisecond, // its default holds every write for a second
		ReadTimeout:  cfg.Timeout,
		WriteTimeout: cfg.Timeout,
	}
	return k, nil
}

// Write delivers alerts, in order, or keeps them while the broker is away. It fails only when waiting is of no
// use. The end of ctx does not stop a delivery, so that a run that is told to end still says what it found.
func (k *Kafka) Write(ctx context.Context, batch []alert.Alert) error {
	for i := range batch {
		k.pending = append(k.pending, k.message(&batch[i]))
	}
	if over := len(k.pending) - k.cfg.MaxPending; over > 0 {
		k.dropped += over
		k.pending = append(k.pending[:0], k.pending[over:]...)
	}
	if k.failure != nil && time.Now().Before(k.retryAt) {
		return nil
	}
	budget := k.cfg.Timeout
	if k.failure != nil {
		budget = min(budget, time.Second) // packets are waiting behind this call
	}
	return k.deliver(context.WithoutCancel(ctx), budget)
}

// Close delivers what is pending and says how much was not.
func (k *Kafka) Close() error {
	err := k.deliver(context.Background(), k.cfg.Timeout)
	k.w.Close()
	k.t.CloseIdleConnections()
	if err != nil {
		return err
	}
	if lost := len(k.pending) + k.dropped; lost > 0 {
		return k.errorf("%d of %d alerts were not delivered (%s); the alert file holds them all", lost, lost+k.sent, reason(k.failure))
	}
	return nil
}

// deliver sends the pending messages, retrying for as long as the budget goes. What is left stays pending.
func (k *Kafka) deliver(ctx context.Context, budget time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	wait := retryFirst
	for len(k.pending) > 0 {
		n := k.next()
		err := k.w.WriteMessages(ctx, k.pending[:n]...)
		if err == nil {
			k.sent += n
			k.pending = append(k.pending[:0], k.pending[n:]...)
			k.failure, wait = nil, retryFirst
			continue
		}
		k.acknowledged(n, err)
		k.failure = first(err)
		if !temporary(k.failure) {
			return k.errorf("topic %q refuses alerts: %s", k.cfg.Topic, reason(k.failure))
		}
		select {
		case <-ctx.Done():
			k.retryAt = time.Now().Add(downFor)
			return nil
		case <-time.After(wait):
			wait = min(2*wait, retryLast)
		}
	}
	return nil
}

// next is how many messages to hand over at once: so few that each partition gets one batch, or a retry could
// put messages of one finding out of order.
func (k *Kafka) next() int {
	n, size := 0, 0
	for n < len(k.pending) && n < chunk {
		size += len(k.pending[n].Value)
		if n > 0 && size > k.cfg.MaxBytes {
			break
		}
		n++
	}
	return n
}

// acknowledged forgets those of the first n pending messages that err says were taken.
func (k *Kafka) acknowledged(n int, err error) {
	var each kafka.WriteErrors
	if !errors.As(err, &each) || len(each) != n {
		return
	}
	kept := k.pending[:0]
	for i, m := range k.pending {
		if i < n && each[i] == nil {
			k.sent++
			continue
		}
		kept = append(kept, m)
	}
	k.pending = kept
}

// message is a as a record. Its time is left to the client: with the time of an old capture, retention would
// delete it at once.
func (k *Kafka) message(a *alert.Alert) kafka.Message {
	body := k.body(a)
	id := fmt.Sprintf("%s-%d", a.UID, a.Sequence)
	header := func(key, value string) kafka.Header { return kafka.Header{Key: key, Value: []byte(value)} }
	return kafka.Message{Key: []byte(a.UID), Value: body, Headers: []kafka.Header{
		header("content-type", "application/json"),
		header("ce_specversion", "1.0"),
		header("ce_id", id),
		header("ce_source", "urn:auscult:"+or(k.meta.Tenant, "default")+":"+or(k.meta.Sensor, "sensor")),
		header("ce_type", "auscult.finding."+[...]string{"unknown", "create", "update", "close"}[a.Activity]+".v1"),
		header("ce_subject", a.UID),
		header("ce_time", a.Time.UTC().Format(time.RFC3339Nano)),
		header("ce_dataschema", ocsf.Schema),
		header("ce_partitionkey", a.UID),
	}}
}

// body is a's line without its line end. Of an alert that is too large, evidence is cut, never the alert.
func (k *Kafka) body(a *alert.Alert) []byte {
	b := ocsf.Append(nil, a, k.names, k.meta)
	for cut := *a; len(b) > k.cfg.MaxBytes; b = ocsf.Append(b[:0], &cut, k.names, k.meta) {
		s := &cut.Signal
		if len(s.Evidence)+len(s.Members)+len(s.Patients)+len(s.Facts) == 0 {
			break
		}
		s.Evidence, s.Members = s.Evidence[:len(s.Evidence)/2], s.Members[:len(s.Members)/2]
		s.Patients, s.Facts = s.Patients[:len(s.Patients)/2], s.Facts[:len(s.Facts)/2]
	}
	return b[:len(b)-1]
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (k *Kafka) errorf(format string, args ...any) error {
	return fmt.Errorf("kafka %s: "+format, append([]any{strings.Join(k.cfg.Brokers, ",")}, args...)...)
}

// first is the first error of a write of several messages.
func first(err error) error {
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		for _, e := range each {
			if e != nil {
				return e
			}
		}
	}
	return err
}

// temporary is whether trying again may help: everything but a broker's plain no.
func temporary(err error) bool {
	var e kafka.Error
	if errors.As(err, &e) {
		return e.Temporary()
	}
	var large kafka.MessageTooLargeError
	return !errors.As(err, &large)
}

// reason is the root of err in a few words.
func reason(err error) string {
	var op *net.OpError
	var e kafka.Error
	switch {
	case err == nil:
		return "no reason given"
	case errors.As(err, &e):
		return e.Title()
	case errors.As(err, &op):
		return op.Err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed; the broker may want TLS or SASL"
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
