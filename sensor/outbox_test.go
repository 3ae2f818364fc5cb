package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// A replay to Kafka leaves in the topic and in a followed file what the case folder holds, and no outbox when all is
// delivered. One that cannot deliver says so, and keeps the alerts; the next one with that outbox delivers them.
func TestReplayDelivers(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	broker := cluster.ListenAddrs()[0]
	dir := t.TempDir()
	first, second, file := filepath.Join(dir, "first"), filepath.Join(dir, "second"), filepath.Join(dir, "alerts.jsonl")
	key := filepath.Join(dir, "key")

	// What is to be delivered has minutes for it.
	patient := []string{"AUSCULT_KAFKA_TIMEOUT=" + patience.String(), "AUSCULT_OUTBOX_DRAIN=" + patience.String()}
	status, _, stderr := auscultWith(t, t.Context(), patient, "", "replay", "--key", key, "-l", first, "--kafka", broker, "--topic", "alerts", walk)
	if status != statusFailed || !strings.Contains(stderr, `topic "alerts" does not exist; create it or give --create-topics`) ||
		!strings.Contains(stderr, "alerts were not delivered") {
		t.Fatalf("status %d: %s", status, stderr)
	}
	want := contents(t, filepath.Join(first, alertsFile))
	if want == "" {
		t.Fatal("no alert")
	}
	kept := filepath.Join(first, outboxFolder)
	if _, err := os.Stat(kept); err != nil {
		t.Fatal(err)
	}

	// The same alerts again, and a sink that is new: it gets those of both runs.
	status, _, stderr = auscultWith(t, t.Context(), append(patient, "AUSCULT_FILE_PATH="+file), "", "replay", "--key", key, "-l", second,
		"--outbox", kept, "--kafka", broker, "--topic", "alerts", "--create-topics", walk)
	if status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if got := contents(t, file); got != want+want {
		t.Errorf("the file holds\n%s\nwant twice\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(second, outboxFolder)); err == nil {
		t.Error("there is an outbox in the case folder, and --outbox said elsewhere")
	}
	third := filepath.Join(dir, "third")
	status, _, stderr = auscultWith(t, t.Context(), patient, "", "replay", "--key", key, "-l", third, "--kafka", broker, "--topic", "alerts", walk)
	if status != statusDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if _, err := os.Stat(filepath.Join(third, outboxFolder)); err == nil {
		t.Error("all is delivered, and the outbox is still in the case folder")
	}
	if got := contents(t, filepath.Join(third, alertsFile)); got != want {
		t.Error("the case folder holds something else with Kafka")
	}
	total := int64(0)
	for p := range int32(3) {
		if info := cluster.PartitionInfo("alerts", p); info != nil {
			total += info.HighWatermark
		}
	}
	if n := int64(3 * (strings.Count(want, "\n") + 1)); total != n { // with the checkpoint of each case
		t.Errorf("the topic holds %d messages, want %d", total, n)
	}
}

// A folder that cannot hold an outbox is known before a packet is read.
func TestOutboxCannotBe(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := replayed(t, "-l", filepath.Join(dir, "case"), "--outbox", blocked, "--kafka", "127.0.0.1:1", walk)
	if status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "outbox "+blocked) {
		t.Errorf("status %d: %s", status, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "case", alertsFile)); err == nil {
		t.Error("a case that never began is left behind")
	}
	status, _, stderr = replayed(t, "--kafka", "broker:1", "--outbox", filepath.Join(dir, "o"), "-c", "testdata/config/kafka-login.bad.yml", walk)
	if status != statusUsage || !strings.Contains(stderr, "kafka.sasl: needs user and password_file") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestStateFolder(t *testing.T) {
	f := func(want string, environ ...string) {
		t.Helper()
		if got, err := stateFolder(environ, outboxFolder); err != nil || got != filepath.FromSlash(want) {
			t.Errorf("%v: got %q, %v; want %q", environ, got, err, want)
		}
	}
	f("/var/lib/private/auscult/outbox", "STATE_DIRECTORY=/var/lib/private/auscult", "XDG_STATE_HOME=/x")
	f("/x/auscult/outbox", "XDG_STATE_HOME=/x")
}
