package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
)

// perMessage is what a message takes beside its body: key, headers, and its part of the batch.
const perMessage = 1 << 10

// Kafka sends alerts as CloudEvents 1.0 in binary mode: the body is the line that the file holds, the key is the
// finding's uid, so that all messages of a finding stay in order: each partition has one batch in flight. Delivery is
// at least once; ce_id tells repeats. It holds no queue: what is not acknowledged stays in the outbox.
type Kafka struct {
	cfg    KafkaConfig
	name   string
	topic  string
	state  bool // the topic is the compacted one
	raw    bool // records go as they are, without a description
	pinned int  // the partition of all records; -1: by their uid
	source string
	t      *kafka.Transport
	client *kafka.Client
	hash   kafka.Hash
	parts  []int           // of the topic; nil until it was looked at since the last failure
	limit  int             // bytes of a batch that the topic takes
	acked  map[uint64]bool // numbers that were taken although one before them was not
	cuts   atomic.Uint64
}

// NewKafka is the targets that cfg asks for: the topic of alerts, and that of states if there is one. Nothing is
// connected yet; an error is about the files that cfg names.
func NewKafka(cfg KafkaConfig, meta ocsf.Meta) ([]Target, error) {
	out := []Target{}
	for i, topic := range []string{cfg.Topic, cfg.StateTopic} {
		if topic == "" {
			continue
		}
		k, err := newKafka(cfg, [...]string{"kafka", "kafka-state"}[i], topic)
		if err != nil {
			return nil, err
		}
		k.state, k.source = i == 1, "urn:auscult:"+or(meta.Tenant, "default")+":"+or(meta.Sensor, "sensor")
		out = append(out, k)
	}
	return out, nil
}

// NewRaw is a target that sends records as they are, by their uid or, when partition is not negative, to that one; a
// compacted topic forgets all but the newest of a uid, and that one too when its body is empty.
func NewRaw(cfg KafkaConfig, name, topic string, partition int, compacted bool) (*Kafka, error) {
	k, err := newKafka(cfg, name, topic)
	if err != nil {
		return nil, err
	}
	k.raw, k.state, k.pinned = true, compacted, partition
	return k, nil
}

func newKafka(cfg KafkaConfig, name, topic string) (*Kafka, error) {
	how, whom, err := cfg.login()
	if err != nil {
		return nil, err
	}
	t := &kafka.Transport{
		DialTimeout: cfg.Timeout,
		// A new topic, or a leader that moved, is unknown for as long as this.
		MetadataTTL:    time.Second,
		MetadataTopics: []string{topic},
		ClientID:       "auscult",
		TLS:            whom,
		SASL:           how,
	}
	return &Kafka{cfg: cfg, name: name, topic: topic, pinned: -1, t: t, client: &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Transport: t},
		acked: map[uint64]bool{}}, nil
}

// Name is kafka, or kafka-state.
func (k *Kafka) Name() string { return k.name }

// CutAlerts is how many alerts were sent with evidence cut.
func (k *Kafka) CutAlerts() uint64 { return k.cuts.Load() }

// Close lets the connections go.
func (k *Kafka) Close() error {
	k.t.CloseIdleConnections()
	return nil
}

// Send sends as much of batch as one request to each partition takes, and waits until all replicas have it.
func (k *Kafka) Send(ctx context.Context, batch []outbox.Record) (taken int, err error) {
	if k.parts == nil {
		if err := k.ready(ctx); err != nil {
			k.reset()
			return 0, err
		}
		if k.pinned >= len(k.parts) {
			err := &Failure{Cause: MissingTopic, Final: true, Text: k.text("topic %q has %d partitions, and none is number %d", k.topic, len(k.parts), k.pinned)}
			k.reset()
			return 0, err
		}
	}
	requests, taken, err := k.plan(batch)
	var wg sync.WaitGroup
	for _, r := range requests {
		wg.Go(func() { r.err = k.produce(ctx, r) })
	}
	wg.Wait()
	for _, r := range requests {
		if r.err == nil {
			for _, i := range r.of {
				k.acked[batch[i].Number] = true
			}
		} else if r.of[0] < taken {
			taken, err = r.of[0], k.failure(r)
		}
	}
	for _, r := range batch[:taken] {
		delete(k.acked, r.Number)
	}
	if f := (*Failure)(nil); errors.As(err, &f) && !f.Skip {
		k.reset()
	}
	return taken, err
}

// request is what one partition gets.
type request struct {
	partition int
	of        []int // of the batch
	records   []kafka.Record
	size      int
	err       error
}

