package sink

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// ready waits until the topic has leaders, making it first if it is missing and may be made, and reads how large a
// batch it takes.
func (k *Kafka) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	made := false
	for {
		parts, err := k.look(ctx)
		switch {
		case err == nil:
			k.parts, k.limit = parts, min(k.cfg.MaxBytes, k.maxBytes(ctx))
			return nil
		case errors.Is(err, kafka.UnknownTopicOrPartition) && !k.cfg.CreateTopics:
			return &Failure{Cause: MissingTopic, Final: true, Text: k.text("topic %q does not exist; create it or give --create-topics", k.topic)}
		case errors.Is(err, kafka.UnknownTopicOrPartition) && !made:
			if err := k.make(ctx); err != nil {
				return k.explain("topic %q cannot be created", err)
			}
			made = true
		case errors.Is(err, kafka.UnknownTopicOrPartition), errors.Is(err, kafka.LeaderNotAvailable):
		default:
			return k.explain("topic %q cannot be used", err)
		}
		select {
		case <-ctx.Done():
			return &Failure{Cause: Timeout, Text: k.text("topic %q has no leader after %v", k.topic, k.cfg.Timeout)}
		case <-time.After(retryFirst):
		}
	}
}

// look is the partitions of the topic.
func (k *Kafka) look(ctx context.Context) (parts []int, err error) {
	m, err := k.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{k.topic}})
	if err != nil {
		return nil, err
	}
	for _, t := range m.Topics {
		if t.Name != k.topic {
			continue
		}
		if t.Error != nil {
			return nil, t.Error
		}
		for _, p := range t.Partitions {
			if p.Error != nil {
				return nil, p.Error
			}
			parts = append(parts, p.ID)
		}
	}
	if len(parts) == 0 {
		return nil, kafka.UnknownTopicOrPartition
	}
	return parts, nil
}

// maxBytes is max.message.bytes of the topic, which bounds a batch. Who may not ask for it goes by its own setting,
// and learns from refusals.
func (k *Kafka) maxBytes(ctx context.Context) int {
	answer, err := k.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: k.topic, ConfigNames: []string{"max.message.bytes"}}}})
	if err != nil {
		return k.cfg.MaxBytes
	}
	for _, r := range answer.Resources {
		for _, e := range r.ConfigEntries {
			if n, err := strconv.Atoi(e.ConfigValue); err == nil && n > 0 && e.ConfigName == "max.message.bytes" {
				return n
			}
		}
	}
	return k.cfg.MaxBytes
}

func (k *Kafka) make(ctx context.Context) error {
	t := kafka.TopicConfig{Topic: k.topic, NumPartitions: k.cfg.Partitions, ReplicationFactor: k.cfg.Replication}
	if k.state {
		t.ConfigEntries = []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "compact"}}
	}
	answer, err := k.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{t}})
	if err != nil {
		return err
	}
	if err := answer.Errors[k.topic]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return err
	}
	return nil
}

// explain is err in one line: what it means, and what helps. What is about the topic begins with about.
func (k *Kafka) explain(about string, err error) *Failure {
	var op *net.OpError
	var e kafka.Error
	fail := func(c Cause, final bool, format string, args ...any) *Failure {
		return &Failure{Cause: c, Final: final, Text: k.text(format, args...)}
	}
	topic := func(c Cause, final bool, why string) *Failure {
		return fail(c, final, about+": %s", k.topic, why)
	}
	reach := "no broker can be reached (%s); start it or correct its address"
	if why, ok := tlsFailure(err); ok {
		return fail(BadTLS, true, "no broker can be trusted: %s", why)
	}
	switch {
	case errors.As(err, &e):
		switch e {
		case kafka.SASLAuthenticationFailed:
			return fail(BadLogin, true, "user %q or its password is wrong", k.cfg.User)
		case kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
			return fail(BadLogin, true, "it does not let users log in by %q", k.cfg.SASL)
		case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed:
			return topic(NotAllowed, true, "user "+strconv.Quote(k.cfg.User)+" is not allowed to")
		case kafka.UnknownTopicOrPartition:
			return topic(MissingTopic, false, e.Title())
		case kafka.KafkaStorageError:
			return topic(FullDisk, false, "the broker cannot store: "+e.Title())
		case kafka.RequestTimedOut:
			return topic(Timeout, false, "the broker did not have it stored in time")
		case kafka.PolicyViolation, kafka.InvalidReplicationFactor, kafka.InvalidPartitionNumber:
			return topic(Refused, true, e.Title())
		}
		return topic(OtherCause, false, e.Title())
	case errors.Is(err, context.DeadlineExceeded):
		return fail(Timeout, false, reach, "no answer in time")
	case errors.As(err, &op):
		return fail(Unreachable, false, reach, op.Err.Error())
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fail(Unreachable, false, reach, "the connection was closed; the broker may want TLS or SASL")
	}
	return fail(OtherCause, false, reach, oneLiner(err.Error()))
}
