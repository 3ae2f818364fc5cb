package sink

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// ready waits until the topic has leaders, making it first if it is missing and may be made.
func (k *Kafka) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	client := &kafka.Client{Addr: kafka.TCP(k.cfg.Brokers...), Transport: k.t}
	made := false
	for {
		err := k.look(ctx, client)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kafka.UnknownTopicOrPartition) && !k.cfg.CreateTopics:
			return k.errorf("topic %q does not exist; create it or give --create-topics", k.cfg.Topic)
		case errors.Is(err, kafka.UnknownTopicOrPartition) && !made:
			if err := k.make(ctx, client); err != nil {
				return k.errorf("topic %q cannot be created: %s", k.cfg.Topic, reason(err))
			}
			made = true
		case errors.Is(err, kafka.UnknownTopicOrPartition), errors.Is(err, kafka.LeaderNotAvailable):
		case isBroker(err):
			return k.errorf("topic %q cannot be used: %s", k.cfg.Topic, reason(err))
		default:
			return k.errorf("no broker can be reached (%s); start it or correct its address", reason(err))
		}
		select {
		case <-ctx.Done():
			return k.errorf("topic %q has no leader after %v", k.cfg.Topic, k.cfg.Timeout)
		case <-time.After(retryFirst):
		}
	}
}

// look asks for the topic once.
func (k *Kafka) look(ctx context.Context, client *kafka.Client) error {
	m, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{k.cfg.Topic}})
	if err != nil {
		return err
	}
	for _, t := range m.Topics {
		if t.Name != k.cfg.Topic {
			continue
		}
		if t.Error != nil {
			return t.Error
		}
		for _, p := range t.Partitions {
			if p.Error != nil {
				return p.Error
			}
		}
		if len(t.Partitions) > 0 {
			return nil
		}
	}
	return kafka.UnknownTopicOrPartition
}

func (k *Kafka) make(ctx context.Context, client *kafka.Client) error {
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: k.cfg.Topic, NumPartitions: k.cfg.Partitions, ReplicationFactor: k.cfg.Replication}}})
	if err != nil {
		return err
	}
	if err := answer.Errors[k.cfg.Topic]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return err
	}
	return nil
}

func isBroker(err error) bool {
	var e kafka.Error
	return errors.As(err, &e)
}