// plan deals the first n records of batch to their partitions, one request each. An error is why the next one after
// them can go nowhere.
func (k *Kafka) plan(batch []outbox.Record) (requests []*request, n int, err error) {
	byPartition := map[int]*request{}
	for i := range batch {
		r := &batch[i]
		if k.acked[r.Number] || k.state && !k.raw && isCheckpoint(r) { // no incident is in that state
			continue
		}
		body, ok := r.Body, len(r.Body) <= k.limit-perMessage
		if !k.raw {
			body, ok = cut(r.Body, k.limit-perMessage)
		}
		switch {
		case !ok && k.raw:
			return requests, i, &Failure{Cause: TooLarge, Skip: true, Text: k.text("topic %q takes %d bytes, and a record has %d", k.topic, k.limit, len(body))}
		case !ok:
			return requests, i, &Failure{Cause: TooLarge, Skip: true,
				Text: k.text("topic %q takes %d bytes, and alert %s-%d has more without any evidence", k.topic, k.limit, r.UID, r.Sequence)}
		}
		p := k.pinned
		if p < 0 {
			p = k.hash.Balance(kafka.Message{Key: []byte(r.UID)}, k.parts...)
		}
		to := byPartition[p]
		if to == nil {
			to = &request{partition: p}
			byPartition[p] = to
			requests = append(requests, to)
		}
		size := len(body) + perMessage
		if to.size > 0 && to.size+size > k.limit {
			return requests, i, nil
		}
		if len(body) < len(r.Body) {
			k.cuts.Add(1)
		}
		to.size += size
		to.of = append(to.of, i)
		to.records = append(to.records, k.record(r, body))
	}
	return requests, len(batch), nil
}

func (k *Kafka) produce(ctx context.Context, r *request) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	compression := kafka.Zstd
	if k.raw { // sealed: it cannot be compressed
		compression = 0
	}
	answer, err := k.client.Produce(ctx, &kafka.ProduceRequest{Topic: k.topic, Partition: r.partition, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(r.records...), Compression: compression})
	if err == nil {
		err = answer.Error
	}
	return err
}

// failure is what became of r. A request that is too large for the broker is tried again in parts.
func (k *Kafka) failure(r *request) error {
	if !errors.Is(r.err, kafka.MessageSizeTooLarge) && !errors.Is(r.err, kafka.InvalidMessageSize) {
		if k.raw {
			return k.explain("topic %q does not take records", r.err)
		}
		return k.explain("topic %q does not take alerts", r.err)
	}
	if k.limit > 2<<10 {
		k.limit /= 2
		return &Failure{Cause: TooLarge, Text: k.text("topic %q takes less than its settings say; evidence is cut to %d bytes", k.topic, k.limit)}
	}
	return &Failure{Cause: TooLarge, Skip: true, Text: k.text("topic %q is too small for any alert: raise its max.message.bytes", k.topic)}
}

// record is r as Kafka has it. Its time is now: with that of an old capture, retention would delete it at once. In a
// compacted topic an empty body ends what is kept of a finding.
func (k *Kafka) record(r *outbox.Record, body []byte) kafka.Record {
	header := func(key, value string) kafka.Header { return kafka.Header{Key: key, Value: []byte(value)} }
	if k.raw {
		return kafka.Record{Time: time.Now(), Key: kafka.NewBytes([]byte(r.UID)), Value: kafka.NewBytes(body)}
	}
	if k.state && r.Activity == alert.Close {
		body = nil
	}
	headers := []kafka.Header{
		header("content-type", "application/json"),
		header("ce_specversion", "1.0"),
		header("ce_id", r.UID+"-"+fmt.Sprint(r.Sequence)),
		header("ce_source", k.source),
		header("ce_type", eventType(r)),
		header("ce_subject", r.UID),
		header("ce_time", r.Time.UTC().Format(time.RFC3339Nano)),
		header("ce_partitionkey", r.UID),
	}
	if !isCheckpoint(r) {
		headers = append(headers, header("ce_dataschema", ocsf.Schema))
	}
	return kafka.Record{Time: time.Now(), Key: kafka.NewBytes([]byte(r.UID)), Value: kafka.NewBytes(body), Headers: headers}
}

// reset forgets what was learned of the brokers: the next try connects anew.
func (k *Kafka) reset() {
	k.parts = nil
	k.t.CloseIdleConnections()
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (k *Kafka) text(format string, args ...any) string {
	return fmt.Sprintf("kafka %s: "+format, append([]any{strings.Join(k.cfg.Brokers, ",")}, args...)...)
}
