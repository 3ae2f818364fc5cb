package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"auscult/pipeline/custody"
)

// checkpoints is the lines of checkpoints of a topic, and how many alerts it has.
func checkpoints(t *testing.T, cluster *kfake.Cluster, topic string) (lines string, alerts int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for p := range int32(3) {
		info := cluster.PartitionInfo(topic, p)
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: cluster.ListenAddrs(), Topic: topic, Partition: int(p), MaxWait: 100 * time.Millisecond})
		for range info.HighWatermark {
			m, err := r.ReadMessage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			headers := map[string]string{}
			for _, h := range m.Headers {
				headers[h.Key] = string(h.Value)
			}
			switch typ := headers["ce_type"]; {
			case typ == "auscult.custody.checkpoint.v1":
				if _, schema := headers["ce_dataschema"]; schema || !strings.HasPrefix(headers["ce_subject"], custody.OriginPrefix) || len(m.Value) > 2048 {
					t.Errorf("%d bytes with %v", len(m.Value), headers)
				}
				lines += string(m.Value) + "\n"
			case strings.HasPrefix(typ, "auscult.finding."):
				alerts++
			default:
				t.Errorf("a message of type %q", typ)
			}
		}
		r.Close()
	}
	return lines, alerts
}

// forge writes the case of m anew without its first alert, and signs it with its own key and name.
func forge(t *testing.T, keyFile, from string) string {
	t.Helper()
	m := manifestOf(t, from)
	key, err := custody.LoadOrCreateKey(keyFile, "")
	if err != nil {
		t.Fatal(err)
	}
	if key.Verifier() != m.Key {
		t.Fatalf("forged with %s, the case has %s", key.Verifier(), m.Key)
	}
	dir := t.TempDir()
	r, err := custody.Begin(dir, custody.Options{Key: key, Case: m.Case, Leaves: alertsFile, Version: m.Build.Version, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{alertsFile, statsFile} {
		text := contents(t, filepath.Join(from, name))
		if name == alertsFile {
			_, text, _ = strings.Cut(text, "\n")
			m.Counts.Alerts--
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(r.Witness(name), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Seal(m); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCheckpointsGoOut: checkpoints are in Kafka with the alerts. Who has the signing key, and the folder, can write one
// that is whole for all that it shows; held against what has left the machine it is not.
func TestCheckpointsGoOut(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "alerts"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	home := t.TempDir()
	dir, noted := filepath.Join(home, "case"), filepath.Join(home, "noted.jsonl")
	environ := []string{"AUSCULT_CUSTODY_EVERY_ALERTS=4", "AUSCULT_KAFKA_TIMEOUT=" + patience.String(), "AUSCULT_OUTBOX_DRAIN=" + patience.String(),
		"AUSCULT_FILE_PATH=" + filepath.Join(home, "followed.jsonl"), "AUSCULT_KAFKA_STATE_TOPIC=states"}
	status, _, stderr := auscultWith(t, t.Context(), environ, "", "replay", "-q", "--key", filepath.Join(home, "key"), "-l", dir,
		"--kafka", cluster.ListenAddrs()[0], "--topic", "alerts", "--create-topics", walk)
	if status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	all := contents(t, filepath.Join(dir, alertsFile))
	sent, alerts := checkpoints(t, cluster, "alerts")
	if alerts != lines(all) || sent == "" || sent != contents(t, filepath.Join(dir, custody.CheckpointsFile)) {
		t.Errorf("%d alerts of %d, and the checkpoints\n%s", alerts, lines(all), sent)
	}
	if contents(t, filepath.Join(home, "followed.jsonl")) != all {
		t.Error("the followed file holds other things than the alerts")
	}
	if states, _ := checkpoints(t, cluster, "states"); states != "" {
		t.Errorf("the states hold %s", states)
	}
	if err := os.WriteFile(noted, []byte(sent), 0o600); err != nil {
		t.Fatal(err)
	}
	key := manifestOf(t, dir).Key
	forged := forge(t, filepath.Join(home, custody.KeyName), dir)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{dir, "--key", key, "--checkpoint", noted}, statusDone, "whole: "},
		{[]string{forged, "--key", key}, statusDone, "whole: "},
		{[]string{forged, "--key", key, "--checkpoint", noted}, statusFailed, "checkpoint: the given checkpoint "},
	} {
		status, stdout, stderr := auscult(t, append([]string{"verify"}, c.args...)...)
		if status != c.status || !strings.HasPrefix(stdout, c.want) {
			t.Errorf("%q: status %d, %s%s; want %q", c.args, status, stdout, stderr, c.want)
		}
	}
}
