package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// runFlags is what the command line of replay and of live says alike.
type runFlags struct {
	config, dir, calls, format, key, level        string
	filterFile, keyLog, baseline, allow           string
	brokers, openapi                              []string
	topic, outbox, signingKey, vault              string
	vaultRecipients                               []string
	workers                                       int
	force, createTopics, reveal, checksums, quiet bool
	publish                                       bool
	noProgress                                    bool
	cpuProfile, memProfile                        string
}

const openapiUsage = "judge by the description of the API in `FILE`: OpenAPI 3, Swagger 2 or a FHIR\nCapabilityStatement, JSON or YAML; may be repeated (setting detectors.openapi)"

// registerOutputs adds the flags about what is written, and how.
func (f *runFlags) registerOutputs(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "format", "", "write alerts as `ocsf|ecs|cef` (default ocsf); in a case folder, beside alerts.jsonl")
	flags.BoolVar(&f.reveal, "reveal", false, "write names and identifiers in the clear, not as pseudonyms")
	flags.StringVar(&f.key, "key", "", "key `FILE` of the pseudonyms, made if missing (setting pseudonym.key_file)")
	flags.StringSliceVar(&f.brokers, "kafka", nil, "also send alerts to Kafka at `HOST:PORT,…` (setting kafka.brokers)")
	flags.StringVar(&f.topic, "topic", "", "Kafka `TOPIC` for alerts (setting kafka.topic)")
	flags.BoolVar(&f.createTopics, "create-topics", false, "make the Kafka topic if it is missing (setting kafka.create_topics)")
	flags.BoolVar(&f.publish, "publish-calls", false, "send every call to Kafka, sealed, for auscult detect to judge; here\nnone is judged (settings cluster)")
	flags.StringVar(&f.outbox, "outbox", "", "keep alerts in `DIR` until Kafka, syslog, webhook and file have them (setting outbox.dir;\ndefault outbox in the case folder, else with live under the state directory)")
}

// registerFolder adds the flags of the case folder.
func (f *runFlags) registerFolder(flags *pflag.FlagSet) {
	flags.StringVarP(&f.dir, "log-dir", "l", "", "write a case folder `DIR` instead of alerts on standard output")
	flags.BoolVar(&f.force, "force", false, "write over a case that is already in the case folder")
	flags.StringVar(&f.signingKey, "signing-key", "", "sign what the case folder holds with the key in `FILE`, made if missing\n(setting custody.signing_key; see auscult verify)")
	flags.StringVar(&f.vault, "vault", "", "keep in `FILE`, or in one of the folder FILE, whom the pseudonyms in alerts stand for, sealed to\n--vault-recipient (setting vault.path; see auscult reveal)")
	flags.StringArrayVar(&f.vaultRecipients, "vault-recipient", nil, "the privacy officer's `AGE` recipient (age1…, or a file of such lines), who alone can read\nthe vault; may be repeated (setting vault.recipients)")
	flags.StringVar(&f.calls, "calls", "none", "also write every call into the case folder: `jsonl|parquet|none`")
}

// registerRun adds the flags about how packets are read, and what is said meanwhile.
func (f *runFlags) registerRun(flags *pflag.FlagSet) {
	flags.StringVar(&f.allow, "allow", "", "do not alert on what `FILE` says is known and accepted (setting alert.allow_file)")
	flags.BoolVar(&f.checksums, "checksums", false, "drop segments with wrong checksums (setting extract.packet.checksums)")
	flags.IntVar(&f.workers, "workers", 0, "read with `N` workers; changes speed, never results (default one a CPU)")
	flags.StringVarP(&f.config, "config", "c", "", "read settings from `FILE` (YAML; default $"+envConfig+"; see auscult config)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary")
	flags.BoolVar(&f.noProgress, "no-progress", false, "no progress")
	flags.StringVar(&f.level, "log-level", "", "log to standard error from `LEVEL`: debug, info, warn, error, disabled (default warn)")
	flags.StringVar(&f.cpuProfile, "cpuprofile", "", "write a CPU profile to `FILE`")
	flags.StringVar(&f.memProfile, "memprofile", "", "write a memory profile to `FILE`")
	flags.MarkHidden("cpuprofile")
	flags.MarkHidden("memprofile")
}

// load is what the file and the environment say, and over it what the flags say. It is not checked yet.
func (f *runFlags) load(flags *pflag.FlagSet, environ []string) (settings, error) {
	s, _, unknown, err := load(f.config, environ)
	if err != nil {
		return s, err
	}
	s.unknownEnv = unknown
	given := flags.Changed
	if given("workers") {
		s.Workers = f.workers
	}
	if given("checksums") {
		s.Extract.Packet.Checksums = f.checksums
	}
	if given("keylog") {
		s.TLS.KeyLog = f.keyLog
	}
	if given("openapi") {
		s.Detectors.OpenAPI = f.openapi
	}
	if given("allow") {
		s.Alert.AllowFile = f.allow
	}
	if given("key") {
		s.Pseudonym.KeyFile = f.key
	}
	if given("kafka") {
		s.Kafka.Brokers = f.brokers
	}
	if given("topic") {
		s.Kafka.Topic = f.topic
	}
	if given("create-topics") {
		s.Kafka.CreateTopics = f.createTopics
	}
	if given("outbox") {
		s.Outbox.Dir = f.outbox
	}
	if given("signing-key") {
		s.Custody.SigningKey = f.signingKey
	}
	if given("vault") {
		s.Vault.Path = f.vault
	}
	if given("vault-recipient") {
		s.Vault.Recipients = f.vaultRecipients
	}
	if given("log-level") {
		s.Log.Level = f.level
	}
	return s, nil
}

// check refuses flags that do not go together, and settings that cannot be worked with; it reads what they name.
func (f *runFlags) check(s *settings, flags *pflag.FlagSet, environ []string) error {
	switch {
	case f.calls != "none" && f.calls != "jsonl" && f.calls != "parquet":
		return fmt.Errorf("--calls: %q is none of jsonl, parquet, none", f.calls)
	case f.calls != "none" && f.dir == "":
		return fmt.Errorf("--calls %s needs a case folder for the call log: add -l DIR", f.calls)
	case flags.Changed("topic") && len(s.Kafka.Brokers) == 0:
		return errors.New("--topic is about Kafka: add --kafka HOST:PORT")
	case f.publish && len(s.Kafka.Brokers) == 0:
		return errors.New("--publish-calls sends calls to Kafka: add --kafka HOST:PORT")
	case f.publish && f.baseline != "":
		return errors.New("--baseline is about judging calls, which --publish-calls leaves to auscult detect: keep one")
	case !formatKnown(f.format):
		return fmt.Errorf("--format: %q is none of ocsf, ecs, cef", f.format)
	case f.vault == "" && flags.Changed("vault-recipient") && s.Vault.Path == "":
		return errors.New("--vault-recipient is about a vault: add --vault FILE")
	case f.vault != "" && f.dir == "":
		return errors.New("--vault needs a case folder, whose audit log has every reveal: add -l DIR")
	case s.Vault.Path != "" && f.dir != "" && f.reveal:
		return errors.New("--reveal writes no pseudonyms that --vault could keep: leave one out")
	case f.publish && len(s.Pseudonym.Rotate) > 0:
		return errors.New("pseudonym.rotate: calls that are published are judged elsewhere, under one key")
	case f.force && f.dir == "":
		return errors.New("--force is about a case folder: add -l DIR")
	}
	if err := s.check(f.config, environ); err != nil {
		return err
	}
	if err := s.accept(); err != nil {
		return err
	}
	return s.describe()
}
