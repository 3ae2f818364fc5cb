package main

import (
	"fmt"
	"os"
	"time"

	"auscult/pipeline/cluster"
	"auscult/pipeline/sink"
	"auscult/sensor/pseudonym"
)

// spoolFolder is the name of the folder where calls wait for the brokers, in a case folder and under the state directory.
const spoolFolder = "calls-spool"

// defaultSite is the name of the one site where site.tenant names none.
const defaultSite = "default"

// siteName is how calls tell whose they are.
func (s *settings) siteName() string {
	if s.Site.Tenant == "" {
		return defaultSite
	}
	return s.Site.Tenant
}

// openPublisher opens what calls are sent to where they are judged with.
func (o *outputs) openPublisher(environ []string, screen *screen, s *settings, keys *pseudonym.Keyer) error {
	target, err := sink.NewRaw(s.clusterBrokers(), "calls", s.Cluster.Topic, s.Cluster.Partition, false)
	if err != nil {
		return &exit{statusUsage, err}
	}
	cfg, discard := s.Outbox, false
	cfg.MaxBytes, cfg.Dir = s.Cluster.SpoolBytes, s.Cluster.SpoolDir
	switch {
	case cfg.Dir != "":
	case o.dir != "":
		cfg.Dir, discard = o.dir.path(spoolFolder), !cfg.Live
	case cfg.Live:
		if cfg.Dir, err = stateFolder(environ, spoolFolder); err != nil {
			return &exit{statusUsage, err}
		}
	default:
		if cfg.Dir, err = os.MkdirTemp("", "auscult-calls-"); err != nil {
			return &exit{statusFailed, fmt.Errorf("calls: %w; say with cluster.spool_dir where they are to wait", err)}
		}
		discard = true
	}
	say := func(line string) { fmt.Fprintln(screen, "auscult:", line) }
	if o.spool, err = sink.OpenSpool(cfg, "batches of calls", discard, say, target); err != nil {
		return &exit{statusFailed, fmt.Errorf("calls: %w", err)}
	}
	o.spoolDir = cfg.Dir
	origin := cluster.Origin{Site: s.siteName(), Sensor: s.Site.Sensor, Run: uint64(time.Now().UnixNano()), Replay: !cfg.Live}
	if o.published, err = cluster.NewPublisher(s.Cluster, origin, keys, o.spool); err != nil {
		o.spool.Close()
		return &exit{statusUsage, err}
	}
	o.Publish = o.published
	return nil
}

// clusterBrokers is how the topics of calls are reached, and made where they are missing.
func (s *settings) clusterBrokers() sink.KafkaConfig {
	k := s.Kafka
	k.Partitions = s.Cluster.Partitions
	return k
}

// publication is what was published of a run.
type publication struct {
	Calls   uint64 `json:"calls"`
	Batches uint64 `json:"batches"`
	Raw     uint64 `json:"bytes_raw"`
	Bytes   uint64 `json:"bytes"` // compressed and sealed, as they travel
}

// publication is nil where calls are judged here.
func (o *outputs) publication() *publication {
	if o.published == nil {
		return nil
	}
	c := &o.published.Count
	return &publication{c.Calls.Load(), c.Batches.Load(), c.Raw.Load(), c.Sealed.Load()}
}
