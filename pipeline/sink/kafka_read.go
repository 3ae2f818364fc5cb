package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
)

// Ready waits until the topic has leaders, making it first if it is missing and may be made, and is its partitions. An
// error is a *Failure.
func (k *Kafka) Ready(ctx context.Context) (partitions []int, err error) {
	if err := k.ready(ctx); err != nil {
		k.reset()
		return nil, err
	}
	return k.parts, nil
}

// Dialer is how a consumer group of these brokers connects.
func (c KafkaConfig) Dialer() (*kafka.Dialer, error) {
	how, whom, err := c.login()
	return &kafka.Dialer{ClientID: "auscult", Timeout: c.Timeout, TLS: whom, SASLMechanism: how}, err
}

// Message is a record of a topic.
type Message struct {
	Offset     int64
	Key, Value []byte // Value nil: what the key had is over
}

// fetchBytes is how much is asked for at once.
const fetchBytes = 4 << 20

// Fetch appends to dst what stands in a partition from offset on, waiting a moment when there is nothing. end is the
// offset behind the newest record, begin that of the oldest that is kept; an offset before begin is moved there.
func (k *Kafka) Fetch(ctx context.Context, dst []Message, partition int, offset int64) (out []Message, begin, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	r, err := k.client.Fetch(ctx, &kafka.FetchRequest{Topic: k.topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: fetchBytes,
		MaxWait: 200 * time.Millisecond})
	if err == nil {
		err = r.Error
	}
	if errors.Is(err, kafka.OffsetOutOfRange) {
		if begin, end, err = k.bounds(ctx, partition); err == nil && offset < begin {
			return k.Fetch(ctx, dst, partition, begin)
		} else if err == nil {
			err = fmt.Errorf("offset %d is behind the end, %d", offset, end)
		}
	}
	if err != nil {
		return dst, 0, 0, k.explain("topic %q cannot be read", err)
	}
	for {
		rec, err := r.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return dst, r.LogStartOffset, r.HighWatermark, nil
		}
		if err != nil {
			return dst, 0, 0, k.explain("topic %q cannot be read", err)
		}
		if rec.Offset < offset { // a batch is read from its beginning
			continue
		}
		m := Message{Offset: rec.Offset}
		if m.Key, err = kafka.ReadAll(rec.Key); err == nil {
			m.Value, err = kafka.ReadAll(rec.Value)
		}
		if err != nil {
			return dst, 0, 0, k.explain("topic %q cannot be read", err)
		}
		dst = append(dst, m)
	}
}

// bounds are the offsets of the oldest record of a partition, and behind the newest.
func (k *Kafka) bounds(ctx context.Context, partition int) (begin, end int64, err error) {
	r, err := k.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		k.topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)}}})
	if err != nil {
		return 0, 0, err
	}
	for _, p := range r.Topics[k.topic] {
		if p.Error != nil {
			return 0, 0, p.Error
		}
		begin, end = p.FirstOffset, p.LastOffset
	}
	return begin, end, nil
}
