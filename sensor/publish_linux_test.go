package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"auscult/pipeline/sink/kafkatest"
)

// TestLivePublishes: what a live sensor hears is judged by auscult detect while it goes on listening, also when the line
// falls silent: time passes on it too. The sensor alerts on nothing itself.
func TestLivePublishes(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	broker := kafkatest.Start(t)
	common := []string{"AUSCULT_KAFKA_BROKERS=" + broker.Addr, "AUSCULT_KAFKA_CREATE_TOPICS=true", "AUSCULT_KAFKA_TOPIC=alerts",
		"AUSCULT_PSEUDONYM_KEY_FILE=" + at("key"), "AUSCULT_CLUSTER_PARTITIONS=2", "AUSCULT_CLUSTER_SESSION=6s"}
	begin := func(name string, args ...string) (*exec.Cmd, *said) {
		cmd := exec.Command(at("auscult"), args...)
		cmd.Env = append(append(cmd.Environ(), common...), "STATE_DIRECTORY="+at(name), "AUSCULT_LOG_LEVEL=info")
		var stderr, stdout said
		cmd.Stderr, cmd.Stdout = &stderr, &stdout
		start(t, cmd, &stderr)
		if name == "detect" {
			return cmd, &stdout
		}
		return cmd, &stderr
	}
	live, heard := begin("live", "live", "-i", "rx0", "--publish-calls", "--user", "", "-l", at("case"), "--listen", served)
	until(t, "it listens", func() bool { return strings.Contains(heard.String(), "listening") })
	detect, alerts := begin("detect", "detect")
	transmit(t, walk, "tx0")
	until(t, "somebody alerts", func() bool { return strings.Contains(alerts.String(), `"sequential_enumeration"`) })
	if n := scraped(t, "auscult_published_calls_total"); n < 400 {
		t.Errorf("/metrics counts %d calls published", n)
	}
	until(t, "the brokers have all", func() bool { return scraped(t, "auscult_sending_lag_batches") == 0 })
	for _, cmd := range []*exec.Cmd{live, detect} {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 143 {
			t.Errorf("ended with %d", got)
		}
	}
	if got := contents(t, at("case/alerts.jsonl")); strings.Contains(got, "sequential_enumeration") {
		t.Errorf("the sensor alerts itself: %s", got)
	}
	if !strings.Contains(heard.String(), "to be judged by auscult detect") {
		t.Errorf("the sensor said\n%s", heard)
	}
}
