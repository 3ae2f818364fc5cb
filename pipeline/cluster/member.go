package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/sink"
)

// Member is one of the consumer group that judges the calls of all sites: each member those of the partitions that it is
// assigned. When it dies, others go on from its checkpoints; what it had said since is said again, with the same uid and
// sequence.
type Member struct {
	// UntilEnd ends it when all sites that it was assigned are at their end, and there is at least one.
	UntilEnd bool

	cfg    Config
	kafka  sink.KafkaConfig
	bench  Bench
	say    func(line string)
	writer string

	mu     sync.Mutex
	told   map[string]time.Time // what was said of brokers
	owned  map[int]*worker
	before Counts // of partitions that are others' now
	states uint64 // checkpoints written
	bytes  atomic.Uint64
}

// NewMember is a member; id tells it from the others, and from its own earlier runs.
func NewMember(cfg Config, brokers sink.KafkaConfig, id string, bench Bench, say func(line string)) *Member {
	return &Member{cfg: cfg, kafka: brokers, bench: bench, say: say, writer: id, owned: map[int]*worker{},
		told: map[string]time.Time{}}
}

// Run judges until ctx ends, or the sites do. It ends with a checkpoint of each partition.
func (m *Member) Run(ctx context.Context) error {
	if err := m.prepare(ctx); err != nil {
		return err
	}
	dialer, err := m.kafka.Dialer()
	if err != nil {
		return err
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: m.cfg.Group, Brokers: m.kafka.Brokers, Dialer: dialer,
		Topics: []string{m.cfg.Topic}, GroupBalancers: []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}},
		SessionTimeout: m.cfg.Session, HeartbeatInterval: m.cfg.Session / 4, RebalanceTimeout: 3 * m.cfg.Session,
		JoinGroupBackoff: time.Second, Timeout: m.kafka.Timeout})
	if err != nil {
		return fmt.Errorf("cluster.group: %w", err)
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	var once sync.Once
	fail := func(err error) {
		once.Do(func() { failed = err })
		stop()
	}
	var outage trouble
	for run.Err() == nil {
		g, err := group.Next(run)
		if err != nil {
			if run.Err() == nil && !errors.Is(err, kafka.RebalanceInProgress) {
				if outage.lasts() {
					m.complain("kafka: the group " + m.cfg.Group + " cannot be joined: " + err.Error())
				}
			}
			continue
		}
		outage = trouble{}
		m.generation(run, stop, fail, g)
	}
	m.wait() // their last checkpoints
	err = group.Close()
	once.Do(func() { failed = nil })
	return errors.Join(failed, err)
}

// generation owns what g assigns, until g or run ends.
func (m *Member) generation(run context.Context, stop func(), fail func(error), g *kafka.Generation) {
	m.wait() // for those of the last one
	mine := make([]*worker, 0, len(g.Assignments[m.cfg.Topic]))
	for _, a := range g.Assignments[m.cfg.Topic] {
		mine = append(mine, &worker{m: m, id: a.ID, generation: g, done: make(chan struct{})})
	}
	m.mu.Lock()
	for _, w := range mine {
		m.owned[w.id] = w
	}
	m.mu.Unlock()
	for _, w := range mine {
		g.Start(func(ctx context.Context) {
			both, cancel := context.WithCancel(run)
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			if err := w.run(both); err != nil {
				fail(err)
			}
			close(w.done)
			<-ctx.Done() // who returns earlier ends the generation
		})
	}
	if m.UntilEnd {
		g.Start(func(ctx context.Context) { m.watch(run, ctx, stop, mine) })
	}
}

// watch ends the run when all that is owned is over.
func (m *Member) watch(run, generation context.Context, stop func(), mine []*worker) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-generation.Done():
			return
		case <-run.Done():
			<-generation.Done()
			return
		case <-tick.C:
		}
		any, all := false, true
		for _, w := range mine {
			s := w.standing.Load()
			all = all && s&idle != 0
			any = any || s&seen != 0
		}
		if any && all {
			stop()
		}
	}
}

// wait waits until nobody works any more.
func (m *Member) wait() {
	m.mu.Lock()
	owned := m.owned
	m.owned = map[int]*worker{}
	m.mu.Unlock()
	for _, w := range owned {
		<-w.done
		m.mu.Lock()
		c := w.counted()
		m.before.Add(&c)
		m.mu.Unlock()
	}
}

// prepare makes sure that the topics are there.
func (m *Member) prepare(ctx context.Context) error {
	brokers := m.kafka
	brokers.Partitions = m.cfg.Partitions
	n := 0
	for i, topic := range []string{m.cfg.Topic, m.cfg.StateTopic} {
		k, err := sink.NewRaw(brokers, "calls", topic, -1, i == 1)
		if err != nil {
			return err
		}
		parts, err := k.Ready(ctx)
		k.Close()
		switch {
		case err != nil:
			return err
		case i == 0:
			n, brokers.Partitions = len(parts), len(parts)
		case len(parts) != n:
			return fmt.Errorf("topic %q has %d partitions, and %q has %d: they must be alike", m.cfg.Topic, n, topic, len(parts))
		}
	}
	return nil
}

// Stats is what was done so far, the partitions that are owned, the checkpoints written and their bytes.
func (m *Member) Stats() (c Counts, partitions int, checkpoints, bytes uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c = m.before
	for _, w := range m.owned {
		o := w.counted()
		c.Add(&o)
	}
	return c, len(m.owned), m.states, m.bytes.Load()
}

// trouble is a stretch in which something fails. The zero value is none.
type trouble struct{ since time.Time }

// lasts is whether it fails for so long now that people should know: a new topic, or a broker that restarts, needs a moment.
func (t *trouble) lasts() bool {
	if t.since.IsZero() {
		t.since = time.Now()
	}
	return time.Since(t.since) > 3*time.Second
}

// complain says what fails: once for all partitions, and again after a while.
func (m *Member) complain(line string) {
	m.mu.Lock()
	now := time.Now()
	again := now.Sub(m.told[line]) < 10*time.Minute
	if !again && len(m.told) < 1000 {
		m.told[line] = now
	}
	m.mu.Unlock()
	if !again {
		m.say(line + "; it is tried again")
	}
}

func (m *Member) name(partition int) string { return m.cfg.Topic + "/" + strconv.Itoa(partition) }
