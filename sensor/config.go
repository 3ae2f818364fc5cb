package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"auscult/pipeline"
	"auscult/pipeline/cluster"
	"auscult/pipeline/custody"
	"auscult/pipeline/evidence"
	"auscult/pipeline/inventory"
	"auscult/pipeline/outbox"
	"auscult/pipeline/parquet"
	"auscult/pipeline/sink"
	"auscult/pipeline/state"
	"auscult/pipeline/vault"
	"auscult/replay"
	paper "auscult/replay/report"
	"auscult/sensor/bpf"
	"auscult/sensor/capture"
	"auscult/sensor/openapi"
	"auscult/sensor/page"
)

// envConfig names the configuration file when no flag does.
const envConfig = envPrefix + "CONFIG"

// settings is everything that can be set. A later source wins: default, file, environment, flag.
type settings struct {
	pipeline.Config `yaml:",inline"`
	Replay          replay.Config      `yaml:"replay"`
	Capture         capture.Config     `yaml:"capture"`
	Filter          bpf.Config         `yaml:"filter"`
	Listen          listening          `yaml:"listen"`
	Page            page.Config        `yaml:"page"`
	Health          healthConfig       `yaml:"health"`
	Baseline        baselineConfig     `yaml:"baseline"`
	State           state.Config       `yaml:"state"`
	Outbox          outbox.Config      `yaml:"outbox"`
	Custody         custody.Config     `yaml:"custody"`
	Kafka           sink.KafkaConfig   `yaml:"kafka"`
	Syslog          sink.SyslogConfig  `yaml:"syslog"`
	Webhook         sink.WebhookConfig `yaml:"webhook"`
	File            sink.FollowConfig  `yaml:"file"`
	Cluster         cluster.Config     `yaml:"cluster"`
	Evidence        evidence.Config    `yaml:"evidence"`
	Inventory       inventory.Config   `yaml:"inventory"`
	Parquet         parquet.Config     `yaml:"parquet"`
	Report          paper.Config       `yaml:"report"`
	Vault           vault.Config       `yaml:"vault"`
	Site            site               `yaml:"site"`
	Pseudonym       keyFile            `yaml:"pseudonym"`
	TLS             keyLog             `yaml:"tls"`
	Memory          memory             `yaml:"memory"`
	Log             logging            `yaml:"log"`

	unknownEnv []string // AUSCULT_ variables that name no setting
}

// site says where the sensor stands; alerts carry it.
type site struct {
	// Tenant is the organisation that is watched; empty when there is only one.
	Tenant string `yaml:"tenant"`
	// Sensor is the name of this sensor.
	Sensor string `yaml:"sensor"`
	// CommunityIDSeed is the seed of Community ID v1 in the call log; the same as in the site's other tools.
	CommunityIDSeed uint16 `yaml:"community_id_seed"`
}

// keyFile is where the key of the pseudonyms is kept.
type keyFile struct {
	// KeyFile holds the key that turns names into pseudonyms; it is made on first use. Empty: auscult/pseudonym.key
	// in the user's folder for configuration.
	KeyFile string `yaml:"key_file"`
	// Rotate is which keys follow it, each from a moment of packet time on, in order.
	Rotate []nextKey `yaml:"rotate"`
}

// nextKey is a key of pseudonyms that follows another.
type nextKey struct {
	// From is the moment, as 2026-04-01T00:00:00Z, from which calls and incidents that begin have pseudonyms under this key.
	From time.Time `yaml:"from"`
	// KeyFile holds it; it is made on first use.
	KeyFile string `yaml:"key_file"`
}

// Validate names the first field that cannot be worked with.
func (k keyFile) Validate() error {
	for i, n := range k.Rotate {
		switch {
		case n.From.IsZero():
			return fmt.Errorf("rotate: entry %d has no moment (from: 2026-04-01T00:00:00Z)", i+1)
		case i > 0 && !n.From.After(k.Rotate[i-1].From):
			return fmt.Errorf("rotate: entry %d is not after the one before it", i+1)
		case n.KeyFile == "" || n.KeyFile == k.KeyFile || slices.ContainsFunc(k.Rotate[:i], func(o nextKey) bool { return o.KeyFile == n.KeyFile }):
			return fmt.Errorf("rotate: entry %d has no key_file of its own", i+1)
		}
	}
	return nil
}

