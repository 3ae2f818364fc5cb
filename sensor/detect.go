package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/cluster"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
	"auscult/sensor/pseudonym"
)

func detectCommand(std stdio) *cobra.Command {
	var f runFlags
	var untilEnd bool
	c := &cobra.Command{
		Use:   "detect --kafka HOST:PORT…",
		Short: "Judge the calls that sensors publish, as one of a group",
		Long: `Judge the calls that sensors send to Kafka with --publish-calls, and alert on them as one
sensor would that had seen them all: the same alerts, byte for byte.

Start as many as there is work for, on as many machines: they share the partitions of the
topic, and so the sites, and take over from one that dies. What is remembered of a site is in
checkpoints beside the calls. After a take-over some alerts come again, with the same uid and
sequence.

It needs the pseudonym key of each site: --key, or a folder with SITE.key (cluster.keys). Alerts
go where those of a sensor go: out of the outbox to Kafka, and to syslog, a webhook or a file if
they are set, and to standard output.

Exit status: 0 with --until-end, when all sites were at their end; 1 it failed while running,
2 usage or configuration, 130 or 143 stopped by a signal, after a checkpoint.`,
		Example: `  auscult detect --kafka broker:9092 --key site.key
  auscult detect -c group.yml --until-end > alerts.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.load(c.Flags(), std.environ)
			if err == nil && len(s.Kafka.Brokers) == 0 {
				err = fmt.Errorf("detect reads calls from Kafka: add --kafka HOST:PORT")
			}
			if err == nil {
				err = f.check(&s, c.Flags(), std.environ)
			}
			if err != nil {
				return &exit{statusUsage, err}
			}
			return runDetect(c.Context(), std, &s, &f, untilEnd)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	f.calls = "none"
	flags.BoolVar(&untilEnd, "until-end", false, "end when the captures of all sites are at their end (for replays)")
	f.registerOutputs(flags)
	flags.MarkHidden("publish-calls")
	flags.StringArrayVar(&f.openapi, "openapi", nil, openapiUsage)
	f.registerRun(flags)
	return c
}

// runDetect is one member until ctx, or with untilEnd the sites, end.
func runDetect(ctx context.Context, std stdio, s *settings, f *runFlags, untilEnd bool) (err error) {
	n, err := begin(std, s, f)
	if err != nil {
		return err
	}
	defer n.close(&err)
	say := func(line string) { fmt.Fprintln(n.screen, "auscult:", line) }
	b := &bench{cfg: s.Config, keys: s.Cluster.Keys, all: s.Pseudonym.KeyFile, reveal: f.reveal,
		meta: ocsf.Meta{Version: version(), Sensor: s.Site.Sensor}}
	s.Outbox.Live = false
	targets, err := s.targets(ocsf.Meta{Version: version(), Sensor: s.Site.Sensor})
	if err == nil && len(s.Pseudonym.Rotate) > 0 {
		err = errors.New("pseudonym.rotate: detect judges under one key a site")
	}
	if err != nil {
		return &exit{statusUsage, err}
	}
	if s.Outbox.Dir == "" {
		if s.Outbox.Dir, err = stateFolder(std.environ, outboxFolder); err != nil {
			return &exit{statusUsage, err}
		}
	}
	if b.outbox, err = sink.OpenSpool(s.Outbox, "alerts", false, say, targets...); err != nil {
		return &exit{statusFailed, err}
	}
	b.lines = func(names *pseudonym.Names, meta ocsf.Meta) pipeline.Sink {
		return standardOutput(std, n.screen, f.format, names, meta)
	}
	host, _ := os.Hostname()
	id := host + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	m := cluster.NewMember(s.Cluster, s.Kafka, id, b, say)
	m.UntilEnd = untilEnd
	over, stop := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	if !f.quiet {
		beside.Go(func() { tellMember(over, m, say) })
	}
	err = m.Run(ctx)
	stop()
	beside.Wait()
	if cerr := b.outbox.Close(); err == nil {
		err = cerr
	}
	if !f.quiet {
		say(memberLine(m))
	}
	if err != nil && ctx.Err() == nil {
		return &exit{statusFailed, err}
	}
	return nil
}

// tellMember says every ten seconds how it goes.
func tellMember(ctx context.Context, m *cluster.Member, say func(string)) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			say(memberLine(m))
		}
	}
}

func memberLine(m *cluster.Member) string {
	c, partitions, checkpoints, bytes := m.Stats()
	return fmt.Sprintf("%d partitions, %d calls, %d alerts, %d late calls, %d missing, %d repeated, %d broken and %d refused batches, %d checkpoints (%d bytes)",
		partitions, c.Calls, c.Alerts, c.Late, c.Missed, c.Repeated, c.Broken, c.Refused, checkpoints, bytes)
}

// bench is a cluster.Bench.
type bench struct {
	cfg       pipeline.Config
	keys, all string // files of keys
	reveal    bool
	meta      ocsf.Meta
	outbox    *sink.Outbox
	mu        sync.Mutex // held while something is written to lines
	lines     func(*pseudonym.Names, ocsf.Meta) pipeline.Sink
}

// Keys is the key of a site.
func (b *bench) Keys(name string) (*pseudonym.Keyer, error) {
	if b.keys != "" {
		return pseudonym.Load(filepath.Join(b.keys, name+".key"))
	}
	return openKey(b.all)
}

// Open is what judges a site, and where it tells.
func (b *bench) Open(name string, keys *pseudonym.Keyer) (judge func() *pipeline.Site, write func([]alert.Alert) error) {
	cfg, names, meta := b.cfg, &pseudonym.Names{Reveal: b.reveal, Keys: keys.Clone()}, b.meta
	cfg.Alert.Keys = keys
	if name != defaultSite {
		meta.Tenant = name
	}
	var buf []byte
	var records []outbox.Record
	lines := b.lines(names.Clone(), meta)
	return func() *pipeline.Site { return pipeline.NewSite(cfg) }, func(batch []alert.Alert) error {
		// Durable before anything else becomes of them.
		buf, records = sink.Encode(buf[:0], records[:0], batch, names, meta)
		if err := b.outbox.Append(records); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		return lines.Write(context.Background(), batch)
	}
}

// Place is how far alerts were delivered.
func (b *bench) Place() (next, passed uint64) {
	return b.outbox.Place()
}
