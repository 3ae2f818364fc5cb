package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"auscult/pipeline"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/sensor/pseudonym"
)

// outboxFolder is the name of the outbox in a case folder and under the state directory.
const outboxFolder = "outbox"

// openOutbox opens the sinks that alerts are delivered to out of an outbox, and the outbox. Without such a sink there is
// none: alerts go straight to the case folder or to standard output.
func (o *outputs) openOutbox(environ []string, screen *screen, s *settings, names *pseudonym.Names, meta ocsf.Meta) error {
	targets, err := s.targets(meta)
	if err != nil {
		return &exit{statusUsage, err}
	}
	if len(targets) == 0 {
		return nil
	}
	discard := false // what a replay could not deliver, another replay finds again
	switch {
	case s.Outbox.Dir != "":
	case o.dir != "":
		s.Outbox.Dir, discard = o.dir.path(outboxFolder), !s.Outbox.Live
	case s.Outbox.Live:
		if s.Outbox.Dir, err = stateFolder(environ, outboxFolder); err != nil {
			return &exit{statusUsage, err}
		}
	default:
		if s.Outbox.Dir, err = os.MkdirTemp("", "auscult-outbox-"); err != nil {
			return &exit{statusFailed, fmt.Errorf("outbox: %w; say with --outbox DIR where it is to be", err)}
		}
		discard = true
	}
	say := func(line string) { fmt.Fprintln(screen, "auscult:", line) }
	if o.outbox, err = sink.OpenOutbox(s.Outbox, names, meta, discard, say, targets...); err != nil {
		return &exit{statusFailed, err}
	}
	if o.custody != nil {
		o.custody.deliver(o.outbox, say)
	}
	// It is the first: alerts are durable there before anything else becomes of them.
	o.Alerts = slices.Insert(o.Alerts, 0, pipeline.Sink(o.outbox))
	return nil
}

// targets is where the settings say that alerts are delivered.
func (s *settings) targets(meta ocsf.Meta) (out []sink.Target, err error) {
	if len(s.Kafka.Brokers) > 0 {
		if out, err = sink.NewKafka(s.Kafka, meta); err != nil {
			return nil, err
		}
	}
	if s.Syslog.Address != "" {
		t, err := sink.NewSyslog(s.Syslog, s.Site.Sensor)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if s.Webhook.URL != "" {
		t, err := sink.NewWebhook(s.Webhook, meta.Tenant, meta.Sensor)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if s.File.Path != "" {
		out = append(out, sink.NewFollow(s.File))
	}
	return out, nil
}

// validateSinks checks the settings of those sinks that are turned on.
func (s *settings) validateSinks() error {
	if err := s.Outbox.Validate(); err != nil {
		return fmt.Errorf("outbox.%w", err)
	}
	for _, c := range []struct {
		on    bool
		name  string
		check func() error
	}{
		{len(s.Kafka.Brokers) > 0, "kafka", s.Kafka.Validate},
		{s.Syslog.Address != "", "syslog", s.Syslog.Validate},
		{s.Webhook.URL != "", "webhook", s.Webhook.Validate},
	} {
		if !c.on {
			continue
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("%s.%w", c.name, err)
		}
	}
	return nil
}

// stateFolder is where a live sensor keeps what has that name: as systemd says, or as the XDG base directories do.
func stateFolder(environ []string, name string) (string, error) {
	if dir := lookup(environ, "STATE_DIRECTORY"); dir != "" {
		return filepath.Join(filepath.SplitList(dir)[0], name), nil
	}
	if dir := lookup(environ, "XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "auscult", name), nil
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/auscult", name), nil
	}
	home := lookup(environ, "HOME")
	if !filepath.IsAbs(home) {
		return "", fmt.Errorf("%s: no folder for it is known; say with --%s DIR where it is to be", name, name)
	}
	return filepath.Join(home, ".local", "state", "auscult", name), nil
}