// keyLog is where the secrets of TLS connections come from, beside those inside captures.
type keyLog struct {
	// KeyLog is a key log file as SSLKEYLOGFILE makes it; empty for none.
	KeyLog string `yaml:"key_log"`
	// MaxSecrets is how many of its secrets are kept, about 200 bytes each; the oldest are dropped.
	MaxSecrets int `yaml:"max_secrets"`
}

// memory tunes the garbage collector. GOGC or GOMEMLIMIT in the environment win over it.
type memory struct {
	// GCPercent is how much the heap may grow, in percent of what is in use, before it is collected.
	GCPercent int `yaml:"gc_percent"`
	// SoftLimit is the memory, in bytes, near which it is collected more often.
	SoftLimit int64 `yaml:"soft_limit"`
}

// logging is what is logged to stderr.
type logging struct {
	// Level is the least grave that is logged: debug, info, warn, error, disabled.
	Level string `yaml:"level"`
}

func defaults() settings {
	return settings{
		Config:    pipeline.Defaults(),
		Replay:    replay.Defaults(),
		Capture:   capture.Defaults(),
		Filter:    bpf.Defaults(),
		Listen:    listening{Requests: 4},
		Page:      page.Defaults(),
		Health:    healthDefaults(),
		Baseline:  baselineConfig{Every: 10 * time.Minute},
		State:     state.Defaults(),
		Outbox:    outbox.Defaults(),
		Custody:   custody.Defaults(),
		Kafka:     sink.KafkaDefaults(),
		Syslog:    sink.SyslogDefaults(),
		Webhook:   sink.WebhookDefaults(),
		Cluster:   cluster.Defaults(),
		Inventory: inventory.Defaults(),
		Parquet:   parquet.Defaults(),
		Evidence:  evidence.Defaults(),
		Report:    paper.Defaults(),
		Vault:     vault.Defaults(),
		Site:      site{Sensor: "auscult"},
		TLS:       keyLog{MaxSecrets: 1 << 20},
		Memory:    memory{GCPercent: 100, SoftLimit: 2 << 30},
		Log:       logging{Level: "warn"},
	}
}

// Validate names the first setting that cannot be worked with.
func (s *settings) Validate() error {
	if err := s.Config.Validate(); err != nil {
		return err
	}
	if err := s.Replay.Validate(); err != nil {
		return fmt.Errorf("replay.%w", err)
	}
	if err := s.Capture.Validate(); err != nil {
		return fmt.Errorf("capture.%w", err)
	}
	if err := s.Filter.Validate(); err != nil {
		return fmt.Errorf("filter.%w", err)
	}
	if err := s.Listen.Validate(); err != nil {
		return fmt.Errorf("listen.%w", err)
	}
	if err := s.Page.Validate(); err != nil {
		return fmt.Errorf("page.%w", err)
	}
	if err := s.Health.Validate(); err != nil {
		return fmt.Errorf("health.%w", err)
	}
	if every := s.Baseline.Every; every != 0 && every < time.Second {
		return fmt.Errorf("baseline.every: %v is neither 0 nor 1s or more", every)
	}
	if err := s.State.Validate(); err != nil {
		return fmt.Errorf("state.%w", err)
	}
	if err := s.Custody.Validate(); err != nil {
		return fmt.Errorf("custody.%w", err)
	}
	if err := s.validateSinks(); err != nil {
		return err
	}
	if err := s.Cluster.Validate(); err != nil {
		return fmt.Errorf("cluster.%w", err)
	}
	if err := s.Evidence.Validate(); err != nil {
		return fmt.Errorf("evidence.%w", err)
	}
	if err := s.Inventory.Validate(); err != nil {
		return fmt.Errorf("inventory.%w", err)
	}
	if err := s.Report.Validate(); err != nil {
		return fmt.Errorf("report.%w", err)
	}
	if err := s.Vault.Validate(); err != nil {
		return fmt.Errorf("vault.%w", err)
	}
	if err := s.Pseudonym.Validate(); err != nil {
		return fmt.Errorf("pseudonym.%w", err)
	}
	if err := s.Parquet.Validate(); err != nil {
		return fmt.Errorf("parquet.%w", err)
	}
	if s.TLS.MaxSecrets < 1 {
		return fmt.Errorf("tls.max_secrets: %d is not positive", s.TLS.MaxSecrets)
	}
	if s.Memory.GCPercent < 10 {
		return fmt.Errorf("memory.gc_percent: %d is below 10", s.Memory.GCPercent)
	}
	if s.Memory.SoftLimit < 64<<20 {
		return fmt.Errorf("memory.soft_limit: %d is below 64 MiB", s.Memory.SoftLimit)
	}
	if _, err := levelOf(s.Log.Level); err != nil {
		return fmt.Errorf("log.level: %w", err)
	}
	return nil
}

// describe reads the descriptions of APIs that the settings name.
func (s *settings) describe() (err error) {
	if len(s.Detectors.OpenAPI) == 0 {
		return nil
	}
	if s.Detectors.API, err = openapi.Load(s.Detectors.OpenAPI...); err == nil {
		s.Call.Described = s.Detectors.API
	}
	return err
}

// load is the defaults, then the file, then the environment. It also says where the settings come from.
func load(file string, environ []string) (s settings, from []string, unknown []string, err error) {
	s, from = defaults(), []string{"defaults"}
	if file == "" {
		file = lookup(environ, envConfig)
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return s, nil, nil, fmt.Errorf("configuration: %w", err)
		}
		if err := decode(&s, file, data); err != nil {
			return s, nil, nil, err
		}
		from = append(from, file)
	}
	used, unknown, err := override(&s, environ)
	return s, append(from, used...), unknown, err
}

func lookup(environ []string, name string) string {
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// apply tunes the collector, unless the environment did.
func (m memory) apply(environ []string) {
	if lookup(environ, "GOGC") == "" {
		debug.SetGCPercent(m.GCPercent)
	}
	if lookup(environ, "GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(m.SoftLimit)
	}
}

func configCommand(std stdio) *cobra.Command {
	var file, check, calls string
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration, with what each key means",
		Long: `Print the configuration that a run would use, as a YAML file that may be edited and given
back with -c. A key that is left out keeps its default.

The environment overrides the file: AUSCULT_ and the key in capitals, joined by _.
AUSCULT_KAFKA_TOPIC=x sets kafka.topic. Flags override both.

With --check nothing is printed but what is wrong with a file: keys, values, the descriptions
of APIs that it names, and the conditions of its rules, with line and column. --calls also
asks the rules about every call of a call log, as replay --calls jsonl writes it, and prints
how many each of them fits.`,
		Example: `  auscult config > auscult.yml
  auscult config --check auscult.yml --calls case/calls.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if calls != "" && check == "" {
				return usagef("--calls asks the rules of a file: add --check FILE")
			}
			if check != "" {
				return checkConfig(std, c.OutOrStdout(), check, calls)
			}
			s, from, _, err := load(file, std.environ)
			if err == nil {
				err = s.check(file, std.environ)
			}
			if err != nil {
				return &exit{statusUsage, err}
			}
			text, err := yaml.MarshalWithOptions(s, yaml.WithComment(comments()))
			if err != nil {
				return &exit{statusFailed, fmt.Errorf("print the configuration: %w", err)}
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "# auscult %s, from %s.\n%s", version(), strings.Join(from, ", "), text)
			if err != nil {
				return &exit{statusFailed, err}
			}
			return nil
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "read settings from `FILE` (YAML; default $"+envConfig+")")
	c.Flags().StringVar(&check, "check", "", "say what is wrong with the settings in `FILE`, and print nothing else")
	c.Flags().StringVar(&calls, "calls", "", "also ask its rules about the calls in `FILE` (calls.jsonl of a case folder)")
	c.MarkFlagsMutuallyExclusive("config", "check")
	return c
}
